"""Summaries in usual spelling, by models that read and write folded letters.

Recipes fold letters (أ إ آ to ا, ى to ي, ة to ه) so that a small model has fewer pieces to learn; what such a model writes
is folded too. A word gets the spelling back that its article has most often, else the one that the training data had. A
WordPiece tokenizer sets punctuation apart besides: it is closed up.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import orjson

from mujaz.errors import CheckpointError, OutputError
from mujaz.models.arabic_words import RULES, SPACED_MARKS, CharTable, normalize
from mujaz.models.recipes import Recipe

SPELLINGS_FILE = "spellings.json"
_FOLDED = "أإآىة"
_WORD = re.compile(r"[^\W\d_]+")
_A_FEW = 10  # of so many on the training data has a spelling of its own
_UNMARKED = CharTable([RULES["marks"]])
_AND = frozenset("وف")  # written together with the word behind them
_BEFORE = re.compile(r"\s+([،؛:,.!?؟)\]}»%…])")
_AFTER = re.compile(r"([(\[{«])\s+")
_IN_NUMBER = re.compile(r"(?<=\d)\s*([.,/:])\s*(?=\d)")
_QUOTED = re.compile(r'"\s*([^"]*?)\s*"')


def folds(recipe: Recipe) -> bool:
    """Whether a recipe folds letters."""
    return recipe(_FOLDED) != _FOLDED


@dataclass(frozen=True)
class Spelling:
    """Gives words their usual letters back.

    Attributes:
        usual: Spellings by folded word, where they differ.
    """

    usual: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path | None, recipe: Recipe) -> Spelling | None:
        """Of a checkpoint; None where its recipe folds nothing.

        Raises:
            CheckpointError: its file cannot be read.
        """
        if not folds(recipe):
            return None
        file = folder / SPELLINGS_FILE if folder else None
        if file is None or not file.is_file():
            return cls()
        try:
            return cls(dict(orjson.loads(file.read_bytes())))
        except (OSError, ValueError, TypeError) as error:
            raise CheckpointError(f"{file} cannot be read: expected spellings by folded word ({error}).") from error

    @classmethod
    def learnt(cls, texts: Iterable[str]) -> Spelling:
        """From articles and summaries: words that occur a few times."""
        return cls({folded: way for folded, way in most_frequent(texts, _A_FEW).items() if folded != way})

    def save(self, folder: Path) -> None:
        """Keep them beside a checkpoint.

        Raises:
            OutputError: the folder cannot be written.
        """
        try:
            (folder / SPELLINGS_FILE).write_bytes(orjson.dumps(self.usual, option=orjson.OPT_SORT_KEYS))
        except OSError as error:
            raise OutputError(f"{folder}: {SPELLINGS_FILE} cannot be written: {error.strerror or error}") from error

    def __call__(self, text: str, article: str) -> str:
        """A text in the spelling of its article."""
        known = _of_article(article)
        return closed_up(_WORD.sub(lambda word: self._spelled(word.group(), known), text))

    def _spelled(self, word: str, known: Mapping[str, str]) -> str:
        for front in ("", word[0] if word[0] in _AND else ""):
            rest = normalize(word[len(front) :])
            found = known.get(rest) or self.usual.get(rest)
            if found:
                return front + found
        return word


@lru_cache(maxsize=1)  # the candidates of one article come one after the other
def _of_article(article: str) -> dict[str, str]:
    return most_frequent([article])


def most_frequent(texts: Iterable[str], at_least: int = 1) -> dict[str, str]:
    """The most frequent spelling of each word, by its folded form; of those that occur so often.

    Args:
        texts: As they came.
        at_least: How often a word must occur, in whatever spelling.
    """
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for text in texts:
        plain = unicodedata.normalize("NFKC", SPACED_MARKS.sub("", text)).translate(_UNMARKED)
        for word in _WORD.findall(plain):
            counts[normalize(word)][word] += 1
    return {folded: ways.most_common(1)[0][0] for folded, ways in counts.items() if ways.total() >= at_least}


def closed_up(text: str) -> str:
    """A text without the spaces that a WordPiece tokenizer sets around punctuation."""
    text = _QUOTED.sub(r'"\1"', _IN_NUMBER.sub(r"\1", text))
    return _AFTER.sub(r"\1", _BEFORE.sub(r"\1", text)).strip()
