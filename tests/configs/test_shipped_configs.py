"""Every shipped config goes through the real command line; only the model and the data are small."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from mujaz import train
from mujaz.cli import cli
from mujaz.configs.loading import check_config
from mujaz.models import opening
from mujaz.training import distillation
from tests.conftest import write_jsonl

ROOT = Path(__file__).resolve().parents[2]
# Those of pretraining and of runs go through their own commands, in tests/training/test_pretrain.py and
# tests/mujaz/test_run_command.py.
SHIPPED = [
    path for path in sorted((ROOT / "configs").glob("*.yaml")) if not path.name.startswith(("pretrain-", "run-"))
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path, summary_file: Path, tiny_config: Any) -> Path:
    """A selector that was taught which texts are whole: what the embedded one was before its last step."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    config = tiny_config("summary", summary_file, folder, whole_texts=0.2, max_steps=2)
    config["model"] = {"name": str(bert_folder), "max_length": 24}
    train(check_config(config, "test"))
    return folder


@pytest.fixture
def here(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    topic_file: Path,
    stance_file: Path,
    summary_file: Path,
    bert_folder: Path,
    mt5_folder: Path,
    trained: Callable[[str], Path],
    whole: Path,
) -> Path:
    """A working directory with the data where the configs look for it; hub ids lead to tiny local models."""
    files = {"topic": topic_file, "stance": stance_file, "summary": summary_file, "entailment": stance_file}
    for task, file in files.items():
        (tmp_path / "data" / task).mkdir(parents=True)
        for split in ("train", "dev", "test"):
            (tmp_path / "data" / task / f"{split}.jsonl").write_bytes(file.read_bytes())
    (tmp_path / "runs").mkdir()
    local = {
        "arabert": bert_folder,
        "mt5-small": mt5_folder,
        "arabart": mt5_folder,
        "topic": trained("topic"),
        "runs/embedded-encoder": bert_folder,
        "runs/embedded-encoder-more": bert_folder,
        "runs/embedded-summary-first": bert_folder,
        "runs/embedded-summary-whole": whole,
        "summary": bert_folder,
        **{f"runs/embedded-stance-{run}": trained("stance") for run in ("pairs", "teacher-a", "teacher-b")},
    }
    for module in (opening, distillation):
        monkeypatch.setattr(
            module, "locate", lambda name: Path(name) if Path(name).exists() else local.get(str(name), Path(name))
        )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _small(config: dict[str, Any], here: Path) -> list[str]:
    """Overrides that shrink a job without touching what kind of job it is."""
    data = here / "data" / config["task"]
    settings = {
        "training.max_steps": 2,
        "training.batch_size": 4,
        "training.gradient_accumulation": 1,
        "training.evaluations": 1,
        "training.device": "cpu",
        "model.max_length": 24,
        "data.train": data / "train.jsonl",
        "data.dev": data / "dev.jsonl",
        "data.test": data / "test.jsonl",
        "data.max_dev_rows": 4,
    }
    if "intermediate" in config:
        small = ("max_steps", "batch_size", "evaluations", "device")
        settings |= {f"intermediate.training.{key}": settings[f"training.{key}"] for key in small}
        settings["intermediate.data.train"] = data / "train.jsonl"
    if config["training"].get("judged"):
        rows = [json.loads(line) for line in (data / "train.jsonl").read_text(encoding="utf-8").splitlines()]
        judged = [row | {"judged": [[row["summary"], True]]} for row in rows]
        settings["data.train"] = write_jsonl(here / "data" / "judged.jsonl", judged)
    elif "columns" in config["data"]:
        settings["data.columns"] = "{}"  # these rows have no titles
    if "additional" in config["data"]:
        settings["data.additional"] = data / "train.jsonl"
    if "distill" in config:
        settings["distill.unlabelled"] = (
            here / "data" / ("stance" if data.name == "stance" else "summary") / "train.jsonl"
        )
    if "decoder_layers" in config["model"]:
        settings["model.decoder_layers"] = 1  # as many as the tiny BERT has
    if "scratch" in config["model"]:
        shape = {"vocab_size": 150, "hidden_size": 16, "layers": 1, "heads": 2, "intermediate_size": 32}
        settings |= {f"model.scratch.{key}": value for key, value in shape.items()}
    return [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_config_trains(path: Path, here: Path) -> None:
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    result = CliRunner().invoke(cli, ["train", str(path), *_small(config, here)])
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    assert "test set" in result.output
    assert (here / config["output"] / "mujaz.json").is_file()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_config_says_what_it_is_for_and_how_it_is_called(path: Path) -> None:
    header = path.read_text(encoding="utf-8").split("task:")[0]
    assert all(line.startswith("#") for line in header.strip().splitlines())
    assert re.search(r"^# Needs:", header, re.MULTILINE)
    command = "search" if path.name.startswith("search-") else "train"
    assert f"mujaz {command} configs/{path.name}" in header


def test_a_dry_run_trains_nothing(here: Path, trained: Callable[[str], Path]) -> None:
    path = ROOT / "configs" / "topic-small.yaml"
    result = CliRunner().invoke(cli, ["train", str(path), "--dry-run"])
    assert result.exit_code == 0, result.output
    resolved = yaml.safe_load(result.output)  # the size of the job stands in comments
    assert resolved["training"]["weight_decay"] == 0.01
    assert "# rows: 64 train, 64 dev, 64 test" in result.output
    assert "# training: 10 steps" in result.output
    assert not (here / "runs" / "topic-small").exists()
