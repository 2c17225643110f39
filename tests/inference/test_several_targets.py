"""Of several models in one pass those that need no target answer the records that have none, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mujaz.errors import DataError
from mujaz.inference.corpus import CorpusOptions
from mujaz.inference.records import Columns
from mujaz.inference.several import NO_TARGET, answer_several

GOOD = "فاز المنتخب في مباراة الكرة أمس"
MODELS = {"topic": "topic", "stance": "stance"}
BY_TARGET = Columns(target="target")


def corpus(path: Path, targets: list[str | None]) -> list[str]:
    rows = [{"id": n, "text": f"{GOOD} {n}", "target": target} for n, target in enumerate(targets)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return [str(path)]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("targets", [["الكرة", None, "المنتخب", "", "NaN"], [None]])
def test_a_record_without_a_target_has_the_answers_of_the_others(tmp_path: Path, targets: list[str | None]) -> None:
    inputs, out = corpus(tmp_path / "in.jsonl", targets), tmp_path / "out.jsonl"
    summary = answer_several(inputs, str(out), MODELS, CorpusOptions(BY_TARGET))
    given = [target in ("الكرة", "المنتخب") for target in targets]
    assert [line["topic"] for line in lines(out)] == ["sports"] * len(targets)
    assert [line["error"] for line in lines(out)] == [None if yes else NO_TARGET for yes in given]
    assert [line["stance"] is not None for line in lines(out)] == given
    assert summary.errors == summary.partly == given.count(False)
    assert not summary.failed
    assert f"or not by all models ({summary.partly:,} were by some)" in str(summary)
    alone = tmp_path / "alone.jsonl"
    answer_several(inputs, str(alone), {"stance": "stance"}, CorpusOptions(BY_TARGET))
    assert [line["stance"] for line in lines(alone)] == [line["stance"] for line in lines(out)]


def test_once_it_has_a_target_it_is_retried(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    answer_several(corpus(tmp_path / "in.jsonl", ["الكرة", None]), str(out), MODELS, CorpusOptions(BY_TARGET))
    first = lines(out)[0]
    mended = corpus(tmp_path / "in.jsonl", ["الكرة", "المنتخب"])
    summary = answer_several(mended, str(out), MODELS, CorpusOptions(BY_TARGET, retry_errors=True))
    assert (summary.errors, summary.partly, summary.kept) == (0, 0, 1)
    assert summary.labels["topic"].total() == 2
    assert lines(out)[0] == first
    assert lines(out)[1]["stance"]


def test_a_whole_file_may_lack_the_column(tmp_path: Path) -> None:
    told = corpus(tmp_path / "a.jsonl", ["الكرة"])
    (tmp_path / "b.jsonl").write_text(json.dumps({"id": 9, "text": GOOD}) + "\n", encoding="utf-8")
    out = tmp_path / "out.jsonl"
    answer_several([*told, str(tmp_path / "b.jsonl")], str(out), MODELS, CorpusOptions(BY_TARGET))
    assert [line["error"] for line in lines(out)] == [None, NO_TARGET]
    assert lines(out)[1]["topic"] == "sports"
    with pytest.raises(DataError, match="target"):
        answer_several([str(tmp_path / "b.jsonl")], str(tmp_path / "none.jsonl"), MODELS, CorpusOptions(BY_TARGET))


def test_strict_stops_at_it(tmp_path: Path) -> None:
    inputs = corpus(tmp_path / "in.jsonl", ["الكرة", None])
    with pytest.raises(DataError, match="row 2: the target is missing"):
        answer_several(inputs, str(tmp_path / "out.jsonl"), MODELS, CorpusOptions(BY_TARGET, strict=True))
