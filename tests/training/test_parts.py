from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from mujaz import evaluate, train
from mujaz.cli import cli
from mujaz.configs.loading import check_config
from mujaz.errors import OutputError, UsageError
from mujaz.models.auto import load_model
from mujaz.training.data import load_splits
from mujaz.training.parts import write_parts
from tests.conftest import write_jsonl

TinyConfig = Callable[..., dict[str, Any]]


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_parts_are_those_of_the_training(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    config = check_config(tiny_config("topic", topic_file, tmp_path / "run", max_steps=2), "test")
    result = train(config)
    found = CliRunner().invoke(
        cli, ["split", str(tmp_path / "run" / "config.yaml"), "--out", str(tmp_path / "parts")], catch_exceptions=False
    )
    assert found.exit_code == 0
    splits = load_splits(config.data, "topic")
    source = _lines(topic_file)
    for name in ("train", "dev", "test"):
        rows = _lines(tmp_path / "parts" / f"{name}.jsonl")
        assert [row["text"] for row in rows] == [one.text for one in getattr(splits, name)]
        assert all(source[row["source_row"] - 1]["text"] == row["text"] for row in rows)
        assert f"{name}.jsonl: {len(rows)} rows" in found.stdout
    assert result.evaluation is not None
    again = evaluate(load_model(result.folder, device="cpu"), str(tmp_path / "parts" / "test.jsonl"))
    assert [one["text_id"] for one in again.predictions] == [one["text_id"] for one in result.evaluation.predictions]
    assert again.metrics["accuracy"] == result.evaluation.metrics["accuracy"]


def test_several_labels_targets_and_keys(tmp_path: Path, stance_file: Path, tiny_config: TinyConfig) -> None:
    rows: list[dict[str, object]] = [
        {"text": f"نص {i}", "label": ["a", "b"][: 1 + i % 2], "day": f"2024-01-{i + 1:02}"} for i in range(20)
    ]
    data = tiny_config("topic", write_jsonl(tmp_path / "d.jsonl", rows), tmp_path / "run")
    data["data"]["split"] = {"by": "date", "column": "day"}
    written = write_parts(check_config(data, "test"), tmp_path / "several")
    assert sum(written.values()) == 20
    test = _lines(tmp_path / "several" / "test.jsonl")
    assert all(row["label"] in (["a"], ["a", "b"]) for row in test)
    assert min(row["day"] for row in test) > max(row["day"] for row in _lines(tmp_path / "several" / "train.jsonl"))
    stance = check_config(tiny_config("stance", stance_file, tmp_path / "run"), "test")
    write_parts(stance, tmp_path / "stance")
    assert {"text", "label", "target"} <= set(_lines(tmp_path / "stance" / "test.jsonl")[0])


def test_rows_that_are_left_out_are_said(summary_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    with summary_file.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rows[3]["summary"] = ""
    data = tiny_config("summary", write_jsonl(tmp_path / "d.jsonl", rows), tmp_path / "run")
    data["data"] |= {"skip_unusable": True, "support": {"least": 0.01}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    found = CliRunner().invoke(cli, ["split", str(tmp_path / "c.yaml"), "--out", str(tmp_path / "parts")])
    assert found.exit_code == 0, found.output
    assert "warning: a row that cannot be used is left out: " in found.stderr
    assert "training rows are left out by data.support" in found.stderr


def test_what_is_there_is_not_replaced(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    data = tiny_config("topic", topic_file, tmp_path / "run")
    config = check_config(data, "test")
    write_parts(config, tmp_path / "parts")
    with pytest.raises(UsageError, match="exists. Give --force"):
        write_parts(config, tmp_path / "parts")
    data["data"] |= {"test_fraction": 0}
    assert len(write_parts(check_config(data, "test"), tmp_path / "parts", force=True)) == 2
    assert not (tmp_path / "parts" / "test.jsonl").exists()  # of the parts before
    data["data"] |= {"folds": 3}
    with pytest.raises(UsageError, match="say which, with --set data.fold=1"):
        write_parts(check_config(data, "test"), tmp_path / "folds")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be made"):
        write_parts(config, tmp_path / "file" / "parts")
