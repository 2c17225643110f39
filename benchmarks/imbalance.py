"""What each setting against imbalance gives on stance with 37 "disagree" among 1,842 training rows, against none of them.

Needs $MUJAZ_DATA (stance/unifiedfc). A small pair model from nothing, the same for all settings but for the one line; no dev
data, so that each is scored after its last step; of each page the first 100 words alone. Prints a table in Markdown.

Call:  OMP_NUM_THREADS=1 python benchmarks/imbalance.py --seeds 2
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow.parquet as pq
from sklearn.metrics import f1_score

from mujaz import TextClassifier, train
from mujaz.configs.data_schema import ColumnsConfig
from mujaz.configs.loading import check_config
from mujaz.models.windows import LongText
from mujaz.training.data import Example, read_examples

RARE = "disagree"
WORDS = 100  # of a page: more than the model reads of most
SETTINGS: dict[str, dict[str, Any]] = {
    "none": {},
    "`class_weights: inverse`": {"class_weights": "inverse"},
    "`class_weights: effective`": {"class_weights": "effective"},
    "`focal_gamma: 2`": {"focal_gamma": 2.0},
    "`balanced_sampling: true`": {"balanced_sampling": True},
    "`label_smoothing: 0.1`": {"label_smoothing": 0.1},
}
SHAPE = {"vocab_size": 6000, "hidden_size": 96, "layers": 2, "heads": 4, "intermediate_size": 256}


def beginnings(file: Path, folder: Path) -> Path:
    """The rows of a file, their texts cut."""
    rows = pq.read_table(file, columns=["text", "target", "label"]).to_pylist()
    path = folder / f"{file.stem}.jsonl"
    cut = ({**row, "text": " ".join(row["text"].split()[:WORDS])} for row in rows)
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in cut if row["text"]))
    return path


def config(data: Path, output: Path, training: dict[str, Any], epochs: float) -> dict[str, Any]:
    """The one config of all settings."""
    common = {
        "epochs": epochs,
        "batch_size": 32,
        "learning_rate": 5e-4,
        "evaluations": 1,
        "precision": "float32",
        "device": "cpu",
    }
    return {
        "task": "stance",
        "output": str(output),
        "model": {"scratch": SHAPE, "max_length": 128},
        "data": {"train": str(data), "dev_fraction": 0.0},
        "training": {**common, **training},
    }


def scores(folder: Path, test: list[Example]) -> tuple[float, float, int]:
    """Macro-F1, F1 of the rare label, and how often it was said."""
    model = TextClassifier.from_pretrained(folder, device="cpu", long=LongText(policy="truncate"))
    found = [r.best for r in model.predict([e.text for e in test], [e.target or "" for e in test])]
    references = [e.label for e in test]
    by_label = f1_score(references, found, average=None, labels=model.labels, zero_division=0)
    return float(np.mean(by_label)), float(by_label[model.labels.index(RARE)]), found.count(RARE)


def main() -> None:
    """Cut the texts, and try every setting on them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=float, default=8)
    arguments = parser.parse_args()
    data = Path(os.environ["MUJAZ_DATA"]) / "stance" / "unifiedfc"
    with tempfile.TemporaryDirectory() as folder:
        train_file, test_file = (beginnings(data / f"{part}.parquet", Path(folder)) for part in ("train", "dev"))
        table(train_file, read_examples(str(test_file), "stance", ColumnsConfig()), arguments.seeds, arguments.epochs)


def table(data: Path, test: list[Example], seeds: int, epochs: float) -> None:
    """Train and score every setting with every seed."""
    print(f"| setting | macro-F1 | F1 of {RARE} | {RARE} said, of {len(test)} |\n|---|---|---|---|")
    for name, training in SETTINGS.items():
        rows = []
        for seed in range(seeds):
            with tempfile.TemporaryDirectory() as folder:
                asked = config(data, Path(folder) / "run", {**training, "seed": 13 + seed}, epochs)
                train(check_config(asked, "benchmark"))
                rows.append(scores(Path(folder) / "run", test))
                print(name, asked["training"]["seed"], rows[-1], file=sys.stderr, flush=True)
        macro, rare, said = (list(column) for column in zip(*rows, strict=True))
        cells = [" / ".join(f"{100 * value:.1f}" for value in values) for values in (macro, rare)]
        print(f"| {name} | {cells[0]} | {cells[1]} | {' / '.join(map(str, said))} |", flush=True)


if __name__ == "__main__":
    main()
