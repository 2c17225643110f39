"""Records through a model into an output: chunk by chunk, in input order, in memory that does not grow with the corpus."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from mujaz.inference.records import BadRecord, Record
from mujaz.inference.sinks import Sink

CHUNK_CHARACTERS = 8_000_000
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a job says of one record.

    Attributes:
        values: One value for each of the job's fields.
        label: What the closing summary counts, if anything.
        truncated: Whether the model did not read all of the text.
        abstained: Whether the model was not sure enough to say anything.
    """

    values: tuple[Any, ...]
    label: str | None = None
    truncated: bool = False
    abstained: bool = False


class Job(Protocol):
    """What is done with records: classify, summarize."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of its output fields."""

    @property
    def chunk(self) -> int:
        """Records that are predicted and written at a time."""

    def __call__(self, records: Sequence[Record], progress: Progress) -> list[Answer]:
        """One answer a record, in order; ``progress`` is called with the number of records that were done."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a caller may hang into a run.

    Attributes:
        started: Called once, when the first record is about to be read, with lines on what will run.
        progress: Called with the number of records that were done.
        stop: Asked before each chunk; when true the run ends there, without committing the output.
    """

    started: Callable[[str], None] = lambda line: None
    progress: Progress = lambda done: None
    stop: Callable[[], bool] = lambda: False


NO_HOOKS = Hooks()


@dataclass(slots=True)
class RunSummary:
    """What a run did.

    Attributes:
        records: Lines written, errors among them.
        errors: Records that no model could read.
        labels: Records per label.
        truncated: Texts that were longer than the model reads.
        abstained: Texts that got no label, since none was probable enough.
        seconds: Wall time, without loading the model.
        output: Where the results lie.
        stopped: Whether the run was asked to stop before its end.
    """

    records: int = 0
    errors: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    truncated: int = 0
    abstained: int = 0
    seconds: float = 0.0
    output: str = ""
    stopped: bool = False

    def count(self, answers: Sequence[Answer | None]) -> None:
        """Add the answers of a chunk that was written; None stands for a bad record."""
        self.records += len(answers)
        for answer in answers:
            if answer is None:
                self.errors += 1
                continue
            self.truncated += answer.truncated
            self.abstained += answer.abstained
            if answer.label is not None:
                self.labels[answer.label] += 1

    def __str__(self) -> str:
        """The closing lines of a run."""
        rate = f", {self.records / self.seconds:,.1f} a second" if self.seconds > 0 else ""
        lines = [f"{self.records:,} records in {self.seconds:,.1f} s{rate}: {self.output}"]
        if self.labels:
            lines.append("labels: " + ", ".join(f"{label} {count:,}" for label, count in self.labels.most_common()))
        if self.abstained:
            share = self.abstained / (self.records - self.errors)
            lines.append(f"no label: {self.abstained:,} texts ({share:.1%}), no label was probable enough")
        if self.truncated:
            lines.append(f"truncated: {self.truncated:,} texts were longer than the model reads")
        if self.errors:
            lines.append(f"errors: {self.errors:,} records could not be read; their field 'error' says why")
        return "\n".join(lines)


def run(
    records: Iterable[Record | BadRecord],
    job: Job,
    sink: Sink,
    *,
    keep: Sequence[str] = (),
    hooks: Hooks = NO_HOOKS,
) -> RunSummary:
    """Predict all records, write one line each in their order, and commit the output.

    A line has the fields ``id``, the job's, ``error`` (null where all went well), then the columns kept from the input; one
    of those whose name is taken is called ``input_NAME``.

    Args:
        records: The corpus.
        job: What is done with it.
        sink: Where the lines go. It is closed at the end, whatever happens.
        keep: Columns kept from the input.
        hooks: Progress and stopping.

    Returns:
        What was done. Where :attr:`RunSummary.stopped`, by ``hooks`` or Ctrl-C, the output is the partial one.

    Raises:
        OutputError: The output cannot be written; what was written stays.
    """
    summary, start = RunSummary(), time.perf_counter()
    names = _kept_names(keep, ("id", *job.fields, "error"))
    try:
        for chunk in _chunks(records, job.chunk):
            if hooks.stop():
                summary.stopped = True
                break
            answers = _answers(chunk, job, hooks.progress)
            sink.write([_line(*pair, job.fields, names) for pair in zip(chunk, answers, strict=True)])
            summary.count(answers)
        else:
            sink.commit()
    except KeyboardInterrupt:
        summary.stopped = True
    except Exception as error:
        if sink.records:
            error.add_note(f"{sink.records} records are safe in {sink.place}.")
        raise
    finally:
        sink.close()
        summary.seconds, summary.output = time.perf_counter() - start, sink.place
    return summary


def _answers(chunk: Sequence[Record | BadRecord], job: Job, progress: Progress) -> list[Answer | None]:
    good = [record for record in chunk if isinstance(record, Record)]
    found = job(good, progress) if good else []
    if len(found) != len(good):  # would shift all answers after it
        raise ValueError(f"expected {len(good)} answers, found {len(found)}")
    progress(len(chunk) - len(good))
    rest = iter(found)
    return [next(rest) if isinstance(record, Record) else None for record in chunk]


def _line(
    record: Record | BadRecord, answer: Answer | None, fields: Sequence[str], names: Mapping[str, str]
) -> dict[str, Any]:
    values = answer.values if answer else (None,) * len(fields)
    error = record.reason if isinstance(record, BadRecord) else None
    kept = {name: record.extra.get(column) for column, name in names.items()}
    return {"id": record.id, **dict(zip(fields, values, strict=True)), "error": error, **kept}


def _chunks(records: Iterable[Record | BadRecord], size: int) -> Iterator[list[Record | BadRecord]]:
    chunk: list[Record | BadRecord] = []
    characters = 0
    for record in records:
        chunk.append(record)
        characters += len(record.text) if isinstance(record, Record) else 0
        if len(chunk) == size or characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _kept_names(keep: Sequence[str], taken: Sequence[str]) -> dict[str, str]:
    """Column of the input -> its name in the output."""
    return {column: f"input_{column}" if column in taken else column for column in keep}
