"""Summarize one article, or every article of a corpus."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mujaz.errors import DataError
from mujaz.files import data_files, open_file, read_text, suffix_format
from mujaz.inference.classify import article_cleaner
from mujaz.inference.records import DEFAULT_COLUMNS, Columns, Record, text_problem
from mujaz.inference.runner import NO_HOOKS, Answer, Hooks, Progress, RunSummary, run
from mujaz.inference.sinks import open_sink
from mujaz.inference.sources import STDIN, STDIN_NAME, open_corpus, standard_input

if TYPE_CHECKING:  # torch is imported only when all inputs are known to be good
    from mujaz.models.summarizer import Summarizer

# Articles summarized and written at a time: each takes a second or so, and what is not written is lost with the process.
CHUNK = 64


@dataclass(frozen=True, slots=True)
class Generation:
    """How summaries are written; None takes what suits the model and the device.

    Attributes:
        num_beams: Width of the beam; 1 decodes greedily.
        max_new_tokens: Longest summary in tokens.
        min_new_tokens: Shortest summary in tokens.
        batch_tokens: Padded article tokens a batch.
    """

    num_beams: int | None = None
    max_new_tokens: int | None = None
    min_new_tokens: int | None = None
    batch_tokens: int | None = None


def summarize_corpus(
    inputs: Sequence[str],
    out: str | None = None,
    *,
    model: Summarizer | str | Path | None = None,
    columns: Columns = DEFAULT_COLUMNS,
    format: str | None = None,
    generation: Generation = Generation(),
    clean_article: bool = False,
    device: str = "auto",
    precision: str = "auto",
    ignore_recipe_mismatch: bool = False,
    force: bool = False,
    hooks: Hooks = NO_HOOKS,
) -> RunSummary:
    """Summarize the articles of a corpus, one line of output a record, in input order.

    Inputs and output are checked before the model is loaded. Lines have ``id``, ``summary``, ``score`` (of the beam, a
    log probability a token; null from greedy decoding), ``truncated`` (whether the model did not read all), ``error`` (null
    unless the record has no text), then the kept columns.

    Args:
        inputs: Files, folders, or "-" for standard input. A ``.txt`` file is one article.
        out: JSON Lines, CSV, TSV or Parquet by its suffix; None or "-" is JSON Lines on stdout.
        model: A summarizer, or what :meth:`Summarizer.from_pretrained` takes; None is the embedded one.
        columns: Which columns are read.
        format: The format of the inputs, where their suffix does not tell.
        generation: How summaries are written.
        clean_article: Strip dateline, byline and page leftovers off each article first.
        device: Where the model runs; not for a model already loaded.
        precision: What it computes in; not for a model already loaded.
        ignore_recipe_mismatch: Load a model whose text recipe is not the one this version has.
        force: Replace an output that exists.
        hooks: Progress and stopping.

    Returns:
        Counts, seconds and where the output lies.

    Raises:
        UsageError: An input, the output or the model cannot be used.
        OutputError: The output cannot be written; what was written stays.
    """
    clean = article_cleaner() if clean_article else None
    records = open_corpus(inputs, columns, format=format, plain="article", clean=clean)
    sink = open_sink(out, force=force, inputs=inputs)
    with closing(sink):
        model = _loaded(model, device, precision, ignore_recipe_mismatch)
        hooks.started("\n".join(line for line in (model.description, model.note) if line))
        return run(records, SummarizeJob(model, generation), sink, keep=columns.keep, hooks=hooks)


def summarize_article(
    text: str,
    *,
    model: Summarizer | str | Path | None = None,
    generation: Generation = Generation(),
    clean_article: bool = False,
    device: str = "auto",
    precision: str = "auto",
    ignore_recipe_mismatch: bool = False,
    hooks: Hooks = NO_HOOKS,
) -> Answer:
    """Summarize one article; arguments are those of :func:`summarize_corpus`.

    Returns:
        An answer with the values ``summary``, ``score`` and ``truncated``.

    Raises:
        DataError: The text is empty.
        UsageError: The model cannot be used.
    """
    text = article_cleaner()(text) if clean_article else text
    problem = text_problem(text, "article")
    if problem:
        raise DataError(f"{problem}: there is nothing to summarize")
    model = _loaded(model, device, precision, ignore_recipe_mismatch)
    hooks.started("\n".join(line for line in (model.description, model.note) if line))
    record = Record("", text, None, {}, "", 1)
    return SummarizeJob(model, generation)([record], hooks.progress)[0]


def read_article(name: str, *, format: str | None = None, stdin: BinaryIO | None = None) -> str | None:
    """The text of an input that is one article, or None where it is a corpus.

    One article is a ``.txt`` file, standard input that does not start with "{", or any file named to be of the format
    "article".

    Raises:
        DataError: It cannot be read, is empty or not UTF-8.
    """
    if name == STDIN:
        file, stream = standard_input(format, "article", stdin)
        return _not_empty(read_text(stream, STDIN_NAME), STDIN_NAME) if file.format == "article" else None
    if (format or suffix_format(name)) not in ("article", "txt") or format == "txt" or Path(name).is_dir():
        return None
    data_files(name, "article")  # is it there at all?
    with open_file(name) as stream:
        return _not_empty(read_text(stream, name), name)


class SummarizeJob:
    """The runner's job of summarizing: fields ``summary``, ``score`` and ``truncated``."""

    chunk = CHUNK
    fields: tuple[str, ...] = ("summary", "score", "truncated")

    def __init__(self, summarizer: Summarizer, generation: Generation) -> None:
        """Keep the model and how it writes."""
        self.summarizer, self.generation = summarizer, generation

    def __call__(self, records: Sequence[Record], progress: Progress) -> list[Answer]:
        """Summarize records."""
        texts = [record.text for record in records]
        found = self.summarizer.summarize(texts, **asdict(self.generation), progress=progress)
        return [Answer((one.text, one.score, one.truncated), truncated=one.truncated) for one in found]


def _loaded(
    model: Summarizer | str | Path | None, device: str, precision: str, ignore_recipe_mismatch: bool
) -> Summarizer:
    if model is not None and not isinstance(model, str | Path):
        return model
    from mujaz.models.summarizer import Summarizer

    return Summarizer.from_pretrained(
        model, device=device, precision=precision, ignore_recipe_mismatch=ignore_recipe_mismatch
    )


def _not_empty(text: str, name: str) -> str:
    problem = text_problem(text, "article")
    if problem:
        raise DataError(problem, file=name)
    return text
