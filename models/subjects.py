"""Where the subject of a verb ends, as far as the words of a sentence of news tell: it comes right behind its verb there.

It ends before what the verb has its object with, a preposition or "that"; and before an indefinite noun that stands behind a
definite one. Where something else may stand in between, somebody who is spoken to or when it was, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mujaz.models.arabic_names import TABLE as NAMES
from mujaz.models.arabic_words import table
from mujaz.models.arabic_words import words as words_of
from mujaz.models.headline_words import (
    DEEDS,
    ENDS_IN_AN,
    ENDS_IN_WN,
    MANY,
    OWN_LETTER,
    PARTS_OF,
    SAYING,
    SPEAK_TO,
    THINGS,
)
from mujaz.models.news_verbs import OBJECTS, OPENERS
from mujaz.models.word_bases import LEADING

LONGEST_SUBJECT = 9  # words
_FARTHEST = 20  # words from a verb to its object

# What their objects begin with: a preposition, "that", or nothing.
_THAT_OR_NOTHING = "اكد اكدت يؤكد تؤكد نفي نفت ينفي تنفي توقع توقعت قرر قررت يتوقع تتوقع"
_NOTHING = """اقر اقرت رفض رفضت يرفض ترفض اصدر اصدرت يصدر تصدر حقق حققت يحقق تحقق سجل سجلت يسجل تسجل شهد شهدت يشهد تشهد نظم
    نظمت ينظم تنظم اطلق اطلقت يطلق تطلق اعتمد اعتمدت واصل واصلت يواصل تواصل طرح طرحت يطرح تطرح استضاف استضافت يستضيف
    تستضيف احتضن احتضنت يحتضن تحتضن نفذ نفذت ينفذ تنفذ دشن دشنت يدشن تدشن عقد عقدت يعقد تعقد اقام اقامت يقيم تقيم
    انهي انهت ينهي تنهي قدم قدمت يقدم تقدم بحث بحثت يبحث تبحث ناقش ناقشت يناقش تناقش اختتم اختتمت يختتم تختتم افتتح
    افتتحت يفتتح تفتتح تلقي تلقت استعرض استعرضت اجري اجرت يجري تجري وقع وقعت يوقع اوقف اوقفت ضبط ضبطت ادان ادانت
    يدين تدين انتقد انتقدت ينتقد تنتقد استنكر استنكرت يستنكر تستنكر هاجم هاجمت يهاجم تهاجم"""
GOVERNS = {
    **OBJECTS,
    **dict.fromkeys(table("اعتبر اعتبرت يعتبر تعتبر راي رات يري تري"), ("ان",)),
    **dict.fromkeys(table("احتفل احتفلت يحتفل تحتفل"), ("ب-",)),
    **dict.fromkeys(table(_THAT_OR_NOTHING), ("ان", "")),
    **dict.fromkeys(table("اعلن اعلنت يعلن تعلن"), ("ان", "عن", "")),
    **dict.fromkeys(table(_NOTHING), ("",)),
    **dict.fromkeys(table("بدا بدات يبدا تبدا"), ("", "في")),
}
BEFORE_THAT = table("الي علي عن من")
THAT_HE = re.compile("ب?ان(?:ه|ها|هم|هما)?")
# In no subject: clauses, and what says when, how and how often.
_NO_SUBJECT = SAYING | table(
    """الذي التي الذين ما لم لا لن قد كان كانت هو هي ذلك هذا هذه انه انها له لها لهم به بها فيه فيها عليه عليها ان بان
    لكن بل ثم حيث الا اذا لو بينما فيما كما ايضا بعد قبل خلال منذ مند عند لدي وسط حسب وفق بحضور برعايه ضمن وضمن حول
    نحو حتي اثناء بقوه بفعاليه بنجاح بكثافه بشكل وهي وهو وهم بالقراءه بالاغلبيه باجماع بالاجماع باستمرار البارحه نشر نشرت
    يبلغ تبلغ يعمل تعمل يدعي تدعي يقطن تقطن للمره وللمره مره وذلك مطلع نهايه اواخر بدايه حاليا رسميا مجددا تدريجيا"""
)
# With these no subject begins; the last are of quotations that are nobody's news.
_NO_HEAD = table(
    "الليله مساء صباح ظهر امس اليوم يوم غدا عشيه اخيرا مؤخرا حديثا امام تعالي سبحانه الله النبي الرسول نفسه نفسها ذاته هؤلاء"
)
DAYS = table(
    """اليوم يوم امس غدا الاسبوع منتصف مساء صباح ظهر فجر ليله عشيه حديثا مؤخرا اخيرا السبت الاحد الاثنين الثلاثاء
    الاربعاء الخميس الجمعه البارحه بتاريخ"""
)
# Parts of a name or an office that begin as "and" does.
_NO_AND = table("وزراء وزاري وزاره وزير وطني وطنيه وكاله وكيل ولايه وحده وحدات والي واحد واشنطن وليد ورشه")
_BODIES = table("وزاره وكاله هيئه شركه مؤسسه جامعه جمعيه بلديه لجنه منظمه دوله حكومه بنك مجموعه")
_WHERE = _BODIES | table(
    """دائره نادي مركز مجلس مدينه منطقه محافظه اماره ولايه العاصمه المملكه الدوله بلده قريه معهد كليه مستشفي ندوه صندوق
    مكتب حركه حزب تيار محكمه"""
)
# "With the support of": theirs is the "of" behind them.
BY_WHOM = table(
    """باسناد بدعم بمساعده بمشاركه بتكليف بدعوه بتوجيه بامر بطلب بتمويل بقرار بمبادره بتنسيق بايعاز بتحريض بضغط باشراف
    بمتابعه بتوجيهات باوامر"""
)
# Behind or before a preposition that is no verb's: "of the province of", "specialized in", "responsible for".
_WHOSE = table("ولايه محافظه معتمديه مدينه منطقه جهه بين قبل مجال العمر عقده عقدها العقد مقتبل")
_UNITS = table("دائره اداره قسم لجنه هيئه فرع نيابه")  # of a body: "the department in the ministry"
_HEADS = _BODIES | table("فريق نادي رئيس وزير حزب اتحاد مجلس مركز منتخب")
LETTERS = table("بي سي اس تي دي في ام")  # of names: BBC, CNN
_LETTERS_BEHIND = LETTERS - table("في ام")  # those two are words as well
_WITH_PREPOSITIONS = table(
    """رائده رايده متخصصه متخصص عامله عاملون عاملين مدرجه واقعه واقع مشاركه مشارك مشاركون مقام مقامه مقيم مقيمه منعقد
    منعقده صادر صادره مسؤول مسؤوله مسوول مسووله منبثقه منبثق مكون مكونه مؤلف مؤلفه مستقل مستقله نائب ممثل عضو ناشط
    خبير خبراء باحث مختص مختصه نهي دفاع ثقه بحث رغبه عجز تعاون"""
)
_VEILS = table("النقاب الستار اللثام")  # what is taken off something
_WOMEN = table(
    "نساء بنات طالبات معلمات سيدات ناشطات لاعبات عاملات موظفات فتيات مواطنات ممرضات مدربات امهات نائبات باحثات"
)
_DO = table("نجح نجحت فشل فشلت شرع شرعت بدا بدات ينجح تنجح يبدا تبدا تسبب تسببت")  # something, and not somewhere
# Heads of a person: what looks like a deed behind them may be the name.
_PERSONS = table(
    """لاعب مدرب رئيس وزير فنان فنانه نجم نجمه ممثل ممثله مطرب مطربه مدير مديره كاتب كاتبه قائد نائب نائبه امين سفير
    وكيل محامي حارس مهاجم مخرج مغني مغنيه اعلامي اعلاميه طبيب طبيبه وزيره رئيسه عضو متحدث ناطق"""
)
# What is made tighter, where the verb of "stressed" means that.
_TIGHTENED = table(
    "الحصار الرقابه الاجراءات الخناق القيود العقوبات الضغط السياسه القبضه الحراسه اللهجه العقوبه التدابير"
)
_BEGINS = table("بدا بدات يبدا تبدا")
# "His striker": what belongs to a subject, and is mostly not part of it.
ITS = re.compile("(?!ال|وال(?!د)|لل|بال|رب|عبد)\\w{2,}(?:ه|ها|هم)[،,]?")
# Nouns of deeds by their letters: تسجيل, تسمية; إطلاق; افتتاح, انطلاق; استخدام.
DEED = re.compile(r"ت\w\wي\w|ت\w\w[يئ]ه|ا\w\wا\w|ا[نستفقجعخم]\w{2}ا\w|ا[نس]ت\w\wا\w")
_PLURAL = re.compile(r"(?!ال)\w{3,}ات")
_CLOSED = re.compile(r"[»”\"]$")
ADDRESSED = re.compile('لـ|ل[«"“]|لل?(?:مراسل|صحيف|وكال|إذاع|اذاع|قنا|موقع|برنامج|جريد)')  # told to somebody
_VENUE = re.compile("ب(?:فندق|قاعه|مقر|ملعب|مسرح|صاله|قصر|ميدان)")
# Given names that look like deeds.
_GIVEN_NAMES = table(
    "ايمان اسماء انتصار اسلام اكرام احسان افنان اشواق الهام انعام اخلاص انتظار اقبال "
    "انطوان ايهاب الياس توفيق ايناس احلام انغام"
)
TANWIN = re.compile("ا\u064b|\u064bا|ة\u064b")
_ADVERB = re.compile("يا\u064b|ي\u064bا")  # عالمياً
_OPENING = tuple("\"«“'‘’(")
_AND_A_NAME = re.compile('و[«"]')
_VERB = re.compile(
    r"س?[يت]\w{3,}(?<!ه)(?<!ات)|ي(?!وم|من)\w{2}|ت(?:مر|عد|قع|ضم|تم|صل|ري|دل|جب|شن|ظل|قف)|\w{3,}(?<!ا)ت|\w{2,}وا"
    r"|است[^\Wاه]{3}|كان|هو|هي|ليس|لا|لم|لن|قد|سوف"
)
RELATIVE = table("الذي التي الذين ما اللذين اللتين")


@dataclass(frozen=True, slots=True)
class Clause:
    """A verb and what comes behind it.

    Attributes:
        said: Its words, as they stand in the text.
        plain: Their letters unified; empty for what is no word.
    """

    said: Sequence[str]
    plain: Sequence[str]

    @classmethod
    def of(cls, said: Sequence[str]) -> Clause:
        """From words as they stand in the text."""
        return cls(said, [(words_of(word) or [""])[-1] for word in said])

    def is_subject(self, end: int) -> bool:
        """Whether the words from the second up to ``end`` can be a subject."""
        inside, text = self.plain[1:end], " ".join(self.said[1:end])
        return (
            1 <= len(inside) <= LONGEST_SUBJECT
            and all(inside)
            and not (inside[0] in LEADING or inside[0] in _NO_HEAD or _joined_preposition(inside[0]))
            and not (self.said[1].endswith("ا") and len(inside[0]) > 3 and inside[0] not in NAMES)  # "joking"
            and _NO_SUBJECT.isdisjoint(inside)
            and not any(word in OPENERS or and_verb(word) for word in inside)
            and text.count("«") == text.count("»")
            and text.count("(") == text.count(")")
            and text.count('"') % 2 == 0
            and ":" not in text
            and not any(map(_VENUE.fullmatch, inside))
            and not any(ADDRESSED.match(word) or TANWIN.search(word) for word in self.said[1:end])
        )

    def object_of(self, wanted: Sequence[str], *, woman: bool) -> int:
        """Where the object begins, if all in front of it is a subject that can stand before its verb; 0 elsewhere.

        Args:
            wanted: What objects of the verb begin with, see :data:`GOVERNS`.
            woman: Whether the verb has the form of hers, which is that of many things as well.
        """
        at = self.object_at(wanted)
        verb, subject = self.plain[0], self.plain[1:at]
        if (
            not self.is_subject(at)  # nor is there one where nothing was found
            or not DAYS.isdisjoint(subject)
            or any(map(ITS.fullmatch, self.said[1:at]))
        ):
            return 0
        if any(word == "في" and not (self._belongs(i) or self._is_somewhere(i)) for i, word in enumerate(subject, 1)):
            return 0
        if subject[0] in _VEILS:  # the veil is taken off: nobody is named who does it
            return 0
        if verb in ("شدد", "شددت") and not _TIGHTENED.isdisjoint(subject):
            return 0
        if verb in ("تسبب", "تسببت") and "في" in self.plain[at + 1 :]:  # which of them is it?
            return 0
        if verb in _BEGINS and not (self._is_deed_in(at) if self.plain[at] == "في" else is_deed(self.plain[at])):
            return 0
        other = not woman and self.said[1].rstrip("،,").endswith("ة")  # "attended the lecture [by many]": an object
        if other or _are_many(subject[0], woman=woman) or _are_two(self.said[1:at], subject):
            return 0
        if at == 2 and (subject[0] in PARTS_OF or (self.plain[at] == "من" and not _is_known(subject[0]))):
            return 0
        return 0 if verb in SPEAK_TO and not _is_short(subject) else at

    def _is_deed_in(self, at: int) -> bool:
        """Whether a noun of a deed stands behind a preposition: begins "in" selling, and not in the market."""
        behind = self.plain[at + 1] if at + 1 < len(self.plain) else ""
        return behind in DEEDS or bool(DEED.fullmatch(behind.removeprefix("ال")))

    def object_at(self, wanted: Sequence[str]) -> int:
        """Where the object begins, whatever stands in front of it; 0 where that cannot be told.

        Args:
            wanted: As in :meth:`object_of`.
        """
        places = range(2, min(len(self.plain), _FARTHEST))
        that = next((at for at in places if "ان" in wanted and self._is_that(at)), 0)
        if that and set(wanted).isdisjoint(self.plain[2 : that - 1]):
            return that - (self.plain[that - 1] in BEFORE_THAT)
        for at in places:
            word = self.plain[at]
            if word in wanted and self._belongs(at):
                continue
            if f"{word[:1]}-" in wanted and word not in OWN_LETTER and word[1:] not in NAMES:
                return at if is_deed(word[1:].removeprefix("ال")) or word.endswith("تين") else 0
            if not word or (word in LEADING and word not in wanted and not self._is_somewhere(at)):
                return 0
            if (word in wanted) or word in _VEILS or ("" in wanted and self._begins_object(at, wanted)):
                return at
        return 0

    def _is_that(self, at: int) -> bool:
        behind = self.plain[at + 1 : at + 2]
        letter = self.plain[at - 1] in LETTERS and not _CLOSED.search(self.said[at - 1])  # not 'of "Radio FM" that'
        that = THAT_HE.fullmatch(self.plain[at]) and not letter
        return bool(that) and _LETTERS_BEHIND.isdisjoint(behind)

    def _begins_object(self, at: int, wanted: Sequence[str]) -> bool:
        """Whether an object without a preposition begins: a noun that cannot belong to the one before it."""
        word, before = self.plain[at], self.plain[at - 1]
        if not (_is_known(before) or _CLOSED.search(self.said[at - 1])):
            return False
        if word in DEEDS and word.startswith("ال"):
            return True
        if "عن" in wanted and "عن" in self.plain[at + 1 : at + 4]:
            return False
        if _goes_with_preposition(before.removeprefix("ال")) or _ADVERB.search(self.said[at]):
            return False
        if not _is_indefinite(self.said[at], word) or self._may_be_a_name(at):
            return False
        return is_deed(word) or not self.said[at - 1].endswith(("،", ","))  # behind a comma it may be an apposition

    def _may_be_a_name(self, at: int) -> bool:
        """Whether what looks like a deed may be somebody's name: another one follows."""
        if self.plain[1].removeprefix("ال") not in _PERSONS or self.plain[at] in DEEDS or self.plain[at] in THINGS:
            return False
        behind = zip(self.said[at + 1 : at + 4], self.plain[at + 1 : at + 4], strict=True)
        return any(is_deed(plain) or is_deed(plain.rstrip("اه")) or TANWIN.search(word) for word, plain in behind)

    def _belongs(self, at: int) -> bool:
        """Whether a preposition belongs to the noun before it: "the guard of the province of", "the leader in"."""
        before, behind = self.plain[at - 1].removeprefix("ال"), self.plain[at + 1 : at + 2]
        if not _LETTERS_BEHIND.isdisjoint(behind):  # "that" is one of them: NBC
            return True
        if self.plain[at] == "من" and before in BY_WHOM:
            return True
        unit = self.plain[1] in _UNITS and any(word.removeprefix("ال") in _WHERE for word in behind)
        if self.plain[0] in _DO and self._is_somewhere(at):
            return True
        return unit or _goes_with_preposition(before) or not _WHOSE.isdisjoint(behind)

    def _is_somewhere(self, at: int) -> bool:
        """Whether "in" and a place or a body belong to the noun before them."""
        behind = self.plain[at + 1 : at + 2]
        return self.plain[at] == "في" and any(word in NAMES or word in _WHERE for word in behind)


def predicate(plain: Sequence[str]) -> int:
    """The place of the first verb outside of relative clauses, in words that begin with a noun; 0 where there is none."""
    relative = False
    for at, word in enumerate(plain[1:], 1):  # the noun may look like a verb
        verb = is_verb(word)
        if verb and not relative:
            return at
        relative = (relative and not verb) or word in RELATIVE
    return 0


def is_verb(plain: str) -> bool:
    """Whether a word looks like a verb, or is what says something as one does: "is not", "she is"."""
    return plain in OPENERS or bool(_VERB.fullmatch(plain) and not DEED.fullmatch(plain) and plain not in NAMES)


def and_verb(word: str) -> bool:
    """Whether a word is "and" with a verb."""
    return word[:1] in ("و", "ف") and len(word) > 3 and word[1:] in OPENERS


def is_deed(plain: str) -> bool:
    """Whether a noun says what is done or organized."""
    return plain not in _GIVEN_NAMES and (plain in DEEDS or plain in THINGS or bool(DEED.fullmatch(plain)))


def takes_genitive(plain: Sequence[str]) -> bool:
    """Whether the form of a noun behind another is known, and its adjectives have it: not of duals and construct plurals."""
    head = plain[0]
    if head in NAMES:
        return True
    construct = head in ("ابو", "اخو", "ذو") or head.endswith("ا") or (len(head) > 3 and head.endswith("و"))
    nominative = any(_is_dual(word) or (_is_plural(word) and word.endswith("ون")) for word in plain[1:2])
    return not (construct or nominative or _is_dual(head))


def genitive(word: str) -> str:
    """A noun as it stands behind another."""
    plain = (words_of(word) or [""])[-1].removeprefix("ال")
    return re.sub("ون(?=[،,]?$)", "ين", word) if len(plain) > 4 and plain not in ENDS_IN_WN else word


def _goes_with_preposition(plain: str) -> bool:
    """Whether a noun, his or hers, may have a preposition of its own: the deputy of a party."""
    return plain in _WITH_PREPOSITIONS or plain.removesuffix("ه") in _WITH_PREPOSITIONS


def _is_known(plain: str) -> bool:
    """Whether a noun is definite or a name."""
    return plain.startswith(("ال", "لل", "وال", "بال")) or plain in NAMES or plain[1:] in NAMES


def _is_indefinite(word: str, plain: str) -> bool:
    """Whether a noun is indefinite, and no name."""
    if plain in NAMES or word.startswith(("ال", "و", *_OPENING)) or _joined_preposition(plain):
        return False
    return is_deed(plain) or bool(_PLURAL.fullmatch(plain)) or (len(plain) > 3 and bool(TANWIN.search(word)))


def _is_short(subject: Sequence[str]) -> bool:
    """Whether a subject is so short that nobody who is spoken to can stand in it."""
    return len(subject) == 1 or (len(subject) == 2 and not subject[0].startswith("ال") and subject[0] not in NAMES)


def _are_two(said: Sequence[str], subject: Sequence[str]) -> bool:
    """Whether a subject is two, which a verb behind it has to say."""
    joined = [
        (at, word[1:]) for at, word in enumerate(subject) if word[:1] == "و" and len(word) > 3 and word not in _NO_AND
    ]
    # Behind "for" they are fields: "the union for industry and trade".
    fields = next((at for at, word in enumerate(subject) if word.startswith("ل")), len(subject))
    if subject[0].startswith("ال") and any(word.startswith("ال") and at < fields for at, word in joined):
        return True
    return any(map(_AND_A_NAME.match, said)) or any(at == 1 or word in NAMES or word in _HEADS for at, word in joined)


def _are_many(plain: str, *, woman: bool) -> bool:
    """Whether a noun is of more than one man or woman, which a verb behind it has to say."""
    bare = plain.removeprefix("ال")
    if woman:
        return bare in _WOMEN
    return (
        bare in MANY
        or plain.isdigit()
        or _is_dual(plain)
        or _is_plural(plain)
        or (len(bare) > 4 and bare.endswith("و"))
    )


def _is_dual(plain: str) -> bool:
    return plain.endswith("ان") and len(plain) > 4 and plain.removeprefix("و").removeprefix("ال") not in ENDS_IN_AN


def _is_plural(plain: str) -> bool:
    bare = plain.removeprefix("و").removeprefix("ال")
    return len(bare) > 4 and bare.endswith(("ون", "ين")) and bare not in ENDS_IN_WN


def _joined_preposition(word: str) -> bool:
    return word[:1] in ("ب", "ل", "ك", "ف") and word not in OWN_LETTER and word not in NAMES
