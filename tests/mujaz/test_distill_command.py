from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mujaz.cli import cli
from mujaz.commands import train as train_command
from mujaz.configs.schema import DistillConfig, TrainConfig
from mujaz.errors import ConfigError
from tests.conftest import TinyConfig


@pytest.mark.parametrize("teachers", [["runs/a #2"], ["2024"], ["runs/a: b"], ["null", "[شرح]", "a\"'\\"]])
def test_names_are_taken_as_they_are_given(
    teachers: list[str], tiny_config: TinyConfig, topic_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[DistillConfig | None] = []

    def taken(config: TrainConfig, restart: bool) -> None:
        asked.append(config.distill)

    monkeypatch.setattr(train_command, "run_training", taken)
    config = tmp_path / "student.yaml"
    config.write_text(json.dumps(tiny_config("topic", topic_file, tmp_path / "run")), encoding="utf-8")
    files = [tmp_path / name for name in ("it's #1: texts.txt", "2024")]
    further = []
    for file in files:
        file.write_text("نص", encoding="utf-8")
        further += ["--unlabelled", str(file)]
    result = CliRunner().invoke(cli, ["distill", *teachers, str(config), *further])
    assert result.exit_code == 0, result.output
    assert asked[0] is not None
    assert asked[0].teachers == teachers
    assert asked[0].unlabelled == [str(file) for file in files]


def test_what_is_wrong_is_named_as_it_was_given(tiny_config: TinyConfig, topic_file: Path, tmp_path: Path) -> None:
    config = tmp_path / "student.yaml"
    config.write_text(json.dumps(tiny_config("topic", topic_file, tmp_path / "run")), encoding="utf-8")
    given = ["--set", "training.epochs=0", "--unlabelled", str(tmp_path / "none.jsonl")]
    result = CliRunner().invoke(cli, ["distill", "", str(config), *given])
    assert isinstance(result.exception, ConfigError)
    places = [line.split(":")[0].strip() for line in str(result.exception).splitlines()[1:]]
    assert places == ["--set", "--unlabelled"]
