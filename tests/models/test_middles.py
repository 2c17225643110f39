"""A stretch does not begin in the middle of a name, a number or what is done to something."""

from __future__ import annotations

import pytest

from mujaz.models.clauses import NEVER, STARTS_BEHIND_HOLDS, STARTS_INSIDE
from mujaz.models.middles import BEHIND_A_PREPOSITION, IN_A_NAME, WITH_AN_OBJECT, binds, cost_behind
from tests.models.test_clauses import costs


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("نقلت الطفلة سيدي سليمان إلى الميناء", "سليمان"),
        ("احترقت مزرعة بمحافظة رأس الوادي أمس", "رأس"),
        ("وصل إلى الميناء نحو 390 صيادا", "390"),
        ("غرقت السفينة التي لم تفحص منذ عام", "لم"),
    ],
)
def test_what_the_word_before_binds_is_no_start(text: str, inside: str) -> None:
    start, _ = costs(text)
    assert start[inside] == NEVER


def test_a_comma_parts_them() -> None:
    start, _ = costs("افتتح المعرض في الجامعة، الطلاب سعداء")
    assert start["الطلاب"] < STARTS_INSIDE
    assert binds("مدينة".replace("ة", "ه"))
    assert binds("بمدينه")
    assert not binds("مدن")


@pytest.mark.parametrize(
    ("before", "this", "cost"),
    [
        ("انخفض", "6", BEHIND_A_PREPOSITION),
        ("بعد", "6", 0),
        ("عن", "المتورطين", BEHIND_A_PREPOSITION),
        ("من", "القبض", 0),
        ("عن", "التعاون", 0),
        ("علي", "افتتاح", 0),
        ("زيد", "عن", WITH_AN_OBJECT),
        ("", "من", WITH_AN_OBJECT),
        ("اليوم", "حريقا", WITH_AN_OBJECT),
        ("اليوم", "روسيا", 0),
        ("اليوم", "بينما", 0),
        ("اللجنه", "الكويتيه", IN_A_NAME),
        ("لفخامه", "الرئيس", 0),
        ("المحلي", "الاول", IN_A_NAME),
        ("تسع", "ساعات", IN_A_NAME),
        ("بجامعه", "القدس", IN_A_NAME),
        ("امس", "الفريق", 0),
        ("", "الفريق", 0),
    ],
)
def test_what_a_start_costs_behind_a_word(before: str, this: str, cost: float) -> None:
    assert cost_behind(before, this) == cost


def test_an_opinion_is_no_start() -> None:
    for verb in ("اعتبر", "ويرى", "رأت"):
        start, _ = costs(f"{verb} مدير الميناء سامي نور أن القرار خطأ كبير")
        assert start["القرار"] == STARTS_BEHIND_HOLDS
    start, _ = costs("أكد مدير الميناء سامي نور أن القرار خطأ كبير")
    assert start["القرار"] == 0
    start, _ = costs("اعتبر مدير الميناء القرار خطأ. وأكد النائب أن القانون جديد", [0] * 5 + [1] * 5)
    assert start["القانون"] == 0


def test_neither_is_the_preposition_of_an_object() -> None:
    start, _ = costs("تمكنت الشرطة اليوم من إحباط تهريب السلاح")
    assert start["من"] > start["إحباط"] == STARTS_INSIDE


def test_a_stretch_does_not_end_with_a_verb_that_goes_on() -> None:
    _, end = costs("خطف المسلحون عشرة عمال كانوا داخل المدرسة")
    assert end["كانوا"] == NEVER
    assert end["عمال"] < NEVER
