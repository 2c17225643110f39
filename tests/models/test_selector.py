from __future__ import annotations

import re

import numpy as np
import pytest

from mujaz.models.encoding import Encoding
from mujaz.models.rephrasing import without_and
from mujaz.models.selector import _told, tidy
from mujaz.models.word_reading import ReadArticle


@pytest.mark.parametrize(
    ("stretch", "alone"),
    [
        ("  فاز\n الفريق، ", "فاز الفريق"),
        ("– فاز الفريق:", "فاز الفريق"),
        ("-5 درجات في الشمال", "-5 درجات في الشمال"),
        ("قال «فاز الفريق", "قال فاز الفريق"),
        ("فاز الفريق» أمس", "فاز الفريق أمس"),
        ("قال «فاز الفريق» أمس", "قال «فاز الفريق» أمس"),
        ("(فاز [الفريق) أمس", "(فاز الفريق) أمس"),
        ('فيلم "السوق" في العرض', 'فيلم "السوق" في العرض'),
        ('صعب" وقال الوزير "لا بد', "صعب وقال الوزير لا بد"),
        ('قال "فاز الفريق', "قال فاز الفريق"),
        ("كشف لـ”عين السوق” عن خبر", "كشف لـ”عين السوق” عن خبر"),
        ("قال “فاز الفريق”", "قال “فاز الفريق”"),
        ('قال إن"القوات غادرت', "قال إن القوات غادرت"),
        ('كشف ل"المساء عن خبر', "كشف لالمساء عن خبر"),
        ('كشف لـ"المساء عن خبر', "كشف لـالمساء عن خبر"),
        ("…", ""),
    ],
)
def test_a_stretch_alone(stretch: str, alone: str) -> None:
    assert tidy(stretch) == alone
    assert tidy(alone) == alone


@pytest.mark.parametrize(
    ("text", "left_out", "told"),
    [
        ("زار الوفد معمل (النور)، وفي المساء غادر", (3, 4), "زار الوفد معمل، وفي المساء غادر"),
        ("زار الوفد معملا (قديما جدا)، وغادر", (3, 5), "زار الوفد معملا، وغادر"),
        ("زار الوفد، الذي وصل أمس، المدينة", (2, 5), "زار الوفد المدينة"),
        ("زار الوفد (الكبير) المدينة", (2, 3), "زار الوفد المدينة"),
    ],
)
def test_a_comma_behind_brackets_stays_where_they_are_left_out(text: str, left_out: tuple[int, int], told: str) -> None:
    spans = [match.span() for match in re.finditer(r"\S+", text)]
    zeros = np.zeros(len(spans), dtype=np.int64)
    article = ReadArticle(text, spans, zeros, zeros, Encoding([], [], truncated=False), 0, 0)
    kept = np.array([place for place in range(len(spans)) if not left_out[0] <= place < left_out[1]])
    assert _told(article, kept) == told


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("وأعرب المدرب عن أسفه", "أعرب المدرب عن أسفه"),
        ("وستناقش اللجنة الملف", "ستناقش اللجنة الملف"),
        ("والقصة طويلة", "القصة طويلة"),
        ("و كانت الفرقة هنا", "كانت الفرقة هنا"),
        ("ولم يحضر أحد", "لم يحضر أحد"),
        ("وصول الوفد إلى الميناء", "وصول الوفد إلى الميناء"),
        ("واصل الفريق تدريباته", "واصل الفريق تدريباته"),
        ("ورد في التقرير", "ورد في التقرير"),
        ("والده في المدينة", "والده في المدينة"),
        ("وتيرة العمل", "وتيرة العمل"),
        ("و", "و"),
        ("", ""),
    ],
)
def test_no_summary_begins_with_and(text: str, alone: str) -> None:
    assert without_and(text) == alone
