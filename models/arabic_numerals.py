"""Numerals of Arabic: their tables, and runs of them (``خمسة عشر ألفا``) in a text. Behind `mujaz.models.arabic_numbers`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mujaz.models.arabic_words import WORD, table

# All words here are as `mujaz.models.arabic_words` leaves them.
UNITS = {
    0: "صفر صفرا",
    1: "واحد واحده واحدا احد احدي حادي حاديه",
    2: "اثنان اثنين اثنتان اثنتين اثنا اثني اثنتا اثنتي",
    3: "ثلاث ثلاثه ثلاثا",
    4: "اربع اربعه اربعا",
    5: "خمس خمسه خمسا",
    6: "ست سته ستا",
    7: "سبع سبعه سبعا",
    8: "ثمان ثماني ثمانيه ثمانيا",
    9: "تسع تسعه تسعا",
    10: "عشر عشره عشرا",
    20: "عشرون عشرين",
    30: "ثلاثون ثلاثين",
    40: "اربعون اربعين",
    50: "خمسون خمسين",
    60: "ستون ستين",
    70: "سبعون سبعين",
    80: "ثمانون ثمانين",
    90: "تسعون تسعين",
    100: "مئه مائه",
    200: "مئتان مئتين مائتان مائتين مئتا مئتي مائتا مائتي",
    300: "ثلاثمئه ثلاثمائه",
    400: "اربعمئه اربعمائه",
    500: "خمسمئه خمسمائه",
    600: "ستمئه ستمائه",
    700: "سبعمئه سبعمائه",
    800: "ثمانمئه ثمانمائه ثمانيمئه ثمانيمائه",
    900: "تسعمئه تسعمائه",
}
SCALES = {
    10**3: "الف الفا الاف",
    10**6: "مليون مليونا ملايين",
    10**9: "مليار مليارا مليارات ملايير بليون بليونا بلايين",
    10**12: "تريليون تريليونا تريليونات ترليون ترليونا ترليونات",
}
DUALS = {2 * 10**3: "الفان الفين الفي", 2 * 10**6: "مليونان مليونين مليوني", 2 * 10**9: "ملياران مليارين ملياري"}
LARGEST = 10**18  # that is counted in millions
ALSO_DUALS = frozenset(("الفا", "مليونا", "مليارا"))  # of a thousand, or two thousand before what is counted
ORDINALS = {
    1: "اول اولي",
    2: "ثاني ثانيه",
    3: "ثالث ثالثه",
    4: "رابع رابعه",
    5: "خامس خامسه",
    6: "سادس سادسه",
    7: "سابع سابعه",
    8: "ثامن ثامنه",
    9: "تاسع تاسعه",
    10: "عاشر عاشره",
}
# Of the accusatives only "and" is in front: in الثلاثا and لستا other words are.
ACCUSATIVES = table("صفرا واحدا ثلاثا اربعا خمسا ستا سبعا ثمانيا تسعا عشرا")
# Without a number, an unknown many: الآلاف
PLURALS = table("الاف ملايين مليارات ملايير بلايين تريليونات ترليونات")


def _by_word(words: dict[int, str]) -> dict[str, int]:
    return {word: value for value, listed in words.items() for word in listed.split()}


SCALE, ORDINAL = _by_word(SCALES), _by_word(ORDINALS)
DUAL_SCALE = {word: value // 2 for word, value in _by_word(DUALS).items()}
COUNTED = {**_by_word(UNITS), **_by_word(DUALS)}
NUMERAL = {**COUNTED, **SCALE, **ORDINAL}
PREFIXES = ("وال", "فال", "وب", "ول", "لل", "ال", "و", "ف", "ب", "ك", "ل")
PERCENT = frozenset({"بالمئه", "بالمائه", "المئه", "المائه"})
SHORTEST = 3  # letters left after a prefix: وست is a name (West), not "and six"


@dataclass(frozen=True, slots=True)
class Run:
    """Numerals with nothing but spaces between them, and where they stand."""

    words: Sequence[str]
    start: int
    end: int


def spelled(text: str) -> Iterator[Run]:
    """Runs of numerals with nothing but spaces between them."""
    run: list[str] = []
    start = end = 0
    for match in WORD.finditer(text):
        word = match.group()
        numeral = bare(word)
        if run and not (numeral and text[end : match.start()].isspace()):
            yield Run(run, start, end)
            run = []
        if numeral:
            start = start if run else match.start()
            run.append(word)
            end = match.end()
    if run:
        yield Run(run, start, end)


def total_of(run: Sequence[str]) -> int:
    """The number that a run of numerals spells: ``خمسه عشر الفا ومئتان`` is (5 + 10) * 1000 + 200."""
    total = below = 0
    for word in run:
        value = NUMERAL[bare(word)]
        if bare(word) in SCALE:
            total, below = total + max(below, 1) * value, 0
        elif value == 100 and 3 <= below <= 9 and not word.startswith("و"):  # in two words: ثلاث مئه
            below *= 100
        else:
            below += value
    return total + below


@lru_cache(maxsize=1 << 14)
def bare(word: str) -> str:
    """The numeral in a word, without ``و``, article and preposition; empty where there is none."""
    if word in NUMERAL:
        return word
    if word in PERCENT:
        return ""
    for prefix in PREFIXES:
        rest = word[len(prefix) :]
        if word.startswith(prefix) and rest in NUMERAL and len(rest) >= SHORTEST:
            return rest if prefix == "و" or rest not in ACCUSATIVES else ""
    return ""
