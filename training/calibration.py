"""Honest probabilities: temperature scaling, the expected calibration error, and thresholds for abstaining.

A classifier that was trained to low loss is too sure of itself. Dividing its logits by one number, found on data it was not
trained on, repairs most of that and changes no label (Guo, Pleiss, Sun & Weinberger 2017, "On Calibration of Modern Neural
Networks", section 4.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import mannwhitneyu

from mujaz.configs.schema import CalibrationConfig
from mujaz.models.calibration import Calibration, Threshold
from mujaz.models.checkpoint import store_info
from mujaz.models.classifier import TextClassifier
from mujaz.training.data import Example

HOTTEST = 20.0  # temperatures are sought between 1/20 and 20; trained models lie between 0.5 and 5
BINS = 15  # of a model without a calibration of its own
FEWEST_LABELLED = 20  # a precision over fewer texts says nothing: 20 of 20 right still allows for 86 % (95 % interval)
# Fewer dev rows give a temperature that is chance: of 200 draws of 50 rows with four labels, 95 % came within a factor of
# 1.5 of the true one, of 25 rows 86 %, of 10 rows 63 % (a test repeats it).
FEWEST_ROWS = 50
# Twice the gain in log-likelihood that a temperature has by chance in 19 of 20 data sets where none is needed: of the chi
# squared distribution with one degree of freedom (Wilks 1938). A temperature that gains less stays 1.
CHANCE = 3.841
PRECISIONS = 200  # thresholds are kept for precisions 1/200 apart, so that mujaz.json stays short

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def fit_temperature(logits: NDArray[np.floating], references: Ints) -> float:
    """The temperature of the lowest negative log-likelihood.

    It is convex in 1/temperature, so that a bounded search over one number finds the minimum. Where no prediction is
    wrong there is none (the likelihood only rises as the temperature falls), and the answer is 1.

    Args:
        logits: (texts, labels).
        references: The right label of each, an index.
    """
    scores = np.asarray(logits, dtype=np.float64)
    if (scores.argmax(axis=1) == references).all():
        return 1.0
    found = minimize_scalar(
        lambda heat: mean_nll(scores / np.exp(heat), references),
        bounds=(-np.log(HOTTEST), np.log(HOTTEST)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return float(np.exp(found.x))


def mean_nll(logits: NDArray[np.floating], references: Ints) -> float:
    """Mean negative log-likelihood in nats."""
    right: Floats = log_softmax(np.asarray(logits, dtype=np.float64), axis=1)[np.arange(len(references)), references]
    return float(-right.mean())


@dataclass(frozen=True, slots=True)
class Bin:
    """The texts whose top probability lies in one interval.

    Attributes:
        low: Above this,
        high: up to and with this.
        texts: How many there are.
        confidence: Their mean top probability; 0 where there are none.
        accuracy: Share of them whose top label is right; 0 where there are none.
    """

    low: float
    high: float
    texts: int
    confidence: float
    accuracy: float


def reliability(confidence: Floats, right: NDArray[np.bool_], bins: int) -> list[Bin]:
    """Texts in equal-width bins of their top probability.

    Args:
        confidence: The top probability of each text.
        right: Whether its label is right.
        bins: How many.
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    which = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(which, minlength=bins)
    some = np.maximum(counts, 1)
    means = np.bincount(which, weights=confidence, minlength=bins) / some
    shares = np.bincount(which, weights=right, minlength=bins) / some
    return [
        Bin(float(edges[i]), float(edges[i + 1]), int(counts[i]), float(means[i]), float(shares[i]))
        for i in range(bins)
    ]


def calibration_error(table: list[Bin]) -> float:
    """ECE (Naeini, Cooper & Hauskrecht 2015): the mean distance of confidence and accuracy, by texts, 0-1."""
    total = sum(one.texts for one in table)
    return sum(one.texts * abs(one.confidence - one.accuracy) for one in table) / total if total else 0.0


def thresholds(confidence: Floats, right: NDArray[np.bool_]) -> list[Threshold]:
    """For each precision that can be had, the lowest probability from which on it is had; rising in both.

    Args:
        confidence: The top probability of each text.
        right: Whether its label is right.
    """
    order = np.argsort(-confidence, kind="stable")
    sorted_confidence, hits = confidence[order], np.cumsum(right[order])
    counts = np.arange(1, len(order) + 1)
    last = np.append(sorted_confidence[1:] != sorted_confidence[:-1], True)  # equal probabilities go together
    usable = last & (counts >= FEWEST_LABELLED)
    found: list[Threshold] = []
    step = -1
    for kept in counts[usable][::-1]:  # from all texts down to the surest
        precision = float(hits[kept - 1] / kept)
        reached = int(precision * PRECISIONS + 1e-9)
        if reached > step:
            step = reached
            found.append(
                Threshold(
                    min_probability=float(sorted_confidence[kept - 1]),
                    precision=precision,
                    coverage=float(kept / len(order)),
                )
            )
    return found


def calibrate(
    logits: NDArray[np.floating],
    references: Ints,
    settings: CalibrationConfig,
    outliers: NDArray[np.floating] | None = None,
) -> Calibration:
    """Measure and repair the probabilities of a classifier on data it was not trained on.

    A temperature that is no better than chance there (:data:`CHANCE`) is not taken.

    Args:
        logits: (texts, labels).
        references: The right label of each, an index.
        settings: What is wanted.
        outliers: (further texts, labels), of texts that have none of the labels: whatever label they get is wrong. They
            count for the thresholds alone.

    Returns:
        What ``mujaz.json`` keeps. ``min_probability`` is None where the precision asked for cannot be had.
    """
    scores = np.asarray(logits, dtype=np.float64)
    temperature = fit_temperature(scores, references) if settings.temperature else 1.0
    gain = mean_nll(scores, references) - mean_nll(scores / temperature, references)
    if 2 * len(references) * gain < CHANCE:
        temperature = 1.0
    right = scores.argmax(axis=1) == references
    before, after = (softmax(scores / t, axis=1).max(axis=1) for t in (1.0, temperature))
    others = np.zeros((0, scores.shape[1])) if outliers is None else np.asarray(outliers, dtype=np.float64)
    confidence = np.concatenate([after, softmax(others / temperature, axis=1).max(axis=1)])
    choices = thresholds(confidence, np.concatenate([right, np.zeros(len(others), dtype=np.bool_)]))
    chosen = next((t for t in choices if settings.min_precision and t.precision >= settings.min_precision), None)
    return Calibration(
        temperature=temperature,
        rows=len(references),
        outliers=len(others),
        bins=settings.bins,
        ece_before=calibration_error(reliability(before, right, settings.bins)),
        ece_after=calibration_error(reliability(after, right, settings.bins)),
        nll_before=mean_nll(scores, references),
        nll_after=mean_nll(scores / temperature, references),
        thresholds=choices,
        min_precision=settings.min_precision,
        min_probability=chosen.min_probability if chosen else None,
    )


def calibrate_checkpoint(
    model: TextClassifier,
    folder: Path,
    examples: Sequence[Example],
    settings: CalibrationConfig,
    outliers: Sequence[Example] = (),
) -> Calibration | None:
    """Calibrate a saved classifier; ``mujaz.json`` and the loaded model know of it from then on.

    Args:
        model: Loaded from ``folder``, as its users will load it.
        folder: The checkpoint.
        examples: Labelled, and not among those it was trained on.
        settings: What is wanted.
        outliers: Texts that have none of the labels, nor among those.

    Returns:
        What was stored; None, and nothing is stored, where there are fewer than ``FEWEST_ROWS`` examples.

    Raises:
        OutputError: ``mujaz.json`` cannot be written.
    """
    if len(examples) < FEWEST_ROWS:
        return None
    asked = [*examples, *outliers]
    targets = [e.target or "" for e in asked] if model.needs_target else None
    logits, rows = model.logits([e.text for e in asked], targets), len(examples)
    found = calibrate(logits[:rows], label_ids(examples, model.labels), settings, logits[rows:])
    model.info = model.info.model_copy(update={"calibration": found})
    store_info(folder, model.info)
    return found


def label_ids(examples: Sequence[Example], labels: Sequence[str]) -> Ints:
    """The labels of examples as indices."""
    index = {label: i for i, label in enumerate(labels)}
    return np.array([index[e.label or ""] for e in examples], dtype=np.int64)


def probability_metrics(
    probabilities: Floats, references: Ints, calibration: Calibration | None, outliers: Floats | None = None
) -> dict[str, Any]:
    """How honest probabilities are on labelled texts.

    Args:
        probabilities: (texts, labels), as the model gives them.
        references: The right label of each, an index.
        calibration: The model's own, if it has one.
        outliers: (further texts, labels), of texts that have none of the labels.

    Returns:
        ``bins``; ``nll`` and ``ece``; ``reliability``, a row a bin; for a calibrated model the three also under
        ``uncalibrated``, as they would be at temperature 1, and where it has a threshold ``abstention``:
        ``min_probability``, ``coverage`` and ``precision`` (None where no text got a label; outliers that got one are
        wrong). Of outliers ``outliers``: ``rows`` and ``auroc``, how often the model is surer of a text with a label than
        of one without, 0.5 by chance.
    """
    bins = calibration.bins if calibration else BINS
    with np.errstate(divide="ignore"):
        logits = np.log(probabilities)  # up to a constant a row, which no softmax sees
    found = {"bins": bins, **_honesty(logits, references, bins)}
    sure, unsure = (
        probabilities.max(axis=1),
        outliers.max(axis=1) if outliers is not None and len(outliers) else np.zeros(0),
    )
    if len(unsure):
        auroc = mannwhitneyu(sure, unsure).statistic / (len(sure) * len(unsure))
        found["outliers"] = {"rows": len(unsure), "auroc": float(auroc)}
    if calibration is None:
        return found
    found["uncalibrated"] = _honesty(logits * calibration.temperature, references, bins)
    if calibration.min_probability is not None:
        kept = np.concatenate([sure, unsure]) >= calibration.min_probability
        right = np.append(probabilities.argmax(axis=1) == references, np.zeros(len(unsure), dtype=np.bool_))
        found["abstention"] = {
            "min_probability": calibration.min_probability,
            "asked_precision": calibration.min_precision,
            "coverage": float(kept.mean()),
            "precision": float(right[kept].mean()) if kept.any() else None,
        }
    return found


def _honesty(logits: Floats, references: Ints, bins: int) -> dict[str, Any]:
    top = softmax(logits, axis=1).max(axis=1)
    table = reliability(top, logits.argmax(axis=1) == references, bins)
    rows = [asdict(one) for one in table]
    return {"nll": mean_nll(logits, references), "ece": calibration_error(table), "reliability": rows}


def outliers_line(metrics: dict[str, Any]) -> str:
    """What scores say of texts that have none of the labels, for people; empty where there were none."""
    found = metrics.get("probabilities", {}).get("outliers")
    if not found:
        return ""
    return (
        f"{found['rows']:,} more texts have none of the labels: the model is surer of a text with a label than of one of "
        f"them in {found['auroc']:.1%} of pairs (AUROC; 50 by chance)"
    )


def calibration_line(found: Calibration | None, rows: int, *, asked: bool = True) -> str:
    """What a training says of it, for people.

    Args:
        found: What :func:`calibrate_checkpoint` gave.
        rows: Of the dev data.
        asked: Whether a temperature was asked for.
    """
    if found is None:
        return (
            f"probabilities: not calibrated, and no threshold: {rows:,} dev rows are too few, at least {FEWEST_ROWS} are "
            "needed. Give more (data.dev, data.dev_fraction)"
        )
    why = "no temperature is better than chance" if asked else "no temperature was asked for"
    error = f"calibration error on dev {found.ece_before:.2%}"
    over = f"({found.rows:,} rows, {found.bins} bins)"
    line = (
        f"probabilities: temperature {found.temperature:.3f}, by likelihood on dev: {found.nll_before:.4f} nats before, "
        f"{found.nll_after:.4f} after; {error} before, {found.ece_after:.2%} after {over}"
        if found.temperature != 1.0
        else f"probabilities: left as they are ({why}); {error} {over}"
    )
    if max(found.temperature, 1 / found.temperature) > 0.99 * HOTTEST:
        line += (
            "; that is as far as it is sought: the model has hardly learnt anything, or dev is unlike what it learnt"
        )
    if found.min_precision is None:
        return line
    if found.min_probability is None:
        return f"{line}; no threshold gives precision {found.min_precision:g} on dev, so every text gets a label"
    chosen = found.threshold_for(found.min_precision)
    return f"{line}; below {chosen.min_probability:.4f} no label: {found.basis(chosen)}"
