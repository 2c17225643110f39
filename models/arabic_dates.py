"""Dates in Arabic text: days of the week, months by any of their names, days of a month (``12 مارس``, ``12/3/2015``).

Made to ask whether a date of a summary is in its source. So ``كانون الثاني`` and ``جانفي`` are ``يناير``, and the source is
read generously: a month goes with every small number shortly before it. Years and lone numbers are left to
`mujaz.models.arabic_numbers`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from mujaz.models.arabic_numbers import ordinal_at_end, source_values
from mujaz.models.arabic_words import normalize

# All words here are as `mujaz.models.arabic_words` leaves them; names of one month, separated by |.
MONTHS = (
    "يناير|كانون الثاني|كانون ثاني|جانفي",
    "فبراير|شباط|فيفري",
    "مارس|اذار",
    "ابريل|نيسان|افريل",
    "مايو|ايار|ماي",
    "يونيو|يونيه|حزيران|جوان",
    "يوليو|يوليه|تموز|جويليه|يوليوز",
    "اغسطس|اب|اوت|غشت",
    "سبتمبر|ايلول|شتنبر",
    "اكتوبر|تشرين الاول|تشرين اول",
    "نوفمبر|تشرين الثاني|تشرين ثاني|نونبر",
    "ديسمبر|كانون الاول|كانون اول|دجنبر",
    "محرم",
    "صفر",
    "ربيع الاول",
    "ربيع الاخر|ربيع الثاني",
    "جمادي الاولي|جمادي الاول",
    "جمادي الاخره|جمادي الثانيه|جمادي الاخر|جمادي الثاني",
    "رجب",
    "شعبان",
    "رمضان",
    "شوال",
    "ذو القعده|ذي القعده",
    "ذو الحجه|ذي الحجه",
)
# Also names of people, or words of their own: a month only behind a number or the word "month".
_ALSO_WORDS = "مارس اب ماي اوت جوان محرم صفر رجب شعبان رمضان شوال"
ALSO_WORDS = frozenset(_ALSO_WORDS.split())
# Figures may be glued to either side: الاربعاء11ابريل, فيفري2017. Behind "for" the article is one letter more, so that
# "for two" and "for anyone" (لاثنين, لاحد) are no days.
WEEKDAY = re.compile(r"(?<![^\W\d_])(?:[وفبك]?ا|و?ل)(ل(?:احد|اثنين|ثلاثاء|اربعاء|خميس|جمعه|سبت))(?![^\W\d_])")

_NUMBER_OF = {name: number for number, names in enumerate(MONTHS, 1) for name in names.split("|")}
_NAMES = "|".join(sorted(_NUMBER_OF, key=len, reverse=True)).replace(" ", r"\s+")
# No days: the figures of G20, F-16, كوفيد-19.
MONTH = re.compile(
    r"(?:(?<![\da-z])(?<![a-z][-–])(?<![a-z] [-–] )(?<!كوفيد)(?<!كوفيد[-– ])(?<!كوفيد [-–] )"
    r"(?P<day>\d{1,2})\s*(?:من\s+)?(?:شهر\s+)?|(?<!\w)(?P<word>شهر\s+)|(?<![^\W\d_]))"
    rf"[وفبل]?(?P<month>{_NAMES})(?![^\W\d_])"
)
BEFORE = 40  # characters before a month in which its days may stand: "في 12 و13 من شهر مارس"
LAST_DAY = 31
SMALL = re.compile(r"(?<!\d)\d{1,2}(?!\d)")
_OF = re.compile(r"\s+من\s+$")
_WHOLE = re.compile(rf"\D*(?P<day>\d{{1,2}})\s+(?P<month>{_NAMES})[\s،,]+(?P<year>\d{{4}})(?!\d).*", re.DOTALL)
FIGURES = re.compile(r"(?<!\d)(\d{1,4})\s?[/.-]\s?(\d{1,2})(?:\s?[/.-]\s?(\d{1,4}))?(?!\d)")


def whole_date(text: str) -> date | None:
    """The one date that a text is, of the Gregorian calendar, with the name of its month: ``الأحد، 31 مارس 2019``.

    Args:
        text: Figures as ASCII digits. Other words may stand around the date; after the year comes no second one.
    """
    found = _WHOLE.fullmatch(normalize(text))
    if not found or (month := _NUMBER_OF[" ".join(found["month"].split())]) > 12:
        return None
    try:
        return date(int(found["year"]), month, int(found["day"]))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Dates:
    """The dates of a source.

    Attributes:
        months: By number; those of the Hijri year from 13.
        days: Pairs of day and month that it may speak of.
        weekdays: Its days of the week.
    """

    months: frozenset[int]
    days: frozenset[tuple[int, int]]
    weekdays: frozenset[str]


def source_dates(text: str) -> Dates:
    """All dates that a source may speak of."""
    text = normalize(text)
    months: set[int] = set()
    days: set[tuple[int, int]] = set()
    for match in MONTH.finditer(text):
        month = _number(match)
        months.add(month)
        before = text[max(0, match.start("month") - BEFORE) : match.start("month")]
        days.update((int(day), month) for day in SMALL.findall(before))
        days.update((int(day), month) for day in source_values(before) if day <= LAST_DAY)
    for match in FIGURES.finditer(text):  # day/month/year, month/day and year/month/day alike
        numbers = [int(group) for group in match.groups() if group]
        for month in numbers:
            if 1 <= month <= 12:
                months.add(month)
                days.update((day, month) for day in numbers)
    return Dates(frozenset(months), frozenset(days), frozenset(_weekdays(text)))


def unsupported_dates(text: str, source: str | Dates) -> tuple[str, ...]:
    """The dates of a text, as written (letters unified), that its source does not speak of.

    Args:
        text: A summary.
        source: Its source, or what :func:`source_dates` found in it.
    """
    known = source_dates(source) if isinstance(source, str) else source
    text = normalize(text)
    found = []
    for match in MONTH.finditer(text):
        written = match.group("month")
        day = match.group("day") or _spelled_day(text[max(0, match.start() - BEFORE) : match.start()])
        if written in ALSO_WORDS and not (day or match.group("word")):
            continue
        if _number(match) not in known.months or (day and (int(day), _number(match)) not in known.days):
            found.append(" ".join(filter(None, (day, written))))
    found += [day for day in _weekdays(text) if day not in known.weekdays]
    return tuple(dict.fromkeys(found))


def _spelled_day(before: str) -> str:
    """The day in front of "of March" where it is an ordinal in words, in figures; "" where there is none."""
    of = _OF.search(before)
    day = ordinal_at_end(before[: of.start()]) if of else 0
    return str(day) if 0 < day <= LAST_DAY else ""


def _number(match: re.Match[str]) -> int:
    return _NUMBER_OF[" ".join(match.group("month").split())]


def _weekdays(text: str) -> Iterator[str]:
    for match in WEEKDAY.finditer(text):
        yield "ا" + match.group(1)
