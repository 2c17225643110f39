"""What a check of stance data says of its targets: rows a target and label, and how much the target alone gives away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from mujaz.training.checks_findings import Example, Finding, make_finding
from mujaz.training.checks_rows import CheckRow

Counts = Mapping[str, Mapping[str, int]]  # rows by target and label

LISTED = 30  # targets; data with one of its own for each row has thousands
_ENOUGH = 10  # rows a target, on the average: of fewer, the most frequent label of each says much by chance
_GIVEN_AWAY = 0.1  # of the rows, by which the target alone beats the most frequent label


def target_counts(rows: Iterable[CheckRow]) -> dict[str, Counter[str]]:
    """Rows by target, those with most rows first, and label."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row.target, Counter())[row.label] += 1
    return dict(sorted(counts.items(), key=lambda item: -item[1].total()))


def target_findings(targets: Mapping[str, Counts]) -> list[Finding]:
    """Parts of the data where whoever knows the target alone is right much more often than by the most frequent label.

    Args:
        targets: For each part, rows by target and label.
    """
    found = []
    for split, counts in targets.items():
        rows = sum(sum(labels.values()) for labels in counts.values())
        together = Counter[str]()
        for labels in counts.values():
            together.update(labels)
        by_target, by_label = sum(max(labels.values()) for labels in counts.values()), max(together.values())
        if rows >= _ENOUGH * len(counts) and by_target - by_label >= _GIVEN_AWAY * rows:
            usual = {target: max(labels, key=labels.__getitem__) for target, labels in counts.items()}
            examples = [
                Example(split, f"{target}: {label} ({counts[target][label]:,} of {sum(counts[target].values()):,})")
                for target, label in usual.items()
            ]
            found.append(
                make_finding("target tells", split, examples, rows, count=by_target, usual=f"{by_label / rows:.1%}")
            )
    return found
