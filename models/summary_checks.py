"""What can be said of a summary by looking at it and its source: length, copying, repetition, what the source does not say.

No model and no reference is needed, so it works while summarizing too. All of it is linear in the lengths of both texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from mujaz.models.arabic_numbers import unsupported_numbers
from mujaz.models.arabic_words import words
from mujaz.models.fragments import fragments
from mujaz.models.light_stem import light_stem

NOVEL_UP_TO = 4  # words
REPEAT_OF = 3  # words: a shorter phrase may well come back in a good summary
LOOP_TIMES = 3  # "جدا جدا" is Arabic, three times is not
LOOP_UP_TO = 10  # words

# What models leave in their output when something is wrong: T5's, BERT's and BART's special tokens, sentencepiece's unknown.
SENTINEL = re.compile(r"<extra_id_\d+>|<(?:pad|unk|mask|s)>|</s>|\[(?:UNK|PAD|CLS|SEP|MASK)\]|⁇")
LATIN = re.compile(r"[a-z]{2,}")
LETTER_LOOP = re.compile(rf"(\w{{2,6}}?)\1{{{LOOP_TIMES},}}")
CLITICS = re.compile("(?:[وف])?(?:[بكلس])?(?:ال)?")
SHORTEST = 3  # letters of a word that is looked for in the source

# Words that say nothing of their own, letters unified: prepositions, pronouns, particles, auxiliary verbs.
_FUNCTION_WORDS = """
    في من الي علي عن مع بين عند لدي حتي منذ خلال بعد قبل فوق تحت امام خلف وراء حول ضد دون بدون عبر نحو رغم سوي غير بسبب
    هذا هذه ذلك تلك هولاء هنا هناك هو هي هم هن هما انا نحن انت الذي التي الذين اللذان اللتان ما ماذا متي اين كيف لماذا كم
    ان انه انها انهم لان لانه لانها كي لكي لو اذا اذ لما حين حيث بينما عندما كما مثل مثلما لكن بل او ام ثم قد لقد سوف لا لم
    لن ليس ليست كان كانت كانوا يكون تكون كل بعض جميع كلا اي ايه احد احدي نفس ذات عدم عليه عليها عليهم اليه اليها اليهم فيه
    فيها فيهم منه منها منهم به بها بهم له لها لهم لديه لديها عنه عنها معه معها بينهم بينها ايضا فقط جدا الا انما مما بما
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())


@dataclass(frozen=True, slots=True)
class SummaryChecks:
    """What was found in one summary. Words are those of `mujaz.models.arabic_words`.

    Attributes:
        words: Length of the summary.
        source_words: Length of its source.
        length_ratio: Summary to source, in words; 0 for an empty source.
        novel: Share of its n-grams of 1, 2, 3 and 4 words that the source does not have, 0-1; 0 where it has none.
        coverage: Share of its words that stand in a run copied from the source, also of one word (Grusky et al. 2018).
        density: Mean length of the copied run that a word stands in, counting 0 where there is none (the same).
        longest_copy: Words of the longest run copied from the source.
        repeated: Share of its trigrams that stood in the summary before, 0-1.
        loop: A phrase that stands three or more times in a row, or "".
        new_numbers: Numbers that are not in the source, see `mujaz.models.arabic_numbers`.
        new_latin: Words in Latin letters that are not in the source, lower-cased.
        new_words: Arabic words that are not in the source in any form that clitics and light stemming can undo. Invented
            names are among them, but so are synonyms and broken plurals: Arabic writes names like any other word.
        sentinels: Special tokens left in the text.
    """

    words: int
    source_words: int
    length_ratio: float
    novel: tuple[float, ...]
    coverage: float
    density: float
    longest_copy: int
    repeated: float
    loop: str
    new_numbers: tuple[str, ...]
    new_latin: tuple[str, ...]
    new_words: tuple[str, ...]
    sentinels: tuple[str, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """Names of the findings that are faults in any summary: empty, sentinel, loop, new_numbers, new_latin."""
        found = {
            "empty": self.words == 0,
            "sentinel": bool(self.sentinels),
            "loop": bool(self.loop),
            "new_numbers": bool(self.new_numbers),
            "new_latin": bool(self.new_latin),
        }
        return tuple(name for name, there in found.items() if there)


def check_summary(summary: str, source: str) -> SummaryChecks:
    """Compare a summary with the text it was made from."""
    sentinels = tuple(dict.fromkeys(SENTINEL.findall(summary)))
    summary = SENTINEL.sub(" ", summary)
    said, known = words(summary), words(source)
    copied = fragments(said, known)
    length = max(len(said), 1)
    return SummaryChecks(
        words=len(said),
        source_words=len(known),
        length_ratio=len(said) / len(known) if known else 0.0,
        novel=tuple(_novel(said, known, n) for n in range(1, NOVEL_UP_TO + 1)),
        coverage=sum(copied) / length,
        density=sum(run * run for run in copied) / length,
        longest_copy=max(copied, default=0),
        repeated=_repeated(said),
        loop=_loop(said),
        new_numbers=unsupported_numbers(summary, source),
        new_latin=_new_latin(said, known),
        new_words=_new_words(said, known),
        sentinels=sentinels,
    )


def _grams(of: Sequence[str], n: int) -> Iterator[tuple[str, ...]]:
    return zip(*(islice(of, start, None) for start in range(n)), strict=False)


def _novel(said: Sequence[str], known: Sequence[str], n: int) -> float:
    """Share of the n-grams of a summary that its source does not have (See, Liu & Manning 2017), each place counted."""
    in_source = set(_grams(known, n))
    new = [gram not in in_source for gram in _grams(said, n)]
    return sum(new) / len(new) if new else 0.0


def _repeated(said: Sequence[str]) -> float:
    grams = list(_grams(said, REPEAT_OF))
    return (len(grams) - len(set(grams))) / len(grams) if grams else 0.0


def _loop(said: Sequence[str]) -> str:
    """The shortest phrase that follows itself often enough, in words or inside one word."""
    for period in range(1, LOOP_UP_TO + 1):
        run = 0
        for place in range(period, len(said)):
            run = run + 1 if said[place] == said[place - period] else 0
            if run >= period * (LOOP_TIMES - 1):
                return " ".join(said[place - period + 1 : place + 1])
    inside = (LETTER_LOOP.search(word) for word in said)
    return next((found.group(1) for found in inside if found), "")


def _new_latin(said: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    in_source = set(known)
    return tuple(dict.fromkeys(word for word in said if LATIN.fullmatch(word) and word not in in_source))


def _new_words(said: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    in_source = {base for word in set(known) for base in _bases(word)}
    return tuple(dict.fromkeys(word for word in said if _bases(word) and in_source.isdisjoint(_bases(word))))


@lru_cache(maxsize=1 << 16)
def _bases(word: str) -> frozenset[str]:
    """What a word may be without its clitics (و ف, then ب ك ل س, then ال) and inflection; nothing for a function word."""
    if not word.isalpha() or word.isascii():
        return frozenset()
    found = CLITICS.match(word)
    rests = [word[cut:] for cut in range((found.end() if found else 0) + 1)]
    if not FUNCTION_WORDS.isdisjoint(rests):
        return frozenset()
    return frozenset(light_stem(rest) for rest in rests if len(rest) >= SHORTEST)
