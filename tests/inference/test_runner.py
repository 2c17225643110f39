from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mujaz.errors import OutputError, UsageError
from mujaz.inference import runner
from mujaz.inference.records import BadRecord, Record
from mujaz.inference.runner import Hooks, Item, Progress, run, settled
from mujaz.inference.several import SeveralJob
from mujaz.inference.sinks import FileSink, open_sink
from mujaz.inference.summary import Answer


class Length:
    """A job that says how long a text is, and remembers the chunks it was given."""

    fields = ("label", "length")
    kinds: dict[str, type] = {}  # noqa: RUF012
    chunk = 4

    def __init__(self) -> None:
        self.chunks: list[list[str | int]] = []

    def calibrated(self, records: Iterator[Item]) -> Iterator[Item]:
        return records

    def prepare(self, records: Sequence[Record]) -> Sequence[Record]:
        return records

    def compute(self, prepared: Sequence[Record], progress: Progress) -> list[Answer]:
        self.chunks.append([record.id for record in prepared])
        progress(len(prepared))
        lengths = [len(record.text) for record in prepared]
        return [Answer((f"L{n % 3}", n), {"label": f"L{n % 3}"}, tokens=n, dropped=max(0, n - 8)) for n in lengths]


def records(count: int, bad: Sequence[int] = (), **extra: Any) -> Iterator[Record | BadRecord]:
    for number in range(1, count + 1):
        if number in bad:
            yield BadRecord(number, "the text is empty", "x.jsonl", number, extra)
        else:
            yield Record(number, "ن" * number, None, extra, "x.jsonl", number)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_one_line_a_record_in_order_with_errors_in_their_place(tmp_path: Path) -> None:
    job = Length()
    done: list[int] = []
    summary = run(
        records(10, bad=(3, 5, 6, 7, 8)), job, open_sink(str(tmp_path / "o.jsonl")), hooks=Hooks(progress=done.append)
    )
    assert [line["id"] for line in lines(tmp_path / "o.jsonl")] == list(range(1, 11))
    assert lines(tmp_path / "o.jsonl")[1:3] == [
        {"id": 2, "label": "L2", "length": 2, "error": None},
        {"id": 3, "label": None, "length": None, "error": "the text is empty"},
    ]
    assert job.chunks == [[1, 2, 4], [9, 10]]  # no text of the second chunk is good: the model is not asked
    assert sum(done) == 10
    assert (summary.records, summary.errors, summary.truncated) == (10, 5, 2)
    assert summary.labels == {"label": {"L1": 3, "L2": 1, "L0": 1}}
    assert (summary.output, summary.stopped) == (str(tmp_path / "o.jsonl"), False)
    assert "10 records in" in str(summary)
    assert "labels: L1 3, L2 1, L0 1" in str(summary)
    assert "truncated: 2 texts longer than the model reads (about 12% of all tokens left out)" in str(summary)
    assert "errors: 5 " in str(summary)


def test_kept_columns_come_last_and_never_hide_a_field(tmp_path: Path) -> None:
    kept: dict[str, Any] = {"label": "محلي", "date": "2024", "id": 9}
    run(records(1, **kept), Length(), open_sink(str(tmp_path / "o.jsonl")), keep=tuple(kept))
    expected = {
        "id": 1,
        "label": "L1",
        "length": 1,
        "error": None,
        "input_label": "محلي",
        "date": "2024",
        "input_id": 9,
    }
    assert list(lines(tmp_path / "o.jsonl")[0].items()) == list(expected.items())


def test_kept_columns_never_hide_each_other(tmp_path: Path) -> None:
    kept: dict[str, Any] = {"input_label": "أولى", "label": "ثانية"}
    run(records(1, **kept), Length(), open_sink(str(tmp_path / "o.jsonl")), keep=("label", "input_label", "label"))
    line = lines(tmp_path / "o.jsonl")[0]
    assert (line["input_label"], line["input_input_label"], line["label"]) == ("أولى", "ثانية", "L1")


@pytest.mark.parametrize(("names", "twice"), [("id x", "id"), ("error x", "error"), ("a a_length", "a_length")])
def test_models_whose_names_would_hide_a_field_are_refused(names: str, twice: str) -> None:
    jobs: Any = {name: Length() for name in names.split()}
    with pytest.raises(UsageError, match=f"two fields of a line would be called '{twice}'"):
        SeveralJob(jobs)


def test_a_chunk_is_also_bounded_by_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "CHUNK_CHARACTERS", 5)
    job = Length()
    run(records(6), job, open_sink(str(tmp_path / "o.jsonl")))
    assert job.chunks == [[1, 2, 3], [4], [5], [6]]  # 4 records end a chunk wherever they began, for the sake of shards


def test_stopping_keeps_the_chunks_that_were_done(tmp_path: Path) -> None:
    job = Length()
    summary = run(
        records(20), job, open_sink(str(tmp_path / "o.jsonl")), hooks=Hooks(stop=lambda: len(job.chunks) == 2)
    )
    assert (summary.stopped, summary.records, summary.output) == (True, 8, str(tmp_path / "o.partial.jsonl"))
    assert [line["id"] for line in lines(tmp_path / "o.partial.jsonl")] == list(range(1, 9))
    assert not (tmp_path / "o.jsonl").exists()


def test_a_stop_that_comes_in_the_last_chunk_changes_nothing(tmp_path: Path) -> None:
    job = Length()
    summary = run(records(8), job, open_sink(str(tmp_path / "o.jsonl")), hooks=Hooks(stop=lambda: len(job.chunks) == 2))
    assert (summary.stopped, summary.output) == (False, str(tmp_path / "o.jsonl"))


class Failing(Length):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def compute(self, prepared: Sequence[Record], progress: Progress) -> list[Answer]:
        if len(self.chunks) == 2:
            raise self.error
        return super().compute(prepared, progress)


def test_an_interrupt_in_the_model_loses_only_its_chunk(tmp_path: Path) -> None:
    summary = run(records(20), Failing(KeyboardInterrupt()), open_sink(str(tmp_path / "o.csv")))
    assert (summary.stopped, summary.records) == (True, 8)
    assert len((tmp_path / "o.partial.csv").read_text(encoding="utf-8").splitlines()) == 9


def test_a_failing_model_says_where_the_results_so_far_are(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as caught:
        run(records(20), Failing(RuntimeError("out of memory")), open_sink(str(tmp_path / "o.parquet")))
    assert caught.value.__notes__ == [f"8 records are safe in {tmp_path / 'o.partial.parquet.jsonl'}."]
    assert len(lines(tmp_path / "o.partial.parquet.jsonl")) == 8


def test_an_output_that_fails_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = FileSink(tmp_path / "o.jsonl", force=False)
    job = Length()

    def full(*chunk: object) -> None:
        raise OutputError("full")

    monkeypatch.setattr(sink, "write", full)
    with pytest.raises(OutputError):
        run(records(20), job, sink)
    assert len(job.chunks) <= 2  # the second is computed while the first is written


def test_a_job_that_loses_an_answer_is_caught(tmp_path: Path) -> None:
    class Short(Length):
        def compute(self, prepared: Sequence[Record], progress: Progress) -> list[Answer]:
            return super().compute(prepared, progress)[1:]

    with pytest.raises(ValueError, match="expected 4 answers, found 3"):
        run(records(4), Short(), open_sink(str(tmp_path / "o.jsonl")))


class Forgetful(Length):
    def compute(self, prepared: Sequence[Record], progress: Progress) -> list[Answer]:
        self.chunks.clear()
        return super().compute(prepared, progress)


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        corpus = (Record(n, f"{n} " + "نص طويل " * 100, None, {}, "x", n) for n in range(count))
        tracemalloc.start()
        run(corpus, Forgetful(), open_sink(str(tmp_path / f"{count}.jsonl")))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(100)
    ids = 16 * 9_000  # eight bytes each, and room to grow
    assert peak(10_000) < 1.2 * peak(1_000) + ids


def test_garbage_is_not_looked_for_in_what_was_loaded_before() -> None:
    assert gc.get_freeze_count() == 0
    with settled():
        assert gc.get_freeze_count() > 1000
    assert gc.get_freeze_count() == 0
    with pytest.raises(ZeroDivisionError), settled():
        1 / 0  # noqa: B018
    assert gc.get_freeze_count() == 0
    gc.freeze()
    try:
        with settled():
            pass
        assert gc.get_freeze_count() > 1000, "the caller's own choice stays"
    finally:
        gc.unfreeze()


def test_how_far_a_run_is_counts_what_is_answered_and_not_what_is_read_ahead(tmp_path: Path) -> None:
    shares: list[float | None] = []
    hooks = Hooks(chunk=lambda summary: shares.append(summary.share_read))
    run(records(40), Length(), open_sink(str(tmp_path / "o.jsonl")), hooks=hooks, share_read=lambda: 1.0)
    assert shares[0] is not None
    assert shares[0] < 0.6
    assert shares == sorted(shares)  # type: ignore[type-var]
    assert shares[-1] == 1.0
