from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mujaz.cli import cli
from mujaz.commands.tables import metrics_table
from mujaz.errors import DataError, UsageError
from mujaz.models.checkpoint import read_info, write_info
from mujaz.models.classifier import TextClassifier
from mujaz.training.evaluation import Evaluation, evaluate
from tests.conftest import MONEY, SPORT, write_jsonl

# What rich takes for tags and pictures in a string: one to begin, one to end nothing, and one that would colour.
NAMES = ["[neutral]", "[/x]", "[red]سوق[/red]", ":fire:"]


@pytest.mark.parametrize("several", [False, True])
def test_labels_are_printed_as_they_are(several: bool, capsys: pytest.CaptureFixture[str]) -> None:
    one = {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 3, "threshold": 0.5}
    scores = dict.fromkeys(("accuracy", "macro_f1", "micro_f1"), 0.5)
    metrics: dict[str, Any] = {**scores, "per_class": dict.fromkeys(NAMES, one)}
    metrics["intervals"] = {name: [0.4, 0.6] for name in scores}
    if several:
        metrics["multi_label"] = True
    metrics_table(Evaluation("topic", 12, metrics, []), "12 rows")
    printed = capsys.readouterr().out
    assert all(f"│ {name} " in printed for name in NAMES)


def test_scores_are_saved_although_nobody_reads_what_is_printed(
    trained: Callable[[str], Path], topic_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("mujaz.commands.tables.metrics_table", closed)
    out = tmp_path / "scores"
    CliRunner().invoke(cli, ["evaluate", str(trained("topic")), str(topic_file), "--out", str(out), "--device", "cpu"])
    assert {file.name for file in out.iterdir()} == {"metrics.json", "predictions.jsonl", "report.html"}


@pytest.mark.parametrize("data", ["empty", "text", "label", "target"])
def test_what_is_wrong_with_the_data_is_said_before_the_model_is_loaded(
    data: str, trained: Callable[[str], Path], topic_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loaded(*_: object, **__: object) -> None:
        raise AssertionError("loaded")

    monkeypatch.setattr("mujaz.models.auto.load_model", loaded)
    rows: list[dict[str, object]] = [] if data == "empty" else [{"text": "فاز الفريق", "label": "sport"}]
    file = write_jsonl(tmp_path / "rows.jsonl", rows)
    wrong = [] if data == "empty" else [f"--{data}-column", "other"]
    result = CliRunner().invoke(cli, ["evaluate", str(trained("topic")), str(file), *wrong])
    expected = {"empty": "is empty", "target": "does not read that"}.get(data, "no column 'other'")
    assert isinstance(result.exception, UsageError)
    assert expected in str(result.exception)


def test_a_score_is_measured_in_torch_whatever_earlier_runs_left_in_the_cache(
    trained: Callable[[str], Path], topic_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mujaz.models.engines.opening.has_tiles", lambda: False)
    for name in ("is_installed", "is_cached"):
        monkeypatch.setattr(f"mujaz.models.engines.openvino_engine.{name}", lambda *_: True)
    result = CliRunner().invoke(cli, ["evaluate", str(trained("topic")), str(topic_file), "--device", "cpu"])
    assert result.exit_code == 0
    first = result.stderr.splitlines()[0]
    assert first == TextClassifier.from_pretrained(trained("topic"), device="cpu", engine="torch").description


def test_what_was_assumed_of_a_model_is_said_beside_what_runs(
    trained: Callable[[str], Path], topic_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "bare"
    shutil.copytree(trained("topic"), folder, ignore=shutil.ignore_patterns("mujaz.json"))
    result = CliRunner().invoke(cli, ["evaluate", str(folder), str(topic_file), "--device", "cpu"])
    model = TextClassifier.from_pretrained(folder, device="cpu", engine="torch")
    assert model.note
    assert result.stderr.splitlines()[:2] == [model.description, model.note]


def test_titles_are_read_as_in_a_training(trained: Callable[[str], Path], tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"text": f"{text} {i}", "label": label, **({"head": f"عنوان {i}"} if i % 3 else {})}
        for i in range(4)
        for label, texts in (("sport", SPORT), ("money", MONEY))
        for text in texts
    ]
    file, out = write_jsonl(tmp_path / "titled.jsonl", rows), tmp_path / "scores"
    command = ["evaluate", str(trained("topic")), str(file), "--out", str(out), "--device", "cpu", "--title-column"]
    assert CliRunner().invoke(cli, [*command, "head"]).exit_code == 0
    joined = [f"{row['head']}\n{row['text']}" if "head" in row else row["text"] for row in rows]
    model = TextClassifier.from_pretrained(trained("topic"), device="cpu")
    scored = [json.loads(line) for line in (out / "predictions.jsonl").read_text(encoding="utf-8").splitlines()]
    for row, alone in zip(scored, model.predict([str(text) for text in joined]), strict=True):
        assert row["probabilities"] == pytest.approx(alone.probabilities, abs=1e-5)
    refused = CliRunner().invoke(cli, [*command, "haed", "--force"])
    assert isinstance(refused.exception, DataError)
    assert "no column 'haed'" in str(refused.exception)


def test_a_model_that_learnt_titles_is_not_scored_without_them_in_silence(
    trained: Callable[[str], Path], topic_file: Path, tmp_path: Path
) -> None:
    model, out = Path(shutil.copytree(trained("topic"), tmp_path / "model")), tmp_path / "scores"
    info = read_info(model)
    assert info is not None
    assert info.data is not None
    write_info(model, info.model_copy(update={"data": info.data.model_copy(update={"titled": 1.0})}))
    rows = [json.loads(line) for line in topic_file.read_text(encoding="utf-8").splitlines()]
    titled = write_jsonl(tmp_path / "titled.jsonl", [{**row, "head": "عنوان"} for row in rows])
    for asked, warned in ((["--out", str(out)], True), (["--title-column", "head"], False)):
        result = CliRunner().invoke(cli, ["evaluate", str(model), str(titled), "--device", "cpu", *asked])
        assert result.exit_code == 0
        assert ("no column of titles is named" in result.stderr) == warned
    assert "no column of titles is named" in (out / "report.html").read_text(encoding="utf-8")


def test_a_scored_row_has_the_probability_of_its_prediction_where_nothing_is_left_of_the_text() -> None:
    model = TextClassifier.from_pretrained("topic", device="cpu")
    (row,) = evaluate(model, [{"text": "ــ", "label": "finance"}]).predictions
    assert row["probability"] == row["probabilities"][row["prediction"]]


def test_labels_that_the_training_renamed_are_told_as_it_renamed_them(
    trained: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(trained("topic"), folder)
    config = folder / "config.yaml"
    config.write_text(config.read_text("utf-8").replace("rename: {}", "rename: {الرياضة: sport, مال: null}"), "utf-8")
    rows: list[dict[str, object]] = [{"text": MONEY[0], "label": "money"}, {"text": SPORT[0], "label": "الرياضة"}]
    file = write_jsonl(tmp_path / "rows.jsonl", rows)
    result = CliRunner().invoke(cli, ["evaluate", str(folder), str(file), "--device", "cpu"])
    assert isinstance(result.exception, DataError)
    assert str(result.exception).endswith("As the model's training did it: --rename 'الرياضة=sport'")
    told = CliRunner().invoke(cli, ["evaluate", str(folder), str(file), "--device", "cpu", "--rename", "الرياضة=sport"])
    assert told.exit_code == 0
