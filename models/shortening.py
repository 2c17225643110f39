"""What can be left out of the middle of a stretch of news so that the rest still reads, and still says what is so.

That is when something was said and where ("قال الوزير [في مؤتمر صحافي أمس] إن"), the day, an honorific, what stands in
brackets, and what is added between two commas. It is found by its words alone, and stays where the tables below say that
something else needs it. Nothing that denies, doubts, clears somebody or is a condition is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mujaz.models.arabic_dates import MONTHS
from mujaz.models.arabic_words import table
from mujaz.models.clauses import NEVER, Boundaries
from mujaz.models.denials import denies
from mujaz.models.headline_words import SAYING
from mujaz.models.news_verbs import OBJECTS, OPENERS
from mujaz.models.word_bases import LEADING

_COMMAS = ("،", ",")
_CLOSED = re.compile(r"[)\]][،,]?$")
_PAIRS = (("«", "»"), ("(", ")"), ("[", "]"), ("“", "”"))
_LONGEST = 25  # words between a verb and what was said
_LONGEST_INSERTION = 14
_LONGEST_BRACKET = 10
_LONGEST_DAY = 5


def _by_first(titles: Iterable[tuple[str, ...]]) -> dict[str, list[tuple[str, ...]]]:
    """Titles by their first word, the longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for title in sorted(titles, key=len, reverse=True):
        found.setdefault(title[0], []).append(title)
    return found


# Letters are unified in all of them.
_SAYS = frozenset(verb for verb, objects in OBJECTS.items() if "ان" in objects) | table(
    """اكد اكدت يؤكد تؤكد اعلن اعلنت يعلن تعلن اعتبر اعتبرت بين بينت لفت لفتت توقع توقعت اقر اقرت قرر قررت ابلغ ابلغت
    نفي نفت"""
)
_THAT = re.compile("ب?ان(?:ه|ها|هم|هما)?")
_LEADS_TO_THAT = table("علي عن الي من")
# With "that" behind them, "although", "after", "but", "it is expected": not what was said.
_ANOTHER_THAT = table(
    """رغم قبل بعد حتي الا بيد غير منذ مع دون بدون كما لو سوي حين فور اثر شان المتوقع المنتظر المقرر المفترض المرجح
    الممكن المحتمل المزمع"""
)
_HAS_OBJECT = _SAYS | frozenset(OBJECTS)
# Behind these a preposition and its word say what is meant: "represented in", "a member in".
_NEED_WHERE = table(
    "باحث الباحث خبير الخبير ممثلا ممثله متمثلا متمثله المتمثل المتمثله عضو شارك متخصص المتخصص مقيم المقيم المختص المشارك "
    "العاملون المقيمين"
)
_WHEN_AND_WHERE = table(
    """في وفي خلال عقب امس اليوم مساء صباح عبر لدي ضمن بمناسبه لوكاله لصحيفه لقناه لاذاعه لبرنامج لراديو لموقع اثناء يوم"""
)
_INSERTED = _WHEN_AND_WHERE | table(
    "الذي التي الذين والذي والتي وهو وهي وهم وذلك حسب بحسب وفق وفقا انعقد انعقدت عقد عقدت"
)
_NEWS = table("بعنوان ندوه محاضره مؤتمر حفلا معرض معرضا امسيه")  # what an event is, and not where
_WEEKDAY = "(?:السبت|الاحد|الاثنين|الثلاثاء|الاربعاء|الخميس|الجمعه)"
_MONTH = f"(?:{'|'.join(sorted((name for names in MONTHS for name in names.split('|')), key=len, reverse=True))})"
_TIME_OF_DAY = "(?:بعد |قبل )?(?:مساء|صباح|ظهر|فجر|ليله?|عصر|عشيه) "
_WHICH = "(?:الماضي |الجاري |الحالي |المقبل |القادم |المنصرم |الفارط |الفائت |المنقضي )?"
_DAY = re.compile(  # not the first day, the national day
    rf"(?:(?:{_TIME_OF_DAY})?"
    rf"(?:امس (?:الاول )?(?:{_WEEKDAY} )?|اليوم (?!(?!{_WEEKDAY} )ال)(?:{_WEEKDAY} )?|يوم (?:امس(?: الاول)?|{_WEEKDAY}) )"
    rf"|{_TIME_OF_DAY}{_WEEKDAY} )"
    rf"{_WHICH}(?:(?:\d{{1,2}}|غره) {_MONTH} (?:\d{{4}} )?{_WHICH})?"
)
_OF_DAYS = table("امس اليوم يوم مساء صباح عشيه")
_DAYS = table("امس اليوم")
_BEFORE_DAYS = table("ظهر فجر عصر ليل ليله مساء صباح عشيه بعد قبل")  # of a day: "at noon today"
_DAY_NAMES = _DAYS | table("غدا غد السبت الاحد الاثنين الثلاثاء الاربعاء الخميس الجمعه")
_RELATIVE = table("الذي التي الذين")
_COMING = table("المقبل القادم غدا غد")
_AND_DAYS = table("الايام يوم بعد ليله صباح مساء")
_NEGATIONS = table("لم لن لا ليس ليست ولم ولن ولا لما")
_TO_COME = re.compile(r"س?[يتن]\w{2,}")  # an imperfect verb
# Before a day that is not when something was, but what is spoken of: "that Monday is", "set Sunday as the date".
_SPEAK_OF_DAYS = table(
    """ان بان لان كان يكون سيكون تكون ليكون اصبح صادف يصادف يوافق شهد يشهد شهدت تشهد سمي هو حدد حددت تحديد اعتبار اختار
    اختارت عند مستواه مستوياته مقابل اول عشيه صحف الصادره"""
)
_ABOUT_DAYS = table("هو هي موعدا عطله سيد يوما فقط الموافق الاول الاولي نفسه ذاته")
_MAY_BE_DAYS = _OF_DAYS | table("بعد قبل ظهر فجر ليل ليله عصر")
_NOT_A_DAY_BEHIND = table(
    """في من منذ حتي قبل بعد الي خلال علي عن بين كل هذا لهذا ذلك نفس ذات مثل غير
    المصري صحيفه جريده قناه موقع مجله برنامج روسيا السودان مصر عين الامارات"""
)
# Days that these have are theirs: "yesterday's session".
_HAVE_DAYS = table(
    """جلسه جلسات تداول تداولات تعاملات معاملات طقس مباراه مباريات صحف عدد حلقه افتتاحيه نشره صباح مساء نهار احداث خطبه صلاه
    موعد امسيه ليله نهايه بدايه مطلع ختام اغلاق اجتماع لقاء قمه عمل اعمال"""
)
_DAY_BELONGS_TO = _NOT_A_DAY_BEHIND | _HAVE_DAYS | _SPEAK_OF_DAYS
# What stands behind these belongs to them: a type (F-16), the hospital of a doctor.
_HAVE_NAMES = table(
    """طراز نوع ماركه اسم باسم عنوان بعنوان شعار برنامج فيلم كتاب مسرحيه مسلسل صحيفه قناه شركه فريق وكاله حزب مجله معرض روايه
    مجموعه مشروع حمله مبادره لقب وسم منصه تطبيق موقع طائره سفينه صاروخ مستشفي مركز شارع مدرسه جامعه مسجد جامع مؤسسه جائزه
    كليه طريق جسر ميدان معهد قاعه دار عياده مجمع كاس حي مدينه بطوله كرسي وقف
    حركه تنظيم جماعه جبهه ميليشيا لواء كتيبه حكومه بنك مصرف مرض متلازمه فيروس داء دواء عقار لقاح اغنيه قصيده نشيد لوحه لعبه
    مهرجان ملتقي مسابقه دوري فندق رحله رقم ماده ايه سوره قانون عمليه اعصار صواريخ طائرات مقام ضريح مولد"""
)
# In brackets, these change what stands before them; so does an age behind a team.
_LIMITS = table("تحت دون سيدات شباب ناشئين")
_TEAMS = table("منتخب المنتخب منتخبنا فريق الفريق لكره")
# What makes what is said doubtful or somebody innocent, with all that may be joined to it.
_TELLS = re.compile(  # no speeches, interviews, programmes, nor Britain
    r"و?(?:برا(?!مج)|بري(?![طد])|تبرئ|اتها?م|[يت]تهم|متهم|المتهم|المدان|ادين|ادان|مزعوم|المزعوم|سابق|السابق|الاكراه|التعذيب|شروط|بشروط|بدلا"
    r"|مقابل(?!ه)|خطا(?!ب)|سحب|حذف|ساخر|كذب)\w*"
)
# An honorific stands before a name or an office, these before a title.
_OFFICES = table(
    "وزير رئيس امير حاكم نائب محافظ مفتي سفير الشيخ الشيخه الامير الاميره الرئيس الوزير الامين الحاكم الفريق اللواء"
)
_ONLY_BEFORE_TITLES = table("سعاده فضيله معالي")
_TITLES = _OFFICES | table("الدكتور الدكتوره المهندس المهندسه الاستاذ الاستاذه السفير المستشار")
# Behind a name and a comma they say who that is: "with the manager Dalia, head of the office".
_IS_WHO = _OFFICES | table("مدير مديره المدير المديره رئيسه وزيره عضو امين قائد وكيل مساعد المتحدث نجل شقيق")
_PLACE_OR_DAY = _OF_DAYS | {"في"}  # nobody is named who it could be
_LIST = table("هي هو هم وهي وهو وهم")  # "they are (the hall, the bridge)"
_NO_NAMES_BEHIND = LEADING | OPENERS | table("انه انها هو هي لم لن لا قد كان كانت التي الذين")
_HONORIFICS = _by_first(
    (
        ("صاحب", "السمو", "الملكي"),
        ("صاحب", "السمو"),
        ("صاحبه", "السمو", "الملكي"),
        ("صاحبه", "السمو"),
        *(
            (word,)
            for word in table("سمو معالي سعاده فضيله الدكتور الدكتوره المهندس المهندسه الاستاذ الاستاذه السيد السيده")
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Removable:
    """Words that can be left out.

    Attributes:
        first: Place of the first.
        end: Place behind the last.
        verb: Place of the verb whose object comes behind them: without it they are no words that can be left out. None
            where they are that by themselves.
    """

    first: int
    end: int
    verb: int | None = None


def removable(
    own: Sequence[Sequence[str]], words: Sequence[str], sentences: NDArray[np.int64], needs: NDArray[np.int64]
) -> list[Removable]:
    """What can be left out, ascending, without overlap.

    Args:
        own: The last word of each, letters unified; empty for one without letters or digits.
        words: As they stand in the text.
        sentences: The number of each word's sentence, ascending.
        needs: As in :class:`mujaz.models.clauses.Boundaries`.
    """
    plain = [this[0] if this else "" for this in own]
    by_themselves = (
        *_brackets(plain, words),
        *_insertions(plain, words),
        *_days(plain, words, sentences),
        *_honorifics(plain, words),
    )
    found = [*_before_what_is_said(plain, words, sentences, needs), *(Removable(*span) for span in by_themselves)]
    kept: list[Removable] = []
    for one in sorted(found, key=lambda span: (span.first, -span.end)):
        inside = one.first > 0 and one.end < len(own) and sentences[one.first - 1] == sentences[one.end]
        apart = not kept or one.first >= kept[-1].end
        harmless = not denies(own[one.first : one.end]) and not any(map(_TELLS.fullmatch, plain[one.first : one.end]))
        if inside and apart and harmless and _paired(words[one.first : one.end]):
            kept.append(one)
    return kept


def shortened(
    own: Sequence[Sequence[str]],
    words: Sequence[str],
    sentences: NDArray[np.int64],
    costs: Boundaries,
    keep: NDArray[np.float64],
    likely: float,
) -> tuple[NDArray[np.int64], Boundaries]:
    """The places of the words of an article that a summary is made of, and what it costs to start and end with each.

    Args:
        own: As in :func:`removable`.
        words: As there.
        sentences: As there.
        costs: Of all words.
        keep: How likely a summary has each word.
        likely: Words stay that a summary has as likely as this, on average.
    """
    left_out = [
        one for one in removable(own, words, sentences, costs.needs) if keep[one.first : one.end].mean() < likely
    ]
    if not left_out:
        return np.arange(len(words)), costs
    kept = np.ones(len(words), dtype=bool)
    start = costs.start.copy()
    for one in left_out:
        kept[one.first : one.end] = False
        if one.verb is not None:
            start[one.verb + 1 : one.first] = NEVER
    places = np.flatnonzero(kept)
    return places, replace(costs, start=start).at(places)


def _paired(words: Sequence[str]) -> bool:
    """Whether all brackets and quotation marks that open in some words also close there."""
    text = " ".join(words)
    return all(text.count(opens) == text.count(closes) for opens, closes in _PAIRS) and text.count('"') % 2 == 0


def _before_what_is_said(
    plain: Sequence[str], words: Sequence[str], sentences: NDArray[np.int64], needs: NDArray[np.int64]
) -> Iterator[Removable]:
    """When and where something was said, between who said it and what."""
    for verb, word in enumerate(plain):
        name = word if word in _HAS_OBJECT else word[1:] if word[:1] in ("و", "ف") else ""
        if name not in _HAS_OBJECT or (name == "بين" and _is_between(plain, words, sentences, verb)):
            continue
        that = _object(plain, sentences, verb, name, int(needs[verb]))
        first = next((at for at in range(verb + 2, that) if _opens(plain, at)), that)
        while first < that and first - 1 > verb and plain[first - 1] in _BEFORE_DAYS:
            first -= 1
        if any(plain[at].lstrip("وف") in _SAYS or plain[at] in SAYING for at in range(first, that + 1)):
            continue  # another says something in between
        if not _RELATIVE.isdisjoint(plain[verb:first]) or (first == verb + 1 and that - first > _LONGEST_DAY):
            continue  # "said A, who met yesterday B, that", and who said it may stand behind the day
        commas = [at for at in range(first, that) if words[at].endswith(_COMMAS)]
        end = commas[-1] + 1 if commas else that  # behind it may stand whom it was said to
        if first < end:
            yield Removable(first, end, verb)


def _is_between(plain: Sequence[str], words: Sequence[str], sentences: NDArray[np.int64], at: int) -> bool:
    """Whether a word means "between", and not "made clear", which opens a clause."""
    opens = at == 0 or sentences[at - 1] != sentences[at] or words[at - 1].endswith(_COMMAS)
    return not opens and plain[at - 1] != "كما"


def _opens(plain: Sequence[str], at: int) -> bool:
    """Whether when or where begins to be said here."""
    if plain[at] in _OF_DAYS:
        return _without_and(plain[at - 1]) not in _DAY_BELONGS_TO
    return plain[at] in _WHEN_AND_WHERE and plain[at - 1] not in _NEED_WHERE


def _object(plain: Sequence[str], sentences: NDArray[np.int64], verb: int, name: str, needed: int) -> int:
    """The place of a verb's object, 0 where there is none."""
    for at in range(verb + 2, min(verb + _LONGEST, len(plain))):
        if sentences[at] != sentences[verb]:
            return 0
        if _THAT.fullmatch(plain[at]):
            if name not in _SAYS or plain[at - 1].removeprefix("و") in _ANOTHER_THAT:
                return 0
            return at - 1 if plain[at - 1] in _LEADS_TO_THAT else at
        if plain[at] == "عما" and name in _SAYS:
            return at
        if needed and at == verb + needed - 2 and plain[at] in OBJECTS.get(name, ()):
            return at
    return 0


def _brackets(plain: Sequence[str], words: Sequence[str]) -> Iterator[tuple[int, int]]:
    for first, word in enumerate(words):
        if not word.startswith(("(", "[")) or _has_a_name(plain, first) or _lists(plain, first):
            continue
        for end in range(first, min(first + _LONGEST_BRACKET, len(words))):
            if _CLOSED.search(words[end]):
                inside = set(plain[first : end + 1])
                aged = inside & {"عاما", "سنه"} and not _TEAMS.isdisjoint(plain[max(0, first - 6) : first])
                says = any(len(one) > 1 and not one.isdigit() for one in inside)  # "(1500) books" are counted in them
                if not aged and _LIMITS.isdisjoint(inside) and says:
                    yield first, end + 1
                break


def _lists(plain: Sequence[str], at: int) -> bool:
    """Whether the words before name nothing without what follows: "which includes", "they are"."""
    verb = at > 1 and plain[at - 2] in ("التي", "الذي") and bool(_TO_COME.fullmatch(plain[at - 1]))
    return verb or (bool(at) and plain[at - 1] in _LIST)


def _has_a_name(plain: Sequence[str], at: int) -> bool:
    """Whether the word before has a name behind it: a hospital, a type."""
    before = plain[at - 1] if at else ""
    without = (before[letters:] for letters in (1, 2, 3) if len(before) > letters + 2)  # "in the", "of the"
    return before in _HAVE_NAMES or any(form in _HAVE_NAMES for form in without)


def _insertions(plain: Sequence[str], words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """What is added between two commas."""
    commas = [at for at, word in enumerate(words[:-1]) if word.endswith(_COMMAS)]
    for one, other in pairwise(commas):
        if other - one > _LONGEST_INSERTION or plain[one + 1] not in _INSERTED or plain[other + 1].startswith("و"):
            continue
        that = other + 1 + (plain[other + 1] in _LEADS_TO_THAT)
        leads_to_that = that < len(plain) and bool(_THAT.fullmatch(plain[that]))
        if plain[one + 1] == "وفي" and not leads_to_that:
            continue  # another sentence: ", and in the evening, the guests left"
        if leads_to_that and not _SAYS.isdisjoint(plain[one + 1 : other + 1]):
            continue  # ", while the member said, that"
        listed = plain[other + 1] == plain[one + 1] or plain[max(0, one - 1)] == plain[one + 1]
        if (
            not listed
            and _NEWS.isdisjoint(plain[one:other])
            and _COMING.isdisjoint(plain[one : other + 1])
            and not _goes_on(plain, words, one, other)
        ):
            yield one + 1, other + 1


def _goes_on(plain: Sequence[str], words: Sequence[str], opens: int, comma: int) -> bool:
    """Whether what stands behind the second of two commas belongs to the word before it: "the trainer, Jose Mourinho, …"."""
    this = plain[comma + 1]
    if this in _IS_WHO and plain[opens + 1] not in _PLACE_OR_DAY:
        return True
    if this in OPENERS or this in LEADING or _THAT.fullmatch(this) or _TO_COME.fullmatch(this):
        return False
    return any(word.endswith(_COMMAS) for word in words[comma + 1 : comma + 5])


def _days(plain: Sequence[str], words: Sequence[str], sentences: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """When, to the day."""
    at = 1
    while at < len(plain) - 1:
        end = _day(plain, at) if plain[at] in _MAY_BE_DAYS else at
        if at < end < len(plain) and words[end] not in "-–" and not _is_needed(plain, sentences, at, end):
            yield at, end
        at = max(at + 1, end)


def _is_needed(plain: Sequence[str], sentences: NDArray[np.int64], at: int, end: int) -> bool:
    """Whether a sentence needs a day: it is what the sentence speaks of, it is one of two, denied, or to come."""
    behind = plain[end]
    if _without_and(plain[at - 1]) in _DAY_BELONGS_TO or behind in _ABOUT_DAYS:
        return True
    if behind[:1] == "و" and (behind[1:] in _DAY_NAMES or behind[1:] in _AND_DAYS):
        return True
    first, last = np.searchsorted(sentences, [sentences[at], sentences[at] + 1]).tolist()
    around = [*plain[first:at], *plain[end:last]]
    if any(_without_and(word) in _DAY_NAMES for word in around) or not _NEGATIONS.isdisjoint(plain[first:at]):
        return True
    said = plain[at:end]
    dated = not _DAYS.intersection(said)
    return not _COMING.isdisjoint(said) or (dated and bool(_TO_COME.fullmatch(plain[first])))


def _without_and(word: str) -> str:
    return word[1:] if word[:1] in ("و", "ف") and len(word) > 3 else word


def _day(plain: Sequence[str], at: int) -> int:
    """The place behind a day that is named here; ``at`` where none is."""
    text = " ".join([*(word or "-" for word in plain[at : at + 8]), ""])
    match = _DAY.match(text)
    return at + match.group().count(" ") if match else at


def _honorifics(plain: Sequence[str], words: Sequence[str]) -> Iterator[tuple[int, int]]:
    for at, word in enumerate(plain):
        for title in _HONORIFICS.get(word, ()):
            end = at + len(title)
            if tuple(plain[at:end]) == title:
                if not _has_a_name(plain, at) and _honours(plain, words, at, end):
                    yield at, end
                break


def _honours(plain: Sequence[str], words: Sequence[str], at: int, end: int) -> bool:
    """Whether what looks like an honorific is one: a name or an office comes behind it."""
    title, behind = plain[at], plain[end] if end < len(plain) else ""
    if title in _ONLY_BEFORE_TITLES:
        return behind in _TITLES
    if behind in _OFFICES:
        return True
    if len(behind) < 3 or behind in _NO_NAMES_BEHIND or re.match("[وفبلك]?ال|لل", behind):
        return behind in _TITLES
    if title in ("السيد", "السيده"):  # also a name: Muhammad Alsayyid
        before = _without_and(plain[at - 1])
        return before in OPENERS or before in _OFFICES or before in LEADING or words[at - 1].endswith(_COMMAS)
    return True
