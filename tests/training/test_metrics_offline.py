from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import evaluate
import pytest

import mujaz.training.metrics as metrics
from mujaz.training.metrics import Rouge


def test_every_public_name_is_a_metric_of_evaluate() -> None:
    for name in metrics.__all__:
        assert issubclass(getattr(metrics, name), evaluate.Metric)
    with pytest.raises(AttributeError, match="no attribute 'Meteor'"):
        _ = metrics.Meteor


def test_works_where_the_cache_folder_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate.config, "HF_METRICS_CACHE", Path(os.devnull) / "below")
    with pytest.raises(OSError, match=r"null"):
        evaluate.Metric._build_data_dir(Rouge())  # what evaluate itself would do
    assert Rouge().compute(predictions=["خبر"], references=["خبر"])["rouge1"] == 100


def test_nothing_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(evaluate.config, "HF_METRICS_CACHE", tmp_path)
    monkeypatch.chdir(tmp_path)
    Rouge().compute(predictions=["خبر"], references=["خبر"])
    assert list(tmp_path.rglob("*")) == []


def test_side_by_side() -> None:
    """As processes of a training do; evaluate's own files would clash here."""

    def score(place: int) -> float:
        metric = Rouge()
        for step in range(5):
            metric.add(prediction="خبر", reference="خبر" if step < place else "سعر")
        return float(metric.compute()["rouge1"])

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(score, range(6))) == pytest.approx([0, 20, 40, 60, 80, 100])


def test_one_metric_can_be_used_again() -> None:
    metric = Rouge()
    assert metric.compute(predictions=["خبر"], references=["خبر"])["rouge1"] == 100
    assert metric.compute(predictions=["خبر"], references=["سعر"])["rouge1"] == 0
