"""What was read and written for the embedded models is whole: labels of known names, no article or headline twice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from mujaz.formats import read_rows
from mujaz.models.checkpoint import EMBEDDED, read_info

ROOT = Path(__file__).resolve().parents[2]
TRAINING, BENCHMARKS = ROOT / "training", ROOT / "benchmarks"


def _topics() -> set[str]:
    info = read_info(EMBEDDED / "topic")
    assert info is not None
    return {*(info.labels or []), "other"}


def _rows(file: Path) -> list[dict[str, Any]]:
    rows = [dict(row.values) for row in read_rows(str(file))]
    assert rows
    return rows


@pytest.mark.parametrize(
    "file",
    [
        TRAINING / "topic_labels.jsonl",
        BENCHMARKS / "topic_read.jsonl",
        BENCHMARKS / "topic_read_once.jsonl",
        *(TRAINING / f"headline_{kind}{part}.jsonl" for kind in ("labels", "judged") for part in ("", "_dev")),
        BENCHMARKS / "headlines_saudi.jsonl",
    ],
    ids=lambda file: file.stem,
)
def test_articles_are_named_once_and_not_quoted(file: Path) -> None:
    rows = _rows(file)
    articles = [row["article"] for row in rows]
    assert len(set(articles)) == len(articles)
    assert all(re.fullmatch("[0-9a-f]{16}", article) for article in articles)
    assert not re.search("[\u0621-\u064a]", file.read_text(encoding="utf-8"))


def test_topics_that_were_read_are_known() -> None:
    known = _topics()
    read = _rows(TRAINING / "topic_labels.jsonl")
    assert {row["label"] for row in read} == known
    assert {row["or"] for row in read if "or" in row} <= known
    for name in ("topic_read", "topic_read_once"):
        labels = [row["labels"] for row in _rows(BENCHMARKS / f"{name}.jsonl")]
        assert {label for one in labels for label in one} <= known
        assert all(0 < len(one) == len(set(one)) for one in labels)


def test_no_article_of_the_training_is_one_of_the_tests() -> None:
    trained = {row["article"] for row in _rows(TRAINING / "topic_labels.jsonl")}
    for name in ("topic_read", "topic_read_once"):
        assert not trained & {row["article"] for row in _rows(BENCHMARKS / f"{name}.jsonl")}


def test_items_that_were_written_have_a_topic_and_stand_once() -> None:
    rows = _rows(TRAINING / "topic_written.jsonl")
    assert {row["label"] for row in rows} == _topics()
    titles = [row["title"] for row in rows]
    assert len(set(titles)) == len(titles)
    tests = {row["text"] for row in _rows(BENCHMARKS / "topic_headlines.jsonl")}
    for row in rows:
        assert set(row) == {"title", "text", "label"}
        assert len(row["title"].split()) >= 2
        assert len(row["text"].split()) >= 5
        assert row["title"] not in tests
