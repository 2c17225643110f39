"""``mujaz overview``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from mujaz.cli import cli, main
from mujaz.inference.overview import overview
from tests.conftest import write_jsonl

RECORDS: list[dict[str, object]] = [
    {"id": n, "label": ("رياضة", "finance")[n % 3 == 0], "gold": "x", "out[/let]": f"outlet {n % 40}", "day": day}
    for n, day in enumerate(["2026-01-02", "31 آذار 2026", "soon"] * 30)
]


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["overview", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_tables_and_a_page(tmp_path: Path) -> None:
    file, out = str(write_jsonl(tmp_path / "l.jsonl", RECORDS)), tmp_path / "o.html"
    said = run(file, "--by", "out[/let]", "--date-column", "day", "--html", str(out))
    assert said.startswith("90 records, 0 without a label, 0 with an error\n")
    assert re.search(r"رياضة +60 +66\.7 %", said)
    assert "out[/let]" in said  # no markup of rich
    assert "the 30 most frequent of 40" in said
    assert re.search(r"02 Jan 2026|29 Dec 2025", said)
    assert re.search(r"30 Mar 2026 +30 +33\.3 % +رياضة 100 %", said)
    assert "30 records without a date that could be read" in said
    assert said.endswith(f"saved to {out}\n")
    shown = out.read_text(encoding="utf-8")
    assert "<title>l.jsonl</title>" in shown
    assert "By week." in shown


def test_what_else_could_be_counted_is_said(tmp_path: Path) -> None:
    row: dict[str, object] = {"label": "gold", "topic": "a", "topic_probability": 0.4}
    file = str(write_jsonl(tmp_path / "l.jsonl", [row]))
    assert "counted by 'topic'; --label-column takes another: label" in run(file)
    assert "counted by" not in run(file, "--label-column", "label")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.jsonl"], "none.jsonl: no such file"),
        (["l.jsonl", "--html", "page.txt"], "ends in .html"),
        (["l.jsonl", "--html", "l.jsonl"], "would replace"),
        (["l.jsonl", "--by", ""], "expected something"),
    ],
)
def test_misuse(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_jsonl(tmp_path / "l.jsonl", RECORDS)
    before = (tmp_path / "l.jsonl").read_bytes()
    with pytest.raises(SystemExit, match="2"):
        main(["overview", *arguments])
    assert message in capsys.readouterr().err
    assert (tmp_path / "l.jsonl").read_bytes() == before


def test_what_classify_writes_is_read(tmp_path: Path) -> None:
    texts: list[dict[str, object]] = [
        {"id": "1", "text": "فاز الفريق بثلاثة أهداف في المباراة", "outlet": "الساحل"},
        {"id": "2", "text": "", "outlet": "الساحل"},
    ]
    corpus, out = write_jsonl(tmp_path / "c.jsonl", texts), tmp_path / "out" / "l.jsonl"
    result = CliRunner().invoke(cli, ["classify", str(corpus), "--out", str(out), "--keep", "outlet"])
    assert result.exit_code == 0, result.output
    found = overview([str(out.parent)], by="outlet")  # a summary of the run lies beside it
    label = json.loads(out.read_text(encoding="utf-8").splitlines()[0])["label"]
    assert (found.all.records, found.all.errors, dict(found.all.labels)) == (2, 1, {label: 1})
    assert found.least_sure[0][1] == label
