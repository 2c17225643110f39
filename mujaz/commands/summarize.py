"""``mujaz summarize``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mujaz.commands.corpus import corpus_options, out_of_memory_explained, run_corpus, run_hooks

if TYPE_CHECKING:
    from mujaz.inference.runner import Hooks, RunSummary


@click.command("summarize")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT…")
@corpus_options
@click.option("--num-beams", type=click.IntRange(1), metavar="N", help="Width of the beam; 1 is fastest.")
@click.option("--max-new-tokens", type=click.IntRange(1), metavar="N", help="Longest summary, in tokens.")
@click.option("--min-new-tokens", type=click.IntRange(1), metavar="N", help="Shortest summary, in tokens.")
def command(
    inputs: tuple[str, ...],
    out: str | None,
    text_column: str,
    id_column: str | None,
    keep: tuple[str, ...],
    format: str | None,
    force: bool,
    num_beams: int | None,
    max_new_tokens: int | None,
    min_new_tokens: int | None,
    batch_tokens: int | None,
    **options: Any,
) -> None:
    """Summarize an article, or every article of a corpus.

    INPUT is one article (a .txt file, or - for standard input), whose summary is printed; or a corpus (JSON Lines, JSON,
    CSV, TSV, Parquet, a folder), which gives a line a record, in input order: id, summary, score, truncated, error, and the
    columns of --keep. Until all is done the output is called OUT.partial.SUFFIX.

    \b
    Example:
      mujaz summarize article.txt
      mujaz summarize - --max-new-tokens 60 < article.txt
      mujaz summarize news.jsonl --out summaries.jsonl --keep title
    """
    from mujaz.inference.records import Columns
    from mujaz.inference.summarize import Generation, read_article, summarize_article, summarize_corpus

    generation = Generation(num_beams, max_new_tokens, min_new_tokens, batch_tokens)
    article = read_article(inputs[0], format=format) if len(inputs) == 1 and out is None else None
    if article is not None:
        with run_hooks() as hooks, out_of_memory_explained():
            answer = summarize_article(article, generation=generation, hooks=hooks, **options)
        click.echo(answer.values[0])
        if answer.truncated:
            click.echo("The article is longer than the model reads: its end was left out.", err=True)
        return

    def work(hooks: Hooks) -> RunSummary:
        columns = Columns(text_column, id_column, None, tuple(keep))
        return summarize_corpus(
            inputs, out, columns=columns, format=format, generation=generation, force=force, hooks=hooks, **options
        )

    run_corpus(work)
