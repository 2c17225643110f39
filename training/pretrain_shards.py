"""Tokenized text on disk, in shards, and rows of it: packed, so that no row has padding."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from mujaz.errors import DataError
from mujaz.training.pretrain_texts import Document

MANIFEST = "manifest.json"
SHARD_TOKENS = 8_000_000
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
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.npy"):
        old.unlink()
    dtype = np.uint16 if len(tokenizer) <= 2**16 else np.uint32
    splits = {name: _Shards(folder, name, row_length, dtype) for name in ("train", "held_out")}
    for chunk in _chunks(documents):
        batch = tokenizer([d.text for d in chunk], add_special_tokens=False)["input_ids"]
        for document, ids in zip(chunk, batch, strict=True):
            splits["held_out" if document.held_out else "train"].add([*ids, separator])
    for split in splits.values():
        split.write()
    if not splits["train"].rows:
        raise DataError(f"the text is too short: expected at least {row_length} tokens, found {splits['train'].count}")
    manifest = {"fingerprint": fingerprint, **{name: split.rows for name, split in splits.items()}}
    (folder / MANIFEST).write_text(json.dumps(manifest) + "\n", encoding="utf-8")


def shards_are_there(folder: Path, fingerprint: str) -> bool:
    """Whether the shards were written to their end, from the same settings."""
    try:
        return bool(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["fingerprint"] == fingerprint)
    except (OSError, ValueError, KeyError):
        return False


def _chunks(documents: Iterable[Document]) -> Iterator[list[Document]]:
    chunk: list[Document] = []
    for document in documents:
        chunk.append(document)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


class PackedRows:
    """Rows of shards, as the Trainer reads them in sequence: each pass over the rows in another order.

    What stands at an index depends on the seed and the index alone, so a resumed training reads on as if nothing had been.

    Attributes:
        rows: Rows on disk.
    """

    def __init__(self, folder: Path, split: str, length: int | None = None, seed: int | None = None) -> None:
        """Open the shards of ``train`` or ``held_out``.

        Args:
            folder: Of :func:`write_shards`.
            split: Which of the two.
            length: Rows to be read over all passes; None reads each once.
            seed: Of the order; None reads in order.
        """
        self.shards = [np.load(path, mmap_mode="r") for path in sorted(folder.glob(f"{split}-*.npy"))]
        self.ends = np.cumsum([len(shard) for shard in self.shards])
        self.rows = int(self.ends[-1]) if self.shards else 0
        self.length = self.rows if length is None else length
        self.seed = seed

    def __len__(self) -> int:
        """Rows to be read over all passes."""
        return self.length

    def __getitem__(self, index: int) -> tuple[int, Ids]:
        """The index, which the collator takes as a seed, and the token ids (row length,)."""
        if not 0 <= index < self.length:
            raise IndexError(index)
        number, place = divmod(index, self.rows)
        row = place if self.seed is None else int(_order(self.rows, self.seed, number)[place])
        shard = int(np.searchsorted(self.ends, row, side="right"))
        return index, self.shards[shard][row - int(self.ends[shard])]


@lru_cache(maxsize=2)
def _order(rows: int, seed: int, number: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, number]).permutation(rows)
