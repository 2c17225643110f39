"""A stretch does not end before its sentence has said what it is about, nor in the middle of a score."""

from __future__ import annotations

import numpy as np
import pytest

from mujaz.models.clauses import (
    ENDS_AT_A_COLON,
    ENDS_AT_A_COMMA,
    ENDS_BEFORE_PREDICATE,
    ENDS_INSIDE,
    NEVER,
    STARTS_IN_AN_OPENING,
    STARTS_INSIDE,
    STARTS_SUBORDINATE,
    boundaries,
)
from mujaz.models.selection_info import Wanted
from mujaz.models.stretches import WordScores, best_stretches
from tests.models.test_clauses import costs


@pytest.mark.parametrize(
    ("text", "before", "behind"),
    [
        ("أعلن العمدة أن الجسر الجديد للبلدة سيفتح أبوابه صباح الأحد أمام الناس", "للبلدة", "الأحد"),
        ("ذكر الحارس بأن الباب الذي يطل على الحديقة، كان مفتوحا طوال الليل كعادته", "الحديقة،", "الليل"),
        ("قال التاجر إن السوق القديمة في المدينة تمر بركود شديد", "المدينة", "شديد"),
        ("قالت الجدة إن حفيد الجيران يزرع النعناع الأخضر كل صباح", "الجيران", "الأخضر"),
    ],
)
def test_that_needs_what_is_said_of_its_noun(text: str, before: str, behind: str) -> None:
    _, end = costs(text)
    assert end[before] >= ENDS_BEFORE_PREDICATE
    assert end[behind] < ENDS_BEFORE_PREDICATE


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("عاد الفلاح بعد أن حصد القمح بيديه فرحا يغني", "بيديه"),  # what was done, and no statement
        ("قال الطباخ إن هناك ملحا كثيرا في الحساء يفسد طعمه", "كثيرا"),
        ("قال الصياد إن البحر المفتوح بارد هائج، ونصح من يسبح بالعودة", "هائج،"),
    ],
)
def test_what_says_it_without_a_verb_may_end(text: str, whole: str) -> None:
    _, end = costs(text)
    assert end[whole] < ENDS_BEFORE_PREDICATE


def test_the_verb_alone_is_no_end_but_before_a_pause() -> None:
    _, end = costs("قال الحداد إن الفرن القديم الصدئ يحتاج إلى فحم، ثم مضى")
    assert end["يحتاج"] == pytest.approx(ENDS_INSIDE + ENDS_BEFORE_PREDICATE)
    _, end = costs("قال الحداد إن النار الكبيرة الحمراء انطفأت، ثم مضى")
    assert end["انطفأت،"] < ENDS_BEFORE_PREDICATE


@pytest.mark.parametrize(
    "text",
    [
        "أوضح المدرب خطة الفريق الجديدة، حيث ذكر بأن اللاعبين جاهزون",
        "أكدت المديرة تمسكها بالموعد؛ وذلك ردا على من يقول إن المدرسة مغلقة",
        "نفى الطبيب الخبر، مشيرا إلى أن العيادة مفتوحة",
    ],
)
def test_that_of_another_clause_is_no_object(text: str) -> None:
    words = text.split()
    assert boundaries(words, np.zeros(len(words), dtype=np.int64)).needs[0] == 0


def test_what_says_first_when_needs_its_main_clause() -> None:
    text = "بعد شتاء طويل في الجبال البعيدة، عادت أسراب الطيور إلى البحيرة. وغنت"
    words = text.split()
    found = boundaries(words, np.array([0] * 11 + [1]))
    main = words.index("عادت")
    assert found.needs[0] == main + 5
    assert found.start[main] == 0
    assert min(found.start[1:main]) >= STARTS_IN_AN_OPENING
    named = boundaries(["علي", "النجار", "والابن", "الصغير،", "عادت", "السيارة"], np.zeros(6, dtype=np.int64))
    assert named.needs[0] == 0


def test_the_main_clause_is_chosen_and_not_what_stands_before_it() -> None:
    text = "وسط أجواء من الفرح والغناء، افتتحت مدرسة القرية مسرحا صغيرا"
    words, wanted = text.split(), Wanted(5, 4, 8, 0.02)
    keep = np.where(np.arange(len(words)) < 5, 0.6, 0.55)  # the model finds the opening a little better
    scores = WordScores(np.log(keep), np.zeros(len(words)), np.zeros(len(words)))
    sentences = np.zeros(len(words), dtype=np.int64)
    (best,) = best_stretches(scores, sentences, boundaries(words, sentences), wanted)
    assert words[best.start : best.end] == ["افتتحت", "مدرسة", "القرية", "مسرحا", "صغيرا"]


@pytest.mark.parametrize("word", ["بعدما", "وبينما", "فيما", "عندما"])
def test_a_clause_that_needs_another_is_no_start(word: str) -> None:
    start, _ = costs(f"{word} نام الأطفال، أطفأ الأب المصباح")
    assert start[word] == STARTS_SUBORDINATE
    assert start["أطفأ"] < STARTS_INSIDE


@pytest.mark.parametrize("score", ["3 - 1", "3 – صفر", "صفر- 2،", "3 -1"])
def test_a_score_is_one(score: str) -> None:
    words = f"غلب فريق الحي جاره {score} في الساحة".split()
    found = boundaries(words, np.zeros(len(words), dtype=np.int64))
    last = words.index("في") - 1
    assert (found.end[4:last] == NEVER).all()
    assert (found.start[5 : last + 1] == NEVER).all()
    assert found.end[last] < NEVER
    assert found.start[4] < NEVER


def test_years_and_a_number_before_a_dash_are_none() -> None:
    _, end = costs("كتب الشاعر ديوانه عام 1987 - 1990 وبلغ عمره 60 - وهو كثير")
    assert end["60"] == end["1987"] == ENDS_AT_A_COMMA


def test_what_a_colon_announces_is_missed() -> None:
    start, end = costs("شرح المدرب: نحن نلعب")
    assert end["المدرب:"] == ENDS_AT_A_COLON
    assert start["نحن"] == 0


def test_behind_a_condition_the_main_clause_is_no_free_start() -> None:
    text = "إذا خسر الفريق مباراته الأخيرة في الدوري، يهبط النادي إلى الدرجة الثانية مع نهاية الموسم"
    words = text.split(" ")
    costs = boundaries(words, np.zeros(len(words), dtype=np.int64))
    main = words.index("يهبط")
    assert costs.denied[main] >= 0
    assert costs.start[main] > 0.5
    assert costs.start[main] > costs.start[0]
