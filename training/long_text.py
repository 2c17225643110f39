"""How a trained classifier should read texts that are longer than it: found on dev, stored in ``mujaz.json``.

A model that was trained on the beginnings of texts may read their later parts worse than not at all, so this is measured
rather than assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import f1_score

from mujaz.models.checkpoint import store_info
from mujaz.models.classifier import TextClassifier
from mujaz.models.windows import LongText
from mujaz.training.data import Example
from mujaz.training.label_sets import label_matrix

Right = NDArray[np.bool_]

# In order of cost.
WAYS = (
    LongText(policy="truncate"),
    LongText(pooling="first+last"),
    LongText(pooling="mean"),
    LongText(pooling="max"),
)
USUAL = LongText(pooling="mean")
LEAST_LONG = 50  # texts: with fewer, what is best on them is chance
_BY_CHANCE = 0.05  # how likely chance alone makes a way so much better than another, at most, to be taken for better


def choose_long_text(model: TextClassifier, folder: Path, examples: Sequence[Example]) -> dict[str, float]:
    """Take the way of reading long texts that is best on dev; ``mujaz.json`` and the model know it from then on.

    Best by macro-F1; of the ways that may differ from it by chance alone, the mean of windows, else the cheapest. By chance:
    an exact test of the texts that one of the two reads right and the other wrong (McNemar 1947).

    Args:
        model: Loaded from ``folder``, as its users will load it.
        folder: The checkpoint.
        examples: Labelled, and not among those it was trained on.

    Returns:
        Macro-F1, 0-1, on the long texts, of each way by its name; empty where too few are long to tell.

    Raises:
        OutputError: ``mujaz.json`` cannot be written.
    """
    texts = [e.text for e in examples]
    targets = [e.target or "" for e in examples] if model.needs_target else None
    long = [i for i, document in enumerate(model.documents(texts, targets)) if len(document.windows) > 1]
    if len(long) < LEAST_LONG:
        return {}
    texts = [texts[i] for i in long]
    targets = [targets[i] for i in long] if targets else None
    scores: dict[str, float] = {}
    right: dict[str, Right] = {}
    for way in WAYS:
        model.read_long(way)
        scores[name_of(way)], right[name_of(way)] = _read(model, texts, targets, [examples[i] for i in long])
    best = chosen_way(scores, right)
    model.read_long(best)
    model.info = model.info.model_copy(update={"long_text": best})
    store_info(folder, model.info)
    return scores


def chosen_way(scores: Mapping[str, float], right: Mapping[str, Right]) -> LongText:
    """The way to take.

    Args:
        scores: Macro-F1 of each way of :data:`WAYS`, by its name.
        right: Which texts it reads right, (texts,).
    """
    best = max(scores, key=scores.__getitem__)
    alike = [way for way in WAYS if _by_chance(right[best], right[name_of(way)]) > _BY_CHANCE or name_of(way) == best]
    return USUAL if USUAL in alike else alike[0]


def _by_chance(one: Right, other: Right) -> float:
    """How likely two ways that are equally good differ as these do, or more."""
    wins, losses = int((one & ~other).sum()), int((other & ~one).sum())
    return float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def _read(
    model: TextClassifier, texts: list[str], targets: list[str] | None, examples: Sequence[Example]
) -> tuple[float, Right]:
    """Macro-F1, and which texts were read right, all their labels where they have several."""
    references: Any = [e.label for e in examples]
    found: Any = model.predict(texts, targets)
    if model.multi_label:  # before thresholds are tuned: at 0.5
        references = label_matrix([e.labels or () for e in examples], model.labels)
        found = label_matrix([one.labels or () for one in found], model.labels)
        right = (references == found).all(axis=1)
    else:
        found = [one.best for one in found]
        right = np.array([one == other for one, other in zip(references, found, strict=True)])
    return float(f1_score(references, found, average="macro", zero_division=0)), right


def name_of(way: LongText) -> str:
    """``truncate``, or the pooling of windows."""
    return way.policy if way.policy == "truncate" else way.pooling


def long_text_line(scores: dict[str, float], chosen: LongText) -> str:
    """For people."""
    listed = ", ".join(f"{name} {score:.1%}" for name, score in scores.items())
    return f"long texts: macro-F1 on those of dev: {listed}; from now on: {name_of(chosen)}"
