from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from mujaz import TextClassifier, evaluate, train
from mujaz.configs.loading import check_config
from mujaz.configs.schema import CalibrationConfig
from mujaz.errors import OutputError, UsageError
from mujaz.models import checkpoint as checkpoints
from mujaz.models.calibration import Calibration, Threshold
from mujaz.models.checkpoint import read_info
from mujaz.models.classifier import softmax
from mujaz.training import calibration
from mujaz.training.calibration import (
    FEWEST_LABELLED,
    calibrate,
    calibrate_checkpoint,
    calibration_error,
    calibration_line,
    fit_temperature,
    mean_nll,
    probability_metrics,
    reliability,
    thresholds,
)
from mujaz.training.data import Example

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def drawn(rows: int, labels: int, temperature: float, seed: int = 0) -> tuple[Floats, Ints]:
    """Logits that are too sure of themselves by a known factor: references are drawn from softmax(logits / temperature)."""
    rng = np.random.default_rng(seed)
    honest = rng.normal(0, 2, (rows, labels))
    chances = np.exp(honest) / np.exp(honest).sum(axis=1, keepdims=True)
    references = np.array([rng.choice(labels, p=p) for p in chances])
    return honest * temperature, references


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5, 6.0])
def test_a_known_temperature_is_found(temperature: float) -> None:
    logits, references = drawn(20_000, 5, temperature)
    assert fit_temperature(logits, references) == pytest.approx(temperature, rel=0.03)


def test_the_minimum_is_that_of_torch_lbfgs() -> None:
    logits, references = drawn(500, 4, 3.0)
    heat = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([heat], max_iter=200, tolerance_grad=1e-12, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(torch.tensor(logits) / heat.exp(), torch.tensor(references))
        loss.backward()
        return loss

    optimizer.step(closure)
    assert fit_temperature(logits, references) == pytest.approx(float(heat.detach().exp()), rel=1e-5)


def test_the_likelihood_is_that_of_scikit_learn() -> None:
    logits, references = drawn(300, 4, 2.0)
    assert mean_nll(logits, references) == pytest.approx(log_loss(references, softmax(logits), labels=range(4)))


def test_the_error_is_that_of_a_count_by_hand() -> None:
    logits, references = drawn(3000, 3, 3.0)
    probabilities = softmax(logits)
    top, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == references
    expected = 0.0
    for number in range(15):  # (low, high], as in Guo et al., one text at a time
        texts = [(t, r) for t, r in zip(top, right, strict=True) if number / 15 < t <= (number + 1) / 15]
        if texts:
            gap = sum(t for t, _ in texts) / len(texts) - sum(r for _, r in texts) / len(texts)
            expected += len(texts) / len(top) * abs(gap)
    assert calibration_error(reliability(top, right, 15)) == pytest.approx(expected, abs=1e-12)


def test_the_bins_are_those_of_scikit_learn() -> None:
    logits, references = drawn(3000, 3, 3.0)
    probabilities = softmax(logits)
    top, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == references
    accuracy, confidence = calibration_curve(right, top, n_bins=10)
    filled = [one for one in reliability(top, right, 10) if one.texts]
    np.testing.assert_allclose([one.accuracy for one in filled], accuracy)
    np.testing.assert_allclose([one.confidence for one in filled], confidence)
    assert sum(one.texts for one in filled) == 3000


def test_bins_of_extremes() -> None:
    table = reliability(np.array([0.0, 1.0]), np.array([True, False]), 4)
    assert [one.texts for one in table] == [1, 0, 0, 1]
    assert calibration_error(table) == pytest.approx(1.0)
    assert calibration_error(reliability(np.array([]), np.array([], dtype=bool), 4)) == 0.0


@given(
    # Logits that differ at all differ by more than exp can lose.
    arrays.arrays(np.float32, (6, 3), elements=st.integers(-30_000, 30_000).map(lambda n: n / 1000)),
    arrays.arrays(np.int64, (6,), elements=st.integers(0, 2)),
)
def test_no_label_changes(logits: NDArray[np.float32], references: Ints) -> None:
    temperature = fit_temperature(logits, references)
    assert 1 / 20.01 < temperature < 20.01
    scaled = softmax(logits.astype(np.float64) / temperature)
    np.testing.assert_array_equal(scaled.argmax(axis=1), logits.argmax(axis=1))
    assert mean_nll(logits / temperature, references) <= mean_nll(logits, references) + 1e-9


def test_where_nothing_is_wrong_nothing_is_learned() -> None:
    logits = np.eye(3) * 4
    assert fit_temperature(logits, np.arange(3)) == 1.0


def test_thresholds_against_every_threshold_there_is() -> None:
    logits, references = drawn(400, 4, 1.0, seed=3)
    probabilities = np.round(softmax(logits), 2)  # many texts of the same probability
    top, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == references
    found = thresholds(top, right)
    for one in found:
        kept = top >= one.min_probability
        assert (right[kept].mean(), kept.mean()) == pytest.approx((one.precision, one.coverage))
        assert kept.sum() >= 20
    for wanted in (0.7, 0.8, 0.9, 0.95):
        possible = [t for t in np.unique(top) if (top >= t).sum() >= 20 and right[top >= t].mean() >= wanted]
        chosen = next((one for one in found if one.precision >= wanted), None)
        assert (chosen.min_probability if chosen else None) == (min(possible) if possible else None)
    assert [one.precision for one in found] == sorted(one.precision for one in found)


def test_a_precision_that_cannot_be_had() -> None:
    logits, references = drawn(200, 3, 1.0)
    found = calibrate(logits, references, CalibrationConfig(min_precision=1.0))
    assert found.min_probability is None
    assert "so every text gets a label" in calibration_line(found, found.rows)
    few = calibrate(logits[:10], references[:10], CalibrationConfig(min_precision=0.5))
    assert few.thresholds == []
    with pytest.raises(UsageError, match="10 rows, was too small"):
        few.threshold_for(0.5)
    flipped = calibrate(logits, (logits.argmax(axis=1) + 1) % 3, CalibrationConfig())
    with pytest.raises(UsageError, match=r"reached on its dev data, found 0.5: the highest is 0.000"):
        flipped.threshold_for(0.5)


def test_calibration_lowers_the_error_and_keeps_the_asked_precision() -> None:
    logits, references = drawn(4000, 4, 4.0)
    found = calibrate(logits, references, CalibrationConfig(min_precision=0.9))
    assert found.ece_before > 5 * found.ece_after
    assert found.nll_after < found.nll_before
    assert found.min_probability is not None
    top = softmax(logits / found.temperature).max(axis=1)
    kept = top >= found.min_probability
    assert (logits.argmax(axis=1) == references)[kept].mean() >= 0.9
    said = calibration_line(found, found.rows)
    assert f"calibration error on dev {100 * found.ece_before:.2f}% before, {100 * found.ece_after:.2f}% after" in said
    assert "below 0." in said
    assert re.search(r"no label: 9\d\.\d% of \d,\d{3} dev rows above it were right, 95 % interval \d\d% to \d\d%", said)
    plain = calibrate(logits, references, CalibrationConfig(temperature=False))
    assert (plain.temperature, plain.ece_after) == (1.0, plain.ece_before)


def test_metrics_know_the_probabilities_before() -> None:
    logits, references = drawn(1000, 4, 3.0)
    found = calibrate(logits, references, CalibrationConfig(min_precision=0.8))
    metrics = probability_metrics(softmax(logits / found.temperature), references, found)
    assert metrics["ece"] == pytest.approx(found.ece_after)
    assert metrics["nll"] == pytest.approx(found.nll_after)
    assert metrics["uncalibrated"]["ece"] == pytest.approx(found.ece_before)
    assert metrics["uncalibrated"]["nll"] == pytest.approx(found.nll_before)
    assert metrics["abstention"]["precision"] >= 0.8
    assert "uncalibrated" not in probability_metrics(softmax(logits), references, None)


@pytest.fixture
def checkpoint(trained: Callable[[str], Path], tmp_path: Path) -> Path:
    return shutil.copytree(trained("topic"), tmp_path / "topic")


def _with(checkpoint: Path, calibration: Calibration | None) -> TextClassifier:
    info = json.loads((checkpoint / "mujaz.json").read_text(encoding="utf-8"))
    info.pop("calibration", None)
    if calibration:
        info["calibration"] = calibration.model_dump(exclude_none=True)
    (checkpoint / "mujaz.json").write_text(json.dumps(info), encoding="utf-8")
    return TextClassifier.from_pretrained(checkpoint, device="cpu", precision="float32")


TEXTS = ["فاز الفريق في البطولة", "ارتفع سعر سهم الشركة", "كلمة غريبة"]
HOT = Calibration(
    temperature=4.0, rows=9, bins=15, ece_before=0.1, ece_after=0.1, nll_before=1, nll_after=1, min_probability=0.9
)


def test_a_checkpoint_without_calibration_is_as_it_was(checkpoint: Path) -> None:
    model = _with(checkpoint, None)
    np.testing.assert_array_equal(model.predict_proba(TEXTS), softmax(model.logits(TEXTS)))
    assert all(r.label == r.best for r in model.predict(TEXTS))


def test_a_temperature_and_a_threshold_are_applied(checkpoint: Path) -> None:
    plain, hot = _with(checkpoint, None), _with(checkpoint, HOT)
    np.testing.assert_array_equal(plain.logits(TEXTS), hot.logits(TEXTS))
    np.testing.assert_allclose(hot.predict_proba(TEXTS), softmax(plain.logits(TEXTS).astype(np.float64) / 4))
    for before, after in zip(plain.predict(TEXTS), hot.predict(TEXTS), strict=True):
        assert after.best == before.best
        assert after.label == (after.best if after.probability >= 0.9 else None)
        assert after.probability < before.probability
    assert all(r.label == r.best for r in hot.predict(TEXTS, min_probability=0))
    assert all(r.label is None for r in hot.predict(TEXTS, min_probability=1))


def test_training_calibrates_on_dev(tiny_config: Any, topic_file: Path, tmp_path: Path) -> None:
    data = tiny_config("topic", topic_file, tmp_path / "run", max_steps=2)  # too few steps to get everything right
    data["calibration"] = {"min_precision": 0.5, "bins": 7}
    data["data"] |= {"dev": str(topic_file), "test_fraction": 0.25}
    lines: list[str] = []
    result = train(check_config(data, "test"), report=lines.append)
    info = read_info(result.folder)
    assert info is not None
    assert info.calibration is not None
    assert (info.calibration.rows, info.calibration.bins) == (64, 7)
    assert any(line.startswith("probabilities: ") and "64 rows, 7 bins" in line for line in lines)
    assert result.evaluation is not None
    reported = result.evaluation.metrics["probabilities"]
    model = TextClassifier.from_pretrained(result.folder, device="cpu")
    config = check_config(data, "test")
    from mujaz.training.job import prepare

    again = evaluate(model, prepare(config).splits.test).metrics["probabilities"]
    assert again["ece"] == pytest.approx(reported["ece"])
    assert sum(row["texts"] for row in reported["reliability"]) == 16


def test_a_temperature_of_few_rows_is_chance() -> None:
    """Where the least number of rows comes from: how often the fit comes within a factor of 1.5 of the true temperature."""

    def near(rows: int) -> float:
        fits = np.array([fit_temperature(*drawn(rows, 4, 2.5, seed)) for seed in range(200)]) / 2.5
        return float(((fits > 1 / 1.5) & (fits < 1.5)).mean())

    assert near(10) < 0.7
    assert near(calibration.FEWEST_ROWS) >= 0.95


def test_too_few_dev_rows_store_nothing(tiny_config: Any, topic_file: Path, tmp_path: Path) -> None:
    data = tiny_config("topic", topic_file, tmp_path / "run", max_steps=2)
    data["calibration"] = {"min_precision": 0.5}
    lines: list[str] = []
    result = train(check_config(data, "test"), report=lines.append)
    info = read_info(result.folder)
    assert info is not None
    assert info.calibration is None
    assert any("12 dev rows are too few, at least 50 are needed" in line for line in lines)
    assert "not calibrated" in (result.folder / "report.html").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "write_info", full)
    example = Example("فاز الفريق", "sport", None, None, "file", 1)
    with pytest.raises(OutputError, match="No space left"):
        calibrate_checkpoint(_with(checkpoint, None), checkpoint, [example] * 50, CalibrationConfig())


def test_a_temperature_at_the_end_of_its_range_is_said_to_be() -> None:
    given = {"rows": 60, "bins": 15, "ece_before": 0.3, "ece_after": 0.2, "nll_before": 1.0, "nll_after": 0.9}
    for temperature, told in ((calibration.HOTTEST, True), (1 / calibration.HOTTEST, True), (2.0, False)):
        line = calibration_line(Calibration.model_validate({"temperature": temperature, **given}), 60)
        assert ("as far as it is sought" in line) is told


def test_a_confidence_on_an_edge_is_of_the_bin_below() -> None:
    table = reliability(np.array([0.0, 0.2, 0.4, 0.41, 1.0]), np.ones(5, dtype=bool), 5)
    assert [one.texts for one in table] == [2, 1, 1, 0, 1]


def test_a_precision_is_told_from_twenty_texts_on() -> None:
    sure = np.linspace(0.9, 0.6, FEWEST_LABELLED)
    (one,) = thresholds(sure, np.ones(FEWEST_LABELLED, dtype=bool))
    assert one.min_probability == pytest.approx(0.6)
    assert (one.precision, one.coverage) == (1.0, 1.0)
    assert thresholds(sure[1:], np.ones(FEWEST_LABELLED - 1, dtype=bool)) == []


def test_the_precision_asked_for_is_enough() -> None:
    right = np.arange(40) % 20 != 0  # 38 of 40
    logits = np.column_stack([np.where(right, 2.0, -2.0), np.zeros(40)])
    labels = np.zeros(40, dtype=np.int64)
    settings = CalibrationConfig(temperature=False, min_precision=0.95)
    assert calibrate(logits, labels, settings).min_probability is not None
    assert calibrate(logits, labels, settings.model_copy(update={"min_precision": 0.96})).min_probability is None


def test_a_temperature_that_gains_no_more_than_chance_stays_1() -> None:
    rng = np.random.default_rng(5)
    changed = 0
    for _ in range(200):
        logits = rng.normal(size=(80, 4)) * 2
        labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)  # as probable as the logits say
        changed += calibrate(logits, labels, CalibrationConfig()).temperature != 1.0
    assert changed <= 20  # one in twenty is expected
    found = calibrate(3 * logits, labels, CalibrationConfig())
    assert found.temperature > 2
    assert calibration_line(found, 80).startswith("probabilities: temperature ")
    same = calibrate(logits, labels, CalibrationConfig(temperature=False))
    assert "left as they are (no temperature was asked for)" in calibration_line(same, 80, asked=False)
    assert "left as they are (no temperature is better than chance)" in calibration_line(same, 80)


def test_a_threshold_says_how_little_it_stands_on() -> None:
    """Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I: Wilson's, of 81 of 263."""
    threshold = Threshold(min_probability=0.5, precision=81 / 263, coverage=0.5)
    errors: dict[str, Any] = dict.fromkeys(("ece_before", "ece_after", "nll_before", "nll_after"), 0.0)
    found = Calibration(temperature=1.0, rows=500, outliers=26, bins=15, **errors)
    assert found.basis(threshold) == "30.8% of 263 dev rows above it were right, 95 % interval 26% to 37%"
