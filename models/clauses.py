"""Where a stretch of Arabic text can start and end and still read as if it stood alone, by its words alone.

In news the verb comes first and its subject after it: a stretch that starts behind the verb says something else. So it had
better start where a clause does. It had better not end before a word with the article: that is mostly the second part of a
name or a genitive, or an adjective of what stands before it. And it must not leave out that its sentence denies it.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from mujaz.models.arabic_dates import MONTHS
from mujaz.models.arabic_names import TABLE as NAMES
from mujaz.models.arabic_words import table
from mujaz.models.arabic_words import words as words_of
from mujaz.models.denials import COMMAS, STOPS, TITLE, denied_before, denied_behind, in_condition, is_condition
from mujaz.models.headline_words import ENDS_IN_WN, HOLDS, SAYING
from mujaz.models.middles import PARTS_OF_NAMES, binds, cost_behind, scores
from mujaz.models.news_verbs import OBJECTS, OPENERS
from mujaz.models.subjects import BY_WHOM, DAYS, GOVERNS, ITS, TANWIN, Clause, predicate
from mujaz.models.unfinished import MAIN_CLAUSE, before_predicates, is_subordinate, main_clause
from mujaz.models.word_bases import LEADING

# In F1 of words, beside which they are weighed; chosen on dev articles of ANT and SaudiNewsNet (benchmarks/LOG.md).
STARTS_INSIDE = 0.2
STARTS_BEHIND_A_COMMA = 0.05  # it may be an apposition
STARTS_WITH_PREPOSITION = 0.1  # or "that": what it belongs to stands before it
STARTS_BEHIND_DENIAL = 0.6  # without "denied that", "warned that", "it is not true that" it says the opposite
ENDS_BEFORE_DENIAL = 0.6  # "… is fake"
ENDS_BEFORE_CONDITION = 0.15  # "… unless"
STARTS_WITH_IMPERFECT = 0.3  # behind "that": what is wanted, expected or ruled out, not what is
STARTS_IN_AN_OPENING = 0.3  # "after [the rain of last week], the team …"
STARTS_SUBORDINATE = 0.3  # "when", "while", "if": the clause that says what happened comes behind
ENDS_AT_A_COMMA = 0.03
ENDS_AT_A_COLON = 0.2  # what it announces stands behind it
ENDS_BEFORE_PREDICATE = 0.3  # "said that the road", "after the rain", and not what of it
ENDS_INSIDE = 0.1
ENDS_BEFORE_ARTICLE = 0.13
ENDS_IN_TWO_PARTS = 0.15  # "between … and" without the second
ENDS_BEFORE_THAT = 0.2  # who said it, and not what
STARTS_BEFORE_THAT = 0.3
STARTS_BEFORE_OBJECT = 0.15  # behind the verb whose object it is
STARTS_BEHIND_HOLDS = 0.3  # "considered that": an opinion, told as a fact
STARTS_BEHIND_ITS_VERB = 0.3  # "opens today, [the fair …]": the comma is the day's
STARTS_BEHIND_WITH = 0.1  # whom something was done with did not do it
ENDS_JUST_BEGUN = 0.3  # a clause of one or two words behind "that" or "which"
UNFINISHED = 0.2  # "called", and not "called for"; "after the rain", and not what was after it
NEVER = 1.0  # only where there is no other
FARTHEST = 20  # words from a verb to its object
_LONGEST_BRACKET = 25  # words
FAR = 100.0  # more than all else together

_UNIT = re.compile(r"[%٪$€£°]")  # apart from the number before it
_ARTICLE = re.compile(r"ال..")
_DECIMALS = re.compile(r"[.,،٫]\d")  # pages have "61 .0%" for 61.0 %
# What may stand behind a number: an indefinite noun.
_COUNTED = re.compile(r"(?!ال|[وفبلك])[ء-ي]{2,}|كيلو\w+|لتر\w*|ليره")
# What goes on with one: "a thousand and five hundred".
_NUMERAL = re.compile(r"و(?:خمس|ست|سبع|ثمان|تسع|ثلاث|اربع|عشر|مئ|مائ|احد|اثن|واحد|الف|نصف|ربع|\d)")
_YEAR = re.compile(r"1[4-9]\d\d|20\d\d")
_LATIN = re.compile(r"[A-Za-z]")
_IMPERFECT = re.compile(r"[يتن]\w{2,}")

# Letters are unified in all of them.
_TWO_PARTS = re.compile(  # not "between the two of them", "among relatives"
    r"بين (?!\S+(?:ين|ات|هم|هما|هن|نا|ها)\b)(?:[^\W\d_]+ ){1,4}?و[^\W\d_]+|كلا? من (?:[^\W\d_]+ ){1,5}?و[^\W\d_]+"
    r"|اما (?:[^\W\d_]+ ){1,8}?او [^\W\d_]+"
)
_WHOLE = re.compile(  # what is said behind a name, and an age
    r"صلي الله عليه(?: واله)?(?: وصحبه)? وسلم|عليه(?:ا|م|ما)? (?:الصلاه و)?السلام|رضي الله عن\w+|رحم\w+ الله|عز وجل"
    r"|سبحانه وتعالي|تبارك وتعالي|عن عمر(?: [يت]?ناهز)?(?: \d+)?(?: عاما| سنه)?"
)
_THAT = table("ان بان وان لان")  # a clause starts behind them
_GOES_ON = SAYING | table("حيث وذلك")  # about something else: "explained his plan, pointing out that"
_FARTHEST_THAT = 12  # words from who holds something to what
_OPENS = _THAT | table(
    """فان انه انها وانه وانها بانه بانها لانه لانها التي الذي الذين والتي والذي لم لن قد ولم ولن وقد حيث كما ما لو اذا
    الا بل لكن"""
)
_LEADS_ON = LEADING | table("حتي بعد قبل خلال نحو قرب بين وراء ضمن عبر دون وفق حول تحت فوق")
_NEVER_LAST = _LEADS_ON | PARTS_OF_NAMES
_NEVER_LAST |= table(
    """كان كانت كانوا كانا كل كلا كلتا بعض جميع معظم اغلب غير اي كافه اكثر اقل ضد قباله حوالي زهاء كي لكي سوي عقب اثر
    جراء عند لدي منذ تجاه ازاء سبيل ضروره اطار شرط حال عار عاريه لا بنسبه بقيمه بمقدار بمبلغ مقدارها مقداره قدرها قدره"""
)
_WITH_MORE = table("الف الفا الاف مئه مائه مليون مليونا مليار عشرين ثلاثين اربعين خمسين ستين سبعين ثمانين تسعين")
_COUNTS_NOTHING = _LEADS_ON | _OPENS | table("امس غدا مساء صباح ظهر فجر امام عقب اثر ضد ثم حسب هو هي هم")
_SCALES = table("الف الفا الاف مليون مليونا ملايين مليار مليارا مليارات بالمئه بالمائه بالمايه")
_PERCENT = table("المئه المائه المايه")
_ENDS_IN_YA = table("حوالي محامي مباني اراضي ضواحي اهالي مساعي معاني موسيقي مساوي تلافي")  # with every verb
_THAT_HE = re.compile("ب?ان(?:ه|ها|هم|هما)?")  # بأن، إنه
_SAYS_WHEN = (
    DAYS
    | {name for names in MONTHS for name in names.split("|")}
    | table("الاول بعد قبل عصر الليله الماضي الماضيه الجاري الحالي المقبل القادم الموافق")
)
# With the letter of a preposition in front, and yet no object of a verb: when, where, beside whom.
_ADVERBS = re.compile(
    "ب(?:ينما|حسب|دور[هي].?|حضور|رفقه|مناسبه|قياده|رياسه|رئاسه|اسم|شان|هدف|ولايه|مدينه|منطقه|محافظه|بلده|جانب)"
    "|ل(?:مده|لمره|دوله|قاء)"
)


@dataclass(frozen=True, slots=True)
class Boundaries:
    """What it costs a stretch to start with each word, and to end with it; shape (words,).

    Attributes:
        start: Costs.
        end: Costs.
        denied: The place of the word that denies, doubts or takes back what starts with each word; -1 where there is none.
        denied_behind: The place of the word that does so with what ends with each word.
        needs: How many words a stretch has to have that starts with each word, so that its verb has its object, and
            what says first when or where its main clause; a shorter one costs UNFINISHED.
    """

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    needs: NDArray[np.int64]
    denied: NDArray[np.int64]
    denied_behind: NDArray[np.int64]

    @classmethod
    def free(cls, words: int) -> Boundaries:
        """Where nothing is known of clauses: nothing costs anything."""
        none = np.full(words, -1)
        return cls(np.zeros(words), np.zeros(words), np.zeros(words, dtype=np.int64), none, none)

    def at(self, kept: NDArray[np.int64]) -> Boundaries:
        """The same of the words that are kept where others are left out: their places, ascending."""
        before = np.searchsorted(kept, np.arange(len(self.start) + 1))  # words kept before each place
        needs = self.needs[kept]
        shorter = before[np.minimum(kept + needs, len(self.start))] - np.arange(len(kept))
        return Boundaries(
            self.start[kept],
            self.end[kept],
            shorter,
            self.denied[kept],
            self.denied_behind[kept],
        )

    def at_the_beginning(self) -> Boundaries:
        """The same, for stretches that start with the first word."""
        first = np.arange(len(self.start)) == 0
        return replace(self, start=np.where(first, 0.0, FAR))


def own_words(words: Sequence[str]) -> list[list[str]]:
    """Of words as they stand in a text the last of each, letters unified, without signs; a dash, say, has none."""
    return [words_of(word)[-1:] for word in words]


def boundaries(
    words: Sequence[str], sentences: NDArray[np.int64], own: Sequence[Sequence[str]] | None = None
) -> Boundaries:
    """What boundaries cost.

    Args:
        words: As they stand in the text, with their punctuation.
        sentences: The number of each word's sentence, ascending.
        own: :func:`own_words` of them, where that is known.
    """
    own = own_words(words) if own is None else own
    start, end = np.zeros(len(words)), np.zeros(len(words))
    needs = np.zeros(len(words), dtype=np.int64)
    denied, behind = denied_before(own, words, sentences), denied_behind(own, words, sentences)
    for place, word in enumerate(words):
        last = place + 1 == len(words)
        ends = last or sentences[place] != sentences[place + 1]
        titled = not ends and bool(TITLE.fullmatch(word))
        stops = ends or (bool(STOPS.search(word)) and not titled)
        comma = bool(COMMAS.search(word)) or (not last and not own[place + 1])
        end[place] = _end(words, own, place, stops=stops, comma=comma)
        needs[place] = _needed(words, own, place, sentences)
        if titled:  # a name is no name without its title, a title nothing without the name
            end[place] = start[place + 1] = NEVER
        elif not ends:
            start[place + 1] = 0.0 if stops else _start(own, words, place + 1, comma=comma)
    start += STARTS_BEHIND_DENIAL * (denied >= 0)
    for place in np.unique(behind[behind >= 0]).tolist():
        end[behind == place] += ENDS_BEFORE_CONDITION if is_condition(own, place) else ENDS_BEFORE_DENIAL
    for begins, closes in _found(_TWO_PARTS, own):
        end[begins:closes] += ENDS_IN_TWO_PARTS * (sentences[begins] == sentences[closes])
    for begins, closes in _found(_WHOLE, own):
        start[begins + 1 : closes + 1] = NEVER
        end[begins:closes] = NEVER
    for place in np.flatnonzero(needs).tolist():  # who said it, with "that" and without "said"
        that = place + needs[place] - 2
        if own[that] and _THAT_HE.fullmatch(own[that][0]):
            start[place + 1 : that + 1] += STARTS_BEFORE_THAT
        else:  # the preposition alone is no start, what is done behind it is one
            start[place + 1 : that + (own[that][:1] != [] and own[that][0] in LEADING)] += STARTS_BEFORE_OBJECT
    for place in range(len(words)):
        if held := _behind_holds(own, place, sentences):
            start[held] += STARTS_BEHIND_HOLDS
    for place in range(1, len(words)):
        if own[place - 1] and own[place - 1][0] in _THAT and sentences[place - 1] == sentences[place]:
            needs[place] = max(int(needs[place]), _up_to_predicate(own, place, sentences))
    _add_unfinished(words, own, sentences, start, end, needs, denied)
    for opens, closes in _brackets(words, sentences):  # a list without its brackets belongs to the noun before it
        start[opens + 1 : closes + 1] = NEVER
        end[opens:closes] = NEVER
    start[[in_condition(own, place) for place in range(len(own))]] = NEVER
    start[[not this or bool(_DECIMALS.match(word)) for this, word in zip(own, words, strict=True)]] = NEVER
    return Boundaries(start, end, needs, denied, behind)


def _add_unfinished(
    words: Sequence[str],
    own: Sequence[Sequence[str]],
    sentences: NDArray[np.int64],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    needs: NDArray[np.int64],
    denied: NDArray[np.int64],
) -> None:
    """Add what it costs to leave out what a sentence is about: the verb behind "that", the clause behind "after"."""
    plain = [this[0] if this else "" for this in own]
    for that, verb in before_predicates(words, plain, sentences):
        end[that:verb] += ENDS_BEFORE_PREDICATE
        # the verb by itself says what happened only where a pause comes behind it
        end[verb : verb + 2] += ENDS_BEFORE_PREDICATE * (end[verb : verb + 2] > ENDS_AT_A_COMMA)
    for place in np.flatnonzero(np.diff(sentences, prepend=-1)).tolist():
        start[_behind_day(words, own, place)] += STARTS_BEHIND_ITS_VERB
        if main := main_clause(words, plain, sentences, place):
            start[place + 1 : main] += STARTS_IN_AN_OPENING
            start[main] = STARTS_BEHIND_DENIAL * (denied[main] >= 0)  # behind "if" it is no free start
            end[place : main + 1] += ENDS_BEFORE_PREDICATE
            last = int(np.searchsorted(sentences, sentences[place], side="right"))
            needs[place] = min(main + MAIN_CLAUSE, last) - place
    start += STARTS_SUBORDINATE * np.array([is_subordinate(this) for this in plain], dtype=bool)
    for first, last in scores(words, sentences):
        start[first + 1 : last + 1] = end[first:last] = NEVER


def _brackets(words: Sequence[str], sentences: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """First and last place of what stands in round brackets, in one sentence."""
    opened = -1
    for place, word in enumerate(words):
        if opened >= 0 and (sentences[place] != sentences[opened] or place - opened > _LONGEST_BRACKET):
            opened = -1
        if opened >= 0 and ")" in word:
            yield opened, place
        if "(" in word or ")" in word:
            opened = place if word.rfind("(") > word.rfind(")") else -1


def _found(phrases: re.Pattern[str], own: Sequence[Sequence[str]]) -> Iterator[tuple[int, int]]:
    """First and last place of phrases."""
    words = [this[0] if this else "-" for this in own]
    offsets = [0, *accumulate(len(word) + 1 for word in words)]
    for match in phrases.finditer(" ".join(words)):
        first, last = bisect(offsets, match.start()) - 1, bisect(offsets, match.end() - 1) - 1
        if offsets[first] == match.start():
            yield first, last


def _needed(words: Sequence[str], own: Sequence[Sequence[str]], place: int, sentences: NDArray[np.int64]) -> int:
    """Words from a verb up to its object, that with it; 0 where it is no such verb, or has none in its sentence."""
    verb = own[place][0] if own[place] else ""
    wanted = OBJECTS.get(verb) or (OBJECTS.get(verb[1:]) if verb[:1] in ("و", "ف") else None)
    if not wanted:
        return _up_to_noun(words, own, place, sentences) if verb in GOVERNS else 0
    for at in range(place + 1, min(place + FARTHEST, len(own))):
        if sentences[at] != sentences[place]:
            return 0
        this = own[at][0] if own[at] else ""
        if this == "من" and own[at - 1] and own[at - 1][0] in BY_WHOM:
            continue
        if this in wanted or ("ان" in wanted and _THAT_HE.fullmatch(this)):
            return at - place + 2
        if len(this) > 3 and f"{this[0]}-" in wanted and not _ADVERBS.fullmatch(this):
            return at - place + 1
        if this in OBJECTS or this[1:] in OBJECTS or this in _GOES_ON:  # another verb, with objects of its own
            return 0
    return 0


def _up_to_noun(words: Sequence[str], own: Sequence[Sequence[str]], place: int, sentences: NDArray[np.int64]) -> int:
    """The same of a verb whose object needs no preposition, where it can be told from the verb's subject."""
    end = place + int(np.searchsorted(sentences[place : place + FARTHEST], sentences[place], side="right"))
    end = next((at for at in range(place + 1, end) if own[at][:1] and own[at][0] in _GOES_ON), end)
    clause = Clause(words[place:end], [one[0] if one else "" for one in own[place:end]])
    wanted = GOVERNS[clause.plain[0]]
    at = clause.object_at(wanted)
    led = bool(at) and (clause.plain[at] in wanted or bool(_THAT_HE.fullmatch(clause.plain[at])))  # by "that", by "of"
    return at + 1 + led if at else 0


def _up_to_predicate(own: Sequence[Sequence[str]], place: int, sentences: NDArray[np.int64]) -> int:
    """Words behind "that" up to what is said of the noun they begin with, and one more; 0 where that cannot be told."""
    end = place + int(np.searchsorted(sentences[place : place + FARTHEST], sentences[place], side="right"))
    plain = [one[0] if one else "" for one in own[place:end]]
    at = predicate(plain[: next((at for at, word in enumerate(plain) if word in _THAT), len(plain))])
    return min(at + 2, end - place) if at else 0


def _behind_day(words: Sequence[str], own: Sequence[Sequence[str]], first: int) -> list[int]:
    """The place of a subject that a day and a comma part from its verb, the first of a sentence; empty where none is."""
    verb = own[first][0].removeprefix("و") if own[first] else ""
    if verb not in OPENERS and not _IMPERFECT.fullmatch(verb):
        return []
    for place in range(first + 1, len(words) - 1):
        this = own[place][0] if own[place] else ""
        if this not in _SAYS_WHEN and not this.isdigit():
            return []
        if COMMAS.search(words[place]):
            return [place + 1]
    return []


def _behind_holds(own: Sequence[Sequence[str]], place: int, sentences: NDArray[np.int64]) -> int | None:
    """The place behind "that" of what somebody holds here; None where nobody does."""
    if not own[place] or own[place][0].removeprefix("و") not in HOLDS:
        return None
    for at in range(place + 1, min(place + _FARTHEST_THAT, len(own) - 1)):
        if sentences[at] != sentences[place]:
            break
        if own[at] and _THAT_HE.fullmatch(own[at][0]):
            return at + 1
    return None


def _start(own: Sequence[Sequence[str]], words: Sequence[str], place: int, *, comma: bool) -> float:
    before, this = own[place - 1], own[place]
    if this and this[0] in _SCALES and before and before[0].isdigit():
        return NEVER
    if before and binds(before[0]) and not comma:
        return NEVER
    if before and before[0] in _THAT:
        if this and _IMPERFECT.fullmatch(this[0]):
            return STARTS_WITH_IMPERFECT
        return STARTS_INSIDE if this and _needs_that(words[place], this[0]) else 0.0
    cost = STARTS_BEHIND_A_COMMA if comma or not before else STARTS_INSIDE
    cost += STARTS_BEHIND_WITH * (before[:1] == ["مع"])
    if this:
        cost += cost_behind(before[0] if before and not comma else "", this[0])
    return cost + STARTS_WITH_PREPOSITION * bool(this and (this[0] in _LEADS_ON or this[0] in _THAT))


def _needs_that(word: str, plain: str) -> bool:
    """Whether a noun behind "that" has a form that only it brings about, or belongs to whom nobody knows: "his country"."""
    if plain in NAMES or plain.startswith("ال"):
        return False
    bent = len(plain) > 4 and plain.endswith("ين") and plain not in ENDS_IN_WN
    of_many = len(plain) > 4 and word.endswith("ي") and plain not in _ENDS_IN_YA  # before another noun
    return bent or of_many or bool(TANWIN.search(word)) or bool(ITS.fullmatch(word))


def _end(words: Sequence[str], own: Sequence[Sequence[str]], place: int, *, stops: bool, comma: bool) -> float:
    if not own[place]:
        return NEVER
    if stops:
        return ENDS_AT_A_COLON if words[place].endswith(":") else 0.0
    if (
        own[place][0] in _NEVER_LAST
        or (len(own[place][0]) == 1 and not own[place][0].isdigit())
        or own[place][0] in _OPENS
        or _breaks_number(own, words, place, pause=comma)
    ):
        return NEVER
    if own[place][0].isdigit() and _UNIT.match(words[place + 1]):
        return NEVER
    if any(one and one[0] in _OPENS for one in own[max(0, place - 2) : place]):
        return ENDS_JUST_BEGUN
    following = words_of(words[place + 1])
    if _DECIMALS.match(words[place + 1]) or (_LATIN.match(words[place]) and re.match(r"[A-Za-z0-9]", words[place + 1])):
        return NEVER
    if following and (following[0] in _THAT or _THAT_HE.fullmatch(following[0])):
        return ENDS_BEFORE_THAT
    if comma:
        return NEVER if _in_two_adjectives(own, words, place) else ENDS_AT_A_COMMA
    return ENDS_BEFORE_ARTICLE if following and _ARTICLE.match(following[0]) else ENDS_INSIDE


def _in_two_adjectives(own: Sequence[Sequence[str]], words: Sequence[str], place: int) -> bool:
    """Whether a dash comes here that binds: the American - Israeli council."""
    around = own[place], own[place + 2] if place + 2 < len(own) else []
    return words[place + 1] in ("-", "–") and all(one and _ARTICLE.match(one[0]) for one in around)


def _breaks_number(own: Sequence[Sequence[str]], words: Sequence[str], place: int, *, pause: bool) -> bool:
    """Whether a number ends here, and its thousands, its percent sign or what it counts come after it."""
    after = [one[0] for one in own[place + 1 : place + 3] if one]
    if own[place][0] in _WITH_MORE and _NUMERAL.match("".join(words_of(words[place + 1]))):  # "and" with its digits
        return True
    scale = own[place][0] in _WITH_MORE
    if not (own[place][0].isdigit() or scale) or not after:
        return False
    if not scale and (after[0] in _SCALES or not _PERCENT.isdisjoint(after)):
        return True
    counts = _COUNTED.fullmatch(after[0]) and after[0] not in _COUNTS_NOTHING
    return bool(counts) and not pause and not _YEAR.fullmatch(own[place][0])
