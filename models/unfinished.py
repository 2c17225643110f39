"""Where a sentence of news has not yet said what it is about, as far as its words tell.

"Said the minister that [the new road of the town]" waits for its verb; "After the rain of last week, [the team …]" for the
clause behind the comma. A stretch that ends there says nothing, though all its phrases are whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from mujaz.models.arabic_names import TABLE as NAMES
from mujaz.models.arabic_words import table
from mujaz.models.denials import COMMAS
from mujaz.models.subjects import RELATIVE, is_verb

MAIN_CLAUSE = 5  # words that one has at least: who did what
_FARTHEST_PREDICATE = 21  # words from "that"
_FARTHEST_MAIN_CLAUSE = 45  # words from the first of its sentence

# Letters are unified in all of them.
_THAT = table("ان بان وان")
_ANY_THAT = _THAT | table("انه انها")
# Behind these stands what is done and not what is so: "after the court had ruled".
_NO_STATEMENT = table("بعد قبل سبق منذ الي حتي علي دون رغم كما سيما غير الا")
# Say something of a noun without a verb; or are no noun that anything is said of.
_SAYS_WITHOUT_VERB = table("هناك ثمه بصدد به بها له لها لهم لديه لديها لدي فيه فيها جزء احد احدي")
_NO_NOUN = _SAYS_WITHOUT_VERB | table("هذا هذه ذلك تلك ما من لا كل بعض")
# A sentence that begins so says first when, where, why.
_SAYS_FIRST_WHEN = table(
    """في وسط بعد قبل خلال منذ مع من عن تحت عقب اثر وفق رغم بالرغم عند لدي الي حتي بخصوص بشان اثناء بموجب
    برعايه بحضور بمشاركه بهدف بمناسبه بوصول بالعوده بالتعاون بالتزامن بدعم بقدر بتوجيه تعزيزا تماشيا تجاوبا استمرارا
    سعيا حرصا تنفيذا انطلاقا استجابه تاكيدا استعدادا استكمالا دعما امتدادا بناء تزامنا تجسيدا ايمانا تفعيلا تحقيقا"""
)
SUBORDINATE = table("بعدما فيما بينما عندما حين حينما اذا لو كلما قبلما طالما لما ريثما")
_AND_ON = re.compile(r"[وف](?!ال|ي$)")  # "and", not with a noun that has the article


def before_predicates(
    words: Sequence[str], plain: Sequence[str], sentences: NDArray[np.int64]
) -> Iterator[tuple[int, int]]:
    """The places of each "that" whose noun something is said of, and of the verb that says it; in order.

    Args:
        words: As they stand in the text.
        plain: Their letters unified; empty for what is no word.
        sentences: The number of each word's sentence, ascending.
    """
    for that, word in enumerate(plain[:-2]):
        if word not in _THAT or sentences[that] != sentences[that + 1]:
            continue
        if that and plain[that - 1] in _NO_STATEMENT and not plain[that + 1].startswith("ال"):
            continue
        end = that + int(np.searchsorted(sentences[that : that + _FARTHEST_PREDICATE], sentences[that], side="right"))
        verb = _predicate(words[that + 1 : end], plain[that + 1 : end])
        if verb:
            yield that, that + 1 + verb


def _predicate(words: Sequence[str], plain: Sequence[str]) -> int:
    """The place of the verb of a clause that begins with a definite noun; 0 where that cannot be told."""
    if len(plain) < 2 or not plain[0] or plain[0] in _NO_NOUN or is_verb(plain[0]):
        return 0
    if not (plain[0].startswith("ال") or plain[0] in NAMES or plain[1].startswith("ال")):
        return 0
    relative = False
    for at, word in enumerate(plain[1:], 1):
        verb = is_verb(word)
        if verb and not relative:
            return at
        goes_on = COMMAS.search(words[at]) and at + 1 < len(plain) and _AND_ON.match(plain[at + 1])
        if word in _SAYS_WITHOUT_VERB or word in _ANY_THAT or goes_on:
            return 0
        relative = (relative and not verb) or word in RELATIVE
    return 0


def main_clause(words: Sequence[str], plain: Sequence[str], sentences: NDArray[np.int64], first: int) -> int:
    """The place of the verb behind a comma where a sentence first says when, where or why; 0 where it does not.

    Args:
        words: As in :func:`before_predicates`.
        plain: As there.
        sentences: As there.
        first: The place of the sentence's first word.
    """
    if not _is_opening(words[first], plain[first]):
        return 0
    for at in range(first + 2, min(first + _FARTHEST_MAIN_CLAUSE, len(plain))):
        if sentences[at] != sentences[first]:
            return 0
        if COMMAS.search(words[at - 1]) and is_verb(plain[at]):
            return at
    return 0


def is_subordinate(plain: str) -> bool:
    """Whether a word begins a clause that needs another one: "when", "and while"."""
    return plain in SUBORDINATE or (plain.startswith("و") and plain[1:] in SUBORDINATE)


def _is_opening(word: str, plain: str) -> bool:
    if plain in ("علي", "وعلي"):  # "on", and not the name
        return word.endswith("ى")
    bare = plain if plain in _SAYS_FIRST_WHEN else plain.removeprefix("و")
    return bare in _SAYS_FIRST_WHEN or is_subordinate(plain)
