"""Rows that cannot be used: where they stand, who leaves them out, and who says so."""

from __future__ import annotations

import gzip
import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from mujaz import evaluate, train
from mujaz.cli import cli
from mujaz.configs.data_schema import ColumnsConfig
from mujaz.configs.loading import check_config
from mujaz.errors import DataError
from mujaz.models.auto import load_model
from mujaz.training.checks_rows import rows_of_config
from mujaz.training.data import load_splits, read_examples
from mujaz.training.unusable import left_out_line
from tests.conftest import TinyConfig, write_jsonl

COLUMNS = ColumnsConfig()


def test_a_row_of_parquet_is_not_empty_where_other_columns_hold_something(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [1, 2], "text": ["نص", None], "label": ["x", None]}), file)
    skipped: list[DataError] = []
    assert len(read_examples(str(file), "topic", COLUMNS, skipped=skipped)) == 1
    assert [fault.row for fault in skipped] == [2]
    with pytest.raises(DataError, match="row 2: expected text in column 'text', found nothing"):
        read_examples(str(file), "topic", COLUMNS)


@pytest.mark.parametrize("skipped", [None, []])
def test_a_damaged_file_is_named_whatever_else_is_wrong(tmp_path: Path, skipped: list[DataError] | None) -> None:
    rows: list[dict[str, object]] = [
        {"text": "" if 0 < i < 9 else f"نص {i * 7919 % 1000}", "label": "x"} for i in range(3000)
    ]
    whole = gzip.compress(write_jsonl(tmp_path / "a.jsonl", rows).read_bytes())
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"row \d+: the file is damaged or cut off from here on") as raised:
        read_examples(str(tmp_path / "a.jsonl.gz"), "topic", COLUMNS, skipped=skipped)
    assert "skip_unusable" not in str(raised.value)


def test_rows_of_a_hub_dataset_without_a_label_are_such_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a ClassLabel -1 is what nobody labelled, as in many a test split."""
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["x", "y"])})
    table = datasets.Dataset.from_dict({"text": ["نص", "خبر", "مقال"], "label": [0, -1, 1]}, features=features)
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: table.to_iterable_dataset())
    skipped: list[DataError] = []
    found = read_examples("owner/name", "topic", COLUMNS, skipped=skipped)
    assert [e.label for e in found] == ["x", "y"]
    assert [str(fault) for fault in skipped] == ["owner/name, row 2: expected text in column 'label', found nothing"]


def test_an_evaluation_says_how_many_rows_it_left_out(
    trained: Callable[[str], Path], topic_file: Path, tmp_path: Path
) -> None:
    rows = [json.loads(line) for line in topic_file.read_text(encoding="utf-8").splitlines()]
    given = [*rows[:5], {"text": "نص", "label": math.nan}, *rows[5:]]
    model = load_model(trained("topic"), device="cpu")
    with pytest.raises(DataError, match=r"row 6: .*found nothing\n.*from Python skip_unusable=True"):
        evaluate(model, given)
    found = evaluate(model, given, skip_unusable=True)
    assert (found.rows, found.left_out) == (len(rows), 1)
    file, out = write_jsonl(tmp_path / "a.jsonl", given), tmp_path / "scores"
    command = ["evaluate", str(trained("topic")), str(file), "--out", str(out), "--device", "cpu", "--skip-unusable"]
    result = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert "a row that cannot be used is left out" in result.stderr
    saved = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert (saved["rows"], saved["left_out"]) == (len(rows), 1)
    assert "a row that cannot be used is left out" in (out / "report.html").read_text(encoding="utf-8")


def test_a_training_says_everywhere_which_rows_were_left_out(
    topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    rows = [json.loads(line) for line in topic_file.read_text(encoding="utf-8").splitlines()]
    file = write_jsonl(tmp_path / "a.jsonl", [{"text": "نص", "label": None}, *rows])
    config = tiny_config("topic", file, tmp_path / "run", max_steps=1)
    config["data"]["skip_unusable"] = True
    train(check_config(config, "test"))
    assert "a row that cannot be used is left out" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    counted = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))["left_out"]
    assert counted == {"unusable": 1, "repeated": 0, "unsupported": 0}
    card = (tmp_path / "run" / "README.md").read_text(encoding="utf-8")
    assert "Rows left out: 1 without a text or an answer" in card
    assert "data.support" not in card


@pytest.mark.parametrize("name", ["b.jsonl", "b.json", "b.csv"])
def test_a_file_without_the_column_is_refused_beside_others(
    topic_file: Path, tmp_path: Path, tiny_config: TinyConfig, name: str
) -> None:
    rows: list[dict[str, object]] = [{"body": f"نص {i}", "label": "x"} for i in range(3)]
    file = tmp_path / name
    if name == "b.jsonl":
        write_jsonl(file, rows)
    else:
        file.write_text(json.dumps(rows) if name == "b.json" else "body,label\nنص,x\n", encoding="utf-8")
    config = tiny_config("topic", topic_file, tmp_path / "run")
    config["data"] |= {"train": [str(topic_file), str(file)], "skip_unusable": True}
    checked = check_config(config, "test")
    for read in (lambda: load_splits(checked.data, "topic"), lambda: rows_of_config(checked)):
        with pytest.raises(DataError, match=re.escape(f"{file}: no column 'text'; columns found: 'body', 'label'")):
            read()


def test_rows_left_out_are_counted_by_file(tmp_path: Path) -> None:
    without: list[dict[str, object]] = [{"text": "خبر"} for _ in range(7)]
    without.append({"text": "مقال", "label": None})  # the column is there, if empty
    first = write_jsonl(tmp_path / "a.jsonl", [{"text": "نص", "label": "x"}, {"text": "", "label": "x"}])
    paths = [str(first), str(write_jsonl(tmp_path / "b.jsonl", without))]
    skipped: list[DataError] = []
    assert len(read_examples(paths, "topic", COLUMNS, skipped=skipped)) == 1
    line = left_out_line(skipped)
    assert f"9 rows that cannot be used are left out (8 of {paths[1]}, 1 of {paths[0]}): " in line
    assert line.endswith("; and 4 more")
