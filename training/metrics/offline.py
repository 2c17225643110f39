"""What all metrics here share: they are ``evaluate.Metric`` classes that need neither the hub nor a place on the disk."""

from __future__ import annotations

from typing import Any

import evaluate

from mujaz.errors import DataError
from mujaz.training.metrics.pairs import check_pairs


class OfflineMetric(evaluate.Metric):  # type: ignore[misc]  # evaluate has no types
    """An ``evaluate.Metric`` that keeps what it is given in memory.

    ``evaluate`` writes every batch to a folder below the home directory, and its processes lock one another's files there.
    Here nothing is written, so it works with a home that cannot be written, and any number of processes run side by side.
    """

    def __init__(self, config_name: str | None = None, **kwargs: Any) -> None:
        """Make a metric.

        Args:
            config_name: As in ``evaluate.Metric``.
            **kwargs: As in ``evaluate.Metric``.
        """
        super().__init__(config_name, **{"keep_in_memory": True, **kwargs})

    def _build_data_dir(self) -> str:
        return ""  # evaluate would make a folder here, and with keep_in_memory never use it

    def compute(self, **kwargs: Any) -> dict[str, Any]:
        """Score what is given here, or what ``add`` and ``add_batch`` were given before.

        Args:
            **kwargs: ``predictions`` and ``references`` (or what else the metric compares predictions with), one an
                example in the same order, and the metric's own options.

        Raises:
            DataError: Predictions and references do not come in pairs, or there are none.
        """
        first, second = self._feature_names()
        if kwargs.get(first) is not None and kwargs.get(second) is not None:
            check_pairs(kwargs[first], kwargs[second], (first.removesuffix("s"), second.removesuffix("s")))
        elif len(self) == 0:
            raise DataError(f"nothing to score: expected {first} and {second}")
        return super().compute(**kwargs)
