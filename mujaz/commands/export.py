"""``mujaz export``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from mujaz.errors import DataError

_MOST = 2000  # texts to compare on


@click.command("export")
@click.argument("model", metavar="[MODEL]", required=False)
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The folder to make.")
@click.option("--task", type=click.Choice(["topic", "stance"]), help="Of the embedded model, where MODEL is left out.")
@click.option("--int8", is_flag=True, help="Weights in int8: a quarter of the size. Wants --texts.")
@click.option(
    "--texts",
    metavar="FILE",
    help="Texts to compare answers on with those of mujaz: the first 2,000 that are not empty.",
)
@click.option("--text-column", default="text", show_default=True, metavar="C", help="Column that holds the texts.")
@click.option("--target-column", default="target", show_default=True, metavar="C", help="Column of a stance's targets.")
def command(
    model: str | None,
    out: Path,
    task: Literal["topic", "stance"] | None,
    int8: bool,
    texts: str | None,
    text_column: str,
    target_column: str,
) -> None:
    """Export a classifier for ONNX Runtime, with its text preparation.

    MODEL is a folder, an embedded model or a hub id. DIR gets model.onnx, tokenizer.json (the text recipe in it), mujaz.json
    and predict.py, which shows how to label a text without torch, transformers and mujaz. What is exported is computed again
    and refused where it gives other scores.

    Example: mujaz export runs/topic --out topic-onnx --int8 --texts news.jsonl
    """
    from mujaz.models.classifier import TextClassifier
    from mujaz.models.exporting import export_onnx

    classifier = TextClassifier.from_pretrained(model, task=task, device="cpu", precision="float32", engine="torch")
    said, targets = _read(texts, text_column, target_column if classifier.needs_target else None)
    report = export_onnx(classifier, out, int8=int8, texts=said, targets=targets)
    click.echo(f"saved to {out}")
    click.echo(f"model.onnx  {report.megabytes:,.1f} MB, {'int8' if int8 else 'float32'}")
    click.echo(
        f"logits      in float32 differ by at most {report.difference:.1e} (the largest is {report.largest:.1f})"
    )
    if said:
        click.echo(f"answers     to {report.same:.2%} of {report.texts:,} texts are those of mujaz (float32)")
    for note in report.notes:
        click.echo(f"note: {note}")


def _read(file: str | None, column: str, target: str | None) -> tuple[list[str], list[str] | None]:
    """The first texts of a file, and their targets where there are to be some; what is empty or no text is left out.

    Raises:
        DataError: there are none.
    """
    from mujaz.formats import iter_rows
    from mujaz.models.texts import text_problem

    columns = [column, *([target] if target else [])]
    rows: list[list[str]] = []
    for row in iter_rows(file, columns=columns) if file else ():
        if isinstance(row, DataError):
            raise row
        values = [row.values.get(name) for name in columns]
        if not any(text_problem(value) for value in values):
            rows.append([str(value) for value in values])
        if len(rows) == _MOST:
            break
    if file and not rows:
        raise DataError(f"{file}: expected texts in column '{column}', found none.")
    return [row[0] for row in rows], [row[1] for row in rows] if target and file else None
