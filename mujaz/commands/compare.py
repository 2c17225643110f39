"""``mujaz compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mujaz.training.compare import Comparison


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN RUN…")
@click.option("--html", type=click.Path(path_type=Path), help="Also write the table as a page.")
@click.option("--table", type=click.Path(path_type=Path), metavar="FILE", help="Also write it as .csv, .md or .tex.")
@click.option("--metric", metavar="NAME", help="Whose difference is told.  [default: macro_f1, or rougeL]")
@click.option("--resamples", type=click.IntRange(100), default=1000, show_default=True, metavar="N")
@click.option("--seed", default=0, type=click.IntRange(0), show_default=True, metavar="N", help="Of the bootstrap.")
def command(
    runs: tuple[Path, ...], html: Path | None, table: Path | None, metric: str | None, resamples: int, seed: int
) -> None:
    """Set runs side by side on the same texts, and tell a better run from a luckier one.

    RUN is a folder of 'mujaz train' or of 'mujaz evaluate --out'; of a cross-validation the rows of all folds count
    together. Several joined by commas are runs of one setting with other seeds: their mean counts, with its standard
    deviation. All are compared with the first, by paired bootstrap resampling of the texts (Koehn 2004), in macro-F1 or
    ROUGE-L; a setting's runs are drawn again with the texts.

    \b
    Example:
      mujaz compare runs/svm-scores runs/topic-small --html compare.html
      mujaz compare runs/a-13,runs/a-14,runs/a-15 runs/b-13,runs/b-14,runs/b-15
    """
    from mujaz.files import open_stdout
    from mujaz.pages import check_page, check_place, write_page
    from mujaz.training.compare import compare, comparison_page
    from mujaz.training.compare_table import check_table, comparison_table
    from mujaz.training.report.report import REPORT_FILE
    from mujaz.training.resume import FOLDS_PAGE
    from mujaz.whole_files import write_whole

    settings = [_runs_of(given) for given in runs]
    flat = [run for setting in settings for run in setting]
    if html:
        check_page(html, "--html", [run / page for run in flat for page in (REPORT_FILE, FOLDS_PAGE)])
    if table:
        check_table(table, "--table", flat)
        check_place(table)
    if not (html or table):
        open_stdout()
    found = compare(settings, metric=metric, resamples=resamples, seed=seed)
    _print(found)
    if table:
        write_whole(table, comparison_table(found, table.suffix).encode())
        click.echo(f"saved to {table}")
    if html:
        write_page(html, comparison_page(found))
        click.echo(f"saved to {html}")


def _runs_of(given: Path) -> list[Path]:
    """The runs of a setting, joined by commas; a folder may have some in its name."""
    return [given] if given.exists() else [Path(one.strip()) for one in str(given).split(",") if one.strip()]


def _print(found: Comparison) -> None:
    """A table of scores, then a sentence on each of the other runs: both fit into 80 columns."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from mujaz.training.compare import METRIC_NAMES, verdict

    unit = 1 if found.task == "summary" else 100
    table = Table("run", title=f"{found.rows:,} texts", title_justify="left", box=box.SIMPLE)
    for name in found.runs[0].scores:
        table.add_column(METRIC_NAMES.get(name, name), justify="right", no_wrap=True)
    for run in found.runs:
        table.add_row(escape(run.name), *(run.shown(name, unit) for name in run.scores))
    table.columns[0].overflow = "fold"
    console = Console()
    console.print(table)
    first, *others = found.runs
    console.print(
        f"{METRIC_NAMES[found.metric]}, beside {first.name} ({found.resamples:,} paired resamples):", markup=False
    )
    several = f" (of {len(others)} comparisons, Holm)" if len(others) > 1 else ""
    for run in others:
        low, high = run.bounds
        console.print(
            f"{run.name}: {unit * run.difference:+.2f}, 95 % range {unit * low:+.2f} to {unit * high:+.2f}, "
            f"p {run.holm:.3f}{several}: {verdict(run)}",
            markup=False,
            highlight=False,
        )
