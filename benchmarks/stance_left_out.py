"""A target that a stance model never saw: train on the other targets of ArabicStanceX, test on the one left out.

Beside it a linear SVM over the words of text and target, trained on the same rows. Needs $MUJAZ_DATA and the checkpoint to
start from, which must not have been trained on those targets; about a minute and a half a target on one core.

Call:  python benchmarks/stance_left_out.py runs/embedded-stance-pairs --targets 4 --epochs 2
"""

from __future__ import annotations

import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

import numpy as np
import yaml
from sklearn.metrics import f1_score
from stance_targets import mujaz, read, svm
from topic_shift import score

from mujaz.configs.loading import check_config
from mujaz.training.data import Example, load_splits
from mujaz.training.train import train

CONFIG = Path(__file__).parents[1] / "configs" / "embedded-stance-teacher.yaml"


def config(start: str, target: str, epochs: float, output: Path) -> dict[str, object]:
    """configs/embedded-stance-teacher.yaml on the posts about all targets but one; its last weights are tested."""
    return {
        "task": "stance",
        "output": str(output),
        "model": {"name": start, "max_length": 96},
        "data": {
            "train": "$MUJAZ_DATA/stance/arabicstancex/train.parquet",
            "dev_fraction": 0.02,
            "split": {"by": "target", "held_out": [target]},
        },
        "training": {
            **yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["training"],
            "epochs": epochs,
            "evaluations": 1,
        },
    }


def one_target(start: str, target: str, epochs: float) -> tuple[list[Example], list[str], list[str]]:
    """The rows of a target, and what the SVM and the model say of them."""
    with tempfile.TemporaryDirectory() as folder:
        checked = check_config(config(start, target, epochs, Path(folder) / "run"), "benchmark")
        splits = load_splits(checked.data, "stance")
        baseline = svm([*splits.train, *splits.dev])(splits.test)
        train(checked)
        return splits.test, baseline, mujaz(checked.output)(splits.test)


def main() -> None:
    """A table: a row a target; accuracy with its interval, macro-F1; and their means."""
    parser = ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("start")
    parser.add_argument("--targets", type=int, default=13, help="So many, from the first in alphabetical order.")
    parser.add_argument("--epochs", type=float, default=2, help="The embedded model's teachers had 3 or 4.")
    options = parser.parse_args()
    targets = sorted({e.target or "" for e in read("arabicstancex/train")})[: options.targets]
    sys.stdout.write("| target left out | posts | most frequent label | SVM | model |\n|---|---|---|---|---|\n")
    means = []
    for target in targets:
        rows, *found = one_target(options.start, target, options.epochs)
        labels = [e.label or "" for e in rows]
        most = max(sorted({*labels}), key=labels.count)
        answers = [[most] * len(rows), *found]
        means.append([100 * f1_score(labels, answer, average="macro") for answer in answers])
        cells = " | ".join(score([[label] for label in labels], answer) for answer in answers)
        sys.stdout.write(f"| {target} | {len(rows):,} | {cells} |\n")
        sys.stdout.flush()
    cells = " | ".join(f"{mean:.1f}" for mean in np.mean(means, axis=0))
    sys.stdout.write(f"| mean macro-F1 of {len(targets)} | | {cells} |\n")


if __name__ == "__main__":
    main()
