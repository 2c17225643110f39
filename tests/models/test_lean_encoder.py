from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PreTrainedModel,
)

from mujaz import TextClassifier
from mujaz.models.engines.lean_encoder import PackedProduct, PlainProduct, is_lean_kind, lean_copy, packs_weights

KINDS = ["bert", "roberta", "xlm-roberta", "camembert", "electra"]


def tiny(kind: str, auto: Any = AutoModelForSequenceClassification, **settings: Any) -> PreTrainedModel:
    torch.manual_seed(0)
    shape: dict[str, Any] = {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4}
    shape |= {"vocab_size": 100, "intermediate_size": 128, "max_position_embeddings": 40, "num_labels": 3}
    shape |= {"pad_token_id": 0, "initializer_range": 0.2}  # large, so that an error in any layer shows
    config = AutoConfig.for_model(kind, **shape | settings)
    model: PreTrainedModel = auto.from_config(config)
    return model.eval()


def batch(*, padded: bool) -> dict[str, torch.Tensor]:
    ids = torch.randint(5, 99, (4, 20), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    if padded:
        mask[1, 11:], ids[1, 11:], mask[3, 2:], ids[3, 2:] = 0, 0, 0, 0
    return {"input_ids": ids, "attention_mask": mask}


@torch.inference_mode()
def scores(model: PreTrainedModel, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.as_tensor(model(**inputs).logits).float()


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_the_lean_encoder_scores_as_that_of_transformers(kind: str, padded: bool) -> None:
    model, inputs = tiny(kind), batch(padded=padded)
    assert is_lean_kind(model)
    expected = scores(model, inputs)
    torch.testing.assert_close(scores(lean_copy(model, PlainProduct), inputs), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(scores(model, inputs), expected, atol=0, rtol=0)  # and is left as it was


@pytest.mark.parametrize("kind", KINDS)
def test_it_scores_all_tokens_where_all_are_wanted(kind: str) -> None:
    model, inputs = tiny(kind, AutoModelForTokenClassification), batch(padded=True)
    known = inputs["attention_mask"].bool()
    found = scores(lean_copy(model, PlainProduct, all_tokens=True), inputs)
    torch.testing.assert_close(found[known], scores(model, inputs)[known], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_packed_weights_round_as_bfloat16_does(kind: str, padded: bool) -> None:
    exact, inputs = tiny(kind), batch(padded=padded)
    model = copy.deepcopy(exact).to(torch.bfloat16)  # type: ignore[arg-type]
    if not packs_weights(model):
        pytest.skip("this processor or torch does not pack bfloat16 weights")
    reference = scores(exact, inputs)
    rounding = (scores(model, inputs) - reference).abs().max()
    assert (scores(lean_copy(model, PackedProduct), inputs) - reference).abs().max() < 3 * rounding + 0.01


@pytest.mark.parametrize(
    "settings",
    [{"hidden_act": "relu"}, {"is_decoder": True}, {"attn_implementation": "eager"}],
)
def test_what_is_not_quite_bert_is_left_alone(settings: dict[str, Any]) -> None:
    assert not is_lean_kind(tiny("bert", **settings))


def test_an_encoder_of_another_kind_is_left_alone() -> None:
    config = AutoConfig.for_model("distilbert", vocab_size=50, dim=32, n_layers=1, n_heads=2, hidden_dim=64)
    assert not is_lean_kind(AutoModelForSequenceClassification.from_config(config))


def test_float32_is_not_packed(trained: Callable[[str], Path]) -> None:
    exact = TextClassifier.from_pretrained(trained("topic"), device="cpu", precision="float32")
    assert not packs_weights(exact.model)
    assert "packed" not in exact.description


def test_a_classifier_in_bfloat16_packs_and_says_so(trained: Callable[[str], Path]) -> None:
    exact = TextClassifier.from_pretrained(trained("topic"), device="cpu", precision="float32")
    rounded = TextClassifier.from_pretrained(trained("topic"), device="cpu", precision="bfloat16")
    if not packs_weights(rounded.model):
        pytest.skip("this processor or torch does not pack bfloat16 weights")
    assert "bfloat16" in rounded.description
    assert "packed weights" in rounded.description
    texts = ["فاز الفريق في البطولة أمس", "ارتفع سعر سهم الشركة", "سجل اللاعب هدفا"]
    assert abs(rounded.predict_proba(texts) - exact.predict_proba(texts)).max() < 0.02
    assert sum(p.numel() for p in rounded.model.parameters()) == sum(p.numel() for p in exact.model.parameters())
