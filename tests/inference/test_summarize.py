from __future__ import annotations

import csv
import io
import json
import types
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, cast

import pyarrow.parquet as pq
import pytest
from transformers import GenerationConfig

from mujaz.errors import DataError, UsageError
from mujaz.inference.records import Columns
from mujaz.inference.runner import Hooks
from mujaz.inference.summarize import Generation, read_article, summarize_article, summarize_corpus
from mujaz.inference.summary import RunSummary
from mujaz.models.recipes import get_recipe
from mujaz.models.summarizer import Finding, Summarizer, Summary


class FakeSummarizer:
    """The summary of a text is its first word."""

    description, note, constrains = "fake model", "", True
    identity: ClassVar = {"model": "fake"}
    encoder = types.SimpleNamespace(recipe=get_recipe("none"), clean_article=False)
    generation = GenerationConfig()
    info = types.SimpleNamespace(expects_titles=False)

    def __init__(self) -> None:
        self.calls: list[tuple[int, dict[str, Any]]] = []

    def summarize(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None, **options: Any
    ) -> list[Summary]:
        self.calls.append((len(texts), options))
        return [Summary(text.split()[0], -0.5, len(text), len(text.split()) > 3) for text in texts]


def summarizer(fake: FakeSummarizer) -> Summarizer:
    return cast(Summarizer, fake)


def test_a_corpus_gives_a_line_a_record(tmp_path: Path) -> None:
    source = tmp_path / "x.jsonl"
    rows = [{"id": n, "text": f"خبر{n} طويل" + " جدا" * (n % 4) if n % 5 else "", "title": n} for n in range(150)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    fake = FakeSummarizer()
    summary = summarize_corpus(
        [str(source)],
        str(tmp_path / "o.jsonl"),
        model=summarizer(fake),
        columns=Columns(keep=("title",)),
        generation=Generation(num_beams=2, max_new_tokens=30),
    )
    found = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in found] == list(range(150))
    assert found[7] == {
        "id": 7, "summary": "خبر7", "score": -0.5, "words": 0, "read": 1.0, "long": None, "truncated": True, "copied": 0.0,
        "findings": [], "error": None, "title": 7,
    }  # fmt: skip
    assert found[5] == {
        "id": 5, "summary": None, "score": None, "words": None, "read": None, "long": None, "truncated": None,
        "copied": None, "findings": None, "error": "the text is empty", "title": 5,
    }  # fmt: skip
    assert (summary.records, summary.errors, summary.truncated) == (
        150,
        30,
        sum(bool(line["truncated"]) for line in found),
    )
    assert summary.labels == {}
    assert fake.calls[0][1] == asdict(Generation(num_beams=2, max_new_tokens=30))


def test_summaries_to_check_are_counted_by_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    joined, number, word = Finding("joined", "ا ب | ج د"), Finding("number", "4"), Finding("word", "جديد")
    kinds = [(joined, joined, number), (joined,), (word, Finding("unsure")), (Finding("as_is"),)]

    def summarize(self: FakeSummarizer, texts: Sequence[str], **options: Any) -> list[Summary]:
        return [Summary(text, None, 1, False, findings=found) for text, found in zip(texts, kinds, strict=True)]

    monkeypatch.setattr(FakeSummarizer, "summarize", summarize)
    source = tmp_path / "x.jsonl"
    source.write_text('{"text": "خبر"}\n' * 4, encoding="utf-8")
    counts = summarize_corpus([str(source)], str(tmp_path / "o.jsonl"), model=summarizer(FakeSummarizer()))
    assert (counts.flagged, dict(counts.faults)) == (2, {"joined": 2, "number": 1})
    assert "to check: findings in 2 summaries (50.0%): joined 2, number 1" in str(counts)
    assert "as_is: 1 article no longer than a summary may be, given whole" in str(counts)
    assert "unsure: 1 article of which the model makes little" in str(counts)
    saved = json.loads((tmp_path / "o.jsonl.summary.json").read_text(encoding="utf-8"))
    assert (saved["flagged"], saved["faults"]) == (2, {"joined": 2, "number": 1})
    again = RunSummary.from_json(json.loads(json.dumps(counts.to_json())))  # as a run that goes on reads it
    assert (again.flagged, again.faults, again.notes) == (counts.flagged, counts.faults, counts.notes)


def test_a_text_file_is_one_article(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(f"{name[0]}1 ...\n\n{name[0]}2 ...\n", encoding="utf-8")
    sources = [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]
    summarize_corpus(sources, str(tmp_path / "o.csv"), model=summarizer(FakeSummarizer()))
    lines = (tmp_path / "o.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1:] == [
        f"{file},{first},-0.5,0,1.0,,true,0.0,[]," for file, first in zip(sources, ("a1", "b1"), strict=True)
    ]


def test_one_article() -> None:
    fake = FakeSummarizer()
    answer = summarize_article("خبر عاجل", model=summarizer(fake), generation=Generation(min_new_tokens=5))
    assert (answer.text, answer.score, answer.truncated) == ("خبر", -0.5, False)
    assert fake.calls[0][1]["min_new_tokens"] == 5
    with pytest.raises(DataError, match="the article is empty: there is nothing to summarize"):
        summarize_article(" \n", model=summarizer(fake))


def stdin(text: str) -> BinaryIO:
    return cast(BinaryIO, io.BytesIO(text.encode()))


def test_what_is_one_article_and_what_a_corpus(tmp_path: Path) -> None:
    for name in ("x.txt", "x.csv", "x.md"):
        (tmp_path / name).write_text("text\nفقرة\n", encoding="utf-8")
    (tmp_path / "f.txt").mkdir()
    assert read_article(str(tmp_path / "x.txt")) == "text\nفقرة\n"
    assert read_article(str(tmp_path / "x.txt"), format="txt") is None
    assert read_article(str(tmp_path / "x.csv")) is None
    assert read_article(str(tmp_path / "x.md"), format="article") == "text\nفقرة\n"
    assert read_article(str(tmp_path / "f.txt")) is None
    assert read_article("-", stdin=stdin("فقرة\nفقرة")) == "فقرة\nفقرة"
    assert read_article("-", stdin=stdin('{"text": "فقرة"}')) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "the article is empty"), ("خبر عاجل".encode("cp1256"), "windows-1256"), (b"a\0b", "byte 1 is zero")],
)
def test_an_article_that_cannot_be_read(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.txt").write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_article(str(tmp_path / "x.txt"))
    assert caught.value.file == str(tmp_path / "x.txt")
    with pytest.raises(DataError, match="no such file"):
        read_article(str(tmp_path / "no.txt"))


def test_a_trained_model_says_the_same_of_a_corpus_as_of_one_article(
    trained: Callable[[str], Path], summary_file: Path, tmp_path: Path
) -> None:
    model = Summarizer.from_pretrained(trained("summary"), device="cpu", precision="float32")
    summarize_corpus([str(summary_file)], str(tmp_path / "o.jsonl"), model=model)
    found = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text(encoding="utf-8").splitlines()]
    texts = [json.loads(line)["text"] for line in summary_file.read_text(encoding="utf-8").splitlines()]
    assert len(found) == len(texts)
    for text, line in list(zip(texts, found, strict=True))[::12]:
        assert line["summary"] == summarize_article(text, model=model).text


def test_an_article_is_stripped_once_whoever_asks_for_it(
    trained: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Summarizer.from_pretrained(trained("summary"), device="cpu", precision="float32")
    model.encoder = replace(model.encoder, clean_article=True)
    stripped: list[str] = []

    def strip(text: str) -> str:
        stripped.append(text)
        return text

    monkeypatch.setattr("mujaz.models.articles.clean_article", strip)
    monkeypatch.setattr("mujaz.models.writing.clean_article", strip)
    text = "فاز المنتخب في مباراة الكرة. وقال المتحدث إن الأمر مهم. وأضاف أن الخبر صحيح في يوم 3 من الشهر."
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": text}) + "\n", encoding="utf-8")
    for clean in (False, True):
        summarize_corpus(
            [str(tmp_path / "a.jsonl")], str(tmp_path / f"{clean}.jsonl"), model=model, clean_article=clean
        )
        summarize_article(text, model=model, clean_article=clean)
    assert stripped == [text] * 4
    assert model.encoder.clean_article


def test_one_article_is_read_by_torch_whether_a_conversion_is_at_hand_or_not(trained: Callable[[str], Path]) -> None:
    pytest.importorskip("ctranslate2")
    folder = trained("summary")
    assert "ctranslate2 int8" in Summarizer.from_pretrained(folder, device="cpu").description
    said: list[str] = []
    text = "فاز المنتخب في مباراة الكرة. وقال المتحدث إن الأمر مهم. وأضاف أن الخبر صحيح في يوم 3 من الشهر."
    for engine in ("auto", "ctranslate2"):
        summarize_article(text, model=folder, device="cpu", engine=engine, hooks=Hooks(started=said.append))
    assert ["ctranslate2" in line for line in said] == [False, True]


def test_candidates_are_a_field_where_they_were_asked_for(trained: Callable[[str], Path], tmp_path: Path) -> None:
    text = "فاز المنتخب في مباراة الكرة. وقال المتحدث إن الأمر مهم. وأضاف أن الخبر صحيح في يوم 3 من الشهر."
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": text}) + "\n", encoding="utf-8")
    model = Summarizer.from_pretrained(trained("summary"), device="cpu", precision="float32")
    for suffix in ("jsonl", "csv", "parquet"):
        out = str(tmp_path / f"o.{suffix}")
        summarize_corpus([str(tmp_path / "a.jsonl")], out, model=model, generation=Generation(candidates=2))
    line = json.loads((tmp_path / "o.jsonl").read_text(encoding="utf-8"))
    assert len(line["candidates"]) == 2
    assert line["candidates"][0]["summary"] == line["summary"]
    assert line["candidates"][0]["score"] >= line["candidates"][1]["score"]
    with (tmp_path / "o.csv").open(encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert json.loads(row["candidates"]) == line["candidates"]
    assert json.loads(pq.read_table(tmp_path / "o.parquet").to_pylist()[0]["findings"]) == line["findings"]


def test_options_are_checked_before_anything_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="length 'tiny' is not known: expected headline, short, long or a range"):
        summarize_article("خبر", model="no such model", generation=Generation(length="tiny"))
    with pytest.raises(UsageError, match="long 'middle' is not known"):
        summarize_corpus(["no.jsonl"], model="no such model", generation=Generation(long="middle"))
    with pytest.raises(UsageError, match="expected no allow_raw for a model that is loaded already"):
        summarize_corpus(["no.jsonl"], model=summarizer(FakeSummarizer()), allow_raw=True)
    with pytest.raises(UsageError, match="expected no engine for"):
        summarize_article("خبر", model=summarizer(FakeSummarizer()), engine="ctranslate2")


def test_an_engine_that_cannot_be_held_to_words_says_so() -> None:
    fake, lines = FakeSummarizer(), list[str]()
    fake.constrains = False
    hooks = Hooks(started=lines.append)
    summarize_article("خبر عاجل", model=summarizer(fake), generation=Generation(article_words=True), hooks=hooks)
    assert "candidates are ranked by them instead" in lines[0]


def test_a_pattern_is_a_corpus_and_no_article(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("خبر", encoding="utf-8")
    assert read_article(str(tmp_path / "a.txt")) == "خبر"
    assert read_article(str(tmp_path / "*.txt")) is None


def test_a_table_on_standard_input_is_known_by_its_text_column() -> None:
    for text, found in (("body", None), ("text", "id,body\n1,خبر\n")):
        assert read_article("-", stdin=io.BytesIO("id,body\n1,خبر\n".encode()), text=text) == found
