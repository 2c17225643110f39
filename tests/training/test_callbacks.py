from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from mujaz import train
from mujaz.configs.loading import check_config
from mujaz.errors import TrainingError
from mujaz.training.callbacks import LogLines
from mujaz.training.train import fit
from tests.conftest import TinyConfig


@pytest.fixture
def line(tmp_path: Path) -> Callable[[dict[str, Any]], list[str]]:
    """What is said of one log, at step 1,200 of 3,000."""

    def of(logs: dict[str, Any]) -> list[str]:
        lines: list[str] = []
        state = TrainerState(global_step=1200, max_steps=3000)
        LogLines(lines.append).on_log(TrainingArguments(output_dir=str(tmp_path)), state, TrainerControl(), logs)
        return lines

    return of


def test_scores_are_in_percent_and_losses_are_not(line: Callable[[dict[str, Any]], list[str]]) -> None:
    assert line({"loss": 0.67, "grad_norm": 1.5, "learning_rate": 1e-5}) == ["step 1,200/3,000  loss 0.67"]
    labels = {"eval_loss": 0.81234, "eval_accuracy": 1.0, "eval_macro_f1": 0.67031, "eval_runtime": 3.5}
    assert line(labels) == ["step 1,200/3,000  dev loss 0.8123  dev accuracy 100.00 %  dev macro_f1 67.03 %"]
    assert line({"eval_macro_f1": 0.0067}) == ["step 1,200/3,000  dev macro_f1 0.67 %"]
    assert line({"eval_loss": 2.0, "eval_rougeL": 31.204, "eval_rouge1": 40.0}) == [
        "step 1,200/3,000  dev loss 2  dev rougeL 31.20 %"
    ]
    assert line({"train_runtime": 9.0, "epoch": 1.0}) == []


def test_the_log_of_a_run_keeps_shares(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    lines: list[str] = []
    result = train(
        check_config(tiny_config("topic", topic_file, tmp_path / "run", max_steps=4), "t"), report=lines.append
    )
    log = json.loads((result.folder / "metrics.json").read_text(encoding="utf-8"))["log"]
    [score] = [entry["eval_macro_f1"] for entry in log if "eval_macro_f1" in entry]
    assert 0 <= score <= 1
    kept = f"step 4 of 4, dev macro_f1 {100 * score:.2f} %"
    assert f"kept: {kept}" in lines
    assert kept in (result.folder / "report.html").read_text(encoding="utf-8")
    assert any(line.startswith("step 4/4 ") and f"dev macro_f1 {100 * score:.2f} %" in line for line in lines)


def test_of_equal_scores_the_lower_loss_is_kept(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    config = check_config(tiny_config("topic", topic_file, tmp_path / "run", evaluations=6), "t")
    _, trainer = fit(config, None, progress=False, report=lambda line: None)
    log = [entry for entry in trainer.state.log_history if "eval_macro_f1" in entry]
    best = [entry for entry in log if entry["eval_macro_f1"] == trainer.state.best_metric]
    least = min(best, key=lambda entry: float(entry["eval_loss"]))
    assert least is not best[0]  # which the Trainer alone would keep
    assert trainer.state.best_global_step == least["step"]
    assert trainer.evaluate()["eval_loss"] == pytest.approx(least["eval_loss"])


@pytest.mark.parametrize(
    ("logs", "expected"),
    [
        ({"loss": float("nan")}, "the loss became nan at step 1200"),
        ({"loss": float("inf")}, "the loss became inf"),
        ({"loss": 0.0, "grad_norm": 0.0}, "the loss is exactly 0 at step 1200, and so are the gradients"),
        ({"loss": 0.0, "grad_norm": 0.5}, None),
        ({"loss": 0.5, "grad_norm": 0.0}, None),
        ({"loss": 0.0}, None),
    ],
)
def test_a_loss_that_teaches_nothing_ends_the_training(
    line: Callable[[dict[str, Any]], list[str]], logs: dict[str, Any], expected: str | None
) -> None:
    if expected is None:
        assert line(logs) == [f"step 1,200/3,000  loss {logs['loss']:.4g}"]
        return
    with pytest.raises(TrainingError, match=expected):
        line(logs)
