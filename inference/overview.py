"""What a labelled corpus holds: how many records of each label, by outlet, over time, and how sure the model was.

Reads what ``mujaz classify`` and ``mujaz run`` wrote, or any table with labels, once and record by record.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from mujaz.dates import read_date
from mujaz.errors import DataError, UsageError
from mujaz.files import data_files
from mujaz.formats import Row, read_file, read_stream, require_columns
from mujaz.inference.sources import STDIN, standard_input
from mujaz.plain_names import as_written, plain_name

LABEL_COLUMNS = ("label", "labels", "topic", "stance")  # as classify writes them, and a run of several models
PROBABILITY, PROBABILITIES = "probability", "probabilities"
BINS = 20  # of the probability
MOST_GROUPS = 10_000  # a column of more values is no outlet
LEAST_SURE = 20  # records that are kept
SEVERAL = "|"  # between the labels of one record in a table


@dataclass
class Counts:
    """Counts of some records: all, those of an outlet, those of a day.

    Attributes:
        records: All of them.
        errors: Those that could not be labelled.
        labelled: Those that have a label, or several.
        labels: Records of each label.
    """

    records: int = 0
    errors: int = 0
    labelled: int = 0
    labels: Counter[str] = field(default_factory=Counter)

    @property
    def unlabelled(self) -> int:
        """Those that got no label: the model was not sure enough."""
        return self.records - self.errors - self.labelled

    def add(self, labels: Iterable[str], *, error: bool) -> None:
        """Count one record more."""
        several = [*labels]
        self.records += 1
        self.errors += error
        self.labelled += bool(several)
        self.labels.update(several)

    def merge(self, other: Counts) -> None:
        """Count those of another one, too."""
        self.records += other.records
        self.errors += other.errors
        self.labelled += other.labelled
        self.labels += other.labels


@dataclass
class Overview:
    """Counts of a labelled corpus.

    Attributes:
        label: The column of the labels.
        others: Further columns that may be labels.
        all: Of all records.
        sure: For each label how many records have a probability in each twentieth of 0 to 1; empty without probabilities.
        groups: Of each value of the column ``by``.
        days: Of each day.
        undated: Records whose date is missing or cannot be read.
        least_sure: Probability, label and record of those with a label that the model was least sure of, these first.
    """

    label: str
    others: tuple[str, ...] = ()
    all: Counts = field(default_factory=Counts)
    sure: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * BINS))
    groups: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    days: dict[date, Counts] = field(default_factory=lambda: defaultdict(Counts))
    undated: int = 0
    least_sure: list[tuple[float, str, Mapping[str, Any]]] = field(default_factory=list)


def overview(
    files: Sequence[str],
    *,
    label: str | None = None,
    by: str | None = None,
    dated: str | None = None,
    progress: Callable[[int], object] | None = None,
) -> Overview:
    """Count what files of labelled records hold.

    Args:
        files: Files, folders or patterns; ``-`` for standard input.
        label: The column of the labels; left out, the first that has a probability beside it, or is one of
            :data:`LABEL_COLUMNS`.
        by: A column to count by, such as the outlet.
        dated: A column of dates, which :func:`mujaz.dates.read_date` reads.
        progress: Called with 1 after each record.

    Raises:
        DataError: a file cannot be read, lacks a column, or holds no record; no date can be read.
        UsageError: ``by`` has more than :data:`MOST_GROUPS` values.
    """
    rows = (row for row in _rows(files) if not row.empty)
    first = next(rows, None)
    if first is None:
        raise DataError(f"expected labelled records, found none in {', '.join(files)}")
    columns = [label] if label else _label_columns(first.values)
    require_columns(first.values, [columns[0], *(name for name in (by, dated) if name)], file=first.file, row=first.row)
    found = Overview(columns[0], tuple(columns[1:]))
    least_sure = _LeastSure()
    for row in itertools.chain([first], rows):
        _add(found, row, by, dated, least_sure)
        if progress:
            progress(1)
    if dated and found.undated == found.all.records:
        raise DataError(f"no record has a date in column '{dated}': expected one as 2019-03-31 or 31/3/2019")
    found.least_sure = least_sure.rows()
    return found


def _rows(files: Iterable[str]) -> Iterator[Row]:
    for item in itertools.chain.from_iterable(map(_items, files)):
        if isinstance(item, DataError):
            raise item
        yield item


def _items(name: str) -> Iterator[Row | DataError]:
    """An empty file has no rows, as a part of a corpus may be one."""
    if name == STDIN:
        file, stream = standard_input(None, "jsonl", text="id")
        yield from read_stream(stream, file)
        return
    for file in data_files(name):
        yield from read_file(file)


def _label_columns(values: Mapping[str, Any]) -> list[str]:
    """Columns that may be labels, the likeliest first: a model's, then one that was carried along."""
    known = [name for name in LABEL_COLUMNS if name in values]
    scored = [name for name in values if any(f"{name}_{what}" in values for what in (PROBABILITY, PROBABILITIES))]
    if PROBABILITY in values or PROBABILITIES in values:
        scored += known[:1]
    return list(dict.fromkeys([*scored, *known])) or [LABEL_COLUMNS[0]]


def _add(found: Overview, row: Row, by: str | None, dated: str | None, least_sure: _LeastSure) -> None:
    values, column = row.values, found.label
    require_columns(values, [column], file=row.file, row=row.row)
    labels = _labels(values, column)
    error = not labels and bool(values.get("error"))
    parts = [found.all]
    if by:
        parts.append(found.groups[_text(values.get(by))])
        if len(found.groups) > MOST_GROUPS:
            raise UsageError(
                f"column '{by}' has more than {MOST_GROUPS:,} different values: expected one of few, such as the outlet"
            )
    if dated and (day := _day(values.get(dated))):
        parts.append(found.days[day])
    elif dated:
        found.undated += 1
    for part in parts:
        part.add(labels, error=error)
    probability = _probability(values, column)
    if labels and probability is not None:
        found.sure[labels[0]][min(int(probability * BINS), BINS - 1)] += 1
        least_sure.add(probability, labels[0], values)


class _LeastSure:
    """Keeps the records that a model was least sure of."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, str, Mapping[str, Any]]] = []  # the surest of them first
        self._seen = itertools.count()

    def add(self, probability: float, label: str, values: Mapping[str, Any]) -> None:
        item = (-probability, -next(self._seen), label, values)  # its number, since records do not compare
        (heapq.heappush if len(self._heap) < LEAST_SURE else heapq.heappushpop)(self._heap, item)

    def rows(self) -> list[tuple[float, str, Mapping[str, Any]]]:
        return [(-negative, label, values) for negative, _, label, values in sorted(self._heap, reverse=True)]


def _labels(values: Mapping[str, Any], column: str) -> list[str]:
    """The labels of a record, each once; none where it has none: null, or an empty cell."""
    given = values[column]
    several = column == "labels" or any(
        name.startswith((f"{column}_{PROBABILITIES}", f"{column}_p_")) for name in values
    )
    if several and not isinstance(given, list):  # elsewhere a name may have the mark in it
        given = str("" if given is None else given).split(SEVERAL)
    return [*dict.fromkeys(text for one in (given if isinstance(given, list) else [given]) if (text := _text(one)))]


def _text(value: Any) -> str:
    """A value as people see it, empty for null and for a table's NaN."""
    return "" if value is None or value != value else plain_name(str(as_written(value, label=True)))


def _probability(values: Mapping[str, Any], column: str) -> float | None:
    """Of the label: that of a model among several, or classify's own; of several labels there is no one."""
    value: Any = values.get(
        f"{column}_{PROBABILITY}", values.get(PROBABILITY) if column in ("label", "labels") else None
    )
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if 0 <= found <= 1 else None


def _day(value: Any) -> date | None:
    try:
        return read_date(value).date()
    except DataError:
        return None
