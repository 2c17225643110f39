"""What may open a stretch: not what "that" has bent, nor what stands between a verb and its object, nor half a list."""

from __future__ import annotations

import numpy as np
import pytest

from mujaz.models.clauses import (
    ENDS_INSIDE,
    NEVER,
    STARTS_BEFORE_OBJECT,
    STARTS_BEHIND_A_COMMA,
    STARTS_BEHIND_ITS_VERB,
    STARTS_BEHIND_WITH,
    STARTS_INSIDE,
    boundaries,
)
from tests.models.test_clauses import costs


@pytest.mark.parametrize("noun", ["مهندسين", "جنديين", "مدرّبي", "عددًا", "بلاده"])
def test_a_noun_bent_by_that_is_no_start(noun: str) -> None:
    start, _ = costs(f"ذكر البيان أن {noun} من الشرق وصلوا")
    assert start[noun] == STARTS_INSIDE


@pytest.mark.parametrize("noun", ["الوزير", "مدرسة", "فلسطين", "قانون", "ضواحي", "منظمة"])
def test_a_noun_that_has_no_other_form_is_one(noun: str) -> None:
    start, _ = costs(f"ذكر البيان أن {noun} المدينة وصلوا")
    assert start[noun] == 0


def test_a_list_in_brackets_stays_with_its_brackets() -> None:
    start, end = costs("ألغت الهيئة وظائف النواب (سعيد، ماجد) أمس (اليوم")
    assert end["(سعيد،"] == start["ماجد)"] == NEVER
    assert end["ماجد)"] == ENDS_INSIDE
    assert end["النواب"] < NEVER
    assert start["(سعيد،"] < NEVER
    assert end["(اليوم"] == 0
    start, end = costs("قالت (الهيئة إن ) السوق", [0, 0, 1, 1, 1])
    assert max(end["(الهيئة"], start["إن"]) < NEVER


def test_a_day_does_not_part_a_verb_from_its_subject() -> None:
    start, _ = costs("تنطلق صباح الأربعاء 12 يونيو، فعاليات المعرض الكبير، بحضور الوزير")
    assert start["فعاليات"] == STARTS_BEHIND_A_COMMA + STARTS_BEHIND_ITS_VERB
    assert start["بحضور"] < STARTS_BEHIND_ITS_VERB
    start, _ = costs("تنطلق الأربعاء في القاعة، فعاليات المعرض الكبير")
    assert start["فعاليات"] == STARTS_BEHIND_A_COMMA


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("ذكر البيان أن سعر الخبز في الأسواق التي أغلقت تضاعف مرتين هذا العام", 8),
        ("ذكر البيان أن سعر الخبز في الأسواق تضاعف", 5),
        ("ذكر البيان أن المدينة مستعدة لاستقبال الضيوف بعد أن انتهت الأشغال", 0),
    ],
)
def test_behind_that_its_noun_needs_what_is_said_of_it(text: str, needs: int) -> None:
    words = text.split()
    assert boundaries(words, np.zeros(len(words), dtype=np.int64)).needs[3] == needs


def test_who_comes_behind_the_verb_does_not_open_what_it_says() -> None:
    start, _ = costs("تحدث مدير المصنع، ماجد سعيد عن تراجع البيع")
    assert start["ماجد"] == STARTS_BEHIND_A_COMMA + STARTS_BEFORE_OBJECT
    assert start["تراجع"] == STARTS_INSIDE
    start, _ = costs("اجتمع الوزير مع وفد من التجار")
    assert start["وفد"] == STARTS_INSIDE + STARTS_BEHIND_WITH
