from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from mujaz.models.choosing import WHOLE, Choice, ended, lighter
from mujaz.models.clauses import Boundaries, boundaries
from mujaz.models.selection_info import Wanted
from mujaz.models.stretches import Stretch, WordScores, best_stretches, other_ends


def _scores(keep: list[float]) -> WordScores:
    flat = np.zeros(len(keep))
    return WordScores(np.log(np.array(keep)), flat, flat)


def test_other_ends_start_as_one_does_and_do_not_come_before() -> None:
    scores, costs, wanted = _scores([0.9, 0.8, 0.1, 0.1, 0.2, 0.1]), Boundaries.free(6), Wanted(4, 2, 5, 0)
    costs.end[:] = 0.1
    one_sentence = np.zeros(6, dtype=np.int64)
    (one,) = best_stretches(scores, one_sentence, costs, wanted)
    found = other_ends(one, scores, one_sentence, costs, wanted, 3)
    assert found[0] == one
    assert [other.start for other in found] == [one.start] * 3
    assert min(other.end for other in found[1:]) > one.end
    assert [other.worth for other in found] == sorted((other.worth for other in found), reverse=True)
    costs.end[one.end - 1] = 0.0  # where a sentence ends nothing has to be asked
    assert other_ends(one, scores, one_sentence, costs, wanted, 3) == [one]


def _choices() -> list[Choice]:
    kept, costs = np.array([0, 2, 3, 4, 5, 6]), Boundaries.free(6)
    ends = [Stretch(1, 3, 0.5), Stretch(1, 5, 0.45)]
    return [
        Choice(kept, costs, ends, [ends]),
        Choice(kept, costs, [], []),
        Choice(kept, costs, ends, [[Stretch(0, 2, 0.4)], ends]),
    ]


def test_what_is_whole_counts_for_more_than_what_is_worth_more() -> None:
    asked: list[tuple[int, list[int]]] = []

    def judge(said: Sequence[tuple[int, NDArray[np.int64]]]) -> NDArray[np.float64]:
        asked.extend((number, places.tolist()) for number, places in said)
        return np.array([-3.0 if len(places) == 2 else -0.5 for _, places in said])

    first, none, last = ended(_choices(), judge)
    assert first.usual == first.found[0]
    (chosen,) = first.usual
    assert (chosen.start, chosen.end) == (1, 5)
    assert chosen.worth == pytest.approx(0.45 - 0.5 * WHOLE)
    assert (none.usual, none.found) == ([], [])
    assert [(ends[0].start, ends[0].end) for ends in last.found] == [(0, 2), (1, 5)]
    assert last.found[0][0].worth == pytest.approx(0.4 - 3 * WHOLE)
    assert asked == [(0, [2, 3]), (0, [2, 3, 4, 5]), (2, [2, 3]), (2, [2, 3, 4, 5]), (2, [0, 2])]


def test_without_a_judge_they_end_where_they_are_worth_most() -> None:
    first, none, last = ended(_choices(), None)
    assert first.usual == [Stretch(1, 3, 0.5)]
    assert none.found == []
    assert last.found == [[Stretch(0, 2, 0.4)], [Stretch(1, 3, 0.5)]]
    assert ended([], None) == []


def test_rules_of_grammar_may_count_less_and_denials_never() -> None:
    words = [
        "نفى",
        "المتحدث",
        "باسم",
        "الشركة",
        "أن",
        "تكون",
        "الإدارة",
        "قد",
        "باعت",
        "حصتها",
        "في",
        "المصنع",
        "الجديد",
    ]
    costs = boundaries(words, np.zeros(len(words), dtype=np.int64))
    half = lighter(costs, 0.5)
    for full, less in ((costs.start, half.start), (costs.end, half.end)):
        assert (less[full < 0.5] == full[full < 0.5] / 2).all()
        assert (less[full >= 0.5] == full[full >= 0.5]).all()
    assert (costs.start[costs.denied >= 0] >= 0.5).all()
    assert (costs.denied >= 0).any()
    assert (lighter(costs, 1.0).end == costs.end).all()
