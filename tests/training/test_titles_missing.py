"""A text is known again where its title is missing, or another."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mujaz import evaluate, train
from mujaz.configs.data_schema import DataConfig, SplitConfig
from mujaz.configs.loading import check_config
from mujaz.configs.pretrain_schema import PretrainDataConfig
from mujaz.models.recipes import get_recipe
from mujaz.training.checks import check_data, quick_check
from mujaz.training.checks_rows import rows_of_config
from mujaz.training.cutting import cut
from mujaz.training.data import Example, load_splits
from mujaz.training.distillation import taught
from mujaz.training.job import prepare
from mujaz.training.left_out import main as write_left_out
from mujaz.training.pretrain_texts import Documents
from mujaz.training.trained_texts import keep, seen
from tests.conftest import TinyConfig, write_jsonl

Trained = Callable[[str], Path]


@pytest.fixture
def titled(topic_file: Path, tmp_path: Path) -> Path:
    """The texts of ``topic_file``, each with a title."""
    rows = [json.loads(line) for line in topic_file.read_text(encoding="utf-8").splitlines()]
    return write_jsonl(tmp_path / "titled.jsonl", [{**row, "title": f"عنوان {i}"} for i, row in enumerate(rows)])


@pytest.mark.parametrize("side", ["trained on", "unlabelled"])
def test_dev_texts_are_not_taught(
    trained: Trained, tiny_config: TinyConfig, topic_file: Path, titled: Path, tmp_path: Path, side: str
) -> None:
    files = [titled, topic_file] if side == "trained on" else [topic_file, titled]
    config = tiny_config("topic", files[0], tmp_path / "run")
    config["distill"] = {"teacher": str(trained("topic")), "unlabelled": str(files[1])}
    config["data"]["columns"] = {"title": "title" if side == "trained on" else None}
    config["distill"]["columns"] = {"title": "title" if side == "unlabelled" else None}
    job = prepare(check_config(config, "test"))
    held_out = {e.body for e in job.splits.dev_and_test}
    assert job.config.distill is not None
    found = taught(job, job.config.distill, lambda line: None)
    assert {e.body for e in found.unlabelled} == {e.body for e in job.splits.train} - held_out


def test_a_title_that_is_a_dev_text_is_not_taught(
    trained: Trained, tiny_config: TinyConfig, topic_file: Path, tmp_path: Path
) -> None:
    config = tiny_config("topic", topic_file, tmp_path / "run")
    headline = load_splits(check_config(config, "test").data, "topic").dev[0].text
    rows: list[dict[str, object]] = [{"text": f"مقال {i}", "title": title} for i, title in enumerate([headline, "آخر"])]
    further = write_jsonl(tmp_path / "more.jsonl", rows)
    config["distill"] = {"teacher": str(trained("topic")), "unlabelled": str(further), "columns": {"title": "title"}}
    job = prepare(check_config(config, "test"))
    assert job.config.distill is not None
    assert [e.title for e in taught(job, job.config.distill, lambda line: None).unlabelled] == ["آخر"]


def test_what_a_training_leaves_out_is_not_pretrained_on(
    titled: Path, tiny_config: TinyConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tiny_config("topic", titled, tmp_path / "run")
    config["data"]["columns"] = {"title": "title"}
    (tmp_path / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    held_out = load_splits(check_config(config, "test").data, "topic").dev_and_test
    out = tmp_path / "out.jsonl"
    write_left_out([str(tmp_path / "config.yaml"), str(out)])
    assert capsys.readouterr().out == f"{3 * len(held_out)} texts\n"
    joined = write_jsonl(tmp_path / "joined.jsonl", [{"text": e.text} for e in held_out])
    apart = write_jsonl(tmp_path / "apart.jsonl", [{"text": e.body, "title": e.title} for e in held_out])
    for file in (joined, apart):
        assert not [*Documents(PretrainDataConfig(train=str(file), exclude=str(out)), get_recipe("news"))]


def test_what_was_trained_on_is_known(tmp_path: Path) -> None:
    bare = Example("نص", "a", None, None, "file", 1)
    full, other = (replace(bare, text=f"{title}\nنص", title=title) for title in ("عنوان", "آخر"))
    for name, learnt in (("bare", bare), ("full", full)):
        (tmp_path / name).mkdir()
        keep(tmp_path / name, [learnt], [])
        assert seen([tmp_path / name], [bare, full, other, replace(bare, text="عنوان")]) == 3
    assert seen([tmp_path / "full"], [replace(bare, text=full.text)]) == 1  # as mujaz split writes it


def test_an_evaluation_says_so(titled: Path, topic_file: Path, tiny_config: TinyConfig, tmp_path: Path) -> None:
    config = tiny_config("topic", titled, tmp_path / "run", max_steps=1)
    config["data"] |= {"columns": {"title": "title"}, "dev_fraction": 0.25, "test_fraction": 0}
    folder = train(check_config(config, "test")).folder
    number = len(load_splits(check_config(config, "test").data, "topic").train)
    for columns in (None, {"title": "title"}):
        assert evaluate(folder, titled, columns=columns).trained_on == number
    assert evaluate(folder, topic_file).trained_on == number


BODIES = [" ".join(f"كلمة{(7 * i + j * (i + 1)) % 97}" for j in range(12)) for i in range(20)]


def test_a_check_finds_a_text_again_under_another_title(tiny_config: TinyConfig, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": text, "label": "ab"[i % 2]} for i, text in enumerate(BODIES)]
    train_file = write_jsonl(tmp_path / "train.jsonl", [{**row, "title": f"خبر {i}"} for i, row in enumerate(rows)])
    near: dict[str, object] = {
        "text": f"{BODIES[3]} ختام",
        "label": "b",
        "title": "عنوان طويل من كلمات كثيرة لا تشبه ذاك",
    }
    test_file = write_jsonl(tmp_path / "test.jsonl", [rows[0], {**rows[1], "title": "آخر"}, near])
    config = tiny_config("topic", train_file, tmp_path / "run")
    config["data"] |= {"columns": {"title": "title"}, "test": str(test_file)}
    config["data"].pop("test_fraction")
    checked = check_config(config, "test")
    found = {(f.kind, f.split): f.count for f in check_data(rows_of_config(checked)).findings}
    assert (found["leak", "test"], found["near leak", "test"]) == (2, 1)
    quick = [f.line for f in quick_check(load_splits(checked.data, "topic")) if f.kind == "leak" and f.split == "test"]
    assert sum(int(line.split("test ")[1].split()[0]) for line in quick) == 2


def test_a_text_under_two_titles_is_not_split_apart() -> None:
    titles = ["عنوان من كلمات كثيرة جدا لا تشبه غيرها أبدا هنا", "نبأ آخر قصير عاجل من مكان بعيد عن هذا كله اليوم مساء"]
    rows = [Example(f"{title}\n{body}", "a", None, None, "f", 1, title=title) for body in BODIES for title in titles]
    kept, taken = cut(rows, DataConfig(train="f", split=SplitConfig(by="near_duplicates")), 0.3, [])
    assert taken
    assert not {rows[i].body for i in kept} & {rows[i].body for i in taken}
