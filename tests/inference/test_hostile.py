"""A corpus that is out to break the run loses none of its good records."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mujaz.errors import DataError
from mujaz.inference.classify import classify_corpus
from mujaz.inference.records import Columns

GOOD = "فاز المنتخب في مباراة الكرة أمس"


def hostile_lines(count: int, seed: int) -> list[bytes]:
    """Lines of JSON Lines, none of which holds a text that a model can read."""
    chance = random.Random(seed)
    wrong = [None, True, 7, -1.5e308, [], ["نص"], {}, {"text": "نص"}, "", " \n\t ", "\u200f", 10**30]
    lines: list[bytes] = []
    for number in range(count):
        kind = number % 10
        if kind < 5:
            lines.append(json.dumps({"id": f"x{number}", "text": chance.choice(wrong[:-2])}).encode())
        elif kind == 5:
            lines.append(b'{"id": "x", "text": "\\ud800 ' + str(number).encode() + b'"}')
        elif kind == 6:
            lines.append(b'{"id": "x", "text": "zero \0 byte"}')
        elif kind == 7:
            lines.append(bytes(chance.randrange(1, 256) for _ in range(40)).replace(b"\n", b"?").replace(b"\r", b"?"))
        elif kind == 8:
            lines.append(json.dumps(chance.choice([[1], 3, "نص", None])).encode())
        else:
            lines.append(json.dumps({"text": GOOD}, ensure_ascii=False).encode()[:-3])
    return lines


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_a_thousand_hostile_records(tmp_path: Path, suffix: str) -> None:
    chance = random.Random(0)
    lines = [(line, False) for line in hostile_lines(1000, seed=1)]
    lines += [
        (json.dumps({"id": f"good{n}", "text": f"{GOOD} {n}"}, ensure_ascii=False).encode(), True) for n in range(200)
    ]
    huge = GOOD + " " + "ب" * 3_000_000 + " كلمة" * 200_000
    lines.append((json.dumps({"id": "good-huge", "text": huge}, ensure_ascii=False).encode(), True))
    chance.shuffle(lines)
    # The first rows must show what the file is: an input of which nothing can be read is refused as a whole.
    lines.sort(key=lambda line: not line[0].startswith(b'{"id": "good1'))
    source, out = tmp_path / "x.jsonl", tmp_path / f"o{suffix}"
    source.write_bytes(b"\n".join(line for line, _ in lines) + b"\n")
    summary = classify_corpus([str(source)], str(out), device="cpu", precision="float32")
    assert summary.records == len(lines)
    assert summary.records - summary.errors == sum(good for _, good in lines) == 201
    assert summary.labels["label"].total() == 201


def test_a_line_of_fifty_megabytes(tmp_path: Path) -> None:
    """It is read whole, cut at the model's length, and what stands around it is labelled as ever."""
    source, out = tmp_path / "x.jsonl", tmp_path / "o.jsonl"
    small = json.dumps({"text": GOOD}, ensure_ascii=False).encode()
    huge = json.dumps({"text": GOOD + " كلمة" * 5_600_000}, ensure_ascii=False).encode()
    assert len(huge) > 50_000_000
    source.write_bytes(b"\n".join((small, huge, small)) + b"\n")
    summary = classify_corpus([str(source)], str(out), device="cpu", precision="float32")
    assert (summary.records, summary.errors) == (3, 0)
    first, _, last = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    assert (first["label"], first["probability"]) == (last["label"], pytest.approx(last["probability"]))


@pytest.mark.parametrize("read", ["b.parquet", "."])
def test_half_a_parquet_file_is_found_before_anything_is_computed(tmp_path: Path, read: str) -> None:
    folder, out = tmp_path / "in", tmp_path / "o.jsonl"
    folder.mkdir()
    whole, half = folder / "a.parquet", folder / "b.parquet"
    pq.write_table(pa.table({"text": [f"{GOOD} {n}" for n in range(600)]}), whole)
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(DataError, match=r"b\.parquet"):
        classify_corpus([str(folder / read)], str(out), device="cpu", precision="float32")
    assert os.listdir(tmp_path) == ["in"]


@pytest.mark.parametrize("levels", [150, 300, 1000])
def test_a_value_nested_deeper_than_can_be_written(tmp_path: Path, levels: int) -> None:
    source, out = tmp_path / "x.jsonl", tmp_path / "o.jsonl"
    deep = '{"a": [' * (levels // 2) + "1" + "]}" * (levels // 2)
    source.write_text(f'{{"text": "فاز المنتخب", "meta": {deep}}}\n{{"text": "ب", "meta": 1}}\n', encoding="utf-8")
    columns = Columns(keep=("meta",))
    assert classify_corpus([str(source)], str(out), columns=columns, device="cpu").errors == 0
    first, second = (json.loads(line) for line in out.read_text(encoding="utf-8").splitlines())
    assert second["meta"] == 1
    assert json.dumps(first["meta"]).startswith('{"a": [')
    assert levels > 150 or first["meta"] == json.loads(deep)


def test_what_programs_write_for_a_missing_text_is_not_labelled(tmp_path: Path) -> None:
    missing = ["NaN", "nan", "NULL", " N/A ", "#N/A", "None", "\\N", "<NA>"]
    source, out = tmp_path / "x.csv", tmp_path / "out.jsonl"
    texts = [*missing, GOOD, "NaN في العنوان", "نافذة"]
    source.write_text("id,text\n" + "".join(f"{n},{text}\n" for n, text in enumerate(texts)), encoding="utf-8")
    assert classify_corpus([str(source)], str(out), device="cpu").errors == len(missing)
    found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["label"] is None for line in found] == [True] * len(missing) + [False] * 3
    assert found[3]["error"] == "the text is 'N/A', which stands for a missing one"
    source.write_text(f"text,target\n{GOOD},NaN\n{GOOD},{GOOD}\n", encoding="utf-8")
    columns = Columns(target="target")
    summary = classify_corpus([str(source)], str(tmp_path / "s.jsonl"), model="stance", columns=columns, device="cpu")
    assert (summary.records, summary.errors) == (2, 1)
    assert "the target is 'NaN'" in (tmp_path / "s.jsonl").read_text(encoding="utf-8")


def test_a_corpus_whose_last_line_was_cut_off_fails_and_keeps_what_it_gave(tmp_path: Path) -> None:
    source, out = tmp_path / "x.csv", tmp_path / "out.jsonl"
    source.write_text(f'id,text\n1,{GOOD}\n2,"{GOOD}', encoding="utf-8")
    summary = classify_corpus([str(source)], str(out), device="cpu")
    assert (summary.errors, summary.damaged, summary.failed) == (1, 1, True)
    assert json.loads(out.read_text(encoding="utf-8").splitlines()[0])["label"]
