"""Heads that look at the words beside a word: where they look, at any shape; and what depends on order is learnt sooner."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import BertConfig, BertForMaskedLM

from mujaz.training.neighbours import OFFSETS, prime_neighbours

PIECES, MASK = 40, 1


def _model(primed: bool, layers: int = 2, heads: int = 4, width: int = 64) -> BertForMaskedLM:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=PIECES,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=2 * width,
        max_position_embeddings=64,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model = BertForMaskedLM(config)
    model.set_attn_implementation("eager")  # tells where heads look
    if primed:
        prime_neighbours(model, seed=0)
    return model


@pytest.mark.parametrize(("layers", "heads", "width"), [(2, 4, 128), (1, 2, 64), (3, 8, 256), (2, 4, 132)])
@pytest.mark.parametrize("start", [0, 30])
def test_heads_look_where_they_should(layers: int, heads: int, width: int, start: int) -> None:
    """At positions that a training may not have reached yet, too."""
    model = _model(True, layers, heads, width).eval()
    ids = torch.randint(2, PIECES, (6, 20), generator=torch.Generator().manual_seed(1))
    places = torch.arange(20)
    found: Any = model.bert(ids, position_ids=(places + start)[None].expand_as(ids), output_attentions=True).attentions
    for weights, offsets in zip(found, OFFSETS, strict=False):
        for head, offset in enumerate(offsets[:heads]):
            inside = places[(places + offset >= 0) & (places + offset < 20)]
            assert weights[:, head, inside, inside + offset].mean() > 0.5, (head, offset)


@pytest.mark.parametrize(("heads", "width"), [(1, 64), (2, 64), (1, 8), (8, 8), (3, 33), (1, 65)])
def test_words_keep_their_room_at_any_shape(heads: int, width: int) -> None:
    plain, primed = (_model(primed, 2, heads, width).bert.embeddings.word_embeddings.weight for primed in (False, True))
    assert primed.norm() > 0.7 * plain.norm()
    assert all(one.isfinite().all() for one in _model(True, 2, heads, width).parameters())


def _loss(model: BertForMaskedLM, chance: torch.Generator, after: torch.Tensor) -> torch.Tensor:
    """Of a sixth of the tokens, in rows in which each token says which one comes next."""
    rows = [torch.randint(2, PIECES, (16,), generator=chance)]
    for _ in range(19):
        rows.append(after[rows[-1]])
    ids = torch.stack(rows, dim=1)
    masked = torch.rand(ids.shape, generator=chance) < 1 / 6
    return cross_entropy(model(ids.masked_fill(masked, MASK)).logits[masked], ids[masked])


def _learnt(primed: bool, steps: int = 100) -> float:
    model = _model(primed)
    chance = torch.Generator().manual_seed(2)
    after = torch.cat([torch.zeros(2, dtype=torch.long), 2 + torch.randperm(PIECES - 2, generator=chance)])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        _loss(model, chance, after).backward()
        optimizer.step()
    with torch.no_grad():
        return sum(float(_loss(model, chance, after)) for _ in range(10)) / 10


def test_what_the_word_before_tells_is_learnt_sooner() -> None:
    """Where guessing by frequency costs log(38) = 3.6, and nothing but the order of the words tells more."""
    assert _learnt(True) < 0.5 * _learnt(False)


def test_it_is_the_same_architecture_and_the_same_every_time() -> None:
    plain, primed, again = _model(False), _model(True), _model(True)
    assert plain.config.to_dict() == primed.config.to_dict()
    assert {name: one.shape for name, one in plain.state_dict().items()} == {
        name: one.shape for name, one in primed.state_dict().items()
    }
    assert all(torch.equal(one, again.state_dict()[name]) for name, one in primed.state_dict().items())
