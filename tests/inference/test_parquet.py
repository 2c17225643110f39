from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mujaz.inference import parquet


def test_types_come_from_all_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", 1)  # the last row is not in the first group
    rows: list[dict[str, Any]] = [
        {"id": 1, "n": 1, "flag": None, "mixed": 1, "list": ["أ"], "none": None, "big": 2**63},
        {"id": 2, "n": 0.5, "flag": True, "mixed": "x", "list": None, "none": None, "big": 1},
    ]
    source, target = tmp_path / "x.jsonl", tmp_path / "x.parquet"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    parquet.jsonl_to_parquet(source, target)
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
