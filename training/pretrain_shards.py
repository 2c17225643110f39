"""Tokenized text on disk, in shards, and rows of it: packed, so that no row has padding.

What is common to rows of all kinds is here too: :class:`ShardedRows`, and the manifest that is written last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from mujaz.errors import DataError
from mujaz.training.pretrain_texts import Document

MANIFEST = "manifest.json"
SPLITS = ("train", "held_out")
SHARD_TOKENS = 8_000_000
SPECIAL = 2  # tokens around a row: [CLS] and [SEP], or <s> and </s>
_CHUNK = 500  # documents tokenized at once

Ids = NDArray[np.integer[Any]]


class _Shards:
    """Writes one stream of tokens as shards of whole rows."""

    def __init__(self, folder: Path, name: str, row_length: int, dtype: type[np.unsignedinteger[Any]]) -> None:
        self.folder, self.name, self.row_length, self.dtype = folder, name, row_length, dtype
        self.waiting: list[Ids] = []
        self.count = 0
        self.rows: list[int] = []

    def add(self, ids: list[int]) -> None:
        self.waiting.append(np.array(ids, dtype=self.dtype))
        self.count += len(ids)
        if self.count >= SHARD_TOKENS:
            self.write()

    def write(self) -> None:
        stream = np.concatenate(self.waiting) if self.waiting else np.empty(0, dtype=self.dtype)
        rows = len(stream) // self.row_length
        end = rows * self.row_length
        self.waiting, self.count = [stream[end:]], len(stream) - end  # what fills no row waits for the next document
        if rows:
            np.save(self.folder / f"{self.name}-{len(self.rows):04d}.npy", stream[:end].reshape(rows, self.row_length))
            self.rows.append(rows)


def write_shards(
    folder: Path,
    documents: Iterable[Document],
    tokenizer: PreTrainedTokenizerBase,
    separator: int,
    row_length: int,
    fingerprint: str,
) -> None:
    """Tokenize documents into ``train-*.npy`` and ``held_out-*.npy``, rows of token ids; the manifest is written last.

    Args:
        folder: Where to.
        documents: Prepared texts.
        tokenizer: Without the recipe.
        separator: Token id that follows every document.
        row_length: Tokens of a row, without the special tokens that a collator may add.
        fingerprint: Of all that the shards depend on; see :func:`shards_are_there`.

    Raises:
        DataError: the text does not fill a single row.
    """
    dtype = begin_shards(folder, tokenizer)
    splits = {name: _Shards(folder, name, row_length, dtype) for name in SPLITS}
    spelled = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}  # "[MASK]" in a text is none
    for chunk in chunks(documents):
        batch = tokenizer([d.text for d in chunk], add_special_tokens=False, verbose=False)["input_ids"]
        for document, ids in zip(chunk, batch, strict=True):
            plain = [one for one in ids if one not in spelled]
            splits["held_out" if document.held_out else "train"].add([*plain, separator])
    for split in splits.values():
        split.write()
    if not splits["train"].rows:
        raise DataError(f"the text is too short: expected at least {row_length} tokens, found {splits['train'].count}")
    write_manifest(folder, fingerprint, {name: split.rows for name, split in splits.items()})


def begin_shards(folder: Path, tokenizer: PreTrainedTokenizerBase) -> type[np.unsignedinteger[Any]]:
    """Make the folder, clear it of other shards, and say what number holds a token id."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.npy"):
        old.unlink()
    return np.uint16 if len(tokenizer) <= 2**16 else np.uint32


def write_manifest(folder: Path, fingerprint: str, rows: dict[str, list[int]]) -> None:
    """Say that the shards are complete.

    Args:
        folder: Of the shards.
        fingerprint: Of all that they depend on.
        rows: Of each shard, by split.
    """
    (folder / MANIFEST).write_text(json.dumps({"fingerprint": fingerprint, **rows}) + "\n", encoding="utf-8")


def shards_are_there(folder: Path, fingerprint: str) -> bool:
    """Whether the shards were written to their end, from the same settings."""
    try:
        return bool(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["fingerprint"] == fingerprint)
    except (OSError, ValueError, KeyError):
        return False


def chunks(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """As many documents as are tokenized at once."""
    chunk: list[Document] = []
    for document in documents:
        chunk.append(document)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


class ShardedRows:
    """Rows of shards, as the Trainer reads them in sequence: each pass over the rows in another order.

    What stands at an index depends on the seed and the index alone, so a resumed training reads on as if nothing had been.

    Attributes:
        rows: Rows on disk.
    """

    def __init__(self, shards: Sequence[int], length: int | None = None, seed: int | None = None) -> None:
        """Put shards one behind the other.

        Args:
            shards: Rows of each.
            length: Rows to be read over all passes; None reads each once.
            seed: Of the order; None reads in order.
        """
        self.ends = np.cumsum(shards, dtype=np.int64)
        self.rows = int(self.ends[-1]) if len(shards) else 0
        self.length = self.rows if length is None else length
        self.seed = seed
        self._ordered = lru_cache(maxsize=2)(self.order)

    def __len__(self) -> int:
        """Rows to be read over all passes."""
        return self.length

    def order(self, number: int) -> NDArray[np.int64]:
        """The order of the rows in one pass, (rows,)."""
        if self.seed is None:
            return np.arange(self.rows)
        return np.random.default_rng([self.seed, number]).permutation(self.rows)

    def find(self, index: int) -> tuple[int, int]:
        """The shard that the row at an index is in, and its place there."""
        if not 0 <= index < self.length:
            raise IndexError(index)
        number, place = divmod(index, self.rows)
        row = int(self._ordered(number)[place])
        shard = int(np.searchsorted(self.ends, row, side="right"))
        return shard, row - int(self.ends[shard])  # counted from the end of the shard

    def tokens(self, rows: int) -> int:
        """Tokens, special ones included, of so many rows from the first that is read; of ``self.rows``: all on disk."""
        raise NotImplementedError


class PackedRows(ShardedRows):
    """Rows of :func:`write_shards`, all of one length."""

    def __init__(self, folder: Path, split: str, length: int | None = None, seed: int | None = None) -> None:
        """Open the shards of ``train`` or ``held_out``; length and seed are those of :class:`ShardedRows`."""
        self.shards = [np.load(path, mmap_mode="r") for path in sorted(folder.glob(f"{split}-*.npy"))]
        super().__init__([len(shard) for shard in self.shards], length, seed)

    def __getitem__(self, index: int) -> tuple[int, Ids]:
        """The index, which the collator takes as a seed, and the token ids (row length,)."""
        shard, place = self.find(index)
        return index, self.shards[shard][place]

    def tokens(self, rows: int) -> int:
        """Tokens, special ones included, of so many rows."""
        return rows * (self.shards[0].shape[1] + SPECIAL) if self.shards else 0
