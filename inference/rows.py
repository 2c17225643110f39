"""Rows as the bytes of an output format, and what makes a partial file the output."""

from __future__ import annotations

import csv
import gzip
import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson
import pyarrow as pa

from mujaz.errors import UsageError
from mujaz.whole_files import flush, flush_names

DEEPEST = 200  # levels of a value that is written as it is; what lies below is text: orjson reads more than it writes
Rows = Sequence[Mapping[str, Any]]
# The columns of an output, with types that they are known to have before any row is seen.
Kinds = Mapping[str, Collection[type]]


class Encode(Protocol):
    """Rows to the bytes of a format, behind a header line of names where there are any and the format has one."""

    def __call__(self, rows: Rows, *, header: Collection[str] = ()) -> bytes:
        """Encode a chunk."""


def as_jsonl(rows: Rows, *, header: Collection[str] = ()) -> bytes:
    """Rows as JSON Lines."""
    return b"".join(as_json(row) + b"\n" for row in rows)


def as_json(value: Any, *, indent: bool = False) -> bytes:
    """Anything as JSON, whatever is in it."""
    layout = orjson.OPT_INDENT_2 if indent else 0
    try:
        return orjson.dumps(value, default=_as_text, option=orjson.OPT_NON_STR_KEYS | layout)
    except TypeError:  # half a surrogate pair, as in the name of a file that is not UTF-8; beyond 64 bits; too deep
        return orjson.dumps(_writable(value), option=layout)


def _writable(value: Any, level: int = 0) -> Any:
    if isinstance(value, Mapping | list | tuple) and level >= DEEPEST:
        try:
            return _writable(json.dumps(value, ensure_ascii=False, default=_as_text))
        except RecursionError:
            return "nested too deeply to be written"
    if isinstance(value, Mapping):
        return {str(_writable(key)): _writable(item, level + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(item, level + 1) for item in value]
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 1 << 63 else str(value)
    return _as_text(value).encode("utf-8", "replace").decode("utf-8")


def _as_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _separated(delimiter: str) -> Encode:
    def encode(rows: Rows, *, header: Collection[str] = ()) -> bytes:
        lines = _Lines()
        writer = csv.writer(lines, delimiter=delimiter)
        if header:
            writer.writerow(_cell(name) for name in header)
        writer.writerows([_cell(value) for value in row.values()] for row in rows)
        return "".join(lines).encode("utf-8", "replace")

    return encode


class _Lines(list[str]):
    """Takes a csv writer's lines, which end in CR LF so that it quotes a lone CR too, and ends them in LF."""

    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")


def _cell(value: Any) -> Any:
    """A value as it stands in CSV; a zero character, which would make the file look binary, as the replacement character."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):  # JSON has no such numbers either
        return ""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    return value if isinstance(value, int | float) and not isinstance(value, bool) else _plain(value)


def _plain(value: Any) -> str:
    text = as_json(value).decode("utf-8")
    return str(orjson.loads(text)) if text.startswith('"') else text  # a date is bare, a list or an object is JSON


def _rename(partial: Path, path: Path, columns: Kinds) -> None:
    partial.replace(path)


def _to_parquet(partial: Path, path: Path, columns: Kinds) -> None:
    from mujaz.inference.parquet import jsonl_to_parquet

    half = path.with_name(path.name + ".tmp")
    try:
        jsonl_to_parquet(partial, half, columns)
        flush(half)
    except BaseException as error:
        half.unlink(missing_ok=True)
        if isinstance(error, pa.ArrowException) and not isinstance(error, OSError):
            raise OSError(f"Parquet cannot hold it ({error})") from error
        raise
    half.replace(path)
    flush_names(path.parent)  # else a power loss could leave neither this file nor the partial one
    partial.unlink()


class Kind(NamedTuple):
    """An output format: how rows become bytes, whether objects nest and a byte order mark may come first, and what makes the
    partial file the output.
    """

    encode: Encode
    nested: bool
    takes_bom: bool = False
    finish: Callable[[Path, Path, Kinds], None] = _rename
    partial_suffix: str | None = None

    def partial_name(self, path: Path) -> str:
        """``labels.partial.jsonl`` for ``labels.jsonl``, ``labels.partial.parquet.jsonl`` for ``labels.parquet``."""
        if self.partial_suffix:
            return f"{path.stem}.partial{path.suffix}{self.partial_suffix}"
        suffixes = "".join(path.suffixes[-2:] if path.suffix.lower() in COMPRESSORS else path.suffixes[-1:])
        return f"{path.name.removesuffix(suffixes)}.partial{suffixes}"


KINDS: dict[str, Kind] = {
    ".jsonl": Kind(as_jsonl, nested=True),
    ".ndjson": Kind(as_jsonl, nested=True),
    ".csv": Kind(_separated(","), nested=False, takes_bom=True),
    ".tsv": Kind(_separated("\t"), nested=False, takes_bom=True),
    ".parquet": Kind(as_jsonl, nested=False, finish=_to_parquet, partial_suffix=".jsonl"),
}


# Each chunk is a whole member (a frame) of its own, so that what is there can be read while the file grows. The settings are
# fixed, so that the same rows give the same bytes.
COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".zst": lambda data: bytes(pa.compress(data, codec="zstd", asbytes=True)),
}


def output_kind(path: Path) -> tuple[Kind, Callable[[bytes], bytes]]:
    """The format that a file's suffix tells, and how its chunks are compressed.

    Raises:
        UsageError: No format has this suffix.
    """
    compress = COMPRESSORS.get(path.suffix.lower())
    suffix = Path(path.stem).suffix.lower() if compress else path.suffix.lower()
    if suffix not in KINDS or (compress and suffix == ".parquet"):
        raise UsageError(
            f"{path}: unknown suffix of an output; expected {', '.join(KINDS)}, or .gz or .zst behind those of text."
        )
    return KINDS[suffix], compress or bytes
