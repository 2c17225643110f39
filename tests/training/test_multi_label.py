"""Several labels a text, from the data to the page; scikit-learn and plain transformers are the oracles."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from sklearn.metrics import classification_report, f1_score, multilabel_confusion_matrix
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from mujaz import TextClassifier, evaluate, train
from mujaz.cli import cli
from mujaz.configs.data_schema import ColumnsConfig, DataConfig
from mujaz.configs.loading import check_config
from mujaz.errors import ConfigError, DataError, UsageError
from mujaz.inference.classify import classify_corpus
from mujaz.models.multi_label import PROBLEM_TYPE
from mujaz.training.checks import check_data
from mujaz.training.checks_rows import rows_of_files
from mujaz.training.compare import compare
from mujaz.training.data import load_splits, read_examples
from mujaz.training.encoded import IGNORED
from mujaz.training.label_sets import label_matrix
from mujaz.training.losses import MultiLabelLoss, positive_weights
from mujaz.training.metrics.resampling import label_set_intervals, label_set_scores
from mujaz.training.multi_label import (
    FEWEST_POSITIVES,
    best_threshold,
    honest_scores,
    multi_label_scores,
    tuned_thresholds,
)
from tests.conftest import MONEY, SPORT, write_jsonl

TinyConfig = Callable[..., dict[str, Any]]
HEALTH = ["عالج الطبيب المريض", "ظهر لقاح ضد المرض", "زادت الإصابات بالفيروس"]
LABELS = ["health", "money", "sport"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """360 texts of up to three topics at once, as lists and as strings; some of none."""
    folder, chance = tmp_path_factory.mktemp("labels"), random.Random(3)
    rows: list[dict[str, object]] = []
    for number in range(360):
        parts = [(label, chance.choice(texts)) for label, texts in zip(LABELS, (HEALTH, MONEY, SPORT), strict=True)]
        parts = chance.sample(parts, chance.choice([0, 1, 1, 2, 3]))
        text = " ".join(words for _, words in parts) or "تحدث الناس عن الطقس"
        rows.append({"text": f"{text} {number}", "label": [label for label, _ in parts]})
    write_jsonl(folder / "lists.jsonl", rows)
    joined = [{**row, "label": ";".join(map(str, row["label"]))} for row in rows]  # type: ignore[call-overload]
    write_jsonl(folder / "strings.jsonl", joined)
    return folder


@pytest.fixture(scope="module")
def run(files: Path, tmp_path_factory: pytest.TempPathFactory, tiny_config: TinyConfig) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("run") / "topics"
    settings = {"epochs": 32, "batch_size": 16, "evaluations": 2, "learning_rate": 1e-2}
    return train(check_config(tiny_config("topic", files / "lists.jsonl", folder, **settings), "test")).folder


def test_lists_and_strings_are_read_alike(files: Path) -> None:
    lists = read_examples(str(files / "lists.jsonl"), "topic", ColumnsConfig())
    strings = read_examples(str(files / "strings.jsonl"), "topic", ColumnsConfig(label_separator=";"))
    assert [e.labels for e in lists] == [e.labels for e in strings]
    assert {len(e.labels or ()) for e in lists} == {0, 1, 2, 3}
    assert next(e.label for e in lists if e.labels == ("health", "sport")) == "health | sport"


def test_labels_are_renamed_one_by_one(files: Path) -> None:
    data = DataConfig(train=str(files / "lists.jsonl"), rename={"health": "sport"})
    splits = load_splits(data, "topic")
    assert splits.labels == ["money", "sport"]
    assert {e.label for e in splits.train} == {"", "money", "sport", "money | sport"}
    without = load_splits(data.model_copy(update={"rename": {"health": None}}), "topic")
    assert len(without.train) == len(splits.train)
    assert {e.label for e in without.train} == {"", "money", "sport", "money | sport"}


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (["sport", None], "expected names in the list of labels in column 'label', found None"),
        (["sport", " "], "expected names in the list"),
        ("sport", "expected a list of labels, or a separator between them .label_separator., found one label: 'sport'"),
        (["sport", "culture"], "unknown label 'culture' .in 1 row.: expected one of health, money, sport"),
    ],
)
def test_labels_that_are_none(label: object, message: str, files: Path, tmp_path: Path) -> None:
    bad = write_jsonl(tmp_path / "dev.jsonl", [{"text": "نص", "label": label}])
    with pytest.raises(DataError, match=message) as raised:
        load_splits(DataConfig(train=str(files / "lists.jsonl"), dev=str(bad)), "topic")
    assert (raised.value.file, raised.value.row) == (str(bad), 1)


def test_a_split_keeps_the_shares_of_rare_labels(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": f"نص {i}", "label": ["common"]} for i in range(200)]
    for i in range(20):
        rows[i]["label"] = ["common", "rare"]
    data = DataConfig(train=str(write_jsonl(tmp_path / "train.jsonl", rows)), dev_fraction=0.2)
    splits = load_splits(data, "topic")
    assert splits.multi_label
    assert sum("rare" in (e.labels or ()) for e in splits.dev) == 4


def test_the_loss_is_torchs() -> None:
    logits = torch.randn(12, 3, generator=torch.Generator().manual_seed(0))
    labels = (torch.rand(12, 3, generator=torch.Generator().manual_seed(1)) > 0.6).float()
    weights = positive_weights(labels.numpy())
    positives = labels.sum(0)
    np.testing.assert_allclose(weights, (12 - positives) / positives, rtol=1e-6)
    plain = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(weights))(logits, labels)
    assert MultiLabelLoss(weights)({"logits": logits}, labels).item() == pytest.approx(plain.item(), rel=1e-6)
    parts = [MultiLabelLoss(weights)({"logits": logits[i::3]}, labels[i::3], 36).item() for i in range(3)]
    assert sum(parts) == pytest.approx(plain.item(), rel=1e-6)
    smooth = torch.nn.BCEWithLogitsLoss()(logits, labels * 0.8 + 0.1)
    assert MultiLabelLoss(smoothing=0.2)({"logits": logits}, labels).item() == pytest.approx(smooth.item(), rel=1e-6)
    p = torch.where(labels > 0, logits.sigmoid(), 1 - logits.sigmoid()).double()
    focal = (-((1 - p) ** 2) * p.log()).mean()
    assert MultiLabelLoss(gamma=2.0)({"logits": logits}, labels).item() == pytest.approx(focal.item(), rel=1e-5)
    filled = torch.cat([labels, torch.full((2, 3), float(IGNORED))])
    more = MultiLabelLoss(weights)({"logits": torch.cat([logits, logits[:2]])}, filled)
    assert more.item() == pytest.approx(plain.item(), rel=1e-6)


def test_labels_may_count_unequally_in_the_average() -> None:
    logits = torch.randn(12, 2, generator=torch.Generator().manual_seed(0))
    labels = (torch.rand(12, 2, generator=torch.Generator().manual_seed(1)) > 0.5).float()
    labels[3:, 1] = IGNORED
    rows = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels.clamp(min=0), reduction="none")
    wanted = (rows[:, 0].sum() + 5 * rows[:3, 1].sum()) / (12 + 3)
    assert MultiLabelLoss(shares=[1, 5])({"logits": logits}, labels).item() == pytest.approx(wanted.item(), rel=1e-6)


@pytest.mark.parametrize(
    ("settings", "best"),
    [
        ({"smoothing": 0.1}, 0.05),
        ({"smoothing": 0.1, "weights": [99.0]}, 0.05),  # rows without a rare label are not taught that they have it
        ({"smoothing": 0.1, "gamma": 2.0}, 0.05),
        ({"weights": [99.0]}, 0.0),
    ],
)
def test_what_a_row_without_a_label_is_taught(settings: dict[str, Any], best: float) -> None:
    loss = MultiLabelLoss(**settings)
    grid = torch.linspace(0.001, 0.999, 999)
    values = [float(loss({"logits": p.logit().reshape(1, 1)}, torch.zeros(1, 1))) for p in grid]
    assert float(grid[int(np.argmin(values))]) == pytest.approx(best, abs=0.002)


def test_a_label_that_every_row_has_is_learnt() -> None:
    assert positive_weights(np.array([[1, 0], [1, 1], [1, 0]])) == [1.0, 2.0]


@pytest.mark.parametrize("seed", range(5))
def test_the_threshold_is_the_best_there_is(seed: int) -> None:
    """Tried one by one with scikit-learn's F1; probabilities of two digits, so that many are equal."""
    rng = np.random.default_rng(seed)
    references = rng.random(80) < 0.3
    probabilities: Any = np.round(np.clip(0.3 * references + rng.random(80) * 0.7, 0, 1), 2)
    found = best_threshold(probabilities, references)
    tried = [f1_score(references, probabilities >= t) for t in np.unique(probabilities)]
    assert f1_score(references, probabilities >= found) == pytest.approx(max(tried))
    assert found not in probabilities


def test_thresholds_from_little_data() -> None:
    rng = np.random.default_rng(0)
    references = rng.random((80, 3)) < [0.5, 0.3, 0.0]
    references[: FEWEST_POSITIVES - 1, 2] = True
    probabilities = rng.random((80, 3))
    found = tuned_thresholds(probabilities, references)
    assert found.rows == 80
    assert found.thresholds[2] == best_threshold(
        probabilities.ravel(), references.ravel()
    )  # too rare for one of its own
    assert tuned_thresholds(probabilities[:49], references[:49]).model_dump() == {"thresholds": [0.5] * 3, "rows": 0}


def test_dev_is_scored_with_the_thresholds_of_other_rows() -> None:
    """Chance is worth what chance is: with thresholds of the very rows it would be worth more."""
    draw = np.random.default_rng(3)
    references = draw.random((400, 6)) < 0.15
    logits = draw.normal(size=(400, 6)).astype(np.float32)
    labels = list("abcdef")
    honest = honest_scores(logits, references, labels)["macro_f1"]
    probabilities = 1 / (1 + np.exp(-logits.astype(np.float64)))
    own = tuned_thresholds(probabilities, references).thresholds
    flattered = multi_label_scores(references, probabilities >= own, labels)["macro_f1"]
    assert honest < flattered - 0.01
    right = np.where(references, 4.0, -4.0).astype(np.float32)
    assert honest_scores(right, references, labels)["macro_f1"] == 1


def test_scores_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    references, predictions = rng.random((60, 3)) < 0.4, rng.random((60, 3)) < 0.4
    found = multi_label_scores(references, predictions, LABELS)
    expected: Any = classification_report(
        references, predictions, target_names=LABELS, output_dict=True, zero_division=0
    )
    for label in LABELS:
        assert found["per_class"][label] == {k.replace("-score", ""): v for k, v in expected[label].items()}
    pairs = list(zip(references, predictions, strict=True))
    alone = [2 * (a & b).sum() / (a.sum() + b.sum()) if (a | b).any() else 1.0 for a, b in pairs]
    assert found["samples_f1"] == pytest.approx(np.mean(alone))
    for kind in ("micro", "macro", "weighted"):
        assert found[f"{kind}_f1"] == pytest.approx(expected[f"{kind} avg"]["f1-score"])
    true = multilabel_confusion_matrix(references, predictions)
    assert found["hamming_loss"] == pytest.approx((true[:, 0, 1].sum() + true[:, 1, 0].sum()) / 180)
    ours = label_set_scores(references, predictions, np.ones(60))
    np.testing.assert_allclose(ours[:3], [found["accuracy"], found["macro_f1"], found["micro_f1"]])
    np.testing.assert_allclose(ours[3:], [found["per_class"][label]["f1"] for label in LABELS])
    bounds = label_set_intervals(references, predictions, LABELS, resamples=200)
    for name in ("accuracy", "macro_f1", "micro_f1"):
        low, high = bounds[name]
        assert low < found[name] < high


def test_a_run_says_all_of_it(run: Path, files: Path) -> None:
    info = json.loads((run / "mujaz.json").read_text(encoding="utf-8"))
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert info["labels"] == LABELS
    assert info["multi_label"]["rows"] == 68
    assert metrics["metrics"]["multi_label"] is True
    assert metrics["metrics"]["micro_f1"] > 0.8
    assert [e["eval_macro_f1"] for e in metrics["log"] if "eval_macro_f1" in e][-1] > 0.8
    thresholds = [one["threshold"] for one in metrics["metrics"]["per_class"].values()]
    assert thresholds == info["multi_label"]["thresholds"] != [0.5] * 3
    model = TextClassifier.from_pretrained(run, device="cpu", precision="float32")
    examples = read_examples(str(files / "strings.jsonl"), "topic", ColumnsConfig(label_separator=";"))
    again = evaluate(model, examples)
    wanted = label_matrix([e.labels or () for e in examples], LABELS)
    proba = model.predict_proba([e.text for e in examples])
    assert again.metrics["macro_f1"] == pytest.approx(f1_score(wanted, proba >= thresholds, average="macro"))
    assert again.metrics["micro_f1"] == pytest.approx(f1_score(wanted, proba >= thresholds, average="micro"))


def test_plain_transformers_reads_the_model(run: Path) -> None:
    texts = ["فاز المنتخب في مباراة الكرة", "ارتفع سهم البنك في البورصة عالج الطبيب المريض"]
    model: Any = AutoModelForSequenceClassification.from_pretrained(run)
    assert model.config.problem_type == PROBLEM_TYPE
    tokenizer = AutoTokenizer.from_pretrained(run)
    theirs: Any = pipeline("text-classification", model=model, tokenizer=tokenizer, top_k=None, device="cpu")(texts)
    ours = TextClassifier.from_pretrained(run, device="cpu", precision="float32").predict(texts)
    for one, them in zip(ours, theirs, strict=True):
        scores = {entry["label"]: entry["score"] for entry in them}
        assert one.probabilities == pytest.approx(scores, abs=1e-5)  # sigmoids: they add up to anything
        assert one.labels is not None
        assert list(one.labels) == sorted(one.labels, key=lambda label: -one.probabilities[label])
    (run / "mujaz.json").rename(run / "aside")
    try:
        plain = TextClassifier.from_pretrained(run, device="cpu", precision="float32")
        assert plain.multi_label
        for one in plain.predict(texts):
            assert set(one.labels or ()) == {label for label, p in one.probabilities.items() if p >= 0.5}
    finally:
        (run / "aside").rename(run / "mujaz.json")


def test_a_corpus_gets_labels_and_their_probabilities(run: Path, tmp_path: Path) -> None:
    texts = ["فاز المنتخب في مباراة الكرة", "ارتفع سهم البنك عالج الطبيب المريض", "تحدث الناس عن الطقس"]
    source = write_jsonl(tmp_path / "in.jsonl", [{"id": i, "text": text} for i, text in enumerate(texts)])
    common = ["classify", str(source), "--model", str(run), "--device", "cpu", "--precision", "float32", "--out"]
    for arguments in (["a.jsonl"], ["b.jsonl", "--all-probabilities"], ["c.csv"], ["d.csv", "--all-probabilities"]):
        ran = CliRunner().invoke(cli, [*common, str(tmp_path / arguments[0]), *arguments[1:]], catch_exceptions=False)
        assert ran.exit_code == 0, ran.output
    expected = TextClassifier.from_pretrained(run, device="cpu", precision="float32").predict(texts)
    named = [list(one.labels or ()) for one in expected]
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["labels"] for line in lines] == named
    assert [list(line["probabilities"]) for line in lines] == named
    assert "label" not in lines[0]
    every = [json.loads(line) for line in (tmp_path / "b.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["probabilities"] for line in every] == [pytest.approx(one.probabilities) for one in expected]
    with (tmp_path / "c.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["labels"] for row in rows] == ["|".join(labels) for labels in named]
    shown = [float(p) for p in rows[0]["probabilities"].split("|")]
    assert shown == pytest.approx([expected[0].probabilities[label] for label in named[0]], abs=1e-4)
    with (tmp_path / "d.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {"p_health", "p_money", "p_sport"} < set(next(csv.DictReader(file)))
    summary = json.loads((tmp_path / "a.jsonl.summary.json").read_text(encoding="utf-8"))
    counts = {label: sum(label in labels for labels in named) for label in LABELS}
    assert {k: v for k, v in summary["labels"]["label"].items() if k} == {k: v for k, v in counts.items() if v}


def test_what_is_for_one_label_is_refused(run: Path, files: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    with pytest.raises(UsageError, match="a least precision is for models that give one label.*--min-probability"):
        classify_corpus([str(files / "lists.jsonl")], str(tmp_path / "out.jsonl"), model=run, min_precision=0.9)
    data = tiny_config("stance", files / "strings.jsonl", tmp_path / "run")
    data["data"]["columns"] = {"label_separator": ";"}
    with pytest.raises(ConfigError, match="label_separator is for topic"):
        check_config(data, "test")


def test_one_threshold_for_all(run: Path) -> None:
    model = TextClassifier.from_pretrained(run, device="cpu", precision="float32")
    (everything,) = model.predict(["فاز المنتخب"], min_probability=0.0)
    (nothing,) = model.predict(["فاز المنتخب"], min_probability=1.0)
    assert set(everything.labels or ()) == set(LABELS)
    assert (nothing.labels, nothing.label) == ((), None)


def test_the_commands_and_the_page(run: Path, files: Path, tmp_path: Path) -> None:
    arguments = ["evaluate", str(run), str(files / "strings.jsonl"), "--label-separator", ";", "--device", "cpu"]
    ran = CliRunner().invoke(cli, [*arguments, "--out", str(tmp_path / "scores")], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    assert "micro-F1" in ran.output
    assert "threshold" in ran.output
    for page in (run / "report.html", tmp_path / "scores" / "report.html"):
        text = page.read_text(encoding="utf-8")
        assert "The texts with the most labels wrong" in text
        assert "from its own threshold on" in text
    card = (run / "README.md").read_text(encoding="utf-8")
    assert "any of 3 topics" in card
    assert "Micro-F1" in card
    checked = CliRunner().invoke(
        cli, ["check", str(files / "strings.jsonl"), "--label-separator", ";", "--no-near"], catch_exceptions=False
    )
    assert checked.exit_code == 0, checked.output
    assert "(none)" in checked.output
    assert "rows without a label" not in checked.output


def test_check_counts_each_label(files: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (files / "lists.jsonl").read_text(encoding="utf-8").splitlines()]
    report = check_data(rows_of_files([str(files / "lists.jsonl")]), near=False)
    ((counts),) = report.labels.values()
    assert counts == {
        label: n
        for label in ("", *LABELS)
        if (n := sum(label in row["label"] if label else not row["label"] for row in rows))
    }
    write_jsonl(tmp_path / "train.jsonl", [{"text": "نص", "label": ["a", 1.5]}, {"text": "نص", "label": ["b", "a"]}])
    found = check_data(rows_of_files([str(tmp_path / "train.jsonl")]), near=False)
    assert "unreadable" in {finding.kind for finding in found.findings}


def test_runs_are_compared(run: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (run / "predictions.jsonl").read_text(encoding="utf-8").splitlines()]
    (tmp_path / "worse").mkdir()
    (tmp_path / "worse" / "metrics.json").write_bytes((run / "metrics.json").read_bytes())
    write_jsonl(tmp_path / "worse" / "predictions.jsonl", [{**row, "prediction": ["money"]} for row in rows])
    (tmp_path / "wider").mkdir()
    (tmp_path / "wider" / "metrics.json").write_bytes((run / "metrics.json").read_bytes())
    knows_more = [{**row, "probabilities": {**row["probabilities"], "never": 0.0}} for row in rows]
    write_jsonl(tmp_path / "wider" / "predictions.jsonl", knows_more)
    found = compare([run, tmp_path / "worse", tmp_path / "wider"], resamples=200)
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["metrics"]
    first, second, wider = found.runs
    assert wider.scores["macro_f1"] == pytest.approx(metrics["macro_f1"] * len(LABELS) / (len(LABELS) + 1))
    assert first.scores == pytest.approx({name: metrics[name] for name in ("accuracy", "macro_f1", "micro_f1")})
    assert second.difference < -0.3
    assert second.p is not None
    assert second.p < 0.05


@pytest.mark.parametrize("setting", [{"class_weights": "effective"}, {"balanced_sampling": True}])
def test_what_means_nothing_here(setting: dict[str, Any], files: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    data = tiny_config("topic", files / "lists.jsonl", tmp_path / "run", **setting)
    with pytest.raises(UsageError, match=rf"training.{next(iter(setting))}.* is for one label a text"):
        train(check_config(data, "test"))


def test_folds_look_at_labels_not_at_how_rows_are_grouped(tmp_path: Path) -> None:
    """A label of all rows that three have alone, and three rows without any, are no reason to refuse five folds."""
    rows: list[dict[str, object]] = [
        {"text": f"نص {i}", "label": ["all", "abc"[i % 3]] if i >= 6 else ["all"] * (i % 2)} for i in range(90)
    ]
    file = str(write_jsonl(tmp_path / "d.jsonl", rows))
    parts = [load_splits(DataConfig(train=file, folds=5, fold=k), "topic") for k in range(1, 6)]
    assert sorted(e.row for part in parts for e in part.test) == list(range(1, 91))
    for label in "abc":
        assert {sum(label in (e.labels or ()) for e in part.test) for part in parts} <= {5, 6}
    with pytest.raises(DataError, match="31 folds need 31 rows of each label; 'a' has 28"):
        load_splits(DataConfig(train=file, folds=31, fold=1), "topic")
