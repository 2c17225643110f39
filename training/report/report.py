"""The report of a run: ``report.html``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mujaz.charts import Line, line_chart
from mujaz.models.checkpoint import FROM_NOTHING
from mujaz.models.classifier import TextClassifier
from mujaz.models.saving import library_versions
from mujaz.pages import render, write_page
from mujaz.training.report.inputs import ReportInput, data_view
from mujaz.training.report.labels import label_sections
from mujaz.training.report.summaries import summary_sections

REPORT_FILE = "report.html"
TEMPLATES = Path(__file__).parent / "templates"

_FOOTER = "Made by mujaz. This page holds texts of the data it was made from: share it as you would share them."
# What the Trainer logs -> the chart, its name in it, and whether it is a share.
_CURVES = {
    "Loss": {"loss": ("training", "first"), "eval_loss": ("dev", "second")},
    "Dev scores, in percent": {"eval_macro_f1": ("macro-F1", "first"), "eval_accuracy": ("accuracy", "second")},
    "Dev ROUGE": {"eval_rougeL": ("ROUGE-L", "first"), "eval_rouge1": ("ROUGE-1", "second")},
}


def write_report(path: Path, given: ReportInput) -> None:
    """Write a report as one self-contained page.

    Args:
        path: The file.
        given: What it is about.

    Raises:
        OutputError: the file cannot be written.
    """
    write_page(path, report_page(given))


def report_page(given: ReportInput) -> str:
    """A report as HTML."""
    task = given.evaluation.task
    sections = summary_sections(given) if task == "summary" else label_sections(given)
    sections["findings"] = [*given.problems, *sections["findings"]]
    return render(
        TEMPLATES,
        "report.html.j2",
        title=given.title,
        subtitle=given.model.description,
        task=task,
        multi_label=given.model.info.multi_label is not None,
        split_words=f"{given.split}, {given.evaluation.rows:,} texts",
        tiles=_tiles(given, sections),
        curves_=_curves(given.log),
        data_=data_view(given.splits, given.model.info.labels),
        facts=_facts(given),
        config=given.config,
        footer=_FOOTER,
        **sections,
    )


def _tiles(given: ReportInput, sections: dict[str, Any]) -> list[dict[str, str]]:
    metrics = given.evaluation.metrics
    texts = {"name": "texts scored", "value": f"{given.evaluation.rows:,}", "note": ""}
    if given.evaluation.task == "summary":
        rouge = [
            {
                "name": row["name"],
                "value": f"{row['value']:.1f}",
                "note": f"{row['bounds'][0]:.1f} to {row['bounds'][1]:.1f}",
            }
            for row in sections["rouge"][:3]
        ]
        return [*rouge, texts]
    bounds = sections["intervals"]
    several = "multi_label" in metrics
    first = (("micro_f1", "micro-F1"),) if several else ()
    shown = (*first, ("macro_f1", "macro-F1"), ("accuracy", "exactly right" if several else "accuracy"))
    scores = [
        {"name": name, "value": f"{100 * metrics[key]:.1f} %", "note": _range(bounds[key])}
        for key, name in (shown if several else shown[::-1])
    ]
    if several:
        return [*scores, texts]
    honesty = metrics["probabilities"]
    before = honesty.get("uncalibrated")
    note = f"{100 * before['ece']:.1f} before calibration" if before else "not calibrated"
    return [*scores, {"name": "calibration error", "value": f"{100 * honesty['ece']:.1f} %", "note": note}, texts]


def _range(bounds: Sequence[float]) -> str:
    return f"{100 * bounds[0]:.1f} to {100 * bounds[1]:.1f}"


def _curves(log: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    charts = []
    for title, series in _CURVES.items():
        lines = []
        for key, (name, kind) in series.items():
            values = [(float(entry["step"]), float(entry[key])) for entry in log if key in entry]
            points = [(step, value) for step, value in values if math.isfinite(value)]  # a loss can overflow on dev
            if points:
                lines.append(Line(name, points, kind))
        if lines:
            svg = line_chart(title, lines, x_label="step", percent="percent" in title)
            charts.append({"title": title, "svg": svg, "key": [(line.name, line.kind) for line in lines]})
    return charts


def _facts(given: ReportInput) -> list[tuple[str, str]]:
    info = given.model.info
    facts = [
        ("started from", "nothing" if info.base_model == FROM_NOTHING else info.base_model),
        ("text recipe", f"{info.recipe['name']}, version {info.recipe.get('version', '?')}"),
        ("longest input", f"{info.max_length:,} tokens"),
    ]
    if info.data:
        facts.append(("trained on", f"{info.data.rows:,} rows, sha256 {info.data.fingerprint[:16]}"))
    if given.kept:
        facts.append(("weights kept", given.kept))
    if isinstance(given.model, TextClassifier) and info.calibration:
        facts.append(("calibrated on", f"{info.calibration.rows:,} dev rows"))
    if info.licence:
        facts.append(("licence", info.licence))
    facts.append(("made with", ", ".join(f"{k} {v}" for k, v in (info.versions or library_versions()).items())))
    return facts
