"""What is chosen of an article before it is told: stretches, each with the ways in which it may end.

Where a clause may end is a matter of grammar that rules on words do not know: "the minister received the head of" says
nothing yet. A network that was taught it (`mujaz.training.wholes`) reads a stretch by itself as it would be told, once for
each way to end it, and what it is surer of is whole counts more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mujaz.models.clauses import Boundaries, boundaries, own_words
from mujaz.models.selection_info import Wanted
from mujaz.models.shortening import shortened
from mujaz.models.stretches import Stretch, WordScores, best_stretches, other_ends
from mujaz.models.word_reading import ReadArticle

WHOLE = 0.05  # what a factor of e in the probability of being whole is worth, in F1 (benchmarks/LOG.md)
MOST_ENDS = 8  # that are looked at
_IN_FULL = 0.5  # of what costs so much nothing is taken off

# Of stretches of articles, as (number of the article, the words that are said): log probabilities that each is whole.
Judge = Callable[[Sequence[tuple[int, NDArray[np.int64]]]], NDArray[np.float64]]


@dataclass(frozen=True)
class Choice:
    """Stretches of one article.

    Attributes:
        kept: Places of the words that may be said; the rest is left out. Stretches are of these.
        costs: Of starting and ending with each of them.
        usual: The best stretch of usual length: its ends, the best first; empty where there is no word.
        found: Those that were asked for, in the same way.
    """

    kept: NDArray[np.int64]
    costs: Boundaries
    usual: list[Stretch]
    found: list[list[Stretch]]


class Chooser:
    """Chooses from one article.

    Attributes:
        article: How it is read.
        scores: Of its words.
        kept: Places of the words that may be said.
        costs: Of starting and ending with each of them.
    """

    def __init__(self, article: ReadArticle, scores: WordScores, likely: float, clauses: float = 1.0) -> None:
        """Find out where stretches of it can start and end.

        Args:
            article: How it is read.
            scores: Of its words.
            likely: As in :func:`mujaz.models.shortening.shortened`.
            clauses: As in :func:`lighter`.
        """
        self.article, self.scores = article, scores
        words = article.words()
        own = own_words(words)
        self._all = lighter(boundaries(words, article.sentences, own), clauses)
        self.kept, self.costs = shortened(own, words, article.sentences, self._all, np.exp(scores.keep), likely)

    def best(self, usual: Wanted, wanted: Wanted | None, count: int) -> Choice:
        """The best stretches of a length, or the best one of usual length where no length and no more are asked for."""
        likely, sentences = self.scores.at(self.kept), self.article.sentences[self.kept]

        def ends(one: Stretch, wanted: Wanted) -> list[Stretch]:
            if self.scores.outputs is not None:  # how it ends was weighed with all others
                return [one]
            return other_ends(one, likely, sentences, self.costs, wanted, MOST_ENDS)

        first = [ends(one, usual) for one in best_stretches(likely, sentences, self.costs, usual)]
        if wanted is None and count == 1:
            found = first
        else:
            wanted = wanted or usual
            found = [ends(one, wanted) for one in best_stretches(likely, sentences, self.costs, wanted, 2 * count)]
        return Choice(self.kept, self.costs, first[0] if first else [], found)

    def beginning(self, wanted: Wanted) -> Choice:
        """The article's beginning, of which nothing is left out."""
        costs, sentences = self._all.at_the_beginning(), self.article.sentences
        found = [
            other_ends(one, self.scores, sentences, costs, wanted, MOST_ENDS)
            for one in best_stretches(self.scores, sentences, costs, wanted)
        ]
        return Choice(np.arange(len(sentences)), self._all, found[0] if found else [], found)


def lighter(costs: Boundaries, share: float) -> Boundaries:
    """Costs of which rules of grammar count by a share, as a model knows them; what denies or tears names apart stays."""
    start, end = (np.where(cost < _IN_FULL, share * cost, cost) for cost in (costs.start, costs.end))
    return replace(costs, start=start, end=end)


def ended(choices: Sequence[Choice], judge: Judge | None) -> list[Choice]:
    """Choices whose stretches each have one end left, the best.

    Args:
        choices: One an article.
        judge: Tells how whole they are; without it they end where they are worth most.
    """
    if judge is None:
        return [replace(one, usual=one.usual[:1], found=[ends[:1] for ends in one.found]) for one in choices]
    several = [
        (number, ends)
        for number, choice in enumerate(choices)
        for ends in {id(ends): ends for ends in (choice.usual, *choice.found)}.values()
    ]
    said = [(number, choices[number].kept[one.start : one.end]) for number, ends in several for one in ends]
    sure = iter(judge(said).tolist() if said else ())
    best = {
        id(ends): max((_weighed(one, next(sure)) for one in ends), key=lambda one: one.worth)
        for _, ends in several
        if ends
    }
    return [
        replace(one, usual=[best[id(one.usual)]] if one.usual else [], found=[[best[id(ends)]] for ends in one.found])
        for one in choices
    ]


def _weighed(one: Stretch, sure: float) -> Stretch:
    return replace(one, worth=one.worth + WHOLE * sure)
