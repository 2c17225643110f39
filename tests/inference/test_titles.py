"""Titles before their texts, as a training that names a column of titles sets them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mujaz.cli import cli
from mujaz.configs.data_schema import ColumnsConfig
from mujaz.configs.loading import check_config
from mujaz.errors import DataError, UsageError
from mujaz.formats import Row
from mujaz.inference.classify import classify_corpus
from mujaz.inference.records import BadRecord, Columns, Record, RecordMaker
from mujaz.inference.runner import Hooks
from mujaz.inference.sinks import summary_file
from mujaz.inference.sources import FIRST_ROWS, open_corpus
from mujaz.models.checkpoint import DataInfo, read_info, write_info
from mujaz.training.data import read_examples
from mujaz.training.job import checkpoint_info, prepare
from tests.conftest import TinyConfig, write_jsonl

TITLES: list[Any] = ["عنوان الخبر", None, " ", "nan", 7, float("nan"), "\ud83d"]
COLUMNS = Columns(title="head")


def made(values: dict[str, Any], clean: Callable[[str], str] | None = None) -> Record | BadRecord:
    return RecordMaker(COLUMNS, several_files=False, clean=clean)(Row(values, "news.csv", 1))


def text_of(record: Record | BadRecord) -> str:
    assert isinstance(record, Record)
    return record.text


def call(*arguments: str | Path) -> str:
    result = CliRunner().invoke(cli, [*map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stderr


@pytest.mark.parametrize("title", TITLES)
def test_a_text_is_the_one_that_a_training_reads(title: Any) -> None:
    row = {"text": "نص الخبر", "label": "a", "head": title}
    (example,) = read_examples([row], "topic", ColumnsConfig(title="head"))
    assert text_of(made(row)) == example.text
    assert example.text.startswith("عنوان") == (title == TITLES[0])


def test_a_text_that_is_missing_is_not_made_up_for_by_its_title() -> None:
    record = made({"text": None, "head": "عنوان"})
    assert isinstance(record, BadRecord)
    assert record.reason == "the text is missing"


def test_what_is_cleaned_has_its_title() -> None:
    assert text_of(made({"text": "نص", "head": "عنوان"}, clean=lambda text: text + "!")) == "عنوان\nنص!"


def test_some_inputs_may_lack_titles_and_not_all(tmp_path: Path) -> None:
    late = [{"text": "نص"}] * (FIRST_ROWS + 5)
    titled = str(write_jsonl(tmp_path / "titled.jsonl", [*late, {"text": "نص", "head": "عنوان"}]))  # type: ignore[list-item]
    bare = str(write_jsonl(tmp_path / "bare.jsonl", [{"text": "نص آخر"}]))
    corpus = open_corpus([bare, titled], COLUMNS)
    assert corpus.note == f"no column 'head' in 1 of 2 inputs: read without titles ({bare})"
    texts = [text_of(record) for record in corpus]
    assert (texts[0], texts[-1]) == ("نص آخر", "عنوان\nنص")
    for name in (bare, str(tmp_path / "a.txt")):
        (tmp_path / "a.txt").write_text("نص", encoding="utf-8")
        with pytest.raises(DataError, match="no column 'head'; columns found: .*'text'"):
            open_corpus([name], COLUMNS)


@pytest.fixture
def news(tmp_path: Path) -> Path:
    rows: list[dict[str, object]] = [
        {"text": f"ارتفعت الأسعار {i}", **({"head": f"فاز الفريق {i}"} if i % 3 else {})} for i in range(9)
    ]
    write_jsonl(
        tmp_path / "joined.jsonl", [{"text": f"{r['head']}\n{r['text']}" if "head" in r else r["text"]} for r in rows]
    )
    return write_jsonl(tmp_path / "news.jsonl", rows)


def test_commands_read_titles_before_texts(news: Path, trained: Callable[[str], Path], tmp_path: Path) -> None:
    joined, out, expected = tmp_path / "joined.jsonl", tmp_path / "out.jsonl", tmp_path / "expected.jsonl"
    jobs: list[list[str | Path]] = [
        ["classify", "--all-probabilities", "--model", trained("topic")],
        ["summarize", "--engine", "torch", "--model", trained("summary")],
    ]
    for job in jobs:
        call(*job, joined, "--device", "cpu", "--force", "--out", expected)
        call(*job, news, "--device", "cpu", "--force", "--out", out, "--title-column", "head")
        assert out.read_bytes() == expected.read_bytes()
    config = tmp_path / "run.json"
    asked = {"models": {"topic": str(trained("topic"))}, "device": "cpu", "force": True}
    for source, more, to in ((joined, {}, expected), (news, {"title_column": "head"}, out)):
        config.write_text(json.dumps({**asked, **more, "inputs": [str(source)], "out": str(to)}), encoding="utf-8")
        call("run", config)
    assert out.read_bytes() == expected.read_bytes()


def test_another_column_of_titles_is_another_run(trained: Callable[[str], Path], tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": "فاز الفريق", "head": f"عنوان {i}"} for i in range(600)]
    source, out, done = write_jsonl(tmp_path / "news.jsonl", rows), tmp_path / "out.jsonl", iter(range(1))
    how: dict[str, Any] = {"model": trained("topic"), "device": "cpu"}
    hooks = Hooks(stop=lambda: next(done, None) is None)
    assert classify_corpus([str(source)], str(out), hooks=hooks, **how).records == 512
    with pytest.raises(UsageError, match=r"\(columns\.title: None then, head now\)"):
        classify_corpus([str(source)], str(out), columns=COLUMNS, **how)
    classify_corpus([str(source)], str(out), **how)
    columns = json.loads(summary_file(out).read_bytes())["asked"]["columns"]
    assert columns == {"text": "text", "id": None, "target": None, "keep": [], "clean_article": False}
    with pytest.raises(UsageError, match=r"columns\.title differ"):
        classify_corpus([str(source)], str(out), columns=COLUMNS, retry_errors=True, **how)


@pytest.mark.parametrize(("titled", "warned"), [(1.0, True), (0.5, False), (None, False)])
def test_a_model_that_learnt_titles_is_not_asked_without_them_in_silence(
    news: Path, trained: Callable[[str], Path], tmp_path: Path, titled: float | None, warned: bool
) -> None:
    model = Path(shutil.copytree(trained("topic"), tmp_path / "model"))
    info = read_info(model)
    assert info is not None
    assert info.data is not None
    write_info(model, info.model_copy(update={"data": info.data.model_copy(update={"titled": titled})}))
    asked: list[str | Path] = ["classify", news, "--device", "cpu", "--force", "--out", tmp_path / "o.jsonl"]
    for models in (["--model", model], ["--model", f"a={model}", "--model", f"b={trained('topic')}"]):
        assert ("no column of titles is named" in call(*asked, *models)) == warned
        assert "no column of titles" not in call(*asked, *models, "--title-column", "head")


def test_a_checkpoint_says_how_many_of_its_texts_had_titles(
    topic_file: Path, tiny_config: TinyConfig, tmp_path: Path
) -> None:
    rows = [json.loads(line) for line in topic_file.read_text(encoding="utf-8").splitlines()]
    file = write_jsonl(tmp_path / "titled.jsonl", [{**row, "title": f"عنوان {i}"} for i, row in enumerate(rows)])
    config = tiny_config("topic", file, tmp_path / "run")

    def said() -> DataInfo:
        info = checkpoint_info(prepare(check_config(config, "test")))
        assert info.data is not None
        assert info.expects_titles == (info.data.titled == 1)
        return info.data

    assert said().titled is None
    config["data"]["columns"] = {"title": "title"}
    assert said().titled == 1
    config["data"]["augmentation"] = {"title": 1.0}
    assert said().titled == 0.5
