"""How far a mean over examples may be off, by drawing the examples again (Efron 1979)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
LEVEL = 0.95
_AT_ONCE = 200_000  # rows drawn, over as many resamples as that makes: all resamples at once would take too much memory

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def draws(rows: int, resamples: int, seed: int) -> Iterator[Ints]:
    """Places of the rows that were drawn, some resamples at a time: (resamples, rows).

    Args:
        rows: How many there are, and are drawn for each resample, with replacement.
        resamples: In all.
        seed: The same seed draws the same rows.
    """
    rng = np.random.default_rng(seed)
    block = max(1, _AT_ONCE // max(rows, 1))
    for begin in range(0, resamples, block):
        yield rng.integers(rows, size=(min(block, resamples - begin), rows))


def counted(drawn: Ints, kinds: int) -> Floats:
    """How often each kind of row is among those drawn: (resamples, kinds).

    Args:
        drawn: The kinds of the rows drawn, (resamples, rows); the rows' places, where each is of a kind of its own.
        kinds: How many there are.
    """
    counts = np.empty((len(drawn), kinds))
    for number, one in enumerate(drawn):
        counts[number] = np.bincount(one, minlength=kinds)
    return counts


def confidence_interval(
    scores: Floats, *, resamples: int = RESAMPLES, level: float = LEVEL, seed: int = 0
) -> tuple[Floats, Floats]:
    """Bounds of the mean of each column: percentiles of the means of resampled rows.

    Args:
        scores: One row an example: (examples, columns).
        resamples: How many times as many rows are drawn, with replacement.
        level: Share of the resampled means that lies between the bounds.
        seed: The same seed gives the same bounds.

    Returns:
        Lower and upper bounds, (columns,) each.
    """
    rows = len(scores)
    means = np.concatenate([counted(drawn, rows) @ scores / rows for drawn in draws(rows, resamples, seed)])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high
