"""Pairs out of plain news: what agrees stands in the article, what contradicts differs in a word."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from mujaz.training.pairs import LABELS, Contradictions, followers, main, opposites, pair_rows
from tests.conftest import write_jsonl

STATED = [
    ("ارتفاع أسعار النفط", "ارتفعت أسعار النفط في أسواق آسيا"),
    ("الوزير يفتتح مستشفى الساحل", "افتتح الوزير مستشفى جديدا في مدينة الساحل"),
    ("فوز الفريق على ضيفه", "حقق الفريق فوزا ثمينا على ضيفه أمس"),
    ("مستشفى الساحل يستقبل المرضى", "استقبل المستشفى 120 مريضا في يومه الأول"),
]


def contradict(text: str, seed: int = 1, **after: list[str]) -> str | None:
    return Contradictions(opposites(), after)(text, random.Random(seed))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ارتفاع أسعار", "انخفاض أسعار"),
        ("إرتفاع أسعار", "انخفاض أسعار"),  # spelled with another hamza
        ("الفوز لنا", "الخسارة لنا"),
        ("وبفوز", None),  # no prefix that is known
        ("شيء آخر", None),
    ],
)
def test_words_are_turned_into_their_opposites(text: str, expected: str | None) -> None:
    assert contradict(text) == expected


def test_opposites_hold_in_both_directions_and_are_no_synonyms() -> None:
    table = opposites()
    for word, others in table.items():
        assert word not in others
    assert "انخفاض" in table["ارتفاع"]
    assert "ارتفاع" in table["انخفاض"]


@pytest.mark.parametrize("seed", range(20))
def test_numbers_change_and_keep_their_length(seed: int) -> None:
    found = contradict("أصيب 120 شخصا", seed)
    assert found is not None
    before, number, after = found.split()
    assert (before, after) == ("أصيب", "شخصا")
    assert len(number) == 3
    assert 0 < int(number) != 120


def test_a_name_is_replaced_by_one_that_stands_in_such_places() -> None:
    texts = [f"وصل الوفد إلى {city}" for city in ("بيروت", "القاهرة", "تونس", "عمان")]
    found = Contradictions({}, followers(texts))("عاد إلى بيروت", random.Random(0))
    assert found is not None
    assert found.split()[:2] == ["عاد", "إلى"]
    assert found.split()[2] in {"القاهرة", "تونس", "عمان"}


def test_fixed_phrases_stay() -> None:
    assert Contradictions({}, followers(["رئيس الوزراء"] * 9))("قال رئيس الوزراء", random.Random(0)) is None


def test_rows() -> None:
    rows = list(pair_rows(STATED))
    assert rows == list(pair_rows(STATED))
    assert rows != list(pair_rows(STATED, seed=2))
    agreeing = [{row["text"], row["target"]} for row in rows if row["label"] == "favor"]
    assert agreeing == [set(pair) for pair in STATED]
    for row in rows:
        if row["label"] == "none":
            mine = [i for i, pair in enumerate(STATED) if {row["text"], row["target"]} & set(pair)]
            assert len(mine) == 2


def test_rounds_repeat_the_headlines_with_other_pairs(tmp_path: Path) -> None:
    """What agrees is the same in each round; which contradictions are made is drawn anew."""
    rows: list[dict[str, object]] = [
        {
            "text": f"قال مصدر أمس، افتتح الوزير {n} مدارس جديدة في مدينة الساحل رقم {n}.",
            "summary": f"الوزير يفتتح {n} مدارس جديدة في مدينة الساحل رقم {n}",
        }
        for n in range(12, 24)
    ]
    source = write_jsonl(tmp_path / "in.jsonl", rows)
    found = {}
    for rounds in (1, 3):
        main(["--rounds", str(rounds), str(tmp_path / "out.jsonl"), str(source)])
        found[rounds] = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    once, thrice = found[1], found[3]
    assert thrice[: len(once)] == once
    kinds = [
        {label: {frozenset((r["text"], r["target"])) for r in made if r["label"] == label} for label in LABELS}
        for made in (once, thrice)
    ]
    assert kinds[0]["favor"] == kinds[1]["favor"]
    assert kinds[0]["against"] < kinds[1]["against"]
    assert {row["headline"] for row in once} == {row["headline"] for row in thrice} == {r["summary"] for r in rows}


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    article = "قال مصدر أمس، افتتح الوزير مستشفى جديدا في مدينة الساحل بتكلفة 10 ملايين. وحضر الحفل عدد من المسؤولين."
    source = tmp_path / "in.jsonl"
    rows = [
        {"text": article, "summary": "الوزير يفتتح مستشفى جديداً في مدينة الساحل"},
        {"text": article, "summary": "غير ذلك"},
    ]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    main([str(tmp_path / "pairs.jsonl"), str(source)])
    made = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert "1 pairs" in capsys.readouterr().out
    assert made[0]["label"] == "favor"
    assert "افتتح الوزير مستشفى جديدا في مدينة الساحل" in made[0].values()
