"""Training texts that have none of the labels: a classifier learns to be unsure of them."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from scipy.special import softmax
from sklearn.metrics import roc_auc_score
from torch.nn.functional import cross_entropy

from mujaz import evaluate
from mujaz.cli import cli
from mujaz.configs.data_schema import ColumnsConfig, DataConfig
from mujaz.configs.loading import check_config
from mujaz.configs.schema import CalibrationConfig
from mujaz.errors import ConfigError, DataError, UsageError
from mujaz.models.checkpoint import read_info
from mujaz.models.classifier import TextClassifier
from mujaz.training.calibration import calibrate, probability_metrics
from mujaz.training.checks import quick_check
from mujaz.training.data import load_splits, read_examples
from mujaz.training.distillation import taught
from mujaz.training.encoded import IGNORED, UNSURE
from mujaz.training.job import prepare
from mujaz.training.left_out import left_out
from mujaz.training.losses import LabelLoss
from mujaz.training.parts import write_parts
from mujaz.training.train import train
from mujaz.training.trained_texts import keep
from tests.conftest import MONEY, SPORT, TinyConfig, write_jsonl

WEATHER = [
    "الطقس غدا غائم مع أمطار",
    "درجات الحرارة ترتفع غدا",
    "رياح نشطة وأمطار غدا في الشمال",
    "ضباب في الصباح والطقس بارد",
]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three labels, one of which stands for whatever else there is."""
    rows = [(text, "sport") for text in SPORT * 8] + [(text, "money") for text in MONEY * 8]
    rows += [(text, "else") for text in WEATHER * 5]
    path = tmp_path_factory.mktemp("data") / "topic.jsonl"
    return write_jsonl(path, [{"text": text, "label": label} for text, label in rows])


def test_they_are_apart_from_the_rows_with_labels(labelled: Path) -> None:
    data = DataConfig(train=str(labelled), dev=str(labelled), test_fraction=0.25, outliers=["else"])
    splits = load_splits(data, "topic")
    assert splits.labels == ["money", "sport"]
    assert {e.label for e in (*splits.train, *splits.dev, *splits.test)} == {"money", "sport"}
    assert [(e.text, e.label) for e in splits.dev_outliers] == [(text, None) for text in WEATHER * 5]
    # Those of train are split as the labels are.
    assert (len(splits.outliers), len(splits.test_outliers)) == (15, 5)
    assert Counter(e.text for e in (*splits.outliers, *splits.test_outliers)) == dict.fromkeys(WEATHER, 5)
    assert not splits.warnings
    again = load_splits(data.model_copy(update={"outliers": ["other"], "rename": {"else": "other"}}), "topic")
    assert again.dev_outliers == [replace(e, outlier="other") for e in splits.dev_outliers]
    few = load_splits(data.model_copy(update={"max_train_rows": 20, "max_dev_rows": 30}), "topic")
    assert (len(few.train) + len(few.outliers), len(few.dev) + len(few.dev_outliers)) == (20, 30)
    (line,) = load_splits(data.model_copy(update={"outliers": ["elsewhere", "else"]}), "topic").warnings
    assert line.startswith("data.outliers: no row has the label 'elsewhere'")


def test_the_loss_is_the_cross_entropy_to_all_labels_alike() -> None:
    logits = torch.randn(6, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    labels = torch.tensor([2, UNSURE, 0, IGNORED, UNSURE, 1])
    alike = cross_entropy(logits, torch.full((6, 4), 0.25), reduction="none")
    for loss in (LabelLoss(), LabelLoss([1.0, 2.0, 3.0, 0.5], gamma=2.0, smoothing=0.1)):
        rows = loss.rows(logits, labels)
        known = loss.rows(logits[[0, 2, 5]], labels[[0, 2, 5]])
        expected = torch.stack([known[0], alike[1], known[1], torch.tensor(0.0), alike[4], known[2]])
        assert torch.allclose(rows, expected)
        assert torch.allclose(loss({"logits": logits}, labels), expected.sum() / 5)  # 5 rows of which something is said
    (gradient,) = torch.autograd.grad(LabelLoss().rows(logits, labels)[1], logits)
    assert torch.allclose(gradient[1], logits[1].softmax(-1) - 0.25)  # none where all are equally likely


def test_a_classifier_learns_to_be_unsure_of_them(tiny_config: TinyConfig, labelled: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"epochs": 12, "learning_rate": 3e-3, "class_weights": "inverse"}
    settings |= {"batch_size": "auto", "effective_batch_size": 8}
    config = tiny_config("topic", labelled, tmp_path / "run", **settings)
    config["data"] |= {"outliers": ["else"], "augmentation": {"cut": 0.5, "shortest_cut": 2}, "test": str(labelled)}
    said: list[str] = []
    result = train(check_config(config, "test"), report=said.append)
    assert any("; 15 that have none of the labels; " in line for line in said)
    model = TextClassifier.from_pretrained(tmp_path / "run", device="cpu", precision="float32")
    assert model.labels == ["money", "sport"]

    def sure(texts: list[str]) -> float:
        return float(np.mean([max(one.probabilities.values()) for one in model.predict(texts)]))

    assert sure(WEATHER) < 0.65 < 0.85 < sure(SPORT + MONEY)
    info = read_info(tmp_path / "run")
    assert info is not None
    assert info.data is not None
    assert (info.data.outliers, info.labels) == (15, ["money", "sport"])
    card = (tmp_path / "run" / "README.md").read_text(encoding="utf-8")
    assert "unsure of 15 further texts, which have none of the labels" in card
    told = "20 more texts have none of the labels: the model is surer of a text with a label"
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert told in card
    assert told in page
    found = result.metrics["metrics"]["probabilities"]["outliers"]
    assert found["rows"] == 20
    known = [max(one.probabilities.values()) for one in model.predict(SPORT * 8 + MONEY * 8)]
    others = [max(one.probabilities.values()) for one in model.predict(WEATHER * 5)]
    assert found["auroc"] == pytest.approx(roc_auc_score([1] * len(known) + [0] * len(others), known + others))
    assert result.evaluation is not None
    assert result.evaluation.rows == len(result.evaluation.predictions) == len(known)


def test_scores_of_data_with_texts_of_none_of_the_labels(
    trained: Callable[[str], Path], labelled: Path, tmp_path: Path
) -> None:
    model = str(trained("topic"))
    whole = evaluate(model, labelled, rename={"else": None})
    found = evaluate(model, labelled, outliers=["else"])
    of_found, of_whole = (one.metrics.pop("probabilities") for one in (found, whole))
    assert of_found["outliers"]["rows"] == 20
    assert (found.rows, found.metrics) == (whole.rows, whole.metrics)  # no other score counts them
    assert of_found["nll"] == pytest.approx(of_whole["nll"], rel=1e-4)
    assert [one["row"] for one in found.predictions] == [one["row"] for one in whole.predictions]
    out = CliRunner().invoke(
        cli, ["evaluate", model, str(labelled), "--outlier", "else", "--out", str(tmp_path / "out")]
    )
    assert "20 more texts have none of the labels" in out.stdout
    assert (
        json.loads((tmp_path / "out" / "metrics.json").read_text())["metrics"]["probabilities"]["outliers"]["rows"]
        == 20
    )
    idle = CliRunner().invoke(cli, ["evaluate", model, str(labelled), "--rename", "else=", "--outlier", "otter"])
    assert "--outlier: no row has the label 'otter'" in idle.stderr
    with pytest.raises(UsageError, match="outliers are for classifiers"):
        evaluate(str(trained("summary")), labelled, outliers=["else"])


def test_they_count_as_wrong_where_a_threshold_is_chosen() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(400, 2)) * 3
    references = (logits[:, 1] > logits[:, 0]).astype(np.int64)  # never wrong
    outliers = generator.normal(size=(100, 2))
    settings = CalibrationConfig(min_precision=0.95)
    assert calibrate(logits, references, settings).threshold_for(0.95).coverage == 1
    found = calibrate(logits, references, settings, outliers)
    assert (found.rows, found.outliers, found.temperature) == (400, 100, 1.0)
    chosen = found.threshold_for(0.95)
    assert found.min_probability == chosen.min_probability
    kept, wrong = (
        int((softmax(one, axis=1).max(axis=1) >= chosen.min_probability).sum()) for one in (logits, outliers)
    )
    assert wrong > 0
    assert chosen.precision == pytest.approx(kept / (kept + wrong))
    assert chosen.coverage == pytest.approx((kept + wrong) / 500)
    metrics = probability_metrics(softmax(logits, axis=1), references, found, softmax(outliers, axis=1))
    assert metrics["abstention"]["precision"] == pytest.approx(chosen.precision)


def test_those_of_dev_and_test_are_learnt_from_nowhere(
    trained: Callable[[str], Path], labelled: Path, tiny_config: TinyConfig, tmp_path: Path
) -> None:
    config = tiny_config("topic", labelled, tmp_path / "run")
    config["data"] |= {"outliers": ["else"], "test_fraction": 0.25}
    held_out = {"أمطار على السواحل", "رياح على الجبال"}
    rows: list[dict[str, object]] = [{"text": text, "label": "else"} for text in held_out]
    rows += [{"text": f"{text} أمس", "label": label} for text, label in ((SPORT[0], "sport"), (MONEY[0], "money"))]
    config["data"] |= {"test": str(write_jsonl(tmp_path / "test.jsonl", rows))}
    pool = write_jsonl(tmp_path / "pool.jsonl", [{"text": text} for text in (*held_out, "حرارة مرتفعة")])
    config["distill"] = {"teacher": str(trained("topic")), "unlabelled": str(pool)}
    settings = check_config(config, "test")
    splits = load_splits(settings.data, "topic")
    assert held_out <= {row["text"] for row in left_out(splits)}
    said: list[str] = []
    assert settings.distill is not None
    taught(prepare(settings), settings.distill, said.append)
    assert "teacher: 2 unlabelled texts stand in dev or test, and are left out" in said
    doubled = write_jsonl(tmp_path / "more.jsonl", [{"text": text, "label": "else"} for text in held_out])
    again = load_splits(settings.data.model_copy(update={"additional": str(doubled)}), "topic")
    before, after = ({one.line for one in quick_check(each)} for each in (splits, again))
    assert any("test" in line and "train" in line for line in after - before)


def test_folds_need_no_outlier_each_and_a_dev_file_of_them_alone_is_no_dev(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": f"{text} {n}", "label": "sport"} for n in range(5) for text in SPORT[:3]]
    rows += [{"text": f"{text} {n}", "label": "money"} for n in range(5) for text in MONEY[:3]]
    rows += [{"text": text, "label": "else"} for text in WEATHER[:3]]
    source = write_jsonl(tmp_path / "rows.jsonl", rows)
    data = DataConfig(train=str(source), outliers=["else"], folds=5, dev_fraction=0)
    parts = [load_splits(data.model_copy(update={"fold": number}), "topic") for number in range(1, 6)]
    assert sum(len(one.test_outliers) for one in parts) == 3
    assert all({e.label for e in one.test} == {"sport", "money"} for one in parts)
    dev = write_jsonl(tmp_path / "dev.jsonl", rows[-3:])
    splits = load_splits(DataConfig(train=str(source), dev=str(dev), outliers=["else"]), "topic")
    assert splits.dev
    assert len(splits.dev_outliers) >= 3


def test_the_command_line_scores_as_python_does(trained: Callable[[str], Path], tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": text, "label": "sport"} for text in SPORT[:3]]
    data = write_jsonl(tmp_path / "data.jsonl", rows + [{"text": SPORT[-1], "label": "else"}] * 9)
    model = shutil.copytree(trained("topic"), tmp_path / "model")
    keep(model, read_examples(str(data), "topic", ColumnsConfig()), [])  # as if it had learnt from all of them
    out = CliRunner().invoke(cli, ["evaluate", str(model), str(data), "--outlier", "else"])
    found = evaluate(model, data, outliers=["else"])
    assert (found.rows, found.trained_on) == (3, 3)
    assert ": 3 of 3 (" in out.stderr
    none = CliRunner().invoke(
        cli, ["evaluate", str(trained("topic")), str(data), "--outlier", "else", "--outlier", "sport"]
    )
    assert "all rows are outliers: there is nothing to score" in str(none.exception) + none.stderr


def test_files_of_the_parts_hold_them_too(labelled: Path, tiny_config: TinyConfig, tmp_path: Path) -> None:
    config = tiny_config("topic", labelled, tmp_path / "run")
    config["data"] |= {"outliers": ["else"], "test_fraction": 0.25, "labels": ["money", "sport"]}
    settings = check_config(config, "test")
    write_parts(settings, tmp_path)
    splits = load_splits(settings.data, "topic")
    for name, known, others in (
        ("train", splits.train, splits.outliers),
        ("dev", splits.dev, splits.dev_outliers),
        ("test", splits.test, splits.test_outliers),
    ):
        rows = _rows(tmp_path / f"{name}.jsonl")
        assert sorted(row["source_row"] for row in rows) == sorted(e.row for e in (*known, *others))
        assert Counter(row["label"] for row in rows)["else"] == len(others) > 0
    config["data"]["labels"] = ["money", "else"]
    config["data"]["outliers"] = ["sport"]
    write_parts(check_config(config, "test"), tmp_path, force=True)
    config["data"]["labels"] = ["money", "nothing"]
    with pytest.raises(DataError, match=r"unknown label 'else'"):
        write_parts(check_config(config, "test"), tmp_path, force=True)


@pytest.mark.parametrize("case", ["fewer than folds", "in dev alone", "a dev file of nothing else"])
def test_files_of_the_parts_are_those_of_the_training(case: str, tiny_config: TinyConfig, tmp_path: Path) -> None:
    known: list[dict[str, object]] = [{"text": text, "label": "sport"} for text in SPORT * 3]
    known += [{"text": text, "label": "money"} for text in MONEY * 3]
    others: list[dict[str, object]] = [{"text": text, "label": "else"} for text in WEATHER[:3]]
    config = tiny_config("topic", write_jsonl(tmp_path / "train.jsonl", known), tmp_path / "run")
    config["data"] |= {"outliers": ["else"], "test_fraction": 0}
    if case == "fewer than folds":
        config["data"] |= {"train": str(write_jsonl(tmp_path / "all.jsonl", known + others)), "folds": 5, "fold": 1}
    elif case == "in dev alone":
        config["data"] |= {"dev": str(write_jsonl(tmp_path / "dev.jsonl", known[:3] + others))}
    else:
        config["data"] |= {"dev": str(write_jsonl(tmp_path / "dev.jsonl", others)), "labels": ["sport", "money"]}
    settings = check_config(config, "test")
    written = write_parts(settings, tmp_path / "parts")
    splits = load_splits(settings.data, "topic")
    found = {file.stem: Counter((row["text"], row["label"]) for row in _rows(file)) for file in written}
    expected = {
        name: Counter([*((e.text, e.label) for e in rows), *((e.text, "else") for e in apart)])
        for name, rows, apart in (
            ("train", splits.train, splits.outliers),
            ("dev", splits.dev, splits.dev_outliers),
            ("test", splits.test, splits.test_outliers),
        )
        if rows
    }
    assert found == expected


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_teacher_is_not_asked_about_them(
    trained: Callable[[str], Path], tiny_config: TinyConfig, labelled: Path, tmp_path: Path
) -> None:
    further = write_jsonl(tmp_path / "further.jsonl", [{"text": f"{text} اليوم"} for text in SPORT[:3]])
    config = tiny_config("topic", labelled, tmp_path / "run")
    config["data"] |= {"outliers": ["else"], "augmentation": {"cut": 1.0, "shortest_cut": 2}}
    config["distill"] = {"teacher": str(trained("topic")), "unlabelled": str(further), "weight": 0.7}
    settings = check_config(config, "test")
    assert settings.distill is not None
    job = taught(prepare(settings), settings.distill, lambda line: None)
    unsure = [row for row in job.train if row["label"] == UNSURE]
    assert len(unsure) > len(load_splits(settings.data, "topic").outliers) > 0  # and shorter copies of them
    assert all(row["teacher_logits"] == [0.0, 0.0] and row["teacher_share"] == 1.0 for row in unsure)
    others = [row for row in job.train if row["label"] != UNSURE]
    assert all(row["teacher_logits"] != [0.0, 0.0] for row in others)
    assert sum(row["teacher_share"] == 1.0 for row in others) >= 3
    for row in others:  # each beside what was said of its own text: the teacher is right on nearly all of these
        row["right"] = int(np.argmax(row["teacher_logits"]) == row["label"])
    assert np.mean([row["right"] for row in others]) > 0.9


def test_misuse(tmp_path: Path, tiny_config: TinyConfig, summary_file: Path) -> None:
    lists = write_jsonl(tmp_path / "a.jsonl", [{"text": text, "label": ["sport", "else"]} for text in SPORT])
    with pytest.raises(UsageError, match=r"data.outliers is for one label a text"):
        load_splits(DataConfig(train=str(lists), outliers=["else"]), "topic")
    config = tiny_config("summary", summary_file, tmp_path / "run")
    config["data"]["outliers"] = ["else"]
    with pytest.raises(ConfigError, match=r"data.outliers \(for topic and stance\)"):
        check_config(config, "test")
