from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from mujaz import train
from mujaz.cli import cli
from mujaz.configs.loading import check_config, load_config
from mujaz.configs.schema import TrainConfig
from mujaz.errors import ConfigError, MissingExtraError, OutputError, TrainingError, UsageError
from mujaz.training import search as search_module
from mujaz.training.resume import last_checkpoint
from mujaz.training.search import TrialResult, search
from mujaz.training.train import fit
from tests import fork_server

pytest.importorskip("optuna")

TinyConfig = Callable[..., dict[str, Any]]
SPACE: dict[str, Any] = {
    "training.learning_rate": {"low": "1e-6", "high": 1e-2, "log": True},  # as YAML reads 1e-6: a text
    "training.batch_size": [8, 16],
    "model.scratch.layers": {"low": 1, "high": 2},
}


@pytest.fixture
def searching(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> Callable[..., dict[str, Any]]:
    """``searching(trials=3)``: settings of the search."""

    def make(name: str = "search", training: dict[str, Any] | None = None, **settings: object) -> dict[str, Any]:
        data = tiny_config("topic", topic_file, tmp_path / name, **{"epochs": 3, "evaluations": 3, **(training or {})})
        return {**data, "search": {"trials": 4, "space": SPACE, **settings}}

    return make


def _files(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_a_search_finds_a_config_to_train_with(searching: Callable[..., dict[str, Any]]) -> None:
    data = searching()
    lines: list[str] = []
    result = search(check_config(data, "test"), report=lines.append)
    assert sorted(trial.number for trial in result.trials) == [1, 2, 3, 4]
    scores = [trial.score for trial in result.trials if trial.score is not None]
    assert scores == sorted(scores, reverse=True)
    assert result.metric == "macro_f1"
    for trial in result.trials:
        assert 1e-6 <= trial.values["training.learning_rate"] <= 1e-2
        assert trial.values["training.batch_size"] in (8, 16)
        assert trial.values["model.scratch.layers"] in (1, 2)
    assert len({trial.values["training.learning_rate"] for trial in result.trials}) == 4
    assert sum(line.startswith("trial ") for line in lines) == 4
    # What is left is small: no weights, no checkpoints.
    assert not [name for name in _files(result.folder) if name.endswith((".safetensors", ".pt", ".bin"))]
    assert sum(path.stat().st_size for path in result.folder.rglob("*") if path.is_file()) < 200_000

    best = load_config(result.best)
    assert best.search is None
    assert best.training.learning_rate == result.trials[0].values["training.learning_rate"]
    assert best.output.endswith("best")
    trained = train(best)
    assert trained.metrics["best_dev"] == pytest.approx(result.trials[0].score)  # the same training once more


def test_a_search_goes_on(searching: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    first = search(check_config(searching(trials=2), "test"))
    fitted: list[str] = []
    real = fit

    def counting(config: Any, *arguments: Any, **more: Any) -> Any:
        fitted.append(config.output)
        return real(config, *arguments, **more)

    monkeypatch.setattr(search_module, "fit", counting)
    assert search(check_config(searching(trials=2), "test")).trials == first.trials
    assert fitted == []
    more = search(check_config(searching(trials=3), "test"))
    assert len(fitted) == 1
    assert all(trial in more.trials for trial in first.trials)
    other = searching(trials=3, seed=5)
    with pytest.raises(UsageError, match=r"another config \(different: search.seed\)"):
        search(check_config(other, "test"))
    assert len(search(check_config(other, "test"), restart=True).trials) == 3
    assert len(fitted) == 4


def test_a_search_whose_data_moved_knows_what_it_tried(
    searching: Callable[..., dict[str, Any]], topic_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = searching(trials=3, space={"training.batch_size": [8, 16]}, training={"max_steps": 1, "evaluations": 1})
    data["data"]["train"] = str(tmp_path / "old.jsonl")
    (tmp_path / "old.jsonl").write_bytes(topic_file.read_bytes())
    first = search(check_config(data, "test"))
    assert {trial.values["training.batch_size"] for trial in first.trials} == {8, 16}
    (tmp_path / "old.jsonl").rename(tmp_path / "new.jsonl")
    data["data"]["train"] = str(tmp_path / "new.jsonl")
    data["search"]["trials"] = 6
    monkeypatch.setattr(search_module, "fit", lambda *_, **__: pytest.fail("nothing is new"))
    assert len(search(check_config(data, "test")).trials) == 6


def test_a_search_of_other_data_does_not_go_on(
    searching: Callable[..., dict[str, Any]], topic_file: Path, tmp_path: Path
) -> None:
    rows = topic_file.read_text(encoding="utf-8")
    data = searching(trials=1, training={"max_steps": 1, "evaluations": 1})
    data["data"]["train"] = str(tmp_path / "rows.jsonl")
    (tmp_path / "rows.jsonl").write_text(rows, encoding="utf-8")
    search(check_config(data, "test"))
    (tmp_path / "rows.jsonl").write_text("\n".join(rows.splitlines()[:-4]) + "\n", encoding="utf-8")
    data["search"]["trials"] = 2
    with pytest.raises(UsageError, match="began with other data"):
        search(check_config(data, "test"))
    (Path(data["output"]) / "checkpoints" / "data").unlink()  # one from before these were kept goes on as it did
    assert len(search(check_config(data, "test")).trials) == 2


def test_a_killed_search_goes_on_within_the_trial(searching: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    data = searching(trials=2, training={"epochs": 30, "save_every": 3, "patience": None})
    data["search"]["space"] = {"training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}}
    file = tmp_path / "search.yaml"
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    folder = Path(data["output"])

    def checkpoint() -> Path | None:
        return next((last_checkpoint(path) for path in folder.glob("trials/*/checkpoints")), None)

    command = ["-m", "mujaz", "search", str(file)]
    with fork_server.start(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while checkpoint() is None and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert checkpoint() is not None
    lines: list[str] = []
    result = search(load_config(file), report=lines.append)
    assert any(line.startswith("resuming from checkpoint-") for line in lines)
    assert [trial.state for trial in result.trials] == ["complete", "complete"]
    assert len({trial.values["training.learning_rate"] for trial in result.trials}) == 2
    assert len(list(folder.glob("trials/*"))) == 2


def test_what_a_start_cannot_give_is_known_before_the_first_trial(
    searching: Callable[..., dict[str, Any]], bert_folder: Path
) -> None:
    data = searching(trials=2)
    data["model"] = {"name": str(bert_folder)}  # knows no labels
    data["search"]["space"] = {"training.keep_of_start": [0, "5e-1"]}
    with pytest.raises(UsageError, match="keep_of_start wants a model that was trained for these labels"):
        search(check_config(data, "test"))
    assert not list(Path(data["output"]).glob("trials/*"))


@pytest.mark.parametrize("error", [KeyboardInterrupt, OutputError("the disk is full")])
def test_what_stops_a_trial_does_not_end_it(
    searching: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch, error: Any
) -> None:
    config = check_config(searching(trials=2), "test")

    def stopping(*arguments: Any, **more: Any) -> Any:
        fit(*arguments, **more)
        raise error

    monkeypatch.setattr(search_module, "fit", stopping)
    for _ in range(2):
        with pytest.raises(type(error) if isinstance(error, OutputError) else KeyboardInterrupt):
            search(config)
    monkeypatch.setattr(search_module, "fit", fit)
    assert [trial.state for trial in search(config).trials] == ["complete", "complete"]
    assert len(list(Path(config.output).glob("trials/*"))) == 2  # the one that was stopped twice is one of them


def test_a_trial_that_is_refused_is_not_tried_for_ever(
    searching: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, refused = check_config(searching(trials=1), "test"), []

    def refusing(trial: TrainConfig, *arguments: Any, **more: Any) -> Any:
        refused.append(Path(trial.output))
        raise UsageError("no")

    monkeypatch.setattr(search_module, "fit", refusing)
    with pytest.raises(UsageError, match="no"):
        search(config)
    monkeypatch.setattr(search_module, "fit", fit)
    search(config)
    tried = list(Path(config.output).glob("trials/*"))
    assert len(refused) == len(tried) == 1
    assert refused[0].parent == tried[0].parent
    assert refused[0].name != tried[0].name  # other settings


def test_whole_numbers_in_steps_that_are_not(searching: Callable[..., dict[str, Any]]) -> None:
    data = searching(trials=2)
    data["search"]["space"] = {"training.epochs": {"low": 1, "high": 2, "step": 0.5}}
    found = search(check_config(data, "test")).trials
    assert {trial.values["training.epochs"] for trial in found} <= {1.0, 1.5, 2.0}


def test_a_summarizer_that_is_taught_two_things_is_chosen_by_both(
    summary_file: Path, tmp_path: Path, tiny_config: Any, bert_folder: Path
) -> None:
    config = tiny_config("summary", summary_file, tmp_path / "run") | {"model": {"name": str(bert_folder)}}
    assert search_module._kept_by(check_config(config, "test")) == "selection_f1"
    config["training"]["whole_texts"] = 0.2
    assert search_module._kept_by(check_config(config, "test")) == "selection_mean"


def test_a_summarizer_that_gets_a_decoder_is_chosen_by_rouge(summary_file: Path, tmp_path: Path) -> None:
    config = check_config(
        {
            "task": "summary",
            "output": str(tmp_path / "run"),
            "model": {"name": "topic", "decoder_layers": 1},
            "data": {"train": str(summary_file)},
        },
        "test",
    )
    assert search_module._kept_by(config) == "rougeL"
    config.model.decoder_layers = None
    assert search_module._kept_by(config) == "selection_f1"


def test_trials_are_scored_by_the_weights_that_are_left(
    searching: Callable[..., dict[str, Any]], trained: Callable[[str], Path]
) -> None:
    space = {"training.keep_of_start": [0.0, 0.95]}
    forgets = {"learning_rate": 0.1, "max_steps": 4, "evaluations": 1}
    data = searching(training=forgets, space=space, trials=6)
    result = search(check_config({**data, "model": {"name": str(trained("topic"))}}, "test"))
    scores = {trial.values["training.keep_of_start"]: trial.score for trial in result.trials}
    assert scores[0.95] is not None
    assert scores[0.95] > (scores[0.0] or 0.0) + 0.1
    assert train(load_config(result.best)).metrics["best_dev"] == pytest.approx(scores[0.95])


def test_a_hopeless_training_is_stopped(
    searching: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    import optuna

    monkeypatch.setattr(optuna.pruners.MedianPruner, "prune", lambda self, study, trial: trial.number == 1)
    lines: list[str] = []
    result = search(check_config(searching(trials=3), "test"), report=lines.append)
    assert [trial.state for trial in result.trials] == ["complete", "complete", "pruned"]
    assert result.trials[-1].score is None
    assert "stopped: half of the trials before it did better at this point" in lines


def test_a_training_that_fails_is_one_trial_less(searching: Callable[..., dict[str, Any]]) -> None:
    data = searching(trials=3)
    data["search"]["space"] = {"training.learning_rate": [1e-3, 1e30]}
    result = search(check_config(data, "test"))
    assert len(result.trials) == 3
    assert {trial.state for trial in result.trials if trial.values["training.learning_rate"] == 1e30} == {"failed"}
    assert result.trials[0].state == "complete"
    data["search"]["space"] = {"training.learning_rate": [1e29, 1e30]}
    with pytest.raises(TrainingError, match="no trial went to its end"):
        search(check_config({**data, "output": data["output"] + "-2"}, "test"))


def test_values_that_go_together_badly_are_one_trial_less(searching: Callable[..., dict[str, Any]]) -> None:
    data = searching(trials=2)
    data["search"]["space"] = {"model.scratch.hidden_size": [32, 33]}  # with 2 heads
    with pytest.raises(ConfigError, match="hidden_size 33 is not a multiple of heads 2"):
        search(check_config(data, "test"))  # alone it is never allowed: said before any training
    data["search"]["space"] = {"model.scratch.hidden_size": [32, 36], "model.scratch.heads": [2, 8]}
    result = search(check_config({**data, "search": {**data["search"], "trials": 4, "seed": 1}}, "test"))
    bad = [t for t in result.trials if t.values == {"model.scratch.hidden_size": 36, "model.scratch.heads": 8}]
    assert bad
    assert {trial.state for trial in bad} == {"failed"}
    assert {trial.state for trial in result.trials if trial not in bad} <= {"complete", "pruned"}


def test_the_command_prints_a_table(searching: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "search.yaml"
    file.write_text(yaml.safe_dump(searching()), encoding="utf-8")
    result = CliRunner().invoke(cli, ["search", str(file), "--trials", "2"])
    assert result.exit_code == 0, result.output
    assert "2 trials, best first; scores in percent" in result.output
    assert f"mujaz train {json.loads(json.dumps(searching()['output']))}/best.yaml" in result.output.replace("\n", "")


@pytest.mark.parametrize(
    ("space", "error", "message"),
    [
        ({"training.lerning_rate": [1, 2]}, ConfigError, "unknown key 'training.lerning_rate'; did you mean"),
        ({"training.learning_rate": {"low": -1, "high": 1}}, ConfigError, "training.learning_rate"),
        ({"training.learning_rate": {"low": 2, "high": 1}}, ConfigError, "low 2 is not less than high 1"),
        ({"training.gradient_accumulation": {"low": 1, "high": 3, "step": 0.5}}, ConfigError, "accumulation = 1.5"),
        ({"training.gradient_accumulation": {"low": 1.0, "high": 3.0}}, ConfigError, "accumulation = 1.74"),
        ({"training.epochs": {"low": 1, "high": 3, "step": 5}}, ConfigError, "a step of 5.0 from 1 on leads beyond 3"),
        ({"data.test": ["a", "b"]}, ConfigError, "data.test is the same for all trials"),
        ({"data.split_seed": [0, 1]}, ConfigError, "data.split_seed is the same for all trials"),
        ({"data.dev_fraction": [0.1, 0.2]}, ConfigError, "data.dev_fraction is the same for all trials"),
        ({"data.outliers": [["a"], ["b"]]}, ConfigError, "data.outliers is the same for all trials"),
        ({"data.columns.title": ["a", "b"]}, ConfigError, "data.columns.title is the same for all trials"),
        ({"training.epochs": [1]}, ConfigError, "at least two choices"),
    ],
)
def test_a_space_that_cannot_be(
    searching: Callable[..., dict[str, Any]], space: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        search(check_config(searching(space=space), "test"))


def test_a_search_without_dev_data_is_refused_before_its_first_trial(
    searching: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = searching()
    data["data"] |= {"dev_fraction": 0.0}
    monkeypatch.setattr(search_module, "fit", lambda *_, **__: pytest.fail("a trial"))
    with pytest.raises(UsageError, match="a search needs dev data"):
        search(check_config(data, "test"))
    assert not _files(Path(data["output"]))


def test_trials_that_an_earlier_version_scored_otherwise_are_not_gone_on_with(
    searching: Callable[..., dict[str, Any]], trained: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = searching(
        training={"max_steps": 1, "evaluations": 1}, space={"training.keep_of_start": [0.0, 0.5]}, trials=1
    )
    data["model"] = {"name": str(trained("topic"))}
    with monkeypatch.context() as earlier:
        earlier.setattr(search_module, "_check_scores", lambda *_: None)
        search(check_config(data, "test"))
    data["search"]["trials"] = 2
    with pytest.raises(
        UsageError, match=r"earlier version, which scored trials with training\.keep_of_start otherwise"
    ):
        search(check_config(data, "test"))
    search(check_config(data, "test"), restart=True)
    data["search"]["trials"] = 3
    assert len(search(check_config(data, "test")).trials) == 3


def test_what_a_search_needs(
    searching: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = searching()
    with pytest.raises(UsageError, match="expected one of macro_f1, accuracy, found 'bleu'"):
        search(check_config(searching(metric="bleu"), "test"))
    with pytest.raises(UsageError, match="no section 'search'"):
        search(check_config({**data, "search": None}, "test"))
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "optuna" else real(name))
    with pytest.raises(MissingExtraError, match=r"pip install 'mujaz\[optuna\]'"):
        search(check_config(data, "test"))


def test_trials_are_ranked_by_score() -> None:
    found = [
        TrialResult(1, {}, None, "failed"),
        TrialResult(2, {}, 0.2, "complete"),
        TrialResult(3, {}, 0.9, "complete"),
    ]
    assert [trial.number for trial in sorted(found, key=search_module._rank)] == [3, 2, 1]
