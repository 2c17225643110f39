"""Records through a model into an output: chunk by chunk, in input order, in memory that does not grow with the corpus.

(But for eight bytes an id, by which those that occur twice are told.)

Three things go on at once: a thread reads and encodes the next chunks, the caller's thread computes, and another one writes.
Chunks are cut from the start of the input by their records and characters alone, and batches never reach over a chunk, so a
run that was killed and goes on writes the same bytes as one that was not.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from mujaz.errors import DataError, UsageError
from mujaz.inference.ahead import ahead
from mujaz.inference.failures import answers_to
from mujaz.inference.journal import State
from mujaz.inference.records import BadRecord, Done, Record, RepeatedIds
from mujaz.inference.rows import Kinds, as_json
from mujaz.inference.sinks import NOTHING, Sink, StreamSink
from mujaz.inference.summary import Answer, RunSummary

CHUNK_CHARACTERS = 1_000_000
Item = Record | BadRecord | Done
Progress = Callable[[int], None]


class Job(Protocol):
    """What is done with records: classify, summarize."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of its output fields."""

    @property
    def chunk(self) -> int:
        """Records that are predicted and written at a time."""

    def calibrated(self, records: Iterator[Item]) -> Iterator[Item]:
        """All the records, after a look at the first of them where a model is made ready by these.

        They were read when it returns: those behind them may be passed over.
        """

    def prepare(self, records: Sequence[Record]) -> Any:
        """What can be done ahead, in another thread, while the model computes: encoding."""

    def compute(self, prepared: Any, progress: Progress) -> list[Answer]:
        """One answer a record, in order; ``progress`` is called with the number of records that were done."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a caller may hang into a run.

    Attributes:
        started: Called once, when the first record is about to be read, with lines on what will run.
        progress: Called with the number of records that were done.
        chunk: Called when a chunk was written, with the counts so far.
        stop: Asked before each chunk; when true the run ends there, without committing the output.
    """

    started: Callable[[str], None] = lambda line: None
    progress: Progress = lambda done: None
    chunk: Callable[[RunSummary], None] = lambda summary: None
    stop: Callable[[], bool] = lambda: False


NO_HOOKS = Hooks()


@dataclass(slots=True)
class _Chunk:
    """Records that are predicted and written together.

    Attributes:
        items: In input order.
        end: How many records there are up to its end.
        digest: Of all of them.
        prepared: What the job made of the good ones.
    """

    items: list[Item]
    end: int
    digest: str
    prepared: Any = None

    @property
    def good(self) -> list[Record]:
        return [item for item in self.items if isinstance(item, Record)]


def run(
    records: Iterable[Item],
    job: Job,
    sink: Sink,
    *,
    asked: Mapping[str, Any] | None = None,
    keep: Sequence[str] = (),
    strict: bool = False,
    hooks: Hooks = NO_HOOKS,
    counted: Mapping[str, Any] = NOTHING,
    share_read: Callable[[], float | None] = lambda: None,
    chosen: Callable[[Iterator[Item]], Iterator[Item]] = iter,
    kinds: Kinds = NOTHING,
) -> RunSummary:
    """Predict all records, write one line each in their order, and commit the output.

    A line has the fields ``id``, the job's, ``error`` (null where all went well), then the columns kept from the input; one
    of those whose name is taken is called ``input_NAME``. A record on which the model fails becomes an error, too.

    Args:
        records: The corpus.
        job: What is done with it.
        sink: Where the lines go. It is closed at the end, whatever happens.
        asked: What the output depends on. An unfinished run on the same output is gone on with if it was asked the same.
        keep: Columns kept from the input.
        strict: Raise at the first bad record.
        hooks: Progress and stopping.
        counted: What an earlier run counted of the lines that are kept (`mujaz.inference.summary.kept_counts`).
        share_read: How much of the corpus was read so far, 0 to 1, where that is known.
        chosen: Those of all records that are done: a shard, errors. A model is made ready by the first of all.
        kinds: Of columns of the output, which types their values are known to have, whatever these records hold.

    Returns:
        What was done. Where :attr:`RunSummary.stopped`, by ``hooks`` or Ctrl-C, the output is the partial one.

    Raises:
        DataError: A record is bad, and ``strict``.
        UsageError: The sink holds an unfinished run that was asked something else, or read other records.
        OutputError: The output cannot be written; what was written stays.
    """
    start, summary, names, ids = time.perf_counter(), RunSummary(), kept_names(keep, job.fields), RepeatedIds()
    try:
        with _closed(sink):
            state = sink.begin(asked or {})
            summary = RunSummary.from_json(state.summary or counted)
            summary.resumed = state.records
            chunks = _rest(_chunks(chosen(job.calibrated(iter(records))), job.chunk, ids), state)
            with settled(), ahead(_prepared(chunks, job, strict)) as ready, _Writer(sink) as writer:
                for chunk in _until_stopped(_timed(ready, summary), summary, hooks):
                    lines = _computed(chunk, job, names, summary, hooks.progress, retried=bool(counted), strict=strict)
                    writer.write(lines, chunk.digest, summary.to_json())
                    _tell(summary, hooks, share_read(), chunk.end / ids.seen)
            if not summary.stopped:  # else more was read than answered
                summary.ids_repeated = ids.count()
                sink.commit({name: kinds.get(name, ()) for name in ("id", *job.fields, "error", *names.values())})
    except KeyboardInterrupt:
        summary.stopped = True
    finally:
        summary.seconds, summary.output = time.perf_counter() - start, sink.place
    return summary


@contextlib.contextmanager
def _closed(sink: Sink) -> Iterator[None]:
    """Close a sink at the end; an error says what is safe in it."""
    try:
        yield
    except Exception as error:
        safe = f"{sink.records} records are safe in {sink.place}."
        if sink.records and not isinstance(sink, StreamSink) and safe not in str(error):  # a full disk's error says it
            error.add_note(safe)
        raise
    finally:
        sink.close()


@contextlib.contextmanager
def settled() -> Iterator[None]:
    """What is loaded by now is not looked through for garbage again and again; it costs a tenth of preparing texts."""
    if gc.get_freeze_count():  # the caller sees to it
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _computed(
    chunk: _Chunk,
    job: Job,
    names: Mapping[str, str],
    summary: RunSummary,
    progress: Progress,
    *,
    retried: bool,
    strict: bool,
) -> list[Mapping[str, Any]]:
    """The lines of a chunk; it is timed and counted."""
    began = time.perf_counter()
    answers = _answers(chunk, job, progress, answered=summary.records > summary.errors, retried=retried)
    bad = next((item for item in chunk.items if isinstance(item, BadRecord)), None)
    if strict and bad:
        raise DataError(f"{bad.reason}; --strict stops here", file=bad.file, row=bad.row)
    summary.computed += time.perf_counter() - began
    summary.count(answers)
    summary.kept += sum(isinstance(item, Done) for item in chunk.items)
    summary.damaged += sum(isinstance(item, BadRecord) and item.last for item in chunk.items)
    return [_line(*pair, job.fields, names) for pair in zip(chunk.items, answers, strict=True)]


class _Writer:
    """Writes a chunk in a thread while the next one is computed."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.pool = ThreadPoolExecutor(1, "mujaz-writer")
        self.pending: Future[None] | None = None

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self.pool.shutdown(wait=True)
        if kind is None:
            self._wait()

    def write(self, lines: list[Mapping[str, Any]], digest: str, summary: Mapping[str, Any]) -> None:
        self._wait()
        self.pending = self.pool.submit(self.sink.write, lines, digest, summary)

    def _wait(self) -> None:
        if self.pending:
            pending, self.pending = self.pending, None
            pending.result()


def _until_stopped(chunks: Iterator[_Chunk], summary: RunSummary, hooks: Hooks) -> Iterator[_Chunk]:
    for chunk in chunks:
        if hooks.stop():
            summary.stopped = True
            return
        yield chunk


def _tell(summary: RunSummary, hooks: Hooks, read: float | None, answered: float) -> None:
    """Tell how far a run is, by the share of its input that is read, several chunks ahead, and of that which is answered."""
    summary.share_read = read and read * answered
    hooks.chunk(summary)


def _timed(chunks: Iterator[_Chunk], summary: RunSummary) -> Iterator[_Chunk]:
    """Count the time that the model waits for its next texts."""
    while True:
        began = time.perf_counter()
        chunk = next(chunks, None)
        summary.waited += time.perf_counter() - began
        if chunk is None:
            return
        yield chunk


def _chunks(records: Iterable[Item], size: int, ids: RepeatedIds) -> Iterator[_Chunk]:
    """Cut by records and characters. The digest is of all records up to the end of each chunk.

    Each multiple of ``size`` ends one, whatever the characters: a shard begins there, and has the chunks of the whole.
    """
    items: list[Item] = []
    total = characters = 0
    digest = hashlib.blake2b(digest_size=16)
    for item in records:
        items.append(item)
        characters += len(item.text) if isinstance(item, Record) else 0
        digest.update(_content(item))
        ids.add(item.line.get("id") if isinstance(item, Done) else item.id)
        if (total + len(items)) % size == 0 or characters >= CHUNK_CHARACTERS:
            total += len(items)
            yield _Chunk(items, total, digest.hexdigest())
            items, characters = [], 0
    if items:
        yield _Chunk(items, total + len(items), digest.hexdigest())


def _content(item: Item) -> bytes:
    """What an output line depends on."""
    if isinstance(item, Done):
        return as_json(item.line)
    rest = [item.text, item.target] if isinstance(item, Record) else [item.reason]
    return as_json([item.id, *rest, item.extra]) + b"\n"


def _rest(chunks: Iterator[_Chunk], state: State) -> Iterator[_Chunk]:
    """The chunks that an earlier run did not do, when those that it did are still the same.

    Raises:
        UsageError: They are not.
    """
    while state.records and (chunk := next(chunks, None)) is not None:
        if chunk.end < state.records:
            continue
        if chunk.end == state.records and chunk.digest == state.digest:
            return (yield from chunks)
        break
    if state.records:
        raise UsageError(
            f"the input changed: its first {state.records:,} records are not those that an unfinished run on this output "
            "has done. Give --restart to drop its results and begin again."
        )
    yield from chunks


def _prepared(chunks: Iterator[_Chunk], job: Job, strict: bool) -> Iterator[_Chunk]:
    for chunk in chunks:
        bad = next((item for item in chunk.items if isinstance(item, BadRecord)), None)
        if strict and bad:
            raise DataError(f"{bad.reason}; --strict stops here", file=bad.file, row=bad.row)
        good = chunk.good
        try:
            chunk.prepared = job.prepare(good) if good else None
        except Exception as error:  # which record it is will be found out
            chunk.prepared = error
        yield chunk


def _answers(chunk: _Chunk, job: Job, progress: Progress, *, answered: bool, retried: bool) -> list[Answer | None]:
    """An answer for each record; None for a bad one. Records with nothing to read, or on which the model fails, become bad.

    ``answered`` is whether earlier chunks have answers, ``retried`` whether all records here failed once before.
    """
    good = chunk.good
    works = retried or (answered and len(good) == 1)  # alone in its chunk a record may fail by itself
    found = iter(answers_to(good, chunk.prepared, job, progress, works=works) if good else ())
    progress(len(chunk.items) - len(good))
    answers: list[Answer | None] = []
    for index, item in enumerate(chunk.items):
        # What an earlier run answered was counted by it.
        answer = next(found) if isinstance(item, Record) else Answer((), windows=0) if isinstance(item, Done) else None
        if isinstance(item, Record) and answer and answer.error:
            chunk.items[index] = BadRecord(item.id, answer.error, item.file, item.row, item.extra)
        answers.append(answer)
    return answers


def _line(item: Item, answer: Answer | None, fields: Sequence[str], names: Mapping[str, str]) -> Mapping[str, Any]:
    if isinstance(item, Done):
        return item.line
    values = answer.values if answer else (None,) * len(fields)
    error = item.reason if isinstance(item, BadRecord) else None
    kept = {name: item.extra.get(column) for column, name in names.items()}
    return {"id": item.id, **dict(zip(fields, values, strict=True)), "error": error, **kept}


def kept_names(keep: Sequence[str], fields: Sequence[str]) -> dict[str, str]:
    """Column of the input -> its name in the output, which nothing else has."""
    own = {"id", "error", *fields}
    taken = {*own, *keep}
    names: dict[str, str] = {}
    for column in dict.fromkeys(keep):
        name = column
        while column in own and name in taken:
            name = f"input_{name}"
        names[column] = name
        taken.add(name)
    return names
