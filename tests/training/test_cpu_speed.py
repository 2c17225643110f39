from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    MBartConfig,
    MBartForConditionalGeneration,
    PreTrainedModel,
    T5Config,
    T5ForConditionalGeneration,
)

from mujaz import train
from mujaz.configs.loading import check_config
from mujaz.configs.optimization_schema import TrainingConfig
from mujaz.training import cpu_speed
from mujaz.training import train as train_module
from mujaz.training.cpu_speed import ATTENTION, DroppingAttention, QuickDropout, dropped, kept, quick_on_cpu
from mujaz.training.running import run_trainer

TinyConfig = Callable[..., dict[str, Any]]
QUICK = TrainingConfig(precision="bfloat16", device="cpu")


@pytest.mark.parametrize("dropout", [0.1, 0.25, 0.5])
def test_as_many_are_dropped_as_asked_for(dropout: float) -> None:
    torch.manual_seed(0)
    keep, factor = kept(torch.Size([1000, 333]), dropout)
    assert keep.shape == (1000, 333)
    assert set(keep.unique().tolist()) == {-1, 0}
    share, deviation = (keep == 0).double().mean().item(), (dropout * (1 - dropout) / keep.numel()) ** 0.5
    assert abs(share - dropout) < 4 * deviation
    assert factor == pytest.approx(1 / (1 - dropout), abs=2e-5)
    # Neighbours, whose bits come from one draw, are dropped independently of each other.
    gone = (keep == 0).double().flatten()[:332_000].view(-1, 4)
    together = torch.corrcoef(gone.T)
    assert (together - torch.eye(4)).abs().max() < 4 / gone.shape[0] ** 0.5


def test_nothing_is_dropped_at_none() -> None:
    keep, factor = kept(torch.Size([7]), 0.0)
    assert (keep == -1).all()
    assert factor == 1.0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_an_and_of_bits_is_a_product(dtype: torch.dtype) -> None:
    numbers = torch.randn(5, 9, dtype=dtype)
    keep, _ = kept(numbers.shape, 0.4)
    assert torch.equal(dropped(numbers, keep), numbers * (keep != 0))


@pytest.mark.parametrize("at_once", [[3], [2, 1], [1, 1, 1]])
def test_attention_and_its_gradients_are_the_formula(at_once: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the formula in float64, differentiated by torch, with the same draws; rows of the batch in parts."""
    monkeypatch.setattr(cpu_speed, "_WEIGHTS_AT_ONCE", at_once[0] * 3 * 11 * 11)
    torch.manual_seed(1)
    parts = [torch.randn(3, 3, 11, 8).bfloat16().requires_grad_() for _ in range(3)]
    bias = torch.zeros(3, 1, 1, 11, dtype=torch.bfloat16)
    bias[0, :, :, 8:] = torch.finfo(torch.bfloat16).min
    upstream = torch.randn(3, 3, 11, 8).bfloat16()
    state = torch.random.get_rng_state()
    found = DroppingAttention.apply(*parts, bias, 0.4, 0.3)
    found.backward(upstream)

    torch.random.set_rng_state(state)
    draws = [kept(torch.Size([rows, 3, 11, 11]), 0.3) for rows in at_once]
    keep, factor = torch.cat([part for part, _ in draws]), draws[0][1]
    query, key, value = (part.detach().double().requires_grad_() for part in parts)
    weights = torch.softmax(query @ key.transpose(-1, -2) * 0.4 + bias.double(), -1)
    expected = (weights * (keep != 0) * factor) @ value
    expected.backward(upstream.double())
    torch.testing.assert_close(found.double(), expected, atol=0.03, rtol=0.03)
    for part, exact in zip(parts, (query, key, value), strict=True):
        assert part.grad is not None
        torch.testing.assert_close(part.grad.double(), exact.grad, atol=0.04, rtol=0.04)


def _bert(dropout: float) -> BertForSequenceClassification:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    return BertForSequenceClassification(config).train()


def _step(model: PreTrainedModel) -> tuple[float, dict[str, torch.Tensor]]:
    ids = torch.arange(1, 41).view(4, 10)
    mask = torch.ones_like(ids)
    mask[0, 6:] = 0
    labels = torch.tensor([0, 1, 0, 1]) if not model.config.is_encoder_decoder else ids[:, :5].contiguous()
    model.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    loss.backward()
    return loss.item(), {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


def test_without_drops_a_step_is_that_of_torch() -> None:
    """A probability that rounds to none takes the same way through the code, and can be compared with torch's own."""
    model, tiny = _bert(0.0), 1e-9
    loss, gradients = _step(model)
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Dropout) and name.endswith("self.dropout"):
            module.p = tiny
    with quick_on_cpu(model, QUICK):
        assert model.config._attn_implementation == ATTENTION
        again, quick = _step(model)
    assert again == pytest.approx(loss, abs=2e-3)
    assert quick.keys() == gradients.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(quick[name], gradient, atol=2e-3, rtol=0.1)


def test_losses_under_dropout_have_the_mean_and_deviation_of_torch() -> None:
    model = _bert(0.3)
    plain = torch.tensor([_step(model)[0] for _ in range(150)])
    with quick_on_cpu(model, QUICK):
        quick = torch.tensor([_step(model)[0] for _ in range(150)])
    error = (plain.var() / 150 + quick.var() / 150).sqrt()
    assert abs(plain.mean() - quick.mean()) < 4 * error
    assert 0.7 < quick.std() / plain.std() < 1.4


def test_other_architectures_train() -> None:
    sides = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
    mbart = MBartConfig(vocab_size=50, d_model=16, encoder_layers=1, decoder_layers=1, **sides)  # type: ignore[arg-type]
    mbart.attention_dropout = 1e-9
    mbart.dropout = 0.0
    t5 = T5Config(vocab_size=50, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2, dropout_rate=0.0)
    t5.decoder_start_token_id = 0
    for model in (MBartForConditionalGeneration(mbart).train(), T5ForConditionalGeneration(t5).train()):
        loss, _ = _step(model)
        with quick_on_cpu(model, QUICK):
            again, _ = _step(model)
        assert again == pytest.approx(loss, abs=0.02)


def test_it_ends_with_the_training(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    data = tiny_config("topic", topic_file, tmp_path / "run", max_steps=2, precision="bfloat16")
    data["model"]["scratch"]["dropout"] = 0.1
    seen: list[Any] = []
    real = run_trainer

    def spy(trainer: Any, *arguments: Any) -> None:
        modules = [type(module) for module in trainer.model.modules()]
        seen.append((trainer.model.config._attn_implementation, modules.count(QuickDropout)))
        real(trainer, *arguments)
        seen.append(trainer.model)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_module, "run_trainer", spy)
        folder = train(check_config(data, "test")).folder
    (attention, quick), model = seen
    assert attention == ATTENTION
    assert quick > 3
    assert model.config._attn_implementation == "sdpa"
    assert not any(isinstance(module, QuickDropout) for module in model.modules())
    assert ATTENTION not in json.dumps(json.loads((folder / "config.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("settings", [{"precision": "float32"}, {"precision": "bfloat16", "compile": True}])
def test_float32_and_compiled_models_are_left_alone(settings: dict[str, Any]) -> None:
    model = _bert(0.1)
    with quick_on_cpu(model, TrainingConfig(device="cpu", **settings)):
        assert model.config._attn_implementation == "sdpa"
        assert not any(isinstance(module, QuickDropout) for module in model.modules())
