from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertForSequenceClassification

from mujaz import TextClassifier, train
from mujaz.configs.loading import check_config
from mujaz.configs.optimization_schema import TrainingConfig
from mujaz.errors import ConfigError, TrainingError, UsageError
from mujaz.training import memory as memory_module
from mujaz.training.job import prepare
from mujaz.training.memory import PeakMemory, _container_limit, _largest, activation_memory, free_memory

TinyConfig = Callable[..., dict[str, Any]]
AUTO: dict[str, Any] = {"batch_size": "auto", "effective_batch_size": 8}


def test_the_peak_is_counted_by_hand() -> None:
    with PeakMemory() as memory:
        first = torch.zeros(1000)  # 4,000 bytes
        second = first + 1  # 4,000 more
        view = second[:10].view(2, 5)
        second.add_(1)
        assert memory.now == memory.peak == 8000
        del first
        assert memory.now == 4000
        third = torch.zeros(500, dtype=torch.float64)  # 4,000
        assert (memory.now, memory.peak) == (8000, 8000)
        del second
        assert memory.now == 8000  # the view still holds it
        del view, third
    assert (memory.now, memory.peak) == (0, 8000)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_activations_grow_in_a_straight_line(checkpointing: bool) -> None:
    torch.manual_seed(0)
    config = BertConfig(vocab_size=50, hidden_size=32, num_hidden_layers=4, num_attention_heads=2, intermediate_size=64)
    model = BertForSequenceClassification(config).train()
    settings = TrainingConfig(precision="float32", device="cpu", activation_checkpointing=checkpointing)

    def batch(rows: int) -> dict[str, torch.Tensor]:
        ids = torch.randint(0, 50, (rows, 64))
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": torch.zeros(rows, dtype=torch.long)}

    state = torch.random.get_rng_state()
    ids = batch(1)["input_ids"]
    torch.random.set_rng_state(state)
    one, two, eight = (activation_memory(model, batch(rows), settings) for rows in (1, 2, 8))
    assert eight == pytest.approx(one + 7 * (two - one), rel=0.05)
    kept = 4 * 64 * 32 * 4  # the input of each of four layers, float32
    assert two - one > kept
    torch.random.set_rng_state(state)
    assert torch.equal(batch(1)["input_ids"], ids)
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    if checkpointing:
        model.activation_checkpointing_disable()
        plain = TrainingConfig(precision="float32", device="cpu")
        assert two - one < 0.6 * (activation_memory(model, batch(2), plain) - activation_memory(model, batch(1), plain))


def test_the_largest_part_of_the_batch_that_fits() -> None:
    free = 1000
    assert _largest(12, 100, 100, free).rows == 6  # 0.7 of 1,000 holds 100 + 6 x 100
    assert (_largest(12, 100, 100, free).accumulation, _largest(12, 100, 100, free).bytes) == (2, 700)
    assert _largest(10, 100, 100, free).rows == 5  # 6 does not divide 10
    assert _largest(4, 0, 1, free).rows == 4
    with pytest.raises(TrainingError, match="not even one row.*max_length.*activation_checkpointing"):
        _largest(4, 650, 100, free)


def test_auto_trains_like_the_whole_batch(
    topic_file: Path, tmp_path: Path, tiny_config: TinyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    auto = check_config(tiny_config("topic", topic_file, tmp_path / "auto", epochs=2, **AUTO), "test")
    needed = prepare(auto).fit
    assert needed is not None
    assert needed.rows == 8  # a tiny model: all of it fits
    assert any("batch: 8 rows at once, 8 an update, 0.0" in line for line in prepare(auto).plan().lines())
    monkeypatch.setattr(memory_module, "free_memory", lambda device: needed.bytes)  # less the share: not all fits
    lines: list[str] = []
    parts = train(auto, report=lines.append)
    assert any(line.startswith(("batch: 4 rows at once, 8 an", "batch: 2 rows at once, 8 an")) for line in lines)
    whole = train(check_config(tiny_config("topic", topic_file, tmp_path / "whole", epochs=2), "test"))
    assert parts.steps == whole.steps
    a, b = (TextClassifier.from_pretrained(r.folder, device="cpu", precision="float32") for r in (parts, whole))
    np.testing.assert_allclose(a.logits(["فاز الفريق", "سهم"]), b.logits(["فاز الفريق", "سهم"]), atol=1e-3)


def test_a_resumed_run_keeps_its_batch(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    config = check_config(tiny_config("topic", topic_file, tmp_path / "run", **AUTO), "test")
    job = prepare(config)
    checkpoint = tmp_path / "checkpoint-5"
    job.start.encoder.tokenizer.save_pretrained(checkpoint)
    (checkpoint / "trainer_state.json").write_text(json.dumps({"train_batch_size": 2}), encoding="utf-8")
    again = prepare(config, checkpoint)
    assert again.fit is not None
    assert (again.fit.rows, again.fit.accumulation) == (2, 4)
    assert again.config.training.rows_at_once == 2
    assert again.fit.line() == "batch: 2 rows at once, 8 an update"


def test_several_processes_share_an_update(
    topic_file: Path, tmp_path: Path, tiny_config: TinyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = check_config(tiny_config("topic", topic_file, tmp_path / "run", **AUTO), "test")
    monkeypatch.setattr(memory_module, "count", lambda: 2)
    fit = prepare(config).fit
    assert fit is not None
    assert (fit.rows, fit.accumulation) == (4, 1)
    assert fit.line().startswith("batch: 4 rows at once in each of 2 processes, 8 an update")
    monkeypatch.setattr(memory_module, "count", lambda: 3)
    with pytest.raises(UsageError, match="expected a multiple of the 3 processes, found 8"):
        prepare(config)


def test_summaries_are_measured_too(
    mt5_folder: Path, summary_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    data = tiny_config("summary", summary_file, tmp_path / "run", max_steps=1, **AUTO)
    data["model"] = {"name": str(mt5_folder), "max_length": 48, "lora": {"rank": 2}}
    job = prepare(check_config(data, "test"))
    assert job.fit is not None
    assert job.fit.bytes > 8 * 48 * 16 * 4  # rows, tokens, width, float32: the embeddings alone


def test_copies_of_the_start_are_counted(
    trained: Callable[[str], Path], topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    """Both settings hold one beside the model while it is trained."""

    def needed(**settings: float) -> int:
        config = tiny_config("topic", topic_file, tmp_path / "run", **AUTO, **settings)
        config["model"] = {"name": str(trained("topic"))}
        job = prepare(check_config(config, "test"))
        assert job.fit is not None
        assert job.fit.rows == 8
        return job.fit.bytes

    weights = load_file(trained("topic") / "model.safetensors").values()
    copy = sum(one.nbytes for one in weights)
    plain = needed()
    assert needed(keep_of_start=0.5) == needed(without_forgetting=0.5) == plain + copy
    assert needed(keep_of_start=0.5, without_forgetting=0.5) == plain + 2 * copy


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": "auto"}, "go together"),
        ({"effective_batch_size": 8}, "go together"),
        ({**AUTO, "gradient_accumulation": 2}, "leave that out"),
    ],
)
def test_settings_that_contradict(
    settings: dict[str, Any], message: str, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    data = tiny_config("topic", topic_file, tmp_path / "run")
    data["training"] = {**settings}
    with pytest.raises(ConfigError, match=message):
        check_config(data, "test")


def test_a_container_may_have_less_than_the_machine(tmp_path: Path) -> None:
    assert _container_limit(tmp_path) is None
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("300\n")
    (tmp_path / "memory.stat").write_text("anon 100\ninactive_file 50\n")
    assert _container_limit(tmp_path) is None
    (tmp_path / "memory.max").write_text("1000\n")
    assert _container_limit(tmp_path) == 750
    assert free_memory(torch.device("cpu")) > 0
