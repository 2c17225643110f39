"""Several processes of one training. Those here are real: two on CPUs, which talk through gloo."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from transformers import TrainingArguments

from mujaz import train
from mujaz.cli import main
from mujaz.configs.loading import check_config
from mujaz.configs.optimization_schema import FsdpConfig
from mujaz.errors import ConfigError, FirstProcessError, OutputError, UsageError
from mujaz.training.arguments import fsdp_arguments, total_steps
from mujaz.training.encoded import IGNORED, with_filler
from mujaz.training.job import prepare
from mujaz.training.losses import LabelLoss
from mujaz.training.processes import first_alone, is_first
from mujaz.training.resume import last_checkpoint
from mujaz.training.sampling import GroupedSampler
from tests import fork_server

TinyConfig = Callable[..., dict[str, Any]]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]

# 36 rows, in steps of 16: an epoch ends with a batch of 4. 12 dev rows, in batches of 8 a process.
SETTINGS = {
    "batch_size": 4,
    "gradient_accumulation": 2,
    "epochs": 8,
    "evaluations": 4,
    "save_every": 3,
    "patience": None,
}


def _start(config: Path) -> list[fork_server.Process]:
    return fork_server.start_two("-m", "mujaz", "train", str(config))


def _kill_at(processes: list[fork_server.Process], step: int) -> None:
    """Kill all processes of a training, none of which can say goodbye to another."""
    for line in processes[0].stderr or ():
        if line.startswith(f"step {step}/"):
            break
    for one in processes:
        assert one.poll() is None
        one.send_signal(signal.SIGKILL)
    for one in processes:
        one.communicate()


def _said(processes: list[fork_server.Process]) -> tuple[list[int | None], str]:
    """Their exit codes and all that they said to stderr, when they have ended."""
    said = "".join(one.communicate(timeout=300)[1] for one in processes)
    return [one.returncode for one in processes], said


def _curve(folder: Path, name: str) -> list[float]:
    log = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["log"]
    return [entry[name] for entry in log if name in entry]


def test_two_processes_train_like_one_with_twice_the_batch(
    topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    torch.set_num_threads(1)
    two = tiny_config("topic", topic_file, tmp_path / "two", **SETTINGS)
    file = tmp_path / "two.yaml"
    file.write_text(yaml.safe_dump(two), encoding="utf-8")
    _kill_at(_start(file), 11)
    assert last_checkpoint(tmp_path / "two" / "checkpoints") is not None
    with pytest.raises(UsageError, match=r"began with 2 processes, and here are 1\. Start 2 again"):
        train(check_config(two, "test"))

    command = [*TORCHRUN, "-m", "mujaz", "train", str(file)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    output, errors = done.stdout, done.stderr
    assert done.returncode == 0, errors
    assert errors.count("resuming from checkpoint-") == 1  # the first process speaks for both
    assert errors.count("24 steps in float32, 2 processes") == errors.count("step 24/24  loss") == 1
    assert output.count("saved to") == output.count("test set, 16 rows") == 1

    one = tiny_config("topic", topic_file, tmp_path / "one", **{**SETTINGS, "batch_size": 8})
    assert train(check_config(one, "test")).steps == 24
    # float32 sums of 16 rows in another order: 1e-7 a step, some 24 steps long, at a learning rate that amplifies it.
    for name in ("loss", "grad_norm", "eval_loss", "eval_macro_f1", "eval_accuracy"):
        ours, expected = (_curve(tmp_path / folder, name) for folder in ("two", "one"))
        assert len(ours) == len(expected) >= 4
        np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-5, err_msg=name)
    weights = [load_file(tmp_path / folder / "model.safetensors") for folder in ("two", "one")]
    for name in weights[1]:
        np.testing.assert_allclose(weights[0][name], weights[1][name], atol=2e-3, err_msg=name)
    assert not (tmp_path / "two" / "checkpoints").exists()

    codes, errors = _said(_start(file))
    assert 0 not in codes
    assert errors.count("mujaz: error: ") == errors.count("holds a finished run") == 1  # and nobody waits for ever


def test_two_processes_remember_and_keep_the_start_like_one(
    trained: Callable[[str], Path], topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    """45 rows in steps of 16, 19 dev rows: the last batches are filled up with a row without a label."""
    torch.set_num_threads(1)

    def config(name: str, **training: Any) -> dict[str, Any]:
        given = {
            **SETTINGS,
            "epochs": 2,
            "save_every": None,
            "learning_rate": 1e-3,
            "without_forgetting": 0.5,
            "keep_of_start": 0.25,
            **training,
        }
        made = tiny_config("topic", topic_file, tmp_path / name, **given)
        made["data"] |= {"dev_fraction": 0.3, "test_fraction": 0.0}
        return {**made, "model": {"name": str(trained("topic"))}}

    file = tmp_path / "two.yaml"
    file.write_text(yaml.safe_dump(config("two")), encoding="utf-8")
    codes, errors = _said(_start(file))
    assert codes == [0, 0], errors
    assert errors.count("with 0.25 of the start's weights: dev macro_f1 ") == 1
    metrics = json.loads((tmp_path / "two" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["best_dev"] == pytest.approx(metrics["metrics"]["macro_f1"])
    train(check_config(config("one", batch_size=8), "test"))
    for name in ("loss", "eval_loss"):
        np.testing.assert_allclose(_curve(tmp_path / "two", name), _curve(tmp_path / "one", name), rtol=1e-3, atol=1e-5)
    weights = [load_file(tmp_path / folder / "model.safetensors") for folder in ("two", "one")]
    for name in weights[1]:
        np.testing.assert_allclose(weights[0][name], weights[1][name], atol=2e-3, err_msg=name)


def test_the_plan_counts_the_processes(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    config = check_config(tiny_config("topic", topic_file, tmp_path / "run", **SETTINGS), "test")
    assert [total_steps(config, 36, processes) for processes in (1, 2, 3)] == [8 * 5, 8 * 3, 8 * 2]


def test_two_processes_see_the_rows_that_one_sees() -> None:
    """The order is that of one process with twice the batch; what fills the last batches up has no label."""
    lengths = [int(n) for n in np.random.default_rng(0).integers(1, 60, 45)]
    one = GroupedSampler(lengths, 16, 13)
    two = GroupedSampler(lengths, 16, 13, multiple=16)
    assert len(two) == len(list(two)) == 48
    assert list(two) == [*one, 45, 45, 45]
    assert sorted(one) == list(range(45))


@pytest.mark.parametrize("task", ["topic", "summary"])
def test_the_filler_teaches_nothing(
    task: str, topic_file: Path, summary_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    data = {"topic": topic_file, "summary": summary_file}[task]
    rows = prepare(check_config(tiny_config(task, data, tmp_path / "run"), "test")).train
    filled = with_filler(rows)
    assert len(filled) == len(rows) + 1
    labels = np.atleast_1d(np.array(filled[len(rows)]["label"]))
    assert set(labels.tolist()) == {IGNORED}
    logits = torch.randn(len(labels), 5, requires_grad=True)
    loss = LabelLoss([1.0] * 5, 2.0, 0.1)({"logits": logits}, torch.tensor(labels), 16)
    loss.backward()
    assert loss.item() == 0.0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_an_error_is_told_once_a_machine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    told = []
    for error in (UsageError("alike in all"), FirstProcessError("gone"), OutputError("here alone")):
        monkeypatch.setattr("mujaz.cli.cli.main", lambda raised=error, **_: (_ for _ in ()).throw(raised))
        with pytest.raises(SystemExit) as left:
            main(["train"])
        told.append((left.value.code, capsys.readouterr().err))
    assert told == [(2, ""), (1, ""), (1, "mujaz: error: here alone\n")]


def test_without_others_the_first_does_it() -> None:
    assert is_first()
    assert first_alone(lambda: 5) == 5


def test_pretraining_is_one_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from mujaz.configs.pretrain_schema import PretrainConfig
    from mujaz.training.pretrain import pretrain

    monkeypatch.setenv("WORLD_SIZE", "2")
    config = PretrainConfig.model_construct(output=str(tmp_path))
    with pytest.raises(UsageError, match="pretrain runs in one process"):
        pretrain(config)


def test_sharding_reaches_the_trainer(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    """What accelerate makes of it needs GPUs; that the lines of the config arrive can be seen without."""
    given = fsdp_arguments(FsdpConfig(cpu_offload=True, reshard_after_forward=False, activation_checkpointing=True))
    made = TrainingArguments(output_dir=str(tmp_path), use_cpu=True, **given)
    assert made.fsdp
    assert made.fsdp_plugin_args is not None
    expected = {
        "fsdp_version": 2,
        "cpu_offload": True,
        "reshard_after_forward": False,
        "activation_checkpointing": True,
        "state_dict_type": "FULL_STATE_DICT",
    }
    assert {name: made.fsdp_plugin_args[name] for name in expected} == expected
    assert fsdp_arguments(None) == {}
    config = check_config(tiny_config("topic", topic_file, tmp_path / "run", fsdp={}), "test")
    with pytest.raises(UsageError, match=r"training\.fsdp shards a model over several GPUs.*found 1 on cpu"):
        train(config)
    with pytest.raises(ConfigError, match=r"reshard"):
        check_config(tiny_config("topic", topic_file, tmp_path / "run", fsdp={"reshard": True}), "test")
