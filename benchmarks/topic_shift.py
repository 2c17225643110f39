"""Topic models on other lengths and other outlets than they were trained on, beside TF-IDF with a linear SVM.

Needs $MUJAZ_DATA. Trains the SVM on what the embedded topic model has labels of: SANAD's training texts and ANT's
sections, the texts that were read for it (training/topic_labels.jsonl), as headlines and whole, and what was written
for it (topic_written.jsonl). Scores it and the models on

- SANAD's test texts, whole and cut;
- a Tunisian radio's news and headlines (ANT) and an Arab news channel's posts (ASND), where their labels match: other
  texts of both outlets are in the training;
- outlets of which no training has a text, sorted by large language models: Saudi newspapers, whose later articles were
  sorted twice, the second time knowing nothing of the first (topic_read.jsonl, beside summary/saudinewsnet/test: the 396
  of 400 with the same label), and earlier ones and those of ArgEn, sorted once (topic_read_once.jsonl); where two labels
  fit, either is right;
- headlines that a large language model wrote for it, a third of them to mislead a counter of words (topic_headlines.jsonl).

Of the last two kinds, those that belong to none of the topics tell how sure a model is where it should not be: AUROC of its
highest probability (of the SVM, its largest decision value), 50 by chance, 100 where it is surer of every other text.
And what ``--min-precision 0.9`` makes of them, where the model has such a threshold: the share of the texts with a topic
that get a label, the share of right ones among all labels that are given, and the share of the others that get none.

Call:  python benchmarks/topic_shift.py topic runs/embedded-topic
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.svm import LinearSVC

from mujaz import TextClassifier
from mujaz.formats import read_rows
from mujaz.training.metrics.bootstrap import confidence_interval
from mujaz.training.read_labels import article_id, labelled_rows

HERE = Path(__file__).parent
TRAINING = HERE.parent / "training"
LABELS, WRITTEN = TRAINING / "topic_labels.jsonl", TRAINING / "topic_written.jsonl"
READ_SETS = ("topic/ant", "topic/asnd", "summary/wikilead", "stance/ans")
SORTED = {  # name -> labels of articles, and where the articles are
    "Saudi newspapers": ("topic_read", "summary/saudinewsnet/test"),
    "Saudi newspapers, sorted once": ("topic_read_once", "summary/saudinewsnet/train"),
    "ArgEn, sorted once": ("topic_read_once", "summary/argen/train"),
}
OTHER = "other"
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
Test = tuple[list[str], list[list[str]]]  # texts, and for each the labels that are right, the likeliest first
PRECISION = 0.9
Runner = Callable[[list[str]], tuple[list[str], list[float]]]  # for each text the label, and how sure of it


def rows(*names: str) -> list[dict[str, Any]]:
    """Rows of files below $MUJAZ_DATA."""
    folder = Path(os.environ["MUJAZ_DATA"])
    return [row for name in names for row in pq.read_table(folder / f"{name}.parquet").to_pylist()]


def tests() -> dict[str, Test]:
    """Name -> texts and labels; only texts that no training has seen."""
    sanad = rows("topic/sanad/test")
    labels = [[row["label"]] for row in sanad]
    ant = [row for row in rows("topic/ant/dev", "topic/ant/test") if row["label"] in ANT]
    topics = [[ANT[row["label"]]] for row in ant]
    asnd = [row for row in rows("topic/asnd/dev", "topic/asnd/test") if row["label"] in ASND and not row["in_train"]]
    written = [row.values for row in read_rows(HERE / "topic_headlines.jsonl")]
    return {
        "SANAD": ([row["text"] for row in sanad], labels),
        "SANAD, 10 words": ([" ".join(row["text"].split()[:10]) for row in sanad], labels),
        "SANAD, 25 words": ([" ".join(row["text"].split()[:25]) for row in sanad], labels),
        "ANT": ([row["text"] for row in ant], topics),
        "ANT, headline": ([row["title"] or "" for row in ant], topics),
        "ANT, headline and text": ([f"{row['title'] or ''}\n{row['text']}" for row in ant], topics),
        "ASND": ([row["text"] for row in asnd], [[ASND[row["label"]]] for row in asnd]),
        **sorted_tests(),
        "written headlines": ([row["text"] for row in written], [[row["label"]] for row in written]),
    }


def sorted_tests() -> dict[str, Test]:
    """Articles that were sorted by reading, as headlines and whole."""
    found: dict[str, Test] = {}
    for name, (labels, file) in SORTED.items():
        right = {row.values["article"]: row.values["labels"] for row in read_rows(HERE / f"{labels}.jsonl")}
        articles = [row for row in rows(file) if article_id(row["text"]) in right]
        read = [right[article_id(row["text"])] for row in articles]
        found[f"{name}, headline"] = ([row["summary"] for row in articles], read)
        found[f"{name}, headline and text"] = ([f"{row['summary']}\n{row['text']}" for row in articles], read)
    return found


def svm() -> Runner:
    """TF-IDF of words with a linear SVM, as scikit-learn sets them."""
    train = [(row["text"], row["label"]) for row in rows("topic/sanad/train")]
    sections = [row | {"label": ANT[row["label"]]} for row in rows("topic/ant/train") if row["label"] in ANT]
    sets = [Path(os.environ["MUJAZ_DATA"]) / name / "train.parquet" for name in READ_SETS]
    read = labelled_rows([str(path) for path in (LABELS, *sets)])
    for row in [*sections, *read, *(one.values for one in read_rows(WRITTEN))]:
        if row["label"] != OTHER:
            texts = (row["title"], f"{row['title']}\n{row['text']}")
            train += [(text, row["label"]) for text in texts if text]
    vectorizer = TfidfVectorizer()
    model = LinearSVC().fit(vectorizer.fit_transform([text for text, _ in train]), [label for _, label in train])

    def run(texts: list[str]) -> tuple[list[str], list[float]]:
        found = model.decision_function(vectorizer.transform(texts))
        return [str(model.classes_[i]) for i in found.argmax(axis=1)], [float(value) for value in found.max(axis=1)]

    return run


def mujaz(classifier: TextClassifier) -> Runner:
    """A topic model of mujaz."""

    def run(texts: list[str]) -> tuple[list[str], list[float]]:
        found = classifier.predict(texts)
        return [one.label or "" for one in found], [one.probability or 0.0 for one in found]

    return run


def score(labels: list[list[str]], predicted: list[str]) -> str:
    """Accuracy with its 95 % bootstrap interval, and macro-F1 over the labels that occur; rows of no label do not count."""
    known = [i for i, right in enumerate(labels) if right != [OTHER]]
    right = np.array([[predicted[i] in labels[i]] for i in known], dtype=np.float64)
    low, high = confidence_interval(right)
    best = [predicted[i] if predicted[i] in labels[i] else labels[i][0] for i in known]  # either of two is right
    f1 = f1_score(best, [predicted[i] for i in known], average="macro", labels=sorted(set(best)))
    return f"{100 * right.mean():.1f} ({100 * low[0]:.1f} to {100 * high[0]:.1f}), {100 * f1:.1f}"


def auroc(labels: list[list[str]], sure: list[float]) -> str:
    """How well probabilities part texts of a label from those of none; empty where all have one."""
    return f"{100 * roc_auc_score([one != [OTHER] for one in labels], sure):.1f}" if [OTHER] in labels else ""


def at_precision(labels: list[list[str]], predicted: list[str], sure: list[float], least: float | None) -> str:
    """What a threshold makes of texts, some of which have no topic; empty without one, or where all have a topic."""
    if least is None or [OTHER] not in labels:
        return ""
    of_none = np.array([right == [OTHER] for right in labels])
    given = np.array(sure) >= least
    right = np.array([one in possible for one, possible in zip(predicted, labels, strict=True)])
    shares = (given[~of_none].mean(), right[given].mean(), 1 - given[of_none].mean())
    return " / ".join(f"{100 * share:.1f}" for share in shares)


def threshold(classifier: TextClassifier) -> float | None:
    """The least probability for :data:`PRECISION`, where the model knows one."""
    calibration = classifier.info.calibration
    return calibration.threshold_for(PRECISION).min_probability if calibration else None


def main() -> None:
    """A table: one row a test, one column a model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["topic"])
    names: list[str] = parser.parse_args().models
    models = {name: TextClassifier.from_pretrained(name) for name in names}
    runners = {"SVM": svm()} | {name: mujaz(model) for name, model in models.items()}
    least = {"SVM": None} | {name: threshold(model) for name, model in models.items()}
    print("| test | texts | " + " | ".join(runners) + " |\n|---|---|" + "---|" * len(runners))
    seconds = dict.fromkeys(runners, 0.0)
    texts_read = 0
    for test, (texts, labels) in tests().items():
        cells: list[tuple[str, str, str]] = []
        for name, predict in runners.items():
            began = time.monotonic()
            found = predict(texts)
            seconds[name] += time.monotonic() - began
            cells.append((score(labels, found[0]), auroc(labels, found[1]), at_precision(labels, *found, least[name])))
        texts_read += len(texts)
        others = labels.count([OTHER])
        accuracies, aurocs, kept = zip(*cells, strict=True)
        print(f"| {test} | {len(texts) - others:,} | " + " | ".join(accuracies) + " |", flush=True)
        if others:
            print(f"| beside {others} of no topic, AUROC | | " + " | ".join(aurocs) + " |", flush=True)
            print("| labelled / right / others without | | " + " | ".join(kept) + " |", flush=True)
    print("| texts a second | | " + " | ".join(f"{texts_read / spent:,.0f}" for spent in seconds.values()) + " |")


if __name__ == "__main__":
    main()
