from __future__ import annotations

import pytest

from mujaz.errors import DataError
from mujaz.models.summary_checks import check_summary
from mujaz.training.metrics import SummaryQuality

SOURCES = ["فاز الفريق مساء أمس بثلاثة أهداف على أرضه", "أعلنت الشركة أرباحها السنوية", "هطلت أمطار غزيرة"]
PREDICTIONS = ["فاز الفريق بأربعة أهداف", "<extra_id_0>", "أمطار أمطار أمطار"]


def test_means_and_shares_of_the_checks() -> None:
    found = SummaryQuality().compute(predictions=PREDICTIONS, sources=SOURCES)
    checks = [check_summary(*pair) for pair in zip(PREDICTIONS, SOURCES, strict=True)]
    for name in ("words", "length_ratio", "coverage", "density", "longest_copy", "repeated"):
        assert found[name] == pytest.approx(sum(getattr(check, name) for check in checks) / 3)
    assert found["novel_2"] == pytest.approx(sum(check.novel[1] for check in checks) / 3)
    third = pytest.approx(1 / 3)
    assert (found["empty_share"], found["sentinels_share"], found["loop_share"]) == (third, third, third)
    assert (found["new_numbers_share"], found["new_latin_share"]) == (third, 0)


def test_sources_must_come_in_pairs() -> None:
    with pytest.raises(DataError, match="found 1 predictions and 2 sources"):
        SummaryQuality().compute(predictions=["ا"], sources=["ا", "ب"])


def test_in_batches() -> None:
    metric = SummaryQuality()
    for prediction, source in zip(PREDICTIONS, SOURCES, strict=True):
        metric.add_batch(predictions=[prediction], sources=[source])
    assert metric.compute() == SummaryQuality().compute(predictions=PREDICTIONS, sources=SOURCES)
