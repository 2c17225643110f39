"""A model sharded over two processes (FSDP2), on CPUs in place of GPUs; see shard_on_cpus.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from safetensors.torch import load_file

from mujaz import train
from mujaz.configs.loading import check_config
from mujaz.errors import ConfigError
from tests import fork_server

SETTINGS = {"batch_size": 4, "epochs": 3, "evaluations": 3, "save_every": 3, "patience": None}


def _log(folder: Path, name: str) -> list[float]:
    log = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["log"]
    return [entry[name] for entry in log if name in entry]


def test_a_sharded_model_trains_like_a_whole_one(
    topic_file: Path, tmp_path: Path, tiny_config: Callable[..., dict[str, Any]]
) -> None:
    settings = {"activation_checkpointing": True}
    file = tmp_path / "sharded.yaml"
    file.write_text(yaml.safe_dump(tiny_config("topic", topic_file, tmp_path / "sharded", **SETTINGS, fsdp=settings)))
    both = fork_server.start_two(str(Path(__file__).with_name("shard_on_cpus.py")), str(file))
    errors = "".join(one.communicate(timeout=300)[1] for one in both)
    assert [one.returncode for one in both] == [0, 0], errors
    whole = load_file(tmp_path / "sharded" / "model.safetensors")
    sharded = [line.split() for line in errors.splitlines() if line.startswith("sharded: ")]
    assert len(sharded) == 2
    assert all(int(of) > 10 and number == of for _, number, _, of in sharded)

    one = tiny_config("topic", topic_file, tmp_path / "one", **{**SETTINGS, "batch_size": 8})
    train(check_config(one, "test"))
    for name in ("loss", "grad_norm", "eval_loss", "eval_macro_f1"):
        ours, expected = (_log(tmp_path / folder, name) for folder in ("sharded", "one"))
        assert len(ours) == len(expected) >= 3
        np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-5, err_msg=name)
    for name, weights in load_file(tmp_path / "one" / "model.safetensors").items():
        np.testing.assert_allclose(whole[name], weights, atol=2e-3, err_msg=name)


def test_shared_embeddings_are_not_sharded(
    summary_file: Path, tmp_path: Path, tiny_config: Callable[..., dict[str, Any]]
) -> None:
    with pytest.raises(ConfigError, match="encoder and decoder share their embeddings"):
        check_config(tiny_config("summary", summary_file, tmp_path / "run", fsdp={}), "test")
