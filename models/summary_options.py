"""How summaries are asked for: beam, length, candidates, long articles, faithfulness; checked before any model is loaded."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from mujaz.errors import UsageError
from mujaz.models.options import check_count, check_flags

LongArticles = Literal["lead", "select", "hierarchical", "cut"]
LONG_WAYS: tuple[str, ...] = get_args(LongArticles)
RANGE = re.compile(r"(\d+)\s*[-–]\s*(\d+)")
STEPS = 4  # fertility is rounded to quarters, so that most articles of a corpus share a batch
# Options that are whole numbers -> the least of each.
_COUNTS = dict.fromkeys(("num_beams", "max_new_tokens", "min_new_tokens", "batch_tokens", "candidates"), 1)
_COUNTS["min_article_words"] = 0


class WordRange(NamedTuple):
    """How many words a summary should have."""

    low: int
    high: int

    def distance(self, words: int) -> int:
        """Words that a summary of so many words is away from the range."""
        return max(self.low - words, words - self.high, 0)

    def tokens(self, fertility: float) -> tuple[int, int]:
        """The same in tokens, the end token included.

        Args:
            fertility: Tokens a word, as measured on the article.
        """
        tokens_a_word = math.ceil(fertility * STEPS) / STEPS
        return max(1, math.floor(self.low * tokens_a_word)), math.ceil(self.high * tokens_a_word) + 1


# headline: 90 % of the headlines of SaudiNewsNet and ANT have 4 or 5 to 13 words; short: what XL-Sum's summaries have;
# long: the upper half of the lead paragraphs of Arabic Wikipedia.
LENGTHS = {"headline": WordRange(4, 14), "short": WordRange(20, 40), "long": WordRange(50, 100)}


def word_range(length: Any) -> WordRange:
    """``headline``, ``short``, ``long`` or ``20-40`` as a range of words.

    Raises:
        UsageError: it is none of these.
    """
    if isinstance(length, str) and length in LENGTHS:
        return LENGTHS[length]
    found = RANGE.fullmatch(length.strip()) if isinstance(length, str) else None
    wanted = WordRange(int(found[1]), int(found[2])) if found else None
    if wanted is None or not 1 <= wanted.low <= wanted.high:
        raise UsageError(
            f"length {length!r} is not known: expected {', '.join(LENGTHS)} or a range in words, from 1 on and the smaller "
            "first, like '20-40'."
        )
    return wanted


@dataclass(frozen=True, slots=True)
class Generation:
    """How summaries are written; None takes what suits the model and the device.

    Attributes:
        num_beams: Width of the beam; 1 decodes greedily.
        max_new_tokens: Longest summary in tokens.
        min_new_tokens: Shortest summary in tokens.
        batch_tokens: Padded article tokens a batch.
        length: ``headline``, ``short``, ``long`` or a range in words like ``20-40`` or ``(20, 40)``; overrides the two
            limits in tokens.
        candidates: Summaries to give for each article, best first; a narrower beam is widened to as many.
        long: What becomes of an article longer than the model reads: ``lead`` (its beginning, to the end of a sentence),
            ``select`` (its most central sentences, in order), ``hierarchical`` (a summary of the summaries of its parts)
            or ``cut`` (its beginning, to the last token that fits, as plain transformers does).
        faithful: Prefer the candidate of the beam that the article supports best; None takes the checkpoint's own.
        article_words: Allow no content words but those of the article; of a model that chooses, no other form of a verb.
            Where the engine cannot hold the model to that, the candidates are ranked by it.
        min_article_words: Articles of up to so many words are returned as they are; 0 summarizes everything.
    """

    num_beams: int | None = None
    max_new_tokens: int | None = None
    min_new_tokens: int | None = None
    batch_tokens: int | None = None
    length: str | tuple[int, int] | None = None
    candidates: int = 1
    long: str | None = None
    faithful: bool | None = None
    article_words: bool = False
    min_article_words: int | None = None

    def __post_init__(self) -> None:
        """Make Python's numbers of numpy's, which cannot be written into the settings of a generation; a range as text."""
        if isinstance(self.length, tuple | list) and len(self.length) == 2:
            object.__setattr__(self, "length", "-".join(map(str, self.length)))
        for key in _COUNTS:
            value = getattr(self, key)
            if isinstance(value, np.integer):
                object.__setattr__(self, key, int(value))

    def check(self) -> None:
        """See that all values can be used.

        Raises:
            UsageError: One cannot.
        """
        for key, least in _COUNTS.items():
            check_count(key, getattr(self, key), least=least, optional=key != "candidates")
        check_flags(faithful=self.faithful, article_words=self.article_words)
        if self.min_new_tokens and self.max_new_tokens and self.min_new_tokens > self.max_new_tokens:
            raise UsageError(
                f"min_new_tokens: expected no more than max_new_tokens ({self.max_new_tokens}), found {self.min_new_tokens}."
            )
        if self.long is not None and self.long not in LONG_WAYS:
            raise UsageError(f"long {self.long!r} is not known: expected {', '.join(LONG_WAYS)}.")
        if self.length is not None:
            word_range(self.length)

    @property
    def wanted(self) -> WordRange | None:
        """The range of words that was asked for."""
        return None if self.length is None else word_range(self.length)


DEFAULT_GENERATION = Generation()
