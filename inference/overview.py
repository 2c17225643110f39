"""What a labelled corpus holds: how many records of each label, by outlet, over time, and how sure the model was.

Reads what ``mujaz classify`` and ``mujaz run`` wrote, or any table with labels, once and record by record.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from mujaz.dates import read_date
from mujaz.errors import DataError, UsageError
from mujaz.formats import Row, read_rows, require_columns

LABEL_COLUMNS = ("label", "labels", "topic", "stance")  # as classify writes them, and a run of several models
BINS = 20  # of the probability
MOST_GROUPS = 10_000  # a column of more values is no outlet
LEAST_SURE = 20  # records that are shown
SEVERAL = "|"  # between the labels of one record in a table


@dataclass
class Overview:
    """Counts of a labelled corpus.

    Attributes:
        label: The column of the labels.
        records: All that were read.
        errors: Those that could not be labelled.
        unlabelled: Those that got no label: the model was not sure enough.
        labels: Records of each label; of several labels a record counts for each.
        sure: For each label how many records have a probability in each twentieth of 0 to 1; empty without probabilities.
        groups: For each value of the column ``by`` its records by label; those without a label under None.
        days: The same for each day.
        undated: Records whose date is missing or none.
        least_sure: Probability, label and record of those that the model was least sure of, the least sure first.
    """

    label: str
    records: int = 0
    errors: int = 0
    unlabelled: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    sure: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * BINS))
    groups: dict[str, Counter[str | None]] = field(default_factory=lambda: defaultdict(Counter))
    days: dict[date, Counter[str | None]] = field(default_factory=lambda: defaultdict(Counter))
    undated: int = 0
    least_sure: list[tuple[float, str, Mapping[str, Any]]] = field(default_factory=list)


def overview(
    files: Iterable[str],
    *,
    label: str | None = None,
    by: str | None = None,
    dated: str | None = None,
    progress: Callable[[int], object] | None = None,
) -> Overview:
    """Count what files of labelled records hold.

    Args:
        files: Files, folders or patterns.
        label: The column of the labels; left out, the first of :data:`LABEL_COLUMNS` that is there.
        by: A column to count by, such as the outlet.
        dated: A column of dates.
        progress: Called with 1 after each record.

    Raises:
        DataError: a file cannot be read, lacks a column, or holds no record; no date can be read.
        UsageError: ``by`` has more than :data:`MOST_GROUPS` values.
    """
    rows = (row for file in files for row in read_rows(file) if not row.empty)
    first = next(rows, None)
    if first is None:
        raise DataError("expected labelled records, found none")
    column = label or next((name for name in LABEL_COLUMNS if name in first.values), LABEL_COLUMNS[0])
    found = Overview(column)
    heap: list[tuple[float, int, str, Mapping[str, Any]]] = []
    for row in itertools.chain([first], rows):
        require_columns(row.values, [column, *(name for name in (by, dated) if name)], file=row.file, row=row.row)
        labels = _labels(row.values[column], column)
        found.records += 1
        if progress:
            progress(1)
        if not labels and row.values.get("error"):
            found.errors += 1
            continue
        found.unlabelled += not labels
        found.labels.update(labels)
        _count(found, row, labels, by, dated)
        probability = _probability(row.values, column)
        if labels and probability is not None:
            found.sure[labels[0]][min(int(probability * BINS), BINS - 1)] += 1
            item = (-probability, -found.records, labels[0], row.values)  # the record's number: rows do not compare
            (heapq.heappush if len(heap) < LEAST_SURE else heapq.heappushpop)(heap, item)
    if dated and not found.days:
        raise DataError(f"no record has a date in column '{dated}', as 2019-03-31 or 31/3/2019")
    found.least_sure = [(-negative, name, values) for negative, _, name, values in sorted(heap, reverse=True)]
    return found


def _count(found: Overview, row: Row, labels: list[str], by: str | None, dated: str | None) -> None:
    of: list[str | None] = [*labels] or [None]
    if by:
        found.groups[_text(row.values[by])].update(of)
        if len(found.groups) > MOST_GROUPS:
            raise UsageError(
                f"column '{by}' has more than {MOST_GROUPS:,} different values: expected one of few, such as the outlet"
            )
    if dated:
        day = _day(row.values[dated])
        if day:
            found.days[day].update(of)
        found.undated += day is None


def _labels(value: Any, column: str) -> list[str]:
    """The labels of a record, none where it has none: null, or an empty cell."""
    if column == "labels" and not isinstance(value, list):  # elsewhere a name may have the mark in it
        value = _text(value).split(SEVERAL)
    return [text for one in (value if isinstance(value, list) else [value]) if (text := _text(one))]


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _probability(values: Mapping[str, Any], column: str) -> float | None:
    """Of the label: classify's ``probability``, or that of a model among several."""
    value = values.get("probability" if column in ("label", "labels") else f"{column}_probability")
    try:
        found = float(value)  # type: ignore[arg-type]  # of a CSV a text, often None
    except (TypeError, ValueError):
        return None
    return found if 0 <= found <= 1 else None


def _day(value: Any) -> date | None:
    try:
        return read_date(value).date()
    except DataError:
        return None
