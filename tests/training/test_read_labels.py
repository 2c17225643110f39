"""Labels by reading: each goes to its own article, and none is lost without a word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mujaz.errors import DataError
from mujaz.training.read_labels import article_id, labelled_rows, main
from tests.conftest import MONEY, SPORT, write_jsonl


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    rows: list[dict[str, object]] = [{"text": text, "summary": text.split()[0]} for text in SPORT + MONEY]
    return write_jsonl(tmp_path / "articles.jsonl", [*rows, rows[0], {"text": None, "summary": "عنوان"}])


def test_each_article_gets_its_label(articles: Path, tmp_path: Path) -> None:
    spaced = f" {SPORT[0].replace(' ', '  ')}\n"
    labels = write_jsonl(
        tmp_path / "labels.jsonl",
        [
            {"article": article_id(MONEY[1]), "label": "finance", "or": "politics"},
            {"article": article_id(spaced), "label": "sports"},
        ],
    )
    main([str(tmp_path / "out.jsonl"), str(labels), str(articles)])
    made = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert made == [
        {"title": SPORT[0].split()[0], "text": SPORT[0], "label": "sports"},
        {"title": MONEY[1].split()[0], "text": MONEY[1], "label": "finance"},
    ]


def test_what_is_missing_is_said(articles: Path, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"article": article_id(text), "label": "sports"} for text in (SPORT[0], "نص آخر")]
    labels = write_jsonl(tmp_path / "labels.jsonl", rows)
    with pytest.raises(DataError, match=rf"1 of 2 articles .* in none of the other files, as {article_id('نص آخر')}"):
        list(labelled_rows([str(labels), str(articles)]))
    bad = write_jsonl(tmp_path / "bad.jsonl", [{"article": article_id(SPORT[0])}])
    with pytest.raises(DataError, match=r"bad\.jsonl, row 1: expected article and label"):
        list(labelled_rows([str(bad), str(articles)]))


def test_a_headline_is_cut_out_of_its_article(articles: Path, tmp_path: Path) -> None:
    said = SPORT[0].split()
    row: dict[str, object] = {"article": article_id(SPORT[0]), "words": [[0, 2], [3, 4]]}
    labels = write_jsonl(tmp_path / "labels.jsonl", [row])
    assert list(labelled_rows([str(labels), str(articles)])) == [
        {"text": SPORT[0], "summary": " ".join([*said[:2], said[3]])}
    ]


def test_judgements_stand_beside_a_headline_or_in_its_place(articles: Path, tmp_path: Path) -> None:
    said, other = SPORT[0].split(), MONEY[0].split()
    rows: list[dict[str, object]] = [
        {
            "article": article_id(SPORT[0]),
            "words": [[0, 3]],
            "stands": [[[0, 2], [3, 4]]],
            "falls": [[[1, 3]], [[0, 1]]],
        },
        {"article": article_id(MONEY[0]), "falls": [[[0, 2]]]},
    ]
    labels = write_jsonl(tmp_path / "labels.jsonl", rows)
    judged = [[" ".join([*said[:2], said[3]]), True], [" ".join(said[1:3]), False], [said[0], False]]
    assert list(labelled_rows([str(labels), str(articles)])) == [
        {"text": SPORT[0], "summary": " ".join(said[:3]), "judged": judged},
        {"text": MONEY[0], "summary": other[0], "judged": [[" ".join(other[:2]), False]]},
    ]
    wrong = write_jsonl(tmp_path / "wrong.jsonl", [{"article": article_id(MONEY[0]), "stands": [[[0, 900]]]}])
    with pytest.raises(DataError, match=r"wrong\.jsonl, row 1: expected places of words"):
        list(labelled_rows([str(wrong), str(articles)]))


@pytest.mark.parametrize(
    "places",
    [
        *([], [[0, 900]], [0, 2], "0-2", None, [["a", 2]]),
        *([[-3, -1]], [[0, 2], [5, 3]], [[0, 2], [2, 2]], [[0, 2], [900, 5]], [[0, 3], [2, 4]], [[2, 3], [0, 1]]),
    ],
)
def test_places_that_are_none_are_named(articles: Path, tmp_path: Path, places: object) -> None:
    row: dict[str, object] = {"article": article_id(SPORT[0]), "words": places}
    labels = write_jsonl(tmp_path / "labels.jsonl", [row])
    with pytest.raises(DataError, match=r"labels\.jsonl, row 1: expected places of words in an article of \d+ words"):
        list(labelled_rows([str(labels), str(articles)]))
