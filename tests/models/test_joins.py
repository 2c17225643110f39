from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mujaz.models.arabic_words import words
from mujaz.models.fragments import automaton
from mujaz.models.joins import LEFT_OUT, Places, joins

SOURCE = (
    "قرر نادي الوحدة الطعن في عقوبة حارسه بعد مباراة الأحد. وتعادل الفريق مع ضيفه النجم بهدفين على ملعب المدينة. "
    "وقال المدرب سامي: «لم نلعب جيدا في الشوط الأول». ويلتقي الفريق الخميس المقبل مع ضيفه الاتحاد."
)


def found(summary: str, source: str = SOURCE) -> tuple[str, ...]:
    places = Places(source)
    return joins(summary, places, automaton(places.words))


@pytest.mark.parametrize(
    ("summary", "joined"),
    [
        # a beginning from one sentence, an end from the next: the club did not decide on a draw
        ("قرر نادي الوحدة مع ضيفه النجم بهدفين", ("نادي الوحده | مع ضيفه",)),
        ("بهدفين على ملعب المدينة قرر نادي الوحدة", ("ملعب المدينه | قرر نادي",)),  # the other order
        ("وتعادل الفريق الخميس المقبل مع ضيفه النجم", ("وتعادل الفريق | الخميس المقبل", "مع ضيفه | النجم")),
        ("نادي الوحدة النجم بهدفين قرر نادي", ("نادي الوحده | النجم بهدفين", "النجم بهدفين | قرر نادي")),
        ("قرر نادي الوحدة الطعن في عقوبة حارسه بعد مباراة الأحد", ()),  # copied whole
        ("قرر نادي الوحدة الطعن بعد مباراة الأحد", ()),  # three words of the sentence left out
        ("قرر نادي الوحدة بعد مباراة الأحد", ()),  # four of them: what was decided is missed, the check does not see it
        ("الأحد وتعادل الفريق", ()),  # neighbours, though a sentence ends between them
        ("قرر نادي الوحدة الطعن. ويلتقي الفريق الخميس", ()),  # the summary sets the break itself
        ("قرر نادي الوحدة: لم نلعب جيدا", ()),
        ("قرر نادي الوحدة مواجهة قوية ضد ضيفه النجم بهدفين", ()),  # words of its own
        ("", ()),
        ("كلمات أخرى تماما", ()),
    ],
)
def test_boundaries_between_stretches(summary: str, joined: tuple[str, ...]) -> None:
    assert found(summary) == joined


def test_a_single_word_counts_where_it_came_with_the_one_before_it() -> None:
    source = "التقى الوزير السفير الذي يزور الخرطوم حاليا. وبحث معه نقل الجرحى إلى الخرطوم لعلاجهم."
    assert found("بحث نقل الجرحى إلى الخرطوم حاليا", source.replace("وبحث معه", "وقد بحث")) == ("الي الخرطوم | حاليا",)
    assert found("نقل الجرحى إلى الخرطوم الوزير", source) == ()  # the article has no "الخرطوم الوزير"


def test_the_place_that_speaks_for_the_summary_is_taken() -> None:
    assert found("الفريق مع ضيفه الاتحاد", "فاز الفريق أمس. وسيلعب الفريق غدا مع ضيفه الاتحاد.") == ()


def test_words_left_out_are_counted() -> None:
    for gap in range(1, 10):
        source = " ".join(["أول", "ثان", *(f"كلمة{chr(1576 + n)}" for n in range(gap)), "ثالث", "رابع"])
        assert bool(found("أول ثان ثالث رابع", source)) == (gap > LEFT_OUT)


def test_a_day_may_be_left_out_however_long_it_is() -> None:
    source = "قررت اللجنة، اليوم الإثنين 12 فيفري 2024، الإبقاء على المدرب."
    assert found("قررت اللجنة الإبقاء على المدرب", source) == ()
    source = "قررت اللجنة، اليوم الإثنين 12 فيفري 2024، طرد اللاعب وتغريم النادي ثم الإبقاء على المدرب."
    assert found("قررت اللجنة الإبقاء على المدرب", source) == ("قررت اللجنه | الابقاء علي",)


@given(
    st.lists(st.sampled_from(["ا.", "ب", "ج", "د:", "ه", "12"]), max_size=30), st.integers(0, 30), st.integers(0, 30)
)
@settings(max_examples=150, deadline=None)
def test_a_stretch_of_the_source_is_never_joined(source: list[str], start: int, end: int) -> None:
    assert found(" ".join(source[start:end]), " ".join(source)) == ()


@given(st.text(st.sampled_from("ابج. "), max_size=60), st.text(st.sampled_from("ابج. "), max_size=60))
@settings(max_examples=150, deadline=None)
def test_what_is_reported_is_no_pair_of_the_source(summary: str, source: str) -> None:
    known = set(pairwise(words(source)))
    for boundary in found(summary, source):
        before, after = (side.split() for side in boundary.split(" | "))
        assert (before[-1], after[0]) not in known or len(before) + len(after) > 2


def test_words_over_and_over_take_no_time() -> None:
    text = "كلمة أخرى " * 20_000
    assert found(text + "أخرى كلمة كلمة " * 5_000, text) == ()
