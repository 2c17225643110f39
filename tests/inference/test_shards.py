"""The outputs of all shards, one behind the other, are the output of one run."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from mujaz.cli import cli, main
from mujaz.errors import UsageError
from mujaz.files import DataFile, open_file
from mujaz.inference.classify import classify_corpus
from mujaz.inference.corpus import CorpusOptions, answer_corpus
from mujaz.inference.records import Columns, Record
from mujaz.inference.runner import NO_HOOKS, Hooks, Item, Progress
from mujaz.inference.shards import Shard
from mujaz.inference.sources import open_corpus
from mujaz.inference.summarize import summarize_corpus
from mujaz.inference.summary import Answer, RunSummary

Write = Callable[[Path, list[dict[str, Any]]], list[str]]


class Together:
    """Answers with a number that depends on all texts of the chunk, as a model's last digits do."""

    fields = ("label", "sum")
    chunk = 8
    description = "together"
    asked: dict[str, Any] = {"model": "together"}  # noqa: RUF012
    kinds: dict[str, type] = {"sum": int}  # noqa: RUF012
    expects_titles = False

    def __init__(self) -> None:
        self.ready_by: list[str | int] = []
        self.seen = 0

    def calibrated(self, records: Iterator[Item]) -> Iterator[Item]:
        first = list(islice(records, 5))
        self.ready_by = [record.id for record in first if isinstance(record, Record)]
        return chain(first, records)

    def prepare(self, records: Sequence[Record]) -> Sequence[Record]:
        return records

    def compute(self, prepared: Sequence[Record], progress: Progress) -> list[Answer]:
        progress(len(prepared))
        self.seen += len(prepared)
        beside = sum(len(record.text) for record in prepared)
        return [Answer(("L", beside), {"label": "L"}) for _ in prepared]


def as_jsonl(path: Path, rows: list[dict[str, Any]]) -> list[str]:
    lines = [json.dumps(row) for row in rows]
    lines[3] += "\n \n{bad"  # a blank line, and one that cannot be read
    (path / "x.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return [str(path / "x.jsonl")]


def as_csv(path: Path, rows: list[dict[str, Any]]) -> list[str]:
    pd.DataFrame(rows).to_csv(path / "x.csv", index=False)
    return [str(path / "x.csv")]


def as_parquet(path: Path, rows: list[dict[str, Any]]) -> list[str]:
    pd.DataFrame(rows).to_parquet(path / "x.parquet", row_group_size=7)
    return [str(path / "x.parquet")]


def as_several(path: Path, rows: list[dict[str, Any]]) -> list[str]:
    as_csv(path, rows[:9])
    as_parquet(path, rows[9:30])
    (path / "x.json").write_text(json.dumps(rows[30:40]), encoding="utf-8")
    (path / "none.jsonl").write_text("", encoding="utf-8")
    with gzip.open(path / "x.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows[40:])
    return [str(path / name) for name in ("x.jsonl.gz", "x.csv", "none.jsonl", "x.json", "x.parquet")]


def as_articles(path: Path, rows: list[dict[str, Any]]) -> list[str]:
    for number, row in enumerate(rows):
        (path / f"{number:03}.txt").write_text(row["text"] or " ", encoding="utf-8")
    return [str(path)]


def corpus(count: int = 70, *, ids: bool = True) -> list[dict[str, Any]]:
    rows = [{"id": f"n{n}", "text": "" if n % 11 == 5 else "خبر\nجديد " * (1 + n % 9), "day": n} for n in range(count)]
    return rows if ids else [{key: row[key] for key in ("text", "day")} for row in rows]


def answered(inputs: list[str], out: Path, hooks: Hooks = NO_HOOKS, **options: Any) -> RunSummary:
    return answer_corpus(inputs, str(out), lambda nested: Together(), CorpusOptions(**options), hooks=hooks)


def parts(inputs: list[str], folder: Path, count: int, **options: Any) -> bytes:
    outs = [folder / f"part-{part}.jsonl" for part in range(1, count + 1)]
    for part, out in enumerate(outs, 1):
        answered(inputs, out, shard=f"{part}/{count}", **options)
    return b"".join(out.read_bytes() for out in outs)


@pytest.mark.parametrize("ids", [True, False])
@pytest.mark.parametrize("write", [as_jsonl, as_csv, as_parquet, as_several, as_articles])
def test_the_parts_together_are_the_whole(tmp_path: Path, write: Write, ids: bool) -> None:
    """To the byte: numbers of rows are those of the corpus, and no text stands beside others than in one run."""
    folder = tmp_path / "in"
    folder.mkdir()
    inputs = write(folder, corpus(ids=ids))
    whole = tmp_path / "whole.jsonl"
    found = answered(inputs, whole)
    assert found.errors >= 6
    assert found.records >= 70
    for count in (1, 2, 3, 7):
        assert parts(inputs, tmp_path / str(count), count) == whole.read_bytes()


def test_long_texts_do_not_shift_the_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mujaz.inference.runner.CHUNK_CHARACTERS", 200)
    inputs = as_jsonl(tmp_path, corpus())
    answered(inputs, tmp_path / "whole.jsonl")
    assert parts(inputs, tmp_path / "parts", 3) == (tmp_path / "whole.jsonl").read_bytes()


def test_a_corpus_smaller_than_a_chunk_a_shard_is_shared_out_all_the_same(tmp_path: Path) -> None:
    inputs = as_csv(tmp_path, corpus(5))
    lines = parts(inputs, tmp_path / "few", 3).decode("utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [f"n{n}" for n in range(5)]
    sizes = [len((tmp_path / "few" / f"part-{n}.jsonl").read_bytes().splitlines()) for n in (1, 2, 3)]
    assert sizes == [1, 2, 2]
    empty = answered(inputs, tmp_path / "none.jsonl", shard="1/6")
    assert (empty.records, empty.failed, (tmp_path / "none.jsonl").read_bytes()) == (0, False, b"")


@pytest.mark.parametrize(("total", "of"), [(10_000_001, 7), (5_000, 3), (64, 64), (3, 5), (0, 2)])
def test_the_parts_are_neighbours_and_of_one_size(monkeypatch: pytest.MonkeyPatch, total: int, of: int) -> None:
    monkeypatch.setattr("mujaz.inference.shards._rows", lambda file: total)
    spans = [Shard(part, of).span([DataFile("x", "jsonl")], 512) for part in range(1, of + 1)]
    assert [span.first for span in spans] == [0, *(span.last for span in spans[:-1])]
    assert spans[-1].last == total
    sizes = [span.last - span.first for span in spans]
    assert max(sizes) - min(sizes) <= (2 * 512 if total >= 512 * of else 1)  # a chunk, and the last one's end
    assert all(span.first % 512 == 0 for span in spans) or total < 512 * of


def test_a_shard_goes_on_where_it_stopped_and_another_does_not(tmp_path: Path) -> None:
    inputs, out, whole = as_csv(tmp_path, corpus()), tmp_path / "part.jsonl", tmp_path / "whole.jsonl"
    answered(inputs, whole, shard="2/2")
    done = iter(range(2))
    stopped = answered(inputs, out, Hooks(stop=lambda: next(done, None) is None), shard="2/2")
    assert (stopped.stopped, stopped.records) == (True, 16)
    for other in ("1/2", None):
        with pytest.raises(UsageError, match=r"shard: 2/2 \(records 33 to 70 of 70\) then, "):
            answered(inputs, out, shard=other)
    assert answered(inputs, out, shard="2/2").resumed == 16
    assert out.read_bytes() == whole.read_bytes()


def test_a_corpus_that_grew_is_another_cut(tmp_path: Path) -> None:
    inputs, out = as_csv(tmp_path, corpus()), tmp_path / "part.jsonl"
    done = iter(range(2))
    answered(inputs, out, Hooks(stop=lambda: next(done, None) is None), shard="1/2")
    as_csv(tmp_path, corpus(90))
    with pytest.raises(UsageError, match="of 70.* then, .*of 90"):
        answered(inputs, out, shard="1/2")


def test_errors_of_a_shard_are_retried(tmp_path: Path) -> None:
    inputs, out = as_csv(tmp_path, corpus()), tmp_path / "part.jsonl"
    assert answered(inputs, out, shard="2/3").errors == 2
    as_csv(tmp_path, [{**row, "text": row["text"] or "نص"} for row in corpus()])
    with pytest.raises(UsageError, match="shard differ"):
        answered(inputs, out, retry_errors=True, shard="3/3")
    again = answered(inputs, out, retry_errors=True, shard="2/3")
    assert (again.errors, again.kept, again.records) == (0, 22, 24)


def test_what_others_do_is_not_cleaned_and_the_model_is_made_ready_by_the_first_of_all(tmp_path: Path) -> None:
    inputs, cleaned, job = as_csv(tmp_path, corpus()), [], Together()

    def clean(text: str) -> str:
        cleaned.append(text)
        return text

    found = open_corpus(inputs, Columns(), clean=clean)
    span = found.span(Shard.parse("3/3"), job.chunk)
    mine = list(found.part(job.calibrated(found), span))
    assert len(mine) == span.last - span.first == 70 - 48
    assert len(cleaned) == 5 + sum(isinstance(record, Record) for record in mine)
    assert job.ready_by == [f"n{n}" for n in range(5)]
    assert found.share_read == 1.0


def test_articles_of_others_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, opened = as_articles(tmp_path, corpus(20)), []

    def counting(name: str, count: Callable[[int], object]) -> Any:
        opened.append(name)
        return open_file(name, count)

    monkeypatch.setattr("mujaz.formats.open_file", counting)
    found = open_corpus(inputs, Columns())
    assert [record.id for record in found.part(found, found.span(Shard(3, 4), 5))] == [
        f"{n:03}.txt" for n in range(10, 15)
    ]
    assert len(opened) == 5


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("0/4", "1/4 to 4/4"),
        ("5/4", "1/4 to 4/4"),
        *((given, "1/4 to 4/4 for four machines") for given in ("x", "1/0", "-1/2", "1/2/3", "")),
    ],
)
def test_misuse_says_what_was_expected(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, given: str, expected: str
) -> None:
    source = as_csv(tmp_path, corpus(4))[0]
    for command in ("classify", "summarize"):
        with pytest.raises(SystemExit) as left:
            main([command, source, "--shard", given, "--out", str(tmp_path / "o.jsonl")])
        assert left.value.code == 2
        assert f"error: expected a shard as PART/PARTS, {expected}, found '{given}'." in capsys.readouterr().err
    with pytest.raises(UsageError, match="expected a shard"):
        classify_corpus([source], str(tmp_path / "o.jsonl"), shard=given)
    assert not (tmp_path / "o.jsonl").exists()


def test_what_cannot_be_read_twice_is_refused() -> None:
    found = open_corpus(["-"], Columns(), stdin=io.BytesIO("خبر".encode()))
    with pytest.raises(UsageError, match="read twice: expected files"):
        found.span(Shard(1, 2), 8)


def test_commands_and_configs_take_it(tmp_path: Path) -> None:
    source = as_csv(tmp_path, corpus(6))[0]
    config = tmp_path / "run.yaml"
    config.write_text(f"inputs: [{source}]\nout: x\nmodels: {{topic: topic}}\nshard: 1/2\n", encoding="utf-8")
    commands: list[tuple[str, ...]] = [
        ("classify", source, "--shard", "2/2", "--device", "cpu", "--out"),
        ("classify", source, "--model", "topic", "--model", "b=topic", "--shard", "2/2", "--device", "cpu", "--out"),
        ("summarize", source, "--shard", "2/2", "--report", str(tmp_path / "r.html"), "--out"),
        ("run", str(config), "--set", "shard=2/2", "--set"),
    ]
    for number, command in enumerate(commands):
        out = tmp_path / f"{number}.jsonl"
        found = CliRunner().invoke(cli, [*command, f"out={out}" if command[0] == "run" else str(out)])
        assert found.exit_code == 0, found.output
        assert [json.loads(line)["id"] for line in out.read_text(encoding="utf-8").splitlines()] == ["n3", "n4", "n5"]
        assert "shard 2/2 (records 4 to 6 of 6)" in found.output
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<bdi>n3<" in page
    assert "<bdi>n2<" not in page
    assert summarize_corpus([source], str(tmp_path / "s.jsonl"), shard="1/2").records == 3
