"""Outputs of shards are read as one, whatever a part happens to hold: nothing, or nothing in a column."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from mujaz.inference.classify import ClassifyOptions, classify_corpus
from mujaz.inference.corpus import CorpusOptions
from mujaz.inference.records import Columns
from mujaz.inference.several import answer_several

# The texts of the first part are all missing, and so are its views.
ROWS: list[dict[str, Any]] = [
    {"key": number, "text": "فاز الفريق في المباراة" if number > 2 else None, "views": number if number > 2 else None}
    for number in range(1, 7)
]
COLUMNS = Columns(id="key", keep=("views",))


def write_rows(path: Path) -> str:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", ["in.jsonl", "in.parquet"])
@pytest.mark.parametrize("count", [3, 8])
def test_parquet_parts_have_the_columns_and_types_of_the_whole(
    trained: Callable[[str], Path], tmp_path: Path, name: str, count: int
) -> None:
    """Of eight parts of six records two are empty, the first among them: it named no column, and readers found no row."""
    source, folder = write_rows(tmp_path / name), tmp_path / "parts"
    asked: dict[str, Any] = {"model": str(trained("topic")), "columns": COLUMNS, "all_probabilities": True}
    for part in range(1, count + 1):
        out = str(folder / f"part-{part}.parquet")
        classify_corpus([source], out, **asked, device="cpu", shard=f"{part}/{count}")
    classify_corpus([source], str(tmp_path / "whole.parquet"), **asked, device="cpu")
    whole = pq.read_table(tmp_path / "whole.parquet")
    assert str(whole.schema.field("views").type) == "int64"
    for written in folder.glob("*.parquet"):
        assert pq.read_schema(written) == whole.schema
    together = ds.dataset(sorted(map(str, folder.glob("*.parquet")))).to_table()
    assert together["id"].to_pylist() == [1, 2, 3, 4, 5, 6]
    assert together["views"].to_pylist() == whole["views"].to_pylist()


def test_parquet_parts_of_several_models(tmp_path: Path) -> None:
    source, models, schemas = write_rows(tmp_path / "in.jsonl"), {"topic": "topic", "summary": "summary"}, []
    for part in (1, 2):
        out, reading = tmp_path / f"part-{part}.parquet", CorpusOptions(COLUMNS, shard=f"{part}/3")
        answer_several([source], str(out), models, reading, ClassifyOptions(device="cpu"))
        schemas.append(pq.read_schema(out))
    assert schemas[0] == schemas[1]
    assert str(schemas[0].field("summary_words").type) == "int64"


@pytest.mark.parametrize("name", ["part.csv", "part.tsv", "part.csv.gz"])
def test_a_csv_part_without_records_has_its_header(tmp_path: Path, name: str) -> None:
    source, out = write_rows(tmp_path / "in.jsonl"), tmp_path / name
    assert classify_corpus([source], str(out), columns=COLUMNS, device="cpu", shard="1/8").records == 0
    with (gzip.open if name.endswith(".gz") else open)(out, "rt", encoding="utf-8") as file:
        rows = list(csv.reader(file, delimiter="\t" if ".tsv" in name else ","))
    assert rows == [["id", "label", "probability", "windows", "error", "views"]]


def test_a_compressed_part_without_records_is_a_whole_file(tmp_path: Path) -> None:
    source, out = write_rows(tmp_path / "in.jsonl"), tmp_path / "part.jsonl.gz"
    classify_corpus([source], str(out), columns=COLUMNS, device="cpu", shard="1/8")
    assert out.stat().st_size > 0  # gunzip takes no file without its header
    assert gzip.decompress(out.read_bytes()) == b""
