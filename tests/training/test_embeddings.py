"""Embeddings from co-occurrence: counted right, near for pieces of like company, a better start for masked words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from mujaz.configs.schema import ScratchConfig
from mujaz.training.embeddings import SCALE, co_occurrences, piece_embeddings, prime_embeddings
from mujaz.training.scratch import new_masked_lm, train_wordpiece

PIECES = 12


def _shards() -> list[np.ndarray]:
    """Rows over pieces 2 to 6, and rows over pieces 7 to 11; 0 and 1 never occur."""
    chance = np.random.default_rng(0)
    return [
        np.concatenate([chance.integers(2, 7, (30, 10)), chance.integers(7, 12, (30, 10))]).astype(np.uint16)
        for _ in range(2)
    ]


def test_counts_are_those_of_a_plain_loop() -> None:
    expected = np.zeros((PIECES, PIECES))
    for shard in _shards():
        for row in shard.tolist():
            for i, a in enumerate(row):
                for j, b in enumerate(row):
                    if 0 < abs(i - j) <= 3:
                        expected[a, b] += 1 / abs(i - j)
    np.testing.assert_allclose(co_occurrences(_shards(), PIECES, 3), expected, rtol=1e-4)


def test_pieces_of_like_company_are_near() -> None:
    vectors = piece_embeddings(co_occurrences(_shards(), PIECES), 4, seed=0)
    assert not vectors[:2].any()
    assert vectors[2:].std() == pytest.approx(SCALE, rel=1e-4)
    unit = vectors[2:] / np.linalg.norm(vectors[2:], axis=1, keepdims=True)
    near = unit @ unit.T
    assert near[:5, :5].mean() > near[:5, 5:].mean() + 0.3


def test_same_seed_same_embeddings_and_the_global_seed_is_left_alone() -> None:
    torch.manual_seed(7)
    undisturbed = torch.rand(1)
    torch.manual_seed(7)
    a, b = (piece_embeddings(co_occurrences(_shards(), PIECES), 4, seed=3) for _ in range(2))
    assert torch.equal(torch.rand(1), undisturbed)
    np.testing.assert_array_equal(a, b)


def test_a_model_starts_from_them() -> None:
    tokenizer = train_wordpiece(["ا ب ت ث ج"], 60)
    shape = ScratchConfig(vocab_size=60, hidden_size=8, layers=1, heads=2, intermediate_size=16)
    model = new_masked_lm(shape, tokenizer, 16, seed=0)
    embeddings: Any = model.get_input_embeddings()
    before = embeddings.weight.detach().clone()
    words = tokenizer("ا ب ت ث ج", add_special_tokens=False)["input_ids"]
    shard = np.random.default_rng(0).choice(words[:4], (50, 9), p=[0.4, 0.3, 0.2, 0.1]).astype(np.uint16)
    prime_embeddings(model, [shard], tokenizer.all_special_ids, seed=0)
    weights = embeddings.weight.detach()
    changed = (weights != before).any(dim=1).nonzero().flatten().tolist()
    assert changed
    assert set(changed) <= set(words[:4])  # neither special tokens nor pieces that never occur
    head: Any = model.get_output_embeddings()
    assert head.weight is embeddings.weight
    chances = torch.softmax(head.bias, dim=0)
    np.testing.assert_allclose(chances[words[:4]].detach(), [0.4, 0.3, 0.2, 0.1], atol=0.1)


def test_a_model_wider_than_its_vocabulary_is_large_starts_from_them_in_part() -> None:
    tokenizer = train_wordpiece(["ا ب ت ث ج"], 60)
    shape = ScratchConfig(vocab_size=60, hidden_size=96, layers=1, heads=2, intermediate_size=16)
    model = new_masked_lm(shape, tokenizer, 16, seed=0)
    weights: Any = model.get_input_embeddings().weight
    before, pieces = weights.detach().clone(), len(weights)
    assert pieces < 96
    words = tokenizer("ا ب ت ث ج", add_special_tokens=False)["input_ids"]
    shard = np.random.default_rng(0).choice(words, (50, 9)).astype(np.uint16)
    prime_embeddings(model, [shard], tokenizer.all_special_ids, seed=0)
    changed = (weights.detach() != before)[words]
    assert changed[:, :pieces].any(dim=1).all()
    assert not changed[:, pieces:].any()
