"""The stretch of an article that is most like a summary of it, found from a score for each of its words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from mujaz.models.clauses import UNFINISHED, Boundaries
from mujaz.models.selection_info import Wanted
from mujaz.models.standing import BESIDES, OUTPUTS, all_logits

# What a stretch loses for each end of a sentence inside it, in F1.
CROSSING = 0.1
MOST_OVERLAP = 0.5  # of the shorter of two candidates


@dataclass(frozen=True, slots=True)
class WordScores:
    """What a model says of the words of an article, one number a word; natural logarithms of probabilities.

    Attributes:
        keep: That a summary has the word.
        start: That a summary starts with it.
        end: That a summary ends with it.
        outputs: All that a model says which was taught what can stand by itself, shape (words, outputs); None of others.
    """

    keep: NDArray[np.float64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    outputs: NDArray[np.floating] | None = None

    @classmethod
    def of(cls, logits: NDArray[np.floating]) -> WordScores:
        """From logits of shape (words, 3 or more). A single one behind these is said of other texts."""
        keep, start, end = _logs(logits[:, :BESIDES].astype(np.float64)).T
        return cls(keep, start, end, logits if logits.shape[1] == BESIDES + len(OUTPUTS) else None)

    def at(self, kept: NDArray[np.int64]) -> WordScores:
        """The same of some of the words."""
        outputs = None if self.outputs is None else self.outputs[kept]
        return WordScores(self.keep[kept], self.start[kept], self.end[kept], outputs)

    def stands(self) -> NDArray[np.float64] | None:
        """That a stretch which starts with a word and ends with another can stand by itself, shape (words, words)."""
        return None if self.outputs is None else _logs(all_logits(self.outputs.astype(np.float64)))


def _logs(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of probabilities."""
    return -np.logaddexp(0.0, -logits)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words ``start`` up to and without ``end``.

    Attributes:
        worth: The expected F1, boundaries counted in.
        stands: The probability that it can stand by itself; 1 of models that were not taught it.
    """

    start: int
    end: int
    worth: float
    stands: float = 1.0


def best_stretches(
    scores: WordScores, sentences: NDArray[np.int64], costs: Boundaries, wanted: Wanted, count: int = 1
) -> list[Stretch]:
    """The best stretches of an article, best first, that overlap little.

    What is maximized is the expected F1 of the words of a stretch and of a summary, taken as ``2 * sum(keep) / (words +
    wanted.words)``, plus ``boundary`` times the logarithms of start and end and ``stands`` times that of standing, less what
    start and end cost, and less ``CROSSING`` for each sentence end inside.

    Args:
        scores: Of the words.
        sentences: The number of each word's sentence, ascending.
        costs: Of starting and ending with each word.
        wanted: Lengths and weights.
        count: How many stretches; fewer where there are no more.
    """
    found: list[Stretch] = []
    for one in best_first(scores, sentences, costs, wanted):
        if not any(_overlap(one, other) > MOST_OVERLAP for other in found):
            found.append(one)
        if len(found) == count:
            break
    return found


def other_ends(
    one: Stretch, scores: WordScores, sentences: NDArray[np.int64], costs: Boundaries, wanted: Wanted, most: int
) -> list[Stretch]:
    """The best stretches that start as one does and end there or later, best first: at most so many.

    That one alone where it ends for free. A shorter one often ends before the object of its verb, where a headline that
    names somebody might end: a third of those that were read were worse. The other arguments are those of
    :func:`best_stretches`.
    """
    if not costs.end[one.end - 1]:
        return [one]
    likely = best_first(scores, sentences, costs, wanted, one.start)
    return list(islice((other for other in likely if other.end >= one.end), most))


def best_first(
    scores: WordScores, sentences: NDArray[np.int64], costs: Boundaries, wanted: Wanted, start: int | None = None
) -> Iterator[Stretch]:
    """All stretches, or all that start with a word, as :func:`best_stretches` values them."""
    stands = scores.stands()
    tables = [_of_length(words, scores, stands, sentences, costs, wanted) for words in _lengths(len(sentences), wanted)]
    if not tables:
        return
    worth, lengths = (np.concatenate(parts) for parts in zip(*tables, strict=True))
    starts = np.concatenate([np.arange(len(table[0])) for table in tables])
    order = np.argsort(-worth, kind="stable")
    for index in order if start is None else order[starts[order] == start]:
        first, end = int(starts[index]), int(starts[index] + lengths[index])
        sure = 1.0 if stands is None else float(np.exp(stands[first, end - 1]))
        yield Stretch(first, end, float(worth[index]), sure)


def _lengths(words: int, wanted: Wanted) -> Iterator[int]:
    """Lengths of stretches; where an article is shorter than the shortest, its own."""
    if words:
        yield from range(min(wanted.shortest, words), min(wanted.longest, words) + 1)


def _of_length(
    words: int,
    scores: WordScores,
    stands: NDArray[np.float64] | None,
    sentences: NDArray[np.int64],
    costs: Boundaries,
    wanted: Wanted,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Worth and length of the stretches of one length, by their start."""
    total = np.concatenate([[0.0], np.cumsum(np.exp(scores.keep))])
    f1 = 2 * (total[words:] - total[:-words]) / (words + wanted.words)
    first, last = slice(None, len(f1)), slice(words - 1, None)
    likely = wanted.boundary * (scores.start[first] + scores.end[last])
    worth = f1 + likely - costs.start[first] - costs.end[last] - CROSSING * (sentences[last] - sentences[first])
    worth -= UNFINISHED * (costs.needs[first] > words)
    if stands is not None:
        worth += wanted.stands * np.diagonal(stands, words - 1)
    return worth, np.full(len(f1), words)


def _overlap(one: Stretch, other: Stretch) -> float:
    common = min(one.end, other.end) - max(one.start, other.start)
    return common / min(one.end - one.start, other.end - other.start)
