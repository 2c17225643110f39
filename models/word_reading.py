"""An article as words with their places, and as the tokens that a model reads of them.

Each word goes through recipe and tokenizer by itself, so that every token belongs to a word of the article as it came: what
a model chooses can be shown in the article's own letters, which a recipe may have changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mujaz.models.encoding import Encoding, TextEncoder
from mujaz.models.sentences import sentence_starts
from mujaz.models.windows import Frame, frame_of

_WORD = re.compile(r"\S+")
_MOST_KNOWN = 200_000  # words whose tokens are kept
_CHARACTERS_PER_TOKEN = 12  # read of an article at most; words of news have 5 letters and hardly more than a token


@dataclass(frozen=True, slots=True)
class ReadArticle:
    """What a model reads of an article.

    Attributes:
        text: The article.
        spans: Where the words that it reads stand in it, in characters.
        sentences: The number of each word's sentence; shape (words,).
        places: Where the first token of each word stands in the encoding; shape (words,).
        encoding: The tokens.
        tokens: Of the whole article, without special tokens; estimated from its length where not all is read.
    """

    text: str
    spans: list[tuple[int, int]]
    sentences: NDArray[np.int64]
    places: NDArray[np.int64]
    encoding: Encoding
    tokens: int

    def words(self) -> list[str]:
        """The words that the model reads, as they stand in the article."""
        return [self.text[start:end] for start, end in self.spans]


class WordReader:
    """Reads articles for one model."""

    def __init__(self, encoder: TextEncoder) -> None:
        """Read as ``encoder`` says: its recipe, tokenizer and maximum length."""
        self.encoder = encoder
        self._known: dict[str, list[int]] = {}

    def __call__(self, texts: Sequence[str]) -> list[ReadArticle]:
        """Articles as the model reads them: their beginnings, up to the last whole word that fits."""
        backend: Any = getattr(self.encoder.tokenizer, "backend_tokenizer")  # noqa: B009  # only fast tokenizers have it
        backend.no_truncation()
        backend.no_padding()
        frame = frame_of(backend, pairs=False)
        most = self.encoder.max_length * _CHARACTERS_PER_TOKEN
        found = [[match.span() for match in _WORD.finditer(text[:most])] for text in texts]
        self._learn(backend, {text[a:b] for text, spans in zip(texts, found, strict=True) for a, b in spans})
        return [self._read(frame, text, spans, most) for text, spans in zip(texts, found, strict=True)]

    def _learn(self, backend: Any, words: set[str]) -> None:
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        new = [word for word in words if word not in self._known]
        prepared = [self.encoder.recipe(word) for word in new]
        for word, encoded in zip(new, backend.encode_batch_fast(prepared, add_special_tokens=False), strict=True):
            self._known[word] = encoded.ids

    def _read(self, frame: Frame, text: str, spans: list[tuple[int, int]], most: int) -> ReadArticle:
        room = frame.room(self.encoder.max_length)
        ids: list[int] = []
        kept: list[tuple[int, int]] = []
        places = []
        for start, end in spans:
            pieces = self._known[text[start:end]]
            if len(ids) + len(pieces) > room:
                break
            if pieces:  # marks alone leave nothing
                kept.append((start, end))
                places.append(len(frame.before) + len(ids))
                ids += pieces
        whole = len(text) <= most and bool(spans) and (not kept or kept[-1] == spans[-1])
        read = kept[-1][1] if kept else len(text)
        tokens = len(ids) if whole else round(len(ids) * len(text.rstrip()) / max(1, read))
        encoding = Encoding(*frame.ids(ids), not whole)
        starts = np.array(sentence_starts(text[: read + 1]) or [0])
        numbers = np.searchsorted(starts, [start for start, _ in kept], side="right")
        return ReadArticle(text, kept, numbers.astype(np.int64), np.array(places, dtype=np.int64), encoding, tokens)
