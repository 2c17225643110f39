"""Whether stretches can stand: all of an article at once are what each is by itself, in numpy as in torch."""

from __future__ import annotations

import numpy as np
import torch

from mujaz.models.clauses import Boundaries
from mujaz.models.selection_info import SelectionInfo, Wanted
from mujaz.models.standing import BESIDES, OUTPUTS, RANK, all_logits, stretch_logits
from mujaz.models.stretches import WordScores, best_stretches

WIDTH = BESIDES + len(OUTPUTS)


def test_all_at_once_are_each_by_itself() -> None:
    words = np.random.default_rng(0).normal(size=(7, WIDTH))
    every = all_logits(words)
    assert every.shape == (7, 7)
    for first in range(7):
        for last in range(7):
            a, b = words[first], words[last]
            left, right = a[BESIDES + 2 : BESIDES + 2 + RANK], b[BESIDES + 2 + RANK :]
            by_hand = a[BESIDES] + b[BESIDES + 1] + float(np.dot(left, right)) / np.sqrt(RANK)
            assert every[first, last] == np.float64(by_hand) or abs(every[first, last] - by_hand) < 1e-12
            said = stretch_logits(torch.from_numpy(a[None]), torch.from_numpy(b[None]))
            assert abs(float(said[0]) - by_hand) < 1e-12


def _scores(stands: list[tuple[int, int]]) -> WordScores:
    """Six words of which one is like the other, and which stretches can stand: the others cannot."""
    outputs = np.zeros((6, WIDTH))
    outputs[:, BESIDES] = -8.0
    for k, (first, last) in enumerate(stands):  # a dimension of the product is its own
        outputs[first, BESIDES + 2 + k] = outputs[last, BESIDES + 2 + RANK + k] = 8.0
    alike = np.log(np.full(6, 0.5))
    return WordScores(alike, alike, alike, outputs)


def test_a_stretch_that_can_stand_is_taken() -> None:
    none = np.zeros(6, dtype=np.int64)
    for first, last in ((0, 3), (2, 4), (1, 5)):
        found = best_stretches(_scores([(first, last)]), none, Boundaries.free(6), Wanted(4, 2, 5, 0.02, stands=0.5))
        assert (found[0].start, found[0].end) == (first, last + 1)


def test_of_words_that_are_kept_the_same_is_known() -> None:
    kept = np.array([0, 2, 3, 5])
    stands = _scores([(2, 5)]).at(kept).stands()
    assert stands is not None
    assert np.argwhere(stands > -1.0).tolist() == [[1, 3]]


def test_older_models_say_nothing_of_it() -> None:
    for outputs in (3, 4):
        assert WordScores.of(np.zeros((5, outputs), dtype=np.float32)).stands() is None
    judged = WordScores.of(np.zeros((5, WIDTH), dtype=np.float32)).stands()
    assert judged is not None
    assert np.allclose(judged, np.log(0.5))
    assert SelectionInfo(words=9, shortest=5, longest=20).wanted().stands > 0
