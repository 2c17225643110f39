"""Numbers in Arabic text: in figures (either digits, separators, ``1.5 مليون``) and in words (``خمسة عشر ألفا``).

Made to ask whether a number of a summary is in its source, so the source is read generously: ``1.500`` there is 1500 as well
as 1.5, ``3.14`` is also 3 and 14, ``الثالث`` is 3. What it cannot see: duals (``شخصان`` is no 2), thirds, sums.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
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
BACKWARD = re.compile(r"(?<!\w)(\d+)ر(\d+)(?!\w)")  # 31ر3 of some agencies, which is 3.31, or the other way round
HALF = re.compile(r"\s+ونصف(?!\w)")
SHARED = re.compile(r"\s*(?:و|او\s|الي\s|[-–،]\s?)\s*$")  # between two numbers with one scale: 15 و16 مليونا

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
    found += [(match.group(), _both_ways(text, match)) for match in BACKWARD.finditer(text)]
    text = BACKWARD.sub(_blank, text)
    for match in FIGURES.finditer(text):
        values, scale = _readings(match.group()), _scale(text, match.end())
        if values:
            found.append((match.group(), _scaled(values, scale, half=_is_half(text, match.end())) if scale else values))
        else:  # a date or a version: each part for itself
            found.extend((part, frozenset({Decimal(part)})) for part in re.split(SEPARATOR, match.group()))
    for run, end in _spelled(text):
        if any(_bare(word) in COUNTED for word in run) and (total := _total(run)) >= 3:
            found.append((" ".join(run), _spelled_values(text, run, end, total)))
    return found


def ordinal_at_end(text: str) -> int:
    """The number that a text ends with where it is an ordinal in words, "the twenty third"; 0 where it is none.

    Args:
        text: Its letters unified.
    """
    *_, (run, end) = [([], -1), *_spelled(text)]
    return _total(run) if end == len(text.rstrip()) and _bare(run[0]) in ORDINAL else 0


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
    for match in BACKWARD.finditer(text):
        found |= _both_ways(text, match)
    text = BACKWARD.sub(_blank, text)
    for pattern in (FIGURES, SPACED):
        waiting: list[tuple[int, Values]] = []  # numbers that may have the scale of a later one, and where they end
        for match in pattern.finditer(text):
            values, scale = _readings(match.group().replace(" ", "")), _scale(text, match.end())
            found |= values | {Decimal(part) for part in re.findall(r"\d+", match.group())}
            if waiting and not SHARED.fullmatch(text, waiting[-1][0], match.start()):
                waiting = []
            waiting.append((match.end(), values))
            if scale:
                for _, their in waiting:
                    found |= _scaled(their, scale, half=_is_half(text, match.end()))
                waiting = []
    for run, end in _spelled(text):
        parts = {Decimal(NUMERAL[_bare(word)]) for word in run}
        scales = [SCALE[_bare(word)] for word in run if _bare(word) in SCALE]
        found |= (
            parts | {part * scale for part in parts for scale in scales} | _spelled_values(text, run, end, _total(run))
        )
        found |= {Decimal(2 * SCALE[word]) for word in map(_bare, run[:1]) if word in ALSO_DUALS}
    # A headline leaves off what is behind the millions.
    found |= {value // scale * scale for value in found for scale in SCALES if scale <= value < LARGEST}
    return frozenset(found)


def _both_ways(text: str, match: re.Match[str]) -> Values:
    """What ``31ر3`` may mean, times the scale that follows."""
    first, second = match.groups()
    values, scale = frozenset({Decimal(f"{second}.{first}"), Decimal(f"{first}.{second}")}), _scale(text, match.end())
    return _scaled(values, scale) if scale else values


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _scale(text: str, end: int) -> int:
    """The million that follows; 0 where none does."""
    following = FOLLOWING.match(text, end)
    return SCALE.get(following.group(1), 0) if following else 0


def _is_half(text: str, end: int) -> bool:
    """Whether a half follows the scale that stands at a place: a million and a half."""
    following = FOLLOWING.match(text, end)
    return bool(following and HALF.match(text, following.end()))


def _scaled(values: Values, scale: int, *, half: bool = False) -> Values:
    return frozenset(value * scale + (Decimal(scale) / 2 if half else 0) for value in values)


def _spelled_values(text: str, run: Sequence[str], end: int, total: int) -> Values:
    """What a run of numerals is in all, with the half behind it where there is one."""
    scale = SCALE.get(_bare(run[-1]), 0)
    half = Decimal(scale) / 2 if scale and HALF.match(text, end) else Decimal(0)
    return frozenset({Decimal(total) + half, Decimal(total)})


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


def _spelled(text: str) -> Iterator[tuple[list[str], int]]:
    """Runs of numerals with nothing but spaces between them, and where they end."""
    run: list[str] = []
    end = 0
    for match in WORD.finditer(text):
        if run and (not _bare(match.group()) or not text[end : match.start()].isspace()):
            yield run, end
            run = []
        if _bare(match.group()):
            run.append(match.group())
        end = match.end()
    if run:
        yield run, end


def _total(run: list[str]) -> int:
    """The number that a run of numerals spells: ``خمسه عشر الفا ومئتان`` is (5 + 10) * 1000 + 200."""
    total = below = 0
    for word in run:
        value = NUMERAL[_bare(word)]
        if _bare(word) in SCALE:
            total, below = total + max(below, 1) * value, 0
        elif value == 100 and 3 <= below <= 9 and not word.startswith("و"):  # in two words: ثلاث مئه
            below *= 100
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
