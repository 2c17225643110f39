from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from mujaz import files
from mujaz.errors import DataError
from mujaz.files import DataFile, data_files, file_size, lines, not_utf8, open_file, read_text, suffix_format
from mujaz.formats import FORMATS


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.jsonl", "jsonl"),
        ("a.b.CSV.gz", "csv"),
        ("s3://bucket/a.parquet", "parquet"),
        ("a.txt.zst", "txt"),
        ("a.gz", None),
        ("csv", None),
        ("a.csv.zip", None),
    ],
)
def test_the_suffix_tells_the_format(name: str, format: str | None) -> None:
    assert suffix_format(name) == format
    assert format is None or format in FORMATS


def test_files_behind_a_path(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt"):
        (tmp_path / name).touch()
    root = str(tmp_path)
    assert data_files(tmp_path / "a.txt") == [DataFile(f"{root}/a.txt", "txt")]
    assert data_files(tmp_path / "a.txt", "article") == [DataFile(f"{root}/a.txt", "article", f"{root}/a.txt")]
    assert data_files(root) == data_files(root + "/", "article")
    assert data_files(root) == [DataFile(f"{root}/{name}", "article", name) for name in ("a.txt", "b.txt")]
    assert data_files(root, "txt") == [DataFile(f"{root}/{name}", "txt") for name in ("a.txt", "b.txt")]


class Unreachable:
    """A file system of another machine, whose library raises errors of its own."""

    def __getattr__(self, name: str) -> Callable[..., object]:
        raise RuntimeError("no credentials\nmore")


@pytest.mark.parametrize("name", ["s3://bucket/x.jsonl", "s3://bucket/*.jsonl"])
def test_a_machine_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(files, "filesystem", lambda name: (Unreachable(), name))
    with pytest.raises(DataError, match=r"^s3://bucket/.*: cannot be reached: no credentials$"):
        data_files(name)
    with pytest.raises(DataError, match=r"cannot be opened: no credentials$"), open_file(name):
        pass
    assert file_size(name) is None


def test_lines_know_their_offset() -> None:
    raw = "\ufeffأب\nج\n".encode()
    found = list(lines(io.BytesIO(raw)))
    assert found == [(1, 3, "أب\n".encode()), (2, 8, "ج\n".encode())]
    assert all(raw[offset : offset + len(line)] == line for _, offset, line in found)


def test_where_bytes_stop_being_text() -> None:
    assert not_utf8("نص".encode(), 100) is None
    assert "byte 102 (0xff) is not UTF-8" in str(not_utf8(b"ab\xff", 100))
    assert "is it a text file?" in str(not_utf8(b"\x80\x81abc", 100))
    assert not_utf8(b"PAR1\n", 0) is None  # a word, not a Parquet file


def test_a_file_that_is_gone_or_cut_off(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be opened: No such file"), open_file(str(tmp_path / "x")):
        pass
    (tmp_path / "x.txt.gz").write_bytes(b"\x1f\x8b\x08\x00")
    with open_file(str(tmp_path / "x.txt.gz")) as stream, pytest.raises(DataError, match="damaged or cut off"):
        read_text(stream, "x")
