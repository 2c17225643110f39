from __future__ import annotations

import html
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mujaz.models import repair

FORMS = repair.presentation_forms()


def test_presentation_forms_show_the_letters_of_nfkc() -> None:
    assert FORMS["ﻣ"] == "م"
    assert FORMS["ﻻ"] == "لا"
    assert FORMS["ﷲ"] == "الله"
    assert FORMS["ﷺ"] == "صلى الله عليه وسلم"
    letters = {form: value for form, value in FORMS.items() if value.isalpha()}
    special = {"\ufdfc"}
    assert all(value == unicodedata.normalize("NFKC", form) for form, value in letters.items() if form not in special)


def test_the_three_forms_that_nfkc_gets_wrong_for_text() -> None:
    assert FORMS["﷼"] == "ريال"  # NFKC ends in a Persian yeh
    assert FORMS["﷽"] == "بسم الله الرحمن الرحيم"  # NFKC leaves it
    assert FORMS["ﹰ"] == "\u064b"  # NFKC puts a space before the mark
    assert FORMS["ﹱ"] == "\u064b"  # NFKC puts a tatweel before the mark


def test_no_form_becomes_another_form() -> None:
    assert not {character for value in FORMS.values() for character in value} & FORMS.keys()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("&quot;نص&quot;", '"نص"'),
        ("&amp;amp;lt;", "<"),
        ("&#1571;&#x627;", "أا"),
        ("&nbsp", "\u00a0"),
        ("R&D و AT&T", "R&D و AT&T"),
        ("?a=1&copy=2&region=3", "?a=1&copy=2&region=3"),
        ("&نص; &; &#;", "&نص; &; &#;"),
    ],
)
def test_unescape(raw: str, expected: str) -> None:
    assert repair.unescape(raw) == expected


@given(st.text(alphabet="<>\"'« نص"))
def test_unescape_undoes_escaping_once_and_twice(text: str) -> None:
    assert repair.unescape(html.escape(text)) == text
    assert repair.unescape(html.escape(html.escape(text))) == text


def test_surrogates() -> None:
    assert repair.join_surrogates("\ud83d\ude02") == "😂"
    assert repair.join_surrogates("نص\ud800نص") == "نص\ufffdنص"


NEWS = "أعلنت الوزارة اليوم نتائج المسابقة في المدينة"


@pytest.mark.parametrize(
    ("encoding", "found"), [("cp1256", "UTF-8 read as Windows-1256"), ("latin-1", "UTF-8 read as Windows-1252")]
)
def test_wrongly_decoded_arabic_is_found(encoding: str, found: str) -> None:
    assert repair.find_mojibake(NEWS.encode().decode(encoding, "ignore")) == found


@pytest.mark.parametrize("text", [NEWS, "", "café à Paris «نعم»", "ظ„ وحدها", "😂 — “نص”… ١٢٪"])
def test_sound_text_is_not_called_broken(text: str) -> None:
    assert repair.find_mojibake(text) == ""


def test_undecodable_bytes_are_found() -> None:
    assert "U+FFFD" in repair.find_mojibake(NEWS.encode("cp1256").decode("utf-8", "replace"))
