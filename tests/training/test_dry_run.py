"""What a dry run says of a training that has a teacher, which it does not ask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mujaz.cli import cli
from mujaz.configs.loading import check_config
from mujaz.models.classifier import TextClassifier
from mujaz.training.distillation import untaught_lines
from mujaz.training.job import prepare
from tests.conftest import TinyConfig, write_jsonl


@pytest.fixture
def unlabelled(tmp_path: Path, topic_file: Path) -> Path:
    """40 new texts and all those of the topic data, of which 28 are of dev and test."""
    texts = [json.loads(line)["text"] for line in topic_file.read_text(encoding="utf-8").splitlines()]
    rows: list[dict[str, object]] = [{"text": text} for text in [*texts, *(f"خبر جديد {i}" for i in range(40))]]
    return write_jsonl(tmp_path / "unlabelled.jsonl", rows)


def test_a_dry_run_counts_what_a_teacher_may_add(
    tiny_config: TinyConfig, topic_file: Path, unlabelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object, **__: object) -> None:
        raise AssertionError("a dry run asks no teacher")

    monkeypatch.setattr(TextClassifier, "from_pretrained", asked)
    config = tiny_config("topic", topic_file, tmp_path / "run", epochs=2)
    config["distill"] = {"teacher": "topic", "unlabelled": str(unlabelled)}
    file = tmp_path / "config.yaml"

    def lines() -> list[str]:
        file.write_text(json.dumps(config), encoding="utf-8")
        result = CliRunner().invoke(cli, ["train", str(file), "--dry-run"])
        assert result.exit_code == 0, result.output
        return [line for line in result.output.splitlines() if line.startswith(("# training", "# teacher"))]

    assert lines() == [
        "# training: 10 steps in float32",
        "# teacher: 28 unlabelled texts stand in dev or test, and are left out",
        "# teacher: not asked yet; up to 76 further texts come to these rows: about 28 steps at most",  # 112 / 8 * 2
    ]
    config["data"]["augmentation"] = {"cut": 1.0, "first_sentence": 0.0, "shortest_cut": 1, "longest_cut": 1}
    assert "up to 76 further texts (152 rows with their shorter copies) come to these rows" in lines()[-1]
    del config["distill"]["unlabelled"]
    assert [line for line in lines() if "teacher" in line] == []  # it adds nothing


def test_a_summarizer_may_be_taught_less_than_the_plan_says(
    tiny_config: TinyConfig, summary_file: Path, bert_folder: Path, unlabelled: Path, tmp_path: Path
) -> None:
    def said(model: dict[str, Any], given: dict[str, Any], **training: object) -> list[str]:
        config = tiny_config("summary", summary_file, tmp_path / "run", epochs=1, **training)
        config |= {"model": config["model"] | model, "distill": {"teacher": "summary", **given}}
        checked = check_config(config, "test")
        assert checked.distill is not None
        return untaught_lines(prepare(checked), checked.distill)

    further = {"unlabelled": str(unlabelled)}
    assert said({}, {}) == ["teacher: not asked yet; articles of which it says nothing are left out"]
    assert said({}, further) == [
        "teacher: not asked yet; up to 104 further texts come to these rows: about 17 steps at most"  # (27 + 104) / 8
    ]
    chooses = {"name": str(bert_folder), "scratch": None, "max_length": 24}
    assert said(chooses, further, whole_texts=0.2) == [
        "teacher: not asked yet; up to 104 further texts come to these rows and steps"
    ]


def test_a_dry_run_says_of_the_data_what_the_training_will(
    tiny_config: TinyConfig, topic_file: Path, tmp_path: Path
) -> None:
    rows = topic_file.read_text(encoding="utf-8").splitlines()
    data = tmp_path / "data.jsonl"
    data.write_text("\n".join([*rows, rows[0], '{"text": "نص"}']), encoding="utf-8")
    config = tiny_config("topic", data, tmp_path / "run", max_steps=1)
    config["data"] |= {"skip_unusable": True, "rename": {"none": "sport"}, "outliers": ["other"]}
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps(config), encoding="utf-8")
    dry, real = (CliRunner().invoke(cli, ["train", str(file), *more]) for more in (["--dry-run"], []))
    said = [line for line in real.output.splitlines() if line.startswith("data: ")]
    for expected in ("a row that cannot be used is left out", "the label 'none'", "the label 'other'", "few rows"):
        assert any(expected in line for line in said), expected
    assert [line for line in dry.output.splitlines() if line.startswith("# data: ")] == [f"# {line}" for line in said]


def test_folds_of_a_config_with_a_test_part_say_that_it_does_not_count(
    tiny_config: TinyConfig, topic_file: Path, tmp_path: Path
) -> None:
    config = tiny_config("topic", topic_file, tmp_path / "run")
    file = tmp_path / "config.yaml"

    def said(*options: str) -> str:
        file.write_text(json.dumps(config), encoding="utf-8")
        result = CliRunner().invoke(cli, ["train", str(file), "--folds", "3", "--dry-run", *options])
        assert result.exit_code == 0, result.output
        return result.stderr

    line = "data.test_fraction does not count here: each fold is the test data of its training\n"
    assert said() == line
    assert said("--set", "data.test_fraction=0") == ""
    assert said("--set", "data.test_fraction=0.2") == line
