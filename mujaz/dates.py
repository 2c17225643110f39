"""Dates as people write them into tables."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from mujaz.errors import DataError

_DAY_FIRST = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})(.*)", re.DOTALL)
_SHOWN = 60  # characters of what is no date


def read_date(value: Any) -> datetime:
    """A date, or the beginning of a text as one: as ISO 8601 writes it, or day first (31/12/2015), in any digits.

    Raises:
        DataError: it is none.
    """
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    written = "".join(str(int(one)) if one.isdecimal() else one for one in str(value).strip())
    day_first = _DAY_FIRST.match(written)
    if day_first:
        day, month, year, rest = day_first.groups()
        written = f"{year}-{int(month):02}-{int(day):02}{rest}"
    try:
        return datetime.fromisoformat(written).replace(tzinfo=None)
    except ValueError:
        shown = repr(value) if len(repr(value)) <= _SHOWN else f"{repr(value)[:_SHOWN]}…"
        raise DataError(
            f"expected a date as ISO 8601 writes it (2019-03-31), or day first (31/3/2019), found {shown}"
        ) from None
