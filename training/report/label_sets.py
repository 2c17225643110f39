"""The sections of a report on a classifier that gives several labels a text."""

from __future__ import annotations

from typing import Any

import numpy as np

from mujaz.charts import interval_bar
from mujaz.models.classifier import TextClassifier
from mujaz.models.multi_label import MultiLabel
from mujaz.training.label_sets import label_matrix
from mujaz.training.metrics.bootstrap import RESAMPLES
from mujaz.training.report.inputs import ReportInput, label_findings, length_groups, word_counts

MISTAKES = 10
SHOWN_WORDS = 110  # of a mistaken text


def label_set_sections(given: ReportInput, model: TextClassifier, known: MultiLabel) -> dict[str, Any]:
    """What ``label_sets.html.j2`` shows."""
    metrics, names, rows = given.evaluation.metrics, model.labels, given.evaluation.predictions
    references, found = (label_matrix([row[field] for row in rows], names) for field in ("reference", "prediction"))
    intervals = metrics["intervals"]
    per_class = [
        {
            "name": name,
            **scores,
            "bounds": intervals["f1"].get(name),
            "bar": interval_bar(scores["f1"], *(intervals["f1"].get(name) or ())),
        }
        for name, scores in metrics["per_class"].items()
    ]
    right = (references == found).all(axis=1).astype(np.float64)
    return {
        "intervals": intervals,
        "resamples": RESAMPLES,
        "per_class": per_class,
        "scores": _scores(metrics, intervals),
        "thresholds_note": _thresholds_note(known),
        "lengths": length_groups(word_counts([e.text for e in given.examples]), right),
        "mistakes": _mistakes(given),
        "findings": _findings(per_class, references.sum(axis=1), found.sum(axis=1)),
    }


def _scores(metrics: dict[str, Any], intervals: dict[str, Any]) -> list[dict[str, Any]]:
    names = {"micro_f1": "micro-F1", "macro_f1": "macro-F1", "accuracy": "texts with exactly the right labels"}
    rows = [{"name": name, "value": metrics[key], "bounds": intervals[key]} for key, name in names.items()]
    rows.append({"name": "F1 of single texts, averaged", "value": metrics["samples_f1"], "bounds": None})
    return [*rows, {"name": "labels wrong, of all (Hamming loss)", "value": metrics["hamming_loss"], "bounds": None}]


def _thresholds_note(known: MultiLabel) -> str:
    if not known.rows:
        return "A text gets each label of probability 0.5 or more: no thresholds were tuned."
    return f"A text gets each label from its own threshold on: the one of the best F1 on {known.rows:,} dev texts."


def _mistakes(given: ReportInput) -> list[dict[str, Any]]:
    """The texts with the most labels wrong; of equals those whose wrong labels the model was surest of."""
    found = []
    for row, example in zip(given.evaluation.predictions, given.examples, strict=True):
        missed, extra = (
            sorted({*row["reference"]} - {*row["prediction"]}),
            sorted({*row["prediction"]} - {*row["reference"]}),
        )
        if not missed and not extra:
            continue
        p = row["probabilities"]
        sure = sum(1 - p[label] for label in missed) + sum(p[label] for label in extra)
        words = example.text.split()
        found.append(
            {
                "row": row["row"],
                "right": sorted({*row["reference"]} & {*row["prediction"]}),
                "missed": [(label, p[label]) for label in missed],
                "extra": [(label, p[label]) for label in extra],
                "text": " ".join(words[:SHOWN_WORDS]) + (" …" if len(words) > SHOWN_WORDS else ""),
                "order": (-len(missed) - len(extra), -sure),
            }
        )
    return sorted(found, key=lambda one: one["order"])[:MISTAKES]


def _findings(per_class: list[dict[str, Any]], right: Any, given: Any) -> list[str]:
    """What a reader should not miss, in sentences."""
    lines = label_findings(per_class)
    lines.append(f"A text has {right.mean():.2f} labels on average, and is given {given.mean():.2f}.")
    return lines
