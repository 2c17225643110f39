from __future__ import annotations

import pytest

from mujaz.models.endings import without_broken_end
from mujaz.models.summary_checks import Source

SOURCE = Source(
    "ارتفع مؤشر البورصة أمس بنسبة 4.25 في المئة، وقال مدير السوق بالعاصمة إن عدد الصفقات بلغ 84,716 صفقة. "
    "وأضاف أن 12 شركة خسرت."
)


@pytest.mark.parametrize(
    ("summary", "left"),
    [
        ("ارتفع مؤشر البورصة أمس بنسبة 4", "ارتفع مؤشر البورصة أمس بنسبة"),
        ("ارتفع مؤشر البورصة أمس بنسبة 4.", "ارتفع مؤشر البورصة أمس بنسبة"),
        ("ارتفع مؤشر البورصة أمس بنسبة 4.25", "ارتفع مؤشر البورصة أمس بنسبة 4.25"),
        ("ارتفع مؤشر البورصة أمس بنسبة ٤٫٢٥", "ارتفع مؤشر البورصة أمس بنسبة ٤٫٢٥"),
        ("إن عدد الصفقات بلغ 84", "إن عدد الصفقات بلغ"),
        ("وأضاف مدير السوق أن 12", "وأضاف مدير السوق أن 12"),
        ("ارتفع مؤشر البورصة أمس في", "ارتفع مؤشر البورصة أمس"),
        ("ارتفع مؤشر البورصة ال", "ارتفع مؤشر البورصة"),
        ("ارتفع مؤشر البورصة من بال", "ارتفع مؤشر البورصة"),
        ('ارتفع مؤشر البورصة "', "ارتفع مؤشر البورصة"),
        ('قال مدير "السوق بالعاصمة "', 'قال مدير "السوق بالعاصمة "'),  # it closes
        ("ارتفع مؤشر البورصة .", "ارتفع مؤشر البورصة ."),
        ("بنسبة 4", "بنسبة 4"),  # nothing sensible would be left; the checks flag it
        ("ارتفع في", "ارتفع في"),
        ("", ""),
    ],
)
def test_what_leads_nowhere_is_left_out(summary: str, left: str) -> None:
    assert without_broken_end(summary, SOURCE, cut=False) == left


@pytest.mark.parametrize(
    ("summary", "left"),
    [
        ("ارتفع مؤشر البورصة وقال مدير السوق با", "ارتفع مؤشر البورصة وقال مدير السوق"),  # half a word
        ("ارتفع مؤشر البورصة أمس بنسبة 4", "ارتفع مؤشر البورصة أمس بنسبة"),
        ("وقال مدير السوق إن", "وقال مدير السوق"),
        ("في", "في"),
    ],
)
def test_where_the_longest_length_was_reached_half_words_go_too(summary: str, left: str) -> None:
    assert without_broken_end(summary, SOURCE, cut=True) == left
