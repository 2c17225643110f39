"""How a trained classifier should read texts that are longer than it: found on dev, stored in ``mujaz.json``.

A model that was trained on the beginnings of texts may read their later parts worse than not at all, so this is measured
rather than assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sklearn.metrics import f1_score

from mujaz.models.checkpoint import store_info
from mujaz.models.classifier import TextClassifier
from mujaz.models.windows import LongText
from mujaz.training.data import Example
from mujaz.training.label_sets import label_matrix

# In order of cost: of equals the first is taken.
WAYS = (
    LongText(policy="truncate"),
    LongText(pooling="first+last"),
    LongText(pooling="mean"),
    LongText(pooling="max"),
)
LEAST_LONG = 50  # texts: with fewer, what is best on them is chance


def choose_long_text(model: TextClassifier, folder: Path, examples: Sequence[Example]) -> dict[str, float]:
    """Take the way of reading long texts with the best macro-F1 on dev; ``mujaz.json`` and the model know it from then on.

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
    best = WAYS[0]
    for way in WAYS:
        model.read_long(way)
        scores[name_of(way)] = _macro_f1(model, texts, targets, [examples[i] for i in long])
        if scores[name_of(way)] > scores[name_of(best)]:
            best = way
    model.read_long(best)
    model.info = model.info.model_copy(update={"long_text": best})
    store_info(folder, model.info)
    return scores


def _macro_f1(model: TextClassifier, texts: list[str], targets: list[str] | None, examples: Sequence[Example]) -> float:
    references: Any = [e.label for e in examples]
    found: Any = model.predict(texts, targets)
    if model.multi_label:  # before thresholds are tuned: at 0.5
        references = label_matrix([e.labels or () for e in examples], model.labels)
        found = label_matrix([one.labels or () for one in found], model.labels)
    else:
        found = [one.best for one in found]
    return float(f1_score(references, found, average="macro", zero_division=0))


def name_of(way: LongText) -> str:
    """``truncate``, or the pooling of windows."""
    return way.policy if way.policy == "truncate" else way.pooling


def long_text_line(scores: dict[str, float], chosen: LongText) -> str:
    """For people."""
    listed = ", ".join(f"{name} {score:.1%}" for name, score in scores.items())
    return f"long texts: macro-F1 on those of dev: {listed}; from now on: {name_of(chosen)}"
