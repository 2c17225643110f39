"""Topic models on other lengths and other outlets than they were trained on, beside TF-IDF with a linear SVM.

Needs $MUJAZ_DATA. Trains the SVM on SANAD's training texts, and scores it and the models on SANAD's test texts, whole and
cut, on a Tunisian radio's news and headlines (ANT), and on an Arab news channel's posts (ASND), where their labels match.

Call:  python benchmarks/topic_shift.py topic runs/embedded-topic
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.svm import LinearSVC

from mujaz import TextClassifier
from mujaz.training.metrics.bootstrap import confidence_interval

ANT = {
    "sport": "sports",
    "economy": "finance",
    "culture": "culture",
    "technology": "tech",
    "politic": "politics",
    "internationalNews": "politics",
}
ASND = {
    "sports": "sports",
    "science-and-technology": "tech",
    "business-and-economy": "finance",
    "health": "medical",
    "spiritual": "religion",
    "art-and-entertainment": "culture",
    "politics": "politics",
}
Test = tuple[list[str], list[str]]


def rows(*names: str) -> list[dict[str, Any]]:
    """Rows of files below ``topic``."""
    folder = Path(os.environ["MUJAZ_DATA"]) / "topic"
    return [row for name in names for row in pq.read_table(folder / f"{name}.parquet").to_pylist()]


def tests() -> dict[str, Test]:
    """Name -> texts and labels; only texts that no training has seen."""
    sanad = rows("sanad/test")
    labels = [row["label"] for row in sanad]
    ant = [row for row in rows("ant/dev", "ant/test") if row["label"] in ANT]
    topics = [ANT[row["label"]] for row in ant]
    asnd = [row for row in rows("asnd/dev", "asnd/test") if row["label"] in ASND and not row["in_train"]]
    return {
        "SANAD": ([row["text"] for row in sanad], labels),
        "SANAD, 10 words": ([" ".join(row["text"].split()[:10]) for row in sanad], labels),
        "SANAD, 25 words": ([" ".join(row["text"].split()[:25]) for row in sanad], labels),
        "ANT": ([row["text"] for row in ant], topics),
        "ANT, headline": ([row["title"] or "" for row in ant], topics),
        "ANT, headline and text": ([f"{row['title'] or ''}\n{row['text']}" for row in ant], topics),
        "ASND": ([row["text"] for row in asnd], [ASND[row["label"]] for row in asnd]),
    }


def svm() -> Callable[[list[str]], list[str]]:
    """TF-IDF of words with a linear SVM, as scikit-learn sets them."""
    train = rows("sanad/train")
    vectorizer = TfidfVectorizer()
    model = LinearSVC().fit(vectorizer.fit_transform([row["text"] for row in train]), [row["label"] for row in train])
    return lambda texts: list(model.predict(vectorizer.transform(texts)))


def mujaz(name: str) -> Callable[[list[str]], list[str]]:
    """A topic model of mujaz."""
    classifier = TextClassifier.from_pretrained(name)
    return lambda texts: [result.label for result in classifier.predict(texts)]


def score(labels: list[str], predicted: list[str]) -> str:
    """Accuracy with its 95 % bootstrap interval, and macro-F1 over the labels that occur."""
    right = np.array([[a == b] for a, b in zip(labels, predicted, strict=True)], dtype=np.float64)
    low, high = confidence_interval(right)
    f1 = f1_score(labels, predicted, average="macro", labels=sorted(set(labels)))
    return f"{100 * right.mean():.1f} ({100 * low[0]:.1f} to {100 * high[0]:.1f}), {100 * f1:.1f}"


def main() -> None:
    """A table: one row a test, one column a model."""
    runners = {"SVM": svm()} | {name: mujaz(name) for name in sys.argv[1:] or ["topic"]}
    print("| test | texts | " + " | ".join(runners) + " |\n|---|---|" + "---|" * len(runners))
    seconds = dict.fromkeys(runners, 0.0)
    texts_read = 0
    for test, (texts, labels) in tests().items():
        cells = []
        for name, predict in runners.items():
            began = time.monotonic()
            predicted = predict(texts)
            seconds[name] += time.monotonic() - began
            cells.append(score(labels, predicted))
        texts_read += len(texts)
        print(f"| {test} | {len(texts):,} | " + " | ".join(cells) + " |", flush=True)
    print("| texts a second | | " + " | ".join(f"{texts_read / spent:,.0f}" for spent in seconds.values()) + " |")


if __name__ == "__main__":
    main()
