"""``mujaz rouge``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mujaz.commands.options import given
from mujaz.errors import UsageError

if TYPE_CHECKING:
    from mujaz.training.metrics.scoring import RougeScores


@click.command("rouge")
@click.argument("predictions", metavar="PREDICTIONS")
@click.argument("references", metavar="REFERENCES")
@click.option(
    "--mode",
    default="arabic",
    show_default=True,
    metavar="NAME",
    help="How words are made: arabic (letters unified), xlsum (as XL-Sum's multilingual ROUGE), whitespace.",
)
@click.option(
    "--stem", is_flag=True, help="Compare stems: light10, or with --mode xlsum NLTK's Snowball (as XL-Sum does)."
)
@click.option("--confidence", is_flag=True, help="Also print 95 % bootstrap intervals.")
@click.option("--prediction-column", default="prediction", show_default=True, metavar="COL", help="Not for text files.")
@click.option("--reference-column", default="reference", show_default=True, metavar="COL", help="Not for text files.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    predictions: str,
    references: str,
    mode: str,
    stem: bool,
    confidence: bool,
    prediction_column: str,
    reference_column: str,
    as_json: bool,
) -> None:
    """ROUGE of predictions against references, with a tokenizer that reads Arabic.

    Both are text files (one text a line) or JSON Lines, JSON, CSV, TSV or Parquet (one text a row). The scores are mean F1,
    0-100. Only scores with the same signature, printed below them, can be compared.

    \b
    Example:
      mujaz rouge predictions.txt references.txt --confidence
      mujaz rouge predictions.txt test.jsonl --reference-column summary
      mujaz rouge runs/news/predictions.jsonl runs/news/predictions.jsonl --mode xlsum --stem
    """
    from mujaz.files import open_stdout
    from mujaz.training.metrics.files import score_files

    _refuse_idle("prediction_column", predictions)
    _refuse_idle("reference_column", references)
    open_stdout()
    scores = score_files(
        predictions,
        references,
        prediction_column=prediction_column,
        reference_column=reference_column,
        mode=mode,
        stem=stem,
        confidence=confidence,
    )
    click.echo(_json(scores) if as_json else _table(scores))


def _refuse_idle(option: str, path: str) -> None:
    """Refuse to pass over the name of a column where there are none."""
    from mujaz.files import suffix_format

    if given(option) and suffix_format(path) in (None, "txt") and not Path(path).is_dir():
        raise UsageError(f"--{option.replace('_', '-')}: {path} is text, and has no columns. Leave it out.")


def _table(scores: RougeScores) -> str:
    rows = []
    for name, value in scores.f1.items():
        low, high = (scores.confidence or {}).get(name, (None, None))
        rows.append(f"{name:<9} {value:6.2f}" + (f"  [{low:.2f}, {high:.2f}]" if low is not None else ""))
    return "\n".join([*rows, f"{scores.pairs} pairs  {scores.signature}"])


def _json(scores: RougeScores) -> str:
    import dataclasses

    import orjson

    return orjson.dumps(dataclasses.asdict(scores)).decode()
