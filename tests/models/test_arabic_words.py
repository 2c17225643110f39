from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mujaz.models.arabic_words import RULES, CharTable, normalize, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("السَّلامُ عليكم، 2020م", ["السلام", "عليكم", "2020", "م"]),
        ("مرحبـــــاً بكم!", ["مرحبا", "بكم"]),
        ("أإآٱا ىي ةه", ["ااااا", "يي", "هه"]),
        ("کتاب فارسی", ["كتاب", "فارسي"]),
        ("١٢٣ ۴۵۶ 789", ["123", "456", "789"]),
        ("بلغ ٣٫٥٪ (3.5%)", ["بلغ", "3", "5", "3", "5"]),
        ("#طقس_اليوم 😂 Wi-Fi", ["طقس", "اليوم", "wi", "fi"]),
        ("ﻣﺮﺣﺒﺎ ﷺ", ["مرحبا", "صلي", "الله", "عليه", "وسلم"]),
        ("ﻣﹶﺮﺣﺒﺎ", ["مرحبا"]),  # an isolated fatha inside a word
        ("من\u200fهنا كلمة\u200cها", ["منهنا", "كلمهها"]),
        ("", []),
        ("؟!… «»", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_words_are_the_same_where_a_recipe_has_set_spaces() -> None:
    raw = "سجّل 3.14 نقطة (عام 2020م) «رائع»!"
    prepared = "سجل 3 . 14 نقطة ( عام 2020 م ) « رائع » !"
    assert words(raw) == words(prepared)


def test_a_rule_can_be_left_out_to_measure_it() -> None:
    table = CharTable(rule for name, rule in RULES.items() if name != "letters")
    assert words("أحمد ١", table) == ["أحمد", "1"]
    assert words("أحمد ١") == ["احمد", "1"]


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_gives_normal_words_that_stay_as_they_are(text: str) -> None:
    found = words(text)
    assert words(" ".join(found)) == found
    for word in found:
        assert word.isalnum()
        assert not (any(c.isalpha() for c in word) and any(c.isdecimal() for c in word))
        assert not any(unicodedata.category(char) == "Mn" for char in word)


@settings(deadline=None)
@given(st.text(st.characters(categories=["Lo"], min_codepoint=0x621, max_codepoint=0x64A), min_size=1, max_size=20))
def test_arabic_letters_are_never_lost(text: str) -> None:
    assert len(normalize(text)) == len(text)
