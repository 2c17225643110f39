"""Text to token ids: recipe, tokenizer and truncation as one object that training and inference both call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from mujaz.configs.schema import PairConfig
from mujaz.errors import UsageError
from mujaz.models.articles import clean_article
from mujaz.models.batching import rounded
from mujaz.models.beginnings import beginning
from mujaz.models.known_words import KnownWords, can_know_words
from mujaz.models.recipes import Changes, Prepared, Recipe, Tally
from mujaz.models.sentence_tokens import sentence_tokens
from mujaz.models.turns import turn
from mujaz.models.window_places import Frame, cut, frame_of, pick, within
from mujaz.models.windows import LongText

# Far above what Arabic takes (3 to 5); it only decides how much is tokenized at first.
CHARACTERS_PER_TOKEN = 8
# As much as it takes: the beginning of a text that is to be cut. Two in a hundred texts of SANAD need more.
_MOST_CHARACTERS_PER_TOKEN = 5
_COUNTED = 1000  # texts whose tokens are counted at once, so that not all of them are held


@dataclass(frozen=True, slots=True)
class Encoding:
    """One text (or text and target) as the model reads it.

    Attributes:
        input_ids: Token ids, special tokens included.
        token_type_ids: 0 for the first segment, 1 for the second.
        truncated: Whether tokens beyond the maximum length were dropped.
    """

    input_ids: list[int]
    token_type_ids: list[int]
    truncated: bool


@dataclass(frozen=True, slots=True)
class Document:
    """A text of any length as a model reads it.

    Attributes:
        windows: One where the text fits, else several.
        tokens: Of the text, special tokens not counted. Where a long text is cut, its end is not tokenized, nor is what
            lies far behind all windows: then they are estimated from its length.
        dropped: How many of them stand in no window.
        changes: What the recipe did to as much of the text as was prepared.
    """

    windows: tuple[Encoding, ...]
    tokens: int
    dropped: int
    changes: Changes


@dataclass(frozen=True, slots=True)
class _Read:
    """What was prepared and tokenized of a text: all of it, or its beginning.

    Attributes:
        prepared: That part.
        ids: Its token ids.
        starts: Where its sentences start among them, where it is longer than the model reads and not to be cut.
        tokens: Of the whole text; estimated where only its beginning was tokenized.
    """

    prepared: Prepared
    ids: list[int]
    starts: list[int]
    tokens: int


_NOTHING = _Read(Prepared("", Changes()), [], [], 0)


@dataclass(frozen=True)
class TextEncoder:
    """Prepares and tokenizes text for one model.

    Attributes:
        tokenizer: A fast tokenizer, without the recipe: :meth:`prepare` runs it.
        recipe: What happens to a text before the tokenizer.
        max_length: Longest input in tokens, special tokens included.
        clean_article: Whether dateline, byline and page leftovers are stripped first.
        long: What :meth:`documents` does with a text that is longer than the model reads.
        pair: How a text and its target are put together.
        prefix: What stands before each text that a sequence-to-sequence model reads (``"summarize: "``); the recipe
            prepares it by itself, and it is no part of the text: nothing is cut off it, and no summary is checked by it.
    """

    tokenizer: PreTrainedTokenizerBase
    recipe: Recipe
    max_length: int
    clean_article: bool = False
    long: LongText = field(default_factory=LongText)
    pair: PairConfig = field(default_factory=PairConfig)
    prefix: str = ""

    def __post_init__(self) -> None:
        """See that a text has room.

        Raises:
            UsageError: the special tokens of a text and its target, or the prefix, leave less than a token for each.
        """
        least = self.tokenizer.num_special_tokens_to_add(pair=True) + len(self.prefix_ids) + 2
        if self.max_length < least:
            raise UsageError(
                f"max_length {self.max_length}: expected at least {least} tokens, most of them special ones."
                + (f" The prefix takes {len(self.prefix_ids)}." if self.prefix else "")
            )

    def prepare(self, text: str) -> str:
        """A text as the tokenizer gets it."""
        return self.recipe(clean_article(text) if self.clean_article else text)

    @property
    def prefix_ids(self) -> list[int]:
        """The token ids of the prefix, by itself."""
        if not self.prefix:
            return []
        with turn(self.tokenizer):
            ids: list[int] = self.tokenizer(self.recipe(self.prefix), add_special_tokens=False)["input_ids"]
        return ids

    def _as_read(self, text: str) -> str:
        """A text as the tokenizer gets it, behind the prefix."""
        if not self.prefix:
            return self.prepare(text)
        # Recipes take spaces off both ends: the one that the prefix has there stays.
        return self.recipe(self.prefix).rstrip() + self.prefix[len(self.prefix.rstrip()) :] + self.prepare(text)

    def prepare_target(self, target: str) -> str:
        """A target as the tokenizer gets it, in the words of its template."""
        return self.recipe(self.pair.words(target))

    @property
    def target_first(self) -> bool:
        """Whether the target is the first of the two segments."""
        return self.pair.order == "target_first"

    def __call__(self, texts: Sequence[str], targets: Sequence[str] | None = None) -> list[Encoding]:
        """Encode texts, each with its target as another segment where there are targets.

        The text is what is cut where both do not fit; a target is cut only where it alone takes over half the length.

        Args:
            texts: Raw texts.
            targets: Raw targets, as many as texts, or None.

        Returns:
            One encoding a text, in order.
        """
        prepared = [self._as_read(text) for text in texts]
        pairs = None if targets is None else [self._short_target(self.prepare_target(target)) for target in targets]
        beginnings = [self._beginning(text) for text in prepared]
        encodings = self._encode(beginnings, pairs)
        # A beginning that overflows gives the ids of the whole text; the few that do not are encoded whole.
        short = [i for i, e in enumerate(encodings) if not e.truncated and len(beginnings[i]) < len(prepared[i])]
        whole = self._encode([prepared[i] for i in short], None if pairs is None else [pairs[i] for i in short])
        for i, encoding in zip(short, whole, strict=True):
            encodings[i] = encoding
        return encodings

    def lengths(self, texts: Sequence[str], targets: Sequence[str] | None = None, *, clean: bool = True) -> list[int]:
        """Tokens of each text with its prefix and target, special tokens included, before anything is cut.

        Args:
            texts: Raw texts.
            targets: Raw targets, as many as texts, or None.
            clean: Strip page leftovers first where this encoder does, and count the prefix; not for summaries.
        """
        found: list[int] = []
        for start in range(0, len(texts), _COUNTED):
            chunk = texts[start : start + _COUNTED]
            prepared = [self._as_read(text) if clean else self.recipe(text) for text in chunk]
            pairs = None if targets is None else [self.prepare_target(one) for one in targets[start : start + _COUNTED]]
            with turn(self.tokenizer):
                batch = self.tokenizer(prepared, pairs, truncation=False, verbose=False, return_attention_mask=False)
            found += map(len, batch["input_ids"])
        return found

    def _encode(self, texts: list[str], pairs: list[str] | None) -> list[Encoding]:
        if not texts:
            return []
        first, second = (pairs, texts) if pairs is not None and self.target_first else (texts, pairs)
        cut_text: Any = "longest_first" if pairs is None else "only_second" if self.target_first else "only_first"
        with turn(self.tokenizer):
            batch = self.tokenizer(first, second, truncation=cut_text, max_length=self.max_length)
        return [Encoding(e.ids, e.type_ids, bool(e.overflowing)) for e in batch.encodings or []]

    def _beginning(self, text: str) -> str:
        """As much of a text as fills the model many times over: the tokenizer would read all of it, to throw it away."""
        limit = self.max_length * CHARACTERS_PER_TOKEN
        if len(text) <= limit:
            return text
        end = text.rfind(" ", 0, limit)  # words are tokenized apart, so a cut between words changes no id before it
        return text if end < 0 else text[:end]

    def documents(self, texts: Sequence[str], targets: Sequence[str] | None = None) -> list[Document]:
        """Encode texts of any length, in windows where they do not fit; a target is repeated with each window.

        Args:
            texts: Raw texts.
            targets: Raw targets, as many as texts, or None.

        Returns:
            One document a text, in order. A text that fits is encoded as by calling the encoder.
        """
        with turn(self.tokenizer):
            return self._documents(texts, targets)

    def _documents(self, texts: Sequence[str], targets: Sequence[str] | None) -> list[Document]:
        backend: Any = getattr(self.tokenizer, "backend_tokenizer")  # noqa: B009  # only fast tokenizers have it
        backend.no_truncation()
        backend.no_padding()
        frame = frame_of(backend, pairs=targets is not None)
        ends: list[list[int] | None] = [None] * len(texts)
        if targets is not None:
            short = [self._short_target(self.prepare_target(target)) for target in targets]
            ends = [e.ids for e in backend.encode_batch_fast(short, add_special_tokens=False)]
        room = min((frame.room(self.max_length, len(end or ())) for end in ends), default=0)
        return [self._document(frame, *each) for each in zip(self._read(backend, texts, room), ends, strict=True)]

    def _document(self, frame: Frame, read: _Read, target: list[int] | None) -> Document:
        ids, tokens, changes = read.ids, read.tokens, read.prepared.changes
        room = frame.room(self.max_length, len(target or ()))
        if len(ids) <= room:  # more of it, where much of what was looked at is no text
            left = tokens - len(ids)
            return Document((Encoding(*self._framed(frame, ids, target), truncated=left > 0),), tokens, left, changes)
        windows = self._windows(read, room)
        framed = [self._framed(frame, ids[begin:end], target) for begin, end in windows]
        seen = sum(end - max(begin, last) for (begin, end), (_, last) in zip(windows, [(0, 0), *windows], strict=False))
        dropped = tokens - seen
        return Document(tuple(Encoding(*pair, truncated=dropped > 0) for pair in framed), tokens, dropped, changes)

    def _read(self, backend: Any, texts: Sequence[str], room: int) -> list[_Read]:
        """Prepare and tokenize texts; where they are to be cut, only as much of each as fills the model.

        Sentences are looked for in those that take more than ``room`` tokens.
        """
        raws = [self._within_reach(text) for text in texts]
        cuts = self.long.policy == "truncate" and self.recipe.local
        read: list[_Read] = [_NOTHING] * len(raws)
        left, length = list(range(len(raws))), self.max_length * _MOST_CHARACTERS_PER_TOKEN
        while left:
            parts = [beginning(raws[i], length) if cuts else raws[i] for i in left]
            prepared, shares = zip(*(self._prepared(part) for part in parts), strict=True)
            asked = None if self.long.policy == "truncate" else room
            found = sentence_tokens(backend, [one.text for one in prepared], asked, self._known_words(backend))
            short = []
            for i, part, one, share, (ids, starts) in zip(left, parts, prepared, shares, found, strict=True):
                if len(part) < len(raws[i]) and len(ids) <= self.max_length:
                    short.append(i)
                    continue
                behind = max(1.0, len(texts[i]) / (2 * self.reach))  # times what was taken of it
                read[i] = _Read(one, ids, starts, round(len(ids) * len(raws[i]) / max(1, len(part)) * behind / share))
            left, length = short, 2 * length
        return read

    def _known_words(self, backend: Any) -> KnownWords | None:
        """The words that texts had so far, where the tokenizer takes each by itself."""
        known: KnownWords | None = self.__dict__.get("_known")
        if known is None or not known.serves(backend):
            known = KnownWords(backend) if can_know_words(backend) else None
            self.__dict__["_known"] = known  # no field: it changes nothing that an encoder is or says
        return known

    def _framed(self, frame: Frame, text: list[int], target: list[int] | None) -> tuple[list[int], list[int]]:
        return frame.ids(target, text) if target is not None and self.target_first else frame.ids(text, target)

    def _windows(self, read: _Read, room: int) -> list[tuple[int, int]]:
        if self.long.policy == "truncate":
            return [(0, room)]
        windows = cut(len(read.ids), room, read.starts, int(room * self.long.overlap))
        return pick(windows, self.long.pooling, self.long.max_windows)

    @property
    def reach(self) -> int:
        """Characters of a prepared text that windows can reach: a document of 50 MB is not tokenized to its end."""
        return self.max_length * CHARACTERS_PER_TOKEN * max(self.long.max_windows, 2 * self._reads_end)

    @property
    def _reads_end(self) -> bool:
        """Whether a window is the last of the text, however long that is."""
        return self.long.policy == "windows" and self.long.pooling == "first+last"

    def _within_reach(self, text: str) -> str:
        raw = within(text, 2 * self.reach, both_ends=self._reads_end)  # a recipe seldom halves a text
        return clean_article(raw) if self.clean_article else raw

    def _prepared(self, raw: str) -> tuple[Prepared, float]:
        """A text prepared, as far as windows reach, and which share of it that is."""
        prepared = self.recipe.prepare(raw)
        text = within(prepared.text, self.reach, both_ends=self._reads_end)
        return Prepared(text, prepared.changes), len(text) / len(prepared.text) if text else 1.0

    def labels(self, summaries: Sequence[str], max_length: int) -> list[list[int]]:
        """Reference summaries as decoder token ids, cut to ``max_length``; prepared by the recipe, never stripped."""
        prepared = [self.recipe(summary) for summary in summaries]
        # verbose: that a summary is longer than an article may be is no fault, and it is cut.
        with turn(self.tokenizer):
            batch = self.tokenizer(text_target=prepared, truncation=True, max_length=max_length, verbose=False)
        ids: list[list[int]] = batch["input_ids"]
        return ids

    def tally(self, texts: Sequence[str]) -> Tally:
        """What preparing these texts changes in them, added up."""
        tally = Tally()
        for text in texts:
            tally.add(self.recipe.prepare(text).changes)
        return tally

    def _short_target(self, target: str) -> str:
        longest = self.max_length // 2
        if len(target.encode()) <= longest:  # a token has at least one byte
            return target
        with turn(self.tokenizer):
            batch = self.tokenizer(target, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        offsets = batch["offset_mapping"]
        if len(offsets) <= longest:
            return target
        return target[: min(offsets[longest - 1][1], offsets[longest][0])]  # tokens of bytes may share a letter


def padded_batch(
    encodings: Sequence[Encoding], pad_token_id: int, *, token_types: bool, step: int = 1, most: int = 0
) -> dict[str, torch.Tensor]:
    """Encodings as tensors of shape (batch, longest), padded on the right.

    Args:
        encodings: The batch.
        pad_token_id: What to pad ``input_ids`` with.
        token_types: Whether the model takes ``token_type_ids``.
        step: The longest is rounded up to a multiple of it.
        most: But not beyond this length, where it is given.
    """
    lengths = np.array([len(e.input_ids) for e in encodings])
    longest = int(lengths.max())
    width = rounded(longest, step)
    mask = np.arange(max(longest, min(width, most)) if most else width) < lengths[:, None]
    batch = {
        "input_ids": _spread([e.input_ids for e in encodings], mask, pad_token_id),
        "attention_mask": torch.from_numpy(mask.astype(np.int64)),
    }
    if token_types:
        batch["token_type_ids"] = _spread([e.token_type_ids for e in encodings], mask, 0)
    return batch


def _spread(rows: Sequence[Sequence[int]], mask: NDArray[np.bool_], fill: int) -> torch.Tensor:
    """Rows of different lengths as a tensor: their values where the mask is true, ``fill`` elsewhere."""
    spread = np.full(mask.shape, fill, dtype=np.int64)
    spread[mask] = np.fromiter(chain.from_iterable(rows), np.int64, mask.sum())
    return torch.from_numpy(spread)
