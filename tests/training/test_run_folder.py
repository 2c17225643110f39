"""The folder of a run: one training at a time, and nothing in it that is somebody's is written over or removed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mujaz import train
from mujaz.configs.loading import check_config
from mujaz.configs.pretrain_schema import PretrainConfig
from mujaz.configs.schema import TrainConfig
from mujaz.errors import OutputError, UsageError
from mujaz.training import resume
from mujaz.training.folds import train_folds
from mujaz.training.pretrain import pretrain
from mujaz.training.resume import alone, begin_run, goes_on, open_run
from mujaz.training.search import search
from mujaz.whole_files import write_whole
from tests import fork_server

TinyConfig = Callable[..., dict[str, Any]]
HOLD = """
import sys
from pathlib import Path
from mujaz.training.resume import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
SEARCH = {"trials": 1, "space": {"training.batch_size": [8, 16]}}


@pytest.fixture
def settings(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> dict[str, Any]:
    return tiny_config("topic", topic_file, tmp_path / "run", max_steps=1, evaluations=1)


@pytest.fixture
def two_steps(settings: dict[str, Any]) -> dict[str, Any]:
    step = {"data": {"train": settings["data"]["train"]}, "training": settings["training"]}
    return {**settings, "intermediate": step}


def _config(settings: dict[str, Any]) -> TrainConfig:
    return check_config(settings, "test")


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _write(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("mine", encoding="utf-8")


def _pretraining(tmp_path: Path, corpus: Path) -> PretrainConfig:
    data, output = {"train": str(corpus)}, str(tmp_path / "run")
    return PretrainConfig.model_validate(
        {"objective": "masked-words", "output": output, "data": data, "model": {"vocab_size": 200}}
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no locks")
@pytest.mark.parametrize("kind", ["train", "step before", "folds", "search"])
def test_another_process_at_work_is_let_be_and_a_killed_one_is_not_waited_for(
    kind: str, settings: dict[str, Any], two_steps: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "run"

    def start() -> object:
        if kind == "folds":
            folds = {**settings["data"], "folds": 2, "test_fraction": 0.0}
            return train_folds(_config({**settings, "data": folds}), restart=True)
        if kind == "search":
            pytest.importorskip("optuna")
            return search(_config({**settings, "search": SEARCH}), restart=True)
        return train(_config(two_steps if kind == "step before" else settings), restart=True)

    with fork_server.start("-c", HOLD, str(folder), stdin=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match=r"another training is at work in .*run: let it end"):
            start()
        assert list(folder.iterdir()) == []
        other.send_signal(signal.SIGKILL)
    start()


@pytest.mark.skipif(sys.platform == "win32", reason="no locks")
def test_a_folder_is_free_though_a_forked_process_lives_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    real = os.open

    def shared(*given: Any) -> int:
        opened = real(*given)
        kept.append(os.dup(opened))  # as a process has it that is forked now
        return opened

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", shared)
        with alone(tmp_path):
            pass
    with alone(tmp_path):
        pass
    for one in kept:
        os.close(one)


def test_a_folder_that_cannot_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)  # root reads all folders
    with pytest.raises(OutputError, match="cannot be written or read: Permission denied"), alone(tmp_path):
        pass


@pytest.mark.parametrize("restart", [False, True])
def test_a_folder_that_is_somebodys_costs_no_step_before(
    restart: bool, two_steps: dict[str, Any], tmp_path: Path
) -> None:
    _write(tmp_path / "run", "README.md")
    lines: list[str] = []
    with pytest.raises(UsageError, match=r"is no run and holds README\.md"):
        train(_config(two_steps), restart=restart, report=lines.append)
    assert (_files(tmp_path / "run"), lines) == (["README.md"], [])


def test_a_finished_run_costs_no_step_before(
    settings: dict[str, Any], two_steps: dict[str, Any], tmp_path: Path
) -> None:
    train(_config(settings))
    with pytest.raises(UsageError, match=r"another config \(different: model\.name"):
        train(_config(two_steps))
    assert not (tmp_path / "run" / "intermediate").exists()


@pytest.mark.parametrize(
    "name",
    [
        *("mujaz.json", "tokenizer.json", "tokenizer_config.json", "predictions.jsonl", "report.html"),
        *("generation_config.json", "model-00001-of-00002.safetensors", "teacher/key.json", "adapter/weights"),
    ],
)
def test_what_a_training_writes_over_is_kept(name: str, settings: dict[str, Any], tmp_path: Path) -> None:
    _write(tmp_path / "run", name)
    with pytest.raises(UsageError, match=rf"is no run and holds {name.split('/')[0]}, which"):
        train(_config(settings), restart=True)
    assert _files(tmp_path / "run") == [name]


@pytest.mark.parametrize("name", ["shards/mine.bin", "tokenizer.json", "tokenizer_config.json", "mujaz.json"])
def test_what_a_pretraining_writes_over_is_kept(name: str, topic_file: Path, tmp_path: Path) -> None:
    _write(tmp_path / "run", name)
    with pytest.raises(UsageError, match=rf"is no run and holds {name.split('/')[0]}, which"):
        pretrain(_pretraining(tmp_path, topic_file), restart=True)
    assert _files(tmp_path / "run") == [name]


def test_what_a_run_does_not_write_over_may_stand_there(
    settings: dict[str, Any], topic_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page on it, in the folder of a pretraining or a search: neither writes one."""
    pytest.importorskip("optuna")
    _write(tmp_path / "run", "README.md")
    search(_config({**settings, "search": SEARCH}))
    assert (tmp_path / "run" / "README.md").read_text(encoding="utf-8") == "mine"
    _write(tmp_path / "other" / "run", "README.md")

    def opened(config: PretrainConfig, **how: Any) -> None:
        assert not goes_on(config, **how)
        raise OutputError("opened")

    monkeypatch.setattr("mujaz.training.pretrain.open_run", opened)
    with pytest.raises(OutputError, match="opened"):
        pretrain(_pretraining(tmp_path / "other", topic_file))


@pytest.mark.parametrize("name", ["trials/mine.txt", "intermediate/mine.txt", "search.journal", "best.yaml"])
def test_a_search_that_begins_again_removes_nothing_that_is_somebodys(
    name: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    pytest.importorskip("optuna")
    _write(tmp_path / "run", name)
    for restart in (False, True):
        with pytest.raises(UsageError, match=rf"is no run and holds {name.split('/')[0]}, which"):
            search(_config({**settings, "search": SEARCH}), restart=restart)
    assert _files(tmp_path / "run") == [name]


@pytest.mark.parametrize("file", ["config.yaml", "processes"])
def test_several_processes_that_fail_as_they_begin_may_begin_again(
    file: str, settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = write_whole

    def full(path: Path, data: bytes) -> None:
        if path.name == file:
            raise OutputError("the disk is full")
        real(path, data)

    monkeypatch.setattr(resume, "count", lambda: 2)
    with monkeypatch.context() as patch:
        patch.setattr(resume, "write_whole", full)
        with pytest.raises(OutputError, match="disk is full"):
            begin_run(_config(settings))
    assert open_run(_config(settings), restart=False) is None
    begin_run(_config(settings))
    assert _files(tmp_path / "run") == ["checkpoints/processes", "config.yaml"]


@pytest.mark.parametrize("name", ["folds.json", "fold-2/README.md"])
def test_a_cross_validation_refuses_before_its_first_fold(name: str, settings: dict[str, Any], tmp_path: Path) -> None:
    mine = tmp_path / "run" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine", encoding="utf-8")
    config = _config({**settings, "data": {**settings["data"], "folds": 2, "test_fraction": 0.0}})
    with pytest.raises(UsageError, match=rf"is no run and holds {mine.name}"):
        train_folds(config, restart=True)
    assert mine.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "run" / "fold-1").exists()
