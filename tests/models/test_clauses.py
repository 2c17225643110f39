from __future__ import annotations

import numpy as np

from mujaz.models.clauses import ENDS_BEFORE_ARTICLE, ENDS_INSIDE, NEVER, STARTS_INSIDE, boundaries


def _costs(text: str, sentences: list[int] | None = None) -> tuple[dict[str, float], dict[str, float]]:
    words = text.split()
    found = boundaries(words, np.array(sentences or [0] * len(words)))
    return dict(zip(words, found.start, strict=True)), dict(zip(words, found.end, strict=True))


def test_a_stretch_starts_where_a_clause_does() -> None:
    start, _ = _costs("قالت الوزارة، وهي صاحبة المشروع، إن مدرسة تفتح غدا – وتبقى")
    free = {word for word, cost in start.items() if cost == 0}
    assert free == {"قالت", "وهي", "إن", "مدرسة", "وتبقى"}
    assert start["الوزارة،"] == start["تفتح"] == STARTS_INSIDE
    assert start["–"] == NEVER


def test_it_starts_with_a_sentence() -> None:
    start, end = _costs("انتهى الخبر وبدأ آخر", [0, 0, 1, 1])
    assert start == {"انتهى": 0, "الخبر": STARTS_INSIDE, "وبدأ": 0, "آخر": STARTS_INSIDE}
    assert end["الخبر"] == 0


def test_it_does_not_break_names_and_genitives() -> None:
    _, end = _costs("زار رئيس الحكومة مدينة الساحل اليوم، ثم عاد في سيارته إلى (العاصمة)")
    assert end["رئيس"] == end["مدينة"] == ENDS_BEFORE_ARTICLE
    assert end["الحكومة"] == end["زار"] == ENDS_INSIDE
    assert end["اليوم،"] == end["(العاصمة)"] == 0


def test_it_does_not_end_with_what_leads_on() -> None:
    _, end = _costs("عاد الوزير من - ثم سافر في رحلة إلى")
    assert end["في"] == NEVER
    assert end["-"] == NEVER
    assert end["إلى"] == 0  # nothing follows, so there is no other end
