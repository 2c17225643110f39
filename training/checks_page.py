"""A check of data as one self-contained page: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from mujaz.training.checks import DataReport, Lengths
from mujaz.training.checks_findings import Example, Finding

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --bar: #4a7fb5; --problem: #c0392b; --warning: #b7791f; --note: #5a6b7b }
body { font: 15px/1.5 system-ui, "Noto Naskh Arabic", sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse; margin: .5rem 0 } th, td { padding: .2rem .7rem; border-bottom: 1px solid var(--line) }
th { text-align: start; font-weight: 600 } td.n { text-align: end; font-variant-numeric: tabular-nums }
.bar { display: inline-block; height: .7rem; background: var(--bar); border-radius: 2px; vertical-align: middle }
section.finding { border-inline-start: 4px solid var(--note); padding: .1rem 1rem; margin: 1rem 0 }
section.problem { border-color: var(--problem) } section.warning { border-color: var(--warning) }
.finding h3 { font-size: 1rem; margin: .3rem 0 } .finding p { margin: .2rem 0 }
.level { font-size: .8rem; text-transform: uppercase; margin-inline-end: .6rem }
.problem .level { color: var(--problem) } .warning .level { color: var(--warning) }
li { margin: .4rem 0 } li small { opacity: .7 } q { quotes: none; display: block }
q + small { margin-top: .2rem; display: block }
"""


def page(report: DataReport) -> str:
    """The page, as HTML."""
    title = f"{report.name}: {report.task or 'texts'}"
    counts = ", ".join(f"{count:,} {split}" for split, count in report.rows.items())
    found = "".join(map(_finding, report.findings)) or "<p>Nothing suspicious was found.</p>"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Check of {escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<h1>Check of {escape(title)}</h1><p>Rows: {escape(counts)}.</p>"
        f"{_labels(report)}<h2>Lengths</h2>{_lengths(report)}<h2>Findings</h2>{found}</body></html>\n"
    )


def _labels(report: DataReport) -> str:
    if not report.labels:
        return ""
    names = dict.fromkeys(label for labels in report.labels.values() for label in labels)
    rows = []
    for name in names:
        cells = [f'<td dir="auto">{escape(name) or "(none)"}</td>']
        for split, labels in report.labels.items():
            share = labels.get(name, 0) / report.rows[split]
            bar = f'<span class="bar" style="width:{share * 8:.2f}rem"></span>'
            cells.append(f'<td class="n">{labels.get(name, 0):,}</td><td>{bar} {share:.1%}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    head = "".join(f'<th colspan="2">{escape(split)}</th>' for split in report.labels)
    return f"<h2>Labels</h2><table><tr><th>label</th>{head}</tr>{''.join(rows)}</table>"


def _lengths(report: DataReport) -> str:
    head = "".join(f"<th>{name}</th>" for name in ("", "unit", "least", "median", "mean", "95 %", "most", "cut"))
    rows = [
        f'<tr><td dir="auto">{escape(name)}</td><td>{unit}</td>{_numbers(lengths)}</tr>'
        for unit, parts in (("words", report.words), ("tokens", report.tokens))
        for name, lengths in parts.items()
    ]
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


def _numbers(lengths: Lengths) -> str:
    values = (lengths.least, lengths.median, lengths.mean, lengths.p95, lengths.most)
    cells = [f"{value:,.0f}" for value in values]
    cells.append("" if lengths.cut is None else f"{lengths.cut:.1%}")
    return "".join(f'<td class="n">{cell}</td>' for cell in cells)


def _finding(finding: Finding) -> str:
    return (
        f'<section class="finding {finding.level}"><h3><span class="level">{finding.level}</span>{escape(finding.line)}</h3>'
        f"<p>{escape(finding.advice)}</p>{_examples(finding.examples)}</section>"
    )


def _examples(examples: Iterable[Example]) -> str:
    items = [
        f'<li><small>{escape(example.place)}</small><q dir="auto">{escape(example.text)}</q>'
        + (f'<small>beside</small><q dir="auto">{escape(example.other)}</q>' if example.other else "")
        + "</li>"
        for example in examples
    ]
    return f"<details><summary>examples</summary><ul>{''.join(items)}</ul></details>" if items else ""
