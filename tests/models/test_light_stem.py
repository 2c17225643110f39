from __future__ import annotations

import pytest

from mujaz.models.light_stem import light_stem


@pytest.mark.parametrize(
    ("word", "stem"),
    [
        ("الكتاب", "كتاب"),
        ("والكتاب", "كتاب"),
        ("بالكتاب", "كتاب"),
        ("كالكتاب", "كتاب"),
        ("فالكتاب", "كتاب"),
        ("للكتاب", "كتاب"),
        ("وكتاب", "كتاب"),
        ("معلمون", "معلم"),
        ("معلمين", "معلم"),
        ("معلمات", "معلم"),
        ("معلمه", "معلم"),
        ("سياستها", "سياست"),
        ("مصريه", "مصر"),
        ("والمعلمون", "معلم"),
        ("الم", "الم"),  # two letters must stay
        ("ولد", "ولد"),  # three after و
        ("ويل", "ويل"),
        ("2020", "2020"),
        ("london", "london"),
        ("", ""),
    ],
)
def test_light_stem(word: str, stem: str) -> None:
    assert light_stem(word) == stem
