"""What a labelled corpus holds: counted as pandas counts it, and shown."""

from __future__ import annotations

import json
import random
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from mujaz.cli import cli, main
from mujaz.errors import DataError, UsageError
from mujaz.inference import overview as module
from mujaz.inference.overview import LEAST_SURE, Overview, overview
from mujaz.inference.overview_page import page
from tests.conftest import write_jsonl

OUTLETS = ("صحيفة الساحل", "صوت الجبل", "")


def records(count: int = 400, days: int = 50) -> list[dict[str, object]]:
    chance = random.Random(5)
    return [
        {
            "id": f"a{n}",
            "label": chance.choice(["sports", "finance", "politics", None]),
            "probability": round(chance.random(), 4),
            "outlet": chance.choice(OUTLETS),
            "date": str(date(2026, 1, 30) + timedelta(days=chance.randrange(days))),
            "title": f"عنوان <b>{n}</b>",
            "error": None,
        }
        for n in range(count)
    ]


def written(rows: list[dict[str, object]], folder: Path, suffix: str) -> str:
    path = folder / f"labels{suffix}"
    if suffix == ".jsonl":
        return str(write_jsonl(path, rows))
    table = pd.DataFrame(rows)
    table.to_csv(path, index=False) if suffix == ".csv" else table.to_parquet(path)
    return str(path)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_counts_are_those_of_pandas(suffix: str, tmp_path: Path) -> None:
    rows = records()
    found = overview([written(rows, tmp_path, suffix)], by="outlet", dated="date")
    table = pd.DataFrame(rows)
    assert dict(found.labels) == table["label"].value_counts().to_dict()
    assert (found.records, found.unlabelled, found.errors) == (400, int(table["label"].isna().sum()), 0)
    for key, counts in ((["outlet"], found.groups), (["date"], {str(day): c for day, c in found.days.items()})):
        crossed = table.fillna({"label": "none"}).groupby([*key, "label"]).size()
        assert {(group, name or "none"): n for group, c in counts.items() for name, n in c.items()} == crossed.to_dict()
    labelled = table.dropna(subset=["label"])
    bins = pd.cut(labelled["probability"], [n / 20 for n in range(21)], right=False)
    for name, part in labelled.groupby("label"):
        assert found.sure[str(name)] == bins[part.index].value_counts(sort=False).tolist()
    lowest = labelled.nsmallest(LEAST_SURE, "probability")
    assert [values["id"] for _, _, values in found.least_sure] == lowest["id"].tolist()
    assert [name for _, name, _ in found.least_sure] == lowest["label"].tolist()


def test_several_files_count_together(tmp_path: Path) -> None:
    rows = records(60)
    parts = [str(write_jsonl(tmp_path / f"part-{n}.jsonl", rows[n * 20 : n * 20 + 20])) for n in range(3)]
    whole = overview([str(write_jsonl(tmp_path / "all.jsonl", rows))], by="outlet")
    assert overview(parts, by="outlet") == whole == overview([str(tmp_path / "part-*.jsonl")], by="outlet")


def test_errors_are_no_texts_without_a_label(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": "1", "label": "sports", "probability": 0.9, "error": None},
        {"id": "2", "label": None, "probability": None, "error": "no text"},
        {"id": "3", "label": None, "probability": 0.2, "error": None},
    ]
    found = overview([str(write_jsonl(tmp_path / "l.jsonl", rows))])
    assert (found.records, found.errors, found.unlabelled, dict(found.labels)) == (3, 1, 1, {"sports": 1})


@pytest.mark.parametrize("labels", [(["a", "b"], ["b"], []), ("a|b", "b", "")])
def test_several_labels_count_each(labels: tuple[Any, ...], tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"id": n, "labels": one, "probabilities": None} for n, one in enumerate(labels)]
    found = overview([str(write_jsonl(tmp_path / "l.jsonl", rows))])
    assert (dict(found.labels), found.unlabelled, found.label) == ({"a": 1, "b": 2}, 1, "labels")
    assert not found.sure


def test_one_of_several_models(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"topic": "sports", "topic_probability": 0.4, "stance": "favor|x", "stance_probability": 0.7}
    ]
    file = str(write_jsonl(tmp_path / "l.jsonl", rows))
    assert [(p, name) for p, name, _ in overview([file]).least_sure] == [(0.4, "sports")]
    assert [(p, name) for p, name, _ in overview([file], label="stance").least_sure] == [(0.7, "favor|x")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "lable"}, r"l\.jsonl, row 1: no column 'lable'.*did you mean 'label'"),
        ({"by": "source"}, "no column 'source'"),
        ({"dated": "title"}, "no record has a date in column 'title', as 2019-03-31"),
    ],
)
def test_what_cannot_be_counted_is_named(options: dict[str, str], message: str, tmp_path: Path) -> None:
    file = str(write_jsonl(tmp_path / "l.jsonl", records(5)))
    with pytest.raises(DataError, match=message):
        overview([file], **options)  # type: ignore[arg-type]


def test_a_column_of_ids_is_no_outlet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_GROUPS", 20)
    with pytest.raises(UsageError, match="column 'id' has more than 20 different values: expected one of few"):
        overview([str(write_jsonl(tmp_path / "l.jsonl", records(30)))], by="id")


@pytest.mark.parametrize(
    ("days", "called", "first"),
    [
        (1, "day", "30 Jan 2026"),
        (60, "day", "30 Jan 2026"),
        (300, "week", "26 Jan 2026"),
        (1_500, "month", "Jan 2026"),
        (9_000, "year", "2026"),
    ],
)
def test_time_is_told_in_some_sixty_steps(days: int, called: str, first: str, tmp_path: Path) -> None:
    rows = records(800, days)
    found = overview([str(write_jsonl(tmp_path / "l.jsonl", rows))], dated="date")
    shown = page(found, title="l")
    assert f"By {called}." in shown
    assert f">{first}</text>" in shown
    drawn = re.search(r"<title>Records</title>.*?</svg>", shown, re.DOTALL)
    assert drawn
    points = drawn[0].count("<circle")
    assert points <= 65
    if points:  # few enough to be drawn each
        assert f">{first}</text>" in drawn[0]


def test_periods_without_records_are_drawn_as_none() -> None:
    found = Overview("label", records=3)
    for day in (date(2026, 3, 1), date(2026, 3, 1), date(2026, 3, 9)):
        found.days[day]["sports"] += 1
    found.labels["sports"] = 3
    shown = page(found, title="l")
    line, share = re.findall(r'<polyline points="([^"]*)"', shown)
    heights = [float(point.split(",")[1]) for point in line.split()]
    assert len(heights) == 9
    assert heights[0] < heights[8] < heights[1] == heights[7]  # up is less: two, one, none
    assert len(share.split()) == 2  # of nothing there is no share


def test_the_command_and_its_page(tmp_path: Path) -> None:
    file, out = str(write_jsonl(tmp_path / "l.jsonl", records())), tmp_path / "o.html"
    options = ["--by", "outlet", "--date-column", "date", "--html", str(out)]
    result = CliRunner().invoke(cli, ["overview", file, *options])
    assert result.exit_code == 0, result.output
    assert re.search(r"400 records, \d+ without a label, 0 with an error", result.output)
    assert re.search(r"sports +\d+ +\d+\.\d%", result.output)
    assert "(empty)" in result.output
    shown = out.read_text(encoding="utf-8")
    assert "صحيفة الساحل" in shown
    assert "عنوان &lt;b&gt;" in shown  # texts are no markup
    assert "By day." in shown
    assert "Least sure" in shown


def test_labels_that_people_gave_have_no_probabilities(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": "نص", "label": "رياضة"}, {"text": "نص", "label": "اقتصاد"}]
    found = overview([str(write_jsonl(tmp_path / "l.jsonl", rows))])
    shown = page(found, title="l")
    assert "رياضة" in shown
    assert "How sure" not in shown
    assert "Over time" not in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.jsonl"], "none.jsonl: no such file"),
        (["l.jsonl", "--html", "page.txt"], "ends in .html"),
        (["l.jsonl", "--html", "l.jsonl"], "would replace"),
        (["l.jsonl", "--by", ""], "expected something"),
    ],
)
def test_misuse(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_jsonl(tmp_path / "l.jsonl", records(3))
    before = (tmp_path / "l.jsonl").read_bytes()
    with pytest.raises(SystemExit, match="2"):
        main(["overview", *arguments])
    assert message in capsys.readouterr().err
    assert (tmp_path / "l.jsonl").read_bytes() == before


def test_what_classify_writes_is_read(tmp_path: Path) -> None:
    texts: list[dict[str, object]] = [
        {"id": "1", "text": "فاز الفريق بثلاثة أهداف في المباراة", "outlet": "الساحل"},
        {"id": "2", "text": "", "outlet": "الساحل"},
    ]
    corpus, out = write_jsonl(tmp_path / "c.jsonl", texts), tmp_path / "l.jsonl"
    result = CliRunner().invoke(cli, ["classify", str(corpus), "--out", str(out), "--keep", "outlet"])
    assert result.exit_code == 0, result.output
    found = overview([str(out)], by="outlet")
    (label,) = (json.loads(line)["label"] for line in out.read_text(encoding="utf-8").splitlines()[:1])
    assert (found.records, found.errors, dict(found.labels)) == (2, 1, {label: 1})
    assert found.least_sure[0][1] == label
