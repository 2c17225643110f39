"""``mujaz overview``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mujaz.commands.options import GIVEN

if TYPE_CHECKING:
    from mujaz.inference.overview import Overview


@click.command("overview")
@click.argument("files", nargs=-1, required=True, metavar="LABELS...")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write a page with charts, too.")
@click.option("--label-column", type=GIVEN, help="Left out: label, labels, topic or stance, whichever is there.")
@click.option("--by", type=GIVEN, metavar="COLUMN", help="Count by this column too, such as the outlet.")
@click.option("--date-column", type=GIVEN, metavar="COLUMN", help="Show how labels change over time.")
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
        write_page(html, page(found, title=", ".join(Path(file).name for file in files), by=by))
        click.echo(f"saved to {html}")


def _print(found: Overview, by: str | None) -> None:
    click.echo(f"{found.records:,} records, {found.unlabelled:,} without a label, {found.errors:,} with an error")
    _table("label", found.labels.most_common(), found.records)
    if by:
        _table(by, [(name, counts.total()) for name, counts in found.groups.items()], found.records)


def _table(name: str, counts: list[tuple[str, int]], of: int) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(name, box=box.SIMPLE)
    for column in ("records", "share"):
        table.add_column(column, justify="right", no_wrap=True)
    for one, count in sorted(counts, key=lambda item: (-item[1], item[0])):
        table.add_row(Text(one or "(empty)"), f"{count:,}", f"{count / of:.1%}")
    Console().print(table)
