"""``mujaz classify``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from mujaz.commands.corpus import corpus_options, run_corpus
from mujaz.errors import UsageError

if TYPE_CHECKING:
    from mujaz.inference.runner import Hooks
    from mujaz.inference.summary import RunSummary

# Options of reading and writing, which mujaz.inference.corpus.CorpusOptions holds; the others are the model's.
READING = ("format", "clean_article", "force", "restart", "strict", "retry_errors", "shard", "bom")


@click.command("classify")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT…")
@corpus_options
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="M",
    help="Folder, embedded model or hub id; left out: the embedded model. Repeated (NAME=M): all in one pass.",
)
@click.option(
    "--engine",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "torch", "openvino"]),
    help="openvino also computes in int8, calibrated on the first texts; it is an extra.",
)
@click.option("--target", metavar="TEXT", help="For a stance model: the target of all texts.")
@click.option("--target-column", metavar="COL", help="For a stance model: the column of targets.")
@click.option(
    "--min-precision",
    type=click.FloatRange(0, 1),
    metavar="P",
    help="No label where the model is not right that often.",
)
@click.option("--min-probability", type=click.FloatRange(0, 1), metavar="P", help="No label below it; 0 labels all.")
@click.option(
    "--long", type=click.Choice(["windows", "truncate"]), help="Of a long text: read windows, or its beginning."
)
@click.option(
    "--pooling",
    type=click.Choice(["mean", "max", "first", "first+last"]),
    help="What becomes of several windows (not beside --long truncate); left out: what the checkpoint says.",
)
@click.option("--length", metavar="L", help="Of summaries, beside labels: headline, short, long, or words like 20-40.")
@click.option("--all-probabilities", is_flag=True, help="Write the probability of every label.")
def command(
    inputs: tuple[str, ...],
    out: str | None,
    models: tuple[str, ...],
    text_column: str,
    id_column: str | None,
    target_column: str | None,
    keep: tuple[str, ...],
    length: str | None,
    **options: Any,
) -> None:
    """Label every text of a corpus.

    INPUT is JSON Lines, JSON, CSV, TSV, Parquet (also .gz, .bz2, .xz, .zst), text (one a line), a folder of those (of .txt
    files: one text a file), a quoted pattern, s3://…, a hub dataset, or - for standard input. The output has a line a
    record, in input order: id, label, probability, windows, error, and the columns of --keep. Until all is done it is called
    OUT.partial.SUFFIX; after a kill or Ctrl-C the same command goes on where it stopped. Beside it, under all of its name
    and .summary.json (labels.jsonl.summary.json), is told how the run went; --retry-errors needs that.

    --min-precision 0.95 gives a text no label (null) where its probability is below the one from which on 95 % of the labels
    were right on the data that the model was calibrated on; for texts of another kind it promises nothing.

    \b
    Example:
      mujaz classify news.jsonl --out labels.jsonl
      mujaz classify tweets.csv --model runs/stance --target "العمل عن بعد" --out stance.csv --keep date
      zcat archive.jsonl.gz | mujaz classify - --text-column body --all-probabilities > labels.jsonl
      mujaz classify article.txt --format article
      mujaz classify news.jsonl --model topic --model summary --out all.jsonl
      mujaz classify news.jsonl --model runs/topic --min-precision 0.95 --out labels.jsonl
    """

    def work(hooks: Hooks) -> RunSummary:
        from mujaz.inference.classify import classify_corpus
        from mujaz.inference.records import Columns

        columns = Columns(text_column, id_column, target_column, tuple(keep), options.pop("title_column"))
        if len(models) < 2:
            model = _only_model(models, length)
            return classify_corpus(inputs, out, model=model, columns=columns, hooks=hooks, **options)
        from mujaz.inference.classify import ClassifyOptions
        from mujaz.inference.corpus import CorpusOptions
        from mujaz.inference.several import answer_several, named_models
        from mujaz.models.summary_options import Generation

        reading = {name: options.pop(name) for name in READING}
        asking = ClassifyOptions(**options)
        own, corpus = named_models(models), CorpusOptions(columns, **reading)
        writing = None if length is None else Generation(length=length)
        return answer_several(inputs, out, own, corpus, asking, generation=writing, hooks=hooks)

    run_corpus(work)


def _only_model(models: tuple[str, ...], length: str | None) -> str | None:
    """The model where there is one alone; None: the embedded one."""
    if length is not None:
        raise UsageError("--length is for a summarizer among several --model; of one alone: mujaz summarize --length.")
    model = models[0] if models else None
    if model and "=" in model and not os.path.isdir(model):
        raise UsageError(
            f"--model {model}: a name tells several models apart. Of one give the model alone: "
            f"--model {model.partition('=')[2] or model}."
        )
    return model
