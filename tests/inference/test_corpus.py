"""An output and the summary file beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mujaz.inference.classify import classify_corpus
from mujaz.inference.sinks import summary_file


def test_no_summary_file_stands_beside_an_output_of_another_run(
    trained: Callable[[str], Path], topic_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed behind the output and before its summary file leaves none; a retry leaves what it was by."""
    out = tmp_path / "labels.jsonl"
    how: dict[str, Any] = {"model": trained("topic"), "device": "cpu"}
    classify_corpus([str(topic_file)], str(out), **how)
    first = json.loads(summary_file(out).read_bytes())

    def killed(*_: object) -> None:
        raise SystemExit(137)

    monkeypatch.setattr("mujaz.inference.corpus._write_summary", killed)
    with pytest.raises(SystemExit):
        classify_corpus([str(topic_file)], str(out), retry_errors=True, **how)
    assert json.loads(summary_file(out).read_bytes()) == first
    with pytest.raises(SystemExit):
        classify_corpus([str(topic_file)], str(out), force=True, all_probabilities=True, **how)
    assert "probabilities" in json.loads(out.read_text(encoding="utf-8").splitlines()[0])
    assert not summary_file(out).exists()
