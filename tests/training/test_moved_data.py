"""Data that lies elsewhere by now: a training goes on with it where its contents are the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mujaz import train
from mujaz.configs.loading import check_config
from mujaz.configs.pretrain_schema import PretrainConfig
from mujaz.errors import UsageError
from mujaz.training.pretrain import pretrain

TinyConfig = Callable[..., dict[str, Any]]


class _KilledError(Exception):
    pass


def _killed(line: str) -> None:
    if line.startswith("step ") and "dev" in line:
        raise _KilledError


@pytest.fixture
def begun(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> dict[str, Any]:
    """The config of a training that was killed, whose data moved then; it still names the old place."""
    old = tmp_path / "old.jsonl"
    shutil.copy(topic_file, old)
    config = tiny_config("topic", old, tmp_path / "run", epochs=3, save_every=2)
    with pytest.raises(_KilledError):
        train(check_config(config, "test"), report=_killed)
    old.rename(tmp_path / "new.jsonl")
    return config


def test_it_goes_on_with_the_same_rows_from_another_place(begun: dict[str, Any], tmp_path: Path) -> None:
    begun["data"]["train"] = str(tmp_path / "new.jsonl")
    lines: list[str] = []
    train(check_config(begun, "test"), report=lines.append)
    assert any(line.startswith("resuming from checkpoint-") for line in lines)
    saved = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text(encoding="utf-8"))
    assert saved["data"]["train"] == str(tmp_path / "new.jsonl")
    with pytest.raises(UsageError, match="finished run"):
        train(check_config(begun, "test"))


def test_other_rows_are_refused_there_too_and_the_old_ones_still_go_on(begun: dict[str, Any], tmp_path: Path) -> None:
    rows = (tmp_path / "new.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    other = tmp_path / "other.jsonl"
    other.write_text("".join(rows[:-4]), encoding="utf-8")
    begun["data"]["train"] = str(other)
    with pytest.raises(UsageError, match="began with other data.*or are others.*--restart"):
        train(check_config(begun, "test"))
    begun["data"]["train"] = str(tmp_path / "new.jsonl")
    assert train(check_config(begun, "test")).steps > 2


def test_no_row_may_go_from_one_part_to_another(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    parts = {"dev": tmp_path / "dev.jsonl", "test": tmp_path / "test.jsonl"}
    for file in parts.values():
        shutil.copy(topic_file, file)
    config = tiny_config("topic", topic_file, tmp_path / "run", epochs=3, save_every=2)
    config["data"] |= {"dev": str(parts["dev"]), "test": str(parts["test"])}
    with pytest.raises(_KilledError):
        train(check_config(config, "test"), report=_killed)
    config["data"] |= {"dev": [str(file) for file in parts.values()], "test": None}
    with pytest.raises(UsageError, match="began with other data"):
        train(check_config(config, "test"))


def test_a_finished_run_is_not_taken_for_one_of_data_elsewhere(
    trained: Callable[[str], Path], topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained("topic"), folder)
    data = tmp_path / "elsewhere.jsonl"
    shutil.copy(topic_file, data)
    config = tiny_config("topic", data, folder)
    with pytest.raises(UsageError, match=r"another config \(different: data.train\).*a link at its old place helps"):
        train(check_config(config, "test"))


def test_a_pretraining_goes_on_with_its_text_tokenized_already(topic_file: Path, tmp_path: Path) -> None:
    old = tmp_path / "a" / "text.jsonl"
    old.parent.mkdir()
    shutil.copy(topic_file, old)
    shape = {
        "vocab_size": 200,
        "hidden_size": 32,
        "layers": 1,
        "heads": 2,
        "intermediate_size": 64,
        "sequence_length": 24,
    }
    steps = {"max_steps": 20, "batch_size": 4, "evaluations": 5, "save_every": 2, "device": "cpu"}
    settings: dict[str, Any] = {
        "objective": "masked-words",
        "output": str(tmp_path / "run"),
        "data": {"train": str(old), "held_out": 0.2},
        "model": {**shape, "max_positions": 48, "prime_embeddings": False},
        "training": steps,
    }
    with pytest.raises(_KilledError):
        pretrain(PretrainConfig(**settings), report=_killed)
    old.parent.rename(tmp_path / "b")
    settings["data"]["train"] = str(tmp_path / "b" / "text.jsonl")
    lines: list[str] = []
    assert pretrain(PretrainConfig(**settings), report=lines.append).steps == 20
    assert any(line.startswith("resuming from checkpoint-") for line in lines)
    assert "tokenizing the text" not in lines
