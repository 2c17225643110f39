from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mujaz.models.clauses import UNFINISHED, Boundaries
from mujaz.models.selection_info import SelectionInfo, Wanted
from mujaz.models.stretches import CROSSING, WordScores, best_stretches
from mujaz.models.summary_options import WordRange


def _scores(keep: list[float], start: list[float] | None = None, end: list[float] | None = None) -> WordScores:
    flat = [0.0] * len(keep)
    return WordScores(np.log(np.array(keep)), np.array(start or flat), np.array(end or flat))


def _best(
    keep: list[float], wanted: Wanted, count: int = 1, sentences: list[int] | None = None
) -> list[tuple[int, int]]:
    numbers = np.array(sentences or [0] * len(keep))
    found = best_stretches(_scores(keep), numbers, Boundaries.free(len(keep)), wanted, count)
    return [(one.start, one.end) for one in found]


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=14), st.data())
def test_the_best_is_the_best_of_all_that_there_are(keep: list[float], data: st.DataObject) -> None:
    """Against a plain search over all stretches."""
    logs = st.lists(st.floats(-5, 0), min_size=len(keep), max_size=len(keep))
    start, end = data.draw(logs), data.draw(logs)
    costly = st.lists(st.floats(0, 1), min_size=len(keep), max_size=len(keep))
    needs = data.draw(st.lists(st.integers(0, 8), min_size=len(keep), max_size=len(keep)))
    costs = Boundaries(
        np.array(data.draw(costly)), np.array(data.draw(costly)), np.array(needs), *2 * [np.full(len(keep), -1)]
    )
    sentences = sorted(data.draw(st.lists(st.integers(0, 3), min_size=len(keep), max_size=len(keep))))
    shortest = data.draw(st.integers(1, 6))
    wanted = Wanted(5.5, shortest, shortest + data.draw(st.integers(0, 5)), 0.05)

    def worth(one: tuple[int, int]) -> float:
        first, last = one[0], one[1] - 1
        f1 = 2 * sum(keep[first : last + 1]) / (one[1] - one[0] + wanted.words)
        likely = 0.05 * (start[first] + end[last]) - costs.start[first] - costs.end[last]
        unfinished = UNFINISHED if costs.needs[first] > one[1] - first else 0.0
        return float(f1 + likely - unfinished - CROSSING * (sentences[last] - sentences[first]))

    lengths = range(min(shortest, len(keep)), min(wanted.longest, len(keep)) + 1)
    every = [(a, a + n) for n, a in itertools.product(lengths, range(len(keep))) if a + n <= len(keep)]
    scores = WordScores(np.log(np.array(keep)), np.array(start), np.array(end))
    found = best_stretches(scores, np.array(sentences), costs, wanted)[0]
    assert worth((found.start, found.end)) == pytest.approx(max(map(worth, every)))
    assert found.worth == pytest.approx(worth((found.start, found.end)))


def test_stretches_are_as_long_as_asked_or_as_the_article() -> None:
    keep = [0.9, 0.9, 0.1, 0.9, 0.1, 0.1]
    assert _best(keep, Wanted(2, 2, 2, 0)) == [(0, 2)]
    assert _best(keep, Wanted(4, 4, 5, 0)) == [(0, 4)]
    assert _best(keep, Wanted(9, 9, 12, 0)) == [(0, 6)]
    assert _best([], Wanted(3, 1, 3, 0)) == []


def test_a_sentence_end_inside_costs_something() -> None:
    keep = [0.6, 0.6, 0.6, 0.6]
    assert _best(keep, Wanted(4, 2, 4, 0)) == [(0, 4)]
    assert _best(keep, Wanted(4, 2, 4, 0), sentences=[0, 1, 1, 1]) == [(1, 4)]


def test_a_stretch_can_be_held_to_the_beginning() -> None:
    keep, sentences = [0.1, 0.1, 0.1, 0.9, 0.9], np.zeros(5, dtype=np.int64)
    found = best_stretches(_scores(keep), sentences, Boundaries.free(5).at_the_beginning(), Wanted(2, 2, 3, 0), 9)
    assert found[0].start == 0


def test_a_stretch_shorter_than_its_verb_needs_costs_something() -> None:
    keep, one_sentence, wanted = [0.9, 0.9, 0.4, 0.4], np.zeros(4, dtype=np.int64), Wanted(2, 2, 4, 0)
    free = Boundaries.free(4)
    unfinished = replace(free, needs=np.array([4, 0, 0, 0]))
    (short,) = best_stretches(_scores(keep), one_sentence, free, wanted)
    (whole,) = best_stretches(_scores(keep), one_sentence, unfinished, wanted)
    assert (short.start, short.end, whole.start, whole.end) == (0, 2, 0, 4)
    assert short.worth == pytest.approx(0.9)
    assert whole.worth == pytest.approx(2 * 2.6 / 6)
    (short,) = best_stretches(_scores(keep), one_sentence, unfinished, Wanted(2, 2, 2, 0))
    assert short.worth == pytest.approx(0.9 - UNFINISHED)


def test_candidates_overlap_little() -> None:
    keep = [0.9, 0.9, 0.1, 0.1, 0.8, 0.8]
    assert _best(keep, Wanted(2, 2, 2, 0), count=2) == [(0, 2), (4, 6)]
    assert len(_best(keep, Wanted(2, 2, 2, 0), count=50)) < 6


def test_scores_are_logarithms_of_probabilities() -> None:
    logits = np.array([[0.0, 2.0, -800.0], [800.0, -2.0, 0.0]], dtype=np.float32)
    scores = WordScores.of(logits)
    assert np.exp(scores.keep) == pytest.approx([0.5, 1.0])
    assert np.exp(scores.start) == pytest.approx([0.880797, 0.119203], abs=1e-6)
    assert scores.end[0] == pytest.approx(-800)


def test_a_range_of_words_replaces_the_usual_length() -> None:
    info = SelectionInfo(words=9.5, shortest=5, longest=13)
    assert (info.wanted().words, info.wanted().shortest, info.wanted().longest) == (9.5, 5, 13)
    asked = info.wanted(WordRange(20, 40))
    assert (asked.words, asked.shortest, asked.longest, asked.boundary) == (30, 20, 40, info.boundary)


def test_candidates_may_share_half_of_the_shorter() -> None:
    keep = np.log([0.9, 0.9, 0.8, 0.8, 0.1, 0.1])
    flat = np.zeros(6)
    wanted = Wanted(4, 4, 4, 0.0)
    found = best_stretches(WordScores(keep, flat, flat), np.zeros(6, dtype=np.int64), Boundaries.free(6), wanted, 3)
    assert [(one.start, one.end) for one in found] == [(0, 4), (2, 6)]
