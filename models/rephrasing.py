"""A stretch of news as a headline says it, by rules: who said it in front, the subject before its verb, a noun for a verb.

"Said the minister that …" becomes "The minister: …", "Called the minister for …" becomes "The minister calls for …", "Rose
the index by …" becomes "Rise of the index by …", "Was done the arrest of …" becomes "The arrest of …". Nothing is added that
the stretch, or what leads to it, does not say, and it is done only where the end of the subject can be told from the words
alone (`mujaz.models.subjects`). All else stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mujaz.models.arabic_names import TABLE as NAMES
from mujaz.models.arabic_words import table
from mujaz.models.arabic_words import words as words_of
from mujaz.models.headline_words import DEEDS, EVENT_NOUNS, EVENTS, NOUNS, PRESENT, SAYS, WAS_DONE
from mujaz.models.news_verbs import OPENERS
from mujaz.models.subjects import (
    ADDRESSED,
    BEFORE_THAT,
    DAYS,
    DEED,
    GOVERNS,
    ITS,
    LETTERS,
    LONGEST_SUBJECT,
    Clause,
    and_verb,
    genitive,
    predicate,
    takes_genitive,
)

FEWEST_BEHIND = 3  # words that are said of a subject
LONGEST_BEFORE_THAT = 16  # words: a verb, who says it, when and where

_THAT = table("ان بان")
_SAID_IN = table(
    """بيان تصريح تصريحات مؤتمر حوار حديث مقابله كلمه افصاح اتصال مداخله رساله تغريده بلاغ ندوه لقاء برنامج خطاب تقرير
    دعوي نسختها عددها طبعتها كتابه مقاله مذكراته"""
)
_PAUSES = ("،", ",", ":", "-", "–", "…")
_IN_TURN = table("كما وقد فقد جانبه جانبها جهته جهتها بدوره بدورها")  # before "said"
# What "and" is joined to where a sentence begins: besides verbs and nouns with the article.
_AFTER_AND = table("كان كانت كانوا قد هناك هذا هذه لم لن ليس ليست جاء جاءت يذكر يشار تم")
_AND_THE = re.compile(r"وال(?!د(?:ه|ها|هم|ته|تها|تهم|ين|ان|يه|يها)?$)\w{3,}")  # not: his father
_TO_COME = re.compile(r"س?[يت]\w{3,}")
_OWN_AND = table(  # begin with that letter
    """ورد وردت وتيره ويليام ويليامز ويلسون ويكيليكس ويكيبيديا ويندوز ويمبلدون ويمبلي ويسترن ويلات ويستهام ويستمنستر وستمنستر
    وسيله وسيلتا وسيلتين وسيلتان وسيطا وسيطه وسيطره وتيرته وتيرتها"""
)
_TEXTS = table("تقرير دراسه مقال استطلاع")  # of a paper, and not told to it
_PRESS = table("للصحفيين للصحافيين للصحافه")
_OF_PRESS = re.compile("(?:ال)?(?:نقاب|اتحاد|جمعي|منظم|هيئ)")  # the union of journalists
_PAPERS = table("المصري صحيفه جريده اخبار")
_HIS_OWN = re.compile("[بلوك]?(?:بلاد|فريق|حكومت|وزارت|حزب|شركت|نادي|دولت|جنود|قوات|مؤسست)(?:ه|ها|هم)")
_IMPERFECT = re.compile(r"[يتن]\w{3,}(?<!ه)")
_PAST = table("امس الماضي الماضيه المنصرم المنصرمه الفارط الفارطه سابقا الفائت مؤخرا اخيرا حديثا قليل ايام")
_YEAR = re.compile(r"1[89]\d\d|20\d\d")
_ALSO_NOUNS = table("سعي تعهد تخلي تفوق كشف رفض بحث توقع تعرض")
_NOUNS_IN_YA = table("سعي تخلي نفي تلقي راي")  # the verbs end in ى
_FATE = re.compile("(?:مصرع|حتف)(?:ه|ها|هم|هما)")
_RAISED = table("صعد صعدت")  # without its doubled letter, to raise is written like to rise
_MOVES = table("هبط هبطت صعد صعدت قفز قفزت ارتفع ارتفعت انخفض انخفضت تراجع تراجعت")
_PUSHED = table("عمليات ضغوط مخاوف توقعات موجه")  # what makes something fall does not fall
_TURNS = table(
    """لكن لكنه لكنها بل ثم الا ولكن ولكنه ولكنها بينما فيما وكان وعزا وارجع ونوه وانتقل وجاء وتم وحضر وخلف وامتد
    واودي واصاب والتهم والتهمت والحق
    والحقت والغت والتحقت والتزمت"""
)
_AND_SHE = re.compile(r"و(?!ال|بيروت|كويت)\w{3,}(?<!ا)ت")  # "and announced"


def rephrased(said: Sequence[str], *, own_words: bool = False) -> list[str] | None:
    """Another way to say a stretch, word by word; None where none is known.

    Args:
        said: Its words, as they stand in the text.
        own_words: Put no word into it that it does not have; its own may still change places.
    """
    this = Clause.of(said)
    if len(said) < 2 + FEWEST_BEHIND:
        return None
    found = _who_said(this) or _what_was_done(this) or (None if own_words else _what_happened(this))
    return found or _who_does(this, own_words=own_words)


def without_and(text: str) -> str:
    """A text without the "and" that joined it to what stands before it; "and" is a letter that words begin with as well."""
    alone, _, behind = text.partition(" ")
    if alone == "و" and behind:
        return behind
    (plain, *_) = words_of(alone) or [""]
    rest = plain[1:]
    joined = rest in OPENERS or rest in _AFTER_AND or bool(_AND_THE.fullmatch(plain))
    joined |= bool(_TO_COME.fullmatch(rest))
    own = plain in _OWN_AND or plain in OPENERS or plain in NAMES
    return text[1:] if text.startswith("و") and joined and not own else text


def speaker(before: Sequence[str], said: Sequence[str]) -> list[str] | None:
    """Who says a stretch, and a colon, where "said the minister that" stands before it; None where nobody does.

    Args:
        before: The words of its sentence up to there, as they stand in the text.
        said: Its own.
    """
    this, that = Clause.of(before), len(before) - 1
    if that < 2 or not _is_that(this.plain, that) or not _is_told(Clause.of(said)):
        return None
    verb = next((at for at in range(that - 2, max(-1, that - LONGEST_BEFORE_THAT), -1) if _begins(this, at)), -1)
    return _who(Clause(before[verb:], this.plain[verb:]), that - verb) if verb >= 0 else None


def _begins(this: Clause, at: int) -> bool:
    """Whether a clause begins with "said" here: not "whether", "could have" or "must have said"."""
    word = this.plain[at]
    if at == 0:
        return word.removeprefix("و") in SAYS
    return word in SAYS and (this.said[at - 1].endswith(_PAUSES) or this.plain[at - 1] in _IN_TURN)


def _who_said(this: Clause) -> list[str] | None:
    """ "Said A that B": "A: B"."""
    if this.plain[0] not in SAYS:
        return None
    places = range(2, min(len(this.plain), LONGEST_BEFORE_THAT))
    that = next((at for at in places if _is_that(this.plain, at)), 0)
    told = this.said[that + 1 :]
    who = _who(this, that) if that and _is_told(Clause(told, this.plain[that + 1 :])) else None
    return [*who, *told] if who else None


def _is_that(plain: Sequence[str], at: int) -> bool:
    return plain[at] in _THAT and LETTERS.isdisjoint(plain[at - 1 : at + 2])


def _who(this: Clause, that: int) -> list[str] | None:
    """Who says something, and a colon, without when, where and to whom; None where that cannot be told.

    Args:
        this: The verb, and what comes behind it.
        that: Where "that" stands.
    """
    said, plain = this.said, this.plain
    end = last = that - 1 if plain[that - 1] in BEFORE_THAT else that
    for at in range(2, last):
        day = at + (plain[at] in ("اول", "بعد", "قبل"))
        when = plain[day] in DAYS and plain[at - 1] not in _PAPERS
        to_press = plain[at] in _PRESS and not _OF_PRESS.match(plain[1])
        to_whom = to_press or (ADDRESSED.match(said[at]) and plain[1] not in _TEXTS)
        if when or to_whom or (plain[at] == "في" and plain[at + 1] in _SAID_IN):
            end = at
            break
    if (
        said[0].endswith(_PAUSES)
        or not this.is_subject(end)
        or any(word in OPENERS or and_verb(word) for word in plain[end:last])
    ):
        return None
    return [*said[1 : end - 1], _bare(said[end - 1]) + ":"]


def _is_told(told: Clause) -> bool:
    """Whether what stands behind "that" can stand behind a colon: a statement, in a form that it has without "that"."""
    said, plain = told.said, told.plain
    if len(said) < FEWEST_BEHIND or not plain[0] or any(":" in word for word in said) or not predicate(plain):
        return False
    if plain[0] in NAMES:
        return True
    of_many = said[0].endswith("ي") and len(plain[0]) > 3 and not plain[0].startswith("ال")  # before another noun
    accusative = (len(plain[0]) > 3 and said[0].endswith(("ا", "اً", "ين", "ةً"))) or plain[0] in ("ابا", "اخا")
    of_the_speaker = ITS.fullmatch(said[0]) or any(map(_HIS_OWN.fullmatch, plain[:5]))  # "his country"
    there_is = plain[0] in ("هناك", "ثمه", "لدي") and said[1].endswith(("ا", "اً"))
    return not (of_many or accusative or there_is or of_the_speaker or _IMPERFECT.fullmatch(plain[0]))


def _who_does(this: Clause, *, own_words: bool) -> list[str] | None:
    """ "Called A for B": "A calls for B"; not where a day that is over is named."""
    said, verb = this.said, this.plain[0]
    wanted, form = GOVERNS.get(verb), PRESENT.get(verb, said[0])
    if not wanted or not (verb in PRESENT or verb[0] in "يت") or _is_a_noun(this):
        return None
    if verb in PRESENT and (own_words or not _PAST.isdisjoint(this.plain) or any(map(_YEAR.fullmatch, this.plain))):
        return None
    at = this.object_of(wanted, woman=form.startswith("ت"))
    if not at or len(said) - at < FEWEST_BEHIND - 1 or _goes_on(this, at):
        return None
    return [*(word.rstrip("،,") for word in said[1 : at - 1]), _bare(said[at - 1]), form, *said[at:]]


def _is_a_noun(this: Clause) -> bool:
    """Whether the first word is no verb, but its noun: "an American endeavour to"."""
    raw, second = this.said[0], this.said[1]
    adjective = second.endswith("ي") and len(second) > 3 and not second.startswith("ال") and this.plain[1] not in NAMES
    return (this.plain[0] in _ALSO_NOUNS and adjective) or (this.plain[0] in _NOUNS_IN_YA and raw.endswith("ي"))


def _what_happened(this: Clause) -> list[str] | None:
    """ "Rose A": "Rise of A"; "Met A his fate": "Death of A"."""
    said, plain = this.said, this.plain
    if not takes_genitive(plain[1:]) or ITS.fullmatch(said[1]):
        return None
    if plain[0] in ("لقي", "لقيت"):
        end = next((at for at in range(2, min(len(plain), LONGEST_SUBJECT)) if _FATE.fullmatch(plain[at])), 0)
        if not this.is_subject(end) or _goes_on(this, end):
            return None
        return ["مصرع", genitive(said[1]), *said[2:end], *said[end + 1 :]]
    noun = NOUNS.get(plain[0]) or (EVENT_NOUNS.get(plain[0]) if plain[1] in EVENTS else None)
    if not noun or not this.is_subject(2) or _goes_on(this, 2) or _is_said_twice(noun, plain[2:]):
        return None
    if plain[0] in _RAISED and any(map(ITS.fullmatch, said[2:5])):  # raised its demands, and did not rise
        return None
    if (plain[0] in _MOVES and plain[1] in _PUSHED) or (noun == "عودة" and not _returns(plain)):
        return None
    return [noun, genitive(said[1]), *said[2:]]


def _is_said_twice(noun: str, plain: Sequence[str]) -> bool:
    """Whether a noun comes again as what its verb does: "rose a rise"."""
    (letters,) = words_of(noun)
    return not {letters if letters.endswith("ه") else f"{letters}ا", f"{letters}ه"}.isdisjoint(plain)


def _returns(plain: Sequence[str]) -> bool:
    """Whether somebody goes back somewhere, and does not do something again."""
    where = next((at for at in range(2, min(len(plain), LONGEST_SUBJECT)) if plain[at] in ("الي", "من")), 0)
    return bool(where) and not any(map(_IMPERFECT.fullmatch, (word.removeprefix("ل") for word in plain[1:where])))


def _what_was_done(this: Clause) -> list[str] | None:
    """ "Was done the arrest of A": "The arrest of A"."""
    plain = this.plain
    done = plain[0] in WAS_DONE and (plain[1] in DEEDS or bool(DEED.fullmatch(plain[1])))
    return list(this.said[1:]) if done and not _goes_on(this, 2) else None


def _goes_on(this: Clause, start: int) -> bool:
    """Whether another verb comes from a place on, which a noun or another tense does not go with."""
    return any(word in _TURNS or and_verb(word) or _AND_SHE.fullmatch(word) for word in this.plain[start:])


def _bare(word: str) -> str:
    return word.rstrip("،,:؛-–")
