from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score

from mujaz.training.metrics.bootstrap import confidence_interval
from mujaz.training.metrics.resampling import draws, label_intervals, label_scores, label_set_intervals

LABELS = ["a", "b", "c", "never"]


def drawn(rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    references = rng.choice(3, p=[0.6, 0.3, 0.1], size=rows)
    predictions = np.where(rng.random(rows) < 0.7, references, rng.integers(3, size=rows))
    return references, predictions


def test_weights_are_repetitions_to_scikit_learn() -> None:
    references, predictions = drawn()
    for weights in draws(len(references), 20, seed=1):
        again = np.repeat(np.arange(len(references)), weights.astype(int))
        scores = label_scores(references, predictions, len(LABELS), weights)
        assert scores[0] == pytest.approx(accuracy_score(references[again], predictions[again]))
        assert scores[1] == pytest.approx(f1_score(references[again], predictions[again], average="macro"))
        expected = f1_score(references[again], predictions[again], average=None, labels=[0, 1, 2])
        np.testing.assert_allclose(scores[2:5], expected)
        assert np.isnan(scores[5])


def test_the_interval_of_accuracy_is_that_of_scipy() -> None:
    references, predictions = drawn()
    found = label_intervals(references, predictions, LABELS, resamples=4000)
    right = (references == predictions).astype(float)
    theirs = stats.bootstrap((right,), np.mean, method="percentile", n_resamples=4000, rng=1).confidence_interval
    assert found["accuracy"] == pytest.approx([theirs.low, theirs.high], abs=0.008)
    low, high = found["macro_f1"]
    assert low < f1_score(references, predictions, average="macro") < high
    assert set(found["f1"]) == {"a", "b", "c"}
    assert label_intervals(references, predictions, LABELS) == label_intervals(references, predictions, LABELS)


def test_the_bounds_of_a_mean_are_scipys() -> None:
    scores = np.random.default_rng(3).gamma(2.0, size=(150, 2))
    low, high = confidence_interval(scores, resamples=4000)
    for column in (0, 1):
        found = stats.bootstrap(
            (scores[:, column],), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(8)
        ).confidence_interval
        assert (low[column], high[column]) == pytest.approx((found.low, found.high), abs=0.02)


def test_a_label_without_rows_counts_nothing_in_every_resample() -> None:
    references = np.array([0, 1] * 50)
    predictions = references.copy()
    predictions[0] = 2  # of which no row is
    whole = label_scores(references, predictions, 3, np.ones(100))
    assert whole[1] == pytest.approx(f1_score(references, predictions, average="macro"))
    found = label_intervals(references, predictions, ["a", "b", "c"])
    assert found["macro_f1"][1] <= 2 / 3 + 1e-9  # never a mean over two labels


def test_a_label_that_was_never_found_has_no_interval() -> None:
    references, predictions = np.array([0, 0, 1, 1, 2]), np.array([0, 0, 1, 0, 1])
    assert set(label_intervals(references, predictions, LABELS)["f1"]) == {"a", "b"}
    rows = np.eye(4, dtype=bool)
    assert set(label_set_intervals(rows[references], rows[predictions], LABELS)["f1"]) == {"a", "b"}
