"""Dates as people write them into tables."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from mujaz.errors import DataError
from mujaz.models.arabic_dates import whole_date

_DAY_FIRST = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})(.*)", re.DOTALL)
_YEAR_FIRST = re.compile(r"(\d{4})[/.\-](\d{1,2})(?:[/.\-](\d{1,2}))?(?!\d)(.*)", re.DOTALL)
_SHOWN = 60  # characters of what is no date


def read_date(value: Any) -> datetime:
    """A date, or the beginning of a text as one, in any digits.

    As ISO 8601 writes it, also without zeros or with slashes (2015/1/31) or without its day; day first (31/12/2015); or
    with the name of a month (31 مارس 2015, 31 آذار 2015).

    Raises:
        DataError: it is none.
    """
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    written = "".join(str(int(one)) if one.isdecimal() else one for one in str(value).strip())
    if day_first := _DAY_FIRST.match(written):
        day, month, year, rest = day_first.groups()
        written = f"{year}-{int(month):02}-{int(day):02}{rest}"
    elif year_first := _YEAR_FIRST.match(written):
        year, month, day, rest = year_first.groups()
        written = f"{year}-{int(month):02}-{int(day or 1):02}{rest}"
    try:
        return datetime.fromisoformat(written).replace(tzinfo=None)
    except ValueError:
        if found := whole_date(written):
            return datetime(found.year, found.month, found.day)
        shown = repr(value) if len(repr(value)) <= _SHOWN else f"{repr(value)[:_SHOWN]}…"
        raise DataError(
            f"expected a date as ISO 8601 writes it (2019-03-31), or day first (31/3/2019), found {shown}"
        ) from None
