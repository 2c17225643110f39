"""What can be left out of the middle of a stretch of news so that the rest still reads, and still says what is so.

That is when something was said and where ("قال الوزير [في مؤتمر صحافي أمس] إن"), the day, an honorific, what stands in
brackets, and what is added between two commas. It is found by its words alone. Nothing that denies, doubts or is a condition
is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mujaz.models.clauses import NEVER, Boundaries
from mujaz.models.denials import denies
from mujaz.models.news_verbs import OBJECTS

_COMMAS = ("،", ",")
_CLOSED = re.compile(r"[)\]][،,]?$")
_PAIRS = (("«", "»"), ("(", ")"), ("[", "]"), ("“", "”"))
_LONGEST = 25  # words between a verb and what was said
_LONGEST_INSERTION = 14
_LONGEST_BRACKET = 10


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


# Letters are unified in all of them.
_SAYS = frozenset(OBJECTS) | _words(
    """اكد اكدت يؤكد تؤكد اعلن اعلنت يعلن تعلن اعتبر اعتبرت راي رات بين بينت لفت لفتت توقع توقعت اقر اقرت قرر قررت نقل نقلت
    ابلغ ابلغت نفي نفت"""
)
_THAT = re.compile("ان(?:ه|ها|هم|هما)?")
_LEADS_TO_THAT = _words("علي عن الي بعد من")
_WHEN_AND_WHERE = _words(
    """في وفي خلال عقب امس اليوم مساء صباح عبر لدي ضمن بمناسبه لوكاله لصحيفه لقناه لاذاعه لبرنامج لراديو لموقع اثناء يوم"""
)
_INSERTED = _WHEN_AND_WHERE | _words(
    "الذي التي الذين والذي والتي وهو وهي وهم وذلك حسب بحسب وفق وفقا انعقد انعقدت عقد عقدت"
)
_WEEKDAY = "(?:السبت|الاحد|الاثنين|الثلاثاء|الاربعاء|الخميس|الجمعه)"
_MONTH = (
    "(?:يناير|فبراير|مارس|ابريل|افريل|نيسان|مايو|ماي|ايار|يونيو|حزيران|جوان|يوليو|تموز|جويليه|اغسطس|اب|اوت|سبتمبر|ايلول|اكتوبر"
    "|نوفمبر|ديسمبر|جانفي|فيفري|شباط|اذار)"
)
_TIME_OF_DAY = "(?:بعد |قبل )?(?:مساء|صباح|ظهر|فجر|ليله?|عصر) "
_DAY = re.compile(  # not the first day, the national day
    rf"(?:(?:{_TIME_OF_DAY})?"
    rf"(?:امس (?:الاول )?(?:{_WEEKDAY} )?|اليوم (?!(?!{_WEEKDAY} )ال)(?:{_WEEKDAY} )?|يوم (?:امس|{_WEEKDAY}) )"
    rf"|{_TIME_OF_DAY}{_WEEKDAY} )"
    rf"(?:الماضي |الجاري |الحالي |المقبل |القادم |المنصرم )?(?:(?:\d{{1,2}}|غره) {_MONTH} (?:\d{{4}} )?)?"
)
_OF_DAYS = _words("امس اليوم يوم مساء صباح")
_NOT_A_DAY_BEHIND = _words(
    """في من منذ حتي قبل بعد الي خلال علي عن بين كل هذا لهذا ذلك نفس ذات مثل غير
    المصري صحيفه جريده قناه موقع مجله برنامج"""
)
# Days that these have are theirs: "yesterday's session".
_HAVE_DAYS = _words(
    """جلسه جلسات تداول تداولات تعاملات معاملات طقس مباراه مباريات صحف عدد حلقه افتتاحيه نشره صباح مساء نهار احداث خطبه صلاه
    موعد امسيه ليله نهايه بدايه مطلع ختام اغلاق اجتماع لقاء قمه عمل اعمال"""
)
# What stands behind these belongs to them: a type (F-16), the hospital of a doctor.
_HAVE_NAMES = _words(
    """طراز نوع ماركه اسم باسم عنوان بعنوان شعار برنامج فيلم كتاب مسرحيه مسلسل صحيفه قناه شركه فريق وكاله حزب مجله معرض روايه
    مجموعه مشروع حمله مبادره لقب وسم منصه تطبيق موقع طائره سفينه صاروخ مستشفي مركز شارع مدرسه جامعه مسجد جامع مؤسسه جائزه
    كليه طريق جسر ميدان معهد قاعه دار عياده مجمع كاس حي مدينه بطوله كرسي وقف"""
)
_HONORIFICS = (
    ("صاحب", "السمو", "الملكي"),
    ("صاحب", "السمو"),
    ("صاحبه", "السمو", "الملكي"),
    ("صاحبه", "السمو"),
    *(
        (word,)
        for word in _words("سمو معالي سعاده فضيله الدكتور الدكتوره المهندس المهندسه الاستاذ الاستاذه السيد السيده")
    ),
)


# Words are left out that a summary has less likely than this, on average; how many does not matter much (benchmarks/LOG.md).
LIKELY = 0.17


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
    by_themselves = (*_brackets(plain, words), *_insertions(plain, words), *_days(plain, words), *_honorifics(plain))
    found = [*_before_what_is_said(plain, words, sentences, needs), *(Removable(*span) for span in by_themselves)]
    kept: list[Removable] = []
    for one in sorted(found, key=lambda span: (span.first, -span.end)):
        inside = one.first > 0 and one.end < len(own) and sentences[one.first - 1] == sentences[one.end]
        apart = not kept or one.first >= kept[-1].end
        if inside and apart and not denies(own[one.first : one.end]) and _paired(words[one.first : one.end]):
            kept.append(one)
    return kept


def shortened(
    own: Sequence[Sequence[str]],
    words: Sequence[str],
    sentences: NDArray[np.int64],
    costs: Boundaries,
    keep: NDArray[np.float64],
) -> tuple[NDArray[np.int64], Boundaries]:
    """The places of the words of an article that a summary is made of, and what it costs to start and end with each.

    Args:
        own: As in :func:`removable`.
        words: As there.
        sentences: As there.
        costs: Of all words.
        keep: How likely a summary has each word.
    """
    left_out = [
        one for one in removable(own, words, sentences, costs.needs) if keep[one.first : one.end].mean() < LIKELY
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
        if word not in _SAYS and not (word[:1] in ("و", "ف") and word[1:] in _SAYS):
            continue
        that = _object(plain, sentences, verb, int(needs[verb]))
        first = next((at for at in range(verb + 2, that) if _opens(plain, at)), that)
        commas = [at for at in range(first, that) if words[at].endswith(_COMMAS)]
        end = commas[-1] + 1 if commas else that  # behind it may stand whom it was said to
        if first < end:
            yield Removable(first, end, verb)


def _opens(plain: Sequence[str], at: int) -> bool:
    """Whether it begins to be said here when or where."""
    return plain[at] in _WHEN_AND_WHERE and not (
        plain[at] in _OF_DAYS and plain[at - 1] in _NOT_A_DAY_BEHIND | _HAVE_DAYS
    )


def _object(plain: Sequence[str], sentences: NDArray[np.int64], verb: int, needed: int) -> int:
    """The place of a verb's object, 0 where there is none."""
    for at in range(verb + 2, min(verb + _LONGEST, len(plain))):
        if sentences[at] != sentences[verb]:
            return 0
        if _THAT.fullmatch(plain[at]):
            return at - 1 if plain[at - 1] in _LEADS_TO_THAT else at
        if plain[at] == "عما":
            return at
        if needed and at == verb + needed - 2 and plain[at] in OBJECTS.get(plain[verb].lstrip("وف"), ()):
            return at
    return 0


def _brackets(plain: Sequence[str], words: Sequence[str]) -> Iterator[tuple[int, int]]:
    for first, word in enumerate(words):
        if not word.startswith(("(", "[")) or plain[first - 1] in _HAVE_NAMES:
            continue
        for end in range(first, min(first + _LONGEST_BRACKET, len(words))):
            if _CLOSED.search(words[end]):
                yield first, end + 1
                break


def _insertions(plain: Sequence[str], words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """What is added between two commas."""
    commas = [at for at, word in enumerate(words[:-1]) if word.endswith(_COMMAS)]
    for one, other in pairwise(commas):
        if other - one <= _LONGEST_INSERTION and plain[one + 1] in _INSERTED and not plain[other + 1].startswith("و"):
            yield one + 1, other + 1


def _days(plain: Sequence[str], words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """When, to the day."""
    at = 1
    while at < len(plain) - 1:
        end = _day(plain, at)
        if at < end < len(plain) and plain[at - 1] not in _NOT_A_DAY_BEHIND | _HAVE_DAYS and words[end] not in "-–":
            yield at, end
        at = max(at + 1, end)


def _day(plain: Sequence[str], at: int) -> int:
    """The place behind a day that is named here; ``at`` where none is."""
    text = " ".join([*(word or "-" for word in plain[at : at + 8]), ""])
    match = _DAY.match(text)
    return at + match.group().count(" ") if match else at


def _honorifics(plain: Sequence[str]) -> Iterator[tuple[int, int]]:
    for at in range(len(plain)):
        for title in _HONORIFICS:
            if plain[at - 1] not in _HAVE_NAMES and tuple(plain[at : at + len(title)]) == title:
                yield at, at + len(title)
                break
