"""Weights of the start, kept in part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from mujaz.configs.loading import check_config
from mujaz.errors import ConfigError, UsageError
from mujaz.training.train import train
from tests.conftest import TinyConfig, write_jsonl

Trained = Callable[[str], Path]


def weights(folder: Path) -> dict[str, Any]:
    return load_file(folder / "model.safetensors")


def test_the_result_is_the_mean_of_before_and_after(
    trained: Trained, tiny_config: TinyConfig, topic_file: Path, tmp_path: Path
) -> None:
    for name, share in (("all", 0.0), ("some", 0.25)):
        config = tiny_config("topic", topic_file, tmp_path / name, max_steps=3, keep_of_start=share)
        config["model"] = {"name": str(trained("topic"))}
        train(check_config(config, "test"))
    start, after, kept = (weights(folder) for folder in (trained("topic"), tmp_path / "all", tmp_path / "some"))
    assert kept.keys() == start.keys()
    assert any((start[name] - after[name]).abs().max() > 1e-4 for name in start)
    for name, weight in kept.items():
        assert weight.numpy() == pytest.approx((0.75 * after[name] + 0.25 * start[name]).numpy(), abs=1e-6)


def test_a_start_of_other_labels_is_refused(
    trained: Trained, bert_folder: Path, tiny_config: TinyConfig, topic_file: Path, tmp_path: Path
) -> None:
    rows: list[dict[str, object]] = [{"text": f"خبر {i} عن المدينة", "label": "abc"[i % 3]} for i in range(30)]
    others = write_jsonl(tmp_path / "others.jsonl", rows)
    for name, data in ((trained("topic"), others), (bert_folder, topic_file)):
        config = tiny_config("topic", data, tmp_path / data.stem, max_steps=1, keep_of_start=0.5)
        config["model"] = {"name": str(name)}
        with pytest.raises(UsageError, match=r"keep_of_start wants a model that was trained for these labels \("):
            train(check_config(config, "test"))


def test_a_start_from_nothing_has_nothing_to_keep(tiny_config: TinyConfig, topic_file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="keep_of_start is for whole pretrained models"):
        check_config(tiny_config("topic", topic_file, tmp_path / "run", keep_of_start=0.5), "test")


def test_the_best_score_on_dev_is_of_the_weights_that_are_left(
    trained: Trained, tiny_config: TinyConfig, topic_file: Path, tmp_path: Path
) -> None:
    config = tiny_config("topic", topic_file, tmp_path / "run", max_steps=4, evaluations=2, keep_of_start=0.95)
    config["training"]["learning_rate"] = 0.1  # all that the start knew is forgotten
    config["model"] = {"name": str(trained("topic"))}
    config["data"]["test_fraction"] = 0.0  # dev is scored at the end, by what a user would load
    lines: list[str] = []
    result = train(check_config(config, "test"), report=lines.append)
    assert result.evaluation is not None
    assert result.metrics["best_dev"] == pytest.approx(result.evaluation.metrics["macro_f1"])
    assert result.metrics["best_dev"] not in [entry.get("eval_macro_f1") for entry in result.metrics["log"]]
    assert any(line.startswith("with 0.95 of the start's weights: dev macro_f1 ") for line in lines)
