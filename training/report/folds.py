"""The page of a cross-validation: ``folds.html``. What each fold looks like stands in the report of its own run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mujaz.charts import interval_bar
from mujaz.pages import render, write_page
from mujaz.training.compare import METRIC_NAMES, Row, read_predictions
from mujaz.training.metrics import ClassificationMetric
from mujaz.training.metrics.bootstrap import RESAMPLES
from mujaz.training.metrics.percent import in_percent
from mujaz.training.metrics.resampling import label_intervals
from mujaz.training.report.labels import class_sections
from mujaz.training.report.report import REPORT_FILE, TEMPLATES
from mujaz.training.resume import FOLDS_PAGE, fold_folder

if TYPE_CHECKING:
    from mujaz.training.folds import FoldsResult


def write_folds_report(result: FoldsResult, task: str) -> Path:
    """Write the page of a cross-validation beside its folds.

    Args:
        result: Its scores.
        task: Of the models.

    Returns:
        The page.

    Raises:
        OutputError: it cannot be written.
        DataError: the predictions of a fold cannot be read.
    """
    path = result.folder / FOLDS_PAGE
    write_page(path, folds_page(result, task))
    return path


def folds_page(result: FoldsResult, task: str) -> str:
    """The same as HTML."""
    count = len(result.rows)
    rows = [row for number in range(1, count + 1) for row in read_predictions(fold_folder(result.folder, number))]
    classes = _classes(rows) if isinstance(rows[0]["reference"], str) and task != "summary" else {}
    return render(
        TEMPLATES,
        "folds.html.j2",
        title=f"Cross-validation, {result.folder.name}",
        subtitle=f"{task}; {count} trainings, each tested on rows that it did not see",
        tiles=_tiles(result),
        scores=_scores(result),
        folds=[_fold(result, number) for number in range(1, count + 1)],
        targets=bool(result.targets),
        split_words=f"all {len(rows):,} rows together, each labelled by the model that did not see it",
        footer="Made by mujaz.",
        **classes,
    )


def _tiles(result: FoldsResult) -> list[dict[str, str]]:
    tiles = []
    for name, found in result.pooled.items():
        whole, low, high = (in_percent(name, value) for value in found)
        tiles.append({"name": f"{_called(name)}, all rows", "value": whole, "note": f"{low} to {high}"})
    return [*tiles, {"name": "rows", "value": f"{sum(result.rows):,}", "note": f"in {len(result.rows)} folds"}]


def _scores(result: FoldsResult) -> list[dict[str, Any]]:
    """Each score: mean, deviation, fold by fold."""
    return [
        {
            "name": _called(name),
            "mean": in_percent(name, score.mean),
            "deviation": in_percent(name, score.deviation),
            "folds": [in_percent(name, value) for value in score.values],
            "bar": interval_bar(float(in_percent(name, score.mean)) / 100, *_range(name, score.values)),
        }
        for name, score in result.scores.items()
    ]


def _range(name: str, values: Sequence[float]) -> tuple[float, float]:
    return tuple(float(in_percent(name, value)) / 100 for value in (min(values), max(values)))  # type: ignore[return-value]


def _fold(result: FoldsResult, number: int) -> dict[str, Any]:
    folder = fold_folder(result.folder, number)
    report = folder / REPORT_FILE
    return {
        "number": number,
        "rows": result.rows[number - 1],
        "targets": ", ".join(result.targets[number - 1]) if result.targets else "",
        "report": f"{folder.name}/{REPORT_FILE}" if report.is_file() else "",
    }


def _classes(rows: Sequence[Row]) -> dict[str, Any]:
    """What the labels of all rows together are like."""
    names = sorted({row[field] for row in rows for field in ("reference", "prediction")})
    index = {name: i for i, name in enumerate(names)}
    references, predictions = (np.array([index[row[field]] for row in rows]) for field in ("reference", "prediction"))
    metrics: dict[str, Any] = dict(
        ClassificationMetric().compute(predictions=predictions.tolist(), references=references.tolist(), labels=names)
        or {}
    )
    metrics["intervals"] = label_intervals(references, predictions, names)
    return {**class_sections(metrics, names), "resamples": RESAMPLES}


def _called(name: str) -> str:
    return METRIC_NAMES.get(name, name.replace("_", " "))
