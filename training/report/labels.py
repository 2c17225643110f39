"""The sections of a report on a classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mujaz.charts import interval_bar, reliability_chart
from mujaz.models.calibration import Calibration
from mujaz.models.classifier import TextClassifier
from mujaz.pages import isolated
from mujaz.training.calibration import outliers_line
from mujaz.training.metrics.bootstrap import RESAMPLES
from mujaz.training.report.attribution import Word, full_precision, word_scores
from mujaz.training.report.inputs import ReportInput, direction, label_findings, length_groups, word_counts
from mujaz.training.report.label_sets import label_set_sections
from mujaz.training.stance import stance_lines

MISTAKES = 10
SHOWN_WORDS = 110  # of a mistaken text, around the words that speak loudest
TARGETS = 40
THRESHOLDS = 8

_ATTRIBUTED = (
    "Green words spoke for what the model said and against the right label, orange ones for the right label: integrated "
    "gradients, in logits. The text is shown as the model reads it. A mistake of the labels is a find, too."
)
_SWAP = (
    "For the swap each text is paired with another target of this data and read again. A model that reads its target "
    "changes many answers and is right less often; one that does as well as before labels the text alone."
)

Ints = NDArray[np.int64]


def label_sections(given: ReportInput) -> dict[str, Any]:
    """What ``labels.html.j2`` shows."""
    model = given.model
    if not isinstance(model, TextClassifier):
        raise TypeError(f"expected a classifier, found {type(model).__name__}")
    if model.info.multi_label:
        return label_set_sections(given, model, model.info.multi_label)
    metrics, names = given.evaluation.metrics, model.labels
    references, predictions = _ids(given, "reference", names), _ids(given, "prediction", names)
    classes = class_sections(metrics, names)
    right = (references == predictions).astype(np.float64)
    words = word_counts([e.text for e in given.examples])
    confusion = np.array(metrics["confusion_matrix"])
    return {
        **classes,
        "resamples": RESAMPLES,
        "targets": _targets(metrics) if model.needs_target else None,
        "reliability": _reliability(metrics["probabilities"], model.info.calibration),
        "thresholds": _thresholds(model.info.calibration),
        "lengths": length_groups(words, right),
        "mistakes": _mistakes(given, model),
        "mistakes_note": _ATTRIBUTED,
        "findings": _findings(classes["per_class"], confusion, names, metrics, length_groups(words, right)),
    }


def class_sections(metrics: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """What ``classes.html.j2`` shows, but for how often the texts were drawn again.

    Args:
        metrics: Of an evaluation, with intervals.
        names: Of the labels, in the order of the confusion matrix.
    """
    intervals = metrics["intervals"]
    per_class = []
    for name, scores in metrics["per_class"].items():
        bounds = intervals["f1"].get(name)
        per_class.append({"name": name, **scores, "bounds": bounds, "bar": interval_bar(scores["f1"], *(bounds or ()))})
    confusion = _confusion(np.array(metrics["confusion_matrix"]))
    return {"intervals": intervals, "names": names, "per_class": per_class, "confusion": confusion}


def _ids(given: ReportInput, field: str, names: Sequence[str]) -> Ints:
    index = {name: i for i, name in enumerate(names)}
    return np.array([index[row[field]] for row in given.evaluation.predictions], dtype=np.int64)


def _confusion(matrix: NDArray[np.int64]) -> list[list[dict[str, Any]]]:
    rows = []
    for i, counts in enumerate(matrix):
        total = max(int(counts.sum()), 1)
        rows.append(
            [
                {
                    "count": int(count),
                    "share": count / total,
                    "right": i == j,
                    "shade": 0.9 * float(count / total) ** 0.7,
                }
                for j, count in enumerate(counts)
            ]
        )
    return rows


def _targets(metrics: dict[str, Any]) -> dict[str, Any]:
    """Scores of each target, the most frequent first, and what the model makes of its targets, in sentences."""
    found = metrics["stance"]
    rows = [{"name": name, **one, "bar": interval_bar(one["macro_f1"])} for name, one in found["targets"].items()]
    notes = [f"{line[0].upper()}{line[1:]}." for line in stance_lines(metrics)]
    if len(rows) > TARGETS:
        notes.append(f"The {TARGETS} most frequent are shown.")
    return {
        "notes": notes,
        "explained": _SWAP if found["swap"] else "",
        "sides": "favor_against_f1" in metrics,
        "rows": rows[:TARGETS],
    }


def _reliability(honesty: dict[str, Any], calibration: Calibration | None) -> dict[str, Any]:
    before = honesty.get("uncalibrated")
    rows = [
        {
            "name": name,
            "before": form.format(unit * before[key]) if before else "",
            "after": form.format(unit * honesty[key]),
        }
        for key, name, unit, form in (
            ("ece", "calibration error (ECE)", 100, "{:.1f} %"),
            ("nll", "negative log-likelihood", 1, "{:.4f}"),
        )
    ]
    if calibration:
        rows.append({"name": "temperature", "before": "1", "after": f"{calibration.temperature:.3f}"})
    abstention = honesty.get("abstention")
    if abstention:
        rows += [
            {"name": "least probability for a label", "before": "", "after": f"{abstention['min_probability']:.3f}"},
            {"name": "texts that get a label", "before": "", "after": f"{100 * abstention['coverage']:.1f} %"},
            {
                "name": f"right among them (asked on dev: {100 * abstention['asked_precision']:g} %)",
                "before": "",
                "after": "–" if abstention["precision"] is None else f"{100 * abstention['precision']:.1f} %",
            },
        ]
    note = (
        "When the model says 80 %, is it right 80 % of the time? Bars are the share of right labels among texts of like "
        f"probability ({honesty['bins']} steps), the dashed line is perfect honesty, the grey strip counts texts."
    )
    note += f" {line}." if (line := outliers_line({"probabilities": honesty})) else ""
    chart = reliability_chart(honesty["reliability"], before["reliability"] if before else None)
    return {"note": note, "svg": chart, "rows": rows, "calibrated": before is not None}


def _thresholds(calibration: Calibration | None) -> list[dict[str, Any]]:
    if calibration is None:
        return []
    found = calibration.thresholds
    chosen = next((i for i, one in enumerate(found) if one.min_probability == calibration.min_probability), None)
    spread = {round(i) for i in np.linspace(0, len(found) - 1, THRESHOLDS)} if found else set()
    shown = sorted(spread | ({chosen} if chosen is not None else set()))
    return [{**found[i].model_dump(), "chosen": i == chosen} for i in shown]


def _mistakes(given: ReportInput, model: TextClassifier) -> list[dict[str, Any]]:
    pairs = zip(given.evaluation.predictions, given.examples, strict=True)
    wrong = [(row, example) for row, example in pairs if row["reference"] != row["prediction"]]
    wrong.sort(key=lambda pair: -pair[0]["probability"])
    found = []
    with full_precision(model.model):
        for row, example in wrong[:MISTAKES]:
            target = example.target if model.needs_target else None
            words = word_scores(model, example.text, target, label=row["prediction"], against=row["reference"])
            found.append({**row, **_shown(words, target is not None)})
    return found


def _shown(words: list[Word], has_target: bool) -> dict[str, Any]:
    """Words with their colours; of a long text the stretch that speaks loudest."""
    text = [word for word in words if not word.target]
    weights = np.abs([word.score for word in text])
    start = 0
    if len(text) > SHOWN_WORDS:
        sums = np.convolve(weights, np.ones(SHOWN_WORDS), mode="valid")
        start = int(sums.argmax())
    loudest = max((abs(word.score) for word in words), default=0.0)
    shown = text[start : start + SHOWN_WORDS]
    return {
        "words": [_coloured(word, loudest) for word in shown],
        "target": [_coloured(word, loudest) for word in words if word.target] if has_target else None,
        "cut_before": start > 0,
        "cut_after": start + SHOWN_WORDS < len(text),
        "direction": direction(word.text for word in shown),
    }


def _coloured(word: Word, loudest: float) -> dict[str, str]:
    share = abs(word.score) / loudest if loudest else 0.0
    if share < 0.08:
        return {"text": word.text, "style": "", "title": ""}
    side = "--for" if word.score > 0 else "--against"
    return {
        "text": word.text,
        "style": f"background: rgba(var({side}), {0.06 + 0.44 * share:.2f})",
        "title": f"{word.score:+.2f}",
    }


def _findings(
    per_class: list[dict[str, Any]],
    confusion: NDArray[np.int64],
    names: Sequence[str],
    metrics: dict[str, Any],
    lengths: list[dict[str, Any]],
) -> list[str]:
    """What a reader should not miss, in sentences."""
    lines = label_findings(per_class)
    off = confusion.copy()
    np.fill_diagonal(off, 0)
    if off.any():
        i, j = divmod(int(off.argmax()), len(names))
        lines.append(
            f"The most frequent mistake: {isolated(names[i])} taken for {isolated(names[j])}, {off[i, j]:,} of its "
            f"{confusion[i].sum():,} texts."
        )
    honesty = metrics["probabilities"]
    gap = sum(r["texts"] * (r["confidence"] - r["accuracy"]) for r in honesty["reliability"])
    gap /= max(sum(r["texts"] for r in honesty["reliability"]), 1)
    if abs(gap) >= 0.02:
        lines.append(
            f"The model is too {'sure of itself' if gap > 0 else 'modest'}: on average it says {100 * abs(gap):.1f} points "
            f"{'more' if gap > 0 else 'less'} than it gets right."
        )
    clear = [row for row in lengths if row["bounds"][1] < metrics["accuracy"]]
    for row in clear[:1]:
        lines.append(f"Texts of {row['name']} words do worse than the rest ({100 * row['value']:.1f} % right).")
    return lines
