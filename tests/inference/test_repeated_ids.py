"""Ids that more than one record has are told at the end of a run."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from mujaz.inference.classify import classify_corpus
from mujaz.inference.records import RepeatedIds
from mujaz.inference.runner import Hooks
from mujaz.inference.sinks import summary_file

GOOD = "فاز المنتخب في مباراة الكرة أمس"


@pytest.mark.parametrize("among", [1, 2, 50, 10**6])
def test_each_is_counted_once(among: int) -> None:
    chance = random.Random(among)
    ids = [chance.choice((int, str))(chance.randrange(among)) for _ in range(200)]
    seen = RepeatedIds()
    assert seen.count() == 0
    for one in ids:
        seen.add(one)
    assert seen.count() == sum(count > 1 for count in Counter(map(str, ids)).values())


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RepeatedIds, "MOST", 3)
    seen = RepeatedIds()
    for one in "aabb":
        seen.add(one)
    assert seen.count() == 1


def test_a_run_tells_them_also_when_it_goes_on_or_its_errors_are_retried(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    ids = ["a", "b", "a", "a", 5, "5", "c"] + [f"n{number}" for number in range(600)] + ["b"]
    lines = [json.dumps({"id": one, "text": GOOD if number else ""}) for number, one in enumerate(ids)]
    source.write_text("\n".join(lines), encoding="utf-8")
    chunks = iter([False])
    stopped = classify_corpus([str(source)], str(out), device="cpu", hooks=Hooks(stop=lambda: next(chunks, True)))
    assert stopped.stopped
    assert "more than once" not in str(stopped)
    done = classify_corpus([str(source)], str(out), device="cpu")
    again = classify_corpus([str(source)], str(out), device="cpu", retry_errors=True)
    for summary in (done, again):
        assert summary.ids_repeated == 3
        assert "ids: 3 ids found more than once" in str(summary).splitlines()
    assert done.resumed == 512
    assert json.loads(summary_file(out).read_bytes())["ids_repeated"] == 3
    twice = classify_corpus([str(source), str(source)], str(tmp_path / "twice.jsonl"), device="cpu")
    assert twice.ids_repeated == len(ids) - 4
