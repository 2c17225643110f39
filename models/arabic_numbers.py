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

from mujaz.models.arabic_numerals import (
    ALSO_DUALS,
    COUNTED,
    DUAL_SCALE,
    LARGEST,
    NUMERAL,
    ORDINAL,
    PLURALS,
    SCALE,
    SCALES,
    Run,
    bare,
    spelled,
    total_of,
)
from mujaz.models.arabic_words import WORD, normalize

SEPARATOR = "[.,\u066b\u066c]"
FIGURES = re.compile(rf"\d+(?:{SEPARATOR}\d+)*")
COMMA = rf"(?<!\d،)\d++،\d++(?!(?:{SEPARATOR}|،)\d)"  # one number or two: 39،7 and 2010،2011
FIGURES_OR_COMMA = re.compile(f"{COMMA}|{FIGURES.pattern}")
SPACED = re.compile(rf"(?<!\d)\d++(?:(?: ?{SEPARATOR} ?|،)\d++)+")  # as recipes write it, 3 . 14, or some papers: 3،14
WHOLE = re.compile(rf"(?:(?<![^\W\d_])([^\W\d_]++)\W*+)?(?<!\d)(\d++(?: ?{SEPARATOR} ?\d++)*)")
AT_END = re.compile(rf"{WHOLE.pattern}\W*$")
FOLLOWING = re.compile(r"\s*+[)\]»”\"]?\s*+([^\W\d_]+)")  # (5) ملايين
BACKWARD = re.compile(r"(?<!\w)(\d+)ر(\d+)(?!\w)")  # 31ر3 of some agencies, which is 3.31, or the other way round
FRACTIONS = {"نصف": Decimal("0.5"), "ربع": Decimal("0.25")}
HALF = re.compile(rf"\s+و(نصف|ربع)(?:\s+((?:ال)?(?:{'|'.join(SCALE)})))?(?!\w)")
OF_A_SCALE = re.compile(r"(?<!\w)[وفبل]?(نصف|ربع)\s+$")  # half a million
BETWEEN = re.compile(r"(?<!\w)(?<!من )[وف]?(?:ما)?بين\s+$")  # "among" has من in front
LEFT = 12  # characters before a number in which one of these two stands
PARTS = re.compile(r"\s+(?:ال)?(?:اثلاث|ارباع|اخماس|اسداس|اعشار)(?!\w)")  # three quarters are no three
# What the hour has in minutes: العاشرة والنصف
MINUTES_OF = {"نصف": {Decimal(30)}, "ربع": {Decimal(15), Decimal(45)}, "ثلث": {Decimal(20), Decimal(40)}}
_HOURS = "واحده|ثانيه|ثالثه|رابعه|خامسه|سادسه|سابعه|ثامنه|تاسعه|عاشره|(?:حاديه|ثانيه)\\s+عشره"
MINUTES = re.compile(rf"(?<!\w)[وفبك]?(?:ال|لل)(?:{_HOURS})\s+(?:و|الا\s+)(?:ال)?(نصف|ربع|ثلث)ا?(?!\w)")
AND = re.compile(r"\s+و\s?")
SHARED = re.compile(r"\s*(?:و|او\s|الي\s|[-–،]\s?)\s*$")  # between two numbers with one scale: 15 و16 مليونا

Values = frozenset[Decimal]


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a text.

    Attributes:
        written: How it is written, letters unified.
        values: What it may mean.
        parts: What each of its parts may mean where it may be several numbers, too: a thousand and 500 others.
    """

    written: str
    values: Values
    parts: Sequence[Values] = ()

    def within(self, known: Values) -> bool:
        """Whether one of the known values is it, or all its parts are known."""
        return not known.isdisjoint(self.values) or (
            bool(self.parts) and not any(known.isdisjoint(part) for part in self.parts)
        )


def unsupported_numbers(text: str, source: str | Values) -> tuple[str, ...]:
    """The numbers of a text, as written (letters unified), that its source does not hold in any form.

    Args:
        text: A summary.
        source: Its source, or what :func:`source_values` found in it.
    """
    known = source_values(source) if isinstance(source, str) else source
    return tuple(dict.fromkeys(number.written for number in numbers_in(text) if not number.within(known)))


def numbers_in(text: str) -> list[Number]:
    """The numbers of a text.

    In words only numbers from 3 up, no ordinals, and no half a million: ``أحد`` and ``أول`` mostly count nothing, and half a
    million is a rough figure.
    """
    text = normalize(text)
    found = [Number(match.group(), _both_ways(text, match)) for match in BACKWARD.finditer(text)]
    text = BACKWARD.sub(_blank, text)
    for match in FIGURES.finditer(text):
        if not _readings(match.group()):  # a date or a version: each part for itself
            found.extend(Number(part, frozenset({Decimal(part)})) for part in re.split(SEPARATOR, match.group()))
    found += [sum_.number for sum_ in _sums(_terms(text, _runs(text)), text) if sum_.counts]
    return found


def ordinal_at_end(text: str) -> int:
    """The number that a text ends with where it is an ordinal in words, "the twenty third"; 0 where it is none.

    Args:
        text: Its letters unified.
    """
    *_, run = [Run((), 0, -1), *spelled(text)]
    return total_of(run.words) if run.end == len(text.rstrip()) and bare(run.words[0]) in ORDINAL else 0


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
    exact: set[Decimal] = set()  # not to be rounded: 19.5 of 19.5 million, the 15.7 that 15,700 is as well
    backward = {value for match in BACKWARD.finditer(text) for value in _both_ways(text, match)}
    text = BACKWARD.sub(_blank, text)
    for pattern in (FIGURES, SPACED):
        waiting: list[tuple[int, Values]] = []  # numbers that may have the scale of a later one, and where they end
        for match in pattern.finditer(text):
            values, (_, scale, end) = _readings(match.group()), _scale(text, match.end())
            found |= {Decimal(part) for part in re.findall(r"\d+", match.group())}
            found |= values
            exact |= {value for value in values if value < 10**3 and (scale or _thousands(value))}
            if waiting and not SHARED.fullmatch(text, waiting[-1][0], match.start()):
                waiting = []
            waiting.append((match.end(), values))
            if scale:
                for _, their in waiting:
                    found |= _scaled(their, scale, half=_half(text, end)[0])
                waiting = []
    runs = list(_runs(text))
    for run in runs:
        parts = {Decimal(NUMERAL[bare(word)]) for word in run.words}
        scales = [SCALE[bare(word)] for word in run.words if bare(word) in SCALE]
        found |= parts | {part * scale for part in parts for scale in scales} | _spelled_values(text, run)
        found |= {Decimal(2 * SCALE[word]) for word in map(bare, run.words[:1]) if word in ALSO_DUALS}
    for sum_ in _sums(_terms(text, runs), text):
        found |= sum_.number.values.union(*sum_.number.parts)
    found |= {minutes for match in MINUTES.finditer(text) for minutes in MINUTES_OF[match.group(1)]}
    round_ones = {rounded for value in found - exact for rounded in _rounded(value)}
    # Of two readings one is wrong, so that only their millions are made round.
    return frozenset(
        found | exact | round_ones | backward | {one for value in backward if value >= 10**3 for one in _rounded(value)}
    )


def _thousands(value: Decimal) -> bool:
    """Whether this is more likely the other reading of its figures: 15.700, beside 15,700."""
    digits, exponent = value.as_tuple()[1:]
    return exponent == -3 and digits[-1] == 0


def _rounded(value: Decimal) -> Iterator[Decimal]:
    """What a headline makes of a number: without what is behind the millions, or the nearest round one."""
    if value >= LARGEST:
        return
    for scale in (1, *SCALES):
        if value < scale:
            return
        if scale > 1:
            yield value // scale * scale
        rounded = (value / scale).quantize(Decimal(1), ROUND_HALF_UP) * scale
        near = value >= 10 * scale if scale <= 10**3 else abs(rounded - value) * 20 <= value
        if value % scale and near:  # the year 1999 is not the year 2000, 2.5 million are not 3, and 4.9 are 5
            yield rounded
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
class _Term:
    """A number and its scale, or several of them that "and" joins to one.

    Attributes:
        start: Where it starts.
        end: Where it ends.
        number: What is told of it: written are the figures alone, or the words.
        scale: What is added to it is less: the last thousand or million in it, 0 where nothing can be added.
        counts: Whether it is a number that has to be in a source.
    """

    start: int
    end: int
    number: Number
    scale: int
    counts: bool


def _terms(text: str, runs: Iterable[Run]) -> list[_Term]:
    """The numbers of a text in figures and in words, each with its scale, in order."""
    terms: list[_Term] = []
    taken: set[int] = set()  # where the scales start that belong to what stands before them
    for match in FIGURES_OR_COMMA.finditer(text):
        term, scales = _in_figures(text, match)
        taken.update(scales)
        if term:
            terms.append(term)
    for run in runs:
        half, end, of_half = _half(text, run.end)
        taken.add(of_half)
        if run.start in taken:
            if len(run.words) == 1:
                continue
            run = _cut(text, run, 1)[1]
        terms.append(_half_of_one(text, run) or _in_words(text, run, end if half else run.end))
    return sorted(terms, key=lambda term: term.start)


def _in_figures(text: str, match: re.Match[str]) -> tuple[_Term | None, tuple[int, int]]:
    """A number in figures where it is none of a date or version, and where the scales behind it start."""
    values = _readings(match.group())
    word, scale, end = _scale(text, match.end())
    half, end, of_half = _half(text, end)
    if not values:
        return None, (word, of_half)
    parts: Sequence[Values] = ()
    if "،" in match.group():
        first, last = (frozenset({Decimal(part)}) for part in match.group().split("،"))
        parts = (first | _scaled(first, scale or 1), _scaled(last, scale or 1))
    values = _scaled(values, scale or 1, half=half) | (frozenset() if scale else values)
    number = Number(match.group(), values, parts)
    return _Term(match.start(), end, number, _room(text, match.start(), scale), counts=True), (word, of_half)


def _in_words(text: str, run: Run, end: int) -> _Term:
    """A number in words, with the half behind it."""
    last = bare(run.words[-1])
    scale = SCALE.get(last, 0) or DUAL_SCALE.get(last, 0)
    if bare(run.words[0]) in PLURALS:  # thousands, nobody knows how many
        scale = 0
    counts = (
        total_of(run.words) >= 3 and any(bare(word) in COUNTED for word in run.words) and not PARTS.match(text, run.end)
    )
    number = Number(" ".join(run.words), _spelled_values(text, run))
    return _Term(run.start, end, number, _room(text, run.start, scale), counts)


def _half_of_one(text: str, run: Run) -> _Term | None:
    """Half a million, if a run is the million of it: a rough figure, which counts only with what is added to it."""
    before = max(0, run.start - LEFT)
    of = OF_A_SCALE.search(text[before : run.start])
    if of is None or bare(run.words[0]) not in SCALE:
        return None
    value = FRACTIONS[of.group(1)] * SCALE[bare(run.words[0])]
    number = Number(text[before + of.start() : run.end], frozenset({value}))
    return _Term(before + of.start(), run.end, number, int(value), counts=False)


def _room(text: str, start: int, scale: int) -> int:
    """The scale of a number, or 0 where it is the lower end of a range: between a thousand and 500."""
    return 0 if scale and BETWEEN.search(text[max(0, start - LEFT) : start]) else scale


def _runs(text: str) -> Iterator[Run]:
    """Runs of numerals, cut where they are two numbers: thousands and fifty, between a thousand and fifty."""
    for run in spelled(text):
        before = text[max(0, run.start - LEFT) : run.start]
        scales = [at for at, word in enumerate(run.words, 1) if bare(word) in SCALE]
        first = scales[0] if scales else len(run.words)
        apart = BETWEEN.search(before) or (first == 1 and (bare(run.words[0]) in PLURALS or OF_A_SCALE.search(before)))
        yield from _cut(text, run, first) if apart and first < len(run.words) else (run,)


def _cut(text: str, run: Run, at: int) -> tuple[Run, Run]:
    """The first words of a run, and the others."""
    places = [word.span() for word in WORD.finditer(text, run.start, run.end)]
    return Run(run.words[:at], run.start, places[at - 1][1]), Run(run.words[at:], places[at][0], run.end)


def _sums(terms: Sequence[_Term], text: str) -> Iterator[_Term]:
    """Those of the terms that belong together made one: ``3 ملايين و200 الف``."""
    sum_: _Term | None = None
    for term in terms:
        less = _less(sum_, term, text) if sum_ else ()
        if sum_ and less:
            values = frozenset(value + more for value in sum_.number.values for more in less)
            parts = (*_parts(sum_), *_parts(term))
            number = Number(text[sum_.start : term.end], values, parts)
            sum_ = _Term(sum_.start, term.end, number, term.scale, counts=True)
            continue
        if sum_:
            yield sum_
        sum_ = term
    if sum_:
        yield sum_


def _parts(term: _Term) -> Sequence[Values]:
    return term.number.parts or (term.number.values,)


def _less(before: _Term, term: _Term, text: str) -> Collection[Decimal]:
    """What a term adds to the one before it: nothing where no "and" joins them, or it is not less than its scale."""
    between = text[before.end : term.start]
    joined = between.isspace() if text[term.start] == "و" else AND.fullmatch(between)
    return [value for value in term.number.values if value < before.scale] if joined else ()


def _scale(text: str, end: int) -> tuple[int, int, int]:
    """Where the million that follows starts, what it is, and where it ends; -1, 0 and the place itself where none does."""
    following = FOLLOWING.match(text, end)
    scale = SCALE.get(following.group(1), 0) if following else 0
    return (following.start(1), scale, following.end()) if following and scale else (-1, 0, end)


def _half(text: str, end: int) -> tuple[Decimal, int, int]:
    """The half or quarter that follows: a million and a half, or and half a million.

    Returns:
        What it is, 0 where none follows; where it ends; where its million starts, -1 where it has none.
    """
    match = HALF.match(text, end)
    return (FRACTIONS[match.group(1)], match.end(), match.start(2)) if match else (Decimal(0), end, -1)


def _scaled(values: Values, scale: int, *, half: Decimal = Decimal(0)) -> Values:
    return frozenset(value * scale + half * scale for value in values)


def _spelled_values(text: str, run: Run) -> Values:
    """What a run of numerals is in all, with the half behind it where there is one."""
    total = Decimal(total_of(run.words))
    match = HALF.match(text, run.end)
    half = FRACTIONS[match.group(1)] * SCALE.get(bare(run.words[-1]), 1) if match else 0
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
