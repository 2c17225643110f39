from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from transformers import AutoTokenizer

from mujaz.cli import cli, main
from mujaz.commands.trim import share
from tests.conftest import MONEY, SPORT, write_jsonl


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["trim", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "corpus.jsonl", [{"text": text, "summary": MONEY[0]} for text in SPORT * 5])


def test_the_report_is_printed(mt5_folder: Path, corpus: Path, tmp_path: Path) -> None:
    result = call(mt5_folder, "--corpus", corpus, "--keep", "100%", "--out", tmp_path / "out")
    assert result.exit_code == 0
    pieces = len(AutoTokenizer.from_pretrained(tmp_path / "out"))
    assert f"pieces         200 -> {pieces}" in result.output
    assert "100.00% of 4 held-out texts unchanged" in result.output
    assert float(re.findall(r"differ by at most (\S+)", result.output)[0]) < 1e-4
    assert json.loads((tmp_path / "out" / "trim.json").read_text(encoding="utf-8"))["pieces"] == pieces


def test_summaries_count_as_text(mt5_folder: Path, corpus: Path, tmp_path: Path) -> None:
    call(mt5_folder, "--corpus", corpus, "--keep", "1", "--out", tmp_path / "out")
    old, new = AutoTokenizer.from_pretrained(mt5_folder), AutoTokenizer.from_pretrained(tmp_path / "out")
    assert new.tokenize(MONEY[0]) == old.tokenize(MONEY[0])
    assert any(new.tokenize(text) != old.tokenize(text) for text in MONEY[1:])  # of these nobody asked for the pieces


@pytest.mark.parametrize(("text", "expected"), [("99.99%", 0.9999), ("0.9999", 0.9999), ("100%", 1.0), ("1", 1.0)])
def test_a_share(text: str, expected: float) -> None:
    assert share(None, None, text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["0", "101%", "2", "most", "nan", "-1%"])
def test_no_share(text: str, mt5_folder: Path, corpus: Path, tmp_path: Path) -> None:
    result = call(mt5_folder, "--corpus", corpus, "--keep", text, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "expected a share above 0 and at most 100%" in result.output


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    with pytest.raises(SystemExit) as left:
        main(["trim", *map(str, arguments)])
    assert left.value.code == 2
    return capsys.readouterr().err


def test_what_is_not_there(mt5_folder: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert "./no-model" in refused(capsys, "./no-model", "--corpus", corpus, "--out", out)
    assert "no-corpus.jsonl" in refused(capsys, mt5_folder, "--corpus", tmp_path / "no-corpus.jsonl", "--out", out)
    assert "no column 'body'" in refused(capsys, mt5_folder, "--corpus", corpus, "--out", out, "--text-column", "body")
    assert "only sequence-to-sequence" in refused(capsys, "topic", "--corpus", corpus, "--out", out)
    assert not out.exists()
