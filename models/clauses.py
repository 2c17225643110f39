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
STARTS_BEHIND_A_COMMA = 0.05  # it may be an apposition
ENDS_AT_A_COMMA = 0.03
ENDS_INSIDE = 0.05
ENDS_BEFORE_ARTICLE = 0.1
ENDS_JUST_BEGUN = 0.3  # a clause of one or two words behind "that" or "which"
NEVER = 1.0  # only where there is no other
FAR = 100.0  # more than all else together

_STOPS = re.compile(r"[.؛;:!؟?][»”\")\]]*$")
_COMMAS = re.compile(r"[،,\-–—][»”\")\]]*$")
_THAT = frozenset(["ان", "بان", "وان", "لان"])  # letters unified; a clause starts behind them
_OPENS = _THAT | frozenset(
    [
        "انه",
        "انها",
        "التي",
        "الذي",
        "الذين",
        "والتي",
        "والذي",
        "لم",
        "لن",
        "قد",
        "ولم",
        "ولن",
        "وقد",
        "حيث",
        "كما",
        "ما",
    ]
)
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
    own = [words_of(word)[-1:] for word in words]  # a dash, say, has none
    start, end = np.zeros(len(words)), np.zeros(len(words))
    for place, (word, this) in enumerate(zip(words, own, strict=True)):
        last = place + 1 == len(words)
        stops = last or sentences[place] != sentences[place + 1] or bool(_STOPS.search(word))
        comma = bool(_COMMAS.search(word)) or (not last and not own[place + 1])
        end[place] = _end(words, own, place, stops=stops, comma=comma)
        if not last and not stops:
            that = bool(this) and this[0] in _THAT
            start[place + 1] = 0.0 if that else STARTS_BEHIND_A_COMMA if comma or not this else STARTS_INSIDE
    start[[not this for this in own]] = NEVER
    return Boundaries(start, end)


def _end(words: Sequence[str], own: Sequence[Sequence[str]], place: int, *, stops: bool, comma: bool) -> float:
    if not own[place]:
        return NEVER
    if stops:
        return 0.0
    if own[place][0] in LEADING or own[place][0] in _OPENS:
        return NEVER
    if any(one and one[0] in _OPENS for one in own[max(0, place - 2) : place]):
        return ENDS_JUST_BEGUN
    if comma:
        return ENDS_AT_A_COMMA
    following = words_of(words[place + 1])
    return ENDS_BEFORE_ARTICLE if following and _ARTICLE.match(following[0]) else ENDS_INSIDE
