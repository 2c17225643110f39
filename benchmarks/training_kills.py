"""Trainings that are killed at random moments and gone on with, against one that was not.

Each of RUNS runs of ``mujaz train`` (a tiny model with dropout, accumulation, and checkpoints between its evaluations, on
texts made here), or of another verb, is killed with SIGKILL up to three times, after a random part of the time that a whole
run takes, its start included, then run to its end. Every logged loss and score and all weights must be those of the
uninterrupted run; of a search, the settings and scores of all trials, and the best config.

Usage::

    OMP_NUM_THREADS=1 python benchmarks/training_kills.py      # 10 runs; exit code 1 where one differs
    OMP_NUM_THREADS=1 python benchmarks/training_kills.py --runs 3 --verb pretrain    # or distill, search
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import load_file

WORDS = {"sport": "الفريق المباراة الهدف الدوري البطولة", "money": "البنك السهم السوق النفط التضخم"}
TIMES = ("eval_runtime", "eval_samples_per_second", "eval_steps_per_second", "eval_model_preparation_time")


def write_texts(path: Path) -> None:
    """Texts of two topics, a few words each, one word in four of the other topic."""
    chance, rows = random.Random(1), []
    for number in range(600):
        label = ("sport", "money")[number % 2]
        own, other = (WORDS[name].split() for name in (label, ("money", "sport")[number % 2]))
        words = [chance.choice(other if chance.random() < 0.25 else own) for _ in range(chance.randint(3, 30))]
        rows.append({"text": " ".join(words), "label": label})
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_config(folder: Path, output: Path, verb: str) -> Path:
    """The one config of all runs of a verb."""
    shape = {"vocab_size": 300, "hidden_size": 96, "layers": 2, "heads": 4, "intermediate_size": 256}
    training = {"batch_size": 8, "gradient_accumulation": 2, "save_every": 9, "evaluations": 7}
    fixed = {"precision": "float32", "device": "cpu", "learning_rate": 1e-3}
    config: dict[str, Any] = {"output": str(output), "training": {**training, **fixed}}
    text = str(folder / "texts.jsonl")
    if verb == "pretrain":
        model: dict[str, Any] = {**shape, "sequence_length": 32, "dropout": 0.1}
        config |= {"objective": "masked-words", "model": model, "data": {"train": text, "held_out": 0.05}}
        config["training"]["passes"] = 5
    else:
        model = {"scratch": {**shape, "dropout": 0.1}, "max_length": 64}
        config |= {"task": "topic", "model": model}
        config["data"] = {"train": text, "dev_fraction": 0.2, "test_fraction": 0.1}
        config["training"] |= {"epochs": 2 if verb == "search" else 6, "patience": None}
    if verb == "search":
        rates = {"low": 1e-4, "high": 1e-2, "log": True}
        space: dict[str, Any] = {"training.learning_rate": rates, "training.batch_size": [8, 16]}
        config["search"] = {"trials": 8, "space": space}
    path = folder / f"{output.name}.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def run(config: Path, verb: str, seconds: float | None = None) -> bool:
    """Train, for so many seconds at most; whether it came to its end."""
    teacher = [str(config.with_name("teacher"))] if verb == "distill" else []
    process = subprocess.Popen(
        [sys.executable, "-m", "mujaz", verb, *teacher, str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if process.wait(timeout=seconds):
            raise SystemExit(f"mujaz {verb} {config} failed: exit code {process.returncode}")
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


def curve(folder: Path) -> list[dict[str, Any]]:
    """All that was logged, less the seconds it took; of a search its trials and the best config."""
    if trials := sorted(folder.glob("trials/*/metrics.json")):
        best = yaml.safe_load((folder / "best.yaml").read_text(encoding="utf-8"))
        return [*(json.loads(path.read_text(encoding="utf-8")) for path in trials), {**best, "output": ""}]
    log = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["log"]
    return [{name: value for name, value in entry.items() if name not in TIMES} for entry in log]


def same(folder: Path, whole: Path) -> bool:
    """Whether two runs logged the same and left the same weights, to the bit."""
    if curve(folder) != curve(whole):
        return False
    if not (whole / "model.safetensors").exists():
        return True
    weights, expected = (load_file(one / "model.safetensors") for one in (folder, whole))
    return all(torch.equal(weights[name], expected[name]) for name in expected)


def main() -> None:
    """All runs, a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--verb", choices=["train", "pretrain", "distill", "search"], default="train")
    given = parser.parse_args()
    runs, verb, chance, wrong, kills = given.runs, given.verb, random.Random(0), 0, 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_texts(folder / "texts.jsonl")
        if verb == "distill":
            run(write_config(folder, folder / "teacher", "train"), "train")
        began = time.perf_counter()
        run(write_config(folder, folder / "whole", verb), verb)
        lasts = time.perf_counter() - began
        for number in range(1, runs + 1):
            config, moments, done = write_config(folder, folder / f"run{number}", verb), [], False
            for _ in range(chance.randint(1, 3)):
                moments.append(chance.uniform(0.3, 1) * lasts)
                done = run(config, verb, moments[-1]) or (folder / f"run{number}" / "metrics.json").exists()
                if done:  # also where it was killed between its last file and its exit
                    break
                kills += 1
            if not done:
                run(config, verb)
            equal = same(folder / f"run{number}", folder / "whole")
            wrong += not equal
            spent = ", ".join(f"{moment:.1f}" for moment in moments)
            print(f"run {number}, after {spent} s: {'the same' if equal else 'DIFFERS'}", flush=True)
        logged = len(curve(folder / "whole"))
    print(f"{runs} runs, {kills} kills, {logged} entries compared in each; {wrong} that differ")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
