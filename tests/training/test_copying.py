from __future__ import annotations

import pytest
import torch
from transformers import T5Config, T5ForConditionalGeneration

from mujaz.training.copying import prime_copying


def _model(seed: int, heads: int) -> T5ForConditionalGeneration:
    torch.manual_seed(seed)
    return T5ForConditionalGeneration(
        T5Config(
            vocab_size=600,
            d_model=128,
            d_kv=128 // heads,
            d_ff=128,
            num_layers=2,
            num_heads=heads,
            feed_forward_proj="gated-gelu",
        )
    ).eval()


def _copied(model: T5ForConditionalGeneration) -> float:
    """Share of the next tokens that are right when a model is to repeat a stretch from the middle of its input."""
    torch.manual_seed(1)
    source = torch.stack([torch.randperm(500)[:40] + 50 for _ in range(8)])  # (batch, tokens), no token twice
    stretch = source[:, 10:30]
    with torch.no_grad():
        logits = model(input_ids=source, decoder_input_ids=stretch[:, :-1]).logits  # (batch, tokens - 1, vocabulary)
    return float((logits.argmax(-1) == stretch[:, 1:]).float().mean())


@pytest.mark.parametrize("heads", [2, 4])
def test_a_primed_model_copies_before_any_training(heads: int) -> None:
    model = _model(0, heads)
    assert _copied(model) < 0.05
    prime_copying(model, seed=0)
    assert _copied(model) > 0.9


def test_it_stays_an_ordinary_tied_t5_and_is_seeded() -> None:
    first, second = _model(0, 4), _model(0, 4)
    prime_copying(first, seed=3)
    prime_copying(second, seed=3)
    assert first.lm_head.weight is first.shared.weight
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)
        assert one.requires_grad
