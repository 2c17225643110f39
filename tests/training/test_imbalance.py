from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight
from transformers import TrainerControl, TrainerState, TrainingArguments

from mujaz.configs.loading import check_config
from mujaz.errors import ConfigError, TrainingError
from mujaz.training.callbacks import LogLines
from mujaz.training.job import prepare
from mujaz.training.losses import LabelLoss, MultiLabelLoss, class_weights
from mujaz.training.sampling import GroupedSampler
from mujaz.training.train import build_trainer, train
from tests.conftest import TinyConfig, write_jsonl

LABELS = [0] * 60 + [1] * 30 + [2] * 3


def _logits(seed: int = 0) -> torch.Tensor:
    return torch.randn(len(LABELS), 3, generator=torch.Generator().manual_seed(seed))


def test_inverse_weights_are_those_of_scikit_learn() -> None:
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=LABELS)
    np.testing.assert_allclose(class_weights(LABELS, 3, "inverse"), theirs)


@pytest.mark.parametrize("beta", [0.9, 0.999])
def test_effective_weights_follow_the_paper(beta: float) -> None:
    mine = class_weights(LABELS, 3, "effective", beta)
    raw = [(1 - beta) / (1 - beta**count) for count in (60, 30, 3)]
    np.testing.assert_allclose(np.array(mine) / mine[0], np.array(raw) / raw[0])
    assert np.mean([mine[label] for label in LABELS]) == pytest.approx(1)
    np.testing.assert_allclose(class_weights(LABELS, 3, "effective", 0.0), [1, 1, 1])
    inverse = class_weights(LABELS, 3, "inverse")
    np.testing.assert_allclose(class_weights(LABELS, 3, "effective", 1 - 1e-9), inverse, rtol=1e-4)


def test_a_class_without_rows_weighs_nothing() -> None:
    assert class_weights([0, 0, 2], 3, "inverse")[1] == 0.0


@given(st.floats(0, 0.3), st.booleans())
def test_without_focus_the_loss_is_torchs(smoothing: float, weighted: bool) -> None:
    labels = torch.tensor(LABELS)
    weights = class_weights(LABELS, 3, "inverse") if weighted else None
    mine = LabelLoss(weights, 0.0, smoothing)({"logits": _logits()}, labels)
    plain = torch.nn.functional.cross_entropy(_logits(), labels, reduction="none", label_smoothing=smoothing)
    factor = torch.tensor(weights)[labels] if weights else torch.ones(len(labels))
    assert float(mine) == pytest.approx(float((factor * plain).mean()), rel=1e-5)


def test_the_focal_loss_follows_the_paper() -> None:
    labels = torch.tensor(LABELS)
    mine = LabelLoss(None, 2.0)({"logits": _logits()}, labels)
    p = torch.softmax(_logits().double(), 1)[torch.arange(len(labels)), labels]
    assert float(mine) == pytest.approx(float((-((1 - p) ** 2) * p.log()).mean()), rel=1e-5)
    assert float(LabelLoss(None, 1e-12)({"logits": _logits()}, labels)) == pytest.approx(
        float(-p.log().mean()), rel=1e-5
    )


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_a_smoothed_label_stays_smoothed_under_the_focal_loss(gamma: float) -> None:
    loss = LabelLoss(gamma=gamma, smoothing=0.1)
    grid = np.linspace(0.5, 0.999, 500)
    values = [
        float(loss({"logits": torch.tensor([[p, (1 - p) / 2, (1 - p) / 2]]).log()}, torch.tensor([0]))) for p in grid
    ]
    assert grid[int(np.argmin(values))] == pytest.approx(0.9 + 0.1 / 3, abs=0.002)


def test_accumulated_batches_add_up_to_the_whole() -> None:
    loss = LabelLoss(class_weights(LABELS, 3, "inverse"), 1.5)
    labels = torch.tensor(LABELS)
    whole = loss({"logits": _logits()}, labels)
    parts = [loss({"logits": _logits()[i : i + 31]}, labels[i : i + 31], len(LABELS)) for i in range(0, 93, 31)]
    assert float(sum(parts)) == pytest.approx(float(whole), rel=1e-5)


def test_the_sampler_takes_every_row_once_and_groups_by_length() -> None:
    lengths = [int(n) for n in np.random.default_rng(0).integers(1, 100, 500)]
    sampler = GroupedSampler(lengths, 10, seed=1)
    order = list(sampler)
    assert sorted(order) == list(range(500))
    assert order == list(sampler)  # of the same epoch
    padded = sum(10 * max(lengths[i] for i in order[start : start + 10]) for start in range(0, 500, 10))
    random = sum(10 * max(lengths[start : start + 10]) for start in range(0, 500, 10))
    assert padded < 0.75 * random
    sampler.epoch = 1
    assert list(sampler) != order


def test_balanced_sampling_draws_every_label_equally_often() -> None:
    drawn = [LABELS[row] for epoch in range(20) for row in _epoch(epoch)]
    shares = np.array([Counter(drawn)[label] for label in range(3)]) / len(drawn)
    np.testing.assert_allclose(shares, 1 / 3, atol=0.03)


def _epoch(number: int) -> list[int]:
    sampler = GroupedSampler([5] * len(LABELS), 8, 0, LABELS)
    sampler.epoch = number
    return list(sampler)


@pytest.fixture
def skewed(tmp_path: Path) -> Path:
    rows: list[dict[str, object]] = [{"text": f"نص عام رقم {i}", "label": "often"} for i in range(60)]
    rows += [{"text": f"نص نادر رقم {i}", "label": "seldom"} for i in range(8)]
    return write_jsonl(tmp_path / "skewed.jsonl", rows)


@pytest.mark.parametrize(
    "settings",
    [{"class_weights": "inverse"}, {"class_weights": "effective", "focal_gamma": 2.0}, {"balanced_sampling": True}],
)
def test_each_is_a_config_line(settings: dict[str, Any], skewed: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    config = check_config(tiny_config("topic", skewed, tmp_path / "run", max_steps=2, **settings), "test")
    trainer = build_trainer(prepare(config), progress=False, report=lambda line: None)
    loss: Any = trainer.compute_loss_func
    assert (loss.weights is None) == ("balanced_sampling" in settings)
    if loss.weights is not None:
        assert loss.weights[1] > 2 * loss.weights[0]
    else:
        rows = [row for batch in trainer.get_train_dataloader() for row in batch["labels"].tolist()]
        assert 0.2 < np.mean(rows) < 0.8
    assert train(config, restart=True).steps == 2


def test_summaries_have_no_labels_to_balance(summary_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    with pytest.raises(ConfigError, match="are for labels"):
        check_config(tiny_config("summary", summary_file, tmp_path, focal_gamma=1.0), "test")


def test_a_loss_of_exactly_zero_stops_with_advice(tmp_path: Path) -> None:
    lines: list[str] = []
    log = LogLines(lines.append)
    args, state, control = TrainingArguments(output_dir=str(tmp_path)), TrainerState(global_step=7), TrainerControl()
    log.on_log(args, state, control, {"loss": 0.0, "grad_norm": 0.1})
    with pytest.raises(TrainingError, match="exactly 0 at step 7.*precision=float32.*mujaz check"):
        log.on_log(args, state, control, {"loss": 0.0, "grad_norm": 0.0})


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_the_focal_loss_of_what_is_wholly_sure_has_a_slope(gamma: float) -> None:
    """1 - p is 0 in float32, where a root has no slope: no weight may become NaN of it."""
    logits = torch.tensor([[200.0, 0.0], [0.0, 0.3]], requires_grad=True)
    LabelLoss(gamma=gamma)({"logits": logits}, torch.tensor([0, 1])).backward()
    several = torch.tensor([[200.0, -200.0]], requires_grad=True)
    MultiLabelLoss(gamma=gamma)({"logits": several}, torch.tensor([[1.0, 0.0]])).backward()
    for slope in (logits.grad, several.grad):
        assert slope is not None
        assert slope.isfinite().all()
