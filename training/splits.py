"""Ways to cut data in parts: by label, by groups that stay together, by date, by target; once, or into folds.

Everything here works on one key and one label a row, and answers with row numbers.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold, train_test_split

from mujaz.dates import read_date
from mujaz.errors import DataError, UsageError

_RARE = "\0rare"  # no label
_NEAR = 0.005  # of all rows: how near a part by groups comes to the share asked for, were all groups alike
_MOST_FOLDS = 20  # that groups are dealt out to for one cut
Parts = tuple[list[int], list[int]]  # row numbers that stay, row numbers of the part that is cut off
Labels = Sequence[str | None]


def cut_stratified(labels: Labels, fraction: float, seed: int) -> Parts:
    """Cut at random, keeping the share of each label.

    Args:
        labels: One a row; None throughout for data without labels.
        fraction: Share of the part that is cut off.
        seed: Same seed, same parts.

    Raises:
        DataError: there are too few rows.
    """
    rows = len(labels)
    if rows < 2:
        raise DataError(f"expected at least 2 rows to split, found {rows}. Give dev and test files instead")
    size = min(max(round(rows * fraction), 1), rows - 1)
    strata = _strata(labels, size)
    kept, taken = train_test_split(range(rows), test_size=size, random_state=seed, stratify=strata)
    return sorted(kept), sorted(taken)


def _strata(labels: Labels, size: int) -> list[str] | None:
    """What is kept in proportion: each label, those that are too rare for it together; None where nothing can be.

    A label with a single row cannot stand on both sides, nor can all labels when a part is smaller than their number.
    """
    counts = Counter(labels)
    if None in counts:
        return None
    least = min(size, len(labels) - size)
    if min(counts.values()) >= 2 and least >= len(counts):
        return [label or "" for label in labels]
    rare = {label for label, count in counts.items() if count * least < len(labels) or count < 2}
    strata = [_RARE if label in rare else label or "" for label in labels]
    merged = Counter(strata)
    if merged[_RARE] == 1:  # one row more, and there are two of the kind
        largest = merged.most_common(1)[0][0]
        strata = [largest if one == _RARE else one for one in strata]
        merged = Counter(strata)
    return strata if len(merged) > 1 and min(merged.values()) >= 2 and least >= len(merged) else None


def cut_groups(labels: Labels, groups: Sequence[str], fraction: float, seed: int) -> Parts:
    """Cut so that no group stands on both sides; sizes and labels are kept as far as the groups allow.

    Args:
        labels: As in :func:`cut_stratified`.
        groups: One a row.
        fraction: Share of the part that is cut off.
        seed: Same seed, same parts.

    Raises:
        DataError: there are fewer groups than such a part needs.
    """
    smaller, count = min(fraction, 1 - fraction), len(set(groups))
    least = max(round(1 / smaller), 2)
    if count < least:
        raise DataError(
            f"expected at least {least} groups to cut off {fraction:.0%} without parting one, found {count}. "
            "Cut off more (data.test_fraction, data.dev_fraction), or give files of their own"
        )
    taken_folds, folds = _as_folds(smaller, least, min(count, max(least, _MOST_FOLDS)))
    parts = group_folds(labels, groups, folds, seed)[:taken_folds]
    taken = sorted(row for _, rows in parts for row in rows)
    kept = sorted(set(range(len(groups))).difference(taken))
    return (kept, taken) if fraction <= 0.5 else (taken, kept)


def _as_folds(share: float, least: int, most: int) -> tuple[int, int]:
    """How many of how many folds come near a share: the fewest that do within _NEAR, else those that come nearest."""
    ways = [(max(round(share * folds), 1), folds) for folds in range(least, most + 1)]
    near = [way for way in ways if abs(way[0] / way[1] - share) <= _NEAR]
    return near[0] if near else min(ways, key=lambda way: abs(way[0] / way[1] - share))


def cut_latest(dates: Sequence[Any], fraction: float) -> Parts:
    """Cut the latest rows off. All rows of one date stay on one side.

    Args:
        dates: One a row: a date, or text that begins with one; see :func:`mujaz.dates.read_date`.
        fraction: Share of the part that is cut off, at least; the date it begins in is taken whole.

    Raises:
        DataError: a date is missing or cannot be read, or all rows are of one date.
    """
    days = [read_date(value).date() for value in dates]
    first = sorted(days)[-max(round(len(days) * fraction), 1)]
    kept = [row for row, day in enumerate(days) if day < first]
    if not kept:
        raise DataError(
            f"a split by date would leave no row: none is before {first:%Y-%m-%d}, where the part to cut off begins"
            + (", and all rows are of that date" if len(set(days)) == 1 else "")
        )
    return kept, [row for row, day in enumerate(days) if day >= first]


def cut_target(targets: Sequence[str | None], held_out: Sequence[str]) -> Parts:
    """Cut the rows of some targets off, so that the other part never saw them.

    Raises:
        DataError: a target does not occur, or no row would stay.
    """
    missing = [target for target in held_out if target not in targets]
    if missing:
        found = sorted({target for target in targets if target})
        raise DataError(f"no row has the target '{missing[0]}'; targets found: {', '.join(found[:20])}")
    kept = [row for row, target in enumerate(targets) if target not in held_out]
    if not kept:
        raise DataError("all targets are held out: no row would stay to train on")
    return kept, [row for row, target in enumerate(targets) if target in held_out]


def stratified_folds(labels: Labels, folds: int, seed: int) -> list[Parts]:
    """Cut into folds with the same share of each label; data without labels at random.

    Raises:
        DataError: a label has fewer rows than there are folds.
    """
    if None in labels or not labels:
        return _parts(KFold(folds, shuffle=True, random_state=seed), len(labels), None, None)
    check_folds(Counter(labels), folds)
    return _parts(StratifiedKFold(folds, shuffle=True, random_state=seed), len(labels), labels, None)


def check_folds(counts: Mapping[Any, int], folds: int) -> None:
    """Refuse folds that a label cannot stand in all of.

    Args:
        counts: Label -> rows.
        folds: How many.

    Raises:
        DataError: a label has fewer rows than that.
    """
    rarest, rows = min(counts.items(), key=lambda one: one[1], default=("", folds))
    if rows < folds:
        raise DataError(
            f"{folds} folds need {folds} rows of each label; '{rarest}' has {rows}. Take fewer folds, or join it "
            "with another label (data.rename)."
        )


def joined_strata(strata: Sequence[str], least: int) -> list[str]:
    """Strata of which none has fewer rows than ``least``: those that have go together, or into the largest."""
    counts = Counter(strata)
    rare = {stratum for stratum, count in counts.items() if count < least}
    enough = sum(counts[stratum] for stratum in rare) >= least
    other = _RARE if enough else counts.most_common(1)[0][0]
    return [other if stratum in rare else stratum for stratum in strata]


def group_folds(labels: Labels, groups: Sequence[str], folds: int, seed: int) -> list[Parts]:
    """Cut into folds so that no group stands in two of them.

    Raises:
        DataError: there are fewer groups than folds.
    """
    count = len(set(groups))
    if count < folds:
        raise DataError(f"a split into {folds} parts by groups needs at least {folds} groups, found {count}")
    # With a fold a group there is nothing to choose by label; nor where no label has a row for each fold.
    if None in labels or count == folds or max(Counter(labels).values()) < folds:
        splitter: Any = GroupKFold(folds, shuffle=True, random_state=seed)
        return _parts(splitter, len(labels), None, groups)
    # StratifiedGroupKFold takes the fold of least deviation for each group, so one may stay empty where groups are few.
    parts = _parts(StratifiedGroupKFold(folds, shuffle=True, random_state=seed), len(labels), labels, groups)
    if all(taken for _, taken in parts):
        return parts
    return _parts(GroupKFold(folds, shuffle=True, random_state=seed), len(labels), None, groups)


def one_fold(parts: Sequence[Parts], number: int) -> Parts:
    """The fold of a number, counted from 1.

    Raises:
        UsageError: there is none.
    """
    if not 1 <= number <= len(parts):
        raise UsageError(f"data.fold: expected 1 to {len(parts)}, found {number}")
    return parts[number - 1]


def _parts(splitter: Any, rows: int, labels: Any, groups: Any) -> list[Parts]:
    names = None if labels is None else np.unique(np.array(labels, dtype=str), return_inverse=True)[1]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)  # it cannot stand in every fold
        found = list(splitter.split(np.zeros(rows), names, None if groups is None else np.array(groups, dtype=str)))
    return [(sorted(map(int, kept)), sorted(map(int, taken))) for kept, taken in found]
