"""What a text says first, where it has no headline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mujaz.training.pairs import main
from mujaz.training.statements import first_statement, stated_first
from tests.conftest import write_jsonl

FIRST = "افتتح الوزير صباح أمس ثلاث مدارس جديدة في مدينة الساحل"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{FIRST}. وقال إن العمل فيها يبدأ غدا.", FIRST),
        (f"{FIRST}، {'وهي من أكبر المدارس في البلاد ' * 4}.", FIRST),  # its first clause
        ("كلمات قليلة. " + FIRST, None),
        ("كلمة " * 40, None),  # nothing ends
        ("", None),
    ],
)
def test_first_statement(text: str, said: str | None) -> None:
    assert first_statement(text) == said


def test_texts_that_say_nothing_short_are_passed_over(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "in.jsonl", [{"text": f"{FIRST}. ثم عاد."}, {"text": "لا شيء."}])
    assert list(stated_first([str(file)])) == [(f"{FIRST}. ثم عاد.", FIRST)]


def test_statements_make_pairs_beside_headlines(tmp_path: Path) -> None:
    plain = write_jsonl(tmp_path / "plain.jsonl", [{"text": f"{FIRST} رقم {n}. ثم عاد."} for n in range(12, 30)])
    row: dict[str, object] = {
        "text": "قال مصدر إن الفريق فاز على ضيفه في الملعب الكبير.",
        "summary": "الفريق يفوز على ضيفه في الملعب الكبير",
    }
    titled = write_jsonl(tmp_path / "in.jsonl", [row])
    out = tmp_path / "out.jsonl"
    main(["--plain", str(plain), "--rounds", "2", str(out), str(titled)])
    headlines = {json.loads(line)["headline"] for line in out.read_text(encoding="utf-8").splitlines()}
    assert headlines == {row["summary"], *(f"{FIRST} رقم {n}" for n in range(12, 30))}
