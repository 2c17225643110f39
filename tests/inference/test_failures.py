"""Records on which a model fails: what it costs to find them, and what of the other models' answers is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mujaz.errors import MujazError
from mujaz.inference.records import Record
from mujaz.inference.runner import Hooks, Item, Progress, run
from mujaz.inference.several import SeveralJob
from mujaz.inference.sinks import open_sink
from mujaz.inference.summary import Answer


class Counting:
    """A job that counts its questions, and raises where a text holds a sign."""

    fields = ("label", "length")
    kinds: dict[str, type] = {}  # noqa: RUF012

    def __init__(self, fails_on: str = "-", *, chunk: int = 512, while_preparing: bool = False) -> None:
        self.fails_on, self.chunk, self.while_preparing = fails_on, chunk, while_preparing
        self.questions = 0

    def calibrated(self, records: Iterator[Item]) -> Iterator[Item]:
        return records

    def prepare(self, records: Sequence[Record]) -> Sequence[Record]:
        if self.while_preparing:
            self._check(records)
        return records

    def compute(self, prepared: Sequence[Record], progress: Progress) -> list[Answer]:
        self.questions += 1
        self._check(prepared)
        progress(len(prepared))
        return [Answer(("L", len(record.text)), {"label": "L"}) for record in prepared]

    def _check(self, records: Sequence[Record]) -> None:
        if any(self.fails_on in record.text for record in records):
            raise RuntimeError("cannot read this")


def records(count: int, bad: Sequence[int]) -> Iterator[Record]:
    for number in range(1, count + 1):
        yield Record(number, "خبر" + "!" * (number in bad), None, {}, "x", number)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("while_preparing", [False, True])
def test_one_bad_record_does_not_have_the_others_asked_one_by_one(tmp_path: Path, while_preparing: bool) -> None:
    out, job = tmp_path / "o.jsonl", Counting("!", while_preparing=while_preparing)
    done: list[int] = []
    summary = run(records(512, [300]), job, open_sink(str(out)), hooks=Hooks(progress=done.append))
    assert [line["id"] for line in lines(out) if line["error"]] == [300]
    assert [line["id"] for line in lines(out)] == list(range(1, 513))
    assert (summary.records, summary.errors, sum(done)) == (512, 1, 512)
    assert job.questions <= 22


def test_where_all_fail_hardly_more_is_asked_than_each(tmp_path: Path) -> None:
    job = Counting("!")
    summary = run(records(1024, range(514, 1025)), job, open_sink(str(tmp_path / "o.jsonl")))
    assert summary.errors == 511
    assert job.questions <= 1 + 1.25 * 512


@pytest.mark.parametrize("while_preparing", [False, True])
def test_of_several_models_one_that_fails_leaves_the_others_their_answers(
    tmp_path: Path, while_preparing: bool
) -> None:
    out = tmp_path / "o.jsonl"
    jobs: Any = {"topic": Counting(), "summary": Counting("!", while_preparing=while_preparing), "b": Counting()}
    summary = run(records(20, [7, 8]), SeveralJob(jobs), open_sink(str(out)))
    found = lines(out)
    assert found[6] == {
        "id": 7,
        "topic": "L",
        "topic_length": 4,
        "summary": None,
        "summary_length": None,
        "b": "L",
        "b_length": 4,
        "error": "the model failed on it (RuntimeError: cannot read this; model 'summary')",
    }
    assert [line["id"] for line in found if line["error"]] == [7, 8]
    assert [line["id"] for line in found if line["summary"] is None] == [7, 8]
    # Counted as errors alone: --retry-errors asks all models again, and counts what they say then.
    assert (summary.records, summary.errors, summary.labels["topic"]["L"]) == (20, 2, 18)


def test_of_several_models_one_that_fails_on_everything_ends_the_run(tmp_path: Path) -> None:
    jobs: Any = {"topic": Counting(), "summary": Counting("خ")}
    said = r"each of the 5 texts in hand is an error.*\(RuntimeError: cannot read this; model 'summary'\)"
    with pytest.raises(MujazError, match=said) as caught:  # not a traceback on the command line
        run(records(5, []), SeveralJob(jobs), open_sink(str(tmp_path / "o.jsonl")))
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert caught.value.exit_code == 1
    assert not any(tmp_path.glob("o*.jsonl"))


def test_where_memory_is_short_no_record_is_to_blame(tmp_path: Path) -> None:
    class Short(Counting):
        def _check(self, records: Sequence[Record]) -> None:
            if any("!" in record.text for record in records):
                raise RuntimeError("CUDA out of memory")

    jobs: Any = {"topic": Counting(), "summary": Short()}
    with pytest.raises(RuntimeError, match="out of memory"):
        run(records(20, [3]), SeveralJob(jobs), open_sink(str(tmp_path / "o.jsonl")))
