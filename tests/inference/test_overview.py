"""What a labelled corpus holds: counted as pandas counts it."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mujaz.errors import DataError, UsageError
from mujaz.inference import overview as module
from mujaz.inference.overview import LEAST_SURE, Counts, overview
from mujaz.inference.periods import by_period
from tests.conftest import write_jsonl

OUTLETS = ("صحيفة الساحل", "صوت الجبل", "")
Rows = list[dict[str, object]]


def records(count: int = 400, days: int = 50) -> Rows:
    chance = random.Random(5)
    rows: Rows = []
    for n in range(count):
        kind = chance.choice(["sports", "finance", "politics", "none", "error"])
        day = date(2026, 1, 30) + timedelta(days=chance.randrange(days))
        rows.append(
            {
                "id": f"a{n}",
                "label": None if kind in ("none", "error") else kind,
                "probability": None if kind == "error" else round(chance.random(), 4),
                "outlet": chance.choice(OUTLETS),
                "date": str(day) if n % 9 else "قريبا",
                "title": f"عنوان <b>{n}</b>",
                "error": "no text" if kind == "error" else None,
            }
        )
    return rows


def file_of(rows: Rows, folder: Path, suffix: str = ".jsonl") -> str:
    path = folder / f"labels{suffix}"
    if suffix == ".jsonl":
        return str(write_jsonl(path, rows))
    table = pd.DataFrame(rows)
    if suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        table["date"] = pd.to_datetime(table["date"], format="%Y-%m-%d", errors="coerce")
        table.to_parquet(path)
    return str(path)


def as_pandas(table: pd.DataFrame) -> Counts:
    labelled = table["label"].notna()
    counts = Counts(len(table), int(table["error"].notna().sum()), int(labelled.sum()))
    counts.labels.update(table["label"][labelled])
    return counts


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_counts_are_those_of_pandas(suffix: str, tmp_path: Path) -> None:
    rows = records()
    found = overview([file_of(rows, tmp_path, suffix)], by="outlet", dated="date")
    table = pd.DataFrame(rows)
    assert found.all == as_pandas(table)
    assert found.all.unlabelled == sum(row["label"] is None and row["error"] is None for row in rows) > 0
    assert dict(found.groups) == {name: as_pandas(part) for name, part in table.groupby("outlet")}
    dated = table[table["date"] != "قريبا"]
    assert {str(day): one for day, one in found.days.items()} == {d: as_pandas(one) for d, one in dated.groupby("date")}
    assert found.undated == len(table) - len(dated) > 0
    labelled = table.dropna(subset=["label"]).astype({"probability": float})
    bins = pd.cut(labelled["probability"], [n / 20 for n in range(21)], right=False)
    for name, part in labelled.groupby("label"):
        assert found.sure[str(name)] == bins[part.index].value_counts(sort=False).tolist()
    lowest = labelled.nsmallest(LEAST_SURE, "probability")
    assert [(p, name, values["id"]) for p, name, values in found.least_sure] == [
        *zip(lowest["probability"], lowest["label"], lowest["id"], strict=True)
    ]


def test_parts_count_together_whatever_lies_beside_them(tmp_path: Path) -> None:
    rows = records(60)
    whole = overview([str(write_jsonl(tmp_path / "all.jsonl", rows))], by="outlet")
    (tmp_path / "parts").mkdir()
    parts = [str(write_jsonl(tmp_path / f"parts/part-{n}.jsonl", rows[n * 20 : n * 20 + 20])) for n in range(4)]
    assert not (tmp_path / "parts/part-3.jsonl").read_bytes()  # a machine that had no record
    (tmp_path / "parts/part-1.jsonl.summary.json").write_text("{}")  # as classify leaves one
    for given in (parts, [f"{tmp_path}/parts/part-*.jsonl"], [f"{tmp_path}/parts/*"], [f"{tmp_path}/parts"]):
        assert overview(given, by="outlet") == whole


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path(file_of(records(9), tmp_path))
    monkeypatch.setattr("mujaz.inference.sources.open_stdin", lambda: io.BytesIO(file.read_bytes()))
    assert overview(["-"]) == overview([str(file)])


@pytest.mark.parametrize(
    ("rows", "labels"),
    [
        ([{"labels": ["a", "b", "a"]}, {"labels": ["b"]}, {"labels": []}], {"a": 1, "b": 2}),
        ([{"labels": "a|b"}, {"labels": "b"}, {"labels": ""}], {"a": 1, "b": 2}),
        ([{"m": one, "m_probabilities": "0.5"} for one in ("a|b", "b", "")], {"a": 1, "b": 2}),
        ([{"m": one, "m_p_a": 0.5, "m_probability": ""} for one in ("a|b", "b", "")], {"a": 1, "b": 2}),
        ([{"label": "a|b"}, {"label": "a\u200f"}, {"label": " a "}], {"a|b": 1, "a": 2}),
        ([{"label": 1}, {"label": 1.0}, {"label": "1"}, {"label": True}], {"1": 3, "true": 1}),
    ],
)
def test_labels_of_a_record(rows: Rows, labels: dict[str, int], tmp_path: Path) -> None:
    assert dict(overview([str(write_jsonl(tmp_path / "l.jsonl", rows))]).all.labels) == labels


def test_records_of_several_labels_count_once(tmp_path: Path) -> None:
    rows: Rows = [
        {"labels": labels, "outlet": "س", "date": "2026-03-01"} for labels in (["a", "b"], ["a", "b", "c"], ["a"], [])
    ]
    found = overview([str(write_jsonl(tmp_path / "l.jsonl", rows))], by="outlet", dated="date")
    for counts in (found.all, found.groups["س"], found.days[date(2026, 3, 1)]):
        assert (counts.records, counts.labelled, counts.unlabelled) == (4, 3, 1)
        assert dict(counts.labels) == {"a": 3, "b": 2, "c": 1}


@pytest.mark.parametrize(
    ("row", "column", "others", "probability"),
    [
        ({"label": "a", "probability": 0.4}, "label", (), 0.4),
        ({"label": "a", "probability": "0.4"}, "label", (), 0.4),
        ({"label": "gold", "topic": "a", "topic_probability": 0.4}, "topic", ("label",), 0.4),
        ({"mine": "a", "mine_probability": 0.4, "text": "نص"}, "mine", (), 0.4),
        ({"topic": "a", "topic_probability": 0.4, "stance": "b", "stance_probability": 0.7}, "topic", ("stance",), 0.4),
        ({"text": "نص", "label": "a"}, "label", (), None),
        ({"label": "a", "probability": 1.5}, "label", (), None),
    ],
)
def test_which_column_is_counted(
    row: dict[str, object], column: str, others: tuple[str, ...], probability: float | None, tmp_path: Path
) -> None:
    found = overview([str(write_jsonl(tmp_path / "l.jsonl", [row]))])
    assert (found.label, found.others) == (column, others)
    assert [p for p, *_ in found.least_sure] == ([] if probability is None else [probability])


def test_a_column_may_be_named(tmp_path: Path) -> None:
    row: dict[str, object] = {"topic": "a", "topic_probability": 0.4, "stance": "b", "stance_probability": 0.7}
    file = str(write_jsonl(tmp_path / "l.jsonl", [row]))
    assert [(p, name) for p, name, _ in overview([file], label="stance").least_sure] == [(0.7, "b")]


def test_a_record_may_lack_its_outlet_and_date(tmp_path: Path) -> None:
    rows: Rows = [{"label": "a", "outlet": "س", "date": "2026-03-01"}, {"label": "a"}]
    found = overview([str(write_jsonl(tmp_path / "l.jsonl", rows))], by="outlet", dated="date")
    assert {name: one.records for name, one in found.groups.items()} == {"س": 1, "": 1}
    assert found.undated == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "lable"}, r"l\.jsonl, row 1: no column 'lable'.*did you mean 'label'"),
        ({"by": "source"}, "no column 'source'"),
        ({"dated": "title"}, "no record has a date in column 'title': expected one as 2019-03-31"),
    ],
)
def test_what_cannot_be_counted_is_named(options: dict[str, str], message: str, tmp_path: Path) -> None:
    call: Callable[..., Any] = overview
    with pytest.raises(DataError, match=message):
        call([str(write_jsonl(tmp_path / "l.jsonl", records(5)))], **options)


def test_files_without_records_and_bad_rows_are_errors(tmp_path: Path) -> None:
    empty = str(write_jsonl(tmp_path / "empty.jsonl", []))
    with pytest.raises(DataError, match=r"expected labelled records, found none in .*empty\.jsonl"):
        overview([empty, empty])
    (tmp_path / "bad.jsonl").write_text(json.dumps({"label": "a"}) + "\n{\n")
    with pytest.raises(DataError, match=r"bad\.jsonl, row 2"):
        overview([str(tmp_path / "bad.jsonl")])


def test_a_column_of_ids_is_no_outlet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_GROUPS", 20)
    with pytest.raises(UsageError, match="column 'id' has more than 20 different values: expected one of few"):
        overview([str(write_jsonl(tmp_path / "l.jsonl", records(30)))], by="id")


@pytest.mark.parametrize(
    ("last", "called", "first", "most"),
    [
        (date(2026, 1, 30), "day", "30 Jan 2026", 1),
        (date(2026, 4, 2), "day", "30 Jan 2026", 63),
        (date(2027, 3, 20), "week", "26 Jan 2026", 61),
        (date(2031, 2, 20), "month", "Jan 2026", 62),
        (date(2041, 1, 1), "quarter", "Q1 2026", 61),
        (date(2086, 1, 1), "year", "2026", 61),
        (date(2600, 1, 1), "decade", "2020s", 61),
        (date(9999, 12, 31), "century", "2000s", 80),
    ],
)
def test_time_is_told_in_some_sixty_steps(last: date, called: str, first: str, most: int) -> None:
    one = Counts(1, 0, 1)
    days = {date(2026, 1, 30): one, last: one}
    name, steps = by_period(days)
    assert name == called
    assert next(iter(steps)) == first
    assert 0 < len(steps) <= most
    assert sum(step.records for step in steps.values()) == len(days)
    assert [step.records for step in steps.values()][-1] > 0


def test_steps_without_records_are_there() -> None:
    days = {date(1, 1, 1): Counts(3), date(350, 6, 1): Counts(1)}
    name, steps = by_period(days)
    assert name == "decade"
    assert len(steps) == 36
    assert [step.records for step in steps.values()] == [3, *[0] * 34, 1]
    months = by_period({date(2024, 1, 31): Counts(1), date(2025, 12, 1): Counts(2)})[1]
    assert [*months][:3] == ["Jan 2024", "Feb 2024", "Mar 2024"]
    assert len(months) == 24
