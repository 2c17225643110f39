"""Shorter copies of training texts: of those texts, with their labels, as many as asked for, the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from mujaz.configs.data_schema import AugmentationConfig
from mujaz.configs.loading import check_config
from mujaz.errors import ConfigError
from mujaz.training.augmentation import augmented
from mujaz.training.data import Example
from mujaz.training.job import prepare
from tests.conftest import TinyConfig

TEXT = "فاز الفريق بالمباراة أمس. وقال المدرب إن اللاعبين قدموا كل ما عندهم. وتنتهي البطولة بعد شهر من اليوم."
EXAMPLES = [Example(f"{TEXT} رقم {i}", "sport" if i % 2 else "money", f"هدف {i}", None, "file", i) for i in range(200)]


def test_nothing_is_added_unless_asked_for() -> None:
    assert augmented(EXAMPLES, None, 1) == EXAMPLES
    assert augmented(EXAMPLES, AugmentationConfig(), 1) == EXAMPLES


def test_first_sentences() -> None:
    copies = augmented(EXAMPLES, AugmentationConfig(first_sentence=1.0), 1)[len(EXAMPLES) :]
    assert [c.text for c in copies] == ["فاز الفريق بالمباراة أمس."] * len(EXAMPLES)
    assert [(c.label, c.target, c.row) for c in copies] == [(e.label, e.target, e.row) for e in EXAMPLES]


def test_cuts_are_stretches_of_their_texts() -> None:
    config = AugmentationConfig(cut=0.5, shortest_cut=3, longest_cut=6)
    copies = augmented(EXAMPLES, config, 1)[len(EXAMPLES) :]
    assert 70 < len(copies) < 130
    for copy in copies:
        assert f" {copy.text} " in f" {EXAMPLES[copy.row].text} "
        assert 3 <= len(copy.text.split()) <= 6
    assert len({copy.text for copy in copies}) > 20


def test_words_are_left_out_of_the_copies_alone() -> None:
    config = AugmentationConfig(cut=1.0, shortest_cut=10, longest_cut=10, word_dropout=0.3)
    result = augmented(EXAMPLES, config, 1)
    assert result[: len(EXAMPLES)] == EXAMPLES
    lengths = [len(copy.text.split()) for copy in result[len(EXAMPLES) :]]
    assert sum(lengths) / len(lengths) == pytest.approx(7, abs=0.4)
    assert min(lengths) >= 1


def test_same_seed_same_copies() -> None:
    config = AugmentationConfig(first_sentence=0.5, cut=0.5, word_dropout=0.1)
    assert augmented(EXAMPLES, config, 1) == augmented(EXAMPLES, config, 1)
    assert augmented(EXAMPLES, config, 1) != augmented(EXAMPLES, config, 2)


def test_a_job_trains_on_them_but_is_scored_without(tiny_config: TinyConfig, topic_file: Path, tmp_path: Path) -> None:
    config = tiny_config("topic", topic_file, tmp_path)
    config["data"]["augmentation"] = {"cut": 1.0, "shortest_cut": 2, "longest_cut": 3}
    job = prepare(check_config(config, "test"))
    rows = len(job.splits.train)
    assert len(job.train) == 2 * rows
    assert job.dev is not None
    assert len(job.dev) == len(job.splits.dev)
    assert f"{rows} shorter copies" in job.plan().lines()[0]
    assert job.plan().steps == 2 * rows // 8 * 12


def test_a_summary_is_never_of_a_cut_article(tiny_config: TinyConfig, summary_file: Path, tmp_path: Path) -> None:
    config = tiny_config("summary", summary_file, tmp_path)
    config["data"]["augmentation"] = {"cut": 1.0}
    with pytest.raises(ConfigError, match=r"data\.augmentation is for topic and stance"):
        check_config(config, "test")
