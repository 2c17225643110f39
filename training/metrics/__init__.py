"""Metrics that read Arabic and work offline, each an ``evaluate.Metric``; imported when they are first named."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mujaz.training.metrics.bertscore import BertScore
    from mujaz.training.metrics.classification import ClassificationMetric
    from mujaz.training.metrics.overlap import Bleu, Chrf
    from mujaz.training.metrics.rouge import Rouge
    from mujaz.training.metrics.summary import SummaryQuality

__all__ = ["BertScore", "Bleu", "Chrf", "ClassificationMetric", "Rouge", "SummaryQuality"]

_MODULES = {
    "BertScore": "bertscore",
    "Bleu": "overlap",
    "Chrf": "overlap",
    "ClassificationMetric": "classification",
    "Rouge": "rouge",
    "SummaryQuality": "summary",
}


def __getattr__(name: str) -> Any:
    """Import a metric's module: evaluate and scikit-learn take seconds, and ``mujaz rouge`` needs neither."""
    if name not in _MODULES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
