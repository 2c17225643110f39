"""A file that could not be read to its end, and is whole when its errors are retried."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from mujaz.errors import UsageError
from mujaz.formats import read_rows
from mujaz.inference.classify import classify_corpus

GOOD = "فاز المنتخب في مباراة الكرة أمس"


def rows(name: str, count: int) -> bytes:
    return "".join(json.dumps({"id": f"{name}{n}", "text": f"{GOOD} {n * 7919}"}) + "\n" for n in range(count)).encode()


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_what_lies_behind_the_damage_is_answered_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    first, second = tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl"
    whole = gzip.compress(rows("a", 700))
    first.write_bytes(whole[: len(whole) // 3])
    second.write_bytes(b'{"id": "b", "text": ""}\n' + rows("b", 3))
    inputs, out = [str(first), str(second)], str(tmp_path / f"out{suffix}")
    before = classify_corpus(inputs, out, device="cpu")
    assert (before.damaged, before.failed) == (1, True)
    assert before.records < 700
    first.write_bytes(whole)
    after = classify_corpus(inputs, out, device="cpu", retry_errors=True)
    assert (after.records, after.errors, after.damaged) == (704, 1, 0)
    assert after.kept == before.records - before.errors
    expected = [*(f"a{n}" for n in range(700)), "b", *(f"b{n}" for n in range(3))]
    assert [row.values["id"] for row in read_rows(out)] == expected
    assert after.labels["label"].total() == 703


def test_an_input_that_grew_without_having_been_damaged_is_refused(tmp_path: Path) -> None:
    source, out = tmp_path / "a.jsonl", str(tmp_path / "out.jsonl")
    source.write_bytes(rows("a", 3) + b'{"id": "x", "text": ""}\n')
    classify_corpus([str(source)], out, device="cpu")
    source.write_bytes(rows("a", 3) + b'{"id": "x", "text": ""}\n' + rows("c", 1))
    with pytest.raises(UsageError, match="fewer lines than the input has records"):
        classify_corpus([str(source)], out, device="cpu", retry_errors=True)
