"""Pairs out of groups that were written for it."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mujaz.models.arabic_words import words
from mujaz.training.pairs import LABELS
from mujaz.training.written import group_rows, main
from tests.conftest import write_jsonl

HEADLINE: dict[str, Any] = {
    "text": "الفريق يفوز",
    "favor": ["فوز الفريق", "الفريق لم يخسر"],
    "against": ["هزيمة الفريق"],
    "none": ["مطر غدا"],
}
ARTICLE: dict[str, Any] = {"text": "كلمة " * 30, "favor": ["أ"], "against": ["ب"], "none": ["ج"]}
POSTS = [
    {"target": name, "favor": [f"{name} حسن"], "against": [f"{name} سيئ"], "none": [f"ما {name}؟"]}
    for name in ("القطار", "الجسر", "النفق")
]


def pairs(rows: list[dict[str, str]], label: str) -> set[tuple[str, str]]:
    return {(row["text"], row["target"]) for row in rows if row["label"] == label}


def test_headlines_hold_the_other_way_round_and_their_claims_of_each_other() -> None:
    rows = list(group_rows([HEADLINE]))
    text, (first, second), (turned,), (other,) = HEADLINE.values()
    agreeing = {(text, first), (text, second), (first, second)}
    assert pairs(rows, "favor") == agreeing | {(b, a) for a, b in agreeing}
    for label, claim in (("against", turned), ("none", other)):
        found = pairs(rows, label)
        assert {(text, claim), (claim, text)} <= found
        assert {frozenset(pair) for pair in found} == {frozenset((one, claim)) for one in (text, first, second)}
        assert len(found) == 4
    assert len(rows) == len({tuple(row.values()) for row in rows})


def test_articles_are_texts_alone() -> None:
    rows = list(group_rows([ARTICLE]))
    assert [(row["text"], row["target"], row["label"]) for row in rows] == [
        (ARTICLE["text"], claim, label) for label, claim in zip(LABELS, "أبج", strict=True)
    ]


def test_posts_stand_beside_other_targets_too() -> None:
    rows = list(group_rows(POSTS))
    assert rows == list(group_rows(POSTS))
    for group in POSTS:
        for label in ("favor", "against"):
            assert {text for text, target in pairs(rows, label) if target == group["target"]} == set(group[label])
    crossed = {(text, target) for text, target in pairs(rows, "none") if target not in text}
    assert crossed  # by seed 13 some of the six are drawn
    assert not crossed & {(post, g["target"]) for g in POSTS for label in LABELS for post in g[label]}


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    files[0].write_text(json.dumps(HEADLINE) + "\n", encoding="utf-8")
    files[1].write_text(json.dumps(POSTS[0]) + "\n\n", encoding="utf-8")
    main([str(tmp_path / "out.jsonl"), *map(str, files)])
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert rows == list(group_rows([HEADLINE, POSTS[0]]))
    assert f"{len(rows)} pairs" in capsys.readouterr().out


GROUPS = Path(__file__).parents[2] / "training" / "stance_groups"
OBVIOUS = Path(__file__).parents[2] / "benchmarks" / "stance_obvious"


def read(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.open(encoding="utf-8")]


def test_the_groups_of_the_project_are_whole_and_nothing_stands_twice() -> None:
    groups = read(GROUPS)
    about = Counter(group.get("text") or group["target"] for group in groups)
    assert not [text for text, count in about.items() if count > 1]
    for group in groups:
        assert set(group) in ({"text", *LABELS}, {"target", *LABELS})
        assert len(group["favor"]) == len(group["against"]) >= 2
        assert group["none"]
        claims = [claim for label in LABELS for claim in group[label]]
        assert len(set(claims)) == len(claims)
    labels = Counter(row["label"] for row in group_rows(groups))
    assert set(labels) == set(LABELS)
    assert max(labels.values()) < 1.7 * min(labels.values())


def test_what_measures_the_model_was_not_trained_on() -> None:
    """The words of a benchmark's text and those of a training text share less than six in ten (Jaccard)."""
    trained = [*{frozenset(words(text)) for text in {row["text"] for row in group_rows(read(GROUPS))}}]
    holders: dict[str, list[int]] = {}
    for number, other in enumerate(trained):
        for word in other:
            holders.setdefault(word, []).append(number)
    for row in read(OBVIOUS):
        mine = set(words(row["text"]))
        shared = Counter(number for word in mine for number in holders.get(word, ()))
        jaccards = [count / (len(mine) + len(trained[number]) - count) for number, count in shared.items()]
        assert max(jaccards, default=0.0) < 0.6, row["text"]


@pytest.mark.parametrize(
    "group", [{"text": "أ", "favor": ["ب"], "against": ["ج"]}, {"favor": [], "against": [], "none": []}]
)
def test_a_group_that_is_not_whole_is_named(
    group: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_jsonl(tmp_path / "groups.jsonl", [HEADLINE, group])
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path / "out.jsonl"), str(file)])
    assert re.search(r"groups\.jsonl.*row 2.*expected the lists favor, against and none", capsys.readouterr().err)
