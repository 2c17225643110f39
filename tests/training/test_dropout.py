"""A dropout of 0 makes training mode compute what evaluation computes; of 0.5, something else each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForSequenceClassification,
    MBartConfig,
    MBartForConditionalGeneration,
    ModernBertConfig,
    ModernBertForSequenceClassification,
    PreTrainedModel,
    T5Config,
    T5ForConditionalGeneration,
)

from mujaz.training.dropout import set_dropout

_BART: dict[str, Any] = {
    "vocab_size": 40,
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 16,
    "decoder_ffn_dim": 16,
    "attention_dropout": 0.2,
}
_BERT: dict[str, Any] = {
    "vocab_size": 40,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
}

MODELS: list[Callable[[], PreTrainedModel]] = [
    lambda: BertForSequenceClassification(BertConfig(**_BERT)),
    lambda: ModernBertForSequenceClassification(ModernBertConfig(**_BERT, mlp_dropout=0.2, pad_token_id=0)),
    lambda: T5ForConditionalGeneration(T5Config(vocab_size=40, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)),
    lambda: MBartForConditionalGeneration(MBartConfig(**_BART)),
    lambda: BartForConditionalGeneration(BartConfig(**_BART)),
]


@pytest.mark.parametrize("make", MODELS)
def test_dropout_of_every_kind_of_model(make: Callable[[], PreTrainedModel]) -> None:
    torch.manual_seed(0)
    model = make()
    given = {"input_ids": torch.randint(5, 40, (3, 12))}
    if model.config.is_encoder_decoder:
        given["decoder_input_ids"] = given["input_ids"]

    def logits() -> torch.Tensor:
        with torch.no_grad():
            return torch.as_tensor(model(**given).logits)

    expected = model.eval() and logits()
    model.train()
    set_dropout(model, 0.5)
    assert not torch.allclose(logits(), logits())
    set_dropout(model, 0.0)
    torch.testing.assert_close(logits(), expected)
    own = ("dropout", "dropout_rate", "hidden_dropout_prob", "attention_dropout")
    assert {getattr(model.config, name, 0.0) for name in own} == {0.0}  # saved with it
