"""What a training takes over from the labels of a model that it starts from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from mujaz.configs.loading import check_config
from mujaz.errors import UsageError
from mujaz.training.job import prepare
from mujaz.training.start import Start
from mujaz.training.train import train
from tests.conftest import TinyConfig, write_jsonl

LABELS = ["against", "favor", "none"]


def rows(path: Path, labels: list[str]) -> Path:
    return write_jsonl(
        path, [{"text": f"خبر {i}", "target": "السوق", "label": labels[i % len(labels)]} for i in range(36)]
    )


@pytest.fixture(scope="module")
def stance(tmp_path_factory: pytest.TempPathFactory, tiny_config: TinyConfig) -> Path:
    """A model of three stances."""
    place = tmp_path_factory.mktemp("stance")
    config = tiny_config("stance", rows(place / "rows.jsonl", LABELS), place / "run", max_steps=3)
    return train(check_config(config, "test")).folder


@pytest.fixture
def begin(tiny_config: TinyConfig, tmp_path: Path) -> Callable[..., tuple[Start, list[str]]]:
    """``begin(folder, labels)``: the start of a training for these labels, and its lines for people."""

    def make(start: Path, labels: list[str], data: dict[str, Any] | None = None, **training: object) -> Any:
        config = tiny_config("stance", rows(tmp_path / "rows.jsonl", labels), tmp_path / "run", **training)
        config["model"] = {"name": str(start)}
        config["data"] |= data or {}
        job = prepare(check_config(config, "test"))
        return job.start, job.plan().lines()

    return make


def test_rows_of_labels_that_the_start_knows_are_kept(
    stance: Path, begin: Callable[..., tuple[Start, list[str]]]
) -> None:
    saved = load_file(stance / "model.safetensors")["classifier.weight"]

    def head(labels: list[str], **more: Any) -> tuple[torch.Tensor, list[str]]:
        start, lines = begin(stance, labels, **more)
        return start.model.state_dict()["classifier.weight"], [line for line in lines if line.startswith("note: ")]

    fewer, notes = head(["favor", "against"], keep_of_start=0.5)
    assert torch.equal(fewer, saved[:2])
    assert notes == []
    otherwise, notes = head(LABELS, data={"labels": LABELS[::-1]}, keep_of_start=0.5)
    assert torch.equal(otherwise, saved.flip(0))
    assert notes == []
    more, notes = head(["unsure", *LABELS])
    assert torch.equal(more[:3], saved)
    assert notes == ["note: labels that are new to the start: unsure"]
    renamed, notes = head(["agree", "against"])
    assert torch.equal(renamed[0], saved[0])
    assert notes == [
        "note: labels that are new to the start: agree; it has favor, none: where one of yours means the same, name it so "
        "(data.rename)"
    ]
    with pytest.raises(UsageError, match=r"trained for these labels \(agree\); .* has against, favor, none"):
        head(["agree", "against"], keep_of_start=0.5)


def test_names_that_mujaz_json_alone_has_count(
    stance: Path, begin: Callable[..., tuple[Start, list[str]]], tmp_path: Path
) -> None:
    folder = shutil.copytree(stance, tmp_path / "unnamed")
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    settings["id2label"] = {str(place): f"LABEL_{place}" for place in range(3)}
    settings["label2id"] = {f"LABEL_{place}": place for place in range(3)}
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    saved = load_file(stance / "model.safetensors")["classifier.weight"]
    assert torch.equal(begin(folder, LABELS)[0].model.state_dict()["classifier.weight"], saved)
    (folder / "mujaz.json").unlink()
    start, lines = begin(folder, LABELS)
    assert not torch.isin(start.model.state_dict()["classifier.weight"], saved).any()
    assert start.new_outputs == (0, 1, 2)
    assert not [line for line in lines if line.startswith("note: ")]
