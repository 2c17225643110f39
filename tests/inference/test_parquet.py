from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mujaz.inference import parquet
from mujaz.inference.rows import KINDS


def test_types_come_from_all_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", 1)  # the last row is not in the first group
    rows: list[dict[str, Any]] = [
        {"id": 1, "n": 1, "flag": None, "mixed": 1, "list": ["أ"], "none": None, "big": 2**63},
        {"id": 2, "n": 0.5, "flag": True, "mixed": "x", "list": None, "none": None, "big": 1},
    ]
    source, target = tmp_path / "x.jsonl", tmp_path / "x.parquet"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    parquet.jsonl_to_parquet(source, target, {})
    table = pq.read_table(target)
    assert {field.name: str(field.type) for field in table.schema} == {
        "id": "int64",
        "n": "double",
        "flag": "bool",
        "mixed": "string",
        "list": "string",
        "none": "string",
        "big": "string",
    }
    assert table.to_pylist() == [
        {"id": 1, "n": 1.0, "flag": None, "mixed": "1", "list": '["أ"]', "none": None, "big": str(2**63)},
        {"id": 2, "n": 0.5, "flag": True, "mixed": "x", "list": None, "none": None, "big": "1"},
    ]


def test_whole_numbers_that_no_float_holds(tmp_path: Path) -> None:
    """Beside a float they are text, as they stand; by themselves they are numbers."""
    large = 2**53 + 1
    source, target = tmp_path / "x.jsonl", tmp_path / "x.parquet"
    rows = [{"mixed": 0.5, "whole": 1}, {"mixed": large, "whole": large}, {"mixed": 2, "whole": -large}]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    parquet.jsonl_to_parquet(source, target, {})
    found = pq.read_table(target)
    assert found["mixed"].to_pylist() == ["0.5", str(large), "2"]
    assert found["whole"].to_pylist() == [1, large, -large]


def test_it_is_on_the_disk_before_the_rows_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First what it holds, then its name: a power loss at any moment leaves one of the two files whole."""
    source, target = tmp_path / "x.partial.parquet.jsonl", tmp_path / "x.parquet"
    source.write_text('{"id": 1}\n', encoding="utf-8")
    flushed: list[tuple[int, bool, bool]] = []
    monkeypatch.setattr(
        os, "fsync", lambda file: flushed.append((os.fstat(file).st_ino, source.exists(), target.exists()))
    )
    KINDS[".parquet"].finish(source, target, {})
    assert flushed == [(target.stat().st_ino, True, False), (tmp_path.stat().st_ino, True, True)]
    assert not source.exists()
    assert pq.read_table(target).to_pylist() == [{"id": 1}]
