"""Words to guess: whole words of packed rows are masked, others each time a row is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from mujaz.configs.pretrain_schema import MaskingConfig
from mujaz.training.encoded import IGNORED
from mujaz.training.pretrain_shards import Ids
from mujaz.training.sampled_pieces import PieceSample


def word_starts(tokenizer: PreTrainedTokenizerBase) -> NDArray[np.bool_]:
    """For each token id, whether a word begins with it: all but the pieces that WordPiece marks with ``##``."""
    pieces = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    return np.array([not (piece.startswith("##") and len(piece) > 2) for piece in pieces])


def choose_words(
    starts: NDArray[np.bool_], allowed: NDArray[np.bool_], share: float, chance: np.random.Generator
) -> NDArray[np.int64]:
    """Draw whole words of each row until ``share`` of its tokens are drawn; a word that would go beyond is left.

    Args:
        starts: Whether a word begins at a token, shape (rows, tokens). Every token that is not ``allowed`` is a start.
        allowed: Whether a token may be drawn, (rows, tokens).
        share: Of the allowed tokens of a row.
        chance: Where the draws come from.

    Returns:
        The number of its word for each token drawn, else -1, (rows, tokens).
    """
    words = starts.cumsum(axis=1)  # number of the word that a token belongs to
    keys = np.take_along_axis(chance.random((len(starts), starts.shape[1] + 1)), words, axis=1)
    keys[~allowed] = 2.0  # last, and beyond any budget
    order = keys.argsort(axis=1, kind="stable")  # a word's tokens stand together
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(order.shape[1])[None, :], axis=1)
    last = np.zeros((len(starts), starts.shape[1] + 1), dtype=rank.dtype)  # the rank of each word's last token
    np.maximum.at(last, (np.arange(len(starts))[:, None], words), rank)
    budget = np.maximum(share * allowed.sum(axis=1, keepdims=True), 1)
    drawn = (np.take_along_axis(last, words, axis=1) < budget) & allowed
    return np.where(drawn, words, -1)


@dataclass(frozen=True)
class MaskWords:
    """A collator: packed rows to inputs with masked words, and labels.

    Positions begin at 0 in half of the rows and anywhere in the others, so that all positions of the model are trained
    on rows that are shorter than it can read.

    Attributes:
        tokenizer: Knows the special tokens.
        config: How much is masked.
        max_positions: Positions of the model.
        seed: Same seed and same rows, same masks.
        shift: Whether positions may begin elsewhere than at 0.
        sample: Draws pieces that guesses are scored against; None: against all.
    """

    tokenizer: PreTrainedTokenizerBase
    config: MaskingConfig
    max_positions: int
    seed: int
    shift: bool = True
    sample: PieceSample | None = None

    def __call__(self, rows: Sequence[tuple[int, Ids]]) -> dict[str, torch.Tensor]:
        """input_ids, position_ids and labels, each (rows, row length + 2): [CLS] before, [SEP] after each row.

        With a sample also ``drawn``, the ids of its pieces.
        """
        chance = np.random.default_rng([self.seed, rows[0][0]])
        tokenizer = self.tokenizer
        ids = np.stack([row for _, row in rows]).astype(np.int64)
        ends = np.ones((len(ids), 1), dtype=np.int64)
        ids = np.concatenate([ends * tokenizer.cls_token_id, ids, ends * tokenizer.sep_token_id], axis=1)
        special = np.isin(ids, tokenizer.all_special_ids)
        starts = self._starts[ids] | special
        starts[:, 1] = True  # a row may begin inside a word
        starts[:, 1:] |= special[:, :-1]
        words = choose_words(starts, ~special, self.config.share, chance)
        shown = self._shown(ids, words, chance)
        labels = np.where(words >= 0, ids, IGNORED)
        offsets = self._offsets(len(ids), ids.shape[1], chance)
        positions = offsets[:, None] + np.arange(ids.shape[1])[None, :]
        arrays = {"input_ids": shown, "position_ids": positions, "labels": labels}
        batch = {name: torch.from_numpy(array) for name, array in arrays.items()}
        return batch if self.sample is None else batch | {"drawn": self.sample.draw(chance)}

    @cached_property
    def _starts(self) -> NDArray[np.bool_]:
        return word_starts(self.tokenizer)

    @cached_property
    def _ordinary(self) -> NDArray[np.int64]:
        return np.setdiff1d(np.arange(len(self.tokenizer)), self.tokenizer.all_special_ids)

    def _shown(self, ids: Ids, words: NDArray[np.int64], chance: np.random.Generator) -> Ids:
        """What stands in place of the drawn words: [MASK], random pieces or the word itself, the same for a whole word."""
        fate = chance.random((len(ids), ids.shape[1] + 2))
        fate = np.take_along_axis(fate, words + 1, axis=1)
        drawn = words >= 0
        masked = drawn & (fate >= self.config.kept + self.config.replaced)
        replaced = drawn & (fate >= self.config.kept) & ~masked
        shown = np.where(masked, self.tokenizer.mask_token_id, ids)
        return np.where(replaced, chance.choice(self._ordinary, size=ids.shape), shown)

    def _offsets(self, rows: int, length: int, chance: np.random.Generator) -> NDArray[np.int64]:
        room = self.max_positions - length
        anywhere = chance.integers(0, room + 1, size=rows)
        return np.where(chance.random(rows) < 0.5, anywhere, 0) if self.shift else np.zeros(rows, dtype=np.int64)
