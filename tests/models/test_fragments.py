from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mujaz.models.fragments import automaton, fragments_in

WORDS = st.lists(st.sampled_from("ابجد"), max_size=25)


def by_comparing_places(summary: list[str], source: list[str]) -> list[int]:
    """The search of Grusky et al. 2018, figure 2, as its text says it."""
    found = []
    i = 0
    while i < len(summary):
        best = 0
        for j in range(len(source)):
            n = 0
            while i + n < len(summary) and j + n < len(source) and summary[i + n] == source[j + n]:
                n += 1
            best = max(best, n)
        if best:
            found.append(best)
        i += max(best, 1)
    return found


@given(WORDS, WORDS)
@settings(max_examples=300, deadline=None)
def test_equal_to_the_search_that_compares_every_pair_of_places(summary: list[str], source: list[str]) -> None:
    assert fragments_in(summary, automaton(source)) == by_comparing_places(summary, source)


def test_fragments() -> None:
    source = ["فاز", "الفريق", "مساء", "امس", "في", "ملعبه"]
    assert fragments_in(["امس", "فاز", "الفريق", "في", "القاهره"], automaton(source)) == [1, 2, 1]
    assert fragments_in(source, automaton(source)) == [6]
    assert (
        fragments_in([], automaton(source))
        == fragments_in(["جديد"], automaton(source))
        == fragments_in(["جديد"], automaton([]))
        == []
    )


def test_linear_in_a_source_of_one_word_over_and_over() -> None:
    # comparing places would take 10^10 steps
    assert fragments_in(["ا"] * 100_000, automaton(["ا"] * 100_000)) == [100_000]
