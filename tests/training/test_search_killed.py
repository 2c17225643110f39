"""A search that is killed, wherever, tries and scores what one does that was not."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mujaz.configs.loading import check_config
from mujaz.configs.schema import TrainConfig
from mujaz.training.search import search

optuna = pytest.importorskip("optuna")

TinyConfig = Callable[..., dict[str, Any]]
SPACE = {"training.learning_rate": {"low": 1e-3, "high": 1e-1, "log": True}, "training.batch_size": [8, 16]}


class _KillError(BaseException):
    """Stands in for a kill within this process: neither we nor optuna catch it."""


@pytest.fixture(autouse=True)
def _prunes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Optuna would from the sixth trial on."""
    real = optuna.pruners.MedianPruner
    monkeypatch.setattr(optuna.pruners, "MedianPruner", lambda n_startup_trials: real(n_startup_trials=1))


@pytest.fixture
def searching(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> Callable[..., TrainConfig]:
    """``searching("run", trials=4, max_steps=1)``: a search in ``run``."""

    def make(name: str, trials: int, **training: Any) -> TrainConfig:
        data = tiny_config("topic", topic_file, tmp_path / name, **training)
        return check_config({**data, "search": {"trials": trials, "space": SPACE, "seed": 1}}, "test")

    return make


def _killed(config: TrainConfig, place: str, number: int) -> None:
    """A search that ends at the so manieth call of something."""
    real, calls = pkgutil.resolve_name(place), []

    def killing(*given: Any, **more: Any) -> Any:
        calls.append(place)
        if len(calls) == number:
            raise _KillError
        return real(*given, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, killing)
        with pytest.raises((_KillError, UnboundLocalError)):  # of optuna, where it is killed in its own cleaning up
            search(config)


def test_what_is_tried_and_scored_is_the_same(searching: Callable[..., TrainConfig]) -> None:
    often = {"epochs": 3, "evaluations": 3, "save_every": 1}
    undisturbed = search(searching("undisturbed", 3, **often)).trials
    assert [trial.state for trial in undisturbed] == ["complete", "pruned", "pruned"]
    config = searching("killed", 3, **often)
    _killed(config, "optuna.trial.Trial.suggest_categorical", 1)  # one setting of two is drawn
    _killed(config, "mujaz.training.search._Watch.on_evaluate", 2)
    _killed(config, "optuna.storages.JournalStorage.set_trial_state_values", 3)  # scored, and optuna does not know it
    _killed(config, "mujaz.training.search.write_whole", 1)  # the second was given up, and nothing says so
    assert search(config).trials == undisturbed


def test_what_a_kill_leaves_of_optunas_record_is_no_hindrance(searching: Callable[..., TrainConfig]) -> None:
    """A lock, for which optuna would wait half a minute, and half a line, which it would fail at."""
    folder = search(searching("run", 1, max_steps=1)).folder
    with (folder / "search.journal").open("ab") as file:
        file.write(b'{"op_code":4,"wor')
    (folder / "search.journal.lock").symlink_to(folder / "search.journal")
    for _ in range(2):
        assert len(search(searching("run", 2, max_steps=1)).trials) == 2
