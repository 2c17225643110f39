from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score

from mujaz.training.metrics import bootstrap
from mujaz.training.metrics.bootstrap import confidence_interval, counted, draws
from mujaz.training.metrics.resampling import (
    label_intervals,
    label_scorer,
    label_scores,
    label_set_intervals,
    label_set_scorer,
    label_set_scores,
    resampled,
)

LABELS = ["a", "b", "c", "never"]


def drawn(rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    references = rng.choice(3, p=[0.6, 0.3, 0.1], size=rows)
    predictions = np.where(rng.random(rows) < 0.7, references, rng.integers(3, size=rows))
    return references, predictions


def _places(rows: int) -> np.ndarray:
    return np.concatenate([*draws(rows, 20, seed=1)])


def test_weights_are_repetitions_to_scikit_learn() -> None:
    references, predictions = drawn()
    scorer = label_scorer(references, predictions, len(LABELS))
    for again, scores in zip(_places(len(references)), resampled(scorer, len(references), 20, seed=1), strict=True):
        weights = np.bincount(again, minlength=len(references)).astype(float)
        np.testing.assert_array_equal(label_scores(references, predictions, len(LABELS), weights), scores)
        assert scores[0] == pytest.approx(accuracy_score(references[again], predictions[again]))
        assert scores[1] == pytest.approx(f1_score(references[again], predictions[again], average="macro"))
        expected = f1_score(references[again], predictions[again], average=None, labels=[0, 1, 2])
        np.testing.assert_allclose(scores[2:5], expected)
        assert np.isnan(scores[5])


def test_several_labels_a_text_drawn_again_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    references = rng.random((200, 4)) < [0.4, 0.2, 0.1, 0]
    predictions = references ^ (rng.random((200, 4)) < [0.1, 0.1, 0.1, 0])
    scorer = label_set_scorer(references, predictions)
    for again, scores in zip(_places(200), resampled(scorer, 200, 20, seed=1), strict=True):
        sides = references[again], predictions[again]
        expected = [f1_score(*sides, average=how, zero_division=0) for how in ("macro", "micro")]
        assert scores[:3].tolist() == pytest.approx([accuracy_score(*sides), *expected])
        np.testing.assert_allclose(scores[3:], f1_score(*sides, average=None, zero_division=0))


def test_the_same_seed_draws_the_same_in_blocks_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    one_by_one = np.array([rng.integers(30, size=30) for _ in range(20)])
    expected = np.array([np.bincount(one, minlength=30) for one in one_by_one])
    for at_once, blocks in ((1, 20), (100, 7), (10_000, 1)):  # fewer than a row, some rows, more than all
        monkeypatch.setattr(bootstrap, "_AT_ONCE", at_once)
        found = [*draws(30, 20, seed=0)]
        assert len(found) == blocks
        np.testing.assert_array_equal(np.concatenate(found), one_by_one)
        np.testing.assert_array_equal(np.concatenate([counted(drawn, 30) for drawn in found]), expected)


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


def test_rare_labels_do_not_pull_the_interval_of_several_labels_down() -> None:
    """A draw that misses the only row of a label says nothing of it: what is right throughout is right in every draw."""
    rows = np.zeros((60, 8), dtype=bool)
    rows[np.arange(60), np.arange(60) % 3] = True
    rows[np.arange(5), 3 + np.arange(5)] = True
    names = [str(i) for i in range(8)]
    found = label_set_intervals(rows, rows.copy(), names)
    assert found["macro_f1"] == found["micro_f1"] == found["accuracy"] == [1, 1]
    assert found["f1"] == {name: [1, 1] for name in names}
    none = np.zeros((60, 1), dtype=bool)  # a label that no row has counts 0 in the score, and so in every draw
    found = label_set_intervals(np.hstack([rows, none]), np.hstack([rows, none]), [*names, "never"])
    assert found["macro_f1"] == pytest.approx([8 / 9, 8 / 9])
    assert label_set_scores(none, none, np.ones(60))[:3].tolist() == [1, 0, 0]
    one = np.eye(60, 2, dtype=bool)  # most rows have no label: a draw of them alone has no F1
    assert label_set_scores(one, one, np.eye(60)[59])[:3].tolist() == [1, 0, 0]
