"""What a labelled corpus holds, as one self-contained page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from mujaz.charts import Line, bars, interval_bar, line_chart
from mujaz.inference.overview import BINS, Overview
from mujaz.pages import render

TEMPLATES = Path(__file__).parent / "templates"
GROUPS = 30  # that are shown
CHARTS = 12  # labels whose share over time is drawn
SURE = 0.9
SHOWN = 160  # characters of a text
_FOOTER = "Made by mujaz. This page may hold texts of the corpus: share it as you would share them."
# A chart has some sixty points at most: the longest span in days, what a date is counted with, how that is called.
_PERIODS: tuple[tuple[int, str, Callable[[date], date], str], ...] = (
    (62, "day", lambda day: day, "%d %b %Y"),
    (420, "week", lambda day: day - timedelta(days=day.weekday()), "%d %b %Y"),
    (1_900, "month", lambda day: day.replace(day=1), "%b %Y"),
    (1_000_000, "year", lambda day: day.replace(month=1, day=1), "%Y"),
)


def page(found: Overview, *, title: str, by: str | None = None) -> str:
    """The page, as HTML.

    Args:
        found: The counts.
        title: Of the page.
        by: How the groups are called.
    """
    names = [name for name, _ in found.labels.most_common()]
    sure = [sum(counts) for counts in zip(*found.sure.values(), strict=True)]
    return render(
        TEMPLATES,
        "overview.html.j2",
        title=title,
        subtitle=f"{found.records:,} records, by the column {found.label}",
        tiles=_tiles(found),
        labels=[_label(found, name) for name in names],
        probabilities=bars("Records by the probability of their label", sure, high=1, x_label="probability")
        if any(sure)
        else "",
        names=names,
        by=by,
        groups=_groups(found, names),
        more=max(len(found.groups) - GROUPS, 0),
        time=_time(found, names) if found.days else None,
        undated=found.undated,
        least_sure=[_record(*one) for one in found.least_sure],
        footer=_FOOTER,
    )


def _tiles(found: Overview) -> list[dict[str, str]]:
    def share(count: int) -> str:
        return f"{100 * count / found.records:.1f} %"

    tiles = [
        {"name": "records", "value": f"{found.records:,}", "note": ""},
        {"name": "different labels", "value": f"{len(found.labels):,}", "note": ""},
        {"name": "without a label", "value": f"{found.unlabelled:,}", "note": share(found.unlabelled)},
    ]
    return [*tiles, {"name": "with an error", "value": f"{found.errors:,}", "note": share(found.errors)}]


def _label(found: Overview, name: str) -> dict[str, Any]:
    count, bins = found.labels[name], found.sure.get(name)
    share = count / found.records
    sure = sum(bins[round(SURE * BINS) :]) / (sum(bins) or 1) if bins else None
    return {"name": name, "count": count, "share": share, "bar": interval_bar(share), "sure": sure}


def _groups(found: Overview, names: Sequence[str]) -> list[dict[str, Any]]:
    largest = sorted(found.groups.items(), key=lambda group: (-group[1].total(), group[0]))[:GROUPS]
    return [
        {"name": group or "(empty)", "records": counts.total(), "cells": _cells(counts, [*names, None])}
        for group, counts in largest
    ]


def _cells(counts: Counter[str | None], names: Sequence[str | None]) -> list[dict[str, Any]]:
    whole = counts.total()
    return [
        {"count": counts[name], "share": counts[name] / whole, "shade": 0.9 * counts[name] / whole} for name in names
    ]


def _time(found: Overview, names: Sequence[str]) -> dict[str, Any]:
    """Records in each period, and the share of each label among those that have one."""
    span = (max(found.days) - min(found.days)).days
    _, called, period_of, written = next(one for one in _PERIODS if span <= one[0])
    periods: dict[date, Counter[str | None]] = {period_of(min(found.days)): Counter()}
    while (last := max(periods)) < period_of(max(found.days)):  # those without records too
        periods[period_of(last + timedelta(days={"day": 1, "week": 7, "month": 31, "year": 366}[called]))] = Counter()
    for day, counts in found.days.items():
        periods[period_of(day)] += counts
    ticks = [f"{period:{written}}" for period in sorted(periods)]
    counted = [periods[period] for period in sorted(periods)]

    def chart(title: str, values: Mapping[int, float], *, percent: bool) -> dict[str, Any]:
        line = Line(title, [(float(place), value) for place, value in values.items()])
        picture = line_chart(title, [line], x_label=called, percent=percent, names=ticks, zero=True)
        return {"title": title, "svg": picture}

    records = {place: float(counts.total()) for place, counts in enumerate(counted)}
    labelled = {place: counts.total() - counts[None] for place, counts in enumerate(counted)}
    shares = [
        chart(name, {place: counted[place][name] / of for place, of in labelled.items() if of}, percent=True)
        for name in names[:CHARTS]
    ]
    return {"called": called, "records": chart("Records", records, percent=False), "shares": shares}


def _record(probability: float, label: str, values: Mapping[str, Any]) -> dict[str, Any]:
    text = " ".join(str(values.get("title") or values.get("text") or values.get("summary") or "").split())
    return {
        "id": values.get("id", ""),
        "label": label,
        "probability": probability,
        "text": text if len(text) <= SHOWN else f"{text[:SHOWN]}…",
    }
