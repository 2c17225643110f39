"""What several commands print: tables of scores, and a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mujaz.training.evaluation import Evaluation


_QUALITY = {
    "words": "words a summary",
    "coverage": "share of words copied from the article",
    "empty_share": "share that is empty",
    "loop_share": "share that repeats itself",
    "new_numbers_share": "share with a number that is not in the article",
}


def metrics_table(evaluation: Evaluation, title: str) -> None:
    """Print scores: overall first, then a line a label."""
    from rich.console import Console

    table = _summary_table(evaluation, title) if evaluation.task == "summary" else _label_table(evaluation, title)
    Console().print(table)


def _summary_table(evaluation: Evaluation, title: str) -> Any:
    from rich.table import Table

    metrics = evaluation.metrics
    table = Table("metric", "value", title=f"{title} ({metrics['tokenization']})", title_justify="left")
    for name in ("rouge1", "rouge2", "rougeL", "rougeLsum"):
        table.add_row(f"{name} F1", f"{metrics[name]:.2f}")
    for name, text in _QUALITY.items():
        table.add_row(text, f"{metrics['quality'][name]:.3f}")
    return table


def _label_table(evaluation: Evaluation, title: str) -> Any:
    from rich.table import Table

    metrics = evaluation.metrics
    overall = f"{title}: accuracy {metrics['accuracy']:.4f}, macro-F1 {metrics['macro_f1']:.4f}"
    table = Table("label", "precision", "recall", "F1", "support", title=overall, title_justify="left")
    for name, scores in metrics["per_class"].items():
        row = [f"{scores[key]:.4f}" for key in ("precision", "recall", "f1")]
        table.add_row(name, *row, f"{scores['support']:,.0f}")
    return table


@contextmanager
def progress_bar(total: int | None, *, enabled: bool, unit: str = "text") -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error; yields the function to call with the number of texts done."""
    from tqdm import tqdm

    with tqdm(total=total, unit=unit, disable=not enabled) as bar:
        yield lambda count: (bar.update(count), None)[1]
