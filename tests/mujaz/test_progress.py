"""How far a run is, as it is said where there is no terminal."""

from __future__ import annotations

import io

import pytest

from mujaz.commands.progress import CorpusProgress
from mujaz.inference.summary import RunSummary


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("mujaz.commands.progress.time.monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("share", "seconds", "expected"),
    [
        (0.25, 60.0, "600 records, 10.0 a second, 25% read, about 3 min left"),
        (0.004, 60.0, "600 records, 10.0 a second, 0% read, about 4 h 09 min left"),
        (1.0, 60.0, "600 records, 10.0 a second, 100% read"),  # what was read last is still to be computed
        (None, 60.0, "600 records, 10.0 a second"),
        (0.5, 20.0, ""),  # too soon after the last line
    ],
)
def test_a_line_now_and_then(
    clock: list[float], capsys: pytest.CaptureFixture[str], share: float | None, seconds: float, expected: str
) -> None:
    summary = RunSummary()
    summary.records, summary.share_read = 600, share
    with CorpusProgress(io.StringIO()) as shown:
        clock[0] += seconds
        shown.advance(600)
        shown.chunk(summary)
    assert capsys.readouterr().err.strip() == expected
