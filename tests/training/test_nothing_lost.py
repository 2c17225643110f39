"""Trainings that are killed, run out of disk or memory, or stop learning: nothing is lost, and one line says what to do."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file
from transformers import Trainer, TrainerCallback

from mujaz import train
from mujaz.configs.loading import check_config
from mujaz.configs.schema import TrainConfig
from mujaz.errors import OutputError, TrainingError, UsageError
from mujaz.training import train as train_module
from mujaz.training.job import Job
from mujaz.training.resume import alone, begin_run, last_checkpoint, open_run
from tests import fork_server

TinyConfig = Callable[..., dict[str, Any]]

# Dropout, accumulation, early stopping; logs, evaluations and checkpoints at different steps: 60 steps, a log every third.
HARD = {
    "batch_size": 4,
    "gradient_accumulation": 2,
    "epochs": 12,
    "evaluations": 7,
    "save_every": 7,
    "patience": None,
}
SHOWN = ("step", "epoch", "loss", "grad_norm", "learning_rate", "eval_loss", "eval_macro_f1", "eval_accuracy")


def test_what_several_processes_leave_before_they_have_data_is_no_run(
    tiny_config: TinyConfig, topic_file: Path, tmp_path: Path
) -> None:
    """Nor is a step before it; a checkpoint is one."""
    config = check_config(tiny_config("topic", topic_file, tmp_path / "run"), "test")
    other = check_config(tiny_config("topic", topic_file, tmp_path / "run", epochs=9), "test")
    begin_run(config)
    for left in ("checkpoints/processes", "intermediate/config.yaml"):
        (tmp_path / "run" / left).parent.mkdir()
        (tmp_path / "run" / left).write_text("2", encoding="utf-8")
    assert open_run(other, restart=False) is None
    begin_run(other)
    (tmp_path / "run" / "checkpoints" / "checkpoint-3").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"another config \(different: training.epochs\)"):
        open_run(config, restart=False)


def _hard(data: dict[str, Any]) -> TrainConfig:
    data["model"]["scratch"]["dropout"] = 0.1
    return check_config(data, "test")


def _curve(folder: Path) -> list[dict[str, Any]]:
    """All that was logged, less the seconds it took."""
    log = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["log"]
    return [{name: entry[name] for name in SHOWN if name in entry} for entry in log]


def _assert_same_run(folder: Path, whole: Path) -> None:
    weights, expected = load_file(folder / "model.safetensors"), load_file(whole / "model.safetensors")
    assert set(weights) == set(expected)
    different = [name for name in expected if not torch.equal(weights[name], expected[name])]
    assert not different
    written = {path.name for path in whole.glob("*.json*")} - {"metrics.json"}  # which has times
    assert {"config.json", "mujaz.json", "predictions.jsonl", "tokenizer.json", "tokenizer_config.json"} <= written
    for name in written:
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name
    assert _curve(folder) == _curve(whole)


class _Stop(BaseException):
    """Stands in for a kill within this process: no handler of the library catches it."""


def _stops_at(step: int) -> TrainerCallback:
    class StopAt(TrainerCallback):
        def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step == step:
                raise _Stop

    return StopAt()


def _stopped(config: TrainConfig, step: int) -> None:
    """A training that stops before the update after ``step``."""
    build = train_module.build_trainer

    def with_stop(job: Job, **options: Any) -> Trainer:
        trainer = build(job, **options)
        trainer.add_callback(_stops_at(step))
        return trainer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_module, "build_trainer", with_stop)
        with pytest.raises(_Stop):
            train(config)


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory, tiny_config: TinyConfig, topic_file: Path) -> Path:
    """A training that nothing interrupted."""
    torch.set_num_threads(1)
    return train(_hard(tiny_config("topic", topic_file, tmp_path_factory.mktemp("whole") / "run", **HARD))).folder


@pytest.mark.parametrize(
    "there", ["checkpoints/mine/model.bin", "tensorboard/events", "model.safetensors", "README.md"]
)
def test_what_no_run_left_in_a_folder_is_not_written_over(
    there: str, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    file = tmp_path / "project" / there
    file.parent.mkdir(parents=True)
    file.write_text("mine", encoding="utf-8")
    config = check_config(tiny_config("topic", topic_file, tmp_path / "project"), "test")
    for restart in (False, True):
        with pytest.raises(UsageError, match=rf"project is no run and holds {there.split('/')[0]}, which a run would"):
            train(config, restart=restart)
    assert [path for path in (tmp_path / "project").rglob("*") if path.is_file()] == [file]


def test_two_trainings_in_one_folder_do_not_take_each_others_checkpoints(
    topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    config = check_config(tiny_config("topic", topic_file, tmp_path / "run"), "test")
    with alone(tmp_path / "run"):
        for restart in (False, True):
            with pytest.raises(UsageError, match=r"another training is at work in .*run: let it end"):
                train(config, restart=restart)
    with alone(tmp_path / "run"):  # free again
        assert list((tmp_path / "run").iterdir()) == []


def test_a_killed_training_ends_like_one_that_was_not(
    whole_run: Path, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    chance = random.Random(0 if "CI" in os.environ else None)
    step, later = 3 * chance.randint(3, 19), chance.uniform(0, 0.03)
    data = tiny_config("topic", topic_file, tmp_path / "run", **HARD)
    data["model"]["scratch"]["dropout"] = 0.1
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    command = ["-m", "mujaz", "train", str(tmp_path / "run.yaml")]
    with fork_server.start(*command, stdout=subprocess.DEVNULL) as process:
        for line in process.stderr or ():
            if line.startswith(f"step {step}/"):
                break
        try:
            process.wait(later)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, f"not killed at step {step}"
    assert not (tmp_path / "run" / "metrics.json").exists()
    again = fork_server.run(*command)
    assert again.returncode == 0, again.stderr
    assert "resuming from checkpoint-" in again.stderr, f"killed {later} s after step {step}"
    _assert_same_run(tmp_path / "run", whole_run)


@pytest.mark.parametrize("step", [2, 35])  # before any checkpoint, at an epoch's end
def test_wherever_it_stops_the_curve_and_the_weights_are_the_same(
    step: int, whole_run: Path, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    config = _hard(tiny_config("topic", topic_file, tmp_path / "run", **HARD))
    _stopped(config, step)
    train(config)
    _assert_same_run(tmp_path / "run", whole_run)


@pytest.mark.parametrize("at_end", [False, True])
def test_a_run_that_was_moved_goes_on(
    at_end: bool, whole_run: Path, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    """At its end the Trainer saves no more, and has to find the best checkpoint where it lies now."""
    old, new = tmp_path / "run", tmp_path / "moved"
    config = _hard(tiny_config("topic", topic_file, old, **HARD))
    if at_end:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(train_module, "_finish", lambda *_: (_ for _ in ()).throw(_Stop))
            with pytest.raises(_Stop):
                train(config)
    else:
        _stopped(config, 40)
    old.rename(new)
    train(_hard(tiny_config("topic", topic_file, new, **HARD)))
    _assert_same_run(new, whole_run)
    assert str(new) in (new / "config.yaml").read_text(encoding="utf-8")


def test_a_training_that_ended_is_not_trained_on(
    whole_run: Path, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the last step, while it was scored."""
    config = _hard(tiny_config("topic", topic_file, tmp_path / "run", **HARD))
    with monkeypatch.context() as patch:
        patch.setattr(train_module, "_finish", lambda *_: (_ for _ in ()).throw(_Stop))
        with pytest.raises(_Stop):
            train(config)
    monkeypatch.setattr(Trainer, "train", lambda *_, **__: pytest.fail("trained on"))
    train(config)
    _assert_same_run(tmp_path / "run", whole_run)


def _stopped_at_the_end(config: TrainConfig) -> None:
    """Train, and stop behind the last step, before anything is saved but its checkpoint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_module, "_finish", lambda *_: (_ for _ in ()).throw(_Stop))
        with pytest.raises(_Stop):
            train(config)


@pytest.mark.parametrize("at_end", [False, True])
def test_early_stopping_counts_on(at_end: bool, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    settings = {**HARD, "epochs": 6, "patience": 2}

    def config(name: str) -> TrainConfig:
        return _hard(tiny_config("topic", topic_file, tmp_path / name, **settings))

    whole = train(config("whole"))
    assert whole.steps < 30  # it did stop early
    if at_end:
        _stopped_at_the_end(config("run"))
    else:
        _stopped(config("run"), whole.steps - 2)
    assert train(config("run")).steps == whole.steps
    _assert_same_run(tmp_path / "run", whole.folder)


@pytest.mark.parametrize("at_end", [False, True])
def test_a_killed_summarizer_too(at_end: bool, summary_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    settings = {"epochs": 2, "evaluations": 2, "save_every": 2, "gradient_accumulation": 2}

    def config(name: str) -> TrainConfig:
        return _hard(tiny_config("summary", summary_file, tmp_path / name, **settings))

    train(config("whole"))
    if at_end:
        _stopped_at_the_end(config("run"))
    else:
        _stopped(config("run"), 3)
    train(config("run"))
    _assert_same_run(tmp_path / "run", tmp_path / "whole")


def test_a_half_written_checkpoint_is_passed_over(tmp_path: Path) -> None:
    for step, state in ((5, "{}"), (10, '{"global'), (15, None)):
        (tmp_path / f"checkpoint-{step}").mkdir()
        if state is not None:
            (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(state, encoding="utf-8")
    found = last_checkpoint(tmp_path)
    assert found is not None
    assert found.name == "checkpoint-5"
    assert last_checkpoint(tmp_path / "none") is None


def _disk_full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_full_disk_keeps_the_last_good_checkpoint(
    whole_run: Path, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _hard(tiny_config("topic", topic_file, tmp_path / "run", **HARD))
    save = Trainer._save_rng_state  # comes after the weights and the optimizer's state: the checkpoint is half written

    def full_at_14(trainer: Trainer, folder: str) -> None:
        _disk_full() if trainer.state.global_step >= 14 else save(trainer, folder)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_save_rng_state", full_at_14)
        with pytest.raises(OutputError, match="disk is full.*last good checkpoint.*run the same command") as raised:
            train(config)
    assert "\n" not in str(raised.value)
    left = sorted(path.name for path in (tmp_path / "run" / "checkpoints").iterdir())
    assert left == ["checkpoint-7", "checkpoint-9", "data"]  # what was half written makes room
    train(config)
    _assert_same_run(tmp_path / "run", whole_run)


def test_a_disk_that_is_full_at_the_end(
    topic_file: Path, tmp_path: Path, tiny_config: TinyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = check_config(tiny_config("topic", topic_file, tmp_path / "run", epochs=1), "test")
    with monkeypatch.context() as patch:
        patch.setattr("mujaz.models.saving.write_info", _disk_full)
        with pytest.raises(OutputError, match="disk is full.*run the same command"):
            train(config)
    lines: list[str] = []
    assert train(config, report=lines.append).steps == 5
    assert "resuming from checkpoint-5 (--restart begins again)" in lines


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"
        ),
        MemoryError(),
    ],
)
def test_out_of_memory_says_what_to_lower(
    error: Exception, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Trainer, "training_step", full)
    with pytest.raises(TrainingError, match=r"out of memory.*training\.batch_size.*model\.max_length"):
        train(check_config(tiny_config("topic", topic_file, tmp_path / "run"), "test"))


def test_a_loss_that_is_no_number_stops_the_run_before_it_is_saved(
    topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    data = tiny_config("topic", topic_file, tmp_path / "run", learning_rate=1e30, warmup=0.0, save_every=3, epochs=40)
    with pytest.raises(
        TrainingError, match=r"loss became nan at step \d+.*learning_rate.*precision=float32.*--restart"
    ):
        train(check_config(data, "test"))
    assert last_checkpoint(tmp_path / "run" / "checkpoints") is None


def test_a_loss_of_zero_stops_the_run(
    topic_file: Path, tmp_path: Path, tiny_config: TinyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = train_module.build_trainer

    def dead(job: Job, **options: Any) -> Trainer:
        trainer = build(job, **options)
        trainer.compute_loss_func = lambda outputs, labels, num_items_in_batch: 0.0 * outputs["logits"].sum()
        return trainer

    monkeypatch.setattr(train_module, "build_trainer", dead)
    with pytest.raises(TrainingError, match=r"loss is exactly 0 at step \d+.*precision=float32.*mujaz check"):
        train(check_config(tiny_config("topic", topic_file, tmp_path / "run"), "test"))
