"""A run that was stopped anywhere goes on and writes the same bytes."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mujaz.errors import DataError, MujazError, OutputError, UsageError
from mujaz.formats import read_rows
from mujaz.inference.classify import ClassifyOptions, classify_corpus
from mujaz.inference.corpus import CorpusOptions, _check_retry, _write_summary
from mujaz.inference.records import BadRecord, Columns, Done, Record
from mujaz.inference.runner import Hooks, Item, Progress, run
from mujaz.inference.several import SeveralJob, answer_several
from mujaz.inference.sinks import FileSink, open_sink, summary_file
from mujaz.inference.summary import Answer, RunSummary
from mujaz.models.checkpoint import read_info, write_info
from mujaz.models.classifier import TextClassifier
from mujaz.models.multi_label import MultiLabel
from tests import fork_server


class Length:
    """A job that says how long a text is."""

    fields = ("label", "length")
    kinds: dict[str, type] = {}  # noqa: RUF012
    chunk = 4

    def __init__(self, fails_on: str = "-") -> None:
        self.seen: list[str | int] = []
        self.fails_on = fails_on

    def calibrated(self, records: Iterator[Item]) -> Iterator[Item]:
        return records

    def prepare(self, records: Sequence[Record]) -> Sequence[Record]:
        return records

    def compute(self, prepared: Sequence[Record], progress: Progress) -> list[Answer]:
        if any(self.fails_on in record.text for record in prepared):
            raise RuntimeError("cannot read this")
        self.seen += [record.id for record in prepared]
        progress(len(prepared))
        return [Answer((f"L{len(r.text) % 3}", len(r.text)), {"label": f"L{len(r.text) % 3}"}) for r in prepared]


def records(count: int = 22, changed: int = 0) -> Iterator[Record | BadRecord]:
    for number in range(1, count + 1):
        if number % 7 == 0:
            yield BadRecord(number, "the text is empty", "x", number)
        else:
            yield Record(number, "م" * number + ("!" if number == changed else ""), None, {}, "x", number)


def stopped_after(chunks: int, out: Path, asked: dict[str, str], *, force: bool = False) -> RunSummary:
    job = Length()
    done = iter(range(chunks))
    hooks = Hooks(stop=lambda: next(done, None) is None)
    return run(records(), job, open_sink(str(out), force=force), asked=asked, hooks=hooks)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet", ".jsonl.gz", ".tsv.zst"])
@pytest.mark.parametrize("chunks", [1, 3, 5])
def test_the_same_bytes_as_without_a_stop(tmp_path: Path, suffix: str, chunks: int) -> None:
    whole, out = tmp_path / f"whole{suffix}", tmp_path / f"out{suffix}"
    expected = run(records(), Length(), open_sink(str(whole)), asked={"model": "m"})
    assert stopped_after(chunks, out, {"model": "m"}).stopped
    job = Length()
    summary = run(records(), job, open_sink(str(out)), asked={"model": "m"})
    assert out.read_bytes() == whole.read_bytes()
    assert min(map(int, job.seen)) > chunks * 4  # what was done is not done again
    assert (summary.records, summary.errors, summary.labels) == (expected.records, expected.errors, expected.labels)
    assert summary.resumed == chunks * 4
    assert sorted(os.listdir(tmp_path)) == sorted([whole.name, out.name])


def test_another_model_or_input_is_refused_and_can_be_begun_again(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    stopped_after(2, out, {"model": "a"})
    with pytest.raises(UsageError, match=r"model: a then, b now.*--restart"):
        run(records(), Length(), open_sink(str(out)), asked={"model": "b"})
    with pytest.raises(UsageError, match="the input changed: its first 8 records"):
        run(records(changed=2), Length(), open_sink(str(out)), asked={"model": "a"})
    with pytest.raises(UsageError, match="the input changed"):
        run(records(count=5), Length(), open_sink(str(out)), asked={"model": "a"})
    assert len((tmp_path / "out.partial.jsonl").read_text(encoding="utf-8").splitlines()) == 8  # nothing was lost
    run(records(changed=20), Length(), open_sink(str(out)), asked={"model": "a"})  # behind what was done
    assert len(out.read_text(encoding="utf-8").splitlines()) == 22
    stopped_after(2, out, {"model": "a"}, force=True)
    summary = run(records(), Length(), open_sink(str(out), force=True, restart=True), asked={"model": "b"})
    assert summary.resumed == 0


def test_a_torn_journal_line_does_not_count(tmp_path: Path) -> None:
    out, whole = tmp_path / "out.jsonl", tmp_path / "whole.jsonl"
    run(records(), Length(), open_sink(str(whole)), asked={})
    stopped_after(3, out, {})
    journal = tmp_path / "out.partial.jsonl.journal"
    journal.write_bytes(journal.read_bytes()[:-5])  # the power went while it was written
    assert run(records(), Length(), open_sink(str(out)), asked={}).resumed == 8
    assert out.read_bytes() == whole.read_bytes()


def test_a_record_on_which_the_model_fails_becomes_an_error(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    summary = run(records(changed=6), Length(fails_on="!"), open_sink(str(out)), asked={})
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert lines[5] == {
        "id": 6, "label": None, "length": None, "error": "the model failed on it (RuntimeError: cannot read this)",
    }  # fmt: skip
    assert [line["id"] for line in lines if line["error"]] == [6, 7, 14, 21]
    assert summary.errors == 4


def test_of_several_models_the_one_that_failed_is_named(tmp_path: Path) -> None:
    out, jobs = tmp_path / "out.jsonl", {"topic": Length(), "summary": Length(fails_on="!")}
    run(records(changed=6), SeveralJob(jobs), open_sink(str(out)), asked={})  # type: ignore[arg-type]
    line = json.loads(out.read_text(encoding="utf-8").splitlines()[5])
    assert line["error"] == "the model failed on it (RuntimeError: cannot read this; model 'summary')"


def test_a_model_that_fails_on_everything_ends_the_run(tmp_path: Path) -> None:
    """In chunks of two good records and more: one alone ends the run as well."""
    with pytest.raises(MujazError, match="cannot read this"):
        run(records(20), Length(fails_on="م"), open_sink(str(tmp_path / "out.jsonl")), asked={})
    assert not any(tmp_path.glob("out*.jsonl"))


def test_a_record_that_fails_alone_in_its_chunk_is_an_error_where_others_were_answered(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    alone: list[Record | BadRecord] = [
        record for record in records(9, changed=9) if not isinstance(record, BadRecord)
    ]  # 4, 3 and the failing one
    alone.insert(7, BadRecord("b", "the text is empty", "x", 10))
    summary = run(alone, Length(fails_on="!"), open_sink(str(out)), asked={})
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in lines if line["error"]] == ["b", 9]
    assert (summary.records, summary.errors) == (9, 2)


def test_errors_that_fail_once_more_stay_errors(tmp_path: Path) -> None:
    """The model worked on the lines that are kept, be they of another chunk: the retry comes to its end."""
    out = tmp_path / "out.jsonl"
    kept = [Done({"id": number, "label": "L1", "length": 1, "error": None}) for number in range(6, 9)]
    again = [*records(5, changed=3), *kept]  # chunks of 4: one where all fail, one with a failure among what is kept
    counted = {"records": 3, "errors": 0}
    summary = run(again, Length(fails_on="م"), open_sink(str(out)), asked={}, counted=counted)
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [bool(line["error"]) for line in lines] == [True] * 5 + [False] * 3
    assert summary.errors == 5


def test_a_file_name_that_is_not_utf8_is_gone_on_with(tmp_path: Path) -> None:
    """Its name is told by other characters in the journal and the summary."""
    name = tmp_path / os.fsdecode(b"\xc7\xe1.jsonl")
    asked: Any = {"inputs": [str(name)]}
    stopped_after(2, tmp_path / "out.jsonl", asked)
    assert run(records(), Length(), open_sink(str(tmp_path / "out.jsonl")), asked=asked).resumed == 8
    _check_retry(asked, asked, name)
    _write_summary(name, {"asked": asked})
    assert json.loads(summary_file(name).read_bytes())["asked"]["inputs"]


def test_strict_stops_at_the_first_bad_record(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="x, row 7: the text is empty; --strict stops here"):
        run(records(), Length(), open_sink(str(tmp_path / "out.jsonl")), strict=True)
    assert len((tmp_path / "out.partial.jsonl").read_text(encoding="utf-8").splitlines()) == 4


def write_news(path: Path, rows: int, missing: Sequence[int] = ()) -> str:
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            text = None if number in missing else f"فاز المنتخب في مباراة رقم {number} " * (1 + number % 5)
            file.write(json.dumps({"id": f"n{number}", "text": text}) + "\n")
    return str(path)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_only_errors_are_retried(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out{suffix}"
    options = {"device": "cpu", "precision": "float32"}
    source = write_news(tmp_path / "news.jsonl", 40, missing=[3, 17])
    assert classify_corpus([source], str(out), **options).errors == 2  # type: ignore[arg-type]
    before = [row.values for row in read_rows(out)]
    write_news(tmp_path / "news.jsonl", 40, missing=[17])
    done: list[int] = []
    summary = classify_corpus([source], str(out), retry_errors=True, hooks=Hooks(progress=done.append), **options)  # type: ignore[arg-type]
    assert summary.errors == 1
    after = [row.values for row in read_rows(out)]
    assert [number for number in range(40) if before[number] != after[number]] == [3]
    assert (after[3]["id"], after[3]["label"], after[17]["label"] or None) == ("n3", "sports", None)
    whole = out.read_bytes()
    write_news(tmp_path / "news.jsonl", 39)
    with pytest.raises(UsageError, match="more lines than the input has records"):
        classify_corpus([source], str(out), retry_errors=True, **options)  # type: ignore[arg-type]
    assert out.read_bytes() == whole
    with pytest.raises(UsageError, match="needs an output that is there already"):
        classify_corpus([source], str(tmp_path / f"no{suffix}"), retry_errors=True, **options)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="give one of them"):
        classify_corpus([source], str(out), retry_errors=True, restart=True, **options)  # type: ignore[arg-type]
    assert out.read_bytes() == whole


def test_errors_are_retried_by_what_answered_the_others(tmp_path: Path) -> None:
    out = tmp_path / "day.2024-05-01.jsonl"
    options = {"device": "cpu", "precision": "float32"}
    source = write_news(tmp_path / "news.jsonl", 6, missing=[3])
    classify_corpus([source], str(out), **options)  # type: ignore[arg-type]
    summary = tmp_path / "day.2024-05-01.jsonl.summary.json"
    first = json.loads(summary.read_text(encoding="utf-8"))
    write_news(tmp_path / "news.jsonl", 6)
    whole = out.read_bytes()
    for other in ({"min_probability": 0.99}, {"model": "stance", "columns": Columns(target="text")}):
        with pytest.raises(UsageError, match="was answered otherwise|lacks a field"):
            classify_corpus([source], str(out), retry_errors=True, **{**options, **other})  # type: ignore[arg-type]
    assert out.read_bytes() == whole
    assert classify_corpus([source], str(out), retry_errors=True, **options).errors == 0  # type: ignore[arg-type]
    again = json.loads(summary.read_text(encoding="utf-8"))
    assert again["before"] == first
    assert (first["errors"], again["errors"]) == (1, 0)


def test_settings_of_the_checkpoint_may_not_differ(trained: Callable[[str], Path], tmp_path: Path) -> None:
    """Of the same weights: thresholds, temperature and the like, which are edited in mujaz.json."""
    folder, out = tmp_path / "model", tmp_path / "o.jsonl"
    shutil.copytree(trained("topic"), folder)
    source = write_news(tmp_path / "news.jsonl", 6, missing=[3])
    classify_corpus([source], str(out), model=folder, device="cpu")
    info = read_info(folder)
    assert info is not None
    write_info(folder, info.model_copy(update={"multi_label": MultiLabel(thresholds=[0.1, 0.1])}))
    other = TextClassifier.from_pretrained(folder, device="cpu").identity
    before = json.loads(summary_file(out).read_bytes())["asked"]
    assert [key for key in other if other[key] != before[key]] == ["settings"]
    write_info(folder, info.model_copy(update={"versions": {"mujaz": "another"}}))
    classify_corpus([source], str(out), model=folder, device="cpu", retry_errors=True)


def test_what_computes_may_differ_and_nothing_else(tmp_path: Path) -> None:
    """Of one model, and of each of several."""
    one = {"model": "a", "engine": "cpu, torch, float32", "options": {"min_probability": None}}
    other = {**one, "engine": "cpu, openvino, bfloat16", "options": {"min_probability": None, "batch_tokens": 512}}
    for before, now in ((one, other), ({"topic": one}, {"topic": other})):
        _check_retry(before, now, tmp_path / "o.jsonl")
    changed = {**other, "options": {"min_probability": 0.5}}
    for before, now, key in ((one, changed, ""), ({"topic": one}, {"topic": changed}, "topic.")):
        with pytest.raises(UsageError, match=rf"otherwise \({key}options\.min_probability differ"):
            _check_retry(before, now, tmp_path / "o.jsonl")


def test_a_file_of_a_folder_is_retried_when_it_is_mended(tmp_path: Path) -> None:
    folder, out = tmp_path / "articles", tmp_path / "out.jsonl"
    folder.mkdir()
    (folder / "a.txt").write_text("فاز المنتخب في المباراة", encoding="utf-8")
    (folder / "b.txt").write_bytes("فاز الفريق في الدوري".encode("cp1256"))
    assert classify_corpus([str(folder)], str(out), device="cpu").errors == 1
    (folder / "b.txt").write_text("فاز الفريق في الدوري", encoding="utf-8")
    assert classify_corpus([str(folder)], str(out), device="cpu", retry_errors=True).errors == 0
    assert [row.values["id"] for row in read_rows(out)] == ["a.txt", "b.txt"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("labels.jsonl", "labels.jsonl.summary.json"),
        ("labels.csv.gz", "labels.csv.gz.summary.json"),
    ],
)
def test_each_output_has_a_summary_of_its_own(name: str, expected: str) -> None:
    assert summary_file(Path("d") / name) == Path("d") / expected


def test_a_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    link, target = tmp_path / "latest.jsonl", tmp_path / "day" / "out.jsonl"
    target.parent.mkdir()
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    source = write_news(tmp_path / "news.jsonl", 3)
    with pytest.raises(UsageError, match="exists already"):
        classify_corpus([source], str(link), device="cpu")
    assert classify_corpus([source], str(link), device="cpu", force=True).output == str(target)
    assert link.is_symlink()
    assert [row.values["id"] for row in read_rows(target)] == ["n0", "n1", "n2"]
    assert sorted(path.name for path in target.parent.iterdir()) == ["out.jsonl", "out.jsonl.summary.json"]
    link.unlink()
    link.symlink_to(link)
    with pytest.raises(OutputError, match="leads to itself"):
        classify_corpus([source], str(link), device="cpu", force=True)


def test_two_outputs_share_no_file(tmp_path: Path) -> None:
    source = write_news(tmp_path / "news.jsonl", 6, missing=[3])
    for suffix, least in ((".jsonl", 0.0), (".csv", 0.5), (".parquet", 0.9)):
        classify_corpus([source], str(tmp_path / f"rr{suffix}"), device="cpu", min_probability=least)
    for suffix, least in ((".jsonl", 0.0), (".csv", 0.5), (".parquet", 0.9)):
        told = json.loads((tmp_path / f"rr{suffix}.summary.json").read_text(encoding="utf-8"))
        assert told["asked"]["options"]["min_probability"] == least
        with pytest.raises(UsageError, match="was answered otherwise"):
            classify_corpus(
                [source], str(tmp_path / f"rr{suffix}"), device="cpu", min_probability=0.7, retry_errors=True
            )
    suffixes = (".jsonl", ".csv", ".parquet", ".csv.gz", ".parquet.jsonl", ".jsonl.parquet")
    assert len({FileSink(tmp_path / f"x{suffix}").partial.name for suffix in suffixes}) == len(suffixes)


@pytest.mark.parametrize("content", [None, b"{", b"[]", b"{}", b'{"asked": {}, "labels": 3}'])
def test_errors_are_not_retried_where_nobody_knows_what_answered(tmp_path: Path, content: bytes | None) -> None:
    out, source = tmp_path / "o.jsonl", write_news(tmp_path / "news.jsonl", 6, missing=[3])
    classify_corpus([source], str(out), device="cpu")
    if content is None:
        summary_file(out).unlink()
    else:
        summary_file(out).write_bytes(content)
    whole = out.read_bytes()
    with pytest.raises(UsageError, match=r"--retry-errors needs .*o\.jsonl\.summary\.json.* with --force"):
        classify_corpus([source], str(out), device="cpu", retry_errors=True)
    assert out.read_bytes() == whole


def test_a_full_disk_leaves_the_summary_of_the_run_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it errors are not retried."""
    out = tmp_path / "o.jsonl"
    _write_summary(out, {"asked": {"model": "a"}})
    whole = summary_file(out).read_bytes()

    def full(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:5])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"No space left on device\. The results are whole in .*o\.jsonl\.$"):
        _write_summary(out, {"asked": {"model": "b"}})
    assert summary_file(out).read_bytes() == whole
    assert os.listdir(tmp_path) == [summary_file(out).name]


@pytest.mark.parametrize("models", [{"topic": "topic"}, {"topic": "topic", "summary": "summary"}])
def test_a_retry_counts_the_lines_it_keeps(tmp_path: Path, models: dict[str, str]) -> None:
    """As one run over the corpus does, when it is mended."""
    out, whole = tmp_path / "o.jsonl", tmp_path / "whole.jsonl"
    asking = ClassifyOptions(device="cpu", precision="float32")
    source = write_news(tmp_path / "news.jsonl", 40, missing=[3, 17])
    answer_several([source], str(out), models, asking=asking)
    write_news(tmp_path / "news.jsonl", 40, missing=[17])
    answer_several([source], str(whole), models, asking=asking)
    for _ in range(2):
        retried = answer_several([source], str(out), models, CorpusOptions(retry_errors=True), asking)
    assert retried.kept == 39
    assert "40 records (39 kept) in " in str(retried)
    expected, found = (json.loads(summary_file(one).read_text(encoding="utf-8")) for one in (whole, out))
    passing = ("output", "seconds", "computed", "waited", "kept", "asked", "before")
    assert {key: value for key, value in found.items() if key not in passing} == {
        key: value for key, value in expected.items() if key not in passing
    }


def test_killed_at_a_random_moment_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    source = write_news(tmp_path / "news.jsonl", 1400, missing=range(0, 1400, 97))
    command = ["-m", "mujaz", "classify", source, "--device", "cpu", "--out"]
    whole, out = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    assert fork_server.run(*command, str(whole)).returncode == 0
    journal = tmp_path / "out.partial.jsonl.journal"
    process = fork_server.start(*command, str(out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # Lines of the journal: its head, then one a chunk of 512.
    while process.poll() is None and not (journal.exists() and len(journal.read_bytes().splitlines()) >= 3):
        time.sleep(0.001)
    time.sleep(random.Random(1).random() / 50)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    last = fork_server.run(*command, str(out))
    assert last.returncode == 0
    assert "before) in" in last.stderr
    assert out.read_bytes() == whole.read_bytes()
