"""An article as words with their places, and as the tokens that a model reads of them.

Each word goes through recipe and tokenizer by itself, so that every token belongs to a word of the article as it came: what
a model chooses can be shown in the article's own letters, which a recipe may have changed. What a recipe does across spaces
is therefore not done, but for HTML tags, which are blanked out before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mujaz.models.encoding import Encoding, TextEncoder
from mujaz.models.recipe_steps import TAG
from mujaz.models.sentences import sentence_starts
from mujaz.models.turns import turn
from mujaz.models.window_places import Frame, frame_of

_WORD = re.compile(r"\S+")
LINE_END = 3  # sentence ends that the end of a line counts as: a headline, a byline and a text are further apart
_KEPT = 200_000  # words whose tokens are kept
_LONGEST_KEPT = 40  # characters: longer ones are addresses, and hardly come twice
CHARACTERS_PER_TOKEN = 12  # read of an article at most; words of news have 5 letters and hardly more than a token

Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReadArticle:
    """What a model reads of an article.

    Attributes:
        text: The article's beginning, HTML tags blanked out.
        spans: Where the words that it reads stand in it, in characters.
        sentences: The number of each word's sentence, which grows by :data:`LINE_END` where a line ends; shape (words,).
        places: Where the first token of each word stands in the encoding; shape (words,).
        encoding: The tokens; truncated where words were left off at the end.
        read: Tokens of the article that it reads, without special tokens.
        tokens: Of the whole article, without special tokens; estimated from its length where not all is read.
    """

    text: str
    spans: list[tuple[int, int]]
    sentences: NDArray[np.int64]
    places: NDArray[np.int64]
    encoding: Encoding
    read: int
    tokens: int

    def words(self) -> list[str]:
        """The words that the model reads, as they stand in the article."""
        return [self.text[start:end] for start, end in self.spans]


class WordReader:
    """Reads articles for one model. Threads may share it."""

    def __init__(self, encoder: TextEncoder) -> None:
        """Read as ``encoder`` says, its recipe, tokenizer and maximum length; what it strips off articles is off already."""
        self.encoder = encoder
        self._known: dict[str, Ids] = {}

    def __call__(self, texts: Sequence[str]) -> list[ReadArticle]:
        """Articles as the model reads them: their beginnings, up to the last whole word that fits.

        A word is passed over that has no tokens, or more of them than the model reads.
        """
        with turn(self.encoder.tokenizer):
            return self._articles(texts)

    def _articles(self, texts: Sequence[str]) -> list[ReadArticle]:
        backend: Any = getattr(self.encoder.tokenizer, "backend_tokenizer")  # noqa: B009  # only fast tokenizers have it
        backend.no_truncation()
        backend.no_padding()
        frame = frame_of(backend, pairs=False)
        most = self.encoder.max_length * CHARACTERS_PER_TOKEN
        parts = [_whole_words(text, most) for text in texts]
        starts = [sentence_starts(part) for part in parts]
        found = [
            _cut_at([match.span() for match in _WORD.finditer(part)], at)
            for part, at in zip(parts, starts, strict=True)
        ]
        ids = self._ids(backend, {part[a:b] for part, spans in zip(parts, found, strict=True) for a, b in spans})
        return [self._read(frame, ids, *each) for each in zip(parts, found, starts, map(len, texts), strict=True)]

    def _ids(self, backend: Any, words: Iterable[str]) -> dict[str, Ids]:
        """The token ids of words."""
        known = self._known if len(self._known) < _KEPT else {}
        new, found = [], {}
        for word in words:
            ids = known.get(word)
            if ids is None:
                new.append(word)
            else:
                found[word] = ids
        prepared = [self.encoder.recipe(word) for word in new]
        for word, encoded in zip(new, backend.encode_batch_fast(prepared, add_special_tokens=False), strict=True):
            found[word] = tuple(encoded.ids)
            if len(word) <= _LONGEST_KEPT:
                known[word] = found[word]
        self._known = known
        return found

    def _read(
        self,
        frame: Frame,
        pieces: Mapping[str, Ids],
        text: str,
        spans: list[tuple[int, int]],
        starts: list[int],
        characters: int,
    ) -> ReadArticle:
        room = frame.room(self.encoder.max_length)
        ids: list[int] = []
        kept: list[tuple[int, int]] = []
        places: list[int] = []
        reached = len(text)
        for start, end in spans:
            own = pieces[text[start:end]]
            if not 0 < len(own) <= room:
                continue
            if len(ids) + len(own) > room:
                reached = start
                break
            kept.append((start, end))
            places.append(len(frame.before) + len(ids))
            ids += own
        whole = reached == characters
        tokens = len(ids) if whole else round(len(ids) * characters / max(1, reached))
        steps = [0, *accumulate(LINE_END if _starts_line(text, start) else 1 for start in starts)]
        numbers = np.array(steps)[np.searchsorted(starts, [start for start, _ in kept], side="right")].astype(np.int64)
        encoding = Encoding(*frame.ids(ids), not whole)
        return ReadArticle(text, kept, numbers, np.array(places, dtype=np.int64), encoding, len(ids), tokens)


def _whole_words(text: str, most: int) -> str:
    """A text, or its beginning of up to ``most`` characters without half a word at its end; HTML tags as spaces."""
    part = text[:most]
    if len(part) < len(text) and not text[most].isspace():
        part = part[: max((match.end() for match in re.finditer(r"\s", part)), default=0)]
    return TAG.sub(lambda tag: " " * len(tag.group()), part) if "<" in part else part


def _cut_at(spans: list[tuple[int, int]], starts: list[int]) -> list[tuple[int, int]]:
    """Words, cut where a sentence starts inside what no space divides: …".وأضاف"""
    inside = set(starts) - {start for start, _ in spans}
    if not inside:
        return spans
    found: list[tuple[int, int]] = []
    for start, end in spans:
        cuts = [start, *sorted(one for one in inside if start < one < end), end]
        found += pairwise(cuts)
    return found


def _starts_line(text: str, start: int) -> bool:
    """Whether a sentence that starts here starts a line."""
    before = text[:start]
    return "\n" in before[len(before.rstrip()) :]
