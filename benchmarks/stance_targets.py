"""Stance models beside a linear SVM over the words of text and target, on rows that neither was trained on.

Needs $MUJAZ_DATA. The SVM and the model learn from the same rows: those of configs/embedded-stance.yaml. Scored are the rows
of ArabicStanceX and ANS that its split left out, those of ArabicStanceX that chose the model's best checkpoint, ANS's
official dev and test headlines, and sets that neither saw: headlines that follow from one another (ArEntail) and
tweets about three targets (Mawqif).

Call:  python benchmarks/stance_targets.py runs/embedded-stance
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC
from topic_shift import score

from mujaz import TextClassifier
from mujaz.configs.data_schema import ColumnsConfig, DataConfig
from mujaz.training.data import Example, load_splits, read_examples, renamed

CONFIG = Path(__file__).parents[1] / "configs" / "embedded-stance.yaml"
NAMES = {"agree": "favor", "disagree": "against", "other": "none", "entails": "favor", "not entail": "not favor"}


def read(name: str) -> list[Example]:
    """Rows of a file below ``stance``, with labels named as the model names them."""
    file = Path(os.environ["MUJAZ_DATA"]) / "stance" / f"{name}.parquet"
    return renamed(read_examples(str(file), "stance", ColumnsConfig()), NAMES)


def svm(train: Sequence[Example]) -> Callable[[Sequence[Example]], list[str]]:
    """TF-IDF of the words of both texts, those of the target marked, with scikit-learn's linear SVM."""

    def words(examples: Sequence[Example]) -> list[str]:
        return [" ".join([e.text, *(f"T_{word}" for word in (e.target or "").split())]) for e in examples]

    vectorizer = TfidfVectorizer(token_pattern=r"\S+", sublinear_tf=True)
    model = LinearSVC().fit(vectorizer.fit_transform(words(train)), [e.label for e in train])
    return lambda examples: list(model.predict(vectorizer.transform(words(examples))))


def mujaz(name: str) -> Callable[[Sequence[Example]], list[str]]:
    """A stance model of mujaz."""
    classifier = TextClassifier.from_pretrained(name, task="stance")
    return lambda rows: [
        max(found.probabilities, key=found.probabilities.__getitem__)
        for found in classifier.predict([e.text for e in rows], [e.target or "" for e in rows])
    ]


def main() -> None:
    """A table: one row a test, one column a model; accuracy with its interval, macro-F1."""
    # The data section alone: the step before it wants a file that only a training needs.
    config = DataConfig.model_validate(yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["data"])
    splits = load_splits(config, "stance")
    tests = {
        "ArabicStanceX, dev part": [e for e in splits.dev if "arabicstancex" in e.file],
        "ArabicStanceX, left out": [e for e in splits.test if "arabicstancex" in e.file],
        "ANS, left out": [e for e in splits.test if "/ans/" in e.file],
        "ANS dev": read("ans/dev"),
        "ANS test": read("ans/test"),
        "ArEntail test, follows or not": read("arentail/test"),
        "Mawqif": read("mawqif/train"),
    }
    train = splits.train
    most = max(splits.labels, key=[e.label for e in train].count)
    runners = {"always " + most: lambda rows: [most] * len(rows), "SVM": svm(train)}
    runners |= {name: mujaz(name) for name in sys.argv[1:] or ["stance"]}
    print("| test | pairs | " + " | ".join(runners) + " |\n|---|---|" + "---|" * len(runners))
    for test, rows in tests.items():
        labels = [e.label or "" for e in rows]
        two = "not favor" in labels
        cells = []
        for predict in runners.values():
            found = [label if not two or label == "favor" else "not favor" for label in predict(rows)]
            cells.append(score(labels, found))
        print(f"| {test} | {len(rows):,} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
