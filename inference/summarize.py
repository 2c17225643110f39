"""Summarize one article, or every article of a corpus."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from mujaz.errors import DataError
from mujaz.files import data_files, open_file, read_text, suffix_format
from mujaz.inference.corpus import (
    CorpusOptions,
    LoadedJob,
    answer_corpus,
    article_cleaner,
    check_loading,
    without_cleaning,
)
from mujaz.inference.records import DEFAULT_COLUMNS, Columns, Record
from mujaz.inference.runner import NO_HOOKS, Hooks, Item, Progress, kept_names
from mujaz.inference.sources import STDIN, STDIN_NAME, standard_input
from mujaz.inference.summary import Answer, RunSummary
from mujaz.inference.summary_page import check_report, shown_line, summary_page, write_corpus_report
from mujaz.models.summary_options import DEFAULT_GENERATION, Generation
from mujaz.models.texts import text_problem
from mujaz.pages import check_page, write_page

if TYPE_CHECKING:  # torch is imported only when all inputs are known to be good
    from mujaz.models.recipes import Changes
    from mujaz.models.summarizer import Summarizer
    from mujaz.models.summary_record import Candidate, Finding, Summary

__all__ = [
    "Generation",
    "SummarizeJob",
    "SummarizerOptions",
    "read_article",
    "summarize_article",
    "summarize_corpus",
    "summary_fields",
]

# Articles summarized and written at a time: each takes a second or so, and what is not written is lost with the process.
CHUNK = 64


@dataclass(frozen=True, slots=True)
class SummarizerOptions:
    """How a summarizer is loaded; refused for one that is loaded already.

    Attributes:
        device: Where the model runs.
        precision: What it computes in.
        engine: ``torch``, ``ctranslate2``, or ``auto``: ctranslate2 in int8 for a corpus on a CPU, where it is installed;
            torch for one article, which is sooner read than a model is converted, whether one is converted already or not,
            unless ``precision`` is ``int8``.
        prefix: What stands before each article, where the model was fine-tuned with it; None takes the checkpoint's own.
        ignore_recipe_mismatch: Load a model whose text recipe is not the one this version has.
        allow_raw: Load a model that was pretrained and never fine-tuned, though it writes noise.
    """

    device: str = "auto"
    precision: str = "auto"
    engine: str = "auto"
    prefix: str | None = None
    ignore_recipe_mismatch: bool = False
    allow_raw: bool = False


def summarize_corpus(
    inputs: Sequence[str],
    out: str | None = None,
    *,
    model: Summarizer | str | Path | None = None,
    columns: Columns = DEFAULT_COLUMNS,
    format: str | None = None,
    generation: Generation = DEFAULT_GENERATION,
    clean_article: bool = False,
    force: bool = False,
    restart: bool = False,
    strict: bool = False,
    retry_errors: bool = False,
    shard: str | None = None,
    bom: bool = False,
    report: str | None = None,
    hooks: Hooks = NO_HOOKS,
    **options: Any,
) -> RunSummary:
    """Summarize the articles of a corpus, one line of output a record, in input order.

    Lines have ``id``, the fields of :func:`summary_fields`, ``error`` (null unless the record has no text), kept columns.

    Args:
        inputs: Files, folders, or "-" for standard input. A ``.txt`` file is one article.
        out: JSON Lines, CSV, TSV or Parquet by its suffix; None or "-" is JSON Lines on stdout.
        model: A summarizer, or what :meth:`Summarizer.from_pretrained` takes; None is the embedded one.
        columns: Which columns are read.
        format: The format of the inputs, where their suffix does not tell.
        generation: How summaries are written.
        clean_article: Strip dateline, byline and page leftovers off each article first.
        force: Replace an output that exists.
        restart: Drop the results of an unfinished run on the same output, instead of going on with it.
        strict: Stop at the first bad record.
        retry_errors: Do only the records that are errors in an output that exists.
        shard: Do one part of the corpus, ``2/4`` the second of four; see `mujaz.inference.shards`.
        bom: Begin CSV or TSV with a byte order mark, for Excel on Windows.
        report: Where to write a page of the summaries beside their articles, see `mujaz.inference.summary_page`.
        hooks: Progress and stopping.
        **options: Those of :class:`SummarizerOptions`.

    Returns:
        Counts, seconds and where the output lies.

    Raises:
        UsageError: An input, the output or the model, which is loaded last, cannot be used.
        OutputError: The output cannot be written; what was written stays.
    """
    generation.check()
    how = SummarizerOptions(**options)
    check_loading(model, how)
    reading = CorpusOptions(columns, format, clean_article, force, restart, strict, retry_errors, shard, bom)
    if report is not None:
        check_report(report, inputs, out)
    done = answer_corpus(
        inputs, out, lambda _: _job(model, how, generation, reading), reading, plain="article", hooks=hooks
    )
    if report is not None and not done.stopped:
        write_corpus_report(report, inputs, str(out), reading, kept_names(columns.keep, fields_of(generation)), done)
    return done


def _job(
    model: Summarizer | str | Path | None, how: SummarizerOptions, generation: Generation, reading: CorpusOptions
) -> LoadedJob:
    loaded = _loaded(model, how, generation)
    return SummarizeJob(without_cleaning(loaded) if reading.clean_article else loaded, generation)


def summarize_article(
    text: str,
    *,
    model: Summarizer | str | Path | None = None,
    generation: Generation = DEFAULT_GENERATION,
    clean_article: bool = False,
    report: str | None = None,
    hooks: Hooks = NO_HOOKS,
    **options: Any,
) -> Summary:
    """Summarize one article; arguments are those of :func:`summarize_corpus`.

    Returns:
        Its summary.

    Raises:
        DataError: The text is empty.
        UsageError: The model cannot be used.
    """
    text = article_cleaner()(text) if clean_article else text
    generation.check()
    problem = text_problem(text, "article")
    if problem:
        raise DataError(f"{problem}: there is nothing to summarize")
    if report is not None:
        check_page(report, "--report")
    how = SummarizerOptions(**options)
    check_loading(model, how)
    if how.engine == "auto" and how.precision != "int8":
        how = replace(how, engine="torch")
    model = _loaded(model, how, generation)
    hooks.started(_opening_lines(model, generation))
    reader = without_cleaning(model) if clean_article else model
    summary = reader.summarize([text], **asdict(generation), progress=hooks.progress)[0]
    if report is not None:
        shown = shown_line("article", text, summary_fields(summary))
        write_page(Path(report), summary_page([shown], model.description))
    return summary


def read_article(
    name: str, *, format: str | None = None, stdin: BinaryIO | None = None, text: str = "text"
) -> str | None:
    """The text of an input that is one article, or None where it is a corpus.

    One article is a ``.txt`` file, standard input that does not start with "{", or any file named to be of the format
    "article". ``text`` is the column by whose name standard input is known as CSV.

    Raises:
        DataError: It cannot be read, is empty or not UTF-8.
    """
    if name == STDIN:
        file, stream = standard_input(format, "article", stdin, text)
        return _not_empty(read_text(stream, STDIN_NAME), STDIN_NAME) if file.format == "article" else None
    if (format or suffix_format(name)) not in ("article", "txt") or format == "txt" or os.path.isdir(name):
        return None
    if [file.path for file in data_files(name, "article")] != [name]:  # it looks whether it is there at all
        return None  # a pattern
    with open_file(name) as stream:
        return _not_empty(read_text(stream, name), name)


def summary_fields(summary: Summary, *, candidates: bool = False) -> dict[str, Any]:
    """A summary as programs read it.

    Args:
        summary: What a summarizer returned.
        candidates: Whether its candidates are wanted, as a list of objects.

    Returns:
        ``summary``; ``score`` (of the beam, a log probability a token; null from greedy decoding; of a stretch chosen, its
        expected F1; of a brief, what the sentence is worth that was taken first);
        ``words`` of the summary; ``read`` (share of the article that the model read, 0-1); ``long`` (what was
        done with an article longer than the model reads, else null); ``truncated`` (whether it did not read all);
        ``copied`` (share of the summary's words in runs copied from the article, 0-1); ``findings`` (a list of ``kind`` and
        ``text``, see `mujaz.models.summary_record`).
    """
    fields = {
        "summary": summary.text,
        "score": summary.score,
        "words": summary.words,
        "read": round(summary.read, 4),
        "long": summary.long,
        "truncated": summary.truncated,
        "copied": round(summary.copied, 4),
        "findings": _findings(summary.findings),
    }
    return {**fields, "candidates": [_candidate(one) for one in summary.candidates]} if candidates else fields


def _candidate(one: Candidate) -> dict[str, Any]:
    found = _findings(one.findings)
    return {"summary": one.text, "score": one.score, "words": one.words, "copied": one.copied, "findings": found}


def _findings(findings: Sequence[Finding]) -> list[dict[str, str]]:
    return [{"kind": finding.kind, "text": finding.text} for finding in findings]


FIELDS = ("summary", "score", "words", "read", "long", "truncated", "copied", "findings")


def fields_of(generation: Generation) -> tuple[str, ...]:
    """Those of :func:`summary_fields`, by what is asked."""
    return (*FIELDS, "candidates") if generation.candidates > 1 else FIELDS


class SummarizeJob:
    """The runner's job of summarizing; its fields are those of :func:`summary_fields`."""

    chunk = CHUNK

    def __init__(self, summarizer: Summarizer, generation: Generation) -> None:
        """Keep the model and how it writes."""
        self.summarizer, self.generation = summarizer, generation
        self.fields = fields_of(generation)

    @property
    def description(self) -> str:
        """Lines on what runs where."""
        return _opening_lines(self.summarizer, self.generation)

    @property
    def kinds(self) -> dict[str, type]:
        """Types of the fields that are numbers or truth values."""
        return {"score": float, "words": int, "read": float, "truncated": bool, "copied": float}

    @property
    def expects_titles(self) -> bool:
        """Whether the model hardly learnt from an article without a title."""
        return self.summarizer.info.expects_titles

    @property
    def asked(self) -> dict[str, Any]:
        """What the summaries depend on."""
        settings = self.summarizer.generation.to_diff_dict()
        return {**self.summarizer.identity, "generation": settings, "options": asdict(self.generation)}

    def calibrated(self, records: Iterator[Item]) -> Iterator[Item]:
        """The records: no summarizer waits for them."""
        return records

    def prepare(self, records: Sequence[Record]) -> tuple[list[str], list[Changes]]:
        """Texts, and what the recipe will do to them; the rest takes a moment beside the summarizing."""
        texts = [record.text for record in records]
        return texts, [self.summarizer.encoder.recipe.prepare(text).changes for text in texts]

    def compute(self, prepared: tuple[list[str], list[Changes]], progress: Progress) -> list[Answer]:
        """Summarize articles."""
        texts, changes = prepared
        found = self.summarizer.summarize(texts, **asdict(self.generation), progress=progress)
        several = self.generation.candidates > 1
        return [self._answer(one, several, each) for one, each in zip(found, changes, strict=True)]

    def _answer(self, found: Summary, several: bool, changes: Changes) -> Answer:
        values = tuple(summary_fields(found, candidates=several).values())
        tokens = round(found.tokens_read / found.read) if found.read else found.tokens_read
        if found.as_is:  # no token of it was read, and nothing left out; a word is a token at least
            tokens = found.words
        return Answer(
            values,
            tokens=tokens,
            dropped=0 if found.as_is else max(tokens - found.tokens_read, int(found.truncated)),
            changes=changes,
            faults=tuple(dict.fromkeys(finding.kind for finding in found.faults)),
            notes=tuple(dict.fromkeys(one.kind for one in found.findings if one.kind in ("as_is", "unsure"))),
        )


def _opening_lines(model: Summarizer, generation: Generation) -> str:
    """What runs, what was assumed, and what of the options the engine cannot do."""
    ranked = "The engine cannot be held to the words of the article: its candidates are ranked by them instead."
    lines = [model.description, model.note]
    if generation.article_words and not model.constrains:
        lines.append(ranked)
    return "\n".join(line for line in lines if line)


def _loaded(model: Summarizer | str | Path | None, how: SummarizerOptions, generation: Generation) -> Summarizer:
    """A summarizer; where the words of the article are asked for, with torch, which alone can be held to them."""
    if model is not None and not isinstance(model, str | Path):
        return model
    from mujaz.models.summarizer import Summarizer

    if generation.article_words and how.engine == "auto":
        how = replace(how, engine="torch")
    return Summarizer.from_pretrained(model, **asdict(how))


def _not_empty(text: str, name: str) -> str:
    problem = text_problem(text, "article")
    if problem:
        raise DataError(problem, file=name)
    return text
