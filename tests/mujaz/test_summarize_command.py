from __future__ import annotations

import json
import subprocess
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mujaz.cli import cli, main


@dataclass
class Summary:
    text: str
    score: float | None
    tokens_read: int
    truncated: bool


class FakeSummarizer:
    """The summary of a text is its last line; a text with an ellipsis is too long."""

    description, note = "fake summarizer", "x has no mujaz.json"
    calls: list[dict[str, Any]]

    @classmethod
    def from_pretrained(cls, name: str | None = None, **options: Any) -> FakeSummarizer:
        cls.calls = [{"model": name, **options}]
        return cls()

    def summarize(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None, **options: Any
    ) -> list[Summary]:
        self.calls.append(options)
        return [Summary(text.strip().splitlines()[-1], -0.25, len(text), "…" in text) for text in texts]


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("mujaz.models.summarizer")
    module.Summarizer = FakeSummarizer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mujaz.models.summarizer", module)


def call(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["summarize", *map(str, arguments)], input=stdin, catch_exceptions=False)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_an_article_is_printed_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "article.txt"
    path.write_text("فقرة أولى\n\nفقرة ثانية\n", encoding="utf-8")
    result = call(path, "--num-beams", "2", "--max-new-tokens", "40", "--min-new-tokens", "5", "--device", "cpu")
    assert (result.exit_code, result.stdout) == (0, "فقرة ثانية\n")
    assert result.stderr == "fake summarizer\nx has no mujaz.json\n"
    loaded, given = FakeSummarizer.calls
    assert loaded == {"model": None, "device": "cpu", "precision": "auto", "ignore_recipe_mismatch": False}
    assert given == {"num_beams": 2, "max_new_tokens": 40, "min_new_tokens": 5, "batch_tokens": None}


def test_an_article_of_standard_input_that_is_too_long() -> None:
    result = call("-", stdin="فقرة …\nخاتمة\n")
    assert result.stdout == "خاتمة\n"
    assert "The article is longer than the model reads" in result.stderr


def test_json_lines_of_standard_input_are_a_corpus() -> None:
    found = lines(call("-", stdin='{"id": "a", "text": "خبر"}\n{"id": "b", "text": null}\n').stdout)
    assert found == [
        {"id": "a", "summary": "خبر", "score": -0.25, "truncated": False, "error": None},
        {"id": "b", "summary": None, "score": None, "truncated": None, "error": "the text is missing"},
    ]


def test_a_corpus_to_a_file(tmp_path: Path) -> None:
    for name in ("2.txt", "1.txt"):
        (tmp_path / "news" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "news" / name).write_text(f"عنوان\nخبر {name}", encoding="utf-8")
    result = call(tmp_path / "news", "--out", tmp_path / "o.csv", "--model", "runs/summary")
    assert (tmp_path / "o.csv").read_text(encoding="utf-8").splitlines() == [
        "id,summary,score,truncated,error",
        "1.txt,خبر 1.txt,-0.25,false,",
        "2.txt,خبر 2.txt,-0.25,false,",
    ]
    assert "2 records in 0.0 s" in result.stderr
    assert "labels" not in result.stderr
    assert FakeSummarizer.calls[0]["model"] == "runs/summary"


def test_an_article_with_out_is_a_corpus_of_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("عنوان\nخبر", encoding="utf-8")
    assert call(tmp_path / "a.txt", "--out", tmp_path / "o.jsonl").stdout == ""
    assert [line["summary"] for line in lines((tmp_path / "o.jsonl").read_text(encoding="utf-8"))] == ["خبر"]


@pytest.mark.parametrize(("content", "message"), [(b"", "the article is empty"), (b"\xce\xc8\xd1", "windows-1256")])
def test_an_article_that_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, message: str
) -> None:
    (tmp_path / "x.txt").write_bytes(content)
    with pytest.raises(SystemExit) as caught:
        main(["summarize", str(tmp_path / "x.txt")])
    assert caught.value.code == 2
    found = capsys.readouterr().err
    assert found.startswith(f"mujaz: error: {tmp_path / 'x.txt'}: ")
    assert message in found
    assert len(found.splitlines()) == 1


def test_help_has_an_example_and_imports_nothing_heavy() -> None:
    assert "Example:\n    mujaz summarize article.txt" in call("--help").stdout
    program = "import sys; from mujaz.commands.summarize import command; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "transformers", "datasets", "pandas", "pyarrow", "fsspec", "numpy"} & set(modules)
