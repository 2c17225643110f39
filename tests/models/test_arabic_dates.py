from __future__ import annotations

import pytest

from mujaz.models.arabic_dates import unsupported_dates

SOURCE = "وصل الوفد يوم الأربعاء 12 آذار/مارس 2014، ويغادر في 3 و4 من شهر رمضان، ثم يعود في 15/7/2014."


@pytest.mark.parametrize(
    "said",
    [
        "الأربعاء ١٢ مارس",
        "في 12 آذار",
        "3 رمضان و4 رمضان",
        "15 تموز",
        "يوليو 2014",
        "للأربعاء",
        "مارس الرياضة",  # practised: no month
        "شهر مارس",
        "الثاني عشر من مارس",
        "الثالث من رمضان",
        "عدد من مارس",
    ],
)
def test_what_the_source_speaks_of(said: str) -> None:
    assert unsupported_dates(said, SOURCE) == ()


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("الخميس", ("الخميس",)),
        ("13 مارس", ("13 مارس",)),
        ("12 رمضان", ("12 رمضان",)),
        ("كانون الثاني", ("كانون الثاني",)),
        ("شهر شعبان", ("شعبان",)),
        ("وبالسبت", ()),  # two clitics before a day are not written
        ("السادس من مارس", ("6 مارس",)),
        ("الثالث عشر من شهر مارس", ("13 مارس",)),
    ],
)
def test_what_it_does_not(said: str, found: tuple[str, ...]) -> None:
    assert unsupported_dates(said, SOURCE) == found


@pytest.mark.parametrize(
    ("said", "source", "found"),
    [
        ("12 نوفمبر", "يوم 12 نونبر", ()),
        ("3 نوفمبر", "في 3 تشرين ثاني", ()),
        ("5 شتنبر", "في 5 غشت", ("5 شتنبر",)),
        ("23 أكتوبر", "الثالث والعشرين من أكتوبر", ()),
        ("15 مايو", "الخامس عشر من شهر مايو", ()),
        ("24 أكتوبر", "الثالث والعشرين من أكتوبر", ("24 اكتوبر",)),
        ("الثلاثاء 6 فيفري", "عقدت الجلسة يوم الثلاثاء6فيفري2018", ()),
        ("6 فيفري", "عقدت الجلسة في فيفري2018", ("6 فيفري",)),
        ("لا يحق لأحد الدخول إلا لاثنين من الحراس", "يدخل حارسان", ()),  # "for anyone" and "for two", no days
        ("مؤجلة للأحد", "تأجلت الجلسة", ("الاحد",)),
        ("كالأحد", "تأجلت الجلسة", ("الاحد",)),
    ],
)
def test_names_of_all_countries_and_days_in_words(said: str, source: str, found: tuple[str, ...]) -> None:
    assert unsupported_dates(said, source) == found
