from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mujaz.models.arabic_numbers import numbers_in, source_values, unsupported_numbers


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("١٥ جريحا", "أصيب 15 شخصا"),
        ("15 جريحا", "أصيب ١٥ شخصا"),
        ("15 جريحا", "أصيب ۱۵ شخصا"),
        ("1500 وظيفة", "1,500 وظيفة"),
        ("1,500 وظيفة", "١٬٥٠٠ وظيفة"),
        ("1500 وظيفة", "1.500 وظيفة"),
        ("2500000 دينار", "2.5 مليون دينار"),
        ("2.5 مليون دينار", "2,500,000 دينار"),
        ("3,5 في المئة", "٣٫٥٪"),
        ("3.14 متر", "3 . 14 متر"),
        ("3 . 14 متر", "3.14 متر"),
        ("7 مصابين", "سبعة مصابين"),
        ("سبعة مصابين", "7 مصابين"),
        ("15 عاما", "خمسة عشر عاما"),
        ("25 عاما", "وخمسة وعشرون عاما"),
        ("15200 ناخب", "خمسة عشر ألفا ومئتا ناخب"),
        ("3000 متظاهر", "ثلاثة آلاف متظاهر"),
        ("300 طالب", "ثلاثمائة طالب"),
        ("2 مليون", "مليونان"),
        ("المركز 3", "المركز الثالث"),
        ("القرن 21", "القرن الحادي والعشرين"),
        ("5 مايو 2024", "جرى ذلك في 5/5/2024"),
        ("في 5.5.2024", "جرى ذلك في 5/5/2024"),
        ("عند 10:30", "عند الساعة 30 : 10"),
        ("آلاف المتظاهرين", "خرج متظاهرون"),  # an unknown many is no number
        ("أحد الشهود", "قال شاهد"),
        ("50 بالمئة", "50%"),
        ("007", "العميل 7"),
    ],
)
def test_supported(said: str, source: str) -> None:
    assert unsupported_numbers(said, source) == ()


@pytest.mark.parametrize(
    ("said", "source", "found"),
    [
        ("مقتل 4 أشخاص", "مقتل ثلاثة أشخاص", ("4",)),
        ("مقتل أربعة أشخاص", "مقتل ثلاثة أشخاص", ("اربعه",)),
        ("عام ٢٠٢٥", "عام 2024", ("2025",)),
        ("15,3 مليون", "15.4 مليون", ("15,3",)),
        ("5 و5 و6", "لا شيء", ("5", "6")),
        ("خمسة وعشرون عاما", "خمسة أعوام", ("خمسه وعشرون",)),
        ("15 ألف", "15 مليون و16 ألف", ()),  # generous: the 15 is there
    ],
)
def test_unsupported(said: str, source: str, found: tuple[str, ...]) -> None:
    assert unsupported_numbers(said, source) == found


def test_a_word_that_only_looks_like_a_numeral() -> None:
    assert numbers_in("وست هام والثلاثاء والأربعاء") == []


@given(st.text(st.sampled_from("0123٣٤.,٫٬ /ملف يونثة خمسعر"), max_size=60))
@settings(max_examples=200, deadline=None)
def test_a_text_supports_itself(text: str) -> None:
    assert unsupported_numbers(text, text) == ()


@pytest.mark.parametrize("text", ["9" * 300_000, "1," * 150_000, "1 . " * 70_000, "خمسة " * 60_000])
def test_long_runs_are_read_in_linear_time(text: str) -> None:
    assert source_values(text)
