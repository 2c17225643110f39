"""Scores of stance: target by target, for and against alone, on targets that no training saw, and with targets swapped."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mujaz.training.metrics.resampling import label_scores, weighted_f1

# Names of the two labels that take a side, in any case.
SIDES = (("favor", "against"), ("favour", "against"), ("agree", "disagree"))

Ints = NDArray[np.int64]


def sides(labels: Sequence[str]) -> tuple[str, str] | None:
    """The labels for and against among a model's own; None where they go by other names."""
    by_name = {label.casefold(): label for label in labels}
    return next(((by_name[a], by_name[b]) for a, b in SIDES if a in by_name and b in by_name), None)


def side_f1(references: Ints, predictions: Ints, labels: Sequence[str]) -> float | None:
    """The mean of the F1 of the labels for and against, over all rows.

    The measure of SemEval-2016 task 6 (Mohammad, Kiritchenko, Sobhani, Zhu & Cherry 2016, section 5.1). Rows of other
    labels count where they are taken for one of the two.

    Args:
        references: Label ids.
        predictions: Label ids.
        labels: Their names.

    Returns:
        0-1, or None where no two labels are known to be for and against, or the rows do not have both: the F1 of the
        other is 0 whatever a model says, and a model that is always right would have 0.5.
    """
    both = [labels.index(name) for name in sides(labels) or ()]
    if not both or not np.isin(both, references).all():
        return None
    return float(weighted_f1(references, predictions, len(labels), np.ones(len(references)))[both].mean())


def target_scores(
    references: Ints, predictions: Ints, labels: Sequence[str], targets: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Scores of the rows of each target, the most frequent target first.

    Args:
        references: Label ids.
        predictions: Label ids.
        labels: Their names.
        targets: One a row.

    Returns:
        By target: ``rows``, ``accuracy``, ``macro_f1`` (over the labels that its rows or their predictions have) and
        ``favor_against_f1`` (see :func:`side_f1`).
    """
    members: dict[str, list[int]] = defaultdict(list)
    for row, target in enumerate(targets):
        members[target].append(row)
    found = {}
    for target, rows in sorted(members.items(), key=lambda item: (-len(item[1]), item[0])):
        found[target] = {"rows": len(rows), **_scores(references[rows], predictions[rows], labels)}
    return found


def unseen_scores(
    references: Ints, predictions: Ints, labels: Sequence[str], targets: Sequence[str], seen: Sequence[bool]
) -> dict[str, Any] | None:
    """Scores of the rows whose target stands nowhere in the training data; None where there are none.

    Args:
        references: Label ids.
        predictions: Label ids.
        labels: Their names.
        targets: One a row.
        seen: Of each row, whether its target was trained on.
    """
    rows = [row for row, known in enumerate(seen) if not known]
    if not rows:
        return None
    theirs = target_scores(references[rows], predictions[rows], labels, [targets[row] for row in rows])
    return {
        "rows": len(rows),
        "targets": len(theirs),
        **_scores(references[rows], predictions[rows], labels),
        "target_macro_f1": mean_over_targets(theirs),
    }


def mean_over_targets(scores: dict[str, dict[str, Any]]) -> float:
    """The mean of the targets' macro-F1, each target counting alike."""
    return float(np.mean([one["macro_f1"] for one in scores.values()]))


def swapped_targets(targets: Sequence[str]) -> list[str] | None:
    """Another target of the data for each row, the same for the same data; None where there is one target alone.

    Rows in the order of their targets are handed the targets of those that stand as far behind as the most frequent target
    is long. So no row gets its own, and every target is used as often as before, unless one stands in over half of the
    rows: what is left of it gets the others in turn.

    Args:
        targets: One a row.
    """
    counts = Counter(targets)
    if len(counts) < 2:
        return None
    order = sorted(range(len(targets)), key=lambda row: targets[row])
    shift, swapped = max(counts.values()), list(targets)
    for place, row in enumerate(order):
        other = targets[order[(place + shift) % len(order)]]
        if other == targets[row]:
            others = sorted(counts.keys() - {other})
            other = others[place % len(others)]
        swapped[row] = other
    return swapped


def swap_scores(references: Ints, predictions: Ints, swapped: Ints) -> dict[str, Any]:
    """What becomes of the predictions when texts are paired with other targets.

    A model that reads the target changes its mind, and is right less often: the label belongs to the true target.

    Args:
        references: Label ids, with the true targets.
        predictions: Label ids, with the true targets.
        swapped: Label ids, with other targets.

    Returns:
        ``rows``, ``changed`` (share of predictions), ``accuracy`` with the true targets and ``swapped_accuracy``.
    """
    return {
        "rows": len(references),
        "changed": float((swapped != predictions).mean()),
        "accuracy": float((predictions == references).mean()),
        "swapped_accuracy": float((swapped == references).mean()),
    }


def _scores(references: Ints, predictions: Ints, labels: Sequence[str]) -> dict[str, Any]:
    accuracy, macro, *_ = label_scores(references, predictions, len(labels), np.ones(len(references)))
    return {
        "accuracy": float(accuracy),
        "macro_f1": float(macro),
        "favor_against_f1": side_f1(references, predictions, labels),
    }
