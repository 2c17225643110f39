from __future__ import annotations

import errno
import io
import json
import os
import threading
from pathlib import Path
from typing import BinaryIO, cast

import pandas as pd
import pytest

from mujaz.errors import DataError, UsageError
from mujaz.inference.records import BadRecord, Columns, Record
from mujaz.inference.shards import Shard
from mujaz.inference.sources import FIRST_ROWS, open_corpus


def jsonl(path: Path, rows: list[object]) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def stdin(text: str) -> BinaryIO:
    return cast(BinaryIO, io.BytesIO(text.encode()))


def read(*inputs: str, columns: Columns | None = None, **options: object) -> list[Record | BadRecord]:
    return list(open_corpus(inputs, columns or Columns(), **options))  # type: ignore[arg-type]


def test_one_file_has_row_numbers_as_ids_and_several_have_places(tmp_path: Path) -> None:
    one, two = jsonl(tmp_path / "b.jsonl", [{"text": "أ"}, {"text": "ب"}]), jsonl(tmp_path / "a.jsonl", [{"text": "ج"}])
    assert [record.id for record in read(one)] == [1, 2]
    assert [record.id for record in read(one, two)] == [f"{one}:1", f"{one}:2", f"{two}:1"]  # in the order given


def test_ids_of_a_column(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", [{"id": "x", "key": 5, "text": "أ"}])
    assert [record.id for record in read(path)] == ["x"]
    assert [record.id for record in read(path, columns=Columns(id="key"))] == [5]


def test_parquet_gives_only_the_columns_that_are_used(tmp_path: Path) -> None:
    pd.DataFrame({"id": [7, 8], "body": ["أ", None], "date": ["x", "y"], "rest": [1, 2]}).to_parquet(
        tmp_path / "x.parquet"
    )
    records = read(str(tmp_path / "x.parquet"), columns=Columns(text="body", keep=("date",)))
    assert records == [
        Record(7, "أ", None, {"date": "x"}, str(tmp_path / "x.parquet"), 1),
        BadRecord(8, "the text is missing", str(tmp_path / "x.parquet"), 2, {"date": "y"}),
    ]


def test_bad_rows_become_bad_records_in_their_place(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(
        '{"text": "أ"}\n{bad\n{"id": "c", "text": null}\n{"id": "d"}\n{"text": "ه"}\n'.encode() + b"\xff\n"
    )
    records = read(str(path))
    assert [(type(record).__name__, record.id) for record in records] == [
        ("Record", 1),
        ("BadRecord", 2),
        ("BadRecord", "c"),
        ("BadRecord", "d"),
        ("Record", 5),
        ("BadRecord", "x.jsonl:6"),  # 6 may be another record's, where records have ids
    ]


def test_a_text_file_is_lines_or_one_article(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("سطر\n\nسطر ثان\n", encoding="utf-8")
    assert [(r.id, r.text) for r in read(str(path)) if isinstance(r, Record)] == [(1, "سطر"), (3, "سطر ثان")]
    whole = [(str(path), "سطر\n\nسطر ثان\n")]
    assert [(r.id, r.text) for r in read(str(path), plain="article") if isinstance(r, Record)] == whole
    assert [(r.id, r.text) for r in read(str(path), format="article") if isinstance(r, Record)] == whole
    assert len(read(str(path), format="txt", plain="article")) == 2
    for pattern in ("*", "*.txt"):
        assert [r.text for r in read(str(tmp_path / pattern), plain="article") if isinstance(r, Record)] == [
            whole[0][1]
        ]
        assert len(read(str(tmp_path / pattern))) == 2


def test_a_folder_of_text_files(tmp_path: Path) -> None:
    for name, content in (("b.txt", b"\xe3\xd1\xcd\xc8\xc7"), ("a.txt", "خبر".encode()), ("c.txt", b" ")):
        (tmp_path / name).write_bytes(content)
    records = read(str(tmp_path))
    assert [record.id for record in records] == ["a.txt", "b.txt", "c.txt"]
    assert isinstance(records[1], BadRecord)
    assert records[1].reason.startswith(
        "expected UTF-8 text, but byte 0 (0xe3) is not UTF-8"
    )  # not where the folder lies
    assert isinstance(records[2], BadRecord)
    assert records[2].reason == "the text is empty"


def test_an_article_that_cannot_be_opened_is_one_bad_record(tmp_path: Path) -> None:
    for name in ("a.txt", "c.txt"):
        (tmp_path / name).write_text("خبر", encoding="utf-8")
    (tmp_path / "b.txt").symlink_to(tmp_path / "gone")
    records = read(str(tmp_path))
    assert [record.id for record in records] == ["a.txt", "b.txt", "c.txt"]
    reason = f"cannot be opened: {os.strerror(errno.ENOENT)}"
    assert records[1] == BadRecord("b.txt", reason, str(tmp_path / "b.txt"), 1)


@pytest.mark.parametrize("columns", [Columns(text="body"), Columns(id="key"), Columns(keep=("date",))])
def test_articles_have_a_text_and_an_id_and_no_other_column(tmp_path: Path, columns: Columns) -> None:
    (tmp_path / "a.txt").write_text("خبر", encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.txt: no column '\w+'; columns found: 'id', 'text'"):
        open_corpus([str(tmp_path)], columns)
    assert [record.id for record in read(str(tmp_path), columns=Columns(id="id"))] == ["a.txt"]


def test_standard_input_is_json_lines_or_lines_of_text() -> None:
    assert [r.text for r in read("-", stdin=stdin(' {"text": "أ"}\n{"text": "ب"}\n')) if isinstance(r, Record)] == [
        "أ",
        "ب",
    ]
    assert [r.text for r in read("-", stdin=stdin("أ\nب\n")) if isinstance(r, Record)] == ["أ", "ب"]
    for found in ("id,text\n1,أ\n", 'id;"text"\n1;أ\n', '[ {"id": 1, "text": "أ"} ]'):
        assert [r.text for r in read("-", stdin=stdin(found)) if isinstance(r, Record)] == ["أ"]
    assert len([*read("-", stdin=stdin("نص، text هنا\nب\n"))]) == 2
    assert [r.text for r in read("-", stdin=stdin("text\nأ\n"), format="csv") if isinstance(r, Record)] == ["أ"]
    assert [r.text for r in read("-", stdin=stdin("أ\nب\n"), plain="article") if isinstance(r, Record)] == ["أ\nب\n"]
    with pytest.raises(DataError, match="<stdin>: no column 'text'; columns found: 'txt'"):
        read("-", stdin=stdin('{"txt": "أ"}'))
    with pytest.raises(DataError, match="is empty"):
        read("-", stdin=stdin(""))
    with pytest.raises(DataError, match="cannot come from a pipe"):
        read("-", stdin=open(os.pipe()[0], "rb"), format="parquet")  # noqa: SIM115


def test_standard_input_longer_than_the_look_at_its_first_rows() -> None:
    rows = "".join(json.dumps({"text": f"خبر {number}"}) + "\n" for number in range(FIRST_ROWS * 5))
    texts = [record.text for record in read("-", stdin=stdin(rows)) if isinstance(record, Record)]
    assert texts == [f"خبر {number}" for number in range(FIRST_ROWS * 5)]


def test_a_named_pipe_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "x.jsonl"
    os.mkfifo(pipe)
    rows = "".join(json.dumps({"text": f"خبر {number}"}) + "\n" for number in range(1000))
    writer = threading.Thread(target=lambda: pipe.write_text(rows, encoding="utf-8"))
    writer.start()
    assert len(read(str(pipe))) == 1000
    writer.join()


def test_every_input_is_checked_before_the_first_record(tmp_path: Path) -> None:
    good = jsonl(tmp_path / "a.jsonl", [{"text": "أ"}])
    (tmp_path / "half.parquet").write_bytes(b"PAR1\x15\x04")
    for name, message in (("half.parquet", "not a whole Parquet file"), ("no.jsonl", "no such file")):
        with pytest.raises(DataError, match=message):
            open_corpus([good, str(tmp_path / name)], Columns())


@pytest.mark.parametrize(
    "columns", [Columns(text="txt"), Columns(id="key"), Columns(target="claim"), Columns(keep=("date",))]
)
def test_a_missing_column_is_found_at_once(tmp_path: Path, columns: Columns) -> None:
    frame = pd.DataFrame([{"text": "أ", "other": 1}])
    frame.to_csv(tmp_path / "x.csv", index=False)
    frame.to_parquet(tmp_path / "x.parquet")
    for name in (
        str(tmp_path / "x.csv"),
        str(tmp_path / "x.parquet"),
        jsonl(tmp_path / "x.jsonl", [{"text": "أ", "other": 1}]),
    ):
        with pytest.raises(DataError, match="no column '.*'; columns found: 'text', 'other'"):
            open_corpus([name], columns)


def test_a_kept_column_may_be_missing_in_some_lines_of_json(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", [{"text": "أ"}, {"text": "ب", "date": 1}])
    assert [record.extra for record in read(path, columns=Columns(keep=("date",)))] == [{"date": None}, {"date": 1}]


def test_a_file_in_the_wrong_encoding_is_refused_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"text\n" + "خبر من المدينة\n".encode("cp1256") * 50)
    with pytest.raises(DataError, match=r"row 1: expected UTF-8 text.*windows-1256"):
        open_corpus([str(path)], Columns())


def test_an_empty_file_beside_others_is_passed_over(tmp_path: Path) -> None:
    empty, good = jsonl(tmp_path / "a.jsonl", []), jsonl(tmp_path / "b.jsonl", [{"text": "أ"}])
    corpus = open_corpus([empty, good], Columns())
    assert [record.id for record in corpus if isinstance(record, Record)] == [f"{good}:1"]
    assert corpus.note == f"without a row: 1 file ({empty})"
    with pytest.raises(DataError, match="is empty"):
        open_corpus([empty], Columns())


def test_a_file_in_another_encoding_beside_others_is_told_before_its_errors(tmp_path: Path) -> None:
    good, bad = jsonl(tmp_path / "a.jsonl", [{"text": "نص"}]), tmp_path / "b.csv"
    bad.write_bytes("text\nخبر قديم\n".encode("cp1256"))
    corpus = open_corpus([good, str(bad)], Columns())
    assert corpus.note.startswith(f"warning: none of the first rows can be read: 1 file ({bad}); expected UTF-8 text")
    assert "windows-1256" in corpus.note
    assert [type(record) for record in corpus] == [Record, BadRecord]


def test_files_of_a_folder_that_are_not_read_are_told(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        jsonl(tmp_path / name, [{"text": "أ"}])
    for name in ("c.html", "LICENSE"):
        (tmp_path / name).touch()
    told = f"not read, for their suffixes (.html, none): 2 files ({tmp_path}/LICENSE, …)"
    assert open_corpus([str(tmp_path)], Columns()).note == told
    assert not open_corpus([str(tmp_path)], Columns(), format="jsonl").note


def test_a_kept_column_may_be_missing_in_some_files_and_not_in_all(tmp_path: Path) -> None:
    """It came in later, or its nulls are left out."""
    old, new = jsonl(tmp_path / "old.jsonl", [{"text": "أ"}]), jsonl(tmp_path / "new.jsonl", [{"text": "ب", "day": 2}])
    pd.DataFrame({"text": ["ج"]}).to_parquet(tmp_path / "old.parquet")
    inputs = [old, str(tmp_path / "old.parquet"), new]
    corpus = open_corpus(inputs, Columns(keep=("day",)))
    assert [record.extra for record in corpus] == [{"day": None}, {"day": None}, {"day": 2}]
    assert corpus.note == f"no column 'day' in 2 of 3 inputs: null ({old}, …)"
    assert open_corpus([new], Columns(keep=("day",))).note == ""
    with pytest.raises(DataError, match=r"old\.jsonl: no column 'days'; columns found: 'text'"):
        open_corpus(inputs, Columns(keep=("day", "days")))
    with pytest.raises(DataError, match=r"old\.jsonl: no column 'day'"):
        open_corpus(inputs, Columns(id="day"))
    late = jsonl(tmp_path / "late.jsonl", [*({"text": "نص"} for _ in range(FIRST_ROWS + 5)), {"text": "نص", "day": 3}])
    assert [record.extra["day"] for record in open_corpus([late], Columns(keep=("day",)))][-2:] == [None, 3]


def test_ids_of_a_pattern_are_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so the same on every machine."""
    (tmp_path / "in").mkdir()
    for name in "ab":
        jsonl(tmp_path / "in" / f"{name}.jsonl", [{"text": "نص"}])
    monkeypatch.chdir(tmp_path)
    assert [record.id for record in read("in/*.jsonl")] == ["in/a.jsonl:1", "in/b.jsonl:1"]
    absolute = str(tmp_path / "in")
    assert [record.id for record in read(f"{absolute}/*.jsonl")] == [f"{absolute}/a.jsonl:1", f"{absolute}/b.jsonl:1"]
    monkeypatch.chdir(tmp_path / "in")
    assert [record.id for record in read("../in/?.jsonl")] == ["a.jsonl:1", "b.jsonl:1"]


def test_articles_of_one_name_in_several_folders_have_ids_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("2023/001.txt", "2024/001.txt", "2024/002.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("خبر", encoding="utf-8")
    for inputs in (["2023", "2024"], ["202*"]):
        ids = [record.id for record in open_corpus(inputs, Columns())]
        assert ids == ["2023/001.txt", "2024/001.txt", "2024/002.txt"]
    assert [record.id for record in open_corpus(["2024"], Columns())] == ["001.txt", "002.txt"]


def test_standard_input_is_read_once() -> None:
    with pytest.raises(UsageError, match=r"standard input \(-\) is named twice"):
        open_corpus(["-", "-"], Columns(), stdin=stdin("نص\n"))


@pytest.mark.parametrize(
    ("name", "header", "row"),
    [
        ("a.csv", "text,n\n", '"{}",1\n'),
        ("a.tsv", "text\tn\n", "{}\t1\n"),
        ("a.txt", "", "{}\n"),
        ("a.jsonl", "", '{{"text": "{}"}}\n'),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_do_on_any_system(tmp_path: Path, name: str, header: str, row: str, end: str) -> None:
    texts = [f"نص {i}" for i in range(3)]
    content = (header + "".join(map(row.format, texts))).replace("\n", end)
    file = tmp_path / name
    file.write_bytes(content.encode("utf-8-sig"))
    for corpus in (open_corpus([str(file)], Columns()), open_corpus(["-"], Columns(), stdin=stdin(content))):
        found = [record for record in corpus if isinstance(record, Record)]
        assert [(record.text, record.id) for record in found] == [(text, i) for i, text in enumerate(texts, 1)]
    assert open_corpus([str(file)], Columns()).span(Shard.parse("2/2"), 1).total == 3
