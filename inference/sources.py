"""Records out of a corpus: files, folders, standard input. All inputs are checked before the first record is read."""

from __future__ import annotations

import collections
import io
import itertools
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from types import NoneType
from typing import BinaryIO, NamedTuple, TypeVar, cast

from mujaz.errors import DataError, UsageError
from mujaz.files import BOM, DataFile, data_files, file_size, open_stdin
from mujaz.formats import Row, read_file, read_stream, require_columns
from mujaz.hub import hub_rows, is_hub_dataset
from mujaz.inference.records import BadRecord, Columns, Record, RecordMaker, reason
from mujaz.inference.shards import Shard, Span

STDIN = "-"
STDIN_NAME = "<stdin>"
# Of an input whose first rows are all unreadable, the format or the encoding is wrong, not some of its records.
FIRST_ROWS = 20
# Of JSON Lines: so many are searched for a column that some may lack and the first do: where it is null it may be left out.
MORE_ROWS = 10_000
HUB = "hub"  # the format of a hub dataset

Items = Iterator[Row | DataError]
Item = TypeVar("Item")


class Corpus(Iterator[Record | BadRecord]):
    """The records of a corpus, and how much of it was read."""

    note = ""  # what of the inputs a reader should know
    kinds: SeenKinds
    _share: float | None = None

    def __init__(
        self, rows: Items, maker: RecordMaker, size: int | None, meter: list[int], files: Sequence[DataFile | None]
    ) -> None:
        """Rows, what makes records of them, bytes of all inputs if known, and the bytes read so far in a list of one.

        ``files`` has None for an input that cannot be read twice.
        """
        self._records, self._maker, self._size, self._meter = map(maker, rows), maker, size, meter
        self._files = files

    def __next__(self) -> Record | BadRecord:
        """The next record."""
        return next(self._records)

    def span(self, shard: Shard, chunk: int) -> Span:
        """Which records a shard does; see :meth:`mujaz.inference.shards.Shard.span`."""
        self.check_read_twice()
        return shard.span([file for file in self._files if file], chunk)

    def check_read_twice(self) -> None:
        """See that a shard can be cut.

        Raises:
            UsageError: An input is standard input, a pipe or a hub dataset.
        """
        if None in self._files:
            raise UsageError(
                "a shard is cut after counting the records, so its inputs are read twice: expected files, found standard "
                "input, a pipe or a hub dataset. Save it as a file that all machines see."
            )

    def part(self, records: Iterator[Item], span: Span) -> Iterator[Item]:
        """The records of a shard, out of those of this corpus.

        Args:
            records: This corpus; some of its first may have been looked at.
            span: The part.
        """
        self._maker.passing = True  # cleaning, say, takes half as long as labelling
        collections.deque(itertools.islice(records, span.first), maxlen=0)
        self._maker.passing = False
        self._maker.ids_replaced = 0
        size, self._size = span.last - span.first, None
        for number, record in enumerate(itertools.islice(records, None if span.open else size), 1):
            self._share = min(number / max(size, 1), 1.0)
            yield record

    @property
    def ids_replaced(self) -> int:
        """Records so far whose id column held no id."""
        return self._maker.ids_replaced

    @property
    def share_read(self) -> float | None:
        """From 0 to 1; None where the size of an input is not known."""
        return min(self._meter[0] / self._size, 1.0) if self._size else self._share


def open_corpus(
    inputs: Sequence[str],
    columns: Columns,
    *,
    format: str | None = None,
    plain: str = "txt",
    clean: Callable[[str], str] | None = None,
    stdin: BinaryIO | None = None,
) -> Corpus:
    """Check all inputs, then return an iterator over their records, in the order of the inputs.

    A row that cannot be read, or has no text, becomes a :class:`BadRecord`; the iterator goes on.

    Args:
        inputs: Files, folders, patterns, URLs, hub datasets (``owner/name:config:split``), or "-" for standard input.
        columns: Which columns are read.
        format: The format, where the suffix does not tell. Standard input is what it looks like, see
            :func:`standard_input`.
        plain: What a ``.txt`` file is: "txt", one text a line, or "article", one text.
        clean: What is done to every text first.
        stdin: Read in place of standard input.

    Raises:
        DataError: An input is missing, empty, not in its format, or lacks a column; or all lack one that is kept, or the
            titles.
        UsageError: Standard input is named twice.
    """
    unread: list[str] = []
    opened = _found(inputs, format, plain, stdin, columns.text, unread)
    meter = [0]
    maker = RecordMaker(columns, several_files=len(opened) > 1, clean=clean)
    looks = [_checked(file, stream, maker, meter) for file, stream in opened]
    looked_at = [look for look in looks if look is not None]
    if not looked_at:
        raise DataError("is empty: it holds no rows", file=", ".join(inputs))
    faults = [found.fault for found in looked_at if found.fault is not None]
    if len(faults) == len(looked_at):
        raise faults[0]
    parts = [found.items for found in looked_at]
    sizes: list[int | None] = [
        None if stream or file.format == HUB else file_size(file.path) for file, stream in opened
    ]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    files = [None if stream or file.format == HUB or _is_pipe(file) else file for file, stream in opened]
    corpus = Corpus(itertools.chain.from_iterable(parts), maker, total, meter, files)
    corpus.kinds = SeenKinds(
        set().union(*(look.kinds.id for look in looked_at)),
        {name: set().union(*(look.kinds.kept.get(name, ()) for look in looked_at)) for name in columns.keep},
    )
    empty = [file.path for (file, _), look in zip(opened, looks, strict=True) if look is None]
    told = (
        _passed_over(unread, empty, faults),
        _lacking([found for found in looked_at if found.fault is None], columns),
    )
    corpus.note = "\n".join(line for line in told if line)
    return corpus


def _passed_over(unread: Sequence[str], empty: Sequence[str], faults: Sequence[DataError]) -> str:
    """What of the inputs gives no record, or errors alone as it seems, and would be missed only at the end."""
    told = []
    if unread:
        suffixes = ", ".join(sorted({Path(name).suffix or "none" for name in unread}))
        told.append(f"not read, for their suffixes ({suffixes}): {_named(unread)}")
    if empty:
        told.append(f"without a row: {_named(empty)}")
    if faults:
        named = _named([fault.file or "" for fault in faults])
        told.append(f"warning: none of the first rows can be read: {named}; {reason(faults[0])}")
    return "\n".join(told)


def _named(files: Sequence[str]) -> str:
    return f"{len(files):,} file{'s' if len(files) > 1 else ''} ({files[0]}{', …' if len(files) > 1 else ''})"


def _found(
    inputs: Sequence[str], format: str | None, plain: str, stdin: BinaryIO | None, text: str, unread: list[str]
) -> list[tuple[DataFile, BinaryIO | None]]:
    """The files that inputs mean, standard input with its stream; ids by which no two of them are called alike."""
    if [*inputs].count(STDIN) > 1:
        raise UsageError(
            f"standard input ({STDIN}) is named twice among the inputs, and can be read once. Name it once."
        )
    opened: list[tuple[DataFile, BinaryIO | None]] = []
    for name in inputs:
        if name == STDIN:
            opened.append(standard_input(format, plain, stdin, text))
        elif is_hub_dataset(name):
            opened.append((DataFile(name, HUB), None))
        else:
            opened.extend((file, None) for file in data_files(name, format, plain, unread))
    named = [file.id for file, _ in opened if file.id]
    if len(set(named)) < len(named):  # of two folders, each with an article of that name
        return [(file._replace(id=file.id and file.path), stream) for file, stream in opened]
    return opened


class SeenKinds(NamedTuple):
    """Types of the values in the first rows: of the ids as the output has them, and of each column that is kept."""

    id: set[type]
    kept: dict[str, set[type]]


def _kinds(rows: Sequence[Row], maker: RecordMaker) -> SeenKinds:
    make = RecordMaker(maker.columns, several_files=maker.several_files)
    records = [make(row) for row in rows]
    kept = {name: {type(one.extra[name]) for one in records} - {NoneType} for name in maker.columns.keep}
    return SeenKinds({type(one.id) for one in records}, kept)


class _Look(NamedTuple):
    """What a look at the first rows of an input showed."""

    items: Items  # all its rows
    file: str
    columns: Collection[str] = ()  # those found
    kinds: SeenKinds = SeenKinds({str}, {})  # an article's
    fault: DataError | None = None  # what is wrong where none of the rows can be read


def _lacking(looked_at: Sequence[_Look], columns: Columns) -> str:
    """Which files have nothing of columns that are kept: a column may have come in later, or be left out where it is null.

    So it is with titles.

    Raises:
        DataError: None of them has such a column.
    """
    told = []
    for column in columns.optional:
        without = [one for one in looked_at if column not in one.columns]
        if len(without) == len(looked_at):
            require_columns(without[0].columns, [column], file=without[0].file, kept=True)
        elif without:
            then = "null" if column in columns.keep else "read without titles"
            told.append(
                f"no column '{column}' in {len(without):,} of {len(looked_at):,} inputs: {then} ({without[0].file}"
                f"{', …' if len(without) > 1 else ''})"
            )
    return "\n".join(told)


def _checked(file: DataFile, stream: BinaryIO | None, maker: RecordMaker, meter: list[int]) -> _Look | None:
    """The rows of one input, after a look at the first of them; None where it has none."""

    columns = maker.columns

    def count(read: int) -> None:
        meter[0] += read

    # Lazy: nothing is opened yet. All optional: a row of JSON Lines without its text keeps its id in the output.
    again = read_file(file, optional=[*columns.read, "id"], count=count)
    if file.format == "article" and stream is None:  # the files may be many, and each stands for itself
        require_columns(("id", "text"), columns.needed, file=file.path)
        return _Look(_unless_passed(again, file, maker), file.path, ("id", "text"))
    if file.format == HUB:
        items: Items = hub_rows(file.path, columns.read)
    else:
        items = read_file(file) if stream is None else read_stream(stream, file)
    first = list(itertools.islice(items, FIRST_ROWS))
    rows = [item for item in first if isinstance(item, Row)]
    if not first:
        return None
    found = dict.fromkeys(key for row in rows for key in row.values)
    if rows:
        require_columns(found, columns.needed, file=file.path)
    fault, kinds = None if rows else cast(DataError, first[0]), _kinds(rows, maker)
    if stream is not None or file.format == HUB or _is_pipe(file):  # a pipe does not come again
        return _Look(itertools.chain(first, items), file.path, found, kinds, fault)
    if file.format == "jsonl":
        more = (row for row in itertools.islice(items, MORE_ROWS) if isinstance(row, Row))
        while rows and not found.keys() >= set(columns.optional) and (row := next(more, None)):
            found.update(dict.fromkeys(row.values))
    return _Look(again, file.path, found, kinds, fault)


def _unless_passed(items: Items, file: DataFile, maker: RecordMaker) -> Items:
    """The one row of an article; where nobody wants it, the file is not opened, for it may be one of a million."""
    if maker.passing:
        yield Row({"id": file.id}, file.path, 1)
    else:
        yield from items


def _is_pipe(file: DataFile) -> bool:
    return Path(file.path).is_fifo()


def standard_input(
    format: str | None, plain: str, stdin: BinaryIO | None = None, text: str = "text"
) -> tuple[DataFile, BinaryIO]:
    """Standard input and what is in it, unless a format is named.

    It is JSON Lines where it starts with "{", JSON where it starts with "[{", CSV where its first line names the column
    ``text`` among others, else ``plain``.
    """
    stream = stdin or open_stdin()
    try:
        known = format or _looks_like(_start(stream), text) or plain
    except OSError as error:
        raise DataError(f"it cannot be read: {error.strerror or error}", file=STDIN_NAME) from error
    return DataFile(STDIN_NAME, known, STDIN_NAME if known == "article" else None), stream


def _looks_like(start: bytes, text: str) -> str | None:
    if start.startswith(b"{"):
        return "jsonl"
    if start.startswith(b"[") and start[1:].lstrip().startswith(b"{"):
        return "json"
    names = re.split(r"[,;\t]", re.split(rb"[\r\n]", start, maxsplit=1)[0].decode("utf-8", "replace").strip())
    return "csv" if len(names) > 1 and text in (name.strip('" ') for name in names) else None


def _start(stream: BinaryIO) -> bytes:
    """The first bytes of a stream that are no space, without taking them from it."""
    if isinstance(stream, io.BufferedReader):
        first = stream.peek(1)
    else:
        place = stream.tell()
        first = stream.read(1024)
        stream.seek(place)
    return first.removeprefix(BOM).lstrip()
