from __future__ import annotations

import importlib.util
import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import TrainerCallback, TrainingArguments
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

from mujaz import train
from mujaz.configs.loading import check_config
from mujaz.errors import ConfigError, MissingExtraError, TrainingError, UsageError
from mujaz.training import train as train_module
from mujaz.training.trackers import check_trackers, tracker_arguments

TinyConfig = Callable[..., dict[str, Any]]


def _scalars(folder: Path, name: str) -> list[tuple[int, float]]:
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = reading.EventAccumulator(str(folder))
    events.Reload()
    return [(event.step, event.value) for event in events.Scalars(name)]


def test_curves_for_tensorboard_stay_in_the_run_and_go_on_after_a_kill(
    topic_file: Path, tmp_path: Path, tiny_config: TinyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorboard")
    settings = {"epochs": 4, "evaluations": 2, "save_every": 4, "patience": None, "report_to": ["tensorboard"]}
    config = check_config(tiny_config("topic", topic_file, tmp_path / "run", **settings), "test")

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    build = train_module.build_trainer

    def stops_at_7(*given: Any, **options: Any) -> Any:
        trainer: Any = build(*given, **options)
        step = trainer.training_step
        trainer.training_step = lambda *a, **k: killed() if trainer.state.global_step == 7 else step(*a, **k)
        return trainer

    with monkeypatch.context() as patch:
        patch.setattr(train_module, "build_trainer", stops_at_7)
        with pytest.raises(Killed):
            train(config)
    train(config)  # steps 5 to 7 are done again
    folder = tmp_path / "run" / "tensorboard"
    assert list(folder.glob("events.out.tfevents.*"))
    log = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))["log"]
    for name, ours in (("train/loss", "loss"), ("eval/macro_f1", "eval_macro_f1")):
        expected: Any = [(entry["step"], pytest.approx(entry[ours])) for entry in log if ours in entry]
        assert _scalars(folder, name) == expected
    train(check_config(tiny_config("topic", topic_file, tmp_path / "run"), "test"), restart=True)
    assert not folder.exists()  # curves of another training


@pytest.mark.parametrize("name", ["tensorboard", "wandb", "mlflow", "trackio"])
def test_a_tracker_that_is_not_installed(name: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=rf"report_to: {name} needs.*pip install 'mujaz\[{name}\]'"):
        check_trackers([name])


def _fake_mlflow(refuses: str | None) -> types.ModuleType:
    """MLflow as far as a training calls it before its own callback does."""
    module: Any = types.ModuleType("mlflow")
    module.__spec__ = importlib.util.spec_from_loader("mlflow", loader=None)
    module.exceptions = types.SimpleNamespace(MlflowException=type("MlflowException", (Exception,), {}))
    module.get_tracking_uri = lambda: "sqlite:///mlflow.db"

    def client() -> None:
        if refuses:
            raise module.exceptions.MlflowException(refuses)

    module.MlflowClient = client
    return module


def test_a_store_that_mlflow_refuses_is_told_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "./mlruns")
    monkeypatch.setitem(sys.modules, "mlflow", _fake_mlflow("The filesystem backend is in maintenance mode. See more."))
    with pytest.raises(
        UsageError, match=r"store './mlruns' \(The filesystem backend is in maintenance mode\)"
    ) as caught:
        check_trackers(["mlflow"])
    assert "MLFLOW_TRACKING_URI to sqlite:///mlflow.db" in str(caught.value)
    monkeypatch.setitem(sys.modules, "mlflow", _fake_mlflow(None))
    check_trackers(["mlflow"])


@pytest.mark.parametrize("where", ["wandb.sdk.internal", "somewhere.else"])
def test_a_tracker_that_fails_while_it_trains(
    where: str, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by the module that raised: nobody but a tracker is blamed for what a tracker did."""
    code: dict[str, Any] = {"__name__": where}
    exec("def log():\n    raise ValueError('no API key. Log in first.')", code)

    class Logs(TrainerCallback):
        def on_log(self, *_: Any, **__: Any) -> None:
            code["log"]()

    monkeypatch.setattr(train_module, "tracker_callbacks", lambda *_: [Logs()])
    config = check_config(tiny_config("topic", topic_file, tmp_path / "run"), "test")
    if where.startswith("wandb"):
        with pytest.raises(
            TrainingError, match=r"wandb \(training\.report_to\) failed: no API key\. Set it up, or take"
        ):
            train(config)
    else:
        with pytest.raises(ValueError, match="no API key"):
            train(config)


def test_all_others_are_those_of_transformers(tmp_path: Path) -> None:
    given = tracker_arguments(["wandb", "tensorboard", "mlflow", "trackio"], "topic-small")
    arguments = TrainingArguments(output_dir=str(tmp_path), use_cpu=True, **given)
    assert arguments.report_to == ["wandb", "mlflow", "trackio"]
    assert set(arguments.report_to) <= set(INTEGRATION_TO_CALLBACK)
    assert arguments.run_name == "topic-small"
    assert arguments.trackio_static_space_id is False  # nothing is published
    assert TrainingArguments(output_dir=str(tmp_path), use_cpu=True, **tracker_arguments([], "x")).report_to == []


def test_an_unknown_tracker_is_refused(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    with pytest.raises(ConfigError, match="report_to"):
        check_config(tiny_config("topic", topic_file, tmp_path / "run", report_to=["tensorbord"]), "test")
