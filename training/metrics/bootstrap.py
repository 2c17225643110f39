"""How far a mean over examples may be off, by drawing the examples again (Efron 1979)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
LEVEL = 0.95


def confidence_interval(
    scores: NDArray[np.float64], *, resamples: int = RESAMPLES, level: float = LEVEL, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bounds of the mean of each column: percentiles of the means of resampled rows.

    Args:
        scores: One row an example: (examples, columns).
        resamples: How many times as many rows are drawn, with replacement.
        level: Share of the resampled means that lies between the bounds.
        seed: The same seed gives the same bounds.

    Returns:
        Lower and upper bounds, (columns,) each.
    """
    rng = np.random.default_rng(seed)
    rows = len(scores)
    means = np.empty((resamples, scores.shape[1]))
    for sample in range(resamples):  # one at a time: all at once would take resamples x rows of memory
        drawn = np.bincount(rng.integers(rows, size=rows), minlength=rows)
        means[sample] = drawn @ scores / rows
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high
