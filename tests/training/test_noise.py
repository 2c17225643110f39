"""Masked tokens while an encoder is fine-tuned: only while it is trained, and never a special token."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from mujaz.configs.loading import check_config
from mujaz.configs.optimization_schema import TrainingConfig
from mujaz.errors import ConfigError, UsageError
from mujaz.training.noise import noisy
from mujaz.training.train import train
from tests.conftest import TinyConfig


@pytest.fixture
def model() -> BertForSequenceClassification:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=200, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    return BertForSequenceClassification(config)


def test_ordinary_tokens_are_masked_in_training_alone(model: BertForSequenceClassification, bert_folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(bert_folder)
    special = torch.tensor(tokenizer.all_special_ids)
    ids = torch.arange(len(tokenizer)).repeat(400, 1)
    seen: list[torch.Tensor] = []
    model.bert.register_forward_pre_hook(
        lambda _, args, given: seen.append(args[0] if args else given["input_ids"]), with_kwargs=True
    )
    with torch.no_grad(), noisy(model, tokenizer, TrainingConfig(mask_tokens=0.3)):
        model.train()(input_ids=ids)
        model.train()(input_ids=ids)
        model.eval()(input_ids=ids)
    model.train()(input_ids=ids[:1])
    first, second, evaluated, after = seen
    changed = first != ids
    assert (first[changed] == tokenizer.mask_token_id).all()
    assert not changed[:, special].any()
    ordinary = ids.shape[1] - len(special)
    assert changed.sum() / (400 * ordinary) == pytest.approx(0.3, abs=0.02)
    assert (first != second).any()
    assert torch.equal(evaluated, ids)
    assert torch.equal(after, ids[:1])


def test_a_tokenizer_without_a_mask_is_refused(model: BertForSequenceClassification, bert_folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(bert_folder)
    tokenizer.mask_token = None
    with (
        pytest.raises(UsageError, match="wants a tokenizer with a mask token"),
        noisy(model, tokenizer, TrainingConfig(mask_tokens=0.1)),
    ):
        pass


def test_a_training_takes_them(stance_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    losses = {}
    for share in (0.0, 0.9):
        config = tiny_config("stance", stance_file, tmp_path / str(share), mask_tokens=share)
        train(check_config(config, "test"))
        metrics = (tmp_path / str(share) / "metrics.json").read_text(encoding="utf-8")
        losses[share] = metrics
    assert losses[0.0] != losses[0.9]


def test_a_summarizer_has_none(stance_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    with pytest.raises(ConfigError, match="mask_tokens is for labels"):
        check_config(tiny_config("summary", stance_file, tmp_path, mask_tokens=0.1), "test")
