from __future__ import annotations

import pytest

from mujaz.models.arabic_names import ALSO_WORDS, INTRODUCING, NO_VERBS, TABLE, new_names
from mujaz.models.arabic_words import words
from mujaz.models.word_bases import bases


def names(said: str, source: str) -> tuple[str, ...]:
    return new_names(words(said), frozenset(base for word in words(source) for base in bases(word)))


@pytest.mark.parametrize(
    ("said", "source", "found"),
    [
        ("وصل الوفد إلى القاهرة", "وصل الوفد إلى العاصمة", ("القاهره",)),
        ("وصل الوفد إلى القاهرة", "غادر الوفد القاهرة صباحا", ()),
        ("اجتماع بالقاهرة", "اجتماع في القاهرة", ()),  # the same name with a preposition
        ("اجتماع في القاهرة", "اجتماع بالقاهرة", ()),
        ("اجتماع بالقاهرة", "اجتماع في عمان", ("بالقاهره",)),
        ("افتتح الوزير الزامل المعرض", "افتتح الوزير المعرض", ("الزامل",)),  # in no table, but introduced
        ("حضر الزامل المعرض", "افتتح الوزير المعرض", ()),  # in no table, not introduced: not seen
        ("عرض حسن للمنتج", "عرض المنتج", ()),  # "good" as often as a name
        ("قال الدكتور حسن", "قال الدكتور", ("حسن",)),
        ("الرياض والرياض والرياض", "جدة", ("الرياض", "والرياض")),
        ("", "جدة", ()),
        ("روسيا تعلن", "أعلن الجيش الروسي", ()),  # its adjective
        ("لبنان يشارك", "يشارك الوفد اللبناني", ()),
        ("السودان يشارك", "يشارك الوفد السوداني", ()),
        ("الإمارات تشارك", "يشارك الوفد الإماراتي", ()),
        ("أمريكا تشارك", "يشارك الوفد الأميركي", ()),  # another spelling
        ("سورية تشارك", "تشارك سوريا", ()),
        ("وصل عبدالله", "وصل عبد الله", ()),
        ("وصل عبدالرحمن", "وصل عبد الله", ("عبدالرحمن",)),
        ("روسيا تعلن", "أعلن الجيش الفرنسي", ("روسيا",)),
        ("الملك يقضي إجازته", "غادر الملك في إجازة", ()),  # a verb behind a title
        ("الوزير سيواصل اللقاءات", "لقاءات الوزير مستمرة", ()),
        ("الوزير سيتم تعيينه", "عين الوزير", ()),
        ("أما الوزير فيؤكد ذلك", "أكد الوزير ذلك", ()),
        ("أما المدرب فتحدث عن الفوز", "تحدث المدرب عن الفوز", ()),
        ("الملك يستقبل الوفد", "وصل الوفد إلى الملك", ()),
        ("الشيخ يأتي وتابع", "وصل الشيخ", ()),
        ("الرئيس حافظ يصل", "وصل الرئيس", ("حافظ",)),
        ("الرئيس أكد ذلك", "قال الرئيس", ()),
        ("الرئيس وتصريحاته", "قال الرئيس", ()),
        ("الوزير يحتاج تقريبا", "قال الوزير", ()),
        ("الشيخ تميم يلتقي الوفد ويؤكد", "التقى تميم الوفد", ()),
        ("مدينة يطا تستقبل", "استقبلت المدينة الوفد", ("يطا",)),  # a town is no title
        ("حريق في بلدة فرنسية", "حريق في شمال فرنسا", ()),  # the adjective of its country
        ("الرئيس العراقي يصل", "وصل رئيس العراق", ()),
        ("حريق في بلدة فرنسية", "حريق في شمال إيطاليا", ("فرنسيه",)),
        ("يفصل أمينه العام", "فصل الأمين العام", ()),  # his secretary
    ],
)
def test_words_that_look_like_names_and_are_not_in_the_source(said: str, source: str, found: tuple[str, ...]) -> None:
    assert names(said, source) == found


@pytest.mark.parametrize(
    "name",
    [
        "تبون",
        "يلتسين",
        "ستارمر",
        "يونس",
        "فيدل",
        "تميم",
        "فتحي",
        "تيريزا",
        "سيرغي",
        "تشافيز",
        "تشارلز",
        "يانوكوفيتش",
        "تيموشينكو",
        "توفيق",
        "تامر",
        "فيليبي",
        "سيلفا",
        "ستيفن",
        "ويليام",
        "تشاوشيسكو",
    ],
)
def test_a_name_with_the_first_letters_of_a_verb(name: str) -> None:
    assert names(f"الرئيس {name} يصل", "وصل الوفد") == (name,)
    assert names(f"الرئيس {name} يصل", f"وصل {name}") == ()


def test_every_text_supports_itself() -> None:
    text = "التقى الرئيس السيسي في القاهرة محمد أحمد من بغداد، ومدير جامعة دمشق"
    assert names(text, text) == ()


def test_the_tables_hold_words_as_they_are_compared() -> None:
    for word in TABLE | ALSO_WORDS | INTRODUCING | NO_VERBS:
        assert words(word) == [word]
