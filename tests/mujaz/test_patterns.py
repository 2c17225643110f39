"""Which files a pattern, a folder or a name means."""

from __future__ import annotations

from pathlib import Path

import pytest

from mujaz.errors import DataError
from mujaz.files import DataFile, data_files


def found(path: str | Path, root: Path) -> list[str]:
    return [file.path.removeprefix(f"{root}/") for file in data_files(path)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a.jsonl", "sub/b.jsonl", "sub/deep/c.jsonl", "._a.jsonl", "_SUCCESS", ".cache/d.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_a_pattern_finds_no_file_twice(root: Path) -> None:
    """``**`` finds the folders beside what lies in them, and empty ones."""
    (root / "empty").mkdir()
    everything = ["a.jsonl", "sub/b.jsonl", "sub/deep/c.jsonl"]
    for pattern in ("**", "[!e]*", "**/*.jsonl", "**/*"):
        assert sorted(found(root / pattern, root)) == everything
    with pytest.raises(DataError, match="empty: the folder holds no data files"):
        data_files(root / "*")  # which names it
    assert sorted(found(root / "**/[sd]*", root)) == everything[1:]  # sub, and deep below it


def test_hidden_names_are_found_by_patterns_that_name_them(root: Path) -> None:
    """A Mac leaves ._a.jsonl beside a.jsonl, Spark a _SUCCESS."""
    assert found(root / "*.jsonl", root) == ["a.jsonl"]
    assert found(root / "._*.jsonl", root) == ["._a.jsonl"]
    assert found(root / ".cache/*.jsonl", root) == [".cache/d.jsonl"]
    with pytest.raises(DataError, match="no file fits this pattern"):
        data_files(root / "*SUCCESS")


def test_what_is_no_pattern_and_no_name(root: Path) -> None:
    with pytest.raises(DataError, match=r"x\*\*\.jsonl: no such pattern .*for files of all subfolders"):
        data_files(root / "x**.jsonl")
    with pytest.raises(DataError, match="found an empty name"):
        data_files("")


def test_a_folder_of_several_formats_says_how_to_read_all_of_it(tmp_path: Path) -> None:
    for name in ("a.csv", "sub/b.jsonl.gz", "sub/c.CSV"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(DataError, match=r"several formats \(csv, jsonl\); expected one") as refused:
        data_files(tmp_path)
    patterns = str(refused.value).partition("all of them: ")[2].partition(" (or")[0].replace("'", "").split()
    files = [file for pattern in patterns for file in data_files(pattern)]
    assert {file.path.removeprefix(f"{tmp_path}/") for file in files} == {"a.csv", "sub/b.jsonl.gz", "sub/c.CSV"}


def test_files_of_a_folder_that_are_not_read_are_told(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.html", "_c.pdf"):
        (tmp_path / name).touch()
    unread: list[str] = []
    assert data_files(tmp_path, unread=unread) == [DataFile(f"{tmp_path}/a.jsonl", "jsonl")]
    assert unread == [f"{tmp_path}/b.html"]
    unread.clear()
    data_files(tmp_path, "jsonl", unread=unread)
    assert not unread  # it was asked for these alone
