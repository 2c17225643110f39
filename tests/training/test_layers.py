from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    BertConfig,
    BertForMaskedLM,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    ElectraConfig,
    ElectraForSequenceClassification,
    GPT2Config,
    GPT2ForSequenceClassification,
    MBartConfig,
    MBartForConditionalGeneration,
    ModernBertConfig,
    ModernBertForSequenceClassification,
    MT5Config,
    MT5ForConditionalGeneration,
    PreTrainedModel,
)

from mujaz import train
from mujaz.configs.loading import check_config
from mujaz.errors import ConfigError, UsageError
from mujaz.training import train as train_module
from mujaz.training.job import prepare
from mujaz.training.layers import depth, freeze, rate_factors

TinyConfig = Callable[..., dict[str, Any]]
SMALL: dict[str, Any] = {
    "vocab_size": 40,
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "pad_token_id": 0,
}


@pytest.fixture(scope="module")
def tall_bert(bert_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pretrained encoder with three layers."""
    folder = tmp_path_factory.mktemp("hub") / "tall"
    shutil.copytree(bert_folder, folder)
    (folder / "model.safetensors").unlink()
    torch.manual_seed(1)
    shape = {**SMALL, "vocab_size": len((folder / "vocab.txt").read_text(encoding="utf-8").splitlines())}
    BertForMaskedLM(BertConfig(**shape, max_position_embeddings=24)).save_pretrained(folder)
    return folder


@pytest.fixture
def tall_config(tall_bert: Path, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> TinyConfig:
    """``tall_config(freeze=1)``: settings of the training."""

    def make(**settings: object) -> dict[str, Any]:
        data = tiny_config("topic", topic_file, tmp_path / "run", **settings)
        data["model"] = {"name": str(tall_bert), "recipe": "arabert"}
        return data

    return make


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    return {name.removeprefix("bert."): weight for name, weight in load_file(folder / "model.safetensors").items()}


def test_the_first_step_of_each_layer_is_as_long_as_its_rate(tall_config: TinyConfig, tall_bert: Path) -> None:
    """The first step of Adam moves a weight by the learning rate, whatever its gradient: so the rates can be read off."""
    rate = 1e-3
    settings = {"max_steps": 1, "warmup": 0.0, "weight_decay": 0.0, "learning_rate": rate, "layer_decay": 0.5}
    after = _weights(train(check_config(tall_config(**settings), "test")).folder)
    before = _weights(tall_bert)
    # By hand, three layers: head 1, layer 2 a half, layer 1 a quarter, layer 0 an eighth, embeddings a sixteenth.
    expected = {
        "encoder.layer.2.output.dense.weight": rate / 2,
        "encoder.layer.1.output.dense.weight": rate / 4,
        "encoder.layer.0.output.dense.weight": rate / 8,
        "embeddings.word_embeddings.weight": rate / 16,
        "embeddings.LayerNorm.bias": rate / 16,
    }
    for name, step in expected.items():
        assert (after[name] - before[name]).abs().max().item() == pytest.approx(step, rel=1e-2), name


def test_the_head_learns_at_the_full_rate_and_norms_are_not_decayed(tall_config: TinyConfig) -> None:
    job = prepare(check_config(tall_config(layer_decay=0.5, weight_decay=0.01, learning_rate=1e-3), "test"))
    trainer = train_module.build_trainer(job, progress=False, report=lambda line: None)
    trainer.create_optimizer_and_scheduler(10)
    names = {id(p): n for n, p in job.start.model.named_parameters()}
    assert trainer.optimizer is not None
    seen = {}
    for group in trainer.optimizer.param_groups:
        for parameter in group["params"]:
            seen[names[id(parameter)]] = (group["initial_lr"], group["weight_decay"])
    assert set(seen) == set(names.values())
    assert seen["classifier.weight"] == seen["bert.pooler.dense.weight"] == (1e-3, 0.01)
    assert seen["classifier.bias"] == (1e-3, 0.0)
    assert seen["bert.encoder.layer.1.attention.output.LayerNorm.weight"] == (2.5e-4, 0.0)
    assert trainer.optimizer.param_groups[0]["initial_lr"] == 1e-3  # the one that is logged


@pytest.mark.parametrize(("what", "below"), [("embeddings", 0), (1, 1), (2, 2)])
def test_what_is_frozen_stays_and_the_rest_moves(
    tall_config: TinyConfig, tall_bert: Path, what: str | int, below: int
) -> None:
    config = check_config(tall_config(freeze=what, epochs=1), "test")
    (line,) = [line for line in prepare(config).plan().lines() if line.startswith("trained:")]
    assert "of 0.0 M" in line
    after, before = _weights(train(config).folder), _weights(tall_bert)
    frozen = ["embeddings.", *(f"encoder.layer.{i}." for i in range(below))]
    common = [name for name in after if name in before and "key.bias" not in name]  # their gradient is 0
    assert len(common) > 40
    for name in common:
        assert torch.equal(after[name], before[name]) == name.startswith(tuple(frozen)), name


def _models() -> list[tuple[PreTrainedModel, dict[str, int]]]:
    special = {"bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2}
    mt5 = MT5Config(vocab_size=40, d_model=16, d_kv=8, d_ff=32, num_layers=3, num_heads=2)
    sides = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
    mbart = MBartConfig(vocab_size=40, d_model=16, encoder_layers=3, decoder_layers=2, **sides)  # type: ignore[arg-type]
    distil = DistilBertConfig(vocab_size=40, dim=16, hidden_dim=32, n_layers=3, n_heads=2)
    return [
        (
            ElectraForSequenceClassification(ElectraConfig(**SMALL, embedding_size=8)),
            {"electra.embeddings_project.weight": 0, "electra.encoder.layer.1.output.dense.bias": 2},
        ),
        (
            ModernBertForSequenceClassification(ModernBertConfig(**SMALL, **special)),  # type: ignore[arg-type]
            {"model.embeddings.norm.weight": 0, "model.layers.2.mlp.Wi.weight": 3, "head.dense.weight": 4},
        ),
        (
            DistilBertForSequenceClassification(distil),
            {"distilbert.embeddings.LayerNorm.bias": 0, "distilbert.transformer.layer.0.ffn.lin1.weight": 1},
        ),
        (
            MT5ForConditionalGeneration(mt5),
            {"shared.weight": 0, "encoder.block.1.layer.0.SelfAttention.q.weight": 2, "lm_head.weight": 4}
            | {"decoder.block.0.layer.0.SelfAttention.q.weight": 4},
        ),
        (
            MBartForConditionalGeneration(mbart),
            {"model.shared.weight": 0, "model.encoder.embed_positions.weight": 0}
            | {"model.encoder.layers.2.fc1.weight": 3, "model.decoder.layers.0.fc1.weight": 4},
        ),
    ]


def test_other_architectures() -> None:
    for model, expected in _models():
        names = {name for name, _ in model.named_parameters()}
        assert set(expected) <= names | {"lm_head.weight"}
        assert {name: depth(name, model.config) for name in expected} == expected
        reached = {depth(name, model.config) for name in names}
        assert reached == {0, 1, 2, 3, 4}, model.config.model_type  # no layer is missed
        freeze(model, 1)
        for name, parameter in model.named_parameters():
            assert parameter.requires_grad == (depth(name, model.config) > 1)


def test_rates_of_all_parameters() -> None:
    (electra, _), *_ = _models()
    factors = rate_factors(electra, electra.config, 0.9)
    assert set(factors.values()) == {1.0, 0.9, 0.9**2, 0.9**3, 0.9**4}


def test_an_architecture_that_is_not_known() -> None:
    model = GPT2ForSequenceClassification(GPT2Config(vocab_size=10, n_embd=8, n_layer=1, n_head=1))
    with pytest.raises(UsageError, match="do not know the layers of gpt2: expected one of bert, roberta"):
        freeze(model, "embeddings")


def test_more_layers_than_there_are(tall_config: TinyConfig) -> None:
    with pytest.raises(UsageError, match="at most the model's 3 layers, found 4"):
        prepare(check_config(tall_config(freeze=4), "test"))


@pytest.mark.parametrize(
    ("task", "model", "settings", "message"),
    [
        ("topic", {"name": "arabert", "lora": {}}, {"freeze": 2}, "leave layer_decay and freeze out"),
        ("topic", {"name": "arabert", "lora": {}}, {"layer_decay": 0.9}, "leave layer_decay and freeze out"),
        ("topic", {"scratch": {}}, {"freeze": "embeddings"}, "freeze is for pretrained models"),
        ("summary", {"name": "mt5-small"}, {"layer_decay": 0.9}, "layer_decay is for labels"),
        ("topic", {"name": "arabert"}, {"freeze": "head"}, "expected 'embeddings'.*found 'head'"),
    ],
)
def test_settings_that_contradict(
    task: str, model: dict[str, Any], settings: dict[str, Any], message: str, topic_file: Path
) -> None:
    config = {"task": task, "output": "x", "model": model, "data": {"train": str(topic_file)}, "training": settings}
    with pytest.raises(ConfigError, match=message):
        check_config(config, "test")
