"""Score a stance model: what it makes of its targets, beside what any classifier is scored by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mujaz.models.classifier import TextClassifier
from mujaz.training.data import Example
from mujaz.training.metrics.stance import (
    mean_over_targets,
    side_f1,
    swap_scores,
    swapped_targets,
    target_scores,
    unseen_scores,
)
from mujaz.training.provenance import target_id

SWAPPED = 2000  # rows of the swap test, evenly spread: a share of them is good to about 2 points (95 % interval)


def stance_metrics(
    model: TextClassifier,
    examples: Sequence[Example],
    references: NDArray[np.int64],
    predictions: NDArray[np.int64],
) -> dict[str, Any]:
    """What ``metrics.json`` says of a stance model besides the scores of any classifier.

    Args:
        model: As it was scored.
        examples: With their targets.
        references: Label ids.
        predictions: Label ids.

    Returns:
        ``target_macro_f1``: macro-F1 averaged over targets; ``favor_against_f1``, unless
        :func:`~mujaz.training.metrics.stance.side_f1` has none; and under ``stance``: ``targets``, scores of each and
        whether it was ``seen`` in training (None where the checkpoint does not say); ``unseen``: scores of the rows of
        targets that were not; ``swap``: predictions with swapped targets.
    """
    labels, targets = model.labels, [e.target or "" for e in examples]
    by_target = target_scores(references, predictions, labels, targets)
    known = set(model.info.data.targets) if model.info.data and model.info.data.targets else None
    seen = [known is None or target_id(target) in known for target in targets]
    for target, scores in by_target.items():
        scores["seen"] = None if known is None else target_id(target) in known
    found: dict[str, Any] = {"target_macro_f1": mean_over_targets(by_target)}
    for_and_against = side_f1(references, predictions, labels)
    if for_and_against is not None:
        found["favor_against_f1"] = for_and_against
    found["stance"] = {
        "targets": by_target,
        "unseen": unseen_scores(references, predictions, labels, targets, seen),
        "swap": _swap(model, examples, references, predictions),
    }
    return found


def _swap(
    model: TextClassifier,
    examples: Sequence[Example],
    references: NDArray[np.int64],
    predictions: NDArray[np.int64],
) -> dict[str, Any] | None:
    """Predict again with each text beside another target of the data; None where the data has one target alone."""
    rows = np.unique(np.linspace(0, len(examples) - 1, min(len(examples), SWAPPED)).round().astype(int))
    targets = swapped_targets([examples[row].target or "" for row in rows])
    if targets is None:
        return None
    index = {label: i for i, label in enumerate(model.labels)}
    results = model.predict([examples[row].text for row in rows], targets)
    return swap_scores(references[rows], predictions[rows], np.array([index[r.best] for r in results], dtype=np.int64))


def stance_lines(metrics: dict[str, Any], digits: int = 1) -> list[str]:
    """The scores of a stance model in sentences, for people: in percent, with so many digits after the point."""

    def percent(share: float) -> str:
        return f"{100 * share:.{digits}f} %"

    found = metrics["stance"]
    one = f"{len(found['targets']):,} target{'s' if len(found['targets']) > 1 else ''}"
    lines = [f"{one}: macro-F1 averaged over them {percent(metrics['target_macro_f1'])}"]
    if "favor_against_f1" in metrics:
        lines[0] += f"; mean F1 of the labels for and against {percent(metrics['favor_against_f1'])}"
    unseen, swap = found["unseen"], found["swap"]
    if unseen:
        lines.append(
            f"{unseen['targets']:,} of them not in the training data ({unseen['rows']:,} rows): "
            f"accuracy {percent(unseen['accuracy'])}, macro-F1 {percent(unseen['macro_f1'])}"
        )
    if swap:
        lines.append(
            f"with targets swapped ({swap['rows']:,} rows): {percent(swap['changed'])} of the predictions change, "
            f"accuracy {percent(swap['swapped_accuracy'])} instead of {percent(swap['accuracy'])}"
        )
    return lines
