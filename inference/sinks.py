"""Where predictions go: JSON Lines, CSV, TSV or Parquet by the suffix of the output (.gz too), or JSON Lines on stdout.

A file is written beside its final name, as ``labels.partial.jsonl`` for ``labels.jsonl``, and renamed when the run is
complete. So an output that exists is whole, and an older one stays until then. Whole chunks are appended and handed to
the system at once: whatever ends the run (a full disk, Ctrl-C, SIGKILL), the partial file holds every chunk that was
done, readable by its suffix. Parquet cannot be read before its end is written, so its partial file is JSON Lines too,
turned into Parquet when the run is complete; types of columns are then known from all rows.
"""

from __future__ import annotations

import csv
import gzip
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

import orjson

from mujaz.errors import OutputError, UsageError

Rows = Sequence[Mapping[str, Any]]
STDOUT = "-"


class Sink(Protocol):
    """What the runner writes to: rows with the same keys, then :meth:`commit` when all is done, :meth:`close` always."""

    nested: bool  # whether a value may be an object; else it is spread over columns
    records: int  # written so far

    def write(self, rows: Rows) -> None:
        """Write a chunk, or raise OutputError and leave what was written before as it is."""

    def commit(self) -> None:
        """Give the output its final name."""

    def close(self) -> None:
        """Let go of the output; without :meth:`commit` before, the partial results stay."""

    @property
    def place(self) -> str:
        """Where the results lie now."""


def open_sink(out: str | None, *, force: bool = False, inputs: Sequence[str] = ()) -> Sink:
    """Open the output, before anything expensive is done.

    Args:
        out: A file name; "-" or None is stdout.
        force: Replace an output that exists, and drop the partial results of an earlier run.
        inputs: What is read, which the output must not overwrite or lie in.

    Raises:
        UsageError: The suffix is not known, the output exists, or it is one of the inputs.
        OutputError: The output cannot be written.
    """
    if out is None or out == STDOUT:
        return StreamSink(sys.stdout.buffer)
    if "://" in out:
        raise UsageError(f"{out}: expected a local file as output. Write it here and copy it there.")
    _check_apart(Path(out), inputs)
    return FileSink(Path(out), force=force)


class StreamSink:
    """JSON Lines to an open stream; every chunk is flushed."""

    nested = True

    def __init__(self, stream: BinaryIO) -> None:
        """Write to ``stream``, which stays open."""
        self.stream = stream
        self.records = 0
        self.place = "stdout"

    def write(self, rows: Rows) -> None:
        """Write a chunk."""
        try:
            self.stream.write(_jsonl(rows, header=False))
            self.stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(
                f"stdout cannot be written: {error.strerror or error}. {self.records} records are out."
            ) from error
        self.records += len(rows)

    def commit(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class FileSink:
    """A file that grows by whole chunks under a partial name; see the module's docstring."""

    def __init__(self, path: Path, *, force: bool) -> None:
        """Create the partial file.

        Raises:
            UsageError: The suffix is not known, or there is an output or a partial one already.
            OutputError: It cannot be created.
        """
        self.path, self.records, self._size = path, 0, 0
        kind, self._gzip = _kind(path)
        self.nested, self._encode, self._finish = kind.nested, kind.encode, kind.finish
        self.partial = path.with_name(kind.partial_name(path))
        self._committed = False
        for existing in () if force else (path, self.partial):
            if existing.exists():
                what = "it exists already" if existing == path else f"an earlier run left its results in {existing}"
                raise UsageError(f"{path}: {what}. Choose another name, or give --force to replace it.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.partial.open("wb", buffering=0)
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error

    @property
    def place(self) -> str:
        """The partial file until the output is committed."""
        return str(self.path if self._committed else self.partial)

    def write(self, rows: Rows) -> None:
        """Append a chunk as a whole, or not at all."""
        data = self._encode(rows, header=self._size == 0)
        left = memoryview(gzip.compress(data, mtime=0) if self._gzip else data)  # a member of its own: whole by itself
        try:
            while left:
                left = left[self._file.write(left) :]
        except BaseException as error:
            self._file.truncate(self._size)  # a full disk or Ctrl-C in mid-line
            self._file.seek(self._size)
            if isinstance(error, OSError):
                raise self._failure(error) from error
            raise
        self._size = self._file.tell()
        self.records += len(rows)

    def commit(self) -> None:
        """See that all is on the disk, and give the output its final name."""
        try:
            os.fsync(self._file.fileno())
            self._file.close()
            self._finish(self.partial, self.path)
        except OSError as error:
            raise self._failure(error) from error
        self._committed = True

    def close(self) -> None:
        """Close the file; a partial one without records is removed."""
        self._file.close()
        if not self._committed and self.records == 0:
            self.partial.unlink(missing_ok=True)

    def _failure(self, error: OSError) -> OutputError:
        kept = f" {self.records} records are safe in {self.partial}." if self.records else ""
        return OutputError(f"{self.path}: cannot be written: {error.strerror or error}.{kept}")


# --- rows to bytes -------------------------------------------------------------------------------------------------------


class Encode(Protocol):
    """Rows to the bytes of a format, with its header line if asked for."""

    def __call__(self, rows: Rows, *, header: bool) -> bytes:
        """Encode a chunk."""


def _jsonl(rows: Rows, *, header: bool) -> bytes:
    return b"".join(_json(row) + b"\n" for row in rows)


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # half a surrogate pair, say in the name of a file that is not UTF-8; a number beyond 64 bits
        return orjson.dumps(_writable(value))


def _writable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(_writable(key)): _writable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(item) for item in value]
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 1 << 63 else str(value)
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _separated(delimiter: str) -> Encode:
    def encode(rows: Rows, *, header: bool) -> bytes:
        lines = _Lines()
        writer = csv.writer(lines, delimiter=delimiter)
        if header:
            writer.writerow(_cell(name) for name in rows[0])
        writer.writerows([_cell(value) for value in row.values()] for row in rows)
        return "".join(lines).encode("utf-8", "replace")

    return encode


class _Lines(list[str]):
    """Takes a csv writer's lines, which end in CR LF so that it quotes a lone CR too, and ends them in LF."""

    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")


def _cell(value: Any) -> Any:
    """A value as it stands in CSV; a zero character, which would make the file look binary, as the replacement character."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    return value if isinstance(value, int | float) and not isinstance(value, bool) else _plain(value)


def _plain(value: Any) -> str:
    text = _json(value).decode("utf-8")
    return str(orjson.loads(text)) if text.startswith('"') else text  # a date is bare, a list or an object is JSON


# --- finishing -----------------------------------------------------------------------------------------------------------


def _rename(partial: Path, path: Path) -> None:
    partial.replace(path)


def _to_parquet(partial: Path, path: Path) -> None:
    from mujaz.inference.parquet import jsonl_to_parquet

    half = path.with_name(path.name + ".tmp")
    try:
        jsonl_to_parquet(partial, half)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
    half.replace(path)
    partial.unlink()


class Kind(NamedTuple):
    """An output format: how rows become bytes, whether objects nest, and what makes the partial file the output."""

    encode: Encode
    nested: bool
    finish: Callable[[Path, Path], None] = _rename
    partial_suffix: str | None = None

    def partial_name(self, path: Path) -> str:
        """``labels.partial.jsonl`` for ``labels.jsonl``."""
        suffixes = "".join(path.suffixes[-2:] if path.suffix == ".gz" else path.suffixes[-1:])
        return f"{path.name.removesuffix(suffixes)}.partial{self.partial_suffix or suffixes}"


KINDS: dict[str, Kind] = {
    ".jsonl": Kind(_jsonl, nested=True),
    ".ndjson": Kind(_jsonl, nested=True),
    ".csv": Kind(_separated(","), nested=False),
    ".tsv": Kind(_separated("\t"), nested=False),
    ".parquet": Kind(_jsonl, nested=False, finish=_to_parquet, partial_suffix=".jsonl"),
}


def _kind(path: Path) -> tuple[Kind, bool]:
    zipped = path.suffix.lower() == ".gz"
    suffix = Path(path.stem).suffix.lower() if zipped else path.suffix.lower()
    if suffix not in KINDS or (zipped and suffix == ".parquet"):
        raise UsageError(
            f"{path}: unknown suffix of an output; expected {', '.join(KINDS)}, or .jsonl.gz, .csv.gz, .tsv.gz."
        )
    return KINDS[suffix], zipped


def _check_apart(path: Path, inputs: Sequence[str]) -> None:
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; expected a file name with one of the suffixes {', '.join(KINDS)}.")
    for name in inputs:
        source = Path(name).resolve()
        if source == path.resolve() or (source.is_dir() and source in path.resolve().parents):
            raise UsageError(f"{path}: lies in what is read ({name}). Choose an output elsewhere.")
