"""ROUGE as an ``evaluate.Metric``; the counting is in `mujaz.training.metrics.scoring`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import datasets
import evaluate

from mujaz.training.metrics.offline import OfflineMetric
from mujaz.training.metrics.scoring import score_rouge


class Rouge(OfflineMetric):
    """ROUGE-1, -2, -L and -Lsum of texts, as mean F1, 0-100.

    Example::

        Rouge().compute(predictions=["الفريق يفوز بالكأس"], references=["فوز الفريق بالكأس"])
    """

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description="ROUGE-1/2/L/Lsum with a declared tokenization that reads Arabic.",
            citation="Chin-Yew Lin. 2004. ROUGE: A Package for Automatic Evaluation of Summaries.",
            inputs_description="predictions, references: texts. mode, stem, confidence: as in score_rouge.",
            features=datasets.Features(
                {"predictions": datasets.Value("string"), "references": datasets.Value("string")}
            ),
        )

    def _compute(
        self,
        predictions: Sequence[str],
        references: Sequence[str],
        mode: str = "arabic",
        stem: bool = False,
        confidence: bool = False,
    ) -> dict[str, Any]:
        """By type the mean F1; with ``confidence`` also ``confidence``: by type the bounds, [low, high]."""
        scores = score_rouge(predictions, references, mode=mode, stem=stem, confidence=confidence)
        bounds = {name: list(pair) for name, pair in (scores.confidence or {}).items()}
        return {**scores.f1, **({"confidence": bounds} if confidence else {})}
