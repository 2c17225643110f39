"""What several commands print: tables of scores, and a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.text import Text

    from mujaz.training.checks import DataReport, Lengths
    from mujaz.training.checks_targets import Counts
    from mujaz.training.evaluation import Evaluation
    from mujaz.training.folds import FoldsResult


_QUALITY = {
    "words": ("words a summary", "{:.1f}", 1),
    "coverage": ("share of words copied from the article", "{:.1f} %", 100),
    "empty_share": ("share that is empty", "{:.1f} %", 100),
    "loop_share": ("share that repeats itself", "{:.1f} %", 100),
    "new_numbers_share": ("share with a number that is not in the article", "{:.1f} %", 100),
}


def _plain(name: str, style: str = "") -> Text:
    """A name of the user's data, as it is: in a string rich takes ``[neutral]`` for a tag, and ``[/x]`` for a fault."""
    from rich.text import Text

    return Text(name, style=style)


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"


def _score(metrics: dict[str, Any], name: str) -> str:
    """A score and the bounds that it lies between when the texts are drawn again."""
    low, high = metrics["intervals"][name]
    return f"{_percent(metrics[name])} % ({_percent(low)} to {_percent(high)})"


def metrics_table(evaluation: Evaluation, title: str) -> None:
    """Print scores in percent: overall first, then a line a label."""
    from rich.console import Console

    table = _summary_table(evaluation, title) if evaluation.task == "summary" else _label_table(evaluation, title)
    Console().print(table)
    if "probabilities" in evaluation.metrics:
        from mujaz.training.calibration import outliers_line

        if line := outliers_line(evaluation.metrics):
            Console().print(line, soft_wrap=True, highlight=False)
    if "stance" in evaluation.metrics:
        from mujaz.training.stance import stance_lines

        for line in stance_lines(evaluation.metrics, digits=2):
            Console().print(line, soft_wrap=True, highlight=False)


def _summary_table(evaluation: Evaluation, title: str) -> Any:
    from rich.table import Table

    metrics = evaluation.metrics
    table = Table("metric", "value", "95 %", title=f"{title} ({metrics['tokenization']})", title_justify="left")
    for name in ("rouge1", "rouge2", "rougeL", "rougeLsum"):
        low, high = metrics["intervals"][name]
        table.add_row(f"{name.replace('rouge', 'ROUGE-')} F1", f"{metrics[name]:.2f}", f"{low:.2f} to {high:.2f}")
    for name, (text, form, unit) in _QUALITY.items():
        table.add_row(text, form.format(unit * metrics["quality"][name]))
    return table


def _label_table(evaluation: Evaluation, title: str) -> Any:
    from rich.table import Table

    metrics = evaluation.metrics
    if "multi_label" in metrics:
        return _label_set_table(metrics, title)
    overall = f"{title}: accuracy {_score(metrics, 'accuracy')}, macro-F1 {_score(metrics, 'macro_f1')}"
    table = Table("label", "precision", "recall", "F1", "support", title=overall, title_justify="left")
    for name, scores in metrics["per_class"].items():
        row = [_percent(scores[key]) for key in ("precision", "recall", "f1")]
        table.add_row(_plain(name), *row, f"{scores['support']:,.0f}")
    return table


def _label_set_table(metrics: dict[str, Any], title: str) -> Any:
    from rich.table import Table

    overall = (
        f"{title}: micro-F1 {_score(metrics, 'micro_f1')}, macro-F1 {_score(metrics, 'macro_f1')}, "
        f"exactly right {_score(metrics, 'accuracy')}"
    )
    table = Table("label", "threshold", "precision", "recall", "F1", "support", title=overall, title_justify="left")
    for name, scores in metrics["per_class"].items():
        row = [_percent(scores[key]) for key in ("precision", "recall", "f1")]
        table.add_row(_plain(name), f"{scores['threshold']:.4f}", *row, f"{scores['support']:,.0f}")
    return table


def folds_table(result: FoldsResult) -> None:
    """Print the scores of a cross-validation: mean, deviation, and fold by fold."""
    from rich.console import Console
    from rich.table import Table

    from mujaz.training.compare import METRIC_NAMES
    from mujaz.training.metrics.percent import in_percent

    folds = len(result.rows)
    title = f"{folds} folds, {sum(result.rows):,} rows, in percent"
    table = Table("metric", "mean", "deviation", *map(str, range(1, folds + 1)), title=title, title_justify="left")
    for name, score in result.scores.items():
        table.add_row(name, *(in_percent(name, value) for value in (score.mean, score.deviation, *score.values)))
    Console().print(table)
    together = []
    for name, found in result.pooled.items():
        whole, low, high = (in_percent(name, value) for value in found)
        together.append(f"{METRIC_NAMES.get(name, name)} {whole} (95 %: {low} to {high})")
    Console().print(f"all rows together: {', '.join(together)}", markup=False, highlight=False, soft_wrap=True)
    for number, targets in enumerate(result.targets, 1):
        more = f" and {len(targets) - 5:,} more" if len(targets) > 5 else ""
        Console().print(f"fold {number}, trained without: {', '.join(targets[:5])}{more}", markup=False, soft_wrap=True)


_MARKS = {"problem": "[red]problem[/red]", "warning": "[yellow]warning[/yellow]", "note": "note"}


def check_tables(report: DataReport) -> None:
    """Print what a data set holds, and what is wrong with it."""
    from rich.console import Console
    from rich.table import Column, Table

    from mujaz.training.label_sets import LISTED

    console = Console()
    console.print(_contents_table(report))
    if report.labels:
        names = list(dict.fromkeys(label for labels in report.labels.values() for label in labels))
        parts = [Column(_plain(part)) for part in report.labels]
        table = Table("label", *parts, title="rows a label", title_justify="left")
        for name in names[:LISTED]:
            row = [_count_and_share(labels.get(name, 0), report.rows[split]) for split, labels in report.labels.items()]
            table.add_row(_plain(name or "(none)"), *row)
        if len(names) > LISTED:
            table.caption = f"and {len(names) - LISTED:,} more labels (--html lists all)"
        console.print(table)
    for split, targets in report.targets.items():
        console.print(_targets_table(split, targets, list(report.labels[split])[:LISTED]))
    findings = Table("level", "found", "what it means", title="findings", title_justify="left")
    for first, *others in report.grouped():
        where = ", ".join(finding.amount for finding in (first, *others))
        findings.add_row(_MARKS[first.level], _plain(f"{first.title}: {where}"), _plain(first.advice))
    console.print(findings if report.findings else "Nothing suspicious was found.")


def _targets_table(split: str, targets: Counts, labels: Sequence[str]) -> Any:
    from rich.table import Column, Table

    from mujaz.training.checks_targets import LISTED

    rows = {target: sum(counts.values()) for target, counts in targets.items()}
    columns = [Column(_plain(label or "(none)")) for label in labels]
    table = Table("target", "rows", *columns, title_justify="left")
    table.title = _plain(f"rows a target: {split}, {len(rows):,} targets", "table.title")
    for target, counts in list(targets.items())[:LISTED]:
        shares = [_count_and_share(counts.get(label, 0), rows[target]) for label in labels]
        table.add_row(_plain(target or "(none)"), f"{rows[target]:,}", *shares)
    if len(rows) > LISTED:
        table.caption = f"the {LISTED} with most rows"
    return table


def _contents_table(report: DataReport) -> Any:
    from rich.table import Table

    title = _plain(f"{report.name}: {report.task or 'texts'}, {sum(report.rows.values()):,} rows", "table.title")
    table = Table("part", "rows", "unit", "least", "median", "mean", "95 %", "most", "cut", title=title)
    table.title_justify = "left"
    for unit, parts in (("words", report.words), ("tokens", report.tokens)):
        for name, lengths in parts.items():
            table.add_row(
                _plain(name), f"{report.rows.get(name, 0):,}" if name in report.rows else "", unit, *_numbers(lengths)
            )
    return table


def _numbers(lengths: Lengths) -> list[str]:
    values = (lengths.least, lengths.median, lengths.mean, lengths.p95, lengths.most)
    return [*(f"{value:,.0f}" for value in values), "" if lengths.cut is None else f"{lengths.cut:.1%}"]


def _count_and_share(count: int, of: int) -> str:
    return f"{count:,} ({count / of:.1%})"


@contextmanager
def progress_bar(total: int | None, *, enabled: bool, unit: str = "text") -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error; yields the function to call with the number of texts done."""
    from tqdm import tqdm

    with tqdm(total=total, unit=unit, disable=not enabled) as bar:
        yield lambda count: (bar.update(count), None)[1]
