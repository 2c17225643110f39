"""JSON Lines to Parquet in bounded memory, with the type of every column taken from all rows."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 16_384  # rows
_WHOLE = 1 << 53  # up to here a float holds each whole number


class _Large:
    """The kind of whole numbers that no float holds: a column that has floats too is text then."""


TYPES = {
    frozenset({bool}): pa.bool_(),
    frozenset({int}): pa.int64(),
    frozenset({float}): pa.float64(),
    frozenset({int, float}): pa.float64(),
    frozenset({_Large}): pa.int64(),
    frozenset({int, _Large}): pa.int64(),
}


def jsonl_to_parquet(source: Path, target: Path, known: Mapping[str, Collection[type]]) -> None:
    """Write the rows of a JSON Lines file, all with the same keys, as Parquet.

    A column of numbers or truth values keeps its type. All else is text: strings as they are; lists, objects and whatever a
    column of several types holds as JSON.

    Args:
        source: The JSON Lines file; it is read twice.
        target: The Parquet file.
        known: The columns that a file without rows has as well, with types of theirs beside those found: of several parts of
            a corpus, one that holds nothing of a column calls it as the others do, so that they are read as one.

    Raises:
        OSError: The target cannot be written.
    """
    seen = {name: set(kinds) for name, kinds in known.items()}
    for row in _rows(source):
        for name, value in row.items():
            seen.setdefault(name, set()).update(() if value is None else (_kind(value),))
    schema = pa.schema([(name, TYPES.get(frozenset(kinds), pa.string())) for name, kinds in seen.items()])
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        rows = _rows(source)
        while group := list(itertools.islice(rows, ROW_GROUP)):
            columns = [[_as(field.type, row.get(field.name)) for row in group] for field in schema]
            writer.write_table(pa.table(columns, schema=schema))


def _rows(source: Path) -> Iterator[dict[str, Any]]:
    with source.open("rb") as lines:
        for line in lines:
            yield orjson.loads(line)


def _kind(value: Any) -> type:
    """The type of a value; str for whole numbers beyond int64, which are kept as text."""
    if type(value) is not int or abs(value) <= _WHOLE:
        return type(value)
    return str if value >= 1 << 63 else _Large


def _as(kind: pa.DataType, value: Any) -> Any:
    if value is None or kind != pa.string() or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
