"""The small configs on real data with several seeds, beside a linear SVM and the most frequent label of the same splits.

Needs $MUJAZ_DATA. Trains each set from each start with each seed as ``mujaz train`` does, a folder a run. What is trained
already is not trained again, and a run that was killed goes on, so the same command makes the table again. ``nothing`` is
the config as it is; any other start is what model.name takes: ``topic`` the embedded topic model, or a folder.

Call:  python benchmarks/seeds.py runs/seeds --starts nothing topic
       python benchmarks/seeds.py runs/seeds --table          # of the runs that are there
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow.parquet as pq
from rouge import lead_one
from sklearn.metrics import accuracy_score, f1_score
from stance_targets import svm

from mujaz import load_config, train
from mujaz.configs.schema import TrainConfig
from mujaz.training.data import Example, Splits, load_splits
from mujaz.training.metrics.scoring import pair_scores
from mujaz.training.metrics.tokenization import tokenizer

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
OWN_TEST = ("data.dev=null", "data.test=null", "data.test_fraction=0.1", "data.split.by=near_duplicates")


@dataclass(frozen=True)
class Data:
    """A data set, and the config that is trained on it.

    Attributes:
        config: Its name.
        folder: Below $MUJAZ_DATA; its files are called train, dev and test.
        settings: What else the data needs, over the config.
    """

    config: str
    folder: str
    settings: tuple[str, ...] = ()

    def overrides(self) -> list[str]:
        """The data as ``--set`` takes it."""
        files = (f"data.{part}=$MUJAZ_DATA/{self.folder}/{part}.parquet" for part in ("train", "dev", "test"))
        return [*files, *self.settings]


SETS = {
    "ANT": Data("topic-small", "topic/ant"),
    "ASND": Data("topic-small", "topic/asnd"),
    "ANS": Data("stance-small", "stance/ans"),
    "UnifiedFC": Data(
        "stance-small",
        "stance/unifiedfc",
        (
            "data.test=$MUJAZ_DATA/stance/unifiedfc/dev.parquet",
            "data.dev=null",
            "data.split.by=group",
            "data.split.column=claim_id",
        ),
    ),
    "Mawqif": Data("stance-small", "stance/mawqif", OWN_TEST),
    "ArCovidVac": Data("stance-small", "stance/arcovidvac", OWN_TEST),
    "ArabicStanceX": Data("stance-small", "stance/arabicstancex", OWN_TEST),
    "ANT headlines": Data("summary-small", "summary/ant"),
}
PARTS = {
    "ASND": ("ASND, not in train", "in_train")
}  # rows of a test set that stand in train are left out of a second row
Scores = dict[str, float]  # 0-100
Pairs = Sequence[tuple[int, str, str]]  # the row of the file, the reference, what was said of it


def start_overrides(start: str) -> list[str]:
    """Where the training begins: a model that has learnt something wants smaller steps than one from nothing."""
    return [] if start == "nothing" else ["model.scratch=null", f"model.name={start}", "training.learning_rate=3.0e-4"]


def run_folder(runs: Path, name: str, start: str, seed: int) -> Path:
    """Where a run lies."""
    return runs / f"{name.replace(' ', '-')}-{start.replace('/', '-').strip('-')}-{seed}"


def train_one(runs: Path, name: str, start: str, seed: int) -> None:
    """Train, or go on, unless it is done."""
    folder, data = run_folder(runs, name, start, seed), SETS[name]
    if (folder / "metrics.json").is_file():
        return
    settings = [*data.overrides(), *start_overrides(start), f"training.seed={seed}", f"output={folder}"]
    print(f"\n{name}, {start}, seed {seed}", file=sys.stderr, flush=True)
    config = load_config(CONFIGS / f"{data.config}.yaml", settings)
    train(config, report=lambda line: print(line, file=sys.stderr, flush=True))


def label_scores(pairs: Pairs) -> Scores:
    """Accuracy, and macro-F1 over the labels that occur."""
    references, found = [pair[1] for pair in pairs], [pair[2] for pair in pairs]
    f1 = f1_score(references, found, average="macro", labels=sorted(set(references)), zero_division=0)
    return {"accuracy": 100 * accuracy_score(references, found), "macro-F1": 100 * f1}


def summary_scores(pairs: Pairs) -> Scores:
    """ROUGE-1, 2 and L."""
    scores = pair_scores([pair[2] for pair in pairs], [pair[1] for pair in pairs], tokenizer("arabic"))
    return dict(zip(("ROUGE-1", "ROUGE-2", "ROUGE-L"), scores.mean(axis=0).tolist(), strict=False))


def said(folder: Path) -> Pairs:
    """What a run said of its test set."""
    rows = map(orjson.loads, (folder / "predictions.jsonl").read_bytes().splitlines())
    return [(row["row"], row["reference"], row["prediction"]) for row in rows]


def floors(config: TrainConfig, splits: Splits, folder: str) -> dict[str, Pairs]:
    """What costs nothing: the most frequent label and an SVM, or the first sentence."""
    test = splits.test
    if config.task == "summary":
        found = {"the first sentence (LEAD-1)": lead_one(Path(os.environ["MUJAZ_DATA"]), Path(folder).name, None)[0]}
    else:
        most = Counter(e.label for e in splits.train).most_common(1)[0][0] or ""
        found = {f"always {most}": [most] * len(test), "linear SVM": svm(splits.train)(test)}
    return {
        name: [(e.row, answer(e), text) for e, text in zip(test, texts, strict=True)] for name, texts in found.items()
    }


def answer(example: Example) -> str:
    """What is to be said of an example."""
    return (example.label if example.label is not None else example.summary) or ""


def cell(runs: Sequence[Scores], name: str) -> str:
    """Mean and deviation (n - 1) of a score."""
    values = [scores[name] for scores in runs]
    deviation = f" ± {np.std(values, ddof=1):.1f}" if len(values) > 1 else ""
    return f"{np.mean(values):.1f}{deviation}"


def table(runs: Path, names: Sequence[str], starts: Sequence[str], seeds: Sequence[int]) -> None:
    """A row a set and model."""
    print("| set | rows: train, dev, test | model | seeds | accuracy, or ROUGE-1 / 2 / L | macro-F1 |\n|" + "---|" * 6)
    for name in names:
        data = SETS[name]
        config = load_config(CONFIGS / f"{data.config}.yaml", data.overrides())
        splits = load_splits(config.data, config.task)
        sizes = ", ".join(f"{len(part):,}" for part in (splits.train, splits.dev, splits.test))
        found: dict[str, list[Pairs]] = {floor: [pairs] for floor, pairs in floors(config, splits, data.folder).items()}
        for start in starts:
            folders = [run_folder(runs, name, start, seed) for seed in seeds]
            found[f"from {start}"] = [said(folder) for folder in folders if (folder / "metrics.json").is_file()]
        score = summary_scores if config.task == "summary" else label_scores
        rows(name, sizes, found, score)
        if name in PARTS:
            part, column = PARTS[name]
            seen = pq.read_table(splits.test[0].file, columns=[column])[column].to_pylist()
            unseen: dict[str, list[Pairs]] = {
                key: [[p for p in run if not seen[p[0] - 1]] for run in value] for key, value in found.items()
            }
            rows(part, f"test {seen.count(False):,}", unseen, score)


def rows(name: str, sizes: str, found: dict[str, list[Pairs]], score: Callable[[Pairs], Scores]) -> None:
    """The rows of one set."""
    for model, several in found.items():
        if not several:
            continue
        scores = [score(pairs) for pairs in several]
        cells = [cell(scores, metric) for metric in scores[0]]
        columns = cells if len(cells) == 2 else [" / ".join(cells), ""]
        count: Any = len(several) if model.startswith("from ") else ""
        print(f"| {name} | {sizes} | {model} | {count} | " + " | ".join(columns) + " |", flush=True)


def main() -> None:
    """Train what is missing, a seed of all before the next, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=[name for name in SETS if "headlines" not in name])
    parser.add_argument("--starts", nargs="+", default=["nothing"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[13, 14, 15])
    parser.add_argument("--table", action="store_true", help="train nothing")
    options = parser.parse_args()
    for seed in options.seeds if not options.table else []:
        for name in options.sets:
            for start in options.starts:
                train_one(options.runs, name, start, seed)
    table(options.runs, options.sets, options.starts, options.seeds)


if __name__ == "__main__":
    main()
