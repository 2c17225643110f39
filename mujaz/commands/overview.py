"""``mujaz overview``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mujaz.commands.options import GIVEN

if TYPE_CHECKING:
    from rich.text import Text

    from mujaz.inference.overview import Counts, Overview

LISTED = 30  # rows of a table on a terminal


@click.command("overview")
@click.argument("files", nargs=-1, required=True, metavar="LABELS...")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write a page with charts, too.")
@click.option("--label-column", type=GIVEN, help="Left out: that of a model, or label, labels, topic or stance.")
@click.option("--by", type=GIVEN, metavar="COLUMN", help="Count by this column too, such as the outlet.")
@click.option("--date-column", type=GIVEN, metavar="COLUMN", help="Count by day, week, month or year, too.")
def command(
    files: tuple[str, ...], html: Path | None, label_column: str | None, by: str | None, date_column: str | None
) -> None:
    """What a labelled corpus holds, by label, by outlet and over time.

    LABELS are outputs of 'mujaz classify' or 'mujaz run', or any table with labels; of several, all records count
    together. Columns of the corpus are there where --keep carried them along.

    \b
    Example:
      mujaz classify news.jsonl --out labels.jsonl --keep outlet --keep date --keep title
      mujaz overview labels.jsonl --by outlet --date-column date --html overview.html
    """
    from mujaz.commands.tables import progress_bar
    from mujaz.files import open_stdout
    from mujaz.inference.overview import overview
    from mujaz.inference.overview_page import page
    from mujaz.pages import check_page, write_page

    if html:
        check_page(html, "--html", files)
    else:
        open_stdout()
    with progress_bar(None, enabled=sys.stderr.isatty(), unit="record") as progress:
        found = overview(files, label=label_column, by=by, dated=date_column, progress=progress)
    _print(found, by)
    if html:
        title = Path(files[0]).resolve().name if len(files) == 1 else f"{len(files):,} files"
        write_page(html, page(found, title=title, by=by))
        click.echo(f"saved to {html}")


def _print(found: Overview, by: str | None) -> None:
    from mujaz.inference.overview_page import counted
    from mujaz.inference.periods import by_period

    whole = found.all
    click.echo(f"{counted(whole.records)}, {whole.unlabelled:,} without a label, {whole.errors:,} with an error")
    if found.others:
        click.echo(f"counted by '{found.label}'; --label-column takes another: {', '.join(found.others)}")
    _table(found.label, dict(whole.labels), whole.records)
    if by:
        _table(by, {name: counts.records for name, counts in found.groups.items()}, whole.records)
    if found.days:
        called, steps = by_period(found.days)
        _table(called, {name: step.records for name, step in steps.items()}, whole.records, steps)
    if found.undated:
        click.echo(f"{counted(found.undated)} without a date that could be read")


def _table(name: str, counts: dict[str, int], of: int, steps: dict[str, Counts] | None = None) -> None:
    """Counts with their shares, the largest first; of steps of time the last ones, with the label that most records have."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from mujaz.inference.overview_page import shortened

    table = Table(box=box.SIMPLE)
    table.add_column(Text(shortened(name)))
    for column in ("records", "share"):
        table.add_column(column, justify="right", no_wrap=True)
    if steps:
        table.add_column("most frequent label")
        rows = [*counts.items()][-LISTED:]
    else:
        rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:LISTED]
    for one, count in rows:
        first = [_first(steps[one])] if steps else []
        table.add_row(Text(shortened(one) or "(empty)"), f"{count:,}", f"{100 * count / of:.1f} %", *first)
    Console().print(table)
    if len(counts) > LISTED:
        click.echo(f"the {LISTED} {'last' if steps else 'most frequent'} of {len(counts):,}")


def _first(counts: Counts) -> Text:
    """The most frequent label, and its share of the records that have one."""
    from rich.text import Text

    return Text(", ".join(f"{name} {100 * n / counts.labelled:.0f} %" for name, n in counts.labels.most_common(1)))
