from __future__ import annotations

import json
from pathlib import Path

import pytest

from mujaz.training.spans import LONGEST, SHORTEST, headline_span, main

ARTICLE = "قال مصدر أمس، افتتح الوزير مستشفى جديدا في مدينة الساحل بتكلفة عشرة ملايين. وحضر الحفل عدد من المسؤولين."


def test_the_span_is_the_stretch_that_says_the_headline() -> None:
    span = headline_span(ARTICLE, "الوزير يفتتح مستشفى جديداً في مدينة الساحل")
    assert span == "افتتح الوزير مستشفى جديدا في مدينة الساحل"


def test_a_headline_about_something_else_has_no_span() -> None:
    assert headline_span(ARTICLE, "فوز ثمين للمنتخب على ضيفه") is None
    assert headline_span("", "عنوان") is None
    assert headline_span(ARTICLE, "؟!") is None


@pytest.mark.parametrize(
    "headline", ["وحضر الحفل عدد من المسؤولين", "قال مصدر أمس افتتح الوزير", "الوزير في مدينة الساحل"]
)
def test_a_span_stands_in_the_article_and_is_of_a_headlines_length(headline: str) -> None:
    span = headline_span(ARTICLE, headline)
    assert span is not None
    assert span in ARTICLE
    assert SHORTEST <= len(span.split()) <= LONGEST


def test_rows_without_a_span_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"text": ARTICLE, "summary": "وحضر الحفل عدد من المسؤولين"}, {"text": ARTICLE, "summary": "غير ذلك تماما"}]
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    main([str(tmp_path / "out" / "spans.jsonl"), str(source)])
    (row,) = [json.loads(line) for line in (tmp_path / "out" / "spans.jsonl").read_text(encoding="utf-8").splitlines()]
    assert row == {"text": ARTICLE, "summary": "وحضر الحفل عدد من المسؤولين"}
    assert capsys.readouterr().out.startswith("1 pairs")
