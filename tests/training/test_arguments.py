from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
import torch
from accelerate.state import AcceleratorState
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import BertConfig, BertForSequenceClassification, Trainer

from mujaz.configs.loading import check_config
from mujaz.configs.pretrain_schema import PretrainConfig
from mujaz.errors import ConfigError
from mujaz.training import pretrain_trainer
from mujaz.training.arguments import training_arguments
from mujaz.training.job import prepare
from mujaz.training.train import build_trainer
from tests.conftest import TinyConfig, write_jsonl


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that seems to have two, for as long as nothing is computed on them."""
    seen: dict[str, Any] = {"is_available": True, "device_count": 2, "set_device": None, "is_bf16_supported": False}
    for name, value in seen.items():
        monkeypatch.setattr(torch.cuda, name, lambda *_, value=value, **__: value)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def _bert() -> BertForSequenceClassification:
    return BertForSequenceClassification(
        BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    )


@pytest.mark.usefixtures("two_gpus")
def test_a_process_trains_on_one_gpu_of_several(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    config = check_config(tiny_config("topic", topic_file, tmp_path / "run", device="auto"), "test")
    arguments = training_arguments(config, tmp_path, 64, 16, _bert())
    assert (arguments.device.type, arguments.n_gpu) == ("cuda", 1)
    assert arguments.train_batch_size == config.training.batch_size


@pytest.mark.usefixtures("two_gpus")
def test_so_does_a_pretraining(topic_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = MagicMock()
    monkeypatch.setattr(pretrain_trainer, "MaskedWordsTrainer", built)
    data = {"train": str(topic_file)}
    config = PretrainConfig.model_validate(
        {"output": str(tmp_path / "run"), "objective": "masked-words", "model": {}, "data": data}
    )
    rows: Any = [0]
    pretrain_trainer.build_pretrainer(config, _bert(), rows, rows, dict, 10, progress=False, report=print)
    assert built.call_args.kwargs["args"].n_gpu == 1


def test_another_gpu_is_shown_by_the_environment(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    with pytest.raises(ConfigError, match=r"training.*found cuda:1. Set the variable CUDA_VISIBLE_DEVICES=1"):
        check_config(tiny_config("topic", topic_file, tmp_path / "run", device="cuda:1"), "test")
    check_config(tiny_config("topic", topic_file, tmp_path / "run", device="cuda:0"), "test")


def test_smoothing_of_several_labels_is_not_called_off(tmp_path: Path, tiny_config: TinyConfig) -> None:
    """It is in the loss of ours, which the Trainer's own setting has no part in."""
    rows: list[dict[str, object]] = [{"text": f"نص رقم {i}", "label": ["ab"[i % 2], "c"]} for i in range(24)]
    file = write_jsonl(tmp_path / "d.jsonl", rows)
    settings = tiny_config("topic", file, tmp_path / "run", label_smoothing=0.2)
    job = prepare(check_config(settings, "test"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer: Trainer = build_trainer(job, progress=False, report=print)
    job.start.model.eval()
    batch = trainer.data_collator([job.train[i] for i in range(4)])
    with torch.no_grad():
        logits = job.start.model(**{name: one for name, one in batch.items() if name != "labels"}).logits
        loss: Any = trainer.compute_loss(job.start.model, {**batch})
    smoothed = batch["labels"] * 0.8 + 0.1
    assert float(loss) == pytest.approx(float(binary_cross_entropy_with_logits(logits, smoothed)), rel=1e-5)
