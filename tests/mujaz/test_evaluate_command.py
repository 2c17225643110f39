from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mujaz.cli import cli
from mujaz.commands.tables import metrics_table
from mujaz.training.evaluation import Evaluation

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


def test_a_scored_row_has_the_probability_of_its_prediction_where_nothing_is_left_of_the_text() -> None:
    from mujaz.models.classifier import TextClassifier
    from mujaz.training.evaluation import evaluate

    model = TextClassifier.from_pretrained("topic", device="cpu")
    (row,) = evaluate(model, [{"text": "ــ", "label": "finance"}]).predictions
    assert row["probability"] == row["probabilities"][row["prediction"]]
