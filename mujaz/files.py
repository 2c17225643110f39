"""Files before their rows: finding them in folders, opening them decompressed, and saying what is not UTF-8 text.

Paths go through fsspec, so ``s3://…`` works where its package is installed.
"""

from __future__ import annotations

import bz2
import difflib
import glob
import gzip
import io
import lzma
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, NamedTuple, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from mujaz.errors import DataError, MujazError, UsageError

BOM = b"\xef\xbb\xbf"
BUFFER = 1 << 20  # bytes
_SIP = 4096  # bytes
# Suffix -> format, a key of mujaz.formats.FORMATS.
SUFFIXES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".txt": "txt",
}
# Suffix of what people have at hand and mujaz does not read -> what to save it as.
SAVE_AS = {
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".ods"), "CSV (UTF-8) or JSON Lines"),
    **dict.fromkeys((".docx", ".doc", ".odt", ".rtf", ".pdf"), "plain text (.txt, UTF-8)"),
}
# What starts a file that is not text -> what to call it, and what to do.
SIGNATURES = {
    b"\x1f\x8b": "gzip (name it ….gz; on standard input, unpack it before: gunzip)",
    b"\x28\xb5\x2f\xfd": "Zstandard (name it ….zst; on standard input, unpack it before: unzstd)",
    b"PAR1\x15": "Parquet (name it ….parquet; it does not come on standard input)",
    b"PK\x03\x04": "a zip archive or an Excel or Word document (unpack it; save a table as CSV UTF-8, a text as .txt UTF-8)",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word document (save a table as CSV UTF-8, a text as .txt UTF-8)",
    b"%PDF-": "PDF (save its text as .txt UTF-8)",
    b"\xff\xfe": "UTF-16 text (convert it: iconv -f UTF-16 -t UTF-8 OLD > NEW)",
    b"\xfe\xff": "UTF-16 text (convert it: iconv -f UTF-16 -t UTF-8 OLD > NEW)",
}
# No data: what is hidden, and what a run left beside its output (mujaz.inference.sinks).
_HIDDEN = re.compile(r"(?:^|/)[._]|\.summary\.json$")
# What decompression and reading raise when a file is damaged, cut off or taken away.
DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError)


class DataFile(NamedTuple):
    """One file to read: its path or URL, the name of its format, and for an article (one text a file) its id."""

    path: str
    format: str
    id: str | None = None


class _Sips(io.RawIOBase):
    """Gives a few bytes at a time: what is unpacked with a damaged place is lost."""

    def __init__(self, raw: BinaryIO) -> None:
        self.raw = raw

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self.raw.read(min(size, _SIP) if size >= 0 else _SIP)


def _zstd(raw: BinaryIO) -> BinaryIO:
    import pyarrow as pa

    unpacked = pa.CompressedInputStream(pa.PythonFile(_Sips(raw), mode="r"), "zstd")  # reads on over several frames
    return io.BufferedReader(cast(io.RawIOBase, unpacked))


# No second buffer around these: what it had read before a damaged place would be lost.
DECOMPRESSORS: dict[str, Callable[[BinaryIO], Any]] = {
    ".gz": lambda raw: gzip.GzipFile(fileobj=raw),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
    ".zst": _zstd,
}


def suffix_format(name: str) -> str | None:
    """The format that a file's suffix tells, less a suffix of compression; None for a suffix that no format has."""
    return SUFFIXES.get(_suffix(name))


def _suffix(name: str) -> str:
    return next(iter(_suffixes(name)), "").lower()


def _suffixes(name: str) -> list[str]:
    """The suffix of a format, and one of compression behind it."""
    path = PurePosixPath(name)
    return path.suffixes[-2:] if path.suffix.lower() in DECOMPRESSORS else path.suffixes[-1:]


def data_files(
    path: str | Path, format: str | None = None, plain: str = "txt", unread: list[str] | None = None
) -> list[DataFile]:
    """The files behind one path: itself, or what a folder and its subfolders or a pattern (``*.jsonl``) hold, sorted.

    Names that start with a dot or an underscore are not data (``.cache``, ``_SUCCESS``), nor are those of the summaries of
    runs (``labels.jsonl.summary.json``), unless a pattern asks for them.

    Args:
        path: A file, a folder, a pattern or a URL.
        format: The format, where the suffix does not tell. In a folder it picks the files of that format, and "txt" has
            them read line by line; left out, every ``.txt`` file of a folder is one article.
        plain: What a ``.txt`` file that is named, or that a pattern finds, is where no format is given: "txt", one text a
            line, or "article", one text.
        unread: Takes the files that lie in a folder and have a suffix that no format has, where no format is given.

    Raises:
        DataError: An empty name; no such file; a suffix that no format has; a folder without data files or with several
            formats; a pattern that nothing fits; a machine that cannot be reached.
    """
    if path == "":  # which is the current folder to the system
        raise DataError("expected a file, a folder or a pattern, found an empty name; is a shell variable not set?")
    try:
        return _data_files(str(path), format, plain, [] if unread is None else unread)
    except MujazError:
        raise
    except Exception as error:  # of whatever library makes the connection
        if is_local(str(path)):
            raise
        raise DataError(f"cannot be reached: {_first_line(error)}", file=str(path)) from error


def _data_files(name: str, format: str | None, plain: str, unread: list[str]) -> list[DataFile]:
    system, inside = filesystem(name)
    if glob.has_magic(inside) and not system.exists(inside):
        found = _fitting(system, inside, name)
        names = [_as_named(one, name) for one in found] if is_local(name) else map(system.unstrip_protocol, found)
        files = [file for one in names for file in _data_files(one, format, plain, unread)]
        return [*{file.path: file for file in files}.values()]
    if system.isdir(inside):
        below = [found[len(inside.rstrip("/")) + 1 :] for found in system.find(inside)]
        return _folder_files(name, below, format, unread)
    if not system.exists(inside):
        raise DataError(f"no such file or folder{_similar_file(name)}", file=name)
    known = format or (plain if suffix_format(name) == "txt" else suffix_format(name))
    if known is None:
        raise DataError(_not_read(_suffix(name)), file=name)
    return [DataFile(name, known, name if known == "article" else None)]


def _fitting(system: Any, pattern: str, name: str) -> list[str]:
    """What fits a pattern, sorted; of what ``**`` finds the files alone, since it finds those of folders, too."""
    try:
        kinds = {one: about["type"] for one, about in system.glob(pattern, detail=True).items()}
    except ValueError as error:
        raise DataError(f"no such pattern ({error}); for files of all subfolders: **/*.jsonl", file=name) from None
    found = sorted(kinds)
    start = re.split(r"[*?[]", pattern, maxsplit=1)[0].rfind("/") + 1
    if not _HIDDEN.search(pattern[start:]):
        found = [one for one in found if not _HIDDEN.search(one[start:])]
    if re.search(r"\*\*(?:/\*)?$", pattern):
        found = [one for one in found if kinds[one] != "directory"]
    if not found:
        raise DataError("no file fits this pattern", file=name)
    return found


def _as_named(found: str, pattern: str) -> str:
    """A file that a pattern finds, from the current folder on where the pattern is: ids name it, on any machine."""
    return found if os.path.isabs(os.path.expanduser(pattern)) or "://" in pattern else os.path.relpath(found)


def _not_read(suffix: str) -> str:
    expected = f"expected {', '.join(SUFFIXES)} (also .gz, .bz2, .xz, .zst)"
    if suffix in SAVE_AS:
        return f"{suffix} is not read; {expected}; save it as {SAVE_AS[suffix]}"
    return f"unknown suffix; {expected}, or name the format"


def _folder_files(folder: str, below: list[str], format: str | None, unread: list[str]) -> list[DataFile]:
    shown = sorted(relative for relative in below if not _HIDDEN.search(relative))
    kinds = {relative: kind for relative in shown if (kind := suffix_format(relative))}
    found = sorted(set(kinds.values()))
    if not found:
        hint = next((f"; save {one} as {SAVE_AS[_suffix(one)]}" for one in shown if _suffix(one) in SAVE_AS), "")
        raise DataError(f"the folder holds no data files (expected {', '.join(SUFFIXES)}){hint}", file=folder)
    root = folder.rstrip("/") + "/"
    if format is None and len(found) > 1:
        patterns = " ".join(sorted({f"'{root}**/*{''.join(_suffixes(relative))}'" for relative in kinds}))
        raise DataError(
            f"the folder holds several formats ({', '.join(found)}); expected one. Name the files that are meant, "
            f"all of them: {patterns} (or, where a corpus is read, one format: --format {found[0]})",
            file=folder,
        )
    chosen = format or ("article" if found == ["txt"] else found[0])
    picked = [relative for relative, kind in kinds.items() if kind == ("txt" if chosen == "article" else chosen)]
    if not picked:
        raise DataError(f"the folder holds no {chosen} files, only {', '.join(found)}", file=folder)
    unread += [root + relative for relative in shown if format is None and relative not in kinds]
    return [DataFile(root + relative, chosen, relative if chosen == "article" else None) for relative in picked]


def file_size(name: str) -> int | None:
    """Bytes of a file as it lies there; None where that cannot be known (a pipe)."""
    system, inside = filesystem(name)
    try:
        size = system.size(inside)
    except Exception:  # of whatever library makes the connection; reading it will say what is wrong
        return None
    return size if isinstance(size, int) and size > 0 else None


class _Counted(io.RawIOBase):
    """Passes bytes through, and tells how many."""

    def __init__(self, raw: Any, count: Callable[[int], object]) -> None:
        self.raw, self.count = raw, count

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self.raw.seekable())

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self.raw.seek(offset, whence))

    def tell(self) -> int:
        return int(self.raw.tell())

    def readinto(self, buffer: Any) -> int:
        data = self.raw.read(len(buffer)) or b""
        buffer[: len(data)] = data
        self.count(len(data))
        return len(data)

    def close(self) -> None:
        self.raw.close()
        super().close()


@contextmanager
def open_file(name: str, count: Callable[[int], object] | None = None) -> Iterator[BinaryIO]:
    """A file or URL opened for reading bytes, decompressed as its suffix tells.

    Args:
        name: Path or URL.
        count: Told of the bytes read, before they are decompressed.

    Raises:
        DataError: It cannot be opened.
    """
    system, inside = filesystem(name)
    try:
        if isinstance(system, LocalFileSystem):  # fsspec would seek in it, which a pipe does not allow
            raw: Any = Path(inside).open("rb", buffering=0)  # noqa: SIM115  # closed with the reader below
        else:
            raw = system.open(inside, "rb")
    except OSError as error:
        raise DataError(f"cannot be opened: {error.strerror or error}", file=name) from error
    except Exception as error:
        if is_local(name):
            raise
        raise DataError(f"cannot be opened: {_first_line(error)}", file=name) from error
    decompress = DECOMPRESSORS.get(PurePosixPath(name).suffix.lower())
    with io.BufferedReader(_Counted(raw, count) if count else raw, BUFFER) as stream:
        yield decompress(stream) if decompress else stream


def open_stdin() -> BinaryIO:
    """Standard input.

    Raises:
        DataError: It is closed (``<&-``).
    """
    if sys.stdin is None:
        raise DataError("it is closed. Give a file, or text to read", file="<stdin>")
    return sys.stdin.buffer


def open_stdout() -> BinaryIO:
    """Standard output.

    Raises:
        UsageError: It is closed (``>&-``).
    """
    if sys.stdout is None:
        raise UsageError("the results go to standard output, which is closed. Leave it open, or name a file for them.")
    return sys.stdout.buffer


def read_text(stream: BinaryIO, name: str) -> str:
    """All of a stream as one text.

    Raises:
        DataError: It is not UTF-8 text, or the stream breaks off.
    """
    try:
        raw = stream.read()
    except DAMAGE as error:
        raise DataError(f"the file is damaged or cut off ({error})", file=name) from error
    problem = not_utf8(raw, 0)
    if problem:
        raise DataError(problem, file=name)
    return raw.removeprefix(BOM).decode("utf-8")


def lines(stream: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Lines with their number (from 1) and the offset of their first byte, without a byte order mark."""
    offset = 0
    for number, raw in enumerate(raw_lines(stream), 1):
        if number == 1 and raw.startswith(BOM):
            yield number, len(BOM), raw[len(BOM) :]
        else:
            yield number, offset, raw
        offset += len(raw)


def raw_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines with their ends; a stream without any line feed has those of old Macs, which end in a carriage return alone."""
    first = stream.readline()
    if b"\r" in first and not first.endswith(b"\n"):
        yield from first.splitlines(keepends=True)
    elif first:
        yield first
        yield from stream


def not_utf8(raw: bytes, offset: int) -> str | None:
    """Why bytes are not UTF-8 text, or None where they are.

    Args:
        raw: A line or a whole file.
        offset: Of its first byte in the (decompressed) file; at 0 the signatures of other file types are tried.
    """
    for signature, name in SIGNATURES.items():
        if offset == 0 and raw.startswith(signature):
            return f"expected UTF-8 text, found {name}"
    try:
        raw.decode("utf-8")
        if b"\0" not in raw:
            return None
        place, what = raw.index(b"\0"), "is zero, as in a binary file or in UTF-16 text"
    except UnicodeDecodeError as error:
        place, what = error.start, f"(0x{raw[error.start]:02x}) is not UTF-8"
    return f"expected UTF-8 text, but byte {offset + place} {what}; {_encoding_hint(raw)}"


def _encoding_hint(raw: bytes) -> str:
    letters = [char for char in raw.decode("cp1256") if char > "\x7f"]
    arabic = sum("\u0600" <= char <= "\u06ff" for char in letters)
    if b"\0" not in raw and letters and arabic > 0.7 * len(letters):
        return "it reads as windows-1256; convert it: iconv -f WINDOWS-1256 -t UTF-8 OLD > NEW (Excel: save as 'CSV UTF-8')"
    return "is it a text file? Convert it to UTF-8 (iconv -f ENCODING -t UTF-8 OLD > NEW)"


def is_local(name: str) -> bool:
    """Whether a name is a path of this machine."""
    return "://" not in name or name.startswith(("file://", "local://"))


def filesystem(name: str) -> tuple[Any, str]:
    """The file system of a path or URL, and the path in it.

    Raises:
        DataError: No such protocol, or its package is not installed.
    """
    try:
        return cast(tuple[Any, str], fsspec.core.url_to_fs(name))
    except (ImportError, ValueError) as error:  # s3fs is not installed; no such protocol
        raise DataError(f"cannot be opened: {error}", file=name) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _similar_file(name: str) -> str:
    path = Path(name)
    if not os.path.isdir(path.parent):  # Path's own raises where a name is too long
        return ""
    near = difflib.get_close_matches(path.name, (other.name for other in path.parent.iterdir()), n=1, cutoff=0.75)
    return f"; did you mean '{path.parent / near[0]}'?" if near else ""
