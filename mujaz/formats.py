"""Rows out of data files: JSON Lines, JSON, CSV, TSV, Parquet and plain text, compressed or not, one file or a folder.

Rows are read as a stream; only a JSON array is whole in memory. Text is UTF-8 (a byte order mark is accepted): another
encoding is refused and named, never guessed.

Row numbers count from 1. In JSON Lines and text they are line numbers (blank lines are skipped but counted), elsewhere
the header and blank lines do not count.

Example::

    for row in read_rows("news.jsonl.gz", columns=["text", "label"]):
        print(row.values["text"], row.file, row.row)
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from mujaz.csv_rows import csv_rows
from mujaz.errors import DataError
from mujaz.files import BOM, DAMAGE, DataFile, data_files, lines, not_utf8, open_file, read_text

# (stream, its name in messages, required columns, columns wanted if they exist) -> rows, or what is wrong with one
Reader = Callable[[BinaryIO, str, Sequence[str], Sequence[str]], Iterator["Row | DataError"]]

PARQUET_BATCH = 512  # rows decoded at once
CUT_OFF = (
    "the file is damaged or cut off"  # begins what is wrong with the last row of one that goes on, once it is whole
)
USUAL_COLUMNS = ("text", "label", "target", "summary")  # each has an option and a key of a config for another name
SCORED_COLUMNS = ("prediction", "reference")  # each has an option of mujaz rouge


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a data file.

    Attributes:
        values: Column name -> value. At least the columns that were required; of Parquet only those named, if any were.
        file: The file, as the user named it.
        row: Its number there, counted from 1 (see the module's docstring).
    """

    values: dict[str, Any]
    file: str
    row: int

    @property
    def empty(self) -> bool:
        """Whether nothing stands in any cell: spreadsheets write such rows below and between those that were filled in.

        Of Parquet not every column is read, so rows of nulls are not called empty: other columns may hold something.
        """
        return all(isinstance(value, str) and not value.strip() for value in self.values.values())


def read_rows(path: str | Path, *, format: str | None = None, columns: Sequence[str] | None = None) -> Iterator[Row]:
    """Yield the rows of a file, or of the data files of a folder in sorted order.

    Args:
        path: A file, a folder or a URL. In a folder of ``.txt`` files every file is one row, ``{"id": its path below the
            folder, "text": …}``; a single ``.txt`` file has one text a line, ``{"text": line}``.
        format: A key of :data:`FORMATS`, where the suffix does not tell or a folder holds several formats.
        columns: Columns that every row must have.

    Raises:
        DataError: The first thing that is wrong, with file and row.
    """
    for item in iter_rows(path, format=format, columns=columns):
        if isinstance(item, DataError):
            raise item
        yield item


def iter_rows(
    path: str | Path, *, format: str | None = None, columns: Sequence[str] | None = None, optional: Sequence[str] = ()
) -> Iterator[Row | DataError]:
    """As :func:`read_rows`, but a row that cannot be read is yielded as a :class:`DataError`, and reading goes on.

    Args:
        path: As in :func:`read_rows`.
        format: As in :func:`read_rows`.
        columns: As in :func:`read_rows`.
        optional: Columns that a row may lack. Where columns of either kind are named, Parquet reads no others.

    Raises:
        DataError: A file as a whole cannot be read: missing, empty, unknown suffix, no such column.
    """
    empty = True
    for file in data_files(path, format):
        for item in read_file(file, columns=columns, optional=optional):
            empty = False
            yield item
    if empty:
        raise DataError("is empty: it holds no rows", file=str(path))


def read_file(
    file: DataFile,
    *,
    columns: Sequence[str] | None = None,
    optional: Sequence[str] = (),
    count: Callable[[int], object] | None = None,
) -> Iterator[Row | DataError]:
    """One file of :func:`~mujaz.files.data_files`, as :func:`iter_rows` reads it; a file without rows yields none.

    An article that cannot be opened is one bad row: there may be many, and each stands for itself.
    """
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(open_file(file.path, count))
        except DataError as error:
            if file.id is None:
                raise
            yield DataError(str(error).removeprefix(f"{file.path}: "), file=file.path, row=1, id=file.id)
            return
        yield from read_stream(stream, file, columns=columns, optional=optional)


def read_stream(
    stream: BinaryIO, file: DataFile, *, columns: Sequence[str] | None = None, optional: Sequence[str] = ()
) -> Iterator[Row | DataError]:
    """The rows of an open binary stream (a file, standard input).

    A stream that breaks off or is damaged yields one last :class:`DataError`, with the number of the row that was due.
    """
    row = 0
    try:
        for item in FORMATS[file.format](stream, file.path, columns or (), optional):
            row = item.row or row
            if file.id is not None and isinstance(item, Row):
                item.values["id"] = file.id
            elif isinstance(item, DataError):
                item.id = file.id
            yield item
    except DAMAGE as error:
        yield DataError(f"{CUT_OFF} from here on ({error})", file=file.path, row=row + 1, last=True)


def require_columns(
    found: Collection[str],
    wanted: Iterable[str],
    *,
    file: str | None = None,
    row: int | None = None,
    kept: bool = False,
) -> None:
    """Raise where a wanted column is missing, with the columns found and the nearest name.

    Args:
        found: Names of the columns that are there.
        wanted: Those that are needed.
        file: The data file, for the message.
        row: The row of it, for the message.
        kept: Whether they are only carried into an output: then no option gives them another name.

    Raises:
        DataError: A column is missing.
    """
    for column in wanted:
        if column in found:
            continue
        near = [name for name in found if name.strip().lower() == column.lower()]
        near = near or difflib.get_close_matches(column, found, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        for mark in (";", "\t", "|", ","):
            if len(found) == 1 and mark in next(iter(found)):
                hint = f"; are the columns separated by {mark!r}? Expected a comma, a semicolon or a tab"
        listed = ", ".join(f"'{name}'" for name in found) or "none"
        if column in (*USUAL_COLUMNS, *SCORED_COLUMNS) and not kept and not hint.startswith("; are"):
            key = f", in a training --set data.columns.{column}=NAME" if column in USUAL_COLUMNS else ""
            hint += f"; if it is called otherwise: --{column}-column NAME{key}"
        raise DataError(f"no column '{column}'; columns found: {listed}{hint}", file=file, row=row)


# --- JSON ----------------------------------------------------------------------------------------------------------------


def _read_jsonl(
    stream: BinaryIO, name: str, columns: Sequence[str], optional: Sequence[str]
) -> Iterator[Row | DataError]:
    for number, offset, raw in lines(stream):
        if not raw.strip():
            continue
        cut = number > 1 and not raw.endswith((b"\n", b"}"))
        try:
            item = _parse_json(raw, offset)
            cut = False  # it may be no object, but it is whole
            yield Row(_json_object(item, columns), name, number)
        except (ValueError, DataError) as error:
            what = f"{error}{_not_lines(raw) if number == 1 else ''}"
            yield _cut_off(what, name, number) if cut else DataError(what, file=name, row=number)


def _cut_off(what: str, name: str, row: int) -> DataError:
    """What is wrong with a last line that has no end: a program that was stopped, or a full disk, left it so."""
    return DataError(f"{CUT_OFF} here: its last line has no end ({what})", file=name, row=row, last=True)


def _not_lines(first: bytes) -> str:
    """What to do where a first line shows JSON that is not one object a line."""
    start = first.removeprefix(BOM).strip()
    if start.startswith(b"["):
        return " (an array of objects? then name it .json, or name the format)"
    return " (an object over several lines? Write each on one: jq -c . OLD > NEW)" if start == b"{" else ""


def _read_json(
    stream: BinaryIO, name: str, columns: Sequence[str], optional: Sequence[str]
) -> Iterator[Row | DataError]:
    raw = stream.read()
    if not raw.strip():
        return
    try:
        items = _parse_json(raw, 0)
    except ValueError as error:
        hint = " (one object a line? then name it .jsonl, or name the format)" if raw.lstrip().startswith(b"{") else ""
        raise DataError(f"{error}{hint}", file=name) from None
    if not isinstance(items, list):
        raise DataError(f"expected an array of objects, [{{…}}, {{…}}], found {_json_kind(items)}", file=name)
    for number, item in enumerate(items, 1):
        try:
            yield Row(_json_object(item, columns), name, number)
        except (ValueError, DataError) as error:
            yield DataError(str(error), file=name, row=number)


def _parse_json(raw: bytes, offset: int) -> Any:
    """Parse JSON, or raise a ValueError that says why not.

    ``NaN`` is read as null, for pandas and Python's json write it; half a surrogate pair is refused, for no tokenizer and
    no file takes it.
    """
    try:
        return _exact(orjson.loads(raw), raw)
    except orjson.JSONDecodeError as error:
        problem = not_utf8(raw, offset)
        if problem:
            raise ValueError(problem) from None
        try:
            return orjson.loads(orjson.dumps(json.loads(raw.removeprefix(BOM))))
        except (ValueError, TypeError, RecursionError):
            reason = error.msg if error.lineno == 1 else f"{error.msg}, line {error.lineno}"
            raise ValueError(f"expected JSON, found something else ({reason}, column {error.colno})") from None


def _exact(found: Any, raw: bytes) -> Any:
    """Whole numbers beyond 64 bits as they are written: orjson makes floats of them, in which two ids become one."""
    rows = found if isinstance(found, list) else [found]
    if not any(type(v) is float and abs(v) >= 1 << 63 for row in rows if isinstance(row, dict) for v in row.values()):
        return found
    try:
        return json.loads(raw.removeprefix(BOM))
    except (ValueError, RecursionError):  # more digits than Python reads
        return found


def _json_object(item: Any, columns: Sequence[str]) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise ValueError(f"expected an object, {{…}}, found {_json_kind(item)}")
    require_columns(item, columns)
    return item


def _json_kind(item: Any) -> str:
    kinds = {"dict": "an object", "list": "an array", "str": "a string", "bool": "a truth value", "NoneType": "null"}
    return kinds.get(type(item).__name__, "a number")


# --- CSV and TSV ---------------------------------------------------------------------------------------------------------


def _read_separated(delimiter: str) -> Reader:
    def read(stream: BinaryIO, name: str, columns: Sequence[str], optional: Sequence[str]) -> Iterator[Row | DataError]:
        separator, rows, cut = csv_rows(stream, delimiter)
        header = next(rows, None)
        if header is None:
            return
        if isinstance(header, str):
            raise DataError(f"in the header line: {header}", file=name)
        if twice := {column for column in header if column and header.count(column) > 1}:
            raise DataError(f"the header names a column twice: {', '.join(sorted(twice))}", file=name)
        require_columns(header, columns, file=name)
        for number, fields in enumerate(rows, 1):
            if not isinstance(fields, str) and len(fields) == len(header):
                yield Row(dict(zip(header, fields, strict=True)), name, number)
                continue
            expected = f"expected {len(header)} fields ({', '.join(header)}), found {len(fields)}"
            told = f"{expected}; a text that holds {separator!r} must be quoted"
            wrong = fields if isinstance(fields, str) else told
            whole = not isinstance(fields, str) and len(fields) > len(header)  # what was cut off has no field too many
            yield DataError(wrong, file=name, row=number) if whole or not cut() else _cut_off(wrong, name, number)

    return read


# --- Parquet and text ----------------------------------------------------------------------------------------------------


def _read_parquet(
    stream: BinaryIO, name: str, columns: Sequence[str], optional: Sequence[str]
) -> Iterator[Row | DataError]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not stream.seekable():
        raise DataError("Parquet is read from its end, so it cannot come from a pipe: give a file", file=name)
    try:
        file = pq.ParquetFile(stream)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"not a whole Parquet file; was it cut off while copied? ({error})", file=name) from None
    found = file.schema_arrow.names
    require_columns(found, columns, file=name)
    wanted = [column for column in dict.fromkeys([*columns, *optional]) if column in found]
    number = end = 0
    for group in range(file.num_row_groups):  # one by one, so that a damaged one does not take the next with it
        end += file.metadata.row_group(group).num_rows
        batches = file.iter_batches(PARQUET_BATCH, [group], wanted if columns or optional else None)
        try:
            for batch in batches:
                for values in _batch_rows(batch):
                    number += 1
                    values = _decoded(values) if isinstance(values, dict) else values
                    if isinstance(values, str):
                        yield DataError(values, file=name, row=number)
                    else:
                        yield Row(values, name, number)
        except (pa.ArrowException, OSError) as error:
            for lost in range(number + 1, end + 1):
                yield DataError(f"this part of the file is damaged ({error})", file=name, row=lost)
            number = end


def _batch_rows(batch: Any) -> list[dict[str, Any] | str]:
    """Rows of an Arrow record batch, or what is wrong with them."""
    try:
        return list(batch.to_pylist())
    except (UnicodeDecodeError, ValueError, OverflowError):  # one bad string, or a date out of range, spoils them all
        return [_arrow_row(batch.slice(index, 1)) for index in range(batch.num_rows)]


def _decoded(values: dict[str, Any]) -> dict[str, Any]:
    """Bytes as text where they are UTF-8: some programs write text into Parquet without saying that it is."""
    for name, value in values.items():
        if isinstance(value, bytes):
            with suppress(UnicodeDecodeError):
                values[name] = value.decode("utf-8")
    return values


def _arrow_row(batch: Any) -> dict[str, Any] | str:
    try:
        return dict(batch.to_pylist()[0])
    except (UnicodeDecodeError, ValueError, OverflowError) as error:
        return f"a value cannot be read ({error})"


def _read_txt(
    stream: BinaryIO, name: str, columns: Sequence[str], optional: Sequence[str]
) -> Iterator[Row | DataError]:
    require_columns(["text"], columns, file=name)
    for number, offset, raw in lines(stream):
        if not raw.strip():
            continue
        problem = not_utf8(raw, offset)
        if problem:
            yield DataError(problem, file=name, row=number)
        else:
            yield Row({"text": raw.decode("utf-8").rstrip("\r\n")}, name, number)


def _read_article(
    stream: BinaryIO, name: str, columns: Sequence[str], optional: Sequence[str]
) -> Iterator[Row | DataError]:
    require_columns(["text", "id"], columns, file=name)
    try:
        yield Row({"text": read_text(stream, name)}, name, 1)
    except DataError as error:
        yield error


FORMATS: dict[str, Reader] = {
    "jsonl": _read_jsonl,
    "json": _read_json,
    "csv": _read_separated(","),
    "tsv": _read_separated("\t"),
    "parquet": _read_parquet,
    "txt": _read_txt,  # one text a line
    "article": _read_article,  # one text a file
}
