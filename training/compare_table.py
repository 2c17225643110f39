"""A comparison of runs as a table for a paper or a program: CSV, Markdown or LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from mujaz.errors import UsageError
from mujaz.training.compare import METRIC_NAMES, ComparedRun, Comparison

KINDS = (".csv", ".md", ".tex")
_SIGNS = {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
_TEX = str.maketrans({sign: rf"\{sign}" for sign in "&%$#_{}"} | _SIGNS)


def check_table(path: Path, option: str, runs: Sequence[Path]) -> None:
    """See that a table may be written under a name.

    Raises:
        UsageError: its suffix is none of :data:`KINDS`, or it is a file of a run, like its card.
    """
    if path.exists() and path.resolve().parent in {run.resolve() for run in runs}:
        raise UsageError(f"{option} would replace {path}, a file of a run. Give another name.")
    if path.suffix.lower() not in KINDS:
        raise UsageError(f"{option} writes a table: expected a name that ends in {', '.join(KINDS)}, found {path}.")


def comparison_table(found: Comparison, suffix: str) -> str:
    """The table, a row a run.

    CSV has the numbers as they are (0-1 for labels, 0-100 for ROUGE), with the difference to the first run, its 95 % bounds
    and p, as it is and corrected, and where there are settings of several runs their deviations. The others have them as
    people print them, in percent with two decimals, p corrected, the best of each column bold, and of the folders their
    names where these differ; the LaTeX needs booktabs.

    Args:
        found: The comparison.
        suffix: One of :data:`KINDS`.
    """
    metrics = list(found.runs[0].scores)
    if suffix.lower() == ".csv":
        return _csv(found, metrics)
    unit = 1 if found.task == "summary" else 100
    best = {name: max(round(unit * run.scores[name], 2) for run in found.runs) for name in metrics}
    tex = suffix.lower() == ".tex"
    bold = r"\textbf{%s}" if tex else "**%s**"

    def cell(run: ComparedRun, name: str) -> str:
        shown = run.shown(name, unit).replace("±", r"$\pm$" if tex else "±")
        return bold % shown if round(unit * run.scores[name], 2) == best[name] else shown

    of = METRIC_NAMES[found.metric] + (", Holm" if len(found.runs) > 2 else "")
    header = ["run", *(METRIC_NAMES.get(name, name) for name in metrics), f"p ({of})"]
    p = ["" if run.holm is None else f"{run.holm:.3f}" for run in found.runs]
    names = _names(found.runs)
    cells = ([cell(run, name) for name in metrics] for run in found.runs)
    rows = [[name, *scores, chance] for name, scores, chance in zip(names, cells, p, strict=True)]
    return _latex(header, rows) if tex else _markdown(header, rows)


def _names(runs: Sequence[ComparedRun]) -> list[str]:
    short = [Path(run.name).name for run in runs]
    return short if len(set(short)) == len(runs) else [run.name for run in runs]


def _csv(found: Comparison, metrics: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    spread = [f"{name}_deviation" for name in metrics if any(run.deviations for run in found.runs)]
    writer.writerow(["run", "texts", *metrics, *spread, "difference", "low", "high", "p", "p_holm"])
    for run in found.runs:
        low, high = run.bounds
        scores: list[float | None] = [run.scores[name] for name in metrics]
        scores += [run.deviations.get(name) for name in metrics if spread]
        writer.writerow([run.name, found.rows, *scores, run.difference, low, high, run.p, run.holm])
    return text.getvalue()


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---", *["--:"] * (len(header) - 1)], *([row[0].replace("|", r"\|"), *row[1:]] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _latex(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    body = [[row[0].translate(_TEX), *row[1:]] for row in rows]
    lines = [
        rf"\begin{{tabular}}{{l{'r' * (len(header) - 1)}}}",
        r"\toprule",
        f"{' & '.join(header)} \\\\",
        r"\midrule",
        *(f"{' & '.join(row)} \\\\" for row in body),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"
