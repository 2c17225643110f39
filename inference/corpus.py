"""A corpus through a job into an output: what classifying, summarizing and doing both at once have in common."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import orjson

from mujaz.errors import OutputError, UsageError
from mujaz.files import filesystem, is_local
from mujaz.formats import CUT_OFF, read_rows
from mujaz.inference.journal import MAY_CHANGE, differences
from mujaz.inference.records import DEFAULT_COLUMNS, Columns, Done
from mujaz.inference.rows import Kinds, as_json
from mujaz.inference.runner import NO_HOOKS, Hooks, Item, Job, kept_names, run
from mujaz.inference.shards import Shard, Span
from mujaz.inference.sinks import STDOUT, Sink, check_apart, open_sink, summary_file
from mujaz.inference.sources import Corpus, open_corpus
from mujaz.inference.summary import RunSummary, kept_counts
from mujaz.whole_files import followed, write_whole

if TYPE_CHECKING:  # torch is imported only when all inputs are known to be good
    from mujaz.models.classifier import TextClassifier
    from mujaz.models.summarizer import Summarizer

Reader = TypeVar("Reader", "TextClassifier", "Summarizer")


class LoadedJob(Job, Protocol):
    """A job whose model is loaded."""

    @property
    def description(self) -> str:
        """Lines on what runs where."""

    @property
    def asked(self) -> Mapping[str, Any]:
        """What its answers depend on, beside the records: the model, its recipe, the options."""

    @property
    def kinds(self) -> Mapping[str, type]:
        """Types of its fields that are numbers or truth values."""

    @property
    def expects_titles(self) -> bool:
        """Whether its model, or one of them, hardly learnt from a text without a title."""


@dataclass(frozen=True, slots=True)
class CorpusOptions:
    """How a corpus is read and its output written.

    Attributes:
        columns: Which columns are read.
        format: Of the inputs, where their suffix does not tell.
        clean_article: Strip dateline, byline and page leftovers off each text first.
        force: Replace an output that exists.
        restart: Drop the results of an unfinished run on the same output, instead of going on with it.
        strict: Stop at the first bad record.
        retry_errors: Do only the records that are errors in an output that exists; its other lines stay.
        shard: Do one part of the corpus, ``2/4`` the second of four; see `mujaz.inference.shards`.
        bom: Begin CSV or TSV with a byte order mark, without which Excel on Windows does not read its Arabic.
    """

    columns: Columns = DEFAULT_COLUMNS
    format: str | None = None
    clean_article: bool = False
    force: bool = False
    restart: bool = False
    strict: bool = False
    retry_errors: bool = False
    shard: str | None = None
    bom: bool = False


# Between a run and the retry of its errors, of each of several models too.
_MAY_DIFFER = ("inputs", "retry_errors", "engine", *MAY_CHANGE)


def answer_corpus(
    inputs: Sequence[str],
    out: str | None,
    load: Callable[[bool], LoadedJob],
    options: CorpusOptions = CorpusOptions(),
    *,
    plain: str = "txt",
    hooks: Hooks = NO_HOOKS,
) -> RunSummary:
    """Read a corpus, have a job answer it, write the answers, and a summary beside them.

    Args:
        inputs: See :func:`mujaz.inference.sources.open_corpus`.
        out: See :func:`mujaz.inference.sinks.open_sink`.
        load: Makes the job, when inputs and output were found to be good; it is told whether a value may be an object.
        options: How to read and write.
        plain: What a ``.txt`` file is; see :func:`mujaz.inference.sources.open_corpus`.
        hooks: Progress and stopping.

    Raises:
        UsageError: An input, the output or the model cannot be used.
        OutputError: The output cannot be written; what was written stays.
    """
    shard = None if options.shard is None else Shard.parse(options.shard)
    file = _local_file(out)
    out = str(file) if file else out
    if file:
        check_apart(file, inputs)
    clean = article_cleaner() if options.clean_article else None
    corpus = open_corpus(inputs, options.columns, format=options.format, plain=plain, clean=clean)
    if shard:
        corpus.check_read_twice()
    before = _before_retry(file, out, options) if options.retry_errors else {}
    with closing(_sink(file, out, options)) as sink:
        job = load(sink.nested)
        span = corpus.span(shard, job.chunk) if shard else None
        told = (job.description, _titles_line(job, options.columns), corpus.note, f"shard {span}" if span else "")
        hooks.started("\n".join(line for line in told if line))
        asked = {**_asked(inputs, options, span), **job.asked}
        if file and before:
            _check_retry(before["asked"], asked, file)
        summary = run(
            corpus,
            job,
            sink,
            asked=asked,
            keep=options.columns.keep,
            strict=options.strict,
            hooks=hooks,
            counted=kept_counts(before),
            share_read=lambda: corpus.share_read,
            chosen=_chosen(corpus, span, file if options.retry_errors else None, job.fields),
            kinds=_kinds(corpus, job, options.columns.keep),
        )
    summary.ran, summary.span = job.description, span
    if not summary.stopped:  # else more was read than answered
        summary.ids_replaced = corpus.ids_replaced
    if file and not summary.stopped:
        _write_summary(file, {**summary.report(), "asked": asked, **({"before": before} if before else {})})
    return summary


def _sink(file: Path | None, out: str | None, options: CorpusOptions) -> Sink:
    """The output. A retry is by what its summary file says, which stays until there is a new one."""
    stale = summary_file(file) if file and not options.retry_errors else None
    force = options.force or options.retry_errors
    return open_sink(out, force=force, restart=options.restart, bom=options.bom, stale=stale)


def _titles_line(job: LoadedJob, columns: Columns) -> str:
    """A warning where a model that hardly knows texts without titles is asked without them."""
    if columns.title is not None or not job.expects_titles:
        return ""
    return (
        "warning: the model learnt from texts with their titles on a line before them, and no column of titles is named "
        "(--title-column, in a config title_column): its measured scores do not hold for texts alone"
    )


def _kinds(corpus: Corpus, job: LoadedJob, keep: Sequence[str]) -> Kinds:
    """What is known of the columns of an output before there is a row: of several shards the same."""
    kept = {name: corpus.kinds.kept.get(column, ()) for column, name in kept_names(keep, job.fields).items()}
    return {"id": corpus.kinds.id, **{name: (kind,) for name, kind in job.kinds.items()}, **kept}


def _asked(inputs: Sequence[str], options: CorpusOptions, span: Span | None) -> dict[str, Any]:
    """What the records are."""
    how = {**asdict(options.columns), "keep": list(options.columns.keep), "clean_article": options.clean_article}
    del how["target_optional"]  # the models say that
    if options.columns.title is None:  # as before there were titles
        del how["title"]
    asked = {"inputs": list(inputs), "columns": how, "retry_errors": options.retry_errors}
    asked |= {"shard": str(span)} if span else {}
    return asked | ({"bom": True} if options.bom else {})


def _chosen(
    corpus: Corpus, span: Span | None, retried: Path | None, fields: Sequence[str]
) -> Callable[[Iterator[Item]], Iterator[Item]]:
    """What takes those records of a corpus that are to be done: of a shard, and the errors of an output."""

    def choose(records: Iterator[Item]) -> Iterator[Item]:
        own = corpus.part(records, span) if span else records
        return _retried(own, retried, fields) if retried else own

    return choose


def _before_retry(file: Path | None, out: str | None, options: CorpusOptions) -> dict[str, Any]:
    """What the run said of itself whose errors are to be done again."""
    if file is None or not file.is_file():
        raise UsageError(f"--retry-errors needs an output that is there already, found {out or 'none'}.")
    if options.restart:
        raise UsageError("--retry-errors keeps what an output has, --restart drops it: give one of them.")
    return _earlier(file)


def _local_file(out: str | None) -> Path | None:
    """The file of this machine that an output is, behind any link."""
    if out is None or out == STDOUT or not is_local(out):
        return None
    return followed(Path(filesystem(out)[1] if "://" in out else out))  # file:///…


# Options that say how a model is loaded.
_LOADING = ("device", "precision", "engine", "prefix", "ignore_recipe_mismatch", "allow_raw")


def check_loading(model: object, options: Any) -> None:
    """Refuse options of loading for a model that is loaded already, rather than pass over them.

    Args:
        model: As a caller gave it: a name, or one that is loaded.
        options: :class:`ClassifyOptions` or :class:`SummarizerOptions`.

    Raises:
        UsageError: Says which.
    """
    if model is None or isinstance(model, str | Path):
        return
    usual = type(options)()
    idle = [name for name in _LOADING if getattr(options, name, None) != getattr(usual, name, None)]
    if idle:
        raise UsageError(
            f"expected no {' or '.join(idle)} for a model that is loaded already. Give that to from_pretrained, or give the "
            "name of the model here."
        )


def without_cleaning(model: Reader) -> Reader:
    """A model for articles that were stripped when they were read: what it strips itself would take more off them."""
    if not model.encoder.clean_article:
        return model
    twin = copy.copy(model)
    twin.encoder = replace(model.encoder, clean_article=False)
    return twin


def article_cleaner() -> Callable[[str], str]:
    """The function that strips dateline, byline and page leftovers off an article."""
    from mujaz.models.articles import clean_article

    return clean_article


def _write_summary(out: Path, told: Mapping[str, Any]) -> None:
    path = summary_file(out)
    try:
        write_whole(path, as_json(told, indent=True) + b"\n")
    except OutputError as error:
        raise OutputError(f"{str(error).rstrip('.')}. The results are whole in {out}.") from error


def _earlier(out: Path) -> dict[str, Any]:
    """What the summary file beside an output says of the run that wrote it.

    Raises:
        UsageError: There is none: nobody knows what answered the lines that would stay.
    """
    path, why = summary_file(out), "it is no summary of a run"
    try:
        found = orjson.loads(path.read_bytes())
        RunSummary.from_json(kept_counts(found))
        if isinstance(found["asked"], dict):
            return dict(found)
    except OSError as error:
        why = error.strerror or str(error)
    except (ValueError, TypeError, KeyError, AttributeError):  # not JSON, or other JSON than ours
        pass
    raise UsageError(
        f"--retry-errors needs {path}, where the run that wrote {out} says which model and options answered ({why}). Bring "
        "it back beside the output, or answer all records anew with --force."
    )


def _check_retry(before: Mapping[str, Any], asked: Mapping[str, Any], out: Path) -> None:
    """Refuse to fill the errors of a run with the answers of another one.

    Raises:
        UsageError: What was asked differs, other than where the records come from and what computes.
    """
    differing = differences(before, orjson.loads(as_json(asked)), _MAY_DIFFER)
    if differing:
        raise UsageError(
            f"{out}: was answered otherwise ({', '.join(differing)} differ). Give --retry-errors with the model and the "
            "options of that run, or write to another output."
        )


def _retried(records: Iterator[Item], out: Path, fields: Sequence[str]) -> Iterator[Item]:
    """The records of the errors in ``out``, and its other lines as they are.

    Where a file could not be read to its end and now goes on, so does the output.

    Raises:
        UsageError: The lines are not those of the records.
    """
    rows, number, mended = read_rows(out), 0, ""
    for record in records:
        file = "" if isinstance(record, Done) else record.file
        if mended and file == mended:
            yield record
            continue
        row = next(rows, None)
        if row is None:
            raise UsageError(f"{out}: has fewer lines than the input has records. Repeat the run as it was.")
        number += 1
        if number == 1 and set(row.values) - {"id", "error"} < set(fields):
            raise UsageError(f"{out}: was written with other options: it lacks a field of {', '.join(fields)}.")
        error = row.values.get("error")
        # The id of a row that could not be read may be another one when it can.
        if isinstance(record, Done) or not (error or str(row.values.get("id")) == str(record.id)):
            raise UsageError(
                f"{out}: line {number} is of another record than that of the input. Repeat the run as it was."
            )
        mended = file if str(error).startswith(CUT_OFF) else ""
        yield record if error else Done(row.values)
    if next(rows, None) is not None:
        raise UsageError(f"{out}: has more lines than the input has records. Repeat the run as it was.")
