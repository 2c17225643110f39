from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from transformers import GenerationConfig

from mujaz.errors import OutputError, UsageError
from mujaz.inference import summary_page
from mujaz.inference.records import Columns
from mujaz.inference.summarize import summarize_article, summarize_corpus
from mujaz.models.recipes import get_recipe
from mujaz.models.summarizer import Finding, Summarizer, Summary
from tests.page_reading import read

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARTICLE = "قرر نادي الوحدة الطعن في العقوبة. وتعادل الفريق مع ضيفه النجم بهدفين."
BAD = '<script>alert("x")</script> & </section> '


class JoiningSummarizer:
    """Joins two stretches, whatever it reads."""

    description, note, constrains = "fake & model", "", True
    identity: ClassVar = {"model": "fake"}
    encoder = types.SimpleNamespace(recipe=get_recipe("none"), clean_article=False)
    generation = GenerationConfig()
    info = types.SimpleNamespace(expects_titles=False)

    def summarize(self, texts: Sequence[str], **options: Any) -> list[Summary]:
        found = (Finding("joined", "نادي الوحده | مع ضيفه"), Finding("cut"))
        said = BAD + "قرر نادي الوحدة مع ضيفه النجم"
        return [Summary(said, -0.5, 9, True, words=6, read=0.25, findings=found, copied=0.75) for _ in texts]


MODEL = cast(Summarizer, JoiningSummarizer())


def corpus(folder: Path, rows: int) -> Path:
    path = folder / "x.jsonl"
    lines = [{"id": f"n{n}", "title": f"عنوان {n} <b>", "text": BAD + ARTICLE if n % 3 else ""} for n in range(rows)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_a_column_that_was_kept_is_not_taken_for_what_was_written(tmp_path: Path) -> None:
    source, page = tmp_path / "x.jsonl", tmp_path / "s.html"
    source.write_text(json.dumps({"text": ARTICLE, "summary": "كتبه محرر", "score": "عشرة"}) + "\n", encoding="utf-8")
    columns = Columns(keep=("summary", "score"))
    summarize_corpus([str(source)], str(tmp_path / "o.jsonl"), model=MODEL, columns=columns, report=str(page))
    shown = "".join(read(page.read_text(encoding="utf-8")).text)
    assert (shown.count("كتبه محرر"), shown.count("عشرة"), shown.count("-0.5")) == (1, 1, 0)


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_corpus_leaves_a_page(tmp_path: Path, suffix: str) -> None:
    page = tmp_path / "s.html"
    out = str(tmp_path / f"o.{suffix}")
    columns = Columns(keep=("title",))
    summarize_corpus([str(corpus(tmp_path, 5))], out, model=MODEL, columns=columns, report=str(page))
    text = page.read_text(encoding="utf-8")
    checker = read(text)
    assert checker.loads == []
    assert "<script" not in text
    shown = "".join(checker.text)
    assert "fake & model" in shown
    counts = {"عنوان 1 <b>": 1, "25% of the article read": 3, "error: the text is empty": 2}
    assert {words: shown.count(words) for words in counts} == counts
    assert text.count('<b class="join"') == 1 + 3  # the legend, and each summary
    assert len(re.findall('<mark class="run2">مع ضيفه النجم</mark>', text)) == 6  # in summaries and articles
    assert "shown" not in shown.replace("are shown", "")


def test_a_long_corpus_is_shown_from_its_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary_page, "SHOWN", 2)
    page = tmp_path / "s.html"
    summarize_corpus([str(corpus(tmp_path, 7))], str(tmp_path / "o.jsonl"), model=MODEL, report=str(page))
    text = page.read_text(encoding="utf-8")
    assert "Only the first 2 articles are shown; 5 more are in the output." in text
    assert [f"<bdi>n{n}</bdi>" in text for n in range(3)] == [True, True, False]


def test_one_article_leaves_a_page(tmp_path: Path) -> None:
    summarize_article(ARTICLE, model=MODEL, report=str(tmp_path / "s.html"))
    assert "نادي الوحدة | مع ضيفه" in "".join(read((tmp_path / "s.html").read_text(encoding="utf-8")).text)


@pytest.mark.parametrize(
    ("inputs", "out", "report", "message"),
    [
        (["x.jsonl"], None, "s.html", "needs its output in a local file: give --out, found none"),
        (["-"], "o.jsonl", "s.html", "give a file in place of standard input"),
        (["x.jsonl"], "o.jsonl", "./x.jsonl", "would replace"),
        (["x.jsonl"], "o.jsonl", "o.jsonl", "would replace"),
        (["x.jsonl"], "o.jsonl", "s.pdf", "a name that ends in .html, found s.pdf"),
    ],
)
def test_what_cannot_have_a_page_is_refused_before_anything_is_read(
    inputs: list[str], out: str | None, report: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        summarize_corpus(inputs, out, model=MODEL, report=report)


def test_a_pipe_is_not_read_again_for_a_page(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match=r"pipe is a pipe: give a file"):
        summarize_corpus([str(pipe)], str(tmp_path / "o.jsonl"), model=MODEL, format="jsonl", report="s.html")


def test_a_page_that_cannot_be_written_is_known_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    page, out = str(tmp_path / "file" / "s.html"), tmp_path / "o.jsonl"
    with pytest.raises(OutputError, match="cannot be written"):
        summarize_corpus([str(corpus(tmp_path, 3))], str(out), model=MODEL, report=page)
    assert not out.exists()
    with pytest.raises(OutputError, match="cannot be written"):
        summarize_article(ARTICLE, model=MODEL, report=page)


def test_where_there_is_no_room_for_the_page_a_retry_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, out = tmp_path / "s.html", str(tmp_path / "o.jsonl")
    inputs = [str(corpus(tmp_path, 3))]

    def full(*_: object) -> None:
        raise OutputError(f"{page} cannot be written: No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("mujaz.inference.summary_page.write_page", full)
        with pytest.raises(
            OutputError, match=r"The results are whole in .*o\.jsonl; the same command with --retry-errors"
        ):
            summarize_corpus(inputs, out, model=MODEL, report=str(page))
    done = summarize_corpus(inputs, out, model=MODEL, report=str(page), retry_errors=True)
    assert done.kept == done.records - done.errors > 0
    assert "fake & model" in "".join(read(page.read_text(encoding="utf-8")).text)


@pytest.mark.slow
def test_the_page_fits_a_small_window(tmp_path: Path) -> None:
    if BROWSER is None:
        pytest.skip("no Chromium on the path")
    summarize_article(ARTICLE * 5, model=MODEL, report=str(tmp_path / "s.html"))
    title = "document.title = `${r.scrollWidth}/${r.clientWidth}`"
    probe = f"<script>onload = () => {{ const r = document.documentElement; {title}; }}</script>"
    text = (tmp_path / "s.html").read_text(encoding="utf-8")
    (tmp_path / "probe.html").write_text(text + probe, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000", "--window-size=500,900"]
    command = [BROWSER, *options, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    done = subprocess.run([*command, (tmp_path / "probe.html").as_uri()], capture_output=True, timeout=120, check=True)
    found = re.search(rb"<title>(\d+)/(\d+)</title>", done.stdout)
    assert found is not None
    assert int(found[1]) <= int(found[2])
