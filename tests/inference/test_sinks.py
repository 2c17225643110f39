from __future__ import annotations

import errno
import gzip
import io
import json
import os
import resource
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import fsspec
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mujaz.errors import OutputError, UsageError
from mujaz.formats import read_rows
from mujaz.inference.sinks import FileSink, StreamSink, check_apart, open_sink

LINES: list[dict[str, Any]] = [
    {"id": "a", "label": "رياضة", "probability": 0.1 + 0.2, "error": None},
    {"id": "b", "label": None, "probability": None, "error": 'قال "نعم", ثم\r\nسكت'},
]
SUFFIXES = [".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".jsonl.gz", ".csv.gz", ".jsonl.zst"]


def write(path: Path, *chunks: list[dict[str, Any]], **options: Any) -> Path:
    with closing(open_sink(str(path), **options)) as sink:
        for chunk in chunks:
            sink.write(chunk)
        sink.commit()
    return path


def frame(path: Path) -> pd.DataFrame:
    if path.suffix == ".zst":
        return pd.DataFrame([row.values for row in read_rows(path)])
    name = path.name.removesuffix(".gz")
    if name.endswith((".jsonl", ".ndjson")):
        return pd.read_json(path, lines=True)
    if name.endswith(".parquet"):
        return pd.read_parquet(path)
    return pd.read_csv(path, sep="\t" if name.endswith(".tsv") else ",")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_pandas_reads_what_was_written(tmp_path: Path, suffix: str) -> None:
    found = frame(write(tmp_path / f"out{suffix}", LINES[:1], LINES[1:]))
    assert list(found.columns) == ["id", "label", "probability", "error"]
    assert found["id"].tolist() == ["a", "b"]
    assert found["label"][0] == "رياضة"
    assert pd.isna(found["label"][1])
    assert found["probability"][0] == 0.1 + 0.2  # to the last bit
    assert found["error"][1] == 'قال "نعم", ثم\r\nسكت'
    assert os.listdir(tmp_path) == [f"out{suffix}"]


def test_json_lines_are_the_plain_thing(tmp_path: Path) -> None:
    path = write(tmp_path / "out.jsonl", LINES)
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == LINES


def test_csv_lines_end_in_lf_alone(tmp_path: Path) -> None:
    assert write(tmp_path / "out.csv", [{"id": 1, "error": None}]).read_bytes() == b"id,error\n1,\n"


def test_values_that_json_does_not_know(tmp_path: Path) -> None:
    when = pd.Timestamp("2024-05-06 07:08:09").to_pydatetime()
    row = {"id": "\udcff.txt", "when": when, "bytes": b"x", "n": float("nan"), "huge": 10**30, "map": {1: "أ"}}
    found = json.loads(write(tmp_path / "out.jsonl", [row]).read_text(encoding="utf-8"))
    assert found == {
        "id": "?.txt", "when": "2024-05-06 07:08:09", "bytes": "x", "n": None, "huge": str(10**30), "map": {"1": "أ"},
    }  # fmt: skip
    kept = frame(write(tmp_path / "out.csv", [{"id": 1, "when": when, "list": ["أ", 1], "flag": True}]))
    assert kept.iloc[0].tolist() == [1, "2024-05-06T07:08:09", '["أ",1]', True]
    numbers = write(tmp_path / "numbers.csv", [{"id": 1, "a": float("nan"), "b": float("-inf"), "c": 0.5, "d": b"x"}])
    assert numbers.read_bytes() == b"id,a,b,c,d\n1,,,0.5,x\n"


# --- names and what is refused -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["out.xlsx", "out", "out.json", "out.parquet.gz", "out.gz"])
def test_an_unknown_suffix(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="unknown suffix of an output; expected .jsonl"):
        open_sink(str(tmp_path / name))
    assert os.listdir(tmp_path) == []


def test_an_output_that_exists_is_not_replaced_unless_forced(tmp_path: Path) -> None:
    path = write(tmp_path / "out.jsonl", LINES)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="exists already.*--force"):
        open_sink(str(path))
    sink = open_sink(str(path), force=True)
    sink.write(LINES[:1])
    assert path.read_bytes() == before  # until the new one is whole
    sink.commit()
    sink.close()
    assert len(path.read_bytes().splitlines()) == 1


def test_partial_results_are_gone_on_with_or_dropped_on_purpose(tmp_path: Path) -> None:
    out = str(tmp_path / "out.csv")
    with closing(open_sink(out)) as sink:
        sink.begin({"model": "a"})
        sink.write(LINES, digest="d", summary={"records": 2})
    assert sink.place == str(tmp_path / "out.partial.csv")
    assert len(frame(tmp_path / "out.partial.csv")) == 2
    with (tmp_path / "out.partial.csv").open("ab") as file:
        file.write(b"half a li")  # the power went
    with (
        closing(open_sink(out)) as sink,
        pytest.raises(UsageError, match=r"unfinished, and it was another one \(model: a then, b now\).*--restart"),
    ):
        sink.begin({"model": "b"})
    with closing(open_sink(out)) as sink:
        state = sink.begin({"model": "a"})
        assert (state.records, state.digest, state.summary) == (2, "d", {"records": 2})
        sink.write(LINES[:1])
        sink.commit()
    assert frame(tmp_path / "out.csv")["id"].tolist() == ["a", "b", "a"]
    assert os.listdir(tmp_path) == ["out.csv"]


def test_partial_results_without_a_journal_are_not_dropped(tmp_path: Path) -> None:
    (tmp_path / "out.partial.csv").write_text("id\nx\n", encoding="utf-8")
    with pytest.raises(
        UsageError, match=r"an earlier run left its results in .*out\.partial\.csv, without the journal"
    ):
        open_sink(str(tmp_path / "out.csv"), force=True)
    write(tmp_path / "out.csv", LINES[:1], restart=True)
    assert os.listdir(tmp_path) == ["out.csv"]


def test_two_runs_on_one_output(tmp_path: Path) -> None:
    with closing(open_sink(str(tmp_path / "out.csv"))), pytest.raises(UsageError, match="another run is writing it"):
        open_sink(str(tmp_path / "out.csv"), restart=True)
    assert os.listdir(tmp_path) == []
    write(tmp_path / "out.csv", LINES)  # and it can be had again


def test_an_output_elsewhere_is_copied_when_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    out = "memory://bucket/out.csv"
    with closing(open_sink(out)) as sink:
        sink.write(LINES)
        assert Path(sink.place).name.endswith("-out.partial.csv")
        assert not fsspec.filesystem("memory").exists("/bucket/out.csv")
        sink.commit()
        assert sink.place == out
    assert fsspec.filesystem("memory").cat("/bucket/out.csv").startswith(b"id,label,probability,error\na,")
    assert os.listdir(tmp_path) == []
    with pytest.raises(UsageError, match="exists already"):
        open_sink(out)


def test_a_run_that_wrote_nothing_leaves_nothing(tmp_path: Path) -> None:
    open_sink(str(tmp_path / "out.jsonl")).close()
    assert os.listdir(tmp_path) == []


def test_folders_on_the_way_are_made_and_an_unwritable_output_is_found_at_once(tmp_path: Path) -> None:
    assert write(tmp_path / "new/folder/out.csv", LINES).exists()
    (tmp_path / "file").touch()
    for name in ("file/out.csv", "file/deeper/out.csv"):
        with pytest.raises(OutputError, match=r"out\.csv: cannot be written: a part of its path is a file") as caught:
            open_sink(str(tmp_path / name))
        assert caught.value.exit_code == 1


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc on this system")
def test_a_folder_that_takes_no_file_is_not_taken_for_one_in_use() -> None:
    with pytest.raises(OutputError, match=r"/proc/x\.jsonl: cannot be created: "):
        open_sink("/proc/x.jsonl")


def test_an_output_must_lie_apart_from_the_inputs(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").touch()
    (tmp_path / "n.jsonl.summary.json").touch()
    (tmp_path / "n.partial.jsonl").touch()
    for out, source in (
        (tmp_path / "in.jsonl", tmp_path / "in.jsonl"),
        (tmp_path / "in.jsonl", tmp_path / "*.jsonl"),
        (tmp_path / "n.jsonl", tmp_path / "n.jsonl.summary.json"),
        (tmp_path / "n.jsonl", tmp_path / "n.partial.jsonl"),
        (tmp_path / "sub/out.jsonl", tmp_path),
    ):
        with pytest.raises(UsageError, match="lies in what is read"):
            check_apart(out, [str(source)])
    with pytest.raises(UsageError, match="is a folder"):
        check_apart(tmp_path, [])
    with pytest.raises(UsageError, match="s3://bucket/out.jsonl: cannot be opened: Install s3fs"):
        open_sink("s3://bucket/out.jsonl")


@pytest.mark.parametrize(
    ("out", "pattern", "apart"),
    [
        ("labels.jsonl", "*.jsonl", False),
        ("labels.jsonl", "*.partial.*", False),
        ("labels.jsonl", "*.json", False),  # its summary
        ("new/labels.jsonl", "n*", False),  # a folder that the run makes
        ("new/labels.jsonl", "**/*.jsonl", False),
        ("new/labels.jsonl", "*.jsonl", True),
        ("labels.csv", "*.jsonl", True),
        ("labels.jsonl", "in?.jsonl", True),
        ("labels.jsonl", "x**.jsonl", True),  # no pattern, as whoever reads it says
    ],
)
def test_an_output_must_lie_apart_from_what_a_pattern_will_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, pattern: str, apart: bool
) -> None:
    (tmp_path / "in1.jsonl").touch()
    monkeypatch.chdir(tmp_path)
    for name in (pattern, str(tmp_path / pattern), f"file://{tmp_path}/{pattern}"):
        if apart:
            check_apart(Path(out), [name])
        else:
            with pytest.raises(UsageError, match="lies in what is read"):
                check_apart(Path(out), [name])
    check_apart(Path(out), ["-", "", "owner/name::test", "s3://bucket/*.jsonl"])


# --- what survives ---------------------------------------------------------------------------------------------------------


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """The system refuses to let any file grow beyond ``size`` bytes, in the middle of a write as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.jsonl.gz", "out.parquet"])
def test_a_file_that_cannot_grow_keeps_whole_chunks(tmp_path: Path, name: str) -> None:
    sink = FileSink(tmp_path / name, force=False)
    sink.write(LINES)
    size = sink.partial.stat().st_size
    with file_size_limit(size + 40), pytest.raises(OutputError) as caught:
        sink.write(LINES)
    assert str(caught.value) == (
        f"{tmp_path / name}: cannot be written: {os.strerror(errno.EFBIG)}. 2 records are safe in {sink.partial}."
    )
    assert sink.partial.stat().st_size == size
    sink.write(LINES)  # and where there is room again, it goes on
    sink.close()
    assert [row.values["id"] for row in read_rows(sink.partial)] == ["a", "b", "a", "b"]
    assert not (tmp_path / name).exists()


def test_every_chunk_is_with_the_system_when_write_returns(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "out.jsonl.gz", force=False)
    for count in (1, 2, 3):
        sink.write([{"id": count}])
        assert len(gzip.decompress(sink.partial.read_bytes()).splitlines()) == count  # read while it is open
    sink.close()


def test_a_parquet_output_that_cannot_be_finished_keeps_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(source: Path, target: Path, columns: object) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("mujaz.inference.parquet.jsonl_to_parquet", fail)
    with pytest.raises(
        OutputError, match=r"No space left on device. 2 records are safe in .*out\.partial\.parquet\.jsonl"
    ):
        write(tmp_path / "out.parquet", LINES)
    assert sorted(os.listdir(tmp_path)) == ["out.partial.parquet.jsonl", "out.partial.parquet.jsonl.journal"]


def test_stdout_that_fails(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    StreamSink(buffer).write(LINES)
    assert [json.loads(line) for line in buffer.getvalue().splitlines()] == LINES
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(OutputError, match="stdout cannot be written"),
    ):
        StreamSink(cast(BinaryIO, full)).write(LINES)


# --- any text --------------------------------------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".tsv", ".parquet", ".csv.gz"])
@settings(max_examples=40, deadline=None)
@given(chunks=st.lists(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4), min_size=1, max_size=3))
def test_any_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, chunks: list[list[tuple[str, str]]]
) -> None:
    path = tmp_path_factory.mktemp("any") / f"out{suffix}"
    write(path, *([{"id": a, "summary": b} for a, b in chunk] for chunk in chunks))
    expected = [pair for chunk in chunks for pair in chunk]
    if suffix not in (".jsonl", ".parquet"):
        expected = [(a.replace("\0", "\ufffd"), b.replace("\0", "\ufffd")) for a, b in expected]
    assert [(row.values["id"], row.values["summary"]) for row in read_rows(path)] == expected
