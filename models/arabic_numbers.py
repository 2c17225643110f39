"""Numbers in Arabic text: in figures (either digits, separators, ``1.5 مليون``) and in words (``خمسة عشر ألفا``).

Made to ask whether a number of a summary is in its source, so the source is read generously: ``1.500`` there is 1500 as well
as 1.5, ``3.14`` is also 3 and 14, ``الثالث`` is 3, and 95.8 may be called 96. Millions and thousands that "and" joins are
one number (``3 ملايين و200 ألف``). What it cannot see: duals (``شخصان`` is no 2), thirds, percentages in words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from mujaz.models.arabic_words import WORD, normalize

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


def _by_word(table: dict[int, str]) -> dict[str, int]:
    return {word: value for value, listed in table.items() for word in listed.split()}


SCALE, ORDINAL = _by_word(SCALES), _by_word(ORDINALS)
DUAL_SCALE = {word: value // 2 for word, value in _by_word(DUALS).items()}
COUNTED = {**_by_word(UNITS), **_by_word(DUALS)}
NUMERAL = {**COUNTED, **SCALE, **ORDINAL}
PREFIXES = ("وال", "فال", "وب", "ول", "لل", "ال", "و", "ف", "ب", "ك", "ل")
PERCENT = frozenset({"بالمئه", "بالمائه", "المئه", "المائه"})
SHORTEST = 3  # letters left after a prefix: وست is a name (West), not "and six"

SEPARATOR = "[.,\u066b\u066c]"
FIGURES = re.compile(rf"\d+(?:{SEPARATOR}\d+)*")
SPACED = re.compile(rf"(?<!\d)\d++(?:(?: ?{SEPARATOR} ?|،)\d++)+")  # as recipes write it, 3 . 14, or some papers: 3،14
WHOLE = re.compile(rf"(?:(?<![^\W\d_])([^\W\d_]++)\W*+)?(?<!\d)(\d++(?: ?{SEPARATOR} ?\d++)*)")
AT_END = re.compile(rf"{WHOLE.pattern}\W*$")
FOLLOWING = re.compile(r"\s*+[)\]]?\s*+([^\W\d_]+)")  # (5) ملايين
BACKWARD = re.compile(r"(?<!\w)(\d+)ر(\d+)(?!\w)")  # 31ر3 of some agencies, which is 3.31, or the other way round
FRACTIONS = {"نصف": Decimal("0.5"), "ربع": Decimal("0.25")}
HALF = re.compile(r"\s+و(نصف|ربع)(?!\w)")
FRACTION = re.compile(rf"(?<!\w)[وبل]?(نصف|ربع)\s+(?:ال)?({'|'.join(SCALE)})(?!\w)")
PARTS = re.compile(r"\s+(?:ال)?(?:اثلاث|ارباع|اخماس|اسداس|اعشار)(?!\w)")  # three quarters are no three
# What the hour has in minutes: العاشرة والنصف
MINUTES_OF = {"نصف": {Decimal(30)}, "ربع": {Decimal(15), Decimal(45)}, "ثلث": {Decimal(20), Decimal(40)}}
MINUTES = re.compile(r"(?<!\w)ال\w{4,5}ه\s+(?:عشره\s+)?(?:وال|الا\s+(?:ال)?)(نصف|ربع|ثلث)ا?(?!\w)")
AND = re.compile(r"\s+و\s?")
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

    In words only numbers from 3 up, no ordinals, and no half a million: ``أحد`` and ``أول`` mostly count nothing, and half a
    million is a rough figure.
    """
    text = normalize(text)
    found: list[tuple[str, Values]] = []
    found += [(match.group(), _both_ways(text, match)) for match in BACKWARD.finditer(text)]
    text = BACKWARD.sub(_blank, text)
    for match in FIGURES.finditer(text):
        if not _readings(match.group()):  # a date or a version: each part for itself
            found.extend((part, frozenset({Decimal(part)})) for part in re.split(SEPARATOR, match.group()))
    for sum_ in _sums(_terms(text, _spelled(text)), text):
        if sum_.counts:
            found.append((sum_.written, sum_.values))
    return found


def ordinal_at_end(text: str) -> int:
    """The number that a text ends with where it is an ordinal in words, "the twenty third"; 0 where it is none.

    Args:
        text: Its letters unified.
    """
    *_, run = [_Run((), 0, -1), *_spelled(text)]
    return _total(run.words) if run.end == len(text.rstrip()) and _bare(run.words[0]) in ORDINAL else 0


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
    backward = {value for match in BACKWARD.finditer(text) for value in _both_ways(text, match)}
    text = BACKWARD.sub(_blank, text)
    for pattern in (FIGURES, SPACED):
        waiting: list[tuple[int, Values]] = []  # numbers that may have the scale of a later one, and where they end
        for match in pattern.finditer(text):
            values, (_, scale, _) = _readings(match.group()), _scale(text, match.end())
            found |= values | {Decimal(part) for part in re.findall(r"\d+", match.group())}
            if waiting and not SHARED.fullmatch(text, waiting[-1][0], match.start()):
                waiting = []
            waiting.append((match.end(), values))
            if scale:
                for _, their in waiting:
                    found |= _scaled(their, scale, half=_half(text, match.end()))
                waiting = []
    runs = list(_spelled(text))
    for run in runs:
        parts = {Decimal(NUMERAL[_bare(word)]) for word in run.words}
        scales = [SCALE[_bare(word)] for word in run.words if _bare(word) in SCALE]
        found |= parts | {part * scale for part in parts for scale in scales} | _spelled_values(text, run)
        found |= {Decimal(2 * SCALE[word]) for word in map(_bare, run.words[:1]) if word in ALSO_DUALS}
    for sum_ in _sums(_terms(text, runs), text):
        found |= sum_.values
    found |= {FRACTIONS[match.group(1)] * SCALE[match.group(2)] for match in FRACTION.finditer(text)}
    found |= {minutes for match in MINUTES.finditer(text) for minutes in MINUTES_OF[match.group(1)]}
    round_ones = {rounded for value in found for rounded in _rounded(value)}
    # Of two readings one is wrong, so that only their millions are made round.
    return frozenset(
        found | round_ones | backward | {one for value in backward if value >= 10**3 for one in _rounded(value)}
    )


def _rounded(value: Decimal) -> Iterator[Decimal]:
    """What a headline makes of a number: without what is behind the millions, or the nearest round one."""
    if value >= LARGEST:
        return
    if value >= 10 and value % 1:
        yield value.quantize(Decimal(1), ROUND_HALF_UP)
    for scale in (1, *SCALES):
        if value < scale:
            return
        if scale > 1:
            yield value // scale * scale
            if scale > 10**3 or value >= 10**4:  # the year 1999 is not the year 2000
                yield (value / scale).quantize(Decimal(1), ROUND_HALF_UP) * scale
        if scale != 10**3 and value * 10 % scale:
            yield value * 10 // scale * scale / 10
            yield (value * 10 / scale).quantize(Decimal(1), ROUND_HALF_UP) * scale / 10


def _both_ways(text: str, match: re.Match[str]) -> Values:
    """What ``31ر3`` may mean, times the scale that follows."""
    first, second = match.groups()
    values, (_, scale, _) = (
        frozenset({Decimal(f"{second}.{first}"), Decimal(f"{first}.{second}")}),
        _scale(text, match.end()),
    )
    return _scaled(values, scale) if scale else values


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


@dataclass(frozen=True, slots=True)
class _Run:
    """Numerals with nothing but spaces between them, and where they stand."""

    words: Sequence[str]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Term:
    """A number and its scale, or several of them that "and" joins to one.

    Attributes:
        start: Where it starts.
        end: Where it ends.
        written: What is told of it: the figures alone, the words.
        values: What it may mean.
        scale: The last thousand or million in it, 0 where it has none: what is added to it is less.
        counts: Whether it is a number that has to be in a source.
    """

    start: int
    end: int
    written: str
    values: Values
    scale: int
    counts: bool


def _terms(text: str, runs: Iterable[_Run]) -> list[_Term]:
    """The numbers of a text in figures and in words, each with its scale, in order."""
    terms, taken = [], set()
    for match in FIGURES.finditer(text):
        if values := _readings(match.group()):
            word, scale, end = _scale(text, match.end())
            taken.add(word)
            half = _half(text, match.end())
            values = _scaled(values, scale or 1, half=half) | (frozenset() if scale else values)
            terms.append(_Term(match.start(), end, match.group(), values, scale, counts=True))
    for run in runs:
        if run.start in taken:  # its first word belongs to figures
            if len(run.words) == 1:
                continue
            first, *others = run.words
            run = _Run(others, text.index(others[0], run.start + len(first)), run.end)
        scale = SCALE.get(_bare(run.words[-1]), 0) or DUAL_SCALE.get(_bare(run.words[-1]), 0)
        total = _total(run.words)
        counts = total >= 3 and any(_bare(word) in COUNTED for word in run.words) and not PARTS.match(text, run.end)
        written, values = " ".join(run.words), _spelled_values(text, run)
        terms.append(_Term(run.start, run.end, written, values, scale, counts))
    return sorted(terms, key=lambda term: term.start)


def _sums(terms: Sequence[_Term], text: str) -> Iterator[_Term]:
    """Those of the terms that belong together made one: ``3 ملايين و200 الف``."""
    sum_: _Term | None = None
    for term in terms:
        less = _less(sum_, term, text) if sum_ else ()
        if sum_ and less:
            values = frozenset(value + more for value in sum_.values for more in less)
            written = text[sum_.start : term.end]
            sum_ = _Term(sum_.start, term.end, written, values, term.scale, counts=True)
            continue
        if sum_:
            yield sum_
        sum_ = term
    if sum_:
        yield sum_


def _less(before: _Term, term: _Term, text: str) -> Collection[Decimal]:
    """What a term adds to the one before it: nothing where no "and" joins them, or it is not less than its scale."""
    between = text[before.end : term.start]
    joined = between.isspace() if text[term.start] == "و" else AND.fullmatch(between)
    return [value for value in term.values if value < before.scale] if joined else ()


def _scale(text: str, end: int) -> tuple[int, int, int]:
    """Where the million that follows starts, what it is, and where it ends; -1, 0 and the place itself where none does."""
    following = FOLLOWING.match(text, end)
    scale = SCALE.get(following.group(1), 0) if following else 0
    return (following.start(1), scale, following.end()) if following and scale else (-1, 0, end)


def _half(text: str, end: int) -> Decimal:
    """The half or quarter that follows a number in figures or the scale behind it: a million and a half."""
    match = HALF.match(text, _scale(text, end)[-1])
    return FRACTIONS[match.group(1)] if match else Decimal(0)


def _scaled(values: Values, scale: int, *, half: Decimal = Decimal(0)) -> Values:
    return frozenset(value * scale + half * scale for value in values)


def _spelled_values(text: str, run: _Run) -> Values:
    """What a run of numerals is in all, with the half behind it where there is one."""
    total = Decimal(_total(run.words))
    match = HALF.match(text, run.end)
    half = FRACTIONS[match.group(1)] * SCALE.get(_bare(run.words[-1]), 1) if match else 0
    return frozenset({total + half, total})


def _readings(figures: str) -> Values:
    """``1,500`` is 1500 or 1.5, for both marks are used both ways; ``1.500.000,5`` is one number, ``1.5.2024`` is none."""
    figures = figures.replace(" ", "").replace("،", ",")
    first, *rest = re.split(SEPARATOR, figures)
    marks = re.findall(SEPARATOR, figures)
    found = set()
    if not rest or (len(first) <= 3 and all(len(part) == 3 for part in rest)):
        found.add(Decimal(first + "".join(rest)))
    last_is_decimal = len(rest) == 1 or (marks[-1:] != marks[:1] and all(len(part) == 3 for part in rest[:-1]))
    if rest and last_is_decimal:
        found.add(Decimal(first + "".join(rest[:-1]) + "." + rest[-1]))
    return frozenset(found)


def _spelled(text: str) -> Iterator[_Run]:
    """Runs of numerals with nothing but spaces between them."""
    run: list[str] = []
    start = end = 0
    for match in WORD.finditer(text):
        word = match.group()
        numeral = _bare(word)
        if run and not (numeral and text[end : match.start()].isspace()):
            yield _Run(run, start, end)
            run = []
        if numeral:
            start = start if run else match.start()
            run.append(word)
            end = match.end()
    if run:
        yield _Run(run, start, end)


def _total(run: Sequence[str]) -> int:
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
