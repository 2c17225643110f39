"""CSV and TSV: what separates the columns, and which rows are read where others are wrong."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mujaz.errors import DataError
from mujaz.formats import Row, iter_rows, read_rows


def write(path: Path, content: str) -> Path:
    path.write_bytes(content.encode())
    return path


def errors(path: Path) -> list[DataError]:
    return [item for item in iter_rows(path) if isinstance(item, DataError)]


def test_csv_rows_with_too_many_or_too_few_fields(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", 'id,text\n1,"أ"\n2,نص, وفاصلة\n3\n4,د\n')
    found = errors(path)
    assert [error.row for error in found] == [2, 3]
    assert "expected 2 fields (id, text), found 3" in str(found[0])
    assert "found 1" in str(found[1])
    assert [item.values["id"] for item in iter_rows(path) if isinstance(item, Row)] == ["1", "4"]


def test_csv_with_a_quote_that_is_not_doubled_or_not_closed(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", 'id,text\n1,"قال "نعم" لهم"\n2,ب\n3,"لم يغلق\n4,د\n')
    assert [error.row for error in errors(path)] == [1, 3]
    assert "is a quote not doubled, or not closed?" in str(errors(path)[0])
    assert [item.values["id"] for item in iter_rows(path) if isinstance(item, Row)] == ["2", "4"]


@pytest.mark.parametrize("name", ["x.csv", "x.tsv"])
def test_an_open_quote_loses_no_row_behind_it(tmp_path: Path, name: str) -> None:
    """Whether nothing closes it or the quote of another row; texts of several lines stay whole."""
    sign = "," if name == "x.csv" else "\t"
    texts = [
        "نص",
        '"نص في\nسطرين"',
        '"نص مفتوح',
        "نص",
        '"نص، مغلق"',
        '"مفتوح أيضا',
        '"ثالث في\nسطرين"',
        "نص",
        '"آخر مفتوح',
        "نص",
    ]
    path = write(tmp_path / name, f"id{sign}text\n" + "".join(f"{i}{sign}{text}\n" for i, text in enumerate(texts, 1)))
    found = list(iter_rows(path))
    assert [item.values["id"] for item in found if isinstance(item, Row)] == ["1", "2", "4", "5", "7", "8", "10"]
    assert [item.row for item in found] == list(range(1, 11))
    assert [item.row for item in errors(path)] == [3, 6, 9]


def test_quotes_left_open_again_and_again_end_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mujaz.csv_rows._MOST_AGAIN", 2_000)
    path = write(tmp_path / "x.csv", "id,text\n" + '1,"نص\n' * 400)
    found = errors(path)
    assert found[-1].last
    assert "the file is damaged or cut off from here on (too many quotes are opened and not closed)" in str(found[-1])


def test_csv_with_a_column_named_twice(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="names a column twice: text"):
        list(read_rows(write(tmp_path / "x.csv", "text,text\nأ,ب\n")))


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["news.csv", "news.tsv"])
def test_the_header_says_what_separates_the_columns(tmp_path: Path, name: str, sign: str) -> None:
    """As pandas reads it when it is told the sign; Excel writes semicolons where the comma is the decimal sign."""
    table = pd.DataFrame([{"id": "1", "text": 'قال: "نعم"؛ ثم سكت, وخرج; ليلا'}, {"id": "2", "text": "سطر\nوسطر"}])
    table.to_csv(tmp_path / name, sep=sign, index=False)
    found = [row.values for row in read_rows(tmp_path / name) if isinstance(row, Row)]
    assert found == pd.read_csv(tmp_path / name, sep=sign, dtype=str).to_dict("records")


def test_one_column_stays_one(tmp_path: Path) -> None:
    file = write(tmp_path / "one.csv", '"text, all of it"\nنص; آخر\n')
    assert [row.values for row in read_rows(file) if isinstance(row, Row)] == [{"text, all of it": "نص; آخر"}]


@pytest.mark.parametrize("line", ["sep=;\r\n", "\ufeffsep=;\r\n", '"sep=;"\n', "SEP=;\n"])
@pytest.mark.parametrize("name", ["x.csv", "x.tsv"])
def test_the_line_that_names_the_separator_to_excel_is_no_header(tmp_path: Path, line: str, name: str) -> None:
    path = write(tmp_path / name, f'{line}id;text\r\n1;"نص; وفاصلة"\r\n2;ب\r\n')
    assert [(row.row, row.values) for row in read_rows(path)] == [
        (1, {"id": "1", "text": "نص; وفاصلة"}),
        (2, {"id": "2", "text": "ب"}),
    ]
    bar = write(tmp_path / "bar.csv", "sep=|\nid|text\n1|نص، وفاصلة\n")
    assert [row.values["text"] for row in read_rows(bar)] == ["نص، وفاصلة"]


@pytest.mark.parametrize(
    ("name", "whole", "cut"),
    [
        ("x.jsonl", '{"id": 1, "text": "أ"}\n{"id": 2, "text": "ب"}\n', '{"id": 3, "text": "ل'),
        ("x.csv", "id,text,day\n1,أ,1\n2,ب,2\n", "3,نص"),
        ("x.csv", "id,text\r\n1,أ\r\n2,ب\r\n", '3,"لم يغلق'),
        ("x.csv", "id,text\n1,أ\n2,ب\n", '3,"سطر\nوسطر'),
        ("x.tsv", "id\ttext\n1\tأ\n2\tب\n", "3"),
    ],
)
def test_a_last_line_without_its_end_that_cannot_be_read_is_a_file_cut_off(
    tmp_path: Path, name: str, whole: str, cut: str
) -> None:
    """As a program that was stopped leaves it: rows may be missing behind it."""
    found = errors(write(tmp_path / name, whole + cut))
    assert [error.last for error in found] == [False] * (len(found) - 1) + [True]
    assert "the file is damaged or cut off here: its last line has no end (expected" in str(found[-1])
    assert [item.values["text"] for item in iter_rows(tmp_path / name) if isinstance(item, Row)] == ["أ", "ب"]
    assert not any(error.last for error in errors(write(tmp_path / name, whole + cut + "\n")))
    assert errors(write(tmp_path / name, whole.rstrip())) == []  # many programs write a last line so
    assert not any(error.last for error in errors(write(tmp_path / "x.jsonl", '{"text": "أ"}\n["ب"]')))
    assert not any(error.last for error in errors(write(tmp_path / "x.jsonl", '{"text": "أ"}\n{"text": ب}')))
    assert not any(
        error.last for error in errors(write(tmp_path / "x.csv", "id,text\n1,أ\n2,ب, ج"))
    )  # a field too many
    half = whole.encode() + "{نص".encode()[:-1]  # in the middle of a letter
    (tmp_path / name).write_bytes(half)
    assert [error.last for error in errors(tmp_path / name)] == [True]


def test_a_carriage_return_within_a_line_is_told_in_our_words(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", 'text,label\nنص\rسطر,x\n"خبر\rسطر",y\n')
    (error,) = errors(path)
    assert "row 1: expected CSV, found something else (a carriage return within a line); must a text be quoted" in str(
        error
    )
    assert [item.values["text"] for item in iter_rows(path) if isinstance(item, Row)] == ["خبر\rسطر"]
