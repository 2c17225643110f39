"""Pairs out of plain news: what agrees stands in the article, what contradicts differs in a word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mujaz.training.pairs import LABELS, beginning_rows, main, pair_rows
from tests.conftest import write_jsonl

STATED = [
    ("ارتفاع أسعار النفط", "ارتفعت أسعار النفط في أسواق آسيا"),
    ("الوزير يفتتح مستشفى الساحل", "افتتح الوزير مستشفى جديدا في مدينة الساحل"),
    ("فوز الفريق على ضيفه", "حقق الفريق فوزا ثمينا على ضيفه أمس"),
    ("مستشفى الساحل يستقبل المرضى", "استقبل المستشفى 120 مريضا في يومه الأول"),
]


def test_rows() -> None:
    rows = [row for seed in range(9) for row in pair_rows(STATED, seed)]
    assert rows == [row for seed in range(9) for row in pair_rows(STATED, seed)]
    assert list(pair_rows(STATED, 1)) != list(pair_rows(STATED, 2))
    assert {row["label"] for row in rows} == set(LABELS)
    for row in rows:
        texts = {row["text"], row["target"]}
        if row["label"] == "none":
            mine = [i for i, pair in enumerate(STATED) if texts & set(pair)]
            assert len(mine) == 2
        elif row["label"] == "against":
            assert len(texts) == 2


def test_what_agrees_is_a_headline_and_its_stretch_or_one_of_them_twice() -> None:
    """Where nothing in it is known to the tables, and there is no place for another word."""
    stated = [("حفل في حديقة", "أقيم أمس حفل في حديقة"), ("نبأ سار", "هذا نبأ سار")]
    rows = [row for seed in range(20) for row in pair_rows(stated, seed) if row["label"] == "favor"]
    kinds = {frozenset((row["text"], row["target"])) for row in rows if row["headline"] == "نبأ سار"}
    assert kinds == {frozenset(stated[1]), frozenset(stated[1][:1]), frozenset(stated[1][1:])}


def test_easy_pairs_are_the_same_but_for_one_thing() -> None:
    rows = [row for seed in range(9) for row in pair_rows(STATED, seed, easy=True)]
    for row in rows:
        one, other = row["text"].split(), row["target"].split()
        apart = len(set(one) ^ set(other))
        if row["label"] == "favor":
            assert apart <= 2  # a verb of both that was changed
        elif row["label"] == "against":
            assert one != other
            assert apart <= 7  # that, and another verb with its preposition, or a denial


def test_beginnings_stand_beside_claims() -> None:
    articles = [(f"{stretch} {'كلمة ' * 100}", headline, stretch) for headline, stretch in STATED]
    rows = [row for seed in range(9) for row in beginning_rows(articles, 3, seed)]
    assert {row["label"] for row in rows} == set(LABELS)
    for row in rows:
        assert 40 <= len(row["text"].split()) <= 90
        mine = next(pair for pair in STATED if row["text"].startswith(pair[1]))
        assert row["headline"] == mine[0]
        known = {text for pair in STATED if pair != mine for text in pair}
        assert (row["target"] in known) == (row["label"] == "none")


def test_rounds_repeat_the_headlines_with_other_pairs(tmp_path: Path) -> None:
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
    assert {tuple(row.values()) for row in once} < {tuple(row.values()) for row in thrice}
    main(["--most", "5", str(tmp_path / "out.jsonl"), str(source)])
    few = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len({row["headline"] for row in few}) == 5
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
    assert f"{len(made)} pairs" in capsys.readouterr().out
    assert made[0]["label"] == "favor"
    assert {row["headline"] for row in made} == {"الوزير يفتتح مستشفى جديداً في مدينة الساحل"}  # nothing says the other


@pytest.mark.parametrize(
    "options", [["--rounds", "0"], ["--beginnings", "-1"], ["--most", "x"], ["--easy", "--beginnings", "9"]]
)
def test_options_of_no_use_are_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*options, "out.jsonl", "in.jsonl"])
    assert ended.value.code == 2
    assert options[0] in capsys.readouterr().err
