from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def reading() -> Any:
    """The module beside the script that uses it; it is no part of the package."""
    spec = importlib.util.spec_from_file_location("findings_reading", BENCHMARKS / "findings_reading.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def _labels(reading: Any, texts: list[str], verdicts: list[bool | None]) -> list[Any]:
    return [
        reading.Label("ant" if i < 3 else "argen", "test", i, reading.sum_of(text), verdict, why=f"reason {i}")
        for i, (text, verdict) in enumerate(zip(texts, verdicts, strict=True))
    ]


def test_precision_and_recall_are_those_counted_by_hand(reading: Any) -> None:
    texts = [f"ملخص {i}" for i in range(6)]
    labels = _labels(reading, texts, [True, False, True, True, False, False])
    flags = [{"joined"}, {"joined", "number"}, set(), {"number"}, set(), {"joined"}]
    written = {
        one.place: reading.Written(text, frozenset(kinds))
        for one, text, kinds in zip(labels, texts, flags, strict=True)
    }
    held, refused = reading.holding(labels, written)
    assert (held, refused) == (labels, [])
    lines = reading.scores(held, written)
    assert lines[0] == "6 labels hold"
    assert "all: 3 of 6 say" in lines[1]
    assert lines[1].endswith("4 are flagged, 2 rightly: precision 2 of 4 (50%), recall 2 of 3 (67%)")
    assert lines[2].endswith("precision 1 of 2 (50%), recall 1 of 2 (50%)")  # ant
    assert lines[3].endswith("precision 1 of 2 (50%), recall 1 of 1 (100%)")  # argen
    assert lines[4:] == [
        "flagged as joined: 3, rightly 1",
        "flagged as number: 2, rightly 1",
        "ant test 1: false alarm (joined, number): reason 1",
        "ant test 2: missed: reason 2",
        "argen test 5: false alarm (joined): reason 5",
    ]


def test_labels_of_other_texts_and_of_no_reader_are_refused(reading: Any) -> None:
    texts = ["أول", "ثان", "ثالث", "رابع"]
    labels = _labels(reading, texts, [True, None, False, None])
    now = ["أول", "ثان", "نص آخر", "نص آخر"]
    written = {one.place: reading.Written(text, frozenset()) for one, text in zip(labels, now, strict=True)}
    held, refused = reading.holding(labels, written)
    assert [one.place for one in held] == ["ant test 0"]
    assert refused[0].startswith(
        "refused: 2 of 4 labels whose summary is another text now (ant test 2, argen test 3): read"
    )
    assert refused[1].startswith("refused: 1 of 4 labels that nobody has judged (ant test 1)")
    assert "recall 0 of 1 (0%)" in reading.scores(held, written)[1]
    assert "precision of none" in reading.scores(held, written)[1]


def test_labels_are_written_once_and_read_back(reading: Any, tmp_path: Path) -> None:
    labels = _labels(reading, ["أول", "ثان"], [True, None])
    file = tmp_path / "labels.jsonl"
    reading.write_labels(file, labels)
    assert reading.read_labels(file) == labels
    with pytest.raises(FileExistsError):
        reading.write_labels(file, labels)
    file.write_text('{"set": "ant"}\n', encoding="utf-8")
    with pytest.raises(SystemExit, match=r"labels.jsonl:1: not a label"):
        reading.read_labels(file)


def test_the_labels_that_are_kept_hold_no_text_of_the_data(reading: Any) -> None:
    labels = reading.read_labels(BENCHMARKS / "findings_labels.jsonl")
    assert len({one.place for one in labels}) == len(labels) >= 100
    assert all(one.false is not None and one.why.isascii() and len(one.why.split()) <= 20 for one in labels)
    assert all(bool(one.false) == (one.finding is not None) for one in labels)
