"""The byte order mark without which Excel on Windows takes UTF-8 for another encoding."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mujaz.cli import main
from mujaz.errors import UsageError
from mujaz.files import BOM
from mujaz.formats import read_rows
from mujaz.inference.classify import classify_corpus
from mujaz.inference.runner import Hooks
from mujaz.inference.sinks import FileSink

COUNT = 600  # more than a chunk


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "news.txt"
    path.write_text("".join(f"فاز المنتخب في المباراة {number}\n" for number in range(COUNT)), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz"])
def test_it_stands_once_at_the_beginning(source: str, tmp_path: Path, suffix: str) -> None:
    plain, marked = tmp_path / f"plain{suffix}", tmp_path / f"marked{suffix}"
    classify_corpus([source], str(plain), device="cpu")
    classify_corpus([source], str(marked), device="cpu", bom=True)
    before, after = (path.read_bytes() for path in (plain, marked))
    if suffix.endswith(".gz"):
        before, after = gzip.decompress(before), gzip.decompress(after)
    assert after == BOM + before
    assert list(next(read_rows(marked)).values) == list(next(read_rows(plain)).values)  # it is no part of a name


def test_a_run_that_goes_on_writes_the_same_bytes_and_another_is_refused(source: str, tmp_path: Path) -> None:
    whole, out = tmp_path / "whole.csv", tmp_path / "out.csv"
    classify_corpus([source], str(whole), device="cpu", bom=True)
    done: list[int] = []
    stop = Hooks(progress=done.append, stop=lambda: bool(done))
    assert classify_corpus([source], str(out), device="cpu", bom=True, hooks=stop).stopped
    with pytest.raises(UsageError, match="it was another one.*bom: True then, None now"):
        classify_corpus([source], str(out), device="cpu")
    assert classify_corpus([source], str(out), device="cpu", bom=True).resumed == 512
    assert out.read_bytes() == whole.read_bytes()


def test_an_output_without_rows_begins_with_it_too(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "out.csv", bom=True)
    sink.commit({"id": (), "label": ()})
    sink.close()
    assert (tmp_path / "out.csv").read_bytes() == BOM + b"id,label\n"


@pytest.mark.parametrize("out", [["--out", "out.jsonl"], ["--out", "out.parquet"], ["--out", "-"], []])
@pytest.mark.parametrize("command", ["classify", "summarize"])
def test_no_other_format_takes_it(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    command: str, out: list[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        main([command, source, *out, "--bom"])
    said = capsys.readouterr().err
    alone = command == "summarize" and not out  # one article, printed
    assert ("--bom is for a corpus" if alone else "a byte order mark (--bom) is for CSV and TSV, found") in said
    assert [path.name for path in tmp_path.iterdir()] == ["news.txt"]


def test_a_config_can_ask_for_it(source: str, tmp_path: Path) -> None:
    config, out = tmp_path / "run.yaml", tmp_path / "out.csv"
    config.write_text(f"inputs: [{source}]\nout: {out}\nmodels: {{topic: topic}}\ndevice: cpu\nbom: true\n", "utf-8")
    with pytest.raises(SystemExit, match="0"):
        main(["run", str(config)])
    assert out.read_bytes().startswith(BOM + b"id,topic,")
