from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from transformers import TrainerCallback

from mujaz import train
from mujaz.cli import cli
from mujaz.configs.loading import check_config, resolved_yaml
from mujaz.configs.schema import TrainConfig
from mujaz.errors import ConfigError, DataError, TrainingError, UsageError
from mujaz.models.checkpoint import FROM_NOTHING, read_info
from mujaz.models.loading import load_for_classification
from mujaz.training import train as train_module
from mujaz.training.folds import train_folds
from mujaz.training.intermediate import check_step, intermediate_steps
from mujaz.training.job import prepare
from mujaz.training.resume import last_checkpoint

TinyConfig = Callable[..., dict[str, Any]]
ENTAILMENT = {"favor": "entailment", "against": "neutral"}


@pytest.fixture(scope="module")
def entailment_file(tmp_path_factory: pytest.TempPathFactory, stance_file: Path) -> Path:
    """The pairs of the stance fixture under two other names."""
    rows = [json.loads(line) for line in stance_file.read_text(encoding="utf-8").splitlines()]
    renamed = [json.dumps({**row, "label": ENTAILMENT[row["label"]]}, ensure_ascii=False) for row in rows]
    path = tmp_path_factory.mktemp("entailment") / "pairs.jsonl"
    path.write_text("\n".join(renamed) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def asked(tiny_config: TinyConfig, stance_file: Path, entailment_file: Path, tmp_path: Path) -> dict[str, Any]:
    config = tiny_config("stance", stance_file, tmp_path / "run", epochs=8)
    config["intermediate"] = {
        "data": {"train": str(entailment_file), "dev_fraction": 0.25},
        "training": {**config["training"], "epochs": 8},
    }
    return config


class _Killed(TrainerCallback):
    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == 12:
            raise TrainingError("killed")


def _checked(config: dict[str, Any]) -> TrainConfig:
    return check_config(config, "test")


@pytest.mark.parametrize("kind", ["without_forgetting", "keep_of_start"])
def test_a_step_that_teaches_other_labels_than_are_to_be_kept_is_not_trained(
    kind: str, asked: dict[str, Any], bert_folder: Path, tmp_path: Path
) -> None:
    asked["training"][kind] = 0.5
    asked["model"] = {"name": str(bert_folder)}
    for data in ({}, {"folds": 2, "test_fraction": 0.0}):
        asked["data"] |= data
        lines: list[str] = []
        with pytest.raises(UsageError, match="the intermediate step"):
            (train_folds if data else train)(_checked(asked), report=lines.append)
        assert lines == []
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(asked), encoding="utf-8")
    assert isinstance(CliRunner().invoke(cli, ["train", str(path), "--dry-run"]).exception, UsageError)
    asked["intermediate"]["data"]["rename"] = {"entailment": "favor", "neutral": "against"}
    check_step(*intermediate_steps(_checked(asked)))


def test_one_config_trains_both_steps(asked: dict[str, Any]) -> None:
    lines: list[str] = []
    result = train(_checked(asked), report=lines.append)
    first, second = read_info(result.folder / "intermediate"), read_info(result.folder)
    assert first is not None
    assert second is not None
    assert (first.labels, second.labels) == (["entailment", "neutral"], ["against", "favor"])
    assert first.base_model == second.base_model == FROM_NOTHING  # not the folder of the step
    assert result.evaluation is not None
    assert result.evaluation.metrics["accuracy"] > 0.9
    assert next(line for line in lines if "ntermediate" in line).startswith("intermediate step, in ")
    with pytest.raises(UsageError, match="holds a finished run"):
        train(_checked(asked))


def test_the_second_step_starts_with_the_encoder_of_the_first_and_a_new_head(asked: dict[str, Any]) -> None:
    first, second = intermediate_steps(_checked(asked))
    folder = train(first).folder
    saved = load_file(folder / "model.safetensors")
    begun, again = (prepare(second).start.model.state_dict() for _ in range(2))
    head = {name for name in saved if name.startswith("classifier.")}
    assert head == {"classifier.weight", "classifier.bias"}
    for name, weights in saved.items():
        assert torch.equal(weights, begun[name]) == (name not in head or not weights.any()), name
    assert torch.equal(begun["classifier.weight"], again["classifier.weight"])  # the seed's
    kept = load_for_classification(
        folder, *[["entailment", "neutral"]] * 2
    ).state_dict()  # the same labels: the same head
    assert torch.equal(kept["classifier.weight"], saved["classifier.weight"])
    told = "note: labels that are new to the start: against, favor; it has entailment, neutral: where one of yours"
    assert [told in "\n".join(prepare(step).plan().lines()) for step in (first, second)] == [False, True]


@pytest.mark.parametrize("step", ["intermediate", "run"])
def test_a_run_that_broke_off_goes_on_in_the_step_it_was(
    asked: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    for settings in (asked["training"], asked["intermediate"]["training"]):
        settings["save_every"] = 5
    whole = train(_checked({**asked, "output": str(tmp_path / "whole")}))
    real = train_module.build_trainer

    def broken(job: Any, **options: Any) -> Any:
        trainer = real(job, **options)
        if Path(job.config.output).name == step:
            trainer.add_callback(_Killed())
        return trainer

    monkeypatch.setattr(train_module, "build_trainer", broken)
    with pytest.raises(TrainingError, match="killed"):
        train(_checked(asked))
    monkeypatch.setattr(train_module, "build_trainer", real)
    inner = Path(asked["output"]) / ("intermediate" if step == "intermediate" else "")
    assert last_checkpoint(inner / "checkpoints") is not None
    lines: list[str] = []
    result = train(_checked(asked), report=lines.append)
    assert sum(line.startswith("resuming from") for line in lines) == 1
    assert any(line.startswith("intermediate step") for line in lines) == (step == "intermediate")
    ours, theirs = (load_file(folder / "model.safetensors") for folder in (result.folder, whole.folder))
    assert all(torch.equal(weights, theirs[name]) for name, weights in ours.items())


def test_folds_share_the_step(asked: dict[str, Any]) -> None:
    asked["data"] |= {"folds": 2, "test_fraction": 0.0}
    for settings in (asked["training"], asked["intermediate"]["training"]):
        settings["epochs"] = 1
    lines: list[str] = []
    result = train_folds(_checked(asked), report=lines.append)
    assert sum(line.startswith("intermediate step") for line in lines) == 1
    assert sorted(path.name for path in result.folder.iterdir() if path.is_dir()) == [
        "fold-1",
        "fold-2",
        "intermediate",
    ]


def test_a_dry_run_plans_the_step(asked: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(asked), encoding="utf-8")
    result = CliRunner().invoke(cli, ["train", str(path), "--dry-run"])
    assert result.exit_code == 0, result.output
    assert "# the intermediate step:\n# rows: 48 train, 16 dev, 0 test\n# labels: entailment, neutral" in result.output


def test_what_is_wrong_with_the_step_is_said(asked: dict[str, Any]) -> None:
    asked["intermediate"]["data"]["train"] = "nowhere.jsonl"
    with pytest.raises(ConfigError, match=r"intermediate\.data\.train: no file or folder 'nowhere.jsonl'"):
        _checked(asked)
    with pytest.raises(UsageError, match="no section 'intermediate'"):
        intermediate_steps(_checked({key: value for key, value in asked.items() if key != "intermediate"}))


def test_data_that_is_wrong_costs_no_step_and_may_be_corrected(asked: dict[str, Any]) -> None:
    lines: list[str] = []
    wrong = {**asked, "data": {**asked["data"], "columns": {"label": "stance"}}}
    with pytest.raises(DataError, match="stance"):
        train(_checked(wrong), report=lines.append)
    assert lines == []
    settings = {**asked["training"], "epochs": 1}
    asked["intermediate"]["training"] = settings
    train(intermediate_steps(_checked(asked))[0])
    saved = Path(asked["output"], "config.yaml")
    saved.write_text(resolved_yaml(intermediate_steps(_checked(asked))[1]), encoding="utf-8")  # and got no further
    assert train(_checked({**asked, "training": settings}), report=lines.append).steps
    assert not any(line.startswith("intermediate step, in") for line in lines)


def test_the_step_before_is_checked_like_a_training(asked: dict[str, Any]) -> None:
    asked["intermediate"]["training"]["freeze"] = 1  # of a model from nothing
    with pytest.raises(ConfigError, match=r"intermediate: freeze is for pretrained models"):
        _checked(asked)
    del asked["intermediate"]["training"]["freeze"]
    asked["intermediate"]["data"]["columns"] = {"label_separator": "|"}
    with pytest.raises(ConfigError, match=r"intermediate: data\.columns\.label_separator is for topic"):
        _checked(asked)


def test_a_step_before_of_other_data_is_not_taken_as_done(asked: dict[str, Any], tmp_path: Path) -> None:
    rows = Path(asked["intermediate"]["data"]["train"]).read_text(encoding="utf-8")
    file = tmp_path / "pairs.jsonl"
    file.write_text(rows, encoding="utf-8")
    asked["intermediate"]["data"]["train"] = str(file)
    asked["intermediate"]["training"]["max_steps"] = 1
    train(intermediate_steps(_checked(asked))[0])
    file.write_text("\n".join(rows.splitlines()[4:]), encoding="utf-8")
    with pytest.raises(UsageError, match="intermediate was trained on other data: the files have changed"):
        train(_checked(asked))
