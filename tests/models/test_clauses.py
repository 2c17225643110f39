from __future__ import annotations

import numpy as np
import pytest

from mujaz.models.clauses import (
    ENDS_AT_A_COMMA,
    ENDS_BEFORE_ARTICLE,
    ENDS_BEFORE_THAT,
    ENDS_IN_TWO_PARTS,
    ENDS_INSIDE,
    ENDS_JUST_BEGUN,
    NEVER,
    STARTS_BEFORE_OBJECT,
    STARTS_BEFORE_THAT,
    STARTS_BEHIND_A_COMMA,
    STARTS_BEHIND_DENIAL,
    STARTS_INSIDE,
    STARTS_WITH_IMPERFECT,
    STARTS_WITH_PREPOSITION,
    boundaries,
)
from mujaz.models.middles import IN_A_NAME, WITH_AN_OBJECT


def costs(text: str, sentences: list[int] | None = None) -> tuple[dict[str, float], dict[str, float]]:
    words = text.split()
    found = boundaries(words, np.array(sentences or [0] * len(words)))
    return dict(zip(words, found.start, strict=True)), dict(zip(words, found.end, strict=True))


def test_a_stretch_starts_where_a_clause_does() -> None:
    start, _ = costs("قالت الوزارة، وهي صاحبة المشروع، إن مدرسة تفتح غدا – وتبقى")
    assert {word for word, cost in start.items() if cost == 0} == {"قالت", "مدرسة"}
    assert start["وتبقى"] == STARTS_BEHIND_A_COMMA
    assert start["تفتح"] == STARTS_INSIDE
    # "that" needs its "said"
    assert start["وهي"] == STARTS_BEHIND_A_COMMA + STARTS_BEFORE_THAT
    assert start["الوزارة،"] == pytest.approx(STARTS_INSIDE + STARTS_BEFORE_THAT + IN_A_NAME)
    assert start["إن"] == STARTS_BEHIND_A_COMMA + STARTS_WITH_PREPOSITION + STARTS_BEFORE_THAT
    assert start["–"] == NEVER


def test_it_starts_with_a_sentence() -> None:
    start, end = costs("انتهى الخبر وبدأ آخر", [0, 0, 1, 1])
    assert start == {"انتهى": 0, "الخبر": STARTS_INSIDE + IN_A_NAME, "وبدأ": 0, "آخر": STARTS_INSIDE}
    assert end["الخبر"] == end["آخر"] == 0


def test_it_does_not_break_names_and_genitives() -> None:
    _, end = costs("زار رئيس الحكومة مدينة الساحل اليوم، ثم عاد في سيارته إلى «العاصمة».")
    assert end["رئيس"] == end["مدينة"] == ENDS_BEFORE_ARTICLE
    assert end["الحكومة"] == end["زار"] == ENDS_INSIDE
    assert end["اليوم،"] == ENDS_AT_A_COMMA
    assert end["«العاصمة»."] == 0


def test_it_does_not_end_with_what_leads_on() -> None:
    _, end = costs("عاد الوزير من - ثم سافر في رحلة قال إن موعدها قريب ولم يعلن")
    assert end["من"] == end["في"] == end["إن"] == end["-"] == NEVER
    assert end["موعدها"] == end["قريب"] == ENDS_JUST_BEGUN
    assert end["ولم"] == NEVER
    assert end["يعلن"] == 0
    _, end = costs("قال إن موعدها صار قريبا فعلا منهم")
    assert end["قريبا"] == ENDS_INSIDE
    _, end = costs("وصل الفوج ب إلى الساحل")
    assert end["ب"] == NEVER


def test_it_does_not_start_with_what_belongs_to_the_words_before() -> None:
    start, _ = costs("تمكن الفريق من الفوز وحصل، على كأس ثالثة")
    with_preposition = STARTS_WITH_PREPOSITION + STARTS_BEFORE_OBJECT + WITH_AN_OBJECT
    assert start["من"] == pytest.approx(STARTS_INSIDE + with_preposition)
    assert start["على"] == pytest.approx(STARTS_BEHIND_A_COMMA + with_preposition)


# A preposition joined to a word that is no object of "demanded".
BESIDE = """بعد بين بينما بحسب بدورهم بحضور برفقة بمناسبة بقيادة برئاسة برياسة باسم بشأن بهدف بولاية بمدينة بمنطقة بمحافظة
    ببلدة بجانب""".split()  # noqa: SIM905  # as a table is written


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("دعا رئيس البلدية سكان الحي إلى ترشيد المياه", 7),
        ("ودعت الجمعية أعضاءها إلى اجتماع", 5),
        ("قال المدرب بعد المباراة إن الفريق تعب", 6),
        ("قال المدرب: «نعم»", 0),  # there is none
        ("طالب نواب بحضور الوزير بإقالة المدير", 5),
        ("تعرض الجسر أمس لأضرار كبيرة", 4),
        ("افتتح الوزير في الساحل مصنعا", 0),  # its object has no preposition, and nothing tells where it begins
        ("نظم بيت الشعر في الرباط أمسية شعرية كبيرة", 6),  # an indefinite noun behind a definite one does
        ("أعلنت الأمانة العامة للجائزة عن فتح باب الترشح", 6),
        ("أكدت الوزارة أنها ستفتح الجسر", 4),
        ("قالت الوزارة إنهم سافروا", 4),
        ("قال الوزيران إنهما سافرا", 4),
        ("رحب الوفد بها أمس", 0),
        ("طالب نواب بنقل المقر", 3),
        ("فدعت الجمعية أعضاءها إلى اجتماع", 5),
        ("يقال في المدينة إن السد امتلأ", 0),  # it has a verb in it, and is another
        ("ساهم اللاعب رغم أنه مصاب في الفوز", 7),  # no "that" is wanted
        *((f"طالب نواب {beside} كثيرين بإقالة المدير", 5) for beside in BESIDE),
        *(
            (f"تعرض الجسر {beside} الثلج لأضرار كبيرة", 5)
            for beside in ("لكن", "لدى", "لأن", "لمدة", "للمرة", "لدولة", "لقاء")
        ),
    ],
)
def test_a_verb_has_its_object(text: str, needs: int) -> None:
    words = text.split()
    assert boundaries(words, np.zeros(len(words), dtype=np.int64)).needs[0] == needs


def test_an_object_does_not_stand_in_another_sentence() -> None:
    words = ["دعا", "رئيس", "البلدية", "سكان", "الحي.", "ذهب", "إلى", "المدرسة"]
    assert boundaries(words, np.array([0] * 5 + [1] * 3)).needs.tolist() == [0] * 8


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("فشلت محاولة اغتيال الوزير في الساحل", "فشلت"),
        ("قضت المحكمة ببراءة رجل من تهمة التزوير", "ببراءة"),
        ("تراجعت الوزارة أمس عن قرار إغلاق المدارس", "تراجعت"),
        ("وأحبط الحرس هجوما على الميناء", "وأحبط"),
        ("أعلنت الشركة عدم بيع المصنع", "عدم"),
        ("قررت البلدية لمنع السباق", "لمنع"),
    ],
)
def test_what_is_taken_back_is_no_start(text: str, by: str) -> None:
    words = text.split()
    found = boundaries(words, np.zeros(len(words), dtype=np.int64))
    place, last = words.index(by), len(words) - 1
    assert found.start[place] < STARTS_BEHIND_DENIAL <= found.start[last]
    assert words[found.denied[last]] in (by, "محاولة")
    assert (found.denied[: place + 1] == -1).all()


def test_prices_that_fall_take_nothing_back() -> None:
    words = ["تراجعت", "أسعار", "القمح", "في", "الأسواق"]
    assert (boundaries(words, np.zeros(5, dtype=np.int64)).denied == -1).all()


def test_a_clause_ends_what_is_taken_back_and_a_sentence_what_is_denied() -> None:
    start, _ = costs("قرر المجلس إلغاء السباق، ثم عاد المتسابقون")
    assert start["السباق،"] >= STARTS_BEHIND_DENIAL > start["عاد"]
    words = ["نفى", "الوزير", "الخبر.", "وصل", "الوفد"]
    assert boundaries(words, np.array([0, 0, 0, 1, 1])).denied.tolist() == [-1, 0, 0, -1, -1]


PHRASES = (
    "صلى الله عليه وآله وسلم",
    "صلى الله عليه وآله وصحبه وسلم",
    "عليه السلام",
    "عليها السلام",
    "عليهم السلام",
    "عليهما السلام",
    "عليه الصلاة والسلام",
    "رحمه الله",
    "عز وجل",
    "تبارك وتعالى",
    "عن عمر يناهز 82 سنة",
    "عن عمر 82 عاما",
)


@pytest.mark.parametrize(
    "phrase", ["صلى الله عليه وسلم", "رضي الله عنه", "عن عمر ناهز 82 عاما", "سبحانه وتعالى", *PHRASES]
)
def test_what_is_said_behind_a_name_stays_whole(phrase: str) -> None:
    inside = phrase.split()
    words = ["ذكر", "محمد", *inside, "في", "الكتاب"]
    found = boundaries(words, np.zeros(len(words), dtype=np.int64))
    last = 1 + len(inside)
    assert (found.end[2:last] == NEVER).all()
    assert (found.start[3 : last + 1] >= NEVER).all()
    assert found.end[last] < NEVER


def test_numbers_and_names_of_products_stay_whole() -> None:
    start, end = costs("ارتفع المؤشر 61 .0% وبيع هاتف Nova SL 78 أمس")
    assert end["61"] == end["Nova"] == end["SL"] == start[".0%"] == NEVER
    assert end["78"] == ENDS_INSIDE
    _, end = costs("أطلق هاتف Nova جديد أمس")
    assert end["هاتف"] == end["Nova"] == ENDS_INSIDE


def test_a_text_without_words() -> None:
    found = boundaries(["–", "..."], np.array([0, 0]))
    assert found.start.tolist() == found.end.tolist() == [NEVER, NEVER]
    assert boundaries([], np.array([], dtype=np.int64)).start.shape == (0,)


@pytest.mark.parametrize(
    "opening",
    [
        "نفى الوزير أن",
        "دحض الوزير أن",
        "يمكن للبنك أن",
        "أوشك الوزير أن",
        "ليس صحيحا أن",
        "واستبعد محللون أن",
        "حذر خبراء من أن",
        "لم يؤكد النادي أن",
    ],
)
def test_a_denial_is_not_left_out(opening: str) -> None:
    start, _ = costs(f"{opening} السعر ارتفع: وزاد الدين. عاد الفريق", [0] * (len(opening.split()) + 4) + [1, 1])
    assert start[opening.split()[0]] == 0
    assert start["السعر"] >= STARTS_BEHIND_DENIAL
    assert start["وزاد"] >= STARTS_BEHIND_DENIAL
    assert start["عاد"] == 0


def test_what_is_wanted_is_not_what_is() -> None:
    start, end = costs("طلب الوزير أن ترتفع الأجور وقال إن الأجور ارتفعت")
    assert start["ترتفع"] == STARTS_WITH_IMPERFECT
    assert start["الأجور"] == 0  # the later one
    assert end["الوزير"] == ENDS_BEFORE_THAT
    start, end = costs("قال الناطق إنه يريد أن تصل النجدة لأن المطر غزير أن نص القرار واضح")
    assert start["تصل"] == STARTS_WITH_IMPERFECT
    assert start["نص"] == 0
    assert end["الناطق"] == ENDS_BEFORE_THAT
    assert start["لأن"] == STARTS_INSIDE + STARTS_WITH_PREPOSITION


def test_numbers_are_not_broken() -> None:
    start, end = costs("بلغ المخزون 12 ألف طن أو 72 في المئة من 3 مليارات")
    assert start["ألف"] == start["مليارات"] == NEVER
    assert end["12"] == end["72"] == end["3"] == NEVER
    assert end["ألف"] == NEVER  # of what?
    start, _ = costs("وصل 12 شخصا")
    assert start["شخصا"] == STARTS_INSIDE
    start, _ = costs("وصل ملايين السياح")
    assert start["ملايين"] == STARTS_INSIDE


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("أفاد المتحدث بأن الجسر أغلق وأكد أن العمل مستمر", 4),
        ("قال إنه سيشارك في المؤتمر وأكد أن الوفد وصل", 3),
        ("يؤدي ارتفاع الأسعار إلى زيادة", 5),
        ("شارك الوزير ثم دعا الحضور في العشاء", 0),  # the object is another verb's
        ("شارك الوزير ودعا الحضور في العشاء", 0),
    ],
)
def test_an_object_is_that_of_its_verb(text: str, needs: int) -> None:
    words = text.split()
    assert boundaries(words, np.zeros(len(words), dtype=np.int64)).needs[0] == needs


@pytest.mark.parametrize(
    "text", ["غير أن الوزير أكد أمس الخبر", "لا يزال الوفد في الساحل", "في تعليق للوزارة قال الناطق"]
)
def test_what_sounds_like_a_denial_and_is_none(text: str) -> None:
    words = text.split()
    assert (boundaries(words, np.zeros(len(words), dtype=np.int64)).denied == -1).all()


@pytest.mark.parametrize("title", ["د.", "أ.د.", "م.", "(د."])
def test_a_title_ends_no_sentence_and_stays_with_its_name(title: str) -> None:
    start, end = costs(f"أكدت الوزيرة {title} هالة أن اللقاح متوفر")
    assert end[title] == NEVER <= start["هالة"]
    whole = f"نفت الوزيرة {title} هالة وفاة المريض".split()
    assert boundaries(whole, np.zeros(len(whole), dtype=np.int64)).denied[-1] == 0  # the denial reaches past it
    _, end = costs(f"وصل {title} وغادر", [0, 0, 1])
    assert end[title] == 0  # where the sentence does end with it


def test_a_sign_stays_with_its_number() -> None:
    _, end = costs("ارتفع بنسبة 0.27 % وبلغ 45 $ أمس")
    assert end["0.27"] == end["45"] == NEVER


AND_MORE = """وخمسمئة وستمئة وسبعمئة وثمانمئة وتسعمئة وثلاثمئة وأربعمئة وعشرة ومئة ومائة وأحد واثنين وواحد وألف ونصف وربع
    و500""".split()  # noqa: SIM905  # as a table is written


@pytest.mark.parametrize(
    ("text", "number", "alone"),
    [
        ("تجاوزت سرعتها 90 كيلومترا في الساعة", "90", False),
        ("قتل في الهجوم 12 شخصا وأصيب آخرون", "12", False),
        ("ارتفع السعر إلى 4.5 دينار أمس", "4.5", False),
        ("وقع ذلك في عام 2017 أمام المحكمة", "2017", True),  # a year counts nothing
        ("فاز الفريق بالرقم 10 على ضيفه", "10", True),
        ("رفع السعر إلى 90، منذ أمس", "90،", True),
        ("يحمل الرقم 7 وشارك أمس", "7", True),
        ("انتهت حرب 1999 رسميا أمس", "1999", True),
        ("انتهت حملة 1446 رسميا أمس", "1446", True),
        ("انتهت حملة 2017 رسميا أمس", "2017", True),
        ("يحمل الرقم 7 الملعب كله", "7", True),
        ("رفع السعر إلى 90، مقابل دينار", "90،", True),
        ("شرب اللاعب 3 لترات ماء", "3", False),
        ("دفع السائح 5 ليرة تركية", "5", False),
        ("حضر النائب وخمسة آخرون أمس", "النائب", True),
        *((f"ارتفع العدد إلى مليون {more} أمس", "مليون", False) for more in AND_MORE),
    ],
)
def test_a_number_does_not_stand_without_what_it_counts(text: str, number: str, alone: bool) -> None:
    _, end = costs(text)
    assert bool(end[number] < NEVER) is alone


def test_a_dash_that_binds_two_adjectives() -> None:
    _, end = costs("عقدت اللجنة الأميركية - الإسرائيلية اجتماعا – وهو الثالث – أمس")
    assert end["الأميركية"] == NEVER
    assert end["اجتماعا"] == ENDS_AT_A_COMMA
    _, end = costs("عقدت اللجنة الأميركية – الإسرائيلية اجتماعا")
    assert end["الأميركية"] == NEVER
    _, end = costs("زار الساحل، ثم الميناء الكبير - وعاد")
    assert end["الساحل،"] == end["الكبير"] == ENDS_AT_A_COMMA
    _, end = costs("انتهت الأشغال الكبرى –")
    assert end["الكبرى"] == ENDS_AT_A_COMMA


def test_a_number_in_words_stays_whole_and_a_name_with_what_it_names() -> None:
    start, end = costs("ارتفع العدد إلى ألف وخمسمئة في مدينة الساحل خلال محادثات أجريت")
    assert end["ألف"] == NEVER
    assert start["الساحل"] == start["محادثات"] == NEVER
    _, end = costs("بلغ العدد ألف وانتهى الأمر")
    assert end["ألف"] < NEVER


@pytest.mark.parametrize(
    "leads", ["حتى", "بعد", "خلال", "نحو", "قرب", "وراء", "ضمن", "عبر", "دون", "وفق", "حول", "تحت"]
)
def test_prepositions_lead_on(leads: str) -> None:
    start, end = costs(f"وصل الوفد {leads} أيام")
    assert end[leads] == NEVER
    assert start[leads] == STARTS_INSIDE + STARTS_WITH_PREPOSITION


@pytest.mark.parametrize(
    "leads", ["كل", "بعض", "جميع", "معظم", "غير", "ابن", "أكثر", "ضد", "حوالي", "كي", "منذ", "بنسبة"]
)
def test_what_is_nothing_without_the_next_word_is_no_end(leads: str) -> None:
    _, end = costs(f"وصل الوفد {leads} أيام")
    assert end[leads] == NEVER


def test_other_signs_are_no_less_than_a_comma() -> None:
    start, end = costs("أغلق الجسر | الوفد عاد لأن الثلج كثيف")
    assert start["الوفد"] == STARTS_BEHIND_A_COMMA
    assert end["عاد"] == ENDS_BEFORE_THAT


@pytest.mark.parametrize(("between", "needs"), [(18, 20), (19, 0)])
def test_an_object_stands_near_its_verb(between: int, needs: int) -> None:
    words = ["دعا", *["رجل"] * between, "إلى", "السباق"]
    assert boundaries(words, np.zeros(len(words), dtype=np.int64)).needs[0] == (needs and needs + 1)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("جرت مباراة بين فريق ساحلي وفريق جبلي", "بين فريق ساحلي"),
        ("حضر كل من مدير ونائب كثير", "كل من مدير"),
        ("حضر كلا من مدير ونائب كثير", "كلا من مدير"),
        ("يلعب إما غدا أو بعد حين", "إما غدا أو"),
        ("جرت مباراة بين فريقين وانتهت سريعا", ""),
        ("جرت مباراة بين أقاربهم وانتهت سريعا", ""),
        ("جرت مباراة بين سيارات وانتهت سريعا", ""),
        ("جرت مباراة بينهما وانتهت سريعا", ""),
        *((f"جرت مباراة بين أبنائ{whose} وانتهت سريعا", "") for whose in ("ها", "هما", "هن", "نا")),
    ],
)
def test_of_two_parts_both_are_named(text: str, parts: str) -> None:
    words = text.split()
    end = boundaries(words, np.zeros(len(words), dtype=np.int64)).end
    costly = [word for word, cost in zip(words, end, strict=True) if cost > ENDS_IN_TWO_PARTS]
    assert [word for word in costly if word in parts.split()] == parts.split()
    if not parts:
        assert (end[:-1] <= max(ENDS_INSIDE, NEVER)).all()


def test_two_parts_stand_in_one_sentence() -> None:
    _, end = costs("زوجها من بين ضحاياه وعندما عاد", [0, 0, 0, 0, 1, 1])
    assert end["ضحاياه"] == 0


def test_needs_shrink_with_what_is_left_out_behind_the_verb() -> None:
    words = "وصل الوفد أمس ثم دعا رئيس البلدية سكان الحي إلى السباق".split()  # noqa: SIM905  # a sentence
    found = boundaries(words, np.zeros(len(words), dtype=np.int64))
    assert found.needs[4] == 7
    assert found.at(np.array([0, 1, 3, 4, 5, 6, 9, 10])).needs.tolist() == [0, 0, 0, 5, 0, 0, 0, 0]
