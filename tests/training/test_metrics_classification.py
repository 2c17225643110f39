from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from mujaz.errors import DataError
from mujaz.training.metrics import ClassificationMetric

NAMES = ["رياضة", "اقتصاد", "ثقافة", "سياسة"]
PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


@pytest.mark.filterwarnings("ignore:A single label:UserWarning")
@given(PAIRS)
@settings(max_examples=60, deadline=None)
def test_equal_to_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    predictions, references = [list(column) for column in zip(*pairs, strict=True)]
    found = ClassificationMetric().compute(predictions=predictions, references=references, labels=NAMES)
    assert found["accuracy"] == sk.accuracy_score(references, predictions)
    for kind in ("macro", "micro", "weighted"):
        expected = sk.f1_score(references, predictions, average=kind, zero_division=0)
        assert found[f"{kind}_f1"] == pytest.approx(expected)
    assert found["mcc"] == pytest.approx(sk.matthews_corrcoef(references, predictions))
    assert found["confusion_matrix"] == sk.confusion_matrix(references, predictions, labels=range(4)).tolist()
    report = sk.classification_report(
        references, predictions, labels=range(4), target_names=NAMES, output_dict=True, zero_division=0
    )
    for name in NAMES:
        for mine, theirs in (
            ("precision", "precision"),
            ("recall", "recall"),
            ("f1", "f1-score"),
            ("support", "support"),
        ):
            assert found["per_class"][name][mine] == pytest.approx(report[name][theirs])


def test_by_hand() -> None:
    found = ClassificationMetric().compute(predictions=[0, 1, 1], references=[0, 0, 1], labels=["أ", "ب"])
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["per_class"]["أ"] == {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "support": 2}
    assert found["confusion_matrix"] == [[1, 1], [0, 1]]  # rows are references


def test_ids_are_the_names_where_no_names_are_given() -> None:
    found = ClassificationMetric().compute(predictions=[3, 5], references=[3, 3])
    assert list(found["per_class"]) == ["3", "5"]


def test_a_label_without_a_name() -> None:
    with pytest.raises(DataError, match=r"expected label ids 0 to 1 \(نعم, لا\), found 2"):
        ClassificationMetric().compute(predictions=[2], references=[0], labels=["نعم", "لا"])


def test_results_are_plain_numbers_that_json_takes() -> None:
    found = ClassificationMetric().compute(predictions=[0, 1], references=[1, 1])
    assert {type(found[name]) for name in ("accuracy", "macro_f1", "micro_f1", "weighted_f1", "mcc")} == {float}
    assert type(found["confusion_matrix"][0][0]) is int
