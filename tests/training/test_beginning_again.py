"""A run begun again (``--restart``): the old one stays until the new one is sure; nothing of it is taken for the new one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mujaz import Summarizer, TextClassifier, train
from mujaz.configs.loading import check_config, resolved_yaml
from mujaz.configs.pretrain_schema import PretrainConfig
from mujaz.errors import CheckpointError, DataError, MujazError, UsageError
from mujaz.training.folds import train_folds
from mujaz.training.pretrain import pretrain
from mujaz.training.resume import begin_run
from mujaz.training.search import search
from tests.conftest import write_jsonl

TinyConfig = Callable[..., dict[str, Any]]
Trained = Callable[[str], Path]


@pytest.fixture
def run(trained: Trained, tmp_path: Path) -> Path:
    """A finished run; with what a killed one leaves, and one that trained adapters."""
    folder = tmp_path / "run"
    shutil.copytree(trained("topic"), folder)
    for name in ("checkpoints/checkpoint-3/trainer_state.json", "tensorboard/events", "adapter/adapter_config.json"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("{}", encoding="utf-8")
    return folder


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _wrong(kind: str, config: dict[str, Any], tmp_path: Path, summarizer: Path) -> type[MujazError]:
    """Make something of a config wrong; the error that it is."""
    if kind == "row":
        config["data"]["train"] = str(write_jsonl(tmp_path / "rows.jsonl", [{"text": "a", "label": ""}]))
        return DataError
    if kind == "model":
        config["model"] = {"name": str(summarizer)}
        return CheckpointError
    if kind == "setting":
        config["training"]["layer_decay"] = 0.9
        config["model"] = {"name": "topic"}
        return UsageError
    config["distill"] = {"teacher": "topic"}  # has other labels
    return UsageError


@pytest.mark.parametrize("kind", ["row", "model", "setting", "teacher"])
def test_what_is_wrong_is_said_before_the_old_run_goes(
    kind: str, run: Path, trained: Trained, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig, monkeypatch: Any
) -> None:
    def unknown(*_: object) -> None:
        raise UsageError("training.layer_decay: the layers are not known")

    monkeypatch.setattr("mujaz.training.train.decay_by_layer", unknown)
    config = tiny_config("topic", topic_file, run, max_steps=1)
    error, before = _wrong(kind, config, tmp_path, trained("summary")), _files(run)
    with pytest.raises(error):
        train(check_config(config, "test"), restart=True)
    assert _files(run) == before


@pytest.mark.parametrize("kind", ["row", "model", "setting", "dev", "model that is tried"])
def test_a_search_that_is_refused_leaves_the_one_before_it(
    kind: str, trained: Trained, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    pytest.importorskip("optuna")
    config = tiny_config("topic", topic_file, tmp_path / "run", max_steps=1)
    config["search"] = {"trials": 1, "space": {"training.batch_size": [8, 16]}}
    search(check_config(config, "test"))
    before = _files(tmp_path / "run")
    error: type[MujazError] = UsageError
    if kind == "dev":
        config["data"]["dev_fraction"] = 0.0
    elif kind == "model that is tried":
        config["model"], error = {"name": str(trained("topic"))}, CheckpointError
        config["search"]["space"] = {"model.name": [str(trained("topic")), str(trained("summary"))]}
    elif kind == "setting":
        config["model"] = {"name": "topic", "lora": {"targets": ["nowhere"]}}
    else:
        error = _wrong(kind, config, tmp_path, trained("summary"))
    config["search"]["trials"] = 5
    for restart in (True, False):
        with pytest.raises(error if restart or kind in ("row", "dev") else UsageError):
            search(check_config(config, "test"), restart=restart)
        assert _files(tmp_path / "run") == before


@pytest.mark.parametrize("kind", ["model", "head", "file", "row"])
def test_a_pretraining_looks_at_model_and_text_first(
    kind: str, run: Path, trained: Trained, topic_file: Path, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"objective": "masked-words", "output": str(run), "data": {"train": str(topic_file)}}
    settings["model"] = {"vocab_size": 200, "sequence_length": 16}
    (run / "shards").mkdir()
    (run / "shards" / "manifest.json").write_text("{}", encoding="utf-8")  # of a killed one
    if kind in ("model", "head"):
        settings["model"] = {"name": str(trained("summary" if kind == "model" else "topic")), "sequence_length": 16}
    elif kind == "file":
        settings["data"]["train"] = str(tmp_path / "none.jsonl")
    else:
        rows: list[dict[str, object]] = [{"text": f"فاز الفريق في المباراة {i}"} for i in range(50)]
        settings["data"]["train"] = str(write_jsonl(tmp_path / "rows.jsonl", [*rows, {"headline": "خبر"}]))
    before = _files(run)
    with pytest.raises(CheckpointError if "name" in settings["model"] else DataError):
        pretrain(PretrainConfig.model_validate(settings), restart=True)
    assert _files(run) == before


def test_what_the_new_run_does_not_leave_is_not_left_of_the_old_one(
    run: Path, topic_file: Path, tiny_config: TinyConfig
) -> None:
    """The old model stays until the new one is trained."""
    config = tiny_config("topic", topic_file, run, max_steps=1)
    config["data"] |= {"dev_fraction": 0, "test_fraction": 0}
    (run / "mine.txt").write_text("mine", encoding="utf-8")
    old, seen = (run / "model.safetensors").read_bytes(), []

    def look(line: str) -> None:
        if line.startswith("step "):
            seen.append((run / "model.safetensors").read_bytes() == old and not (run / "metrics.json").exists())

    assert train(check_config(config, "test"), restart=True, report=look).evaluation is None
    assert seen == [True]
    assert (run / "model.safetensors").read_bytes() != old
    assert not {"predictions.jsonl", "report.html", "README.md", "adapter", "checkpoints", "tensorboard"} & {
        path.name for path in run.iterdir()
    }
    assert (run / "mine.txt").is_file()


@pytest.mark.parametrize("beside", ["", "notes.txt", "README.md"])
@pytest.mark.parametrize("verb", ["train", "search", "pretrain"])
def test_a_config_that_no_run_wrote_is_not_written_over(
    verb: str, beside: str, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    """Nor one without a comment, which is written as a run would write it."""
    run = tmp_path / "run"
    run.mkdir()
    config = tiny_config("topic", topic_file, run, max_steps=1)
    if beside:
        (run / beside).write_text("mine", encoding="utf-8")
    if verb == "search":
        pytest.importorskip("optuna")
        config["search"] = {"trials": 1, "space": {"training.batch_size": [8, 16]}}
    for text in ("# mine\n", f"task: topic\noutput: {run}\nsearch:\n  trials: 1\n"):
        (run / "config.yaml").write_text(text, encoding="utf-8")
        before = _files(run)
        for restart in (False, True):
            with pytest.raises(UsageError, match=r"is no run and holds config\.yaml.*move these"):
                _start(verb, config, restart=restart)
        assert _files(run) == before


def test_a_config_of_an_earlier_version_is_a_runs(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    """It lacks settings that came later; where data stopped it, nothing else stands beside it."""
    run = tmp_path / "run"
    run.mkdir()
    config = check_config(tiny_config("topic", topic_file, run, max_steps=1), "test")
    settings = yaml.safe_load(resolved_yaml(config))
    del settings["training"]["keep_of_start"], settings["data"]["outliers"]
    (run / "config.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), encoding="utf-8")
    train(config)
    assert (run / "metrics.json").is_file()


def _start(verb: str, config: dict[str, Any], *, restart: bool) -> None:
    if verb == "pretrain":
        settings = {"objective": "masked-words", "output": config["output"], "data": {"train": config["data"]["train"]}}
        pretrain(PretrainConfig.model_validate({**settings, "model": {"vocab_size": 200}}), restart=restart)
    else:
        (train if verb == "train" else search)(check_config(config, "test"), restart=restart)


@pytest.mark.parametrize("learnt_from", [False, True])
def test_a_step_before_that_the_new_run_lacks_goes(
    learnt_from: bool, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    config = tiny_config("topic", topic_file, tmp_path / "run", max_steps=1)
    step = tmp_path / "run" / "intermediate"
    train(check_config({**config, "intermediate": {"data": config["data"], "training": config["training"]}}, "test"))
    step.rename(tmp_path / "step")
    shutil.rmtree(tmp_path / "run")
    (tmp_path / "run").mkdir()
    (tmp_path / "step").rename(step)
    train(check_config(config, "test"))  # nobody asked to begin again
    assert step.is_dir()
    if learnt_from:
        config["model"] = {"name": str(tmp_path / "run" / ".." / "run" / "intermediate")}
    train(check_config(config, "test"), restart=True)
    assert step.is_dir() == learnt_from


def test_a_cross_validation_begun_again_leaves_no_scores_of_the_one_before(
    topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    def folds(number: int, **more: Any) -> dict[str, Any]:
        config = tiny_config("topic", topic_file, tmp_path / "run", max_steps=1)
        config["data"] |= {"folds": number, "test_fraction": 0.0}
        return {**config, **more}

    def killed(line: str) -> None:
        if line.startswith("fold 2"):
            raise KeyboardInterrupt

    step = tiny_config("topic", topic_file, tmp_path / "run", max_steps=1)
    before = {"data": step["data"], "training": step["training"]}
    train_folds(check_config(folds(3, intermediate=before), "test"))
    left = {path.name for path in (tmp_path / "run").iterdir()}
    assert left == {"fold-1", "fold-2", "fold-3", "folds.html", "folds.json", "intermediate"}
    left.add("fold-3-kept")
    shutil.copytree(tmp_path / "run" / "fold-3", tmp_path / "run" / "fold-3-kept")
    train_folds(check_config(folds(3, intermediate=before), "test"))  # all done before
    wrong = folds(2)
    with pytest.raises(_wrong("row", wrong, tmp_path, tmp_path)):
        train_folds(check_config(wrong, "test"), restart=True)
    assert {path.name for path in (tmp_path / "run").iterdir()} == left
    with pytest.raises(KeyboardInterrupt):
        train_folds(check_config(folds(2), "test"), restart=True, report=killed)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"fold-1", "fold-2", "fold-3-kept"}


def test_a_run_and_a_cross_validation_do_not_stand_side_by_side(
    topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    """Of the two mujaz compare would read the one that is not meant. What somebody put beside them stays."""
    plain = tiny_config("topic", topic_file, tmp_path / "run", max_steps=1, evaluations=1)
    folds = check_config({**plain, "data": {**plain["data"], "folds": 2, "test_fraction": 0.0}}, "test")
    one, folder = check_config(plain, "test"), tmp_path / "run"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine", encoding="utf-8")

    def left() -> set[str]:
        return {path.name for path in folder.iterdir()} - {"mine.txt"}

    train_folds(folds)
    after_folds = left()
    with pytest.raises(
        UsageError, match=r"run holds folds of a cross-validation. Give --restart to begin there in its"
    ):
        train(one)
    assert left() == after_folds == {"fold-1", "fold-2", "folds.json", "folds.html"}
    train(one, restart=True)
    after_run = left()
    assert not after_run & after_folds
    with pytest.raises(UsageError, match=r"run holds a run. Give --restart to cross-validate there in its place"):
        train_folds(folds)
    assert left() == after_run
    train_folds(folds, restart=True)
    assert left() == after_folds
    assert (folder / "mine.txt").is_file()
    for name in ("folds.json", "folds.html"):  # killed before its end
        (folder / name).unlink()
    with pytest.raises(UsageError, match="holds folds of a cross-validation"):
        train(one)
    begin_run(one)
    assert left() == {"fold-1", "fold-2", "config.yaml"}  # perhaps somebody's: of no cross-validation that ended


def test_a_distillation_that_is_refused_leaves_what_the_teacher_of_the_one_before_said(
    trained: Trained, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config("topic", topic_file, tmp_path / "run", max_steps=4, save_every=2)
    other = tmp_path / "other"
    shutil.copytree(trained("topic"), other)
    (other / "config.json").write_bytes((other / "config.json").read_bytes() + b"\n")  # another model
    config["distill"] = {"teacher": [str(trained("topic")), str(other)]}
    lines: list[str] = []

    def killed(line: str) -> None:
        lines.append(line)
        if line.startswith("step 4"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(check_config(config, "test"), report=killed)
    before, asked = _files(tmp_path / "run"), [line for line in lines if line.endswith(" texts")]
    assert len(asked) == 2
    turned = {**config, "distill": {"teacher": str(other)}, "data": {**config["data"], "split_seed": 5}}
    with monkeypatch.context() as refusing:
        refusing.setattr("mujaz.training.train.build_trainer", lambda *_, **__: _refuse("no layers"))
        with pytest.raises(UsageError, match="no layers"):
            train(check_config(turned, "test"), restart=True)
    assert before.items() <= _files(tmp_path / "run").items()
    lines.clear()
    config["distill"]["teacher"].reverse()
    train(check_config(config, "test"), restart=True, report=lines.append)
    assert not [line for line in lines if line.endswith(" texts")]  # both had said it before


def _refuse(why: str) -> None:
    raise UsageError(why)


def test_the_checkpoint_teaches_and_no_conversion_of_it(
    trained: Trained, topic_file: Path, summary_file: Path, tmp_path: Path, tiny_config: TinyConfig, monkeypatch: Any
) -> None:
    monkeypatch.setattr("mujaz.models.engines.opening.has_tiles", lambda: False)
    for name in ("is_installed", "is_cached"):
        monkeypatch.setattr(f"mujaz.models.engines.openvino_engine.{name}", lambda *_: True)
    for task, data in (("topic", topic_file), ("summary", summary_file)):
        config = tiny_config(task, data, tmp_path / task, max_steps=1)
        config["distill"] = {"teacher": str(trained(task))}
        lines: list[str] = []
        train(check_config(config, "test"), report=lines.append)
        kind: Any = TextClassifier if task == "topic" else Summarizer
        said = kind.from_pretrained(trained(task), device="cpu", engine="torch").description
        assert f"teacher: {said}" in lines
