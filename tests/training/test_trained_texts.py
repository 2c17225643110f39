from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mujaz import evaluate, train
from mujaz.cli import cli
from mujaz.configs.data_schema import ColumnsConfig
from mujaz.configs.loading import check_config
from mujaz.models.auto import load_model
from mujaz.models.checkpoint import TRAINED_FILE
from mujaz.training.card import PRIVATE
from mujaz.training.data import Example, load_splits, read_examples
from mujaz.training.trained_texts import keep, seen, seen_line
from tests.conftest import write_jsonl

TinyConfig = Callable[..., dict[str, Any]]


def _example(text: str, target: str | None = None) -> Example:
    return Example(text, "a", target, None, "file", 1)


def test_what_is_kept_is_known_again(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    keep(one, [_example("خبر"), _example("خبر"), _example("مقال", "هدف")], [])
    assert len((one / TRAINED_FILE).read_bytes()) == 16  # two, once each
    rows = [_example("خبر"), _example("مقال"), _example("مقال", "هدف"), _example("جديد")]
    assert seen([one], rows) == 2  # with another target it is another row
    keep(other, [_example("جديد")], [str(one), "topic", "no/such-model"])
    assert seen([other], rows) == 3  # what it learnt from hands on what that knew
    assert seen([tmp_path / "nothing", "topic"], rows) == 0
    assert seen([one], []) == 0
    (one / TRAINED_FILE).write_bytes((one / TRAINED_FILE).read_bytes() + b"x")
    assert seen([one], rows) == 2
    assert seen_line(2, 4, "it") == "rows that it was trained on: 2 of 4 (50.0%): scores on them measure memory"
    assert TRAINED_FILE in PRIVATE


def test_an_evaluation_on_what_a_model_was_trained_on_says_so(
    trained: Callable[[str], Path], topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    folder = trained("topic")
    splits = load_splits(check_config(tiny_config("topic", topic_file, folder), "test").data, "topic")
    found = evaluate(load_model(folder, device="cpu"), splits.rows())
    assert found.trained_on == len(splits.train)
    assert evaluate(load_model(folder, device="cpu"), splits.test).trained_on == 0
    result = CliRunner().invoke(cli, ["evaluate", str(folder), str(topic_file), "--out", str(tmp_path / "scores")])
    assert f"rows that the model was trained on: {len(splits.train)} of {len(splits.rows())}" in result.stderr
    assert "few rows to score on, so chance moves an accuracy by" in result.stderr
    saved = json.loads((tmp_path / "scores" / "metrics.json").read_text(encoding="utf-8"))
    assert saved["trained_on"] == len(splits.train)


@pytest.mark.parametrize("way", ["start", "teacher"])
def test_test_rows_that_the_start_or_a_teacher_knows_are_a_problem(
    trained: Callable[[str], Path], topic_file: Path, tmp_path: Path, tiny_config: TinyConfig, way: str
) -> None:
    folder = tmp_path / "known"
    shutil.copytree(trained("topic"), folder)
    data = tiny_config("topic", topic_file, tmp_path / "run", max_steps=1)
    data["data"]["split_seed"] = 99
    if way == "start":
        data["model"] = {"name": str(folder)}
    else:
        data["distill"] = {"teacher": str(folder)}
    lines: list[str] = []
    config = check_config(data, "test")
    result = train(config, report=lines.append)
    test = load_splits(config.data, "topic").test
    number = seen([folder], test)
    assert 0 < number < len(test)
    what = "the start" if way == "start" else "the start or a teacher"
    line = f"test: rows that {what} was trained on: {number} of {len(test)}"
    assert any(one.startswith(f"data: problem: {line}") for one in lines)
    metrics = json.loads((result.folder / "metrics.json").read_text(encoding="utf-8"))
    assert any(one.startswith(line) for one in metrics["problems"])
    assert line in (result.folder / "README.md").read_text(encoding="utf-8")
    assert line in (result.folder / "report.html").read_text(encoding="utf-8")
    assert result.evaluation is not None
    assert result.evaluation.trained_on == number


def test_a_start_that_knows_none_is_not_named(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    first = write_jsonl(tmp_path / "a.jsonl", [{"text": f"كرة {i}", "label": "ab"[i % 2]} for i in range(20)])
    train(check_config(tiny_config("topic", first, tmp_path / "first", max_steps=1), "test"))
    data = tiny_config("topic", topic_file, tmp_path / "run", max_steps=1)
    data["model"] = {"name": str(tmp_path / "first")}
    lines: list[str] = []
    train(check_config(data, "test"), report=lines.append)
    assert not [line for line in lines if "was trained on" in line]


def test_shorter_copies_were_trained_on_too(
    trained: Callable[[str], Path], tmp_path: Path, tiny_config: TinyConfig
) -> None:
    def rows(name: str, label: dict[str, object]) -> Path:
        given: list[dict[str, object]] = [
            {"text": f"نص {name} {i}", "title": f"خبر {name} {i}", **label} for i in range(20)
        ]
        return write_jsonl(tmp_path / f"{name}.jsonl", given)

    money, sport = rows("money", {"label": "money"}), rows("sport", {"label": "sport"})
    config = tiny_config("topic", money, tmp_path / "run", max_steps=1)
    config["data"] = {"train": [str(money), str(sport)], "columns": {"title": "title"}, "dev_fraction": 0.0}
    config["data"]["augmentation"] = {"title": 1.0}
    config["distill"] = {"teacher": str(trained("topic")), "unlabelled": str(rows("more", {}))}
    train(check_config(config, "test"))
    titles = [f"خبر {name} {i}" for name in ("money", "sport", "more") for i in range(20)]
    assert seen([tmp_path / "run"], [_example(title) for title in titles]) == 60


@pytest.mark.parametrize("task", ["topic", "summary"])
def test_what_a_teacher_alone_labelled_was_trained_on(
    task: str,
    trained: Callable[[str], Path],
    tiny_config: TinyConfig,
    topic_file: Path,
    summary_file: Path,
    tmp_path: Path,
) -> None:
    further = write_jsonl(
        tmp_path / "more.jsonl", [{"text": f"فاز الفريق {i}", "label": "sport", "summary": "فاز"} for i in range(3)]
    )
    config: dict[str, Any] = tiny_config(
        task, topic_file if task == "topic" else summary_file, tmp_path / "run", max_steps=1
    )
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(config), encoding="utf-8")
    command = ["distill", str(trained(task)), str(path), "--unlabelled", str(further)]
    assert CliRunner().invoke(cli, command, catch_exceptions=False).exit_code == 0
    assert seen([tmp_path / "run"], read_examples(str(further), "topic", ColumnsConfig())) == 3
    said = CliRunner().invoke(cli, ["evaluate", str(tmp_path / "run"), str(further)]).stderr
    assert "rows that the model was trained on: 3 of 3" in said
