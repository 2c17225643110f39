"""``mujaz summarize``."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from mujaz.commands.corpus import corpus_options, out_of_memory_explained, run_corpus, run_hooks
from mujaz.commands.options import given
from mujaz.commands.summaries import show_summary
from mujaz.errors import UsageError

if TYPE_CHECKING:
    from mujaz.inference.runner import Hooks
    from mujaz.inference.summary import RunSummary
    from mujaz.models.summary_options import Generation

# Those of mujaz.models.summary_options, which is not imported for --help; a test compares them.
LONG = ("lead", "select", "hierarchical", "cut")


@click.command("summarize")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT…")
@corpus_options
@click.option(
    "--engine",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "torch", "ctranslate2"]),
    help="ctranslate2 (an extra): int8 on a CPU; auto takes it for a corpus, and torch for one article.",
)
@click.option("--model", metavar="M", help="Folder, embedded model or hub id; left out: the embedded model.")
@click.option("--prefix", metavar="TEXT", help="Put before each article: 'summarize: ' where a T5 was fine-tuned so.")
@click.option("--num-beams", type=click.IntRange(1), metavar="N", help="Width of the beam; 1 is fastest.")
@click.option("--max-new-tokens", type=click.IntRange(1), metavar="N", help="Longest summary, in tokens.")
@click.option("--min-new-tokens", type=click.IntRange(1), metavar="N", help="Shortest summary, in tokens.")
@click.option("--length", metavar="L", help="headline, short, long, or a range in words: 20-40.")
@click.option(
    "--candidates", type=click.IntRange(1), default=1, metavar="N", help="Give N summaries, with their scores."
)
@click.option(
    "--long", type=click.Choice(LONG), help="For articles longer than the model reads; left out: the model's own."
)
@click.option(
    "--faithful/--no-faithful",
    default=None,
    help="Prefer what the article supports best among what the beam found; left out: as the model says.",
)
@click.option("--article-words", is_flag=True, help="Allow no content words but those of the article.")
@click.option(
    "--min-article-words", type=click.IntRange(0), metavar="N", help="Shorter articles are given as they are."
)
@click.option("--force-raw", "allow_raw", is_flag=True, help="Load a model that was never fine-tuned.")
@click.option("--report", metavar="HTML", help="Also write a page of the summaries beside their articles.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object of one article.")
def command(
    inputs: tuple[str, ...],
    out: str | None,
    text_column: str,
    title_column: str | None,
    id_column: str | None,
    keep: tuple[str, ...],
    format: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Summarize an article, or every article of a corpus.

    INPUT is one article (a .txt file, or - for standard input), whose summary is printed; or a corpus (JSON Lines, JSON,
    CSV, TSV, Parquet, a folder), which gives a line a record, in input order: id, summary, score, words, read (share of the
    article that the model read), long, truncated, copied, findings (what the article does not say, and other faults), error,
    and the columns of --keep. Until all is done the output is called OUT.partial.SUFFIX.

    \b
    Example:
      mujaz summarize article.txt
      mujaz summarize article.txt --length headline --candidates 3 --json
      mujaz summarize - --length 20-40 --faithful < article.txt
      mujaz summarize news.jsonl --out summaries.jsonl --keep title --report summaries.html
    """
    from mujaz.inference.records import Columns
    from mujaz.inference.summarize import Generation, read_article, summarize_corpus

    generation = Generation(**{field.name: options.pop(field.name) for field in fields(Generation)})
    of_corpus = ("force", "restart", "strict", "retry_errors", "shard", "bom")
    writing = {name: options.pop(name) for name in of_corpus}
    article = read_article(inputs[0], format=format, text=text_column) if len(inputs) == 1 and out is None else None
    if article is not None:
        named = {name: given(name) for name in ("text_column", "title_column", "id_column", "keep")}
        _check_one(inputs[0], {**writing, **named})
        _summarize_one(inputs[0], article, generation, as_json, options)
        return
    if as_json:
        raise UsageError(
            "--json prints one article as an object, and this is a corpus, which gives a line of JSON a record by itself. "
            "Leave it out; --out OUT.jsonl writes these lines into a file."
        )

    def work(hooks: Hooks) -> RunSummary:
        columns = Columns(text_column, id_column, None, tuple(keep), title_column)
        how = {"columns": columns, "format": format, **writing}
        return summarize_corpus(inputs, out, generation=generation, hooks=hooks, **how, **options)

    run_corpus(work)


def _check_one(article: str, given: dict[str, Any]) -> None:
    """Refuse what is for a corpus only, rather than pass over it."""
    idle = [f"--{name.replace('_', '-')}" for name, value in given.items() if value]
    if idle:
        raise UsageError(
            f"{' and '.join(idle)} {'is' if len(idle) == 1 else 'are'} for a corpus, and {article} is read as one article, "
            "whose summary is printed. Leave it out, or give --out with a file of records."
        )


def _summarize_one(name: str, article: str, generation: Generation, as_json: bool, options: dict[str, Any]) -> None:
    """Print the summary of one article."""
    from mujaz.files import open_stdout
    from mujaz.inference.summarize import summarize_article, summary_fields
    from mujaz.pages import check_page

    open_stdout()
    several, report = generation.candidates > 1, options["report"]
    if report:
        check_page(report, "--report", [name])
    with run_hooks([]) as hooks, out_of_memory_explained():
        summary = summarize_article(article, generation=generation, hooks=hooks, **options)
    if report:
        click.echo(f"page: {report}", err=True)
    if not as_json:
        show_summary(summary, candidates=several)
        return
    import orjson

    model = options["model"] or "summary"
    click.echo(orjson.dumps({**summary_fields(summary, candidates=several), "model": model}).decode())
