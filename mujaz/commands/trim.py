"""``mujaz trim``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mujaz.errors import DataError

if TYPE_CHECKING:
    from mujaz.models.trimming import TrimReport


def share(_context: click.Context | None, _parameter: click.Parameter | None, value: str) -> float:
    """A share, written ``99.99%`` or ``0.9999``, as a number between 0 and 1."""
    text = value.strip()
    try:
        found = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        found = 0.0
    if not 0 < found <= 1:
        raise click.BadParameter(f"expected a share above 0 and at most 100%, like 99.99% or 0.9999, found {text!r}.")
    return found


@click.command("trim")
@click.argument("model", metavar="MODEL")
@click.option("--corpus", "files", multiple=True, required=True, metavar="FILE", help="Texts, as 'text'; repeatable.")
@click.option(
    "--keep",
    callback=share,
    default="99.99%",
    show_default=True,
    metavar="SHARE",
    help="Share of the tokens that kept pieces make up.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The new checkpoint.")
@click.option("--text-column", default="text", show_default=True, metavar="C", help="Column that holds the texts.")
def command(model: str, files: tuple[str, ...], keep: float, out: Path, text_column: str) -> None:
    """Cut a multilingual vocabulary to the pieces that a corpus needs.

    MODEL is a sequence-to-sequence model with a sentencepiece tokenizer, like mT5. Its tokenizer, embeddings and head are
    cut together; special tokens, digits, Latin and Arabic letters stay. A column 'summary' counts as text too. The new
    checkpoint is loaded again, and refused where its logits are not those of the original.

    Example: mujaz trim mt5-small --corpus news.jsonl --keep 99.99% --out mt5-small-arabic
    """
    from mujaz.models.trimming import trim

    click.echo("\n".join(_lines(trim(model, _texts(files, text_column), out, keep=keep), out)))


def _texts(files: tuple[str, ...], column: str) -> Iterator[str]:
    from mujaz.formats import iter_rows

    for file in files:
        for row in iter_rows(file, columns=[column], optional=["summary"]):
            if isinstance(row, DataError):
                raise row
            for name in dict.fromkeys((column, "summary")):
                text = row.values.get(name)
                if isinstance(text, str):
                    yield text


def _lines(report: TrimReport, out: Path) -> Iterator[str]:
    before, after = report.megabytes
    yield f"saved to {out}"
    yield f"pieces         {report.pieces_before:,} -> {report.pieces:,}"
    share = report.parameters / report.parameters_before
    yield f"parameters     {report.parameters_before:,} -> {report.parameters:,} ({share:.1%})"
    yield f"weights        {before:,.1f} MB -> {after:,.1f} MB in float32"
    yield (
        f"segmentation   {report.same_texts:.2%} of {report.held_out_texts:,} held-out texts unchanged, "
        f"{report.same_tokens:.3%} of their tokens"
    )
    yield (
        f"logits         of kept pieces differ by at most {report.largest_difference:.1e} "
        f"(the largest is {report.largest_logit:.1f}), saved and loaded again"
    )
