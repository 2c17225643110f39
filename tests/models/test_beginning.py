from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mujaz import Summarizer
from mujaz.configs.loading import check_config
from mujaz.models.beginning import beginning
from mujaz.models.checkpoint import read_info
from mujaz.models.summary_checks import Source
from mujaz.training.train import train

FIRST = "أعلنت البلدية أمس بدء العمل في ترميم السوق القديم الذي بني قبل مئة عام"
ARTICLE = f"{FIRST}. وقال المهندس المسؤول إن العمل يستمر ستة أشهر."


@pytest.mark.parametrize(("most", "text"), [(20, FIRST), (6, "أعلنت البلدية أمس بدء العمل"), (1, "أعلنت")])
def test_the_first_sentence_or_as_much_of_it_as_is_allowed(most: int, text: str) -> None:
    """Never a preposition at its end."""
    found = beginning(ARTICLE, Source(ARTICLE), most)
    assert found.text == text
    assert [finding.kind for finding in found.findings] == ["unsure"]
    assert (found.words, found.copied, found.score) == (len(text.split()), 1.0, None)


def test_a_summary_that_scores_too_little_gives_way(trained: Callable[[str], Path]) -> None:
    summarizer = Summarizer.from_pretrained(trained("summary"), device="cpu", engine="torch")
    sure = summarizer.summarize([ARTICLE])[0]
    assert "unsure" not in {finding.kind for finding in sure.findings}
    summarizer.know_least(1.0)  # no mean log-probability is above 0
    unsure = summarizer.summarize([ARTICLE], candidates=2)[0]
    assert (unsure.text, unsure.score) == (FIRST, None)
    assert [finding.kind for finding in unsure.findings] == ["unsure"]
    assert unsure.candidates[1].text == sure.text
    assert (
        len(summarizer.summarize([ARTICLE], length="2-5")[0].text.split()) <= 5
    )  # scores say nothing of other lengths


def test_what_is_faithful_learns_on_dev_when_to_give_way(
    tiny_config: Callable[..., dict[str, Any]], summary_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mujaz.training.selection.FEWEST", 2)
    for faithful in (True, None):
        config = tiny_config("summary", summary_file, tmp_path / str(faithful), epochs=1)
        config["generation"]["faithful"] = faithful
        train(check_config(config, "test"))
        info = read_info(tmp_path / str(faithful))
        assert info is not None
        assert info.faithful == faithful
        assert (info.least is not None) == bool(faithful)
