"""Charts hold the numbers that they are given."""

from __future__ import annotations

import re

import pytest

from mujaz.charts import Line, bars, histogram, interval_bar, line_chart, reliability_chart, ticks


def test_ticks_are_round_and_cover() -> None:
    for low, high in ((0, 1), (0.13, 0.94), (3, 3), (0, 1234), (-2, 5), (1e-5, 3e-5)):
        found = ticks(low, high)
        assert found[0] <= low + 1e-12
        assert found[-1] >= high - 1e-12
        assert 2 <= len(found) <= 9


def test_charts_hold_their_numbers() -> None:
    line = line_chart("loss", [Line("training", [(1, 2.0), (5, 1.0)])], x_label="step")
    (points,) = re.findall(r'points="([^"]+)"', line)
    (x1, y1), (x2, y2) = ([float(v) for v in point.split(",")] for point in points.split())
    assert x1 < x2
    assert y1 < y2  # down the page is down in value
    assert line_chart("none", [], x_label="step") == ""
    bar = interval_bar(0.5, 0.25, 0.75)
    assert 'width="60"' in bar
    assert re.findall(r'x1="([\d.]+)" x2="([\d.]+)"', bar)[0] == ("30", "90")
    assert "3 to 6: 2" in histogram("h", [3.5, 4.0, 60.0], high=60, bins=20, x_label="x")
    table = [
        {"low": 0.0, "high": 0.5, "texts": 0, "confidence": 0.0, "accuracy": 0.0},
        {"low": 0.5, "high": 1.0, "texts": 8, "confidence": 0.9, "accuracy": 0.75},
    ]
    assert "50% to 100%: 8 texts, 75% right" in reliability_chart(table)


def test_a_line_of_steps_begins_at_zero_and_names_them() -> None:
    shown = line_chart(
        "n", [Line("n", [(0.0, 30_000.0), (1.0, 50_000.0)])], x_label="month", names=["May", "June", "July"]
    )
    (points,) = re.findall(r'points="([^"]+)"', shown)
    (x1, y1), (x2, y2) = ([float(v) for v in point.split(",")] for point in points.split())
    zero = float(re.findall(r'<text x="[\d.]+" y="([\d.]+)"[^>]*>0</text>', shown)[0]) - 4  # a text stands 4 lower
    assert (zero - y1) / (zero - y2) == pytest.approx(3 / 5, abs=0.01)
    places = {name: float(x) for x, name in re.findall(r'<text x="([\d.]+)"[^>]*>(May|June|July)<', shown)}
    assert (places["May"], places["June"]) == (x1, x2)
    assert x2 < places["July"] < 2 * x2 - x1  # moved in from the edge
    assert ">50k</text>" in shown


def test_bars_are_counts() -> None:
    shown = bars("b", [0, 1, 2], high=3, x_label="x")
    assert re.findall(r"<title>([^<]*)</title>", shown)[1:] == [
        "0 to 1: 0",
        "1 to 2: 1",
        "2 to 3: 2",
    ]
    heights = [float(height) for height in re.findall(r'height="([\d.]+)" class="bar', shown)]
    assert heights[2] == pytest.approx(2 * heights[1]) == pytest.approx(230 - 12 - 34)
    assert re.findall(r'text-anchor="end">([\d.kM]+)<', shown) == ["0", "1", "2"]  # no halves of records
    assert ">2M</text>" in bars("b", [2_000_000], high=1, x_label="x")
