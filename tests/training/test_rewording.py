"""Statements said otherwise, and turned round."""

from __future__ import annotations

import random

import pytest

from mujaz.models.arabic_words import normalize
from mujaz.training.opposites import alike, forms, present_of
from mujaz.training.rewording import Rewording, followers

NONE_FOLLOW = Rewording({})


def turned(text: str) -> set[str]:
    """All that a statement is turned into."""
    found = (NONE_FOLLOW.turned(text.split(), random.Random(seed)) for seed in range(200))
    return {" ".join(words) for words in found if words}


def retold(text: str, share: float = 1.0) -> set[str]:
    return {" ".join(NONE_FOLLOW.retold(text.split(), random.Random(seed), share)) for seed in range(200)}


@pytest.mark.parametrize(
    ("text", "among"),
    [
        ("ارتفاع أسعار", {"انخفاض أسعار", "عدم ارتفاع أسعار"}),
        ("إرتفاع أسعار", {"هبوط أسعار"}),  # spelled with another hamza
        ("ارتفعت الأسعار", {"تراجعت الأسعار", "لم ترتفع الأسعار"}),
        ("الفريق يفوز على ضيفه", {"الفريق يخسر أمام ضيفه", "الفريق لا يفوز على ضيفه", "الفريق لن يفوز على ضيفه"}),
        ("فاز الفريق", {"خسر الفريق", "لم يفز الفريق"}),
        ("الوزير أكد استقالته", {"الوزير نفى استقالته", "الوزير لم يؤكد استقالته"}),
        ("الوزير يرحب بالقرار", {"الوزير ينتقد القرار"}),
        ("الوزير ينتقد القرار", {"الوزير يرحب بالقرار"}),
        ("الإقليم يستجيب للنداء", {"الإقليم يتجاهل النداء"}),
        ("الوفد لن يصل غدا", {"الوفد يصل غدا"}),
        ("والارتفاع مستمر", {"والانخفاض مستمر"}),
    ],
)
def test_what_is_said_is_turned_round(text: str, among: set[str]) -> None:
    assert among <= turned(text)


@pytest.mark.parametrize("text", ["شيء ما", "وسيارة", "الوفد في الطريق"])
def test_what_has_no_opposite_is_not_turned(text: str) -> None:
    assert not turned(text)


def test_a_denied_verb_is_not_denied_again() -> None:
    assert not [text for text in turned("الوفد لا يصل غدا") if "لا لا" in text or "لم" in text.split()]


@pytest.mark.parametrize(
    ("text", "among"),
    [
        ("ارتفعت أسعار الخبز", {"صعدت أثمان الخبز", "ترتفع أثمان الخبز"}),
        ("الفريق يفوز على ضيفه", {"المنتخب يتغلب على ضيفه", "المنتخب فاز على ضيفه"}),
        ("الوزارة تدعم القرار", {"الوزارة تؤيد الإجراء", "الوزارة تساند الإجراء"}),
    ],
)
def test_what_is_said_is_said_otherwise(text: str, among: set[str]) -> None:
    found = retold(text)
    assert among <= found
    assert not found & turned(text)


def test_a_share_of_none_leaves_the_words() -> None:
    assert retold("ارتفعت أسعار الخبز", 0.0) == {"ارتفعت أسعار الخبز"}


@pytest.mark.parametrize("seed", range(20))
def test_numbers_change_and_keep_their_length(seed: int) -> None:
    found = NONE_FOLLOW.turned(["أصيب", "120", "شخصا"], random.Random(seed))
    assert found is not None
    assert (found[0], found[2]) == ("أصيب", "شخصا")
    assert len(found[1]) == 3
    assert 0 < int(found[1]) != 120


CITIES = followers([f"هذا الوفد إلى {city}" for city in ("بيروت", "القاهرة", "تونس", "عمان")])


def test_a_name_is_replaced_by_one_that_stands_in_such_places() -> None:
    found = {" ".join(Rewording(CITIES).turned(["إلى", "بيروت"], random.Random(n)) or ()) for n in range(30)}
    assert found == {"إلى القاهرة", "إلى تونس", "إلى عمان"}


def test_fixed_phrases_stay() -> None:
    assert Rewording(followers(["هذا السيد الوزراء"] * 9)).turned(["السيد", "الوزراء"], random.Random(0)) is None


def test_a_word_of_both_is_changed_in_both() -> None:
    rewording, first, second = Rewording(CITIES), ["سافر", "إلى", "بيروت"], ["بيروت", "وجهته"]
    found = rewording.both(first, second, random.Random(3))
    assert found is not None
    one, other = found
    assert one[:2] == first[:2]
    assert other[1:] == second[1:]
    assert one[2] == other[0] in {"القاهرة", "تونس", "عمان"}


def test_numbers_and_verbs_of_both_are_changed_in_both() -> None:
    found = NONE_FOLLOW.both(["أصيب", "12", "شخصا"], ["12", "مصابا"], random.Random(0))
    assert found is not None
    assert found[0][1] == found[1][0] != "12"
    found = NONE_FOLLOW.both(["ارتفاع", "الأسعار"], ["صعود", "أسعار", "الخبز"], random.Random(0))
    assert found is not None
    assert {found[0][0], found[1][0]} <= {"انخفاض", "تراجع", "هبوط"}
    assert NONE_FOLLOW.both(["هذا", "خبر"], ["ذاك", "نبأ"], random.Random(0)) is None


def test_opposites_hold_in_both_directions_and_are_no_synonyms() -> None:
    for word, found in forms().items():
        for form in found:
            assert normalize(form.word) == word
            others = alike(form, opposite=True)
            assert not {f.word for f in others} & {f.word for f in alike(form)}
            assert all(form in alike(other, opposite=True) for other in others)


@pytest.mark.parametrize(("past", "present"), [("نفت", "تنفي"), ("فاز", "يفوز"), ("نمت", "تنمو")])
def test_presents(past: str, present: str) -> None:
    assert present in {present_of(form) for form in forms()[past] if form.kind.startswith("past")}
