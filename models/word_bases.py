"""What an Arabic word may be without clitics and inflection, to ask whether a text has it in any form."""

from __future__ import annotations

import re
from functools import lru_cache

from mujaz.models.light_stem import light_stem

CLITICS = re.compile("(?:[وف])?(?:[بكلس])?(?:ال)?")
SHORTEST = 3  # letters of a word that is looked for

# Words that say nothing of their own, letters unified: prepositions, pronouns, particles, auxiliary verbs.
_FUNCTION_WORDS = """
    في من الي علي عن مع بين عند لدي حتي منذ خلال بعد قبل فوق تحت امام خلف وراء حول ضد دون بدون عبر نحو رغم سوي غير بسبب
    هذا هذه ذلك تلك هولاء هنا هناك هو هي هم هن هما انا نحن انت الذي التي الذين اللذان اللتان ما ماذا متي اين كيف لماذا كم
    ان انه انها انهم لان لانه لانها كي لكي لو اذا اذ لما حين حيث بينما عندما كما مثل مثلما لكن بل او ام ثم قد لقد سوف لا لم
    لن ليس ليست كان كانت كانوا يكون تكون كل بعض جميع كلا اي ايه احد احدي نفس ذات عدم عليه عليها عليهم اليه اليها اليهم فيه
    فيها فيهم منه منها منهم به بها بهم له لها لهم لديه لديها عنه عنها معه معها بينهم بينها ايضا فقط جدا الا انما مما بما
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
# No Arabic sentence ends in one of these; letters unified.
LEADING = frozenset(
    ["في", "من", "الي", "علي", "عن", "مع", "ان", "لدي", "منذ", "او", "ثم", "التي", "الذي", "الذين", "حيث"]
)


@lru_cache(maxsize=1 << 16)
def bases(word: str) -> frozenset[str]:
    """What a word may be without its clitics (و ف, then ب ك ل س, then ال) and inflection; nothing for a function word."""
    if not word.isalpha() or word.isascii():
        return frozenset()
    found = CLITICS.match(word)
    rests = [word[cut:] for cut in range((found.end() if found else 0) + 1)]
    if not FUNCTION_WORDS.isdisjoint(rests):
        return frozenset()
    return frozenset(light_stem(rest) for rest in rests if len(rest) >= SHORTEST)
