from __future__ import annotations

import numpy as np

from mujaz.models.clauses import (
    ENDS_AT_A_COMMA,
    ENDS_BEFORE_ARTICLE,
    ENDS_INSIDE,
    ENDS_JUST_BEGUN,
    NEVER,
    STARTS_BEHIND_A_COMMA,
    STARTS_INSIDE,
    boundaries,
)


def _costs(text: str, sentences: list[int] | None = None) -> tuple[dict[str, float], dict[str, float]]:
    words = text.split()
    found = boundaries(words, np.array(sentences or [0] * len(words)))
    return dict(zip(words, found.start, strict=True)), dict(zip(words, found.end, strict=True))


def test_a_stretch_starts_where_a_clause_does() -> None:
    start, _ = _costs("قالت الوزارة، وهي صاحبة المشروع، إن مدرسة تفتح غدا – وتبقى")
    assert {word for word, cost in start.items() if cost == 0} == {"قالت", "مدرسة"}
    assert start["وهي"] == start["إن"] == start["وتبقى"] == STARTS_BEHIND_A_COMMA
    assert start["الوزارة،"] == start["تفتح"] == STARTS_INSIDE
    assert start["–"] == NEVER


def test_it_starts_with_a_sentence() -> None:
    start, end = _costs("انتهى الخبر وبدأ آخر", [0, 0, 1, 1])
    assert start == {"انتهى": 0, "الخبر": STARTS_INSIDE, "وبدأ": 0, "آخر": STARTS_INSIDE}
    assert end["الخبر"] == end["آخر"] == 0


def test_it_does_not_break_names_and_genitives() -> None:
    _, end = _costs("زار رئيس الحكومة مدينة الساحل اليوم، ثم عاد في سيارته إلى «العاصمة».")
    assert end["رئيس"] == end["مدينة"] == ENDS_BEFORE_ARTICLE
    assert end["الحكومة"] == end["زار"] == ENDS_INSIDE
    assert end["اليوم،"] == ENDS_AT_A_COMMA
    assert end["«العاصمة»."] == 0


def test_it_does_not_end_with_what_leads_on() -> None:
    _, end = _costs("عاد الوزير من - ثم سافر في رحلة قال إن موعدها قريب ولم يعلن")
    assert end["من"] == end["في"] == end["إن"] == end["-"] == NEVER
    assert end["موعدها"] == end["قريب"] == ENDS_JUST_BEGUN
    assert end["ولم"] == NEVER
    assert end["يعلن"] == 0


def test_a_text_without_words() -> None:
    found = boundaries(["–", "..."], np.array([0, 0]))
    assert found.start.tolist() == found.end.tolist() == [NEVER, NEVER]
    assert boundaries([], np.array([], dtype=np.int64)).start.shape == (0,)
