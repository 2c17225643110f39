from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from mujaz import TextClassifier, evaluate
from mujaz.cli import cli
from mujaz.training.data import read_examples
from mujaz.training.metrics.stance import (
    mean_over_targets,
    side_f1,
    sides,
    swap_scores,
    swapped_targets,
    target_scores,
    unseen_scores,
)
from mujaz.training.provenance import target_id

LABELS = ["favor", "against", "none"]
# target, right label, predicted label
TABLE = [
    ("اللقاح", 0, 0),
    ("اللقاح", 0, 1),
    ("اللقاح", 1, 1),
    ("اللقاح", 2, 2),
    ("اللقاح", 2, 0),
    ("القيادة", 1, 1),
    ("القيادة", 0, 0),
    ("القيادة", 0, 0),
    ("العمل", 2, 1),
    ("العمل", 2, 2),
]
TARGETS = [target for target, _, _ in TABLE]
RIGHT = np.array([right for _, right, _ in TABLE])
FOUND = np.array([found for _, _, found in TABLE])


def test_scores_of_each_target_are_those_of_scikit_learn() -> None:
    scores = target_scores(RIGHT, FOUND, LABELS, TARGETS)
    assert list(scores) == ["اللقاح", "القيادة", "العمل"]  # the most frequent first
    for target, one in scores.items():
        rows = [i for i, name in enumerate(TARGETS) if name == target]
        assert one["rows"] == len(rows)
        assert one["accuracy"] == pytest.approx(accuracy_score(RIGHT[rows], FOUND[rows]))
        assert one["macro_f1"] == pytest.approx(f1_score(RIGHT[rows], FOUND[rows], average="macro"))
        both = f1_score(RIGHT[rows], FOUND[rows], labels=[0, 1], average="macro", zero_division=0)
        one_sided = not {0, 1} <= {*RIGHT[rows].tolist()}
        assert one["favor_against_f1"] == (None if one_sided else pytest.approx(both))
    by_hand = [f1_score(RIGHT[:5], FOUND[:5], average="macro"), 1.0, f1_score(RIGHT[8:], FOUND[8:], average="macro")]
    assert mean_over_targets(scores) == pytest.approx(sum(by_hand) / 3)


def test_the_measure_of_semeval_leaves_the_third_label_out() -> None:
    expected = f1_score(RIGHT, FOUND, labels=[0, 1], average="macro")
    assert side_f1(RIGHT, FOUND, LABELS) == pytest.approx(expected)
    assert expected != pytest.approx(f1_score(RIGHT, FOUND, average="macro"))
    assert side_f1(RIGHT, FOUND, ["x", "y", "z"]) is None
    assert side_f1(RIGHT[RIGHT != 1], FOUND[RIGHT != 1], LABELS) is None  # F1 of no row is 0, whatever is said


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["AGAINST", "FAVOR", "NONE"], ("FAVOR", "AGAINST")),
        (["agree", "disagree", "discuss"], ("agree", "disagree")),
        (["agree", "against"], None),
        (["sport", "money"], None),
    ],
)
def test_labels_that_take_a_side(labels: list[str], expected: tuple[str, str] | None) -> None:
    assert sides(labels) == expected


def test_targets_that_no_training_saw() -> None:
    seen = [target != "القيادة" for target in TARGETS]
    found = unseen_scores(RIGHT, FOUND, LABELS, TARGETS, seen)
    assert found is not None
    assert (found["rows"], found["targets"], found["accuracy"], found["macro_f1"]) == (3, 1, 1.0, 1.0)
    found = unseen_scores(RIGHT[5:6], RIGHT[5:6], LABELS, TARGETS[5:6], [False])
    assert found is not None
    assert found["favor_against_f1"] is None  # all rows are on one side: always right, it would be 0.5
    assert unseen_scores(RIGHT, FOUND, LABELS, TARGETS, [True] * len(TARGETS)) is None


@given(st.lists(st.sampled_from("ابتثج"), max_size=30))
def test_no_row_keeps_its_target(targets: list[str]) -> None:
    swapped = swapped_targets(targets)
    assert (swapped is None) == (len(set(targets)) < 2)
    if swapped is None:
        return
    assert swapped == swapped_targets(targets)
    assert all(mine != other for mine, other in zip(targets, swapped, strict=True))
    assert set(swapped) <= set(targets)
    if max(Counter(targets).values()) * 2 <= len(targets):
        assert Counter(swapped) == Counter(targets)


def test_swap_scores_by_hand() -> None:
    right, true, other = (np.array(ids) for ids in ([0, 1, 0, 1], [0, 1, 1, 1], [1, 1, 1, 0]))
    assert swap_scores(right, true, other) == {"rows": 4, "changed": 0.5, "accuracy": 0.75, "swapped_accuracy": 0.25}


def test_a_model_of_the_target_alone_gives_all_of_itself_away(
    trained: Callable[[str], Path], stance_file: Path
) -> None:
    """The fixture's label depends on the target alone, so a model that learned it changes every answer in the swap."""
    model = TextClassifier.from_pretrained(trained("stance"), device="cpu")
    metrics = evaluate(model, str(stance_file)).metrics
    assert metrics["accuracy"] == 1.0
    assert metrics["target_macro_f1"] == metrics["favor_against_f1"] == 1.0
    assert metrics["stance"]["swap"] == {"rows": 64, "changed": 1.0, "accuracy": 1.0, "swapped_accuracy": 0.0}
    assert {name: one["seen"] for name, one in metrics["stance"]["targets"].items()} == {"الكرة": True, "السوق": True}
    assert {one["favor_against_f1"] for one in metrics["stance"]["targets"].values()} == {None}  # each has one side
    assert metrics["stance"]["unseen"] is None
    page = (trained("stance") / "report.html").read_text(encoding="utf-8")
    assert page.count('<td class="n">–</td>') == 2
    assert '<td class="n">50.0</td>' not in page


def test_the_command_tells_seen_targets_from_others(
    trained: Callable[[str], Path], stance_file: Path, tmp_path: Path
) -> None:
    rows = [json.loads(line) for line in stance_file.read_text(encoding="utf-8").splitlines()]
    new: list[dict[str, Any]] = [
        {**row, "target": "النفط" if row["target"] == "السوق" else row["target"]} for row in rows
    ]
    data = tmp_path / "new.jsonl"
    data.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in new), encoding="utf-8")
    result = CliRunner().invoke(cli, ["evaluate", str(trained("stance")), str(data), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))["metrics"]
    unseen = metrics["stance"]["unseen"]
    assert (unseen["rows"], unseen["targets"]) == (32, 1)
    assert not metrics["stance"]["targets"]["النفط"]["seen"]
    assert "1 of them not in the training data (32 rows)" in result.output
    assert "with targets swapped (64 rows)" in result.output
    mean = metrics["target_macro_f1"]
    assert f"macro-F1 averaged over them {100 * mean:.2f} %" in result.output
    title = " ".join(result.output.split())  # it may take two lines
    assert f"accuracy {100 * metrics['accuracy']:.2f} % (" in title
    assert f"), macro-F1 {100 * metrics['macro_f1']:.2f} % (" in title
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("not in training") == 1
    assert "With targets swapped (64 rows)" in page
    assert f"macro-F1 averaged over them {100 * mean:.1f} %" in page  # percent here and there


def test_the_checkpoint_knows_targets_by_their_digits_alone(trained: Callable[[str], Path], stance_file: Path) -> None:
    text = (trained("stance") / "mujaz.json").read_text(encoding="utf-8")
    targets = {e.target or "" for e in read_examples(str(stance_file), "stance", _columns())}
    assert json.loads(text)["data"]["targets"] == sorted(map(target_id, targets))
    assert not any(target in text for target in targets)


def _columns() -> Any:
    from mujaz.configs.data_schema import ColumnsConfig

    return ColumnsConfig()
