"""``mujaz clean``: prepare text with a recipe, as a model would see it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import click

from mujaz.errors import DataError

if TYPE_CHECKING:
    from mujaz.models.cleaning import CleanLine


@click.command()
@click.argument("file", default="-")
@click.option("--recipe", "name", default="news", show_default=True, help="Name of the recipe; --list shows all.")
@click.option("--without", multiple=True, metavar="STEP", help="Leave a step of the recipe out, for example tashkeel.")
@click.option("--whole", is_flag=True, help="Take the input as one text, not line by line.")
@click.option("--diff", is_flag=True, help="Show only lines that change, before and after.")
@click.option("--stats", is_flag=True, help="Print what was repaired, dropped and rewritten to the standard error.")
@click.option("--list", "list_recipes", is_flag=True, help="List the recipes and leave.")
def command(
    file: str, name: str, without: tuple[str, ...], whole: bool, diff: bool, stats: bool, list_recipes: bool
) -> None:
    """Prepare text with a recipe, as a model would see it.

    FILE is a text file in UTF-8; without it, or with -, the standard input is read.

    Example:

    \b
        mujaz clean articles.txt --recipe arabert --stats > prepared.txt
        echo "عام ١٩٩٥" | mujaz clean --diff
    """
    from mujaz.files import open_stdin, open_stdout
    from mujaz.models.cleaning import clean_lines
    from mujaz.models.recipes import RECIPES, Tally, get_recipe

    open_stdout()
    if list_recipes:
        for known, entry in RECIPES.items():
            click.echo(f"{known:16} {entry.description}" + (f" [{entry.source}]" if entry.source else ""))
        return
    recipe = get_recipe(name, **dict.fromkeys(without, False))
    tally = Tally()
    if file == "-":
        open_stdin()
    try:
        with click.open_file(file, encoding="utf-8-sig", errors="replace") as source:
            for line in clean_lines([source.read()] if whole else source, recipe):
                tally.add(line.prepared.changes)
                _show(line, diff)
    except OSError as error:
        if error.errno in (errno.EPIPE, errno.ENOSPC):  # of our output, not of our input
            raise
        raise DataError(
            f"cannot be read: {error.strerror}. Expected a text file in UTF-8, or - for the standard input.", file=file
        ) from error
    if stats:
        click.echo(str(tally), err=True)
        for step, count in tally.steps.most_common():
            click.echo(f"  {step:20} {count:,}", err=True)
    if tally.mojibake:
        click.echo(
            f"mujaz: warning: {tally.mojibake:,} of {tally.texts:,} texts look wrongly decoded (Arabic read in another "
            "encoding, or bytes that are not UTF-8). Decode them again at their source; nothing was guessed.",
            err=True,
        )


def _show(line: CleanLine, diff: bool) -> None:
    prepared = line.prepared.text
    if not diff:
        click.echo(prepared)
    elif prepared != line.raw:
        click.echo(click.style(f"{line.number} - {line.raw}", fg="red"))
        click.echo(click.style(f"{line.number} + {prepared}", fg="green"))
