"""Whether a stretch would begin in the middle of a phrase, by the word that stands before it and its first.

What such a stretch says is often false: "[about] 390 fighters", "[fell] 6 billion", "[denounced] strongly the remarks of".
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from mujaz.models.arabic_names import TABLE as NAMES
from mujaz.models.arabic_words import table
from mujaz.models.news_verbs import OPENERS
from mujaz.models.subjects import DAYS, is_deed

# In F1 of words, as in `mujaz.models.clauses`.
BEHIND_A_PREPOSITION = 0.15  # a noun that belongs to what stands before it, where it is not what is done
WITH_AN_OBJECT = 0.2  # "of", "from", or a noun in the accusative: what is done to it stands before it
IN_A_NAME = 0.15  # a noun with the article right behind another word

# Letters are unified in all of them.
PARTS_OF_NAMES = table("سيدي عبد بن ابن ابو ابي بنت ال")
# Half a name, whoever "who" is, "about 390" as 390: no start behind them,
_BINDS = PARTS_OF_NAMES | table("ولايه محافظه مدينه بلده قريه خلال منطقه معتمديه نحو حوالي قرابه زهاء التي الذي الذين")
# and behind these seldom one.
_HAVE_MORE = table(
    """جامعه اماره مسجد مطار ميناء نادي فريق منتخب شركه بنك مهرجان سوق اسواق مستشفي مجلس لجنه هيئه وزاره
    ثلاث اربع خمس ست سبع ثماني تسع عشر ثلاثه اربعه خمسه سته سبعه ثمانيه تسعه عشره عشرين ثلاثين اربعين خمسين
    مليوني الفي مئتي"""
)
_TITLES = table("الرئيس الشيخ الامير الاميره الملك الوزير الدكتور الدكتوره المهندس السيد السيده اللواء العميد الرائد")
_LETTER_BEFORE = re.compile("^[بلو]")
_PREPOSITIONS = table("في من الي علي عن مع بين")
_OF_OBJECTS = table("من عن علي الي")
_THE_DEED = re.compile(r"الت\wا\w\w|الت\w\w\w?")  # التعاون, التخلي
_MOVES = table("ارتفع ارتفعت انخفض انخفضت تراجع تراجعت بلغ بلغت سجل سجلت هبط هبطت صعد صعدت قفز قفزت زاد زادت")
_ACCUSATIVE = re.compile(r"(?!ال)\w{3,}[^يوال]ا")  # not: Syria, they were
_NO_ACCUSATIVE = table("هكذا بينما فيما كلما عندما حينما مهما انما هنا هناك بعدما قبلما كيفما حيثما ربما عما مما")
_SCORE = re.compile(r"(?<![\w-])(?:\d{1,3}|صفر) ?[-–—] ?(?:\d{1,3}|صفر)(?!\w)")


def scores(words: Sequence[str], sentences: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """First and last place of what pages write as several words and is one: "2 - 1", the score of a match.

    Args:
        words: As they stand in the text.
        sentences: The number of each word's sentence, ascending.
    """
    offsets = [0, *accumulate(len(word) + 1 for word in words)]
    for match in _SCORE.finditer(" ".join(words)):
        first, last = bisect(offsets, match.start()) - 1, bisect(offsets, match.end() - 1) - 1
        if sentences[first] == sentences[last]:
            yield first, last


def binds(before: str) -> bool:
    """Whether a word is nothing without the next one; letters unified, as in the others."""
    return _stands_in(before, _BINDS)


def cost_behind(before: str, this: str) -> float:
    """What it costs to begin with ``this`` right behind ``before``, which is "" where a comma stands between them."""
    cost = WITH_AN_OBJECT * (this in _OF_OBJECTS or _is_accusative(this))
    deed = is_deed(this) or is_deed(this[2:]) or bool(_THE_DEED.fullmatch(this)) or this in _TITLES
    article = this.startswith("ال") and (before.startswith("ال") or not deed)
    if before in _PREPOSITIONS:
        return cost + BEHIND_A_PREPOSITION * (article or this.isdigit())
    counted = this.isdigit() and before in _MOVES
    in_a_name = bool(before) and article and before not in DAYS
    return cost + BEHIND_A_PREPOSITION * counted + IN_A_NAME * (in_a_name or _stands_in(before, _HAVE_MORE))


def _stands_in(word: str, words: AbstractSet[str]) -> bool:
    return word in words or (len(word) > 3 and _LETTER_BEFORE.sub("", word) in words)


def _is_accusative(plain: str) -> bool:
    """Whether a noun has the ending of an object, as far as its letters tell."""
    known = plain in NAMES or plain in OPENERS or plain in _NO_ACCUSATIVE
    return bool(_ACCUSATIVE.fullmatch(plain)) and not known
