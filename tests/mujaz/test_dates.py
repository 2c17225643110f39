"""Dates as people write them into tables."""

from __future__ import annotations

from datetime import date

import pytest

from mujaz.dates import read_date
from mujaz.errors import DataError


@pytest.mark.parametrize(
    "written",
    ["2015-12-31", "31/12/2015", "31-12-2015", "31.12.2015", "٣١/١٢/٢٠١٥", "٢٠١٥-١٢-٣١", "2015-12-31T10:00:00"],
)
def test_dates_as_tables_have_them(written: str) -> None:
    assert read_date(written).date() == date(2015, 12, 31)


def test_a_text_in_the_place_of_a_date_is_not_told_whole() -> None:
    with pytest.raises(DataError) as raised:
        read_date("خبر " * 500)
    assert len(str(raised.value)) < 300
