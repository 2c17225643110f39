"""Rows that say once more what another says, left out of train and dev."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Literal

from mujaz.errors import DataError
from mujaz.training.near_duplicates import NearDuplicates

if TYPE_CHECKING:
    from mujaz.training.checks_rows import CheckRow
    from mujaz.training.data import Example

Repeats = Literal["exact", "near"]

COMPARED = 200  # rows of a cluster that a row is compared with: thousands of copies of one template must not take hours
_TEST, _DEV, _TRAIN = range(3)


def text_key(row: Example | CheckRow) -> tuple[str, str]:
    """Text and target of a row, as they are compared: without its title, and whatever white space there is."""
    return " ".join(row.body.split()), " ".join((row.target or "").split())


def without_repeats(
    train: Sequence[Example], dev: Sequence[Example], test: Sequence[Example], kind: Repeats
) -> tuple[list[Example], list[Example], str]:
    """Leave out rows that another row makes needless or unfair; all of test stay.

    Of train go rows that stand in dev or test, and those that repeat an earlier one with the same answer. A text with two
    labels stays twice: which is right, nobody but a person can tell. Of dev go rows that stand in test.

    Args:
        train: Rows.
        dev: Rows.
        test: Rows.
        kind: ``exact``: the same text and target, title and white space aside. ``near``: those that are nearly so, too
            (training/near_duplicates.py); of a cluster of thousands a row is compared with the first :data:`COMPARED`.

    Returns:
        What is left of train and of dev, and a line that says how many were left out.

    Raises:
        DataError: nothing is left of train.
    """
    rows = [*test, *dev, *train]
    parts = [_TEST] * len(test) + [_DEV] * len(dev) + [_TRAIN] * len(train)
    groups, alike = _compared(rows, kind)
    kept: dict[Hashable, list[int]] = defaultdict(list)  # rows of a group
    left: list[list[Example]] = [[], [], []]
    gone: Counter[str] = Counter()
    for index, (row, part) in enumerate(zip(rows, parts, strict=True)):
        same = kept[groups[index]]
        if alike(index, [other for other in same if parts[other] < part]):
            gone["dev" if part == _DEV else "leak"] += 1
        elif part == _TRAIN and alike(
            index, [i for i in same if parts[i] == part and _answer(rows[i]) == _answer(row)]
        ):
            gone["again"] += 1
        else:
            same.append(index)
            left[part].append(row)
    if train and not left[_TRAIN]:
        raise DataError(
            f"data.drop_duplicates left none of {len(train):,} training rows: all of them stand in dev or test. Other "
            "files were meant, or leave it out."
        )
    again, leaks = gone["again"], gone["leak"]
    line = (
        f"data.drop_duplicates leaves out {again + leaks:,} of {len(train):,} training rows ({again:,} that repeat another, "
        f"{leaks:,} that stand in dev or test), and {gone['dev']:,} of dev that stand in test"
    )
    return left[_TRAIN], left[_DEV], line


_Alike = Callable[[int, Sequence[int]], bool]  # whether a row is like one of others of its group


def _compared(rows: Sequence[Example], kind: Repeats) -> tuple[Sequence[Hashable], _Alike]:
    """The group of each row, which all that are like it share; and what tells whether two of a group are alike."""
    keys = [text_key(row) for row in rows]
    if kind == "exact":
        return keys, lambda _, others: bool(others)
    near = NearDuplicates([row.body for row in rows], [target for _, target in keys])
    by_key = dict(zip(keys, near.cluster, strict=True))

    def alike(index: int, others: Sequence[int]) -> bool:
        if any(keys[other] == keys[index] for other in others):
            return True
        return near.nearest(index, others[:COMPARED]) is not None

    return [by_key[key] for key in keys], alike  # texts without words are alone in their clusters, the same or not


def _answer(row: Example) -> tuple[str, str]:
    return row.label or "", " ".join((row.summary or "").split())
