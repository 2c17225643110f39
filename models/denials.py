"""Which words of an article a sentence denies, doubts, takes back or makes depend on something, by its words alone.

A stretch of an article that leaves such a word out says the opposite, or says it as a fact. The word may stand before the
stretch ("denied that", "if"), behind it ("the picture of … is fake", "…, unless"), or open the sentence after it ("But the
document is forged").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from mujaz.models.arabic_words import table
from mujaz.models.arabic_words import words as words_of

STOPS = re.compile(r"[.؛;:!؟?][»”\")\]]*$")
TITLE = re.compile(r"\W*(?:[^\W\d_]\.)+")  # "د." of a doctor, "أ.د." of a professor
_SIGNS = '.,،؛;:!؟?…«»“”"()[]-–—'
COMMAS = re.compile(r"[،,\-–—][»”\")\]]*$")

# Letters are unified in all of them. Without the conjunction or preposition that may stand in front.
# What denies, doubts, warns or is a condition does so to the end of its sentence,
_DENIALS = table(
    """نفي نفت نفوا ينفي تنفي ينفون نافيا نافيه كذب كذبت تكذيب استبعد استبعدت استبعدوا يستبعد تستبعد المستبعد مستبعدا مستبعده
    شكك شككت شككوا يشكك تشكك زعم زعمت زعموا يزعم تزعم مزاعم ادعي ادعت ادعوا يدعي تدعي حذر حذرت حذروا يحذر تحذر محذرا محذره
    يامل تامل ياملون املا يخشي تخشي شائعات شائعه شايعات اشاعه اشاعات انكر انكرت ينكر رفض رفضت رفضوا يرفض ترفض
    فشل فشلت فشلوا اخفق اخفقت احبط احبطت احبطوا افشل افشلت الغي الغت الغوا يلغي تلغي برات براءه تبرئه منع منعت حظر حظرت
    لم لن لا ليس ليست ليسوا كاد يكاد لولا لو اذا ادعاء ادعاءات ادعاؤه يبدو ربما يرجح ترجح رجح رجحت يحتمل يعتقد تعتقد
    ساخر ساخره المتهم المتهمه المدان فند فندت فندوا يفند تفند دحض دحضت يدحض تدحض اوشك اوشكت يوشك توشك يمكن عجزت تعذر"""
)
# what takes back what it names, or keeps it from happening, for some words of its clause: "an attempt to", "acquittal of",
_TAKEN_BACK = table("عدم غير دون بدون محاوله محاولات الغاء تاجيل ارجاء احباط افشال منع حظر وقف ايقاف نفي تكذيب")
REACH = 6  # words
# Not denials where those come behind them: "however", "is still", "above all".
_NO_DENIAL = {"غير": table("ان انه انها انهم"), "لا": table("يزال تزال يزالون سيما")}
# and these where عن comes after them.
_GIVES_UP = table("تراجع تراجعت يتراجع تتراجع تخلي تخلت عدل عدلت تنازل تنازلت")
# What people pass on, where it is people who do: stocks are traded with the same verb.
_PASSES_ON = table("تداول تداولت يتداول تتداول تناقل تناقلت يتناقل تتناقل تداوله تداولها")
_PEOPLE = table("ناشطون نشطاء مستخدمون مستخدمو رواد مغردون متابعون مدونون حسابات صفحات ناشطين مستخدمين ناس الناس")
_CORRECTS = table("تصحيح تصويب")
# A condition that follows what depends on it, in one word or in two.
_CONDITIONS = table("اذا لو لولا")
_CONDITIONS_OF_TWO = {
    *(("في", "حال"), ("حال", "عدم"), ("حاله", "عدم"), ("ما", "لم")),
    *((word, "ان") for word in table("شرط شريطه بشرط")),
}
_NO_CONDITION_BEHIND = table("ما حتي كما")  # "whether", "even if", "as if"
# What calls false what was said before it, in one word or in two.
_FALSE = table(
    """كاذب كاذبه كاذبا كاذبتان كاذبان مفبرك مفبركه مفبركا مزيف مزيفه مزيفا ملفق ملفقه ملفقا مضلل مضلله مضللا زائف زائفه
    زائفا زايف زايفه مختلق مختلقه"""
)
_FALSE_OF_TWO = {
    *(("غير", word) for word in table("صحيح صحيحه صحيحا صحيحين حقيقي حقيقيه دقيق دقيقه واقعي")),
    *(("لا", word) for word in table("صحه اساس وجود")),
    *(("عار", word) for word in ("عن", "تماما")),
    *(("عاريه", word) for word in ("عن", "تماما")),
    *(("ليس", word) for word in table("صحيحا حقيقيا دقيقا")),
    *(("ليست", word) for word in table("صحيحه حقيقيه دقيقه")),
}
_FIRST_OF_TWO = {first for first, _ in _CONDITIONS_OF_TWO | _FALSE_OF_TWO}
_ANY = _DENIALS | _TAKEN_BACK | _CONDITIONS | _FALSE
# What speaks of the sentence before.
_TURNS = table("لكن لكنه لكنها الا بيد غير وتبين تبين اتضح واتضح ولكن")
# What does not take place after all, right behind such a word: "…, but the palace called the visit off".
_CALLS_OFF = table("الغي الغت الغوا الغيت تاجل تاجلت ارجا ارجات ارجئ ارجئت اعتذر اعتذرت")
_RUMOURS = table(
    """الخبر الاخبار الانباء الصوره الصور الفيديو المقطع المقاطع الوثيقه الادعاء الادعاءات المعلومات المعلومه المنشور
    المنشورات الشائعه الشائعات التصريح التصريحات البيان التسجيل التسجيلات الحساب
    الرساله المقال التغريده"""
)


def denied_before(
    own: Sequence[Sequence[str]], words: Sequence[str], sentences: NDArray[np.int64]
) -> NDArray[np.int64]:
    """For each place, that of the word before it in its sentence that denies it or takes it back; -1 where there is none.

    A colon or a semicolon takes nothing back; what takes back reaches as far as its clause, and :data:`REACH` words.

    Args:
        own: The last word of each, letters unified; empty for one without letters or digits.
        words: As they stand in the text.
        sentences: The number of each word's sentence, ascending.
    """
    found = np.full(len(own), -1)
    by, back, left = -1, -1, 0
    for place, this in enumerate(own):
        if place and sentences[place] != sentences[place - 1]:
            by, left = -1, 0
        found[place] = back if left else by
        left = 0 if stops(words[place]) or COMMAS.search(words[place]) else max(0, left - 1)
        if not this:
            continue
        forms = _forms(this[0])
        if _word(own, place + 1) in _NO_DENIAL.get(this[0].removeprefix("و"), ()):
            forms = set()
        if forms & _DENIALS or _denies_with_others(own, words, place, forms):
            by = place
        if forms & _TAKEN_BACK:
            back, left = place, REACH
    return found


def _denies_with_others(own: Sequence[Sequence[str]], words: Sequence[str], place: int, forms: set[str]) -> bool:
    """Whether it is the words around it that make a denial, a rumour or a condition of this one."""
    if forms & _GIVES_UP and ["عن"] in own[place + 1 : place + REACH]:
        return True
    if forms & _PASSES_ON:
        return any(not _PEOPLE.isdisjoint(one) for one in own[place + 1 : place + 4])
    if forms & _CORRECTS:
        return words[place].endswith(":") or (_word(own, place + 1) == "" and words[place + 1 : place + 2] == [":"])
    return (_word(own, place - 1).lstrip("و"), _word(own, place)) in _CONDITIONS_OF_TWO


def denied_behind(
    own: Sequence[Sequence[str]], words: Sequence[str], sentences: NDArray[np.int64]
) -> NDArray[np.int64]:
    """For each place, that of a word after it that calls its clause or sentence false or a condition; -1 without one.

    What calls off ("but … cancelled the visit") reaches back over its sentence, and where that opens with "but" over the one
    before. What calls false reaches back to the last comma or stop; over its sentence, where it speaks of something said
    before ("then it turned out that the account is fake"); and over the sentence before, where its own opens with "but" or
    names the rumour. A condition reaches back over its clause, and over the one before where it opens it.

    Args:
        own: As in :func:`denied_before`.
        words: As they stand in the text.
        sentences: The number of each word's sentence, ascending.
    """
    found = np.full(len(own), -1)
    before = range(0)
    for _, group in groupby(range(len(own)), key=lambda place: int(sentences[place])):
        places = list(group)
        clause = earlier = places[0]
        for place in places:
            if is_condition(own, place):
                found[earlier if place == clause else clause : place] = place
            elif _calls_off(own, clause, place):
                found[places[0] : place] = place
                if clause == places[0]:
                    found[before.start : before.stop] = place
            elif _calls_false(own, place):
                # "…, then it turned out that the account is fake": of all that its sentence said before
                found[places[0] if _of_before(own, clause, place) else clause : place] = place
                if _of_before(own, places[0], place):
                    found[before.start : before.stop] = place
            if stops(words[place]) or COMMAS.search(words[place]):
                earlier, clause = clause, place + 1
        before = range(places[0], places[-1] + 1)
    return found


def denies(own: Sequence[Sequence[str]]) -> bool:
    """Whether any of some words denies, doubts, takes back, calls false or makes a condition."""
    pairs = ((_word(own, place), _word(own, place + 1)) for place in range(len(own)))
    return any(this and not _ANY.isdisjoint(_forms(this[0])) for this in own) or any(
        pair in _CONDITIONS_OF_TWO or pair in _FALSE_OF_TWO for pair in pairs
    )


def stops(word: str) -> bool:
    """Whether a clause ends with it for good."""
    return bool(STOPS.search(word)) and not TITLE.fullmatch(word)


def is_condition(own: Sequence[Sequence[str]], place: int) -> bool:
    """Whether a condition starts here of what stands before."""
    this = _word(own, place)
    if this in _CONDITIONS:
        before = _word(own, place - 1)
        return bool(before) and before not in _NO_CONDITION_BEHIND
    return place > 0 and this in _FIRST_OF_TWO and (this, _word(own, place + 1)) in _CONDITIONS_OF_TWO


def in_condition(own: Sequence[Sequence[str]], place: int) -> bool:
    """Whether this is the second word of two that make a condition: "ما لم" without its first is "did not"."""
    before = _word(own, place - 1)
    return before in _FIRST_OF_TWO and (before, _word(own, place)) in _CONDITIONS_OF_TWO


def phrase(words: Sequence[str], place: int) -> str:
    """The denial or condition at a place, of one word or two, as it stands in the text, less signs around it."""
    own = [words_of(word)[-1:] for word in words[place : place + 2]]
    two = (_word(own, 0).lstrip("و"), _word(own, 1)) in _CONDITIONS_OF_TWO | _FALSE_OF_TWO
    return " ".join(words[place : place + 1 + two]).strip(_SIGNS)


def _calls_false(own: Sequence[Sequence[str]], place: int) -> bool:
    this = _word(own, place)
    for form in (this, this.removeprefix("و"), this.removeprefix("ب")):
        if form in _FALSE or (form in _FIRST_OF_TWO and (form, _word(own, place + 1)) in _FALSE_OF_TWO):
            return True
    return False


def _calls_off(own: Sequence[Sequence[str]], first: int, place: int) -> bool:
    """Whether a clause that opens with "but" says here that something was cancelled or put off."""
    return _word(own, place) in _CALLS_OFF and _word(own, first) in _TURNS and place - first < REACH


def _of_before(own: Sequence[Sequence[str]], first: int, place: int) -> bool:
    """Whether what calls false speaks of the sentence before."""
    at = first + (_word(own, first) == "ثم")  # "then it turned out"
    return _word(own, at) in _TURNS or any(not _RUMOURS.isdisjoint(one) for one in own[first:place])


def _word(own: Sequence[Sequence[str]], place: int) -> str:
    return own[place][0] if 0 <= place < len(own) and own[place] else ""


def _forms(word: str) -> set[str]:
    """A word, and without the letters in front of it that may be a conjunction and a preposition."""
    without = word[1:] if word[0] in "وف" else word
    return {word, without, *(one[1:] for one in (word, without) if one[:1] in ("ب", "ل"))}
