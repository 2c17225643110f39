"""What a labelled corpus holds, as one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mujaz.charts import Line, bars, interval_bar, line_chart
from mujaz.inference.overview import BINS, Counts, Overview
from mujaz.inference.periods import by_period
from mujaz.pages import isolated, render

TEMPLATES = Path(__file__).parent / "templates"
GROUPS, LABELS, CHARTS = 30, 20, 12  # that are shown: rows, columns, labels over time
SURE = 0.9
TEXT, NAME = 160, 60  # characters that are shown
_FOOTER = "Made by mujaz. This page may hold texts of the corpus: share it as you would share them."


def page(found: Overview, *, title: str, by: str | None = None) -> str:
    """The page, as HTML.

    Args:
        found: The counts.
        title: Of the page.
        by: How the groups are called.
    """
    names = sorted(found.all.labels, key=lambda name: (-found.all.labels[name], name))
    sure = [sum(counts) for counts in zip(*found.sure.values(), strict=True)]
    groups = sorted(found.groups.items(), key=lambda group: (-group[1].records, group[0]))
    return render(
        TEMPLATES,
        "overview.html.j2",
        title=title,
        subtitle=f"{counted(found.all.records)}, by the column {isolated(found.label)}",
        tiles=_tiles(found.all),
        labels=[_label(found, name) for name in names],
        probabilities=bars("Records by the probability of their label", sure, high=1, x_label="probability")
        if sure
        else "",
        names=[shortened(name) for name in names[:LABELS]],
        fewer=max(len(names) - LABELS, 0),
        by=by,
        groups=[_group(name, counts, names[:LABELS]) for name, counts in groups[:GROUPS]],
        more=max(len(groups) - GROUPS, 0),
        time=_time(found.days, names) if found.days else None,
        undated=counted(found.undated) if found.undated else "",
        unlabelled=counted(found.all.unlabelled) if found.all.unlabelled else "",
        least_sure=[_record(*one) for one in found.least_sure],
        footer=_FOOTER,
    )


def counted(records: int) -> str:
    """A number of records in words."""
    return f"{records:,} record{'' if records == 1 else 's'}"


def shortened(text: str, most: int = NAME) -> str:
    """So much of a text as has room."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _tiles(counts: Counts) -> list[dict[str, str]]:
    parts = {"without a label": counts.unlabelled, "with an error": counts.errors}
    return [
        {"name": "records", "value": f"{counts.records:,}", "note": ""},
        {"name": "different labels", "value": f"{len(counts.labels):,}", "note": ""},
        *(
            {"name": name, "value": f"{count:,}", "note": f"{100 * count / counts.records:.1f} %"}
            for name, count in parts.items()
        ),
    ]


def _label(found: Overview, name: str) -> dict[str, Any]:
    count, bins = found.all.labels[name], found.sure.get(name)
    share = count / found.all.records
    sure = sum(bins[round(SURE * BINS) :]) / sum(bins) if bins else None
    return {"name": shortened(name), "count": count, "share": share, "bar": interval_bar(share), "sure": sure}


def _group(name: str, counts: Counts, names: Sequence[str]) -> dict[str, Any]:
    cells = [*(counts.labels[label] for label in names), counts.unlabelled, counts.errors]
    return {
        "name": shortened(name) or "(empty)",
        "records": counts.records,
        "cells": [{"count": count, "share": count / counts.records} for count in cells],
    }


def _time(days: Mapping[Any, Counts], names: Sequence[str]) -> dict[str, Any]:
    """Records in each step of time, and the share of each label among those that have one."""
    called, steps = by_period(days)
    ticks, counts = list(steps), list(steps.values())

    def chart(title: str, values: Mapping[int, float], *, percent: bool) -> dict[str, Any]:
        line = Line(title, [(float(place), value) for place, value in values.items()])
        picture = line_chart(title, [line], x_label=called, percent=percent, names=ticks)
        return {"title": shortened(title), "svg": picture}

    shares = [
        {place: one.labels[name] / one.labelled for place, one in enumerate(counts) if one.labelled}
        for name in names[:CHARTS]
    ]
    records = {place: float(one.records) for place, one in enumerate(counts)}
    return {
        "called": called,
        "charts": [
            chart("Records", records, percent=False),
            *(chart(name, share, percent=True) for name, share in zip(names, shares, strict=False)),
        ],
        "more": max(len(names) - CHARTS, 0),
    }


def _record(probability: float, label: str, values: Mapping[str, Any]) -> dict[str, Any]:
    text = " ".join(str(values.get("title") or values.get("text") or values.get("summary") or "").split())
    name = values.get("id")
    return {
        "id": "" if name is None else shortened(str(name)),
        "label": shortened(label),
        "probability": probability,
        "text": shortened(text, TEXT),
    }
