"""Beginnings of single documents on disk, cut at sentence ends, each sentence with its rank among the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from mujaz.errors import DataError
from mujaz.models.arabic_words import words
from mujaz.models.beginnings import beginning
from mujaz.models.encoding import CHARACTERS_PER_TOKEN
from mujaz.models.recipes import Recipe
from mujaz.models.sentences import split_sentences
from mujaz.training.metrics.scoring import unigram_f1
from mujaz.training.pretrain_shards import (
    SHARD_TOKENS,
    SPECIAL,
    SPLITS,
    Ids,
    ShardedRows,
    begin_shards,
    chunks,
    write_manifest,
)
from mujaz.training.pretrain_texts import Document

SHORTEST = 8  # tokens of a row: of less there is nothing to tell what is missing by
_ALIKE = 64  # batches among which rows of a length are sought


@dataclass(frozen=True, slots=True)
class Article:
    """A row.

    Attributes:
        ids: Token ids, (tokens,).
        lengths: Tokens of each sentence, (sentences,); together they are all the tokens.
        ranks: Of each sentence, (sentences,): 0 is the principal one.
    """

    ids: Ids
    lengths: Ids
    ranks: Ids


def principal(sentences: Sequence[str]) -> list[int]:
    """The rank of each sentence by its ROUGE-1 F1 against all the others together, 0 the highest; ties in their order.

    The gap sentences of PEGASUS (Zhang et al. 2020, section 3.1), chosen independently and with repeated words counted
    ("Ind-Orig", which was best there), over words that hold Arabic letters.
    """
    counts = [Counter(words(sentence)) for sentence in sentences]
    total: Counter[str] = sum(counts, Counter())
    scores = [unigram_f1(count, total - count) for count in counts]
    best = sorted(range(len(sentences)), key=lambda i: -scores[i])
    return [best.index(i) for i in range(len(sentences))]


def sentences_of(document: Document, recipe: Recipe, characters: int) -> list[str]:
    """The prepared sentences of a document's beginning; those of a column do not run on into the next.

    Args:
        document: With its columns.
        recipe: Applied to each sentence.
        characters: How much of each column is looked at.
    """
    found: list[str] = []
    for raw in document.columns:
        part = beginning(raw, characters)
        sentences = [recipe(sentence.text) for sentence in split_sentences(part)]
        whole = len(part) == len(raw) or len(sentences) == 1  # else the last one is cut somewhere
        found += filter(None, sentences if whole else sentences[:-1])
    return found


class _ArticleShards:
    """Writes rows of any length as shards: tokens, sentences and where each row ends."""

    def __init__(self, folder: Path, name: str, dtype: type[np.unsignedinteger[Any]]) -> None:
        self.folder, self.name, self.dtype = folder, name, dtype
        self.waiting: list[Article] = []
        self.count = 0
        self.rows: list[int] = []

    def add(self, article: Article) -> None:
        self.waiting.append(article)
        self.count += len(article.ids)
        if self.count >= SHARD_TOKENS:
            self.write()

    def write(self) -> None:
        if not self.waiting:
            return
        stem = self.folder / f"{self.name}-{len(self.rows):04d}"
        sentences = [np.stack([a.lengths, a.ranks], axis=1) for a in self.waiting]
        ends = np.cumsum([(len(a.ids), len(a.lengths)) for a in self.waiting], axis=0, dtype=np.int64)
        np.save(f"{stem}.tokens.npy", np.concatenate([a.ids for a in self.waiting]).astype(self.dtype))
        np.save(f"{stem}.sentences.npy", np.concatenate(sentences).astype(np.uint32))  # (sentences, 2): length, rank
        np.save(f"{stem}.rows.npy", ends)  # (rows, 2): where its tokens and its sentences end
        self.rows.append(len(self.waiting))
        self.waiting, self.count = [], 0


def write_article_shards(
    folder: Path,
    documents: Iterable[Document],
    tokenizer: PreTrainedTokenizerBase,
    recipe: Recipe,
    row_length: int,
    fingerprint: str,
) -> None:
    """Tokenize the beginning of each document into a row of at most ``row_length`` tokens; the manifest is written last.

    Args:
        folder: Where to.
        documents: With their columns.
        tokenizer: Without the recipe.
        recipe: Applied to each sentence.
        row_length: Tokens of the longest row, without the special tokens that a collator adds.
        fingerprint: Of all that the shards depend on.

    Raises:
        DataError: no document is long enough to learn from.
    """
    dtype = begin_shards(folder, tokenizer)
    splits = {name: _ArticleShards(folder, name, dtype) for name in SPLITS}
    for chunk in chunks(documents):
        found = [sentences_of(document, recipe, row_length * CHARACTERS_PER_TOKEN) for document in chunk]
        for document, article in zip(chunk, _articles(found, tokenizer, row_length), strict=True):
            if len(article.ids) >= SHORTEST:
                splits["held_out" if document.held_out else "train"].add(article)
    for split in splits.values():
        split.write()
    if not splits["train"].rows:
        raise DataError(f"the text is too short: expected a document of at least {SHORTEST} tokens, found none")
    write_manifest(folder, fingerprint, {name: split.rows for name, split in splits.items()})


def _articles(documents: list[list[str]], tokenizer: PreTrainedTokenizerBase, row_length: int) -> Iterator[Article]:
    """As many whole sentences of each document as fit; a first one that is longer than a row is cut."""
    flat = [sentence for sentences in documents for sentence in sentences]
    # A text that spells a special token out must not be taken for what it stands for.
    marks = {*tokenizer.all_special_ids} - {tokenizer.unk_token_id}
    encoded = tokenizer(flat, add_special_tokens=False, verbose=False)["input_ids"] if flat else []
    ids = iter([[i for i in sentence if i not in marks] for sentence in encoded])
    for sentences in documents:
        tokens = [next(ids) for _ in sentences]
        fit = sum(end <= row_length for end in accumulate(map(len, tokens)))
        kept = tokens[:fit] or [tokens[0][:row_length]] if tokens else []
        both = [(t, s) for t, s in zip(kept, sentences, strict=False) if t]
        yield Article(
            np.array([i for t, _ in both for i in t], dtype=np.int64),
            np.array([len(t) for t, _ in both], dtype=np.int64),
            np.array(principal([s for _, s in both]), dtype=np.int64),
        )


class ArticleRows(ShardedRows):
    """Rows of :func:`write_article_shards`. In a pass, rows that are read together are of about the same length."""

    def __init__(
        self, folder: Path, split: str, length: int | None = None, seed: int | None = None, batch: int = 1
    ) -> None:
        """Open the shards of ``train`` or ``held_out``.

        Args:
            folder: Of :func:`write_article_shards`.
            split: Which of the two.
            length: Rows to be read over all passes; None reads each once.
            seed: Of the order; None reads in order.
            batch: Rows that are read together.
        """
        stems = [path.name.removesuffix(".rows.npy") for path in sorted(folder.glob(f"{split}-*.rows.npy"))]
        self.tokens_of = [np.load(folder / f"{stem}.tokens.npy", mmap_mode="r") for stem in stems]
        self.sentences_of = [np.load(folder / f"{stem}.sentences.npy", mmap_mode="r") for stem in stems]
        # A row of zeros in front, so that each row begins where the one before ends.
        self.row_ends = [np.pad(np.load(folder / f"{stem}.rows.npy"), ((1, 0), (0, 0))) for stem in stems]
        self.lengths = np.concatenate([np.diff(ends[:, 0]) for ends in self.row_ends] or [np.empty(0, dtype=np.int64)])
        self.batch = batch
        super().__init__([len(ends) - 1 for ends in self.row_ends], length, seed)

    def __getitem__(self, index: int) -> tuple[int, Article]:
        """The index, which the collator takes as a seed, and the row."""
        shard, place = self.find(index)
        (token, sentence), (token_end, sentence_end) = self.row_ends[shard][[place - 1, place]]
        sentences = self.sentences_of[shard][sentence:sentence_end]
        return index, Article(self.tokens_of[shard][token:token_end], sentences[:, 0], sentences[:, 1])

    def order(self, number: int) -> NDArray[np.int64]:
        """The order of the rows in one pass: random, but batches are made of rows alike in length out of a large pool."""
        order = super().order(number)
        if self.seed is None or self.batch == 1:
            return order
        pool = self.batch * _ALIKE
        alike = [
            part[self.lengths[part].argsort(kind="stable")] for part in np.split(order, range(pool, len(order), pool))
        ]
        sorted_rows = np.concatenate(alike)
        whole = len(sorted_rows) // self.batch * self.batch
        batches = sorted_rows[:whole].reshape(-1, self.batch)
        shuffled = np.random.default_rng([self.seed, number, 1]).permutation(batches)
        return np.concatenate([shuffled.ravel(), sorted_rows[whole:]])

    def tokens(self, rows: int) -> int:
        """Tokens, special ones included, of so many rows from the first that is read."""
        passes, rest = divmod(rows, self.rows) if self.rows else (0, 0)
        part = self.lengths[self._ordered(passes)[:rest]].sum() if rest else 0
        return int(passes * self.lengths.sum() + part) + rows * SPECIAL
