"""SIGTERM of a training: what is said, the exit code, and whom it does not concern."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mujaz.commands.stopping import terminable
from tests import fork_server

# Stands for a training that has begun. SLOW: it takes its time to end, as in a long computation.
PROGRAM = """
import os, signal, sys, time
from mujaz.cli import main
import mujaz.training.train as training

def begun(*_, **__):
    try:
        print("begun", flush=True)
        time.sleep(60)
    finally:
        if "SLOW" in os.environ:
            print("ending", flush=True)
            time.sleep(60)

training.train = begun
main(["train", sys.argv[1]])
"""
# A process of its own: the signal is for no one else.
AFTERWARDS = """
import os, signal
from mujaz.commands.stopping import Terminated, terminable

try:
    with terminable():
        os.kill(os.getpid(), signal.SIGTERM)
except Terminated:
    print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)
"""


def started(folder: Path, topic_file: Path, **environment: str) -> fork_server.Process:
    config = {"task": "topic", "output": str(folder / "out"), "data": {"train": str(topic_file)}}
    file = folder / "stopped.yaml"
    file.write_text(yaml.safe_dump({**config, "model": {"name": "topic"}}), encoding="utf-8")
    outside = {name: value for name, value in os.environ.items() if name not in ("RANK", "WORLD_SIZE")}
    process = fork_server.start("-c", PROGRAM, str(file), env={**outside, **environment})
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def test_it_says_how_to_go_on(tmp_path: Path, topic_file: Path) -> None:
    process = started(tmp_path, topic_file)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 143
    assert "The same command goes on from the last checkpoint" in said
    assert "Traceback" not in said


def test_a_second_one_ends_at_once(tmp_path: Path, topic_file: Path) -> None:
    process = started(tmp_path, topic_file, SLOW="1")
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    assert process.stdout.readline() == "ending\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM


def test_under_a_launcher_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "0")
    with terminable():
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_afterwards_it_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    done = subprocess.run([sys.executable, "-c", AFTERWARDS], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
