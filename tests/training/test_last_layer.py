"""The last layer where pieces are guessed alone: the numbers and gradients of the whole layer."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import BertConfig, BertModel

from mujaz.training.last_layer import hidden_at


@pytest.fixture
def bert() -> BertModel:
    torch.manual_seed(2)
    shape: dict[str, Any] = {
        "hidden_size": 24,
        "num_hidden_layers": 3,
        "num_attention_heads": 3,
        "intermediate_size": 40,
    }
    return BertModel(BertConfig(vocab_size=50, **shape), add_pooling_layer=False).double()


@pytest.fixture
def rows() -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Rows of which different numbers of pieces are guessed, of one none, of another all."""
    torch.manual_seed(4)
    ids = torch.randint(5, 50, (5, 12))
    wanted = torch.rand(5, 12) < torch.tensor([[0.2], [0.5], [0.0], [1.1], [0.3]])
    return {"input_ids": ids, "position_ids": torch.arange(12)[None] + torch.tensor([[0], [3], [7], [0], [1]])}, wanted


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_it_is_the_layer_at_those_places(
    bert: BertModel, rows: tuple[dict[str, torch.Tensor], torch.Tensor], attention: str
) -> None:
    inputs, wanted = rows
    assert wanted.sum(dim=1).tolist()[2:4] == [0, 12]
    bert.set_attn_implementation(attention)
    bert.eval()
    ours = hidden_at(bert, inputs, wanted)
    plain = bert(**inputs).last_hidden_state[wanted]
    torch.testing.assert_close(ours, plain)
    into = torch.randn_like(plain)
    weights = list(bert.parameters())
    gradients = [torch.autograd.grad((hidden * into).sum(), weights, allow_unused=True) for hidden in (ours, plain)]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_the_layer_is_put_back(bert: BertModel, rows: tuple[dict[str, torch.Tensor], torch.Tensor]) -> None:
    inputs, wanted = rows
    hidden_at(bert, inputs, wanted)
    assert bert(**inputs).last_hidden_state.shape == (5, 12, 24)
    with pytest.raises(IndexError):
        hidden_at(bert, {**inputs, "input_ids": inputs["input_ids"] + 99}, wanted)
    assert bert(**inputs).last_hidden_state.shape == (5, 12, 24)


def test_dropout_is_that_of_the_layer(bert: BertModel, rows: tuple[dict[str, torch.Tensor], torch.Tensor]) -> None:
    """While training, the same model gives other numbers each time, as the whole layer does."""
    inputs, wanted = rows
    bert.train()
    first, second = (hidden_at(bert, inputs, wanted) for _ in range(2))
    assert not torch.allclose(first, second)
    bert.encoder.layer[-1].eval()
    for module in (bert.embeddings, *bert.encoder.layer[:-1]):
        module.eval()
    torch.testing.assert_close(hidden_at(bert, inputs, wanted), hidden_at(bert, inputs, wanted))
