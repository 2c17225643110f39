from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mujaz import Summarizer
from mujaz.models import briefs as module
from mujaz.models.arabic_words import words
from mujaz.models.articles import clean_article
from mujaz.models.briefs import SHORTEST, Part, briefs, read_sections
from mujaz.models.choosing import Chooser
from mujaz.models.opening import open_checkpoint
from mujaz.models.selecting import SelectingSummarizer
from mujaz.models.selection_info import SelectionInfo
from mujaz.models.selector import Selector, _told
from mujaz.models.sentences import split_sentences
from mujaz.models.summary_options import LENGTHS, Generation, WordRange
from mujaz.models.word_reading import WordReader

ARTICLE = (Path(__file__).resolve().parents[2] / "examples" / "article.txt").read_text(encoding="utf-8")
DEEDS = [("أصلح", "العمال"), ("رمم", "الحرفيون"), ("زار", "الطلبة"), ("غادر", "الضيوف"), ("تسلم", "المزارعون")]
PLACES = [
    "الشمال",
    "الجنوب",
    "الساحل",
    "الجبل",
    "الوادي",
    "الميناء",
    "الريف",
    "الضاحية",
    "الواحة",
    "الهضبة",
    "السهل",
    "الجزيرة",
]
LINES = ["فاز الفريق في السوق.", "خسر سهم الفريق أمس في السوق.", "قال أحمد إن السوق في الدوري."]


@pytest.fixture
def reader(bert_folder: Path, monkeypatch: pytest.MonkeyPatch) -> WordReader:
    """Of few tokens at a time."""
    monkeypatch.setattr(module, "MOST_SECTIONS", 100)
    return WordReader(open_checkpoint(bert_folder, task="topic").encoder)


@pytest.fixture(scope="module")
def summarizer() -> Summarizer:
    return Summarizer.from_pretrained(device="cpu")


def _read(sections: Sequence[Any]) -> list[str]:
    """The words of sections that are read no second time with the next one."""
    return [word for one in sections for word in one.article.words()[: one.finished]]


def test_sections_hold_each_word_once_and_end_where_sentences_do(reader: WordReader) -> None:
    text = " ".join(LINES * 30)
    (sections, share), (short, all_of_it) = read_sections(reader, [text, LINES[0]])
    assert len(sections) > 2
    assert _read(sections) == text.split()
    assert all(one.article.words()[: one.finished][-1].endswith(".") for one in sections)
    assert all(len(one.article.encoding.input_ids) <= reader.encoder.max_length for one in sections)
    assert not any(one.goes_on or one.begins_inside for one in sections)
    assert (len(short), share, all_of_it) == (1, 1.0, 1.0)


def test_a_sentence_longer_than_a_section_goes_on_in_the_next(reader: WordReader) -> None:
    text = " ".join(line.rstrip(".") for line in LINES * 30)
    ((sections, share),) = read_sections(reader, [text])
    assert _read(sections) == text.split()
    assert share == 1.0
    assert [one.goes_on for one in sections] == [True] * (len(sections) - 1) + [False]
    assert [one.begins_inside for one in sections] == [False] + [True] * (len(sections) - 1)


@pytest.mark.parametrize("where", [0, 1])
@pytest.mark.parametrize("blob", ["https://example.org/" + "%D8%A7" * 400, "YWJj" * 500, " " * 2000])
def test_what_holds_no_words_is_passed_over(reader: WordReader, blob: str, where: int) -> None:
    lines = [line.rstrip() for line in LINES]
    lines.insert(where, blob)
    ((sections, share),) = read_sections(reader, ["\n".join(lines)])
    assert [word for word in _read(sections) if "example" not in word] == " ".join(LINES).split()
    assert share == pytest.approx(1.0 if blob.isspace() else sum(map(len, LINES)) / sum(map(len, lines)), abs=0.2)


def test_a_sentence_that_ends_with_its_section_does_not_go_on(reader: WordReader) -> None:
    room = reader.encoder.max_length - 2  # each of these words is one token
    text = " ".join(["فاز"] * (room - 1)) + " أمس. " + LINES[1]
    ((sections, _),) = read_sections(reader, [text])
    first = next(one for one in sections if one.article.encoding.truncated)
    ends = first.article.words()[-1] == "أمس."
    assert first.goes_on is not ends
    assert sections[-1].begins_inside is not ends


def test_of_a_very_long_article_the_beginning_is_read(reader: WordReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SECTIONS", 2)
    text = " ".join(LINES * 100)
    ((sections, share),) = read_sections(reader, [text])
    assert len(sections) == 2
    read = " ".join(_read(sections))
    assert text.startswith(read)
    assert share == pytest.approx(len(read) / len(text), abs=0.01)


def _parts(*said: tuple[str, float, float], whole: bool = True) -> list[Part]:
    """Of texts, how likely a summary has their words, and how well they stand."""
    nowhere: Any = None
    return [
        Part(place, nowhere, 0, len(text.split()), text, whole, keep, stands, news=False)
        for place, (text, keep, stands) in enumerate(said)
    ]


FIRST, OTHER = "افتتح الوزير جسرا جديدا فوق النهر", "وتبلغ كلفة المشروع ثلاثين مليون دينار"
THIRD, FOURTH = "ويخدم الطريق سكان خمس قرى مجاورة", "واستغرقت الأشغال سنتين بسبب الفيضانات الأخيرة هناك"


def _texts(parts: list[Part], wanted: tuple[int, int], count: int = 1) -> list[list[str]]:
    return [[part.text for part in chosen] for _, chosen in briefs(parts, WordRange(*wanted), count)]


def test_the_best_sentences_in_the_order_of_the_article() -> None:
    parts = _parts((FIRST, 0.1, 1.0), (OTHER, 0.9, 1.0), (THIRD, 0.1, 1.0), (FOURTH, 0.8, 1.0))
    assert _texts(parts, (5, 6)) == [[OTHER]]
    assert _texts(parts, (10, 15)) == [[OTHER, FOURTH]]
    assert _texts(parts, (40, 60)) == [[FIRST, OTHER, THIRD, FOURTH]]  # no more are there


def test_what_was_said_is_not_said_again() -> None:
    parts = _parts((FIRST, 0.9, 1.0), (f"{FIRST} أمس", 0.9, 1.0), (THIRD, 0.3, 1.0))
    assert _texts(parts, (12, 13)) == [[FIRST, THIRD]]


def test_the_sentence_of_the_headline_is_taken() -> None:
    parts = _parts((FIRST, 0.3, 1.0), (OTHER, 0.4, 1.0), (THIRD, 0.3, 1.0))
    first = _texts(parts, (5, 6))[0]
    news = next(part for part in parts if part.text != first[0])
    parts[news.place] = Part(**{**{f: getattr(news, f) for f in Part.__slots__}, "news": True})
    assert _texts(parts, (5, 6)) == [[news.text]]


def test_a_sentence_that_leans_needs_the_one_before_it() -> None:
    leaning = 0.5 * module.ALONE
    parts = _parts((FIRST, 0.3, 1.0), (OTHER, 0.1, 1.0), (THIRD, 0.9, leaning), (FOURTH, 0.2, 1.0))
    assert THIRD not in _texts(parts, (12, 14))[0]
    parts = _parts((FIRST, 0.3, 1.0), (OTHER, 0.9, 1.0), (THIRD, 0.9, leaning), (FOURTH, 0.2, 1.0))
    assert _texts(parts, (12, 14)) == [[OTHER, THIRD]]
    long = f"{FIRST} في الشمال"
    parts = _parts((long, 0.3, leaning), (OTHER, 0.1, 1.0))
    assert _texts(parts, (5, 8)) == [[long]]  # the article's first leans on nothing
    parts = _parts((FIRST, 0.3, leaning), (OTHER, 0.1, 1.0))
    assert _texts(parts, (5, 8)) == [[OTHER]]  # but may be a dateline


def test_short_ones_and_such_as_may_not_be_whole_are_left_out() -> None:
    cut = _parts((FIRST, 0.1, 1.0), (OTHER, 0.9, 0.5 * module.ALONE), whole=False)
    assert _texts(cut, (5, 12)) == [[FIRST]]
    parts = _parts(("تقرير أحمد", 0.9, 1.0), (OTHER, 0.1, 1.0))
    assert parts[0].words < SHORTEST
    assert _texts(parts, (5, 12)) == [[OTHER]]
    assert _texts(parts[:1], (5, 12)) == [["تقرير أحمد"]]  # rather than nothing
    assert _texts([], (5, 12)) == []


def test_candidates_begin_with_another_sentence_each() -> None:
    parts = _parts((FIRST, 0.9, 1.0), (OTHER, 0.5, 1.0), (THIRD, 0.1, 1.0))
    found = _texts(parts, (5, 6), 3)
    assert found == [[FIRST], [OTHER], [THIRD]]
    assert _texts(parts, (18, 18), 3) == [[FIRST, OTHER, THIRD]]  # all the same
    for wanted in (WordRange(5, 6), WordRange(10, 12)):
        scores = [score for score, _ in briefs(parts, wanted, 3)]
        assert scores == sorted(scores, reverse=True)
    again = _parts((FIRST, 0.9, 1.0), (OTHER, 0.8, 1.0), (FIRST, 0.7, 1.0), (OTHER, 0.6, 1.0))
    assert _texts(again, (5, 6), 4) == [[FIRST], [OTHER]]


def _one_by_one(parts: list[Part], scores: list[float], alike: Any, wanted: WordRange, begin: int) -> list[int]:
    """What is chosen, part by part, as it is said of it."""

    def follows(i: int) -> bool:
        return any(parts[one].whole and parts[one].place == parts[i].place - 1 for one in chosen)

    def fits(i: int, room: int) -> bool:
        said = i in chosen or any(parts[i].text == parts[one].text or alike[i, one] >= module.SAME for one in chosen)
        opens = parts[i].place == 0 and parts[i].words >= 8
        stands = parts[i].stands >= module.ALONE or (parts[i].whole and (opens or follows(i)))
        return stands and not said and SHORTEST <= parts[i].words <= room

    chosen = [begin]
    while (words := sum(parts[i].words for i in chosen)) < (wanted.low + wanted.high) / 2:
        worth = {
            i: scores[i] - module.UNLIKE * max(alike[i, one] for one in chosen) + module.NEXT * follows(i)
            for i in range(len(parts))
            if fits(i, wanted.high - words)
        }
        if not worth:
            break
        chosen.append(max(worth, key=worth.__getitem__))
    return sorted(chosen)


@pytest.mark.parametrize("seed", range(20))
def test_all_parts_at_once_are_weighed_as_one_by_one(seed: int) -> None:
    chance = np.random.default_rng(seed)
    number = int(chance.integers(2, 40))
    places = np.sort(chance.choice(2 * number, number, replace=False)).tolist()
    nowhere: Any = None
    parts = [
        Part(
            place, nowhere, 0, words, f"{chance.integers(number)}", bool(chance.random() < 0.7), 0.1, stands, news=False
        )
        for place, words, stands in zip(
            places, chance.integers(2, 15, number).tolist(), chance.random(number), strict=True
        )
    ]
    alike, scores, wanted = chance.random((number, number)), chance.random(number), WordRange(30, 60)
    for begin in range(number):
        found = module._chosen(module._Known.of(parts), scores, alike, wanted, begin)
        assert found == _one_by_one(parts, scores.tolist(), alike, wanted, begin)


@pytest.mark.parametrize("length", ["short", "long", "27-45"])
def test_a_brief_says_what_sentences_of_the_article_say(summarizer: Summarizer, length: str) -> None:
    found, headline = (summarizer.summarize([ARTICLE], length=one)[0] for one in (length, "headline"))
    assert len(found.text.split()) <= LENGTHS.get(length, WordRange(27, 45)).high
    assert found.words > headline.words
    assert (found.read, found.truncated, found.long) == (1.0, False, None)  # all of it, and not the first tokens
    assert headline.truncated
    of_article = [words(sentence.text) for sentence in split_sentences(ARTICLE)]
    place = 0
    for sentence in split_sentences(found.text):
        said = words(sentence.text)
        assert sentence.text[-1] in ".؟!"
        if not place:
            said = said[1:]  # an "and" is taken off the first
        place += next(i for i, own in enumerate(of_article[place:], 1) if _in_order(said, own))


def _selector(summarizer: Summarizer) -> Selector:
    assert isinstance(summarizer, SelectingSummarizer)
    return Selector(summarizer.encoder, [summarizer.engine], summarizer._selection, summarizer._reader)


def _info(summarizer: Summarizer) -> SelectionInfo:
    return _selector(summarizer).info


def _chooser(summarizer: Summarizer, text: str) -> Chooser:
    selector = _selector(summarizer)
    return selector._scored(selector.reader([clean_article(text)]), Generation(), lambda done: None)[0]


def _in_order(said: Sequence[str], own: Sequence[str]) -> bool:
    rest = iter(own)
    return all(word in rest for word in said)


def test_each_article_alone_and_among_others(summarizer: Summarizer) -> None:
    articles = [ARTICLE, " ".join(reversed(ARTICLE.split("\n"))), ARTICLE.split("\n\n", 2)[2]]
    together = summarizer.summarize(articles, length="short")
    alone = [summarizer.summarize([article], length="short")[0] for article in articles]
    assert [one.text for one in together] == [one.text for one in alone]
    assert [one.score for one in together] == pytest.approx([one.score for one in alone], abs=1e-3)


def test_candidates_of_an_article(summarizer: Summarizer) -> None:
    (found,) = summarizer.summarize([ARTICLE], length="short", candidates=3)
    assert len({one.text for one in found.candidates}) == 3
    scores = [one.score or 0.0 for one in found.candidates]
    assert scores == sorted(scores, reverse=True)
    assert found.text == found.candidates[0].text
    assert all(len(one.text.split()) <= 40 for one in found.candidates)


def test_a_long_sentence_is_told_up_to_where_it_ends_well(summarizer: Summarizer) -> None:
    clause = "وتفقد الوزير مراحل الأشغال في الموقع واستمع إلى شروح المهندسين حول سير العمل في الجسر الجديد"
    (found,) = summarizer.summarize([", ".join([clause] * 6) + "."], length="short")
    assert SHORTEST <= len(found.text.split()) <= 40
    assert found.text.startswith("تفقد الوزير مراحل الأشغال")


def test_the_rest_of_a_sentence_that_another_section_begins_is_not_told(summarizer: Summarizer) -> None:
    clauses = [f"{verb} {what} في {place}" for place in PLACES for verb, what in DEEDS]
    selector = _selector(summarizer)
    ((sections, _),) = read_sections(selector.reader, ["، ".join(clauses) + ". وحضر الحفل جمهور كبير من سكان المدينة."])
    choosers = selector._scored([one.article for one in sections], Generation(), lambda done: None)
    parts = module.parts_of(list(zip(sections, choosers, strict=True)), selector.info, None, 40, _told)
    assert len(sections) > 1
    assert [part.text.split()[0] for part in parts] == [clauses[0].split()[0], "وحضر"]
    assert [part.whole for part in parts] == [False, True]


def test_a_range_that_sentences_do_not_have_is_kept(summarizer: Summarizer) -> None:
    for low, high in ((27, 30), (33, 36)):
        (found,) = summarizer.summarize([ARTICLE], length=f"{low}-{high}")
        assert low <= len(found.text.split()) <= high


def test_only_the_beginning_where_that_is_asked_for(summarizer: Summarizer) -> None:
    (found,) = summarizer.summarize([ARTICLE], length="short", long="lead")
    assert found.read < 0.8
    assert (found.truncated, found.long) == (True, "lead")


def test_models_that_know_less_of_texts(summarizer: Summarizer) -> None:
    """Without what can stand, as those are that are trained without judgements."""
    chooser = _chooser(summarizer, ARTICLE)
    assert chooser.scores.outputs is not None
    chooser.scores = replace(chooser.scores, outputs=None)
    article = chooser.article
    section = module.Section(article, len(article.spans), begins_inside=False, goes_on=False)
    parts = module.parts_of([(section, chooser)], _info(summarizer), None, 40, _told)
    assert len(parts) > 3
    assert {part.stands for part in parts if part.whole} == {1.0}
    assert all(part.words <= 40 for part in parts)
    ((_, chosen),) = briefs(parts, WordRange(20, 40), 1)
    assert 20 <= sum(part.words for part in chosen) <= 40


def test_each_sentence_has_one_mark_at_its_end(summarizer: Summarizer) -> None:
    lines = ["قال الوزير «سنفتتح الجسر الجديد في المدينة قريبا.»", "هل تكفي الميزانية لإصلاح الطرق في القرى؟"]
    text = " ".join([*lines, "وأكد المهندس أن الأشغال انتهت قبل موعدها بشهرين", "، والحمد لله على السلامة ."])
    (found,) = summarizer.summarize([text], length="32-60", min_article_words=0)
    assert not re.search(r"[.؟»]\s*\.", found.text)
    assert found.text[-1] in ".؟»"


def test_texts_that_are_no_articles(summarizer: Summarizer) -> None:
    latin = "The minister opened a new bridge over the river on Monday. " * 10
    for text in (latin, "٪ " * 100, "\ud800 كلمة " * 60, "12 " * 200):
        (found,) = summarizer.summarize([text], length="short", min_article_words=0)
        assert found.text or [finding.kind for finding in found.findings] == ["empty"]
    (found,) = summarizer.summarize([latin], length="short", min_article_words=0)
    assert "unsure" in [finding.kind for finding in found.findings]
    assert found.text.startswith("The minister opened")
    assert latin.startswith(found.text)  # its beginning
