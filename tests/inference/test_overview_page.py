"""What a labelled corpus holds, as a page."""

from __future__ import annotations

import itertools
import re
from datetime import date
from pathlib import Path

import pytest

from mujaz.inference.overview import Overview, overview
from mujaz.inference.overview_page import CHARTS, GROUPS, LABELS, counted, page, shortened
from tests.conftest import write_jsonl


def rows_of(labels: dict[str, int]) -> Overview:
    found = Overview("label")
    for label, count in labels.items():
        for _ in range(count):
            found.all.add([label], error=False)
            found.groups["س"].add([label], error=False)
            found.days[date(2026, 3, 1)].add([label], error=False)
    return found


def text_of(shown: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", shown.split("</style>")[-1]).split())


def test_shares_by_outlet_are_of_its_records(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"labels": labels, "outlet": "<b>س</b>", "error": error}
        for labels, error in ((["a", "b"], None), (["a"], None), ([], None), ([], "no text"))
    ]
    shown = page(overview([str(write_jsonl(tmp_path / "l.jsonl", rows))], by="outlet"), title="l", by="outlet")
    assert "&lt;b&gt;س&lt;/b&gt;" in shown  # a name is no markup
    assert "&lt;b&gt;س&lt;/b&gt; 4 50 25 25 25" in text_of(shown)
    assert "a 2 50.0 %" in text_of(shown)
    assert "without a label 1 25.0 %" in text_of(shown)
    assert "with an error 1 25.0 %" in text_of(shown)
    assert "How sure" not in shown
    assert "Over time" not in shown


def test_how_sure(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": 0, "label": "a", "probability": 0.95, "title": "عنوان <i>"},
        {"id": None, "label": "a", "probability": 0.5, "text": "نص\n طويل " * 50},
        {"id": "r3", "label": None, "probability": 0.2},
    ]
    shown = page(overview([str(write_jsonl(tmp_path / "l.jsonl", rows))]), title="l")
    text = text_of(shown)
    assert "a 2 66.7 % 66.7% 50.0 %" in text  # the share, its bar's title, at least 90 % sure
    assert "1 record without a label, of which it was less sure than asked for, do not count here." in text
    assert text.index("a 50.0 % نص طويل نص") < text.index("0 a 95.0 % عنوان &lt;i&gt;")
    assert "None" not in text
    assert "r3" not in text


def test_what_is_too_much_is_left_out_and_said() -> None:
    found = rows_of({f"label {n:03}": 200 - n for n in range(LABELS + 5)})
    for n in range(GROUPS + 7):
        found.groups[f"outlet {n}"].add(["label 000"], error=False)
    text = text_of(page(found, title="l", by="outlet"))
    assert f"The {GROUPS} with the most records; 8 more are not shown." in text
    assert f"The {LABELS} most frequent labels; 5 more are not shown." in text
    assert f"Of the other {LABELS + 5 - CHARTS} labels there is no chart." in text
    assert text.count("label 000") == 4  # two tables, a chart, and what stands above it
    few = text_of(page(rows_of({"a": 1}), title="l", by="outlet"))
    assert "not shown" not in few
    assert "no chart" not in few


def test_time_has_a_line_with_gaps_where_nothing_is_labelled() -> None:
    found = Overview("label", undated=1)
    for day, labels in ((1, ["a"]), (1, ["a"]), (2, ["b"]), (4, []), (6, ["a"])):
        found.all.add(labels, error=False)
        found.days[date(2026, 3, day)].add(labels, error=False)
    shown = page(found, title="l")
    assert "By day." in shown
    assert "1 record without a date" in text_of(shown)
    records, first, second = re.findall(r'<svg[^>]*class="chart".*?</svg>', shown, re.DOTALL)
    (line,) = re.findall(r'<polyline points="([^"]*)"', records)
    heights = [float(point.split(",")[1]) for point in line.split()]
    assert heights[0] < heights[1] == heights[3] == heights[5] < heights[2] == heights[4]  # 2 1 0 1 0 1, up is less
    pieces = [points.split() for points in re.findall(r'<polyline points="([^"]*)"', first)]
    assert [len(piece) for piece in pieces] == [2, 1]  # nothing has a label on the third to the fifth
    assert {piece[0].split(",")[0] for piece in pieces} == {
        line.split()[0].split(",")[0],
        line.split()[5].split(",")[0],
    }
    assert first.count("<circle") == second.count("<circle") == 3
    ticks = [float(x) for x in re.findall(r'<text x="([\d.]+)"[^>]*>\d\d Mar 2026', records)]
    assert ticks[0] == float(line.split(",")[0])
    assert ticks[-1] <= 460 - 36  # inside of the picture
    assert all(other - one >= 72 for one, other in itertools.pairwise(ticks))  # and apart


@pytest.mark.parametrize(("count", "said"), [(1, "1 record"), (0, "0 records"), (12_345, "12,345 records")])
def test_numbers_of_records(count: int, said: str) -> None:
    assert counted(count) == said


def test_long_texts_are_shortened() -> None:
    assert shortened("ab" * 30) == "ab" * 30
    assert shortened("ab" * 30 + "c") == "ab" * 29 + "a…"
