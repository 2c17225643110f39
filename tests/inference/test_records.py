from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from mujaz.errors import DataError
from mujaz.formats import Row
from mujaz.inference.records import BadRecord, Columns, Record, RecordMaker
from mujaz.models.texts import text_problem


def make(values: dict[str, Any], columns: Columns, **options: Any) -> Record | BadRecord:
    return RecordMaker(columns, **{"several_files": False, **options})(Row(values, "news.csv", 7))


def test_a_record_has_text_target_and_kept_columns() -> None:
    columns = Columns(text="body", target="claim", keep=("date", "source"))
    record = make({"body": "نص", "claim": "دعوى", "date": 3, "other": 1}, columns)
    assert record == Record(7, "نص", "دعوى", {"date": 3, "source": None}, "news.csv", 7)


@pytest.mark.parametrize(
    ("values", "column", "several", "expected"),
    [
        ({"id": "a"}, None, False, "a"),
        ({"id": 12}, None, True, 12),
        ({"key": "k", "id": "a"}, "key", False, "k"),
        ({}, None, False, 7),
        ({}, None, True, "news.csv:7"),
        ({"id": None}, None, False, "news.csv:7"),
        ({"id": ""}, None, True, "news.csv:7"),
        ({"id": float("nan")}, None, False, "news.csv:7"),
        ({"id": True}, None, False, "news.csv:7"),
        ({"id": [1]}, None, False, "news.csv:7"),
        ({"id": 3.0}, None, False, 3),
        ({"id": 3.5}, None, False, "3.5"),
        ({"id": Decimal("12")}, None, False, 12),
        ({"id": Decimal("12345678901234567890123456789012")}, None, False, 12345678901234567890123456789012),
        ({"id": Decimal("sNaN")}, None, False, "news.csv:7"),
        ({"id": 1234567890123456768.0}, None, False, "news.csv:7"),
        ({"id": 2.0**53 - 1}, None, False, 2**53 - 1),
        ({"id": 2.0**53}, None, False, "news.csv:7"),
        ({"id": date(2024, 5, 1)}, None, False, "2024-05-01"),
    ],
)
def test_ids(values: dict[str, Any], column: str | None, several: bool, expected: str | int) -> None:
    assert make({"text": "نص", **values}, Columns(id=column), several_files=several).id == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "the text is missing"),
        (float("nan"), "the text is missing"),
        ("", "the text is empty"),
        (" \n\t\u00a0", "the text is empty"),
        ("\u200f\x00\ufeff", "the text is empty"),
        (pd.NA, "the text is not text but NAType"),
        (3, "the text is not text but int"),
        (2.5, "the text is not text but float"),
        (True, "the text is not text but bool"),
        (["نص"], "the text is not text but list"),
        ({"a": 1}, "the text is not text but dict"),
        (b"x", "the text is not text but bytes"),
        ("<p>&nbsp;</p>\n<br/>", "the text is empty"),
        ("&nbsp;", "the text is empty"),
        ("اب\ud83d", "the text has half a surrogate pair at character 3"),
    ],
)
def test_what_is_no_text_becomes_a_bad_record_with_its_id_and_kept_columns(text: Any, reason: str) -> None:
    record = make({"id": "a", "text": text, "date": 3}, Columns(keep=("date",)))
    assert record == BadRecord("a", reason, "news.csv", 7, {"date": 3})


def test_a_text_is_not_touched() -> None:
    text = "  السَّلام 😀 \u200f\n"
    assert text_problem(text, "text") is None
    record = make({"text": text}, Columns())
    assert isinstance(record, Record)
    assert record.text == text


def test_a_missing_target_and_a_missing_column() -> None:
    record = make({"text": "نص", "target": " "}, Columns(target="target"))
    assert isinstance(record, BadRecord)
    assert record.reason == "the target is empty"
    record = make({}, Columns())
    assert isinstance(record, BadRecord)
    assert record.reason == "the text is missing"


def test_cleaning_comes_before_the_model_and_may_leave_nothing() -> None:
    record = make({"text": "رويترز - خبر"}, Columns(), clean=lambda text: text.removeprefix("رويترز - "))
    assert isinstance(record, Record)
    assert record.text == "خبر"
    record = make({"text": "رويترز"}, Columns(), clean=lambda text: "")
    assert isinstance(record, BadRecord)
    assert record.reason == "nothing is left of the text after cleaning"


def test_a_row_that_could_not_be_read() -> None:
    error = DataError("expected JSON, found something else", file="a.jsonl", row=3)
    assert RecordMaker(Columns(), several_files=True)(error) == BadRecord(
        "a.jsonl:3", "expected JSON, found something else", "a.jsonl", 3
    )
    assert RecordMaker(Columns(), several_files=False)(error).id == 3


def test_a_row_that_cannot_be_read_has_the_id_of_no_other_once_there_are_ids() -> None:
    maker = RecordMaker(Columns(), several_files=False)
    broken = DataError("no JSON", file="x.jsonl", row=2)
    assert maker(broken).id == 2
    assert maker(Row({"id": 2, "text": "نص"}, "x.jsonl", 1)).id == 2
    assert maker(broken).id == "x.jsonl:2"
    assert maker(DataError("not UTF-8", file="d/a.txt", row=1, id="a.txt")).id == "a.txt"


def test_markup_around_a_text_is_no_empty_text() -> None:
    assert text_problem("<p>نص</p>", "text") is None
    assert text_problem("< 5", "text") is None
