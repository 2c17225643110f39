"""Scores of labels against labels, as scikit-learn computes them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import datasets
import evaluate
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    matthews_corrcoef,
    precision_recall_fscore_support,
)

from mujaz.errors import DataError
from mujaz.training.metrics.offline import OfflineMetric


class ClassificationMetric(OfflineMetric):
    """Accuracy, F1 (macro, micro, weighted, per class), Matthews correlation and the confusion matrix.

    Example::

        ClassificationMetric().compute(predictions=[0, 1, 1], references=[0, 1, 0], labels=["sport", "culture"])
    """

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description="Accuracy, macro, micro, weighted and per-class F1, MCC and confusion matrix.",
            citation="",
            features=datasets.Features(
                {"predictions": datasets.Value("int64"), "references": datasets.Value("int64")},
            ),
        )

    def _compute(
        self, predictions: Sequence[int], references: Sequence[int], labels: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """All scores, 0-1.

        A class of ``labels`` that neither predictions nor references hold counts in no average, as in scikit-learn without
        ``labels=``; in ``per_class`` it stands with support 0 and scores 0.

        Args:
            predictions: Label ids.
            references: Label ids.
            labels: Label names, in the order of the ids. Left out, the ids that occur are the names.

        Raises:
            DataError: An id has no name.
        """
        names = _names(predictions, references, labels)
        ids = list(names)
        precision, recall, f1, support = precision_recall_fscore_support(
            references, predictions, labels=ids, zero_division=0
        )
        per_class = {
            names[label]: {
                "precision": float(precision[row]),
                "recall": float(recall[row]),
                "f1": float(f1[row]),
                "support": int(support[row]),
            }
            for row, label in enumerate(ids)
        }
        averages = {
            f"{kind}_f1": float(f1_score(references, predictions, average=kind, zero_division=0))
            for kind in ("macro", "micro", "weighted")
        }
        return {
            "accuracy": float(accuracy_score(references, predictions)),
            **averages,
            "mcc": _mcc(references, predictions),
            "per_class": per_class,
            "confusion_matrix": confusion_matrix(references, predictions, labels=ids).tolist(),  # rows: reference
        }


def _mcc(references: Sequence[int], predictions: Sequence[int]) -> float:
    """Matthews correlation; 0 where only one label occurs, for which scikit-learn warns of a confusion matrix of its own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "A single label was found", UserWarning)
        return float(matthews_corrcoef(references, predictions))


def _names(predictions: Sequence[int], references: Sequence[int], labels: Sequence[str] | None) -> dict[int, str]:
    """Label id -> name, in the order of the ids."""
    found = sorted({int(label) for label in (*predictions, *references)})
    if labels is None:
        return {label: str(label) for label in found}
    unknown = [label for label in found if not 0 <= label < len(labels)]
    if unknown:
        raise DataError(f"expected label ids 0 to {len(labels) - 1} ({', '.join(labels)}), found {unknown[0]}")
    return dict(enumerate(labels))
