"""Records on which a model fails: found by halving those that it was asked together, each an error of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mujaz.errors import MujazError
from mujaz.inference.records import Record
from mujaz.inference.summary import Answer

if TYPE_CHECKING:
    from mujaz.inference.runner import Job

ONE_BY_ONE = 8  # so few are not halved any more: where all fail, halving them would ask as often again


def answers_to(
    records: Sequence[Record], prepared: Any, job: Job, progress: Callable[[int], None], *, works: bool
) -> list[Answer]:
    """What a job answers to records; for one that it fails on, an answer with its :attr:`~Answer.failure`.

    Args:
        records: One or more.
        prepared: What the job made of them, or what it raised.
        job: Asked for all of them, then for halves of what it fails on, and for the last few one by one: a bad one among 512
            costs some 20 questions, and 512 bad ones hardly more than asking for each.
        progress: Called with numbers of records that were done; together all of them.
        works: Whether the job is known to work, so that it may fail on each of these by their fault.

    Raises:
        ValueError: There are not as many answers as records.
        MujazError: The job fails on all of them and is not known to work.
        Exception: What the job raised, where that is no record's fault.
    """
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        told += done
        progress(done)

    try:
        if isinstance(prepared, Exception):
            raise prepared
        found = job.compute(prepared, tell)
    except Exception as error:
        found = _halved(records, job, error)
    _count(found, records)
    failures = [answer.failure for answer in found if answer.failure]
    if failures and len(failures) == len(found) and not works:
        raise MujazError(
            f"each of the {len(found)} texts in hand is an error, so the run stops; of the first: {found[0].error}."
        ) from failures[0]
    progress(len(records) - told)
    return found


def no_records_fault(error: Exception) -> bool:
    """Whether an error stops a run, whatever the record: memory is short, or what was asked cannot be done."""
    return isinstance(error, MujazError | MemoryError) or "memory" in str(error).lower()


def _halved(records: Sequence[Record], job: Job, error: Exception) -> list[Answer]:
    if no_records_fault(error):
        raise error
    if len(records) == 1:
        return [Answer((None,) * len(job.fields), failure=error)]
    size = 1 if len(records) <= ONE_BY_ONE else (len(records) + 1) // 2
    parts = (records[begin : begin + size] for begin in range(0, len(records), size))
    return [answer for part in parts for answer in _asked(part, job)]


def _asked(records: Sequence[Record], job: Job) -> list[Answer]:
    try:
        found = job.compute(job.prepare(records), lambda done: None)
    except Exception as error:
        return _halved(records, job, error)
    _count(found, records)
    return found


def _count(found: Sequence[Answer], records: Sequence[Record]) -> None:
    if len(found) != len(records):  # would shift all answers after it
        raise ValueError(f"expected {len(records)} answers, found {len(found)}")
