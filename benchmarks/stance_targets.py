"""Stance models beside a linear SVM over the words of text and target, on rows that neither was trained on.

Needs $MUJAZ_DATA. The SVM learns from the labelled rows of configs/embedded-stance.yaml, a second one from the
written pairs as well, as the model does. Scored are the rows of ArabicStanceX and ANS that its split left out, those
of ArabicStanceX that chose the model's best checkpoint, ANS's official dev and test headlines, and sets that neither
saw: headlines that follow from one another (ArEntail), tweets about three targets (Mawqif), and pairs that were
written to be obvious to any reader (stance_obvious/test.jsonl), apart from those that the model learnt from, and not
looked at before it was chosen.

Call:  python benchmarks/stance_targets.py runs/embedded-stance
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC
from topic_shift import score

from mujaz import TextClassifier
from mujaz.configs.data_schema import ColumnsConfig, DataConfig
from mujaz.training.data import Example, load_splits, read_examples
from mujaz.training.renaming import renamed
from mujaz.training.written import rows_of_files

CONFIG = Path(__file__).parents[1] / "configs" / "embedded-stance.yaml"
NAMES = {"agree": "favor", "disagree": "against", "other": "none", "entails": "favor", "not entail": "not favor"}


def read(name: str) -> list[Example]:
    """Rows of a file below ``stance``, with labels named as the model names them."""
    file = Path(os.environ["MUJAZ_DATA"]) / "stance" / f"{name}.parquet"
    return renamed(read_examples(str(file), "stance", ColumnsConfig()), NAMES)


def written(part: str) -> dict[str, list[Example]]:
    """The obvious pairs, by their kind: headline, opinion, article."""
    file = Path(__file__).parent / "stance_obvious" / f"{part}.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    examples = read_examples(str(file), "stance", ColumnsConfig())
    kinds = sorted({row["kind"] for row in rows})
    return {kind: [e for e, row in zip(examples, rows, strict=True) if row["kind"] == kind] for kind in kinds}


def svm(train: Sequence[Example]) -> Callable[[Sequence[Example]], list[str]]:
    """TF-IDF of the words of both texts, those of the target marked, with scikit-learn's linear SVM."""

    def words(examples: Sequence[Example]) -> list[str]:
        return [" ".join([e.text, *(f"T_{word}" for word in (e.target or "").split())]) for e in examples]

    vectorizer = TfidfVectorizer(token_pattern=r"\S+", sublinear_tf=True)
    model = LinearSVC().fit(vectorizer.fit_transform(words(train)), [e.label for e in train])
    return lambda examples: list(model.predict(vectorizer.transform(words(examples))))


def groups() -> list[Example]:
    """The pairs that were written for the embedded model."""
    files = sorted(str(file) for file in (CONFIG.parents[1] / "training" / "stance_groups").glob("*.jsonl"))
    rows = rows_of_files(files)
    return [Example(row["text"], row["label"], row["target"], None, "written", n) for n, row in enumerate(rows, 1)]


def most_frequent(rows: Sequence[Example]) -> list[str]:
    """Of those rows themselves: no model knows it beforehand."""
    labels = [e.label or "" for e in rows]
    return [max(sorted({*labels}), key=labels.count)] * len(rows)


def mujaz(name: str) -> Callable[[Sequence[Example]], list[str]]:
    """A stance model of mujaz."""
    classifier = TextClassifier.from_pretrained(name, task="stance")
    return lambda rows: [
        max(found.probabilities, key=found.probabilities.__getitem__)
        for found in classifier.predict([e.text for e in rows], [e.target or "" for e in rows])
    ]


def main() -> None:
    """A table: one row a test, one column a model; accuracy with its interval, macro-F1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["stance"])
    models = parser.parse_args().models
    config = DataConfig.model_validate(yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["data"])
    splits = load_splits(
        config.model_copy(update={"additional": None}), "stance"
    )  # which are made by make embedded-stance
    obvious = written("test")
    tests = {
        "ArabicStanceX, dev part": [e for e in splits.dev if "arabicstancex" in e.file],
        "ArabicStanceX, left out": [e for e in splits.test if "arabicstancex" in e.file],
        "ANS, left out": [e for e in splits.test if "/ans/" in e.file],
        "ANS dev": read("ans/dev"),
        "ANS test": read("ans/test"),
        "ArEntail test, follows or not": read("arentail/test"),
        "Mawqif": read("mawqif/train"),
        **{f"written to be obvious: {kind}s": rows for kind, rows in obvious.items()},
        "written to be obvious: all": [e for rows in obvious.values() for e in rows],
    }
    train = splits.train
    runners = {"most frequent label": most_frequent, "SVM": svm(train)}
    runners["SVM, written pairs too"] = svm([*train, *groups()])
    runners |= {name: mujaz(name) for name in models}
    print("| test | pairs | " + " | ".join(runners) + " |\n|---|---|" + "---|" * len(runners))
    for test, rows in tests.items():
        labels = [e.label or "" for e in rows]
        two = "not favor" in labels
        cells = []
        for predict in runners.values():
            found = [label if not two or label == "favor" else "not favor" for label in predict(rows)]
            cells.append(score([[label] for label in labels], found))
        print(f"| {test} | {len(rows):,} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
