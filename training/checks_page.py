"""A check of data as one self-contained page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mujaz.charts import interval_bar
from mujaz.pages import render
from mujaz.training.checks import DataReport, Lengths
from mujaz.training.checks_targets import LISTED

TEMPLATES = Path(__file__).parent / "report" / "templates"
_FOOTER = "Made by mujaz. This page holds texts of the data it was made from: share it as you would share them."

_LENGTHS = ("least", "median", "mean", "95 % up to", "most", "cut")


def page(report: DataReport) -> str:
    """The page, as HTML."""
    found = {"problems": "problem", "warnings": "warning", "notes": "note"}
    parts = {"rows" if part == "rows" else f"rows in {part}": count for part, count in report.rows.items()}
    tiles = [{"name": name, "value": f"{count:,}", "note": ""} for name, count in parts.items()]
    for name, level in found.items():
        count = sum(finding.level == level for finding in report.findings)
        tiles.append({"name": name, "value": str(count), "note": ""})
    return render(
        TEMPLATES,
        "check.html.j2",
        title=f"Check of {report.name}",
        subtitle=report.task or "texts",
        tiles=tiles,
        parts=list(report.labels),
        labels=_labels(report),
        targets=[
            {
                "part": split,
                "number": len(counts),
                "labels": list(report.labels[split]),
                "rows": list(counts.items())[:LISTED],
            }
            for split, counts in report.targets.items()
        ],
        columns=_LENGTHS if report.tokens else _LENGTHS[:-1],  # words are not cut, tokens are
        lengths=[
            {"name": name, "unit": unit, "numbers": _numbers(lengths)[: len(_LENGTHS) if report.tokens else -1]}
            for unit, parts in (("words", report.words), ("tokens", report.tokens))
            for name, lengths in parts.items()
        ],
        findings=report.findings,
        footer=_FOOTER,
    )


def _labels(report: DataReport) -> list[dict[str, Any]]:
    names = dict.fromkeys(label for labels in report.labels.values() for label in labels)
    return [
        {"name": name, "counts": [_share(labels.get(name, 0), report.rows[s]) for s, labels in report.labels.items()]}
        for name in names
    ]


def _share(count: int, of: int) -> tuple[int, float, Any]:
    return count, count / of, interval_bar(count / of)


def _numbers(lengths: Lengths) -> list[str]:
    values = (lengths.least, lengths.median, lengths.mean, lengths.p95, lengths.most)
    return [*(f"{value:,.0f}" for value in values), "" if lengths.cut is None else f"{lengths.cut:.1%}"]
