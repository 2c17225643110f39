"""The summary checks of `mujaz.models.summary_checks`, over a set of summaries."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import datasets
import evaluate

from mujaz.models.summary_checks import NOVEL_UP_TO, check_summary
from mujaz.training.metrics.offline import OfflineMetric

MEANS = ("words", "length_ratio", "coverage", "density", "longest_copy", "repeated")
FINDINGS = ("loop", "new_numbers", "new_latin", "new_words", "sentinels")


class SummaryQuality(OfflineMetric):
    """Means of what the checks count, and shares of summaries in which they found something. Needs no references.

    Example::

        SummaryQuality().compute(predictions=["فاز الفريق بثلاثة أهداف"], sources=["فاز الفريق مساء أمس بهدفين"])
    """

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description="Length, novelty, copying, repetition, unsupported numbers and words, sentinels.",
            citation="Grusky, Naaman & Artzi. 2018. Newsroom (coverage and density).",
            features=datasets.Features({"predictions": datasets.Value("string"), "sources": datasets.Value("string")}),
        )

    def _compute(self, predictions: Sequence[str], sources: Sequence[str]) -> dict[str, Any]:
        """See `mujaz.models.summary_checks.SummaryChecks` for what each is.

        Args:
            predictions: Summaries.
            sources: The texts they were made from, in the same order.

        Returns:
            ``words``, ``length_ratio``, ``coverage``, ``density``, ``longest_copy``, ``repeated``, ``novel_1`` to
            ``novel_4``: means over all summaries. ``empty_share``, ``loop_share``, ``new_numbers_share`` …: share of
            summaries, 0-1.
        """
        checks = [check_summary(summary, source) for summary, source in zip(predictions, sources, strict=True)]
        means = {name: fmean(getattr(found, name) for found in checks) for name in MEANS}
        novel = {f"novel_{n}": fmean(found.novel[n - 1] for found in checks) for n in range(1, NOVEL_UP_TO + 1)}
        shares = {f"{name}_share": fmean(bool(getattr(found, name)) for found in checks) for name in FINDINGS}
        return {**means, **novel, "empty_share": fmean(found.words == 0 for found in checks), **shares}
