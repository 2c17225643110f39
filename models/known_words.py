"""Token ids of words that were met before, for BERT's tokenizer, which takes each word by itself.

Most words of a corpus come again and again. Here a batch of texts is cut into words by numpy, all words are looked up at
once by Arrow, and the tokenizer is asked for new ones alone. Both let go of Python's lock as they work. The ids are those
that the tokenizer gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import Sequence as Normalizers
from tokenizers.pre_tokenizers import BertPreTokenizer, CharDelimiterSplit

MOST_WORDS = 1 << 17  # kept, about 6 MB; then those of the last batch alone
_WORDS_AT_ONCE = 1000  # new ones that the tokenizer is given as one text
_CONTINUES = "##"  # what pieces begin with that do not begin a word
_WORD, _MARK, _SPACE, _UNSEEN = range(4)  # kinds of characters

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TokenizedTexts:
    """A batch of texts.

    Attributes:
        ids: Token ids of all texts, one text behind the other, shape (tokens,).
        words: In which character each word starts, counted over all texts with one between two, shape (words,).
        tokens: How many tokens stand before each word, and how many there are, shape (words + 1,).
        starts: In which character each text starts, and the next one would, shape (texts + 1,).
    """

    ids: NDArray[np.int32]
    words: Numbers
    tokens: Numbers
    starts: Numbers

    def ids_of_texts(self) -> list[list[int]]:
        """Token ids of each text."""
        bounds = self.tokens[np.searchsorted(self.words, self.starts)].tolist()
        return [self.ids[begin:end].tolist() for begin, end in pairwise(bounds)]

    def places(self, text: int, characters: Sequence[int]) -> list[int] | None:
        """How many tokens of a text stand before characters; None where one of these does not begin a word."""
        start = self.starts[text]
        wanted = start + np.array(characters, dtype=np.int64)
        at = np.searchsorted(self.words, wanted)
        if len(at) and (at[-1] == len(self.words) or not np.array_equal(self.words[at], wanted)):
            return None
        found: list[int] = (self.tokens[at] - self.tokens[np.searchsorted(self.words, start)]).tolist()
        return found


@dataclass(frozen=True, slots=True)
class _Known:
    """Words and their ids.

    Attributes:
        words: Arrow's binary array of UTF-32.
        ids: Of all words, one behind the other.
        begins: Where each word's stand among them.
        counts: How many each has.
    """

    words: Any
    ids: NDArray[np.int32]
    begins: Numbers
    counts: Numbers

    def with_new(self, words: Any, ids: NDArray[np.int32], counts: Numbers) -> _Known:
        import pyarrow as pa

        begins = len(self.ids) + np.cumsum(counts) - counts
        return _Known(
            pa.concat_arrays([self.words, words]),
            np.concatenate([self.ids, ids]),
            np.concatenate([self.begins, begins]),
            np.concatenate([self.counts, counts]),
        )

    def only(self, which: Numbers) -> _Known:
        import pyarrow as pa

        counts = self.counts[which]
        return _Known(self.words.take(pa.array(which)), self.of(which), np.cumsum(counts) - counts, counts)

    def of(self, which: Numbers) -> NDArray[np.int32]:
        counts = self.counts[which]
        ends = np.cumsum(counts)
        shifts = self.begins[which] - (ends - counts)
        found: NDArray[np.int32] = self.ids[np.repeat(shifts, counts) + np.arange(ends[-1] if len(ends) else 0)]
        return found


class KnownWords:
    """Tokenizes texts by looking words up, where :func:`can_know_words`. Threads may share it."""

    def __init__(self, backend: Any) -> None:
        """Know no words yet."""
        import pyarrow as pa

        vocabulary = backend.get_vocab(with_added_tokens=False)
        self.tokenizer = backend
        self._size = backend.get_vocab_size()
        self._added = tuple(token.content for token in backend.get_added_tokens_decoder().values() if token.content)
        self._signs = frozenset(content[0] for content in self._added)
        self._begins_word = np.ones(max(vocabulary.values()) + 1, dtype=bool)
        for piece, number in vocabulary.items():
            self._begins_word[number] = not piece.startswith(_CONTINUES)
        self._kinds = np.full(0x110000, _UNSEEN, dtype=np.uint8)
        self._cutter = backend.pre_tokenizer
        self._alone = Tokenizer(backend.model)
        self._alone.pre_tokenizer = CharDelimiterSplit(" ")
        nothing = np.zeros(0, dtype=np.int64)
        # Replaced as a whole: of two threads at once one may lose the words that it added, and no more.
        self._known = _Known(pa.array([], pa.binary()), nothing.astype(np.int32), nothing, nothing)

    def serves(self, backend: Any) -> bool:
        """Whether it was made for this tokenizer as it is."""
        return self.tokenizer is backend and self._size == backend.get_vocab_size()

    def reads(self, text: str) -> bool:
        """Whether a text is words alone: no added token, which may reach over several, stands in it."""
        return not any(sign in text for sign in self._signs) or not any(token in text for token in self._added)

    def __len__(self) -> int:
        """Words that are known."""
        return len(self._known.words)

    def __call__(self, texts: Sequence[str]) -> TokenizedTexts:
        """Tokenize texts that it :meth:`reads`, without special tokens."""
        units = np.frombuffer(" ".join(texts).encode("utf-32-le"), dtype=np.uint32)
        starts = np.cumsum([0, *(len(text) + 1 for text in texts)])
        places, words = self._cut(units)
        known, which = self._looked_up(words)
        tokens = np.concatenate([[0], np.cumsum(known.counts[which])])
        return TokenizedTexts(known.of(which), places, tokens, starts)

    def _cut(self, units: NDArray[np.uint32]) -> tuple[Numbers, Any]:
        """Where words start, and the words: what stands between spaces, marks by themselves."""
        import pyarrow as pa

        kinds = self._kinds[units]
        if (kinds == _UNSEEN).any():
            self._ask_for(np.unique(units[kinds == _UNSEEN]).tolist())
            kinds = self._kinds[units]
        solid = kinds != _SPACE
        first = kinds == _MARK
        first[:1] |= solid[:1]
        first[1:] |= solid[1:] & (kinds[:-1] != _WORD)
        places = np.flatnonzero(first)
        written = units[solid]
        edges = np.empty(len(places) + 1, dtype=np.int32)
        edges[:-1], edges[-1] = np.flatnonzero(first[solid]), len(written)
        edges *= units.itemsize
        buffers = [None, pa.py_buffer(edges), pa.py_buffer(written)]
        return places, pa.Array.from_buffers(pa.binary(), len(places), buffers)

    def _ask_for(self, characters: list[int]) -> None:
        """What the tokenizer does with characters between two letters: leaves them, drops them, or sets them apart."""
        kinds = {1: _WORD, 2: _SPACE, 3: _MARK}
        for character in characters:
            parts = self._cutter.pre_tokenize_str(f"ا{chr(character)}ا")
            self._kinds[character] = kinds[len(parts)]

    def _looked_up(self, words: Any) -> tuple[_Known, Numbers]:
        """All words that are known now, and which of them these are."""
        import pyarrow.compute as pc

        known = self._known
        found = pc.index_in(words, value_set=known.words)
        new = words.filter(found.is_null()).dictionary_encode()
        which: Numbers = found.fill_null(0).to_numpy().astype(np.int64)
        if len(new):
            which[found.is_null().to_numpy(zero_copy_only=False)] = len(known.words) + new.indices.to_numpy()
            known = known.with_new(new.dictionary, *self._tokenized(new.dictionary))
        full = len(known.words) > MOST_WORDS
        self._known = known.only(np.flatnonzero(np.bincount(which))) if full else known
        return known, which

    def _tokenized(self, words: Any) -> tuple[NDArray[np.int32], Numbers]:
        """Ids of words, and how many each has."""
        found = self._alone.encode_batch_fast(list(_joined(words)), add_special_tokens=False)
        ids = np.concatenate([np.array(one.ids, dtype=np.int32) for one in found])
        begins = np.flatnonzero(self._begins_word[ids])
        if len(begins) != len(words):  # would give words the ids of others
            raise ValueError(f"expected the ids of {len(words)} words, found those of {len(begins)}")
        return ids, np.diff(np.append(begins, len(ids)))


def _joined(words: Any) -> Iterator[str]:
    """Words with a space between two, some at a time."""
    _, edges, written = words.buffers()
    units = np.frombuffer(written, dtype=np.uint32)
    places = np.frombuffer(edges, dtype=np.int32)[: len(words) + 1] // units.itemsize
    for start in range(0, len(words), _WORDS_AT_ONCE):
        some = places[start : start + _WORDS_AT_ONCE + 1]
        spaced = np.insert(units[some[0] : some[-1]], some[1:-1] - some[0], ord(" "))
        yield spaced.tobytes().decode("utf-32-le")


def can_know_words(backend: Any) -> bool:
    """Whether a tokenizer takes each word by itself and tells by its pieces where one begins: BERT's, with no normalizer."""
    model, normalizer = backend.model, backend.normalizer
    return (
        isinstance(model, WordPiece)
        and model.continuing_subword_prefix == _CONTINUES
        and not model.unk_token.startswith(_CONTINUES)
        and isinstance(backend.pre_tokenizer, BertPreTokenizer)
        and (normalizer is None or (isinstance(normalizer, Normalizers) and len(normalizer) == 0))
    )
