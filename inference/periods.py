"""Days in steps of weeks, months, years, so that a chart has some sixty of them at most."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from mujaz.inference.overview import Counts


@dataclass(frozen=True)
class Period:
    """A step of time.

    Attributes:
        name: "week".
        longest: Days that are told in such steps.
        days: No step is longer.
        first: The first day of the step that a day is in.
        shown: How a step is called, by its first day.
    """

    name: str
    longest: float
    days: int
    first: Callable[[date], date]
    shown: Callable[[date], str]


def _years(number: int) -> Callable[[date], date]:
    return lambda day: date(max(day.year // number * number, 1), 1, 1)


PERIODS = (
    Period("day", 62, 1, lambda day: day, lambda day: f"{day:%d %b} {day.year}"),
    Period("week", 420, 7, lambda day: day - timedelta(days=day.weekday()), lambda day: f"{day:%d %b} {day.year}"),
    Period("month", 1_850, 31, lambda day: day.replace(day=1), lambda day: f"{day:%b} {day.year}"),
    Period(
        "quarter",
        5_500,
        92,
        lambda day: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
        lambda day: f"Q{(day.month + 2) // 3} {day.year}",
    ),
    Period("year", 22_000, 366, _years(1), lambda day: f"{day.year}"),
    Period("decade", 220_000, 3_653, _years(10), lambda day: f"{day.year // 10 * 10}s"),
    Period("century", math.inf, 36_525, _years(100), lambda day: f"{day.year // 100 * 100}s"),
)


def by_period(days: Mapping[date, Counts]) -> tuple[str, dict[str, Counts]]:
    """Counts of days in steps of time, one after another, those without records among them.

    Args:
        days: Of each day; at least one.

    Returns:
        How the steps are called, and each by its name.
    """
    first, last = min(days), max(days)
    period = next(one for one in PERIODS if (last - first).days <= one.longest)
    steps = {period.first(first): Counts()}
    while (step := max(steps)) < period.first(last):
        steps[period.first(step + timedelta(days=period.days))] = Counts()
    for day, counts in days.items():
        steps[period.first(day)].merge(counts)
    return period.name, {period.shown(step): counts for step, counts in steps.items()}
