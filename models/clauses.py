"""Where a stretch of Arabic text can start and end and still read as if it stood alone, by its words alone.

In news the verb comes first and its subject after it: a stretch that starts behind the verb says something else. So it had
better start where a clause does. It had better not end before a word with the article: that is mostly the second part of a
name or a genitive, or an adjective of what stands before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mujaz.models.arabic_words import words as words_of
from mujaz.models.endings import LEADING

# In F1 of words, beside which they are weighed; chosen on dev articles of ANT and SaudiNewsNet (benchmarks/LOG.md).
STARTS_INSIDE = 0.15
ENDS_INSIDE = 0.05
ENDS_BEFORE_ARTICLE = 0.1
NEVER = 1.0  # only where there is no other
FAR = 100.0  # more than all else together

_CLOSES = re.compile(r"[.،,؛;:!؟?\-–—»)\"”]$")
_THAT = frozenset(["ان", "بان", "وان"])  # letters unified: "that", after which a clause starts
_ARTICLE = re.compile(r"ال..")


@dataclass(frozen=True, slots=True)
class Boundaries:
    """What it costs a stretch to start with each word, and to end with it; shape (words,)."""

    start: NDArray[np.float64]
    end: NDArray[np.float64]

    def at_the_beginning(self) -> Boundaries:
        """The same, for stretches that start with the first word."""
        first = np.arange(len(self.start)) == 0
        return Boundaries(np.where(first, 0.0, FAR), self.end)


def boundaries(words: Sequence[str], sentences: NDArray[np.int64]) -> Boundaries:
    """What boundaries cost.

    Args:
        words: As they stand in the text, with their punctuation.
        sentences: The number of each word's sentence, ascending.
    """
    parts = [words_of(word) for word in words]
    start, end = np.zeros(len(words)), np.zeros(len(words))
    for place, (word, own) in enumerate(zip(words, parts, strict=True)):
        last = place + 1 == len(words)
        breaks = last or sentences[place] != sentences[place + 1] or bool(_CLOSES.search(word)) or not parts[place + 1]
        if not own:  # a dash, say
            start[place] = end[place] = NEVER
        elif own[-1] in LEADING and not breaks:
            end[place] = NEVER
        elif not breaks:
            end[place] = ENDS_BEFORE_ARTICLE if _ARTICLE.match(parts[place + 1][0]) else ENDS_INSIDE
        if not last and parts[place + 1] and not breaks and not (own and own[-1] in _THAT):
            start[place + 1] = STARTS_INSIDE
    return Boundaries(start, end)
