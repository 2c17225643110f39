"""Bootstrap over labelled texts for scores that are no mean over texts, like macro-F1 (Efron 1979; Koehn 2004)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mujaz.training.metrics.bootstrap import LEVEL, RESAMPLES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def draws(rows: int, resamples: int, seed: int) -> Iterator[Floats]:
    """How often each row was drawn, resample by resample: (rows,) each, summing to ``rows``."""
    rng = np.random.default_rng(seed)
    for _ in range(resamples):
        yield np.bincount(rng.integers(rows, size=rows), minlength=rows).astype(np.float64)


def weighted_f1(references: Ints, predictions: Ints, labels: int, weights: Floats) -> Floats:
    """F1 of each label where a row counts as often as its weight; NaN for a label that neither side has."""
    hits = references == predictions
    right = np.bincount(references[hits], weights=weights[hits], minlength=labels)
    either = np.bincount(references, weights=weights, minlength=labels)
    either += np.bincount(predictions, weights=weights, minlength=labels)
    with np.errstate(invalid="ignore"):
        return np.asarray(2 * right / either)


def label_scores(references: Ints, predictions: Ints, labels: int, weights: Floats) -> Floats:
    """Accuracy, macro-F1, and the F1 of each label: (2 + labels,).

    Macro-F1 is the mean over the labels that occur on either side in all rows, as in scikit-learn. A label without a row of
    its own counts 0 even where no drawn row was given it, so that all resamples are of one measure.

    Args:
        references: Label ids.
        predictions: Label ids.
        labels: How many there are.
        weights: How often each row counts.
    """
    f1 = weighted_f1(references, predictions, labels, weights)
    accuracy = weights[references == predictions].sum() / weights.sum()
    there = np.bincount(references, minlength=labels) > 0
    counted = there | (np.bincount(predictions, minlength=labels) > 0)
    macro = np.nanmean(f1[there]) * there.sum() / counted.sum()
    return np.array([accuracy, macro, *f1])


def label_intervals(
    references: Ints,
    predictions: Ints,
    labels: list[str],
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> dict[str, Any]:
    """Between what bounds scores lie, by drawing the texts again.

    Args:
        references: Label ids.
        predictions: Label ids.
        labels: Their names.
        resamples: How many times as many texts are drawn.
        level: Share of the resampled scores that lies between the bounds.
        seed: The same seed gives the same bounds.

    Returns:
        ``accuracy`` and ``macro_f1``: [low, high]; ``f1``: the same for each label that was found: of one that never was,
        every draw has 0, which says nothing of how rare it is to find it.
    """
    samples = np.stack(
        [label_scores(references, predictions, len(labels), w) for w in draws(len(references), resamples, seed)]
    )
    bounds = _bounds(samples, level)
    found = np.bincount(references[references == predictions], minlength=len(labels)) > 0
    f1 = {label: bounds[2 + i] for i, label in enumerate(labels) if found[i]}
    return {"accuracy": bounds[0], "macro_f1": bounds[1], "f1": f1}


def _bounds(samples: Floats, level: float) -> list[list[float]]:
    """Of each score, [low, high] over the resamples that have it: (resamples, scores)."""
    occurs = np.asarray(~np.isnan(samples).all(axis=0))
    low, high = np.full((2, samples.shape[1]), np.nan)
    low[occurs], high[occurs] = np.nanquantile(samples[:, occurs], [(1 - level) / 2, (1 + level) / 2], axis=0)
    return [[float(a), float(b)] for a, b in zip(low, high, strict=True)]


def label_set_scores(references: Bools, predictions: Bools, weights: Floats) -> Floats:
    """Where a text can have several labels: exactly right, macro-F1 over all of them, micro-F1, F1 of each: (3 + labels,).

    A label without a row of its own counts 0 in every draw, as in :func:`label_scores`; of one that only the drawn rows lack
    they say nothing: its F1 is NaN.

    Args:
        references: (rows, labels).
        predictions: (rows, labels).
        weights: How often each row counts: (rows,).
    """
    right = weights @ (references & predictions)
    either = weights @ references + weights @ predictions
    there = references.any(axis=0)
    f1 = np.divide(2 * right, either, out=np.where(there, np.nan, 0.0), where=either > 0)
    exact = weights @ (references == predictions).all(axis=1) / weights.sum()
    macro = np.nanmean(f1[there]) * there.mean() if either[there].any() else 0.0
    micro = 2 * right.sum() / either.sum() if either.any() else 0.0
    return np.array([exact, macro, micro, *f1])


def label_set_intervals(
    references: Bools,
    predictions: Bools,
    labels: list[str],
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> dict[str, Any]:
    """As :func:`label_intervals`, where a text can have several labels: (rows, labels). ``micro_f1`` besides."""
    samples = np.stack([label_set_scores(references, predictions, w) for w in draws(len(references), resamples, seed)])
    bounds = _bounds(samples, level)
    found = np.asarray((references & predictions).any(axis=0))
    f1 = {label: bounds[3 + i] for i, label in enumerate(labels) if found[i]}
    return {"accuracy": bounds[0], "macro_f1": bounds[1], "micro_f1": bounds[2], "f1": f1}
