"""Numbers in Arabic text: in figures (either digits, separators, ``1.5 مليون``) and in words (``خمسة عشر ألفا``).

Made to ask whether a number of a summary is in its source, so the source is read generously: ``1.500`` there is 1500 as well
as 1.5, ``3.14`` is also 3 and 14, ``الثالث`` is 3. What it cannot see: duals (``شخصان`` is no 2), halves and thirds, sums.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from decimal import Decimal
from functools import lru_cache

from mujaz.models.arabic_words import WORD, normalize

# All words here are as `mujaz.models.arabic_words` leaves them.
UNITS = {
    1: "واحد واحده احد احدي حادي حاديه",
    2: "اثنان اثنين اثنتان اثنتين اثنا اثني اثنتا اثنتي",
    3: "ثلاث ثلاثه",
    4: "اربع اربعه",
    5: "خمس خمسه",
    6: "ست سته",
    7: "سبع سبعه",
    8: "ثمان ثماني ثمانيه",
    9: "تسع تسعه",
    10: "عشر عشره",
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
    10**9: "مليار مليارا مليارات بليون بلايين",
    10**12: "تريليون تريليونا تريليونات",
}
DUALS = {2 * 10**3: "الفان الفين", 2 * 10**6: "مليونان مليونين", 2 * 10**9: "ملياران مليارين"}
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


def _by_word(table: dict[int, str]) -> dict[str, int]:
    return {word: value for value, listed in table.items() for word in listed.split()}


SCALE, ORDINAL = _by_word(SCALES), _by_word(ORDINALS)
COUNTED = {**_by_word(UNITS), **_by_word(DUALS)}
NUMERAL = {**COUNTED, **SCALE, **ORDINAL}
PREFIXES = ("وال", "فال", "وب", "ول", "لل", "ال", "و", "ف", "ب", "ك", "ل")
PERCENT = frozenset({"بالمئه", "بالمائه", "المئه", "المائه"})
SHORTEST = 3  # letters left after a prefix: وست is a name (West), not "and six"

SEPARATOR = "[.,\u066b\u066c]"
FIGURES = re.compile(rf"\d+(?:{SEPARATOR}\d+)*")
SPACED = re.compile(rf"(?<!\d)\d++(?: ?{SEPARATOR} ?\d++)+")  # as recipes write it: 3 . 14
WHOLE = re.compile(rf"(?:(?<![^\W\d_])([^\W\d_]++)\W*+)?(?<!\d)(\d++(?: ?{SEPARATOR} ?\d++)*)")
AT_END = re.compile(rf"{WHOLE.pattern}\W*$")
FOLLOWING = re.compile(r"\s*([^\W\d_]+)")

Values = frozenset[Decimal]


def unsupported_numbers(text: str, source: str | Values) -> tuple[str, ...]:
    """The numbers of a text, as written (letters unified), that its source does not hold in any form.

    Args:
        text: A summary.
        source: Its source, or what :func:`source_values` found in it.
    """
    known = source_values(source) if isinstance(source, str) else source
    return tuple(dict.fromkeys(written for written, values in numbers_in(text) if not values & known))


def numbers_in(text: str) -> list[tuple[str, Values]]:
    """The numbers of a text: how each is written, and what it may mean.

    In words only numbers from 3 up, and no ordinals: ``أحد`` and ``أول`` mostly count nothing.
    """
    text = normalize(text)
    found: list[tuple[str, Values]] = []
    for match in FIGURES.finditer(text):
        values = _meanings(text, match)
        if values:
            found.append((match.group(), values))
        else:  # a date or a version: each part for itself
            found.extend((part, frozenset({Decimal(part)})) for part in re.split(SEPARATOR, match.group()))
    for run in _spelled(text):
        if any(_bare(word) in COUNTED for word in run) and (total := _total(run)) >= 3:
            found.append((" ".join(run), frozenset({Decimal(total)})))
    return found


def figures_of(text: str) -> frozenset[tuple[str, str]]:
    """The numbers in figures of a text, each whole and without spaces (``3.14`` is not ``3``), behind the word before it."""
    return frozenset(
        (match.group(1) or "", match.group(2).replace(" ", "")) for match in WHOLE.finditer(normalize(text))
    )


def broken_number(text: str, figures: Collection[tuple[str, str]]) -> str:
    """The number at the end of a text where it is the beginning of one of its source (``4`` of ``4.25``), else "".

    Where the source has both, the word in front of the number decides.

    Args:
        text: A summary.
        figures: What :func:`figures_of` found in its source.
    """
    last = AT_END.search(normalize(text))
    if last is None:
        return ""
    word, said = last.group(1) or "", last.group(2).replace(" ", "")
    longer = re.compile(re.escape(said) + SEPARATOR)
    begun = [before for before, figure in figures if longer.match(figure)]
    whole = [before for before, figure in figures if figure == said]
    return said if begun and (not whole or (word in begun and word not in whole)) else ""


def source_values(text: str) -> Values:
    """All that the numbers of a source may mean, whole and in their parts."""
    text = normalize(text)
    found: set[Decimal] = set()
    for pattern in (FIGURES, SPACED):
        for match in pattern.finditer(text):
            found |= _meanings(text, match)
            found.update(Decimal(part) for part in re.findall(r"\d+", match.group()))
    for run in _spelled(text):
        found.update(Decimal(NUMERAL[_bare(word)]) for word in run)
        found.add(Decimal(_total(run)))
    return frozenset(found)


def _meanings(text: str, match: re.Match[str]) -> Values:
    """What figures may mean, also times the ``million`` that follows; nothing for a date."""
    values = _readings(match.group().replace(" ", ""))
    following = FOLLOWING.match(text, match.end())
    scale = SCALE.get(following.group(1)) if following else None
    return values | {value * scale for value in values} if scale else values


def _readings(figures: str) -> Values:
    """``1,500`` is 1500 or 1.5, for both marks are used both ways; ``1.500.000,5`` is one number, ``1.5.2024`` is none."""
    first, *rest = re.split(SEPARATOR, figures)
    marks = re.findall(SEPARATOR, figures)
    found = set()
    if not rest or (len(first) <= 3 and all(len(part) == 3 for part in rest)):
        found.add(Decimal(first + "".join(rest)))
    last_is_decimal = len(rest) == 1 or (marks[-1:] != marks[:1] and all(len(part) == 3 for part in rest[:-1]))
    if rest and last_is_decimal:
        found.add(Decimal(first + "".join(rest[:-1]) + "." + rest[-1]))
    return frozenset(found)


def _spelled(text: str) -> Iterator[list[str]]:
    """Runs of numerals with nothing but spaces between them."""
    run: list[str] = []
    end = 0
    for match in WORD.finditer(text):
        if run and (not _bare(match.group()) or not text[end : match.start()].isspace()):
            yield run
            run = []
        if _bare(match.group()):
            run.append(match.group())
        end = match.end()
    if run:
        yield run


def _total(run: list[str]) -> int:
    """The number that a run of numerals spells: ``خمسه عشر الفا ومئتان`` is (5 + 10) * 1000 + 200."""
    total = below = 0
    for value, scales in ((NUMERAL[_bare(word)], _bare(word) in SCALE) for word in run):
        if scales:
            total, below = total + max(below, 1) * value, 0
        else:
            below += value
    return total + below


@lru_cache(maxsize=1 << 14)
def _bare(word: str) -> str:
    """The numeral in a word, without ``و``, article and preposition; empty where there is none."""
    if word in NUMERAL:
        return word
    if word in PERCENT:
        return ""
    rests = (word[len(prefix) :] for prefix in PREFIXES if word.startswith(prefix))
    return next((rest for rest in rests if rest in NUMERAL and len(rest) >= SHORTEST), "")
