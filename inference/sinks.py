"""Where predictions go: JSON Lines, CSV, TSV or Parquet by the suffix (.gz, .zst too), or JSON Lines on stdout.

A file is written beside its final name, as ``labels.partial.jsonl`` for ``labels.jsonl``, and renamed when the run is
complete. So an output that exists is whole, and an older one stays until then. Whole chunks are appended, flushed to the
disk and then recorded in a journal (``labels.partial.jsonl.journal``): whatever ends the run (a full disk, Ctrl-C, SIGKILL,
power loss), the same command goes on behind the last recorded chunk. Parquet cannot be read before its end is written, so
its partial file is JSON Lines too (``labels.partial.parquet.jsonl``), turned into Parquet when the run is complete; then the
types of columns are known. Outputs that differ in their suffix alone do not share one of these names.
"""

from __future__ import annotations

import glob
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from filelock import FileLock, Timeout
from fsspec.utils import glob_translate

from mujaz.errors import OutputError, UsageError
from mujaz.files import BOM, filesystem, is_local, open_stdout
from mujaz.inference.journal import Journal, State
from mujaz.inference.rows import KINDS, Kinds, Rows, as_jsonl, output_kind

STDOUT = "-"
NOTHING: Mapping[str, Any] = {}
_NO_BOM = "a byte order mark (--bom) is for CSV and TSV, found {}. Leave it out, or give a name with such a suffix."


class Sink(Protocol):
    """What the runner writes to: :meth:`begin`, chunks of rows, :meth:`commit` when all is done, :meth:`close` always."""

    nested: bool  # whether a value may be an object; else it is spread over columns
    records: int  # written so far

    def begin(self, asked: Mapping[str, Any]) -> State:
        """How far an unfinished run got that was asked the same; an empty state where there is none."""

    def write(self, rows: Rows, digest: str = "", summary: Mapping[str, Any] = NOTHING) -> None:
        """Write a chunk, or raise OutputError and leave what was written before as it is."""

    def commit(self, columns: Kinds = NOTHING) -> None:
        """Give the output its final name. ``columns`` are those that it has even where there is no row."""

    def close(self) -> None:
        """Let go of the output; without :meth:`commit` before, the partial results stay."""

    @property
    def place(self) -> str:
        """Where the results lie now."""


def open_sink(
    out: str | None, *, force: bool = False, restart: bool = False, bom: bool = False, stale: Path | None = None
) -> Sink:
    """Open the output, before anything expensive is done.

    Args:
        out: A file name or URL; "-" or None is stdout.
        force: Replace an output that exists.
        restart: Drop the partial results of an unfinished run.
        bom: Begin CSV or TSV with a byte order mark.
        stale: A file that tells of the output that was there before, removed when another takes its place.

    Raises:
        UsageError: The suffix is not known or takes no such mark, the output exists, another run is writing it, or stdout is
            closed.
        OutputError: The output cannot be written.
    """
    if out is None or out == STDOUT:
        if bom:
            raise UsageError(_NO_BOM.format(f"{STDOUT} (JSON Lines)"))
        return StreamSink(open_stdout())
    if not is_local(out):
        from mujaz.inference.remote import RemoteSink

        return RemoteSink(out, force=force, restart=restart, bom=bom)
    return FileSink(Path(out), force=force, restart=restart, bom=bom, stale=stale)


def summary_file(out: Path) -> Path:
    """``labels.jsonl.summary.json`` for ``labels.jsonl``: ``labels.csv`` beside it has a summary of its own."""
    return out.with_name(f"{out.name}.summary.json")


class StreamSink:
    """JSON Lines to an open stream; every chunk is flushed."""

    nested = True

    def __init__(self, stream: BinaryIO) -> None:
        """Write to ``stream``, which stays open."""
        self.stream = stream
        self.records = 0
        self.place = "stdout"

    def begin(self, asked: Mapping[str, Any]) -> State:
        """A stream begins anew."""
        return State()

    def write(self, rows: Rows, digest: str = "", summary: Mapping[str, Any] = NOTHING) -> None:
        """Write a chunk."""
        try:
            self.stream.write(as_jsonl(rows))
            self.stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(
                f"stdout cannot be written: {error.strerror or error}. {self.records} records are out."
            ) from error
        self.records += len(rows)

    def commit(self, columns: Kinds = NOTHING) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class FileSink:
    """A file that grows by whole chunks under a partial name; see the module's docstring."""

    def __init__(
        self,
        path: Path,
        *,
        force: bool = False,
        restart: bool = False,
        bom: bool = False,
        stale: Path | None = None,
    ) -> None:
        """Take hold of the output; see :func:`open_sink`.

        Raises:
            UsageError: The suffix is not known or takes no byte order mark, there is an output already, or another run is
                writing it.
            OutputError: It cannot be created.
        """
        self.path, self.records, self._size, self._committed, self._stale = path, 0, 0, False, stale
        self.kind, self._compress = output_kind(path)
        if bom and not self.kind.takes_bom:
            raise UsageError(_NO_BOM.format(path))
        self.nested, self._mark = self.kind.nested, BOM if bom else b""
        self.partial = path.with_name(self.kind.partial_name(path))
        if path.exists() and not force:
            raise UsageError(f"{path}: it exists already. Choose another name, or give --force to replace it.")
        self._lock = FileLock(f"{self.partial}.lock", timeout=0)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._hold()
            self._open(restart)
        except (FileExistsError, NotADirectoryError) as error:
            raise OutputError(f"{path}: cannot be written: a part of its path is a file, not a folder.") from error
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error

    def _hold(self) -> None:
        try:
            self._lock.acquire()
        except Timeout as error:
            # A folder that takes no new file, as /proc, looks like a lock that another run holds.
            try:
                tempfile.TemporaryFile(dir=self.path.parent).close()
            except OSError as refused:
                why = refused.strerror or refused
                raise OutputError(f"{self.path}: cannot be created: {why}. Choose another folder.") from refused
            raise UsageError(f"{self.path}: another run is writing it at this moment. Choose another name.") from error

    def _open(self, restart: bool) -> None:
        journal = self.partial.with_name(self.partial.name + ".journal")
        if restart:
            self.partial.unlink(missing_ok=True)
        if not self.partial.exists():
            journal.unlink(missing_ok=True)
        self.journal = Journal(journal)
        if self.partial.exists() and self.journal.asked is None and self.partial.stat().st_size:
            self._lock.release()
            raise UsageError(
                f"{self.path}: an earlier run left its results in {self.partial}, without the journal that says how far it "
                "got. Move them away, or give --restart to drop them."
            )
        self._file = self.partial.open("ab", buffering=0)

    def begin(self, asked: Mapping[str, Any]) -> State:
        """Go on where an unfinished run stopped, if it was asked the same.

        Raises:
            UsageError: It was asked something else.
            OutputError: The journal cannot be written.
        """
        self.journal.check(asked, self.path)
        state = self.journal.state
        try:
            if self.partial.stat().st_size < state.size:
                raise UsageError(
                    f"{self.partial}: is shorter than its journal says. Give --restart to drop it and begin again."
                )
            self._file.truncate(state.size)
            self.journal.begin(asked)
        except OSError as error:
            raise self._failure(error) from error
        self._size, self.records = state.size, state.records
        return state

    @property
    def place(self) -> str:
        """The partial file until the output is committed."""
        return str(self.path if self._committed else self.partial)

    def write(self, rows: Rows, digest: str = "", summary: Mapping[str, Any] = NOTHING) -> None:
        """Append a chunk as a whole, flush it to the disk, and record it; or do nothing of it."""
        if self.journal.asked is None:
            self.begin({})
        encoded = self.kind.encode(rows) if self._size else self._mark + self.kind.encode(rows, header=rows[0])
        left = memoryview(self._compress(encoded))
        size = self._size + len(left)
        try:
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
            self.journal.commit(State(self.records + len(rows), size, digest, summary))
        except BaseException as error:
            self._file.truncate(self._size)  # a full disk or Ctrl-C in mid-line
            if isinstance(error, OSError):
                raise self._failure(error) from error
            raise
        self._size = size
        self.records += len(rows)

    def commit(self, columns: Kinds = NOTHING) -> None:
        """Give the output its final name; all of it is on the disk already, but for the header of one without rows."""
        try:
            if not self._size:
                self._file.write(self._compress(self._mark + self.kind.encode((), header=columns)))
            self._file.close()
            # First: whatever ends the process now, it does not stand beside an output that it is not of.
            if self._stale:
                self._stale.unlink(missing_ok=True)
            self.kind.finish(self.partial, self.path, columns)
            self.journal.remove()
        except OSError as error:
            raise self._failure(error) from error
        self._committed = True

    def close(self) -> None:
        """Close the file; a partial one that holds nothing is removed."""
        if self._file.closed and not self._lock.is_locked:
            return
        self._file.close()
        if not self._committed and self.journal.state.records == 0 and self.partial.stat().st_size == 0:
            self.partial.unlink(missing_ok=True)
            self.journal.remove()
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)

    def _failure(self, error: OSError) -> OutputError:
        kept = f" {self.records} records are safe in {self.partial}." if self.records else ""
        return OutputError(f"{self.path}: cannot be written: {error.strerror or error}.{kept}")


def check_apart(path: Path, inputs: Sequence[str]) -> None:
    """See that nothing that a run writes is read by it, now or when it is gone on with.

    Raises:
        UsageError: The output is a folder or has no known suffix, or something written lies in what is read.
    """
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; expected a file name with one of the suffixes {', '.join(KINDS)}.")
    partial = path.with_name(output_kind(path)[0].partial_name(path))
    written = {file.resolve(): file for file in (path, partial, summary_file(path))}
    taken: dict[str, Path] = {}
    for place, file in written.items():
        for one in (place, *place.parents):
            taken.setdefault(str(one), file)
    for name in filter(None, inputs):
        found = _written_in(filesystem(name)[1] if "://" in name else name, taken) if is_local(name) else None
        if found:
            raise UsageError(f"{found}: lies in what is read ({name}). Choose an output elsewhere.")


def _written_in(name: str, taken: Mapping[str, Path]) -> Path | None:
    """What of the files that are written is an input, or lies in it; for a pattern also where it will find it there.

    ``taken`` names what is written, and the folders around it.
    """
    pattern = glob.has_magic(name) and not os.path.exists(name)
    try:
        fits = re.compile(glob_translate(os.path.realpath(name))).match if pattern else None
    except ValueError:  # whoever reads it says what is wrong with it
        return None
    will_find = next((file for one, file in taken.items() if fits and fits(one)), None)
    if will_find:
        return will_find
    for source in map(os.path.realpath, glob.iglob(name, recursive=True) if pattern else [name]):
        if source in taken and (os.path.isdir(source) or Path(source) == taken[source].resolve()):
            return taken[source]
    return None
