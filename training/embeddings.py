"""Piece embeddings from co-occurrence, before any training; benchmarks/RESULTS.md has what it brings.

The positive pointwise mutual information of pieces that stand near each other, factorized by a truncated singular value
decomposition (Levy and Goldberg, "Neural word embedding as implicit matrix factorization", NIPS 2014), with the smoothed
context distribution and the root of the singular values that Levy, Goldberg and Dagan found best ("Improving distributional
similarity with lessons learned from word embeddings", TACL 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from mujaz.training.pretrain_shards import Ids

WINDOW = 8  # pieces to either side; nearer ones count more, by 1 / distance
SMOOTHING = 0.75  # exponent of the context distribution (Levy, Goldberg and Dagan)
SCALE = 0.05  # standard deviation of the embeddings; random ones have 0.02, as the positions that are added to them
_ROWS = 20_000  # rows counted at once


def co_occurrences(shards: Sequence[Ids], pieces: int, window: int = WINDOW) -> NDArray[np.float32]:
    """How often pieces stand near each other within rows, weighted by 1 / distance.

    Args:
        shards: Token ids, each (rows, row length).
        pieces: Size of the vocabulary.
        window: Largest distance.

    Returns:
        A symmetric matrix (pieces, pieces).
    """
    counts = np.zeros(pieces * pieces, dtype=np.float32)
    for shard in shards:
        for start in range(0, len(shard), _ROWS):
            rows = shard[start : start + _ROWS].astype(np.int64)
            for distance in range(1, min(window, rows.shape[1] - 1) + 1):
                pairs = rows[:, :-distance] * pieces + rows[:, distance:]
                np.add.at(counts, pairs.ravel(), np.float32(1 / distance))
    square = counts.reshape(pieces, pieces)
    square += square.T.copy()
    return square


def piece_embeddings(counts: NDArray[np.float32], width: int, seed: int) -> NDArray[np.float32]:
    """Embeddings (pieces, width) of standard deviation :data:`SCALE`; zeros for pieces that never occur.

    Args:
        counts: Of :func:`co_occurrences`; changed in place.
        width: Of the embeddings, at most the number of pieces.
        seed: Of the randomized decomposition.
    """
    total = float(counts.sum())
    occurring = counts.sum(axis=1)
    context = occurring**SMOOTHING
    context /= max(float(context.sum()), 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        counts /= occurring[:, None]
        counts /= context[None, :]
        np.log(counts, out=counts)
    information = np.nan_to_num(counts, copy=False, nan=0.0, neginf=0.0, posinf=0.0)
    np.maximum(information, 0, out=information)
    if not total:
        return np.zeros((len(counts), width), dtype=np.float32)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        oversampled = min(width + 32, len(counts))
        left, values, _ = torch.svd_lowrank(torch.from_numpy(information), q=oversampled, niter=4)
    vectors: NDArray[np.float32] = (left * values.sqrt())[:, :width].numpy()
    vectors[occurring == 0] = 0  # the decomposition leaves tiny numbers there
    return vectors * np.float32(SCALE / max(float(vectors[occurring > 0].std()), 1e-12))


def prime_embeddings(model: PreTrainedModel, shards: Sequence[Ids], special: Sequence[int], seed: int) -> None:
    """Set the embeddings of a masked language model, and the bias of its head to the pieces' log frequencies; in place.

    Args:
        model: With random weights; its head is tied to the embeddings.
        shards: Token ids, each (rows, row length).
        special: Ids of special tokens, whose embeddings stay as they are.
        seed: Of the randomized decomposition.
    """
    weights: Any = model.get_input_embeddings().weight
    pieces, width = weights.shape
    counts = co_occurrences(shards, pieces)
    counts[list(special), :] = 0
    counts[:, list(special)] = 0
    vectors = piece_embeddings(counts, width, seed)
    ordinary = np.setdiff1d(np.flatnonzero(np.abs(vectors).sum(axis=1)), np.array(special, dtype=np.int64))
    frequency = np.sum([np.bincount(shard.ravel(), minlength=pieces) for shard in shards], axis=0) + 1.0
    head: Any = model.get_output_embeddings()
    with torch.no_grad():
        there = vectors.shape[1]  # fewer than the width where there are fewer pieces; the rest stays random
        weights[ordinary, :there] = torch.from_numpy(vectors[ordinary])
        head.bias.copy_(torch.from_numpy(np.log(frequency / frequency.sum())))
