"""Several labels a text: thresholds found on dev, and scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, hamming_loss, precision_recall_fscore_support

from mujaz.models.checkpoint import store_info
from mujaz.models.classifier import TextClassifier
from mujaz.models.multi_label import MultiLabel, untuned
from mujaz.training.calibration import FEWEST_ROWS
from mujaz.training.data import Example
from mujaz.training.label_sets import label_matrix

# A label that fewer dev rows have gets the threshold that is best for all labels together: its own would be chance.
FEWEST_POSITIVES = 5

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def tuned_thresholds(probabilities: Floats, references: Bools) -> MultiLabel:
    """For each label the threshold of the best F1.

    Args:
        probabilities: (rows, labels).
        references: Which labels each row has: (rows, labels).

    Returns:
        0.5 for all labels where there are fewer than ``FEWEST_ROWS`` rows.
    """
    rows, labels = references.shape
    if rows < FEWEST_ROWS:
        return untuned(labels)
    common = best_threshold(probabilities.ravel(), references.ravel())
    positives = references.sum(axis=0)
    found = [
        best_threshold(probabilities[:, i], references[:, i]) if positives[i] >= FEWEST_POSITIVES else common
        for i in range(labels)
    ]
    return MultiLabel(thresholds=found, rows=rows)


def best_threshold(probabilities: Floats, references: Bools) -> float:
    """The threshold of the best F1, half-way to the next lower probability; of equals the highest.

    Args:
        probabilities: (rows,).
        references: Which rows have the label: (rows,).
    """
    order = np.argsort(-probabilities, kind="stable")
    p, right = probabilities[order], references[order]
    taken = np.arange(1, len(p) + 1)
    f1 = 2 * np.cumsum(right) / (taken + right.sum())
    f1[:-1][p[1:] == p[:-1]] = -1.0  # equal probabilities go together
    last = int(f1.argmax())
    lower = float(p[last + 1]) if last + 1 < len(p) else 0.0
    return (float(p[last]) + lower) / 2


def multi_label_scores(references: Bools, predictions: Bools, labels: Sequence[str]) -> dict[str, Any]:
    """Scores, 0-1, as scikit-learn computes them; a label that neither side has scores 0.

    Args:
        references: (rows, labels).
        predictions: (rows, labels).
        labels: Their names.

    Returns:
        ``accuracy`` (rows with exactly the right labels), ``micro_f1``, ``macro_f1`` (over all labels), ``weighted_f1``,
        ``samples_f1``, ``hamming_loss`` and ``per_class``.
    """
    averages = {
        f"{kind}_f1": float(f1_score(references, predictions, average=kind, zero_division=0))
        for kind in ("micro", "macro", "weighted")
    }
    # A text without labels that is given none is right.
    averages["samples_f1"] = float(f1_score(references, predictions, average="samples", zero_division=1.0))
    columns = precision_recall_fscore_support(references, predictions, average=None, zero_division=0)
    per_class = {
        label: dict(zip(("precision", "recall", "f1", "support"), map(float, row), strict=True))
        for label, row in zip(labels, zip(*columns, strict=True), strict=True)
    }
    return {
        "accuracy": float(accuracy_score(references, predictions)),
        **averages,
        "hamming_loss": float(hamming_loss(references, predictions)),
        "per_class": per_class,
    }


def honest_scores(logits: NDArray[np.float32], references: NDArray[np.bool_], labels: list[str]) -> dict[str, Any]:
    """Each half of the rows with the thresholds that are best on the other: those of the very rows are mostly luck.

    Args:
        logits: (rows, labels).
        references: (rows, labels), whether a row has a label.
        labels: Their names.

    Returns:
        As :func:`multi_label_scores`.
    """
    probabilities = 1 / (1 + np.exp(-logits.astype(np.float64)))
    if len(references) < 2 * FEWEST_ROWS:  # a half alone says nothing of thresholds
        own_thresholds = tuned_thresholds(probabilities, references).thresholds
        return multi_label_scores(references, probabilities >= own_thresholds, labels)
    predictions = np.zeros_like(references)
    for part in (0, 1):
        own, rest = slice(part, None, 2), slice(1 - part, None, 2)
        predictions[own] = probabilities[own] >= tuned_thresholds(probabilities[rest], references[rest]).thresholds
    return multi_label_scores(references, predictions, labels)


def tune_checkpoint(model: TextClassifier, folder: Path, examples: Sequence[Example]) -> MultiLabel:
    """Tune the thresholds of a saved classifier; ``mujaz.json`` and the loaded model know them from then on.

    Args:
        model: Loaded from ``folder``, as its users will load it.
        folder: The checkpoint.
        examples: Labelled, and not among those it was trained on.

    Raises:
        OutputError: ``mujaz.json`` cannot be written.
    """
    probabilities = model.predict_proba([e.text for e in examples])
    found = tuned_thresholds(probabilities, references_of(examples, model.labels))
    model.info = model.info.model_copy(update={"multi_label": found})
    store_info(folder, model.info)
    return found


def references_of(examples: Sequence[Example], labels: Sequence[str]) -> Bools:
    """Which labels each example has: (examples, labels)."""
    return label_matrix([e.labels or () for e in examples], labels)


def thresholds_line(found: MultiLabel, labels: Sequence[str], rows: int) -> str:
    """What a training says of them, for people.

    Args:
        found: What :func:`tune_checkpoint` gave.
        labels: Of the model.
        rows: Of the dev data.
    """
    if not found.rows:
        return (
            f"thresholds: 0.5 for every label: {rows:,} dev rows are too few to tune them on, at least {FEWEST_ROWS} are "
            "needed. Give more (data.dev, data.dev_fraction)"
        )
    shown = ", ".join(f"{label} {value:.2f}" for label, value in zip(labels, found.thresholds, strict=True))
    return f"thresholds: the best F1 of each label on {rows:,} dev rows: {shown}"
