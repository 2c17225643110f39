"""Several labels a text: read from a list or from a string with a separator, and as rows of zeros and ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mujaz.errors import DataError
from mujaz.formats import Row
from mujaz.plain_names import as_written, plain_name

BETWEEN = " | "  # between the labels of a text where they are shown as one
LISTED = 20  # names in a message
MANY_FROM = 50  # rows: among fewer, labels may well be as many

LabelSet = tuple[str, ...]
Bools = NDArray[np.bool_]


class HasLabels(Protocol):
    """An example, or a row to check."""

    @property
    def label(self) -> str | None:
        """Its label; of several, all as one text."""

    @property
    def labels(self) -> LabelSet | None:
        """Its labels, sorted; None where a text has one."""


def label_set(row: Row, column: str, separator: str | None) -> LabelSet | None:
    """The labels of a row, sorted, each once; none of them is allowed. None where the value is a single label.

    Args:
        row: From a data file.
        column: A list, or with a separator a string.
        separator: What stands between the labels of a string; None takes a string for one label.

    Raises:
        DataError: something in the list is no label.
    """
    value: Any = row.values.get(column)
    if isinstance(value, str) and separator:
        value = [part for part in value.split(separator) if part.strip()]
    elif isinstance(value, int) and separator:
        value = [as_written(value, label=True)]
    if not isinstance(value, list | tuple):
        return None
    wrong = [
        one for one in value if isinstance(one, bool) or not isinstance(one, str | int) or not plain_name(str(one))
    ]
    if wrong:
        raise DataError(
            f"expected names in the list of labels in column '{column}', found {wrong[0]!r}", file=row.file, row=row.row
        )
    return tuple(sorted({plain_name(str(one)) for one in value}))


def all_labels(row: HasLabels) -> LabelSet:
    """The labels of a row that has one or several."""
    return row.labels if row.labels is not None else (row.label or "",)


def shown(labels: Iterable[str]) -> str:
    """Labels as one text, for people."""
    return BETWEEN.join(labels)


def listing(names: Iterable[str], most: int = LISTED) -> str:
    """Names for people: the first ones, and how many more there are."""
    every = list(names)
    return ", ".join(every[:most]) + (f" and {len(every) - most:,} more" if len(every) > most else "")


def too_many_labels(labels: int, rows: int) -> bool:
    """Whether so many labels of so many rows are none, but most likely a column of ids or texts."""
    return rows >= MANY_FROM and labels > 0.8 * rows


def strata(rows: Sequence[HasLabels]) -> list[str]:
    """What to keep the shares of in a split: the rarest label of each row; empty for a row without labels."""
    counts = Counter(label for row in rows for label in row.labels or ())
    return [min(row.labels or ("",), key=lambda label: (counts[label], label)) for row in rows]


def label_matrix(rows: Sequence[Iterable[str]], labels: Sequence[str]) -> Bools:
    """Which labels each row has: (rows, labels)."""
    index = {label: i for i, label in enumerate(labels)}
    found = np.zeros((len(rows), len(labels)), dtype=bool)
    for i, row in enumerate(rows):
        found[i, [index[label] for label in row]] = True
    return found
