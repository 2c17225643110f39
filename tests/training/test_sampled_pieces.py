"""Guesses scored against a sample: without bias, exact where all pieces are in it, drawn as often as it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional
from transformers import BertConfig, BertForMaskedLM

from mujaz.training.sampled_pieces import PieceSample, piece_counts

PIECES = 60
SPECIAL = [0, 1]


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    """Few frequent pieces, many rare ones, and the last not at all."""
    counts = (3000 / np.arange(1, PIECES + 1)).astype(np.int64)
    counts[-1] = 0
    return counts


@pytest.fixture(scope="module")
def model() -> BertForMaskedLM:
    torch.manual_seed(3)
    shape: dict[str, Any] = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
    }
    model = BertForMaskedLM(BertConfig(vocab_size=PIECES, initializer_range=0.7, **shape))
    torch.nn.init.normal_(model.cls.predictions.bias)
    return model


def _guesses(counts: np.ndarray, seed: int, number: int) -> torch.Tensor:
    shares = counts.astype(float)
    shares[SPECIAL] = 0
    return torch.from_numpy(np.random.default_rng(seed).choice(PIECES, size=number, p=shares / shares.sum()))


def test_a_sample_of_everything_gives_the_exact_loss_and_gradients(counts: np.ndarray, model: BertForMaskedLM) -> None:
    sample = PieceSample(counts, 200_000, SPECIAL)
    drawn = sample.draw(np.random.default_rng(0))
    assert set(drawn.tolist()) == set(range(PIECES))
    torch.manual_seed(0)
    hidden, right = torch.randn(9, 16), _guesses(counts, 1, 9)
    losses = [
        sample.nats(model.cls, hidden, right, drawn).sum(),
        functional.cross_entropy(model.cls(hidden), right, reduction="sum"),
    ]
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-4, atol=1e-4)
    weights = list(model.cls.parameters())
    for ours, plain in zip(*(torch.autograd.grad(loss, weights) for loss in losses), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-3, atol=1e-3)


def test_the_sum_over_all_pieces_is_estimated_without_bias(counts: np.ndarray, model: BertForMaskedLM) -> None:
    """Over many steps the mean of the estimated sums is the sum, whatever else is guessed."""
    sample = PieceSample(counts, 50, SPECIAL)
    torch.manual_seed(1)
    hidden, right = torch.randn(1, 16), torch.tensor([30, 31, 31, 58])
    with torch.no_grad():
        scores = model.cls(hidden)[0]
        estimates = []
        for step in range(5000):
            drawn = sample.draw(np.random.default_rng([7, step]))
            nats = sample.nats(model.cls, hidden.expand(len(right), -1), right, drawn)
            estimates.append((nats + scores[right]).exp())
    expected = scores.exp().sum().expand(len(right))
    torch.testing.assert_close(torch.stack(estimates).mean(dim=0), expected, rtol=0.02, atol=0)


def test_pieces_come_as_often_as_it_says(counts: np.ndarray) -> None:
    sample = PieceSample(counts, 25, SPECIAL)
    steps = [sample.draw(np.random.default_rng([1, step])).tolist() for step in range(4000)]
    assert all(len(set(step)) == len(step) for step in steps)
    seen = np.array([sum(piece in step for step in steps) for piece in range(PIECES)]) / len(steps)
    expected = sample.inclusion(torch.arange(PIECES)).numpy()
    assert seen[SPECIAL].tolist() == expected[SPECIAL].tolist() == [1, 1]
    np.testing.assert_allclose(seen, expected, atol=0.03)


def test_counts_are_those_of_all_shards() -> None:
    shards = [np.array([[1, 2], [2, 3]], dtype=np.uint16), np.array([[3, 3]], dtype=np.uint16)]
    assert piece_counts(shards, 6).tolist() == [0, 1, 2, 3, 0, 0]
