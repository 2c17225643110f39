"""``mujaz compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mujaz.training.compare import Comparison


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN RUN…")
@click.option("--html", type=click.Path(path_type=Path), help="Also write the table as a page.")
@click.option("--resamples", type=click.IntRange(100), default=1000, show_default=True, metavar="N")
@click.option("--seed", default=0, show_default=True, metavar="N", help="Of the bootstrap.")
def command(runs: tuple[Path, ...], html: Path | None, resamples: int, seed: int) -> None:
    """Set runs side by side on the same texts, and tell a better run from a luckier one.

    RUN is a folder of 'mujaz train' or of 'mujaz evaluate --out'. All are compared with the first, by paired bootstrap
    resampling of the texts (Koehn 2004), in macro-F1 or ROUGE-L.

    Example: mujaz compare runs/svm-scores runs/topic-small --html compare.html
    """
    from mujaz.training.compare import compare, comparison_page

    found = compare(runs, resamples=resamples, seed=seed)
    _print(found)
    if html:
        from mujaz.pages import write_page

        write_page(html, comparison_page(found))
        click.echo(f"saved to {html}")


def _print(found: Comparison) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from mujaz.training.compare import verdict

    unit = 1 if found.task == "summary" else 100
    title = f"{found.rows:,} texts; difference in {found.metric} to the first run, {found.resamples:,} paired resamples"
    shown = [name for name in found.runs[0].scores if name != "rougeLsum"]  # four would not fit into 80 columns
    table = Table(title=title, title_justify="left", box=box.SIMPLE)
    table.add_column("run", overflow="fold")
    for name in (*shown, "difference", "95 % range", "p", ""):
        table.add_column(name, no_wrap=True)
    for run in found.runs:
        last: list[Any] = ["", "", ""]
        if run.p is not None:
            low, high = run.bounds
            last = [f"{unit * run.difference:+.2f}", f"{unit * low:+.2f} to {unit * high:+.2f}", f"{run.p:.3f}"]
        table.add_row(
            run.name, *(f"{unit * run.scores[name]:.2f}" for name in shown), *last, verdict(run) if last[0] else ""
        )
    Console().print(table)
