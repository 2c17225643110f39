"""Bootstrap over labelled texts for scores that are no mean over texts, like macro-F1 (Efron 1979; Koehn 2004)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mujaz.training.metrics.bootstrap import LEVEL, RESAMPLES, Floats, Ints, counted, draws

Bools = NDArray[np.bool_]
Scorer = Callable[[Ints], Floats]  # places of the rows drawn, (resamples, rows) -> (resamples, scores)


def weighted_f1(references: Ints, predictions: Ints, labels: int, weights: Floats) -> Floats:
    """F1 of each label where a row counts as often as its weight; NaN for a label that neither side has.

    Args:
        references: Label ids.
        predictions: Label ids.
        labels: How many there are.
        weights: How often each row counts: (rows,), or (resamples, rows).

    Returns:
        (labels,), or (resamples, labels).
    """
    hits = references == predictions
    right = _by_label(references[hits], labels, weights[..., hits])
    either = _by_label(references, labels, weights) + _by_label(predictions, labels, weights)
    with np.errstate(invalid="ignore"):
        return np.asarray(2 * right / either)


def _by_label(ids: Ints, labels: int, weights: Floats) -> Floats:
    """The weights of the rows of each label: (labels,), or (resamples, labels)."""
    resamples = math.prod(weights.shape[:-1])
    apart = ids + labels * np.arange(resamples)[:, None]  # each resample has labels of its own
    sums = np.bincount(apart.ravel(), weights=weights.ravel(), minlength=resamples * labels)
    return np.asarray(sums, dtype=np.float64).reshape(*weights.shape[:-1], labels)


def label_scores(references: Ints, predictions: Ints, labels: int, weights: Floats) -> Floats:
    """Accuracy, macro-F1, and the F1 of each label: (2 + labels,), or (resamples, 2 + labels).

    Macro-F1 is the mean over the labels that occur on either side in all rows, as in scikit-learn. A label without a row of
    its own counts 0 even where no drawn row was given it, so that all resamples are of one measure.

    Args:
        references: Label ids.
        predictions: Label ids.
        labels: How many there are.
        weights: How often each row counts: (rows,), or (resamples, rows).
    """
    f1 = weighted_f1(references, predictions, labels, weights)
    accuracy = weights[..., references == predictions].sum(axis=-1) / weights.sum(axis=-1)
    there = np.bincount(references, minlength=labels) > 0
    found = there | (np.bincount(predictions, minlength=labels) > 0)
    macro = np.nanmean(f1[..., there], axis=-1) * there.sum() / found.sum()
    return np.concatenate([np.stack([accuracy, macro], axis=-1), f1], axis=-1)


def label_scorer(references: Ints, predictions: Ints, labels: int) -> Scorer:
    """:func:`label_scores` of drawn rows: those of one label that were given one label are alike, and counted together."""
    kinds, kind_of = np.unique(references * labels + predictions, return_inverse=True)
    return lambda drawn: label_scores(kinds // labels, kinds % labels, labels, counted(kind_of[drawn], len(kinds)))


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
    scorer = label_scorer(references, predictions, len(labels))
    bounds = _bounds(resampled(scorer, len(references), resamples, seed), level)
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
    """Where a text can have several labels: exactly right, macro-F1 over all of them, micro-F1, F1 of each.

    A label without a row of its own counts 0 in every draw, as in :func:`label_scores`; of one that only the drawn rows lack
    they say nothing: its F1 is NaN.

    Args:
        references: (rows, labels).
        predictions: (rows, labels).
        weights: How often each row counts: (rows,), or (resamples, rows).

    Returns:
        (3 + labels,), or (resamples, 3 + labels).
    """
    right = weights @ (references & predictions)
    either = weights @ references + weights @ predictions
    there = references.any(axis=0)
    f1 = _ratio(2 * right, either, np.where(there, np.nan, 0.0))
    exact = weights @ (references == predictions).all(axis=1) / weights.sum(axis=-1)
    drawn = (either[..., there] > 0).sum(axis=-1)
    macro = _ratio(np.nansum(f1[..., there], axis=-1), drawn, 0.0) * there.mean()
    micro = _ratio(2 * right.sum(axis=-1), either.sum(axis=-1), 0.0)
    return np.concatenate([np.stack([exact, macro, micro], axis=-1), f1], axis=-1)


def _ratio(above: Any, below: Any, else_: Any) -> Floats:
    """Above by below, and something else where below is 0."""
    return np.divide(above, below, out=np.broadcast_to(else_, np.shape(below)).copy(), where=np.asarray(below) > 0)


def label_set_scorer(references: Bools, predictions: Bools) -> Scorer:
    """:func:`label_set_scores` of drawn rows: those of the same labels that were given the same are counted together."""
    kinds, kind_of = np.unique(np.hstack([references, predictions]), axis=0, return_inverse=True)
    theirs, given = np.hsplit(kinds, 2)
    kind_of = kind_of.reshape(-1)  # numpy 2.0 gives a column
    return lambda drawn: label_set_scores(theirs, given, counted(kind_of[drawn], len(kinds)))


def resampled(scorer: Scorer, rows: int, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """The scores of each resample of the rows: (resamples, scores); the same seed draws the same."""
    return np.concatenate([scorer(drawn) for drawn in draws(rows, resamples, seed)])


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
    scorer = label_set_scorer(references, predictions)
    bounds = _bounds(resampled(scorer, len(references), resamples, seed), level)
    found = np.asarray((references & predictions).any(axis=0))
    f1 = {label: bounds[3 + i] for i, label in enumerate(labels) if found[i]}
    return {"accuracy": bounds[0], "macro_f1": bounds[1], "micro_f1": bounds[2], "f1": f1}
