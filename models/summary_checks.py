"""What can be said of a summary by looking at it and its source: length, copying, repetition, what the source does not say.

No model and no reference is needed, so it works while summarizing too. All of it is linear in the lengths of both texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice

from mujaz.models.arabic_dates import source_dates, unsupported_dates
from mujaz.models.arabic_names import new_names
from mujaz.models.arabic_numbers import broken_number, figures_of, source_values, unsupported_numbers
from mujaz.models.arabic_words import table, words
from mujaz.models.fragments import automaton, fragments_in
from mujaz.models.joins import Places, joins
from mujaz.models.word_bases import bases

NOVEL_UP_TO = 4  # words
REPEAT_OF = 3  # words: a shorter phrase may well come back in a good summary
LOOP_TIMES = 3  # "جدا جدا" is Arabic, three times is not
LOOP_UP_TO = 10  # words

# What models leave in their output when something is wrong: T5's, BERT's and BART's special tokens, sentencepiece's unknown.
SENTINEL = re.compile(r"<extra_id_\d+>|<(?:pad|unk|mask|s)>|</s>|\[(?:UNK|PAD|CLS|SEP|MASK)\]|⁇")
QUOTED = re.compile("[«“”\"„]([^«»“”\"„\n]{1,400})[»”“\"]|(?<!\\w)[‘'‹]([^‘’'‹›\n]{1,400})[’'›](?!\\w)")
NEGATIONS = table("لا لن لم ليس ليست ليسوا غير")  # letters unified
LATIN = re.compile(r"[a-z]{2,}")
LETTER_LOOP = re.compile(rf"(\w{{2,6}}?)\1{{{LOOP_TIMES},}}")


@dataclass(frozen=True, slots=True)
class SummaryChecks:
    """What was found in one summary. Words are those of `mujaz.models.arabic_words`.

    Attributes:
        words: Length of the summary.
        length_ratio: Summary to source, in words; 0 for an empty source.
        novel: Share of its n-grams of 1, 2, 3 and 4 words that the source does not have, 0-1; 0 where it has none.
        coverage: Share of its words that stand in a run copied from the source, also of one word (Grusky et al. 2018).
        density: Mean length of the copied run that a word stands in, counting 0 where there is none (the same).
        longest_copy: Words of the longest run copied from the source.
        repeated: Share of its trigrams that stood in the summary before, 0-1.
        loop: A phrase that stands three or more times in a row, or "".
        new_numbers: Numbers that are not in the source, see `mujaz.models.arabic_numbers`; also a number at the very end
            that is the beginning of one of the source (``4`` of ``4.25``).
        new_dates: Dates, months and days of the week that are not in the source, see `mujaz.models.arabic_dates`.
        new_quotes: Quotations that are not word for word in the source.
        new_names: Arabic words that are not in the source and look like names, see `mujaz.models.arabic_names`.
        new_latin: Words in Latin letters that are not in the source, lower-cased.
        new_words: Arabic words that are not in the source in any form that clitics and light stemming can undo. Invented
            names are among them, but so are synonyms and broken plurals: Arabic writes names like any other word.
        sentinels: Special tokens left in the text.
        joins: Where stretches are joined that do not stand together in the source, see `mujaz.models.joins`.
    """

    words: int
    length_ratio: float
    novel: tuple[float, ...]
    coverage: float
    density: float
    longest_copy: int
    repeated: float
    loop: str
    new_numbers: tuple[str, ...]
    new_dates: tuple[str, ...]
    new_quotes: tuple[str, ...]
    new_names: tuple[str, ...]
    new_latin: tuple[str, ...]
    new_words: tuple[str, ...]
    sentinels: tuple[str, ...]
    joins: tuple[str, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """Names of the findings that are faults: empty, sentinel, loop, joined, and all that is new but words."""
        found = {
            "empty": self.words == 0,
            "sentinel": bool(self.sentinels),
            "loop": bool(self.loop),
            "new_numbers": bool(self.new_numbers),
            "new_dates": bool(self.new_dates),
            "new_quotes": bool(self.new_quotes),
            "new_names": bool(self.new_names),
            "new_latin": bool(self.new_latin),
            "joined": bool(self.joins),
        }
        return tuple(name for name, there in found.items() if there)


class Source:
    """A text that summaries are compared with; prepared once for any number of them."""

    def __init__(self, text: str) -> None:
        """Prepare a text.

        Args:
            text: As it came, whatever a model read of it.
        """
        self.places = Places(text)
        self.words = self.places.words
        self.numbers = source_values(text)
        self.figures = figures_of(text)
        self.dates = source_dates(text)
        self.runs = automaton(self.words)
        self.known = set(self.words)
        self.bases = {base for word in self.known for base in bases(word)}


def check_summary(summary: str, source: str | Source) -> SummaryChecks:
    """Compare a summary with the text it was made from."""
    source = Source(source) if isinstance(source, str) else source
    sentinels = tuple(dict.fromkeys(SENTINEL.findall(summary)))
    summary = SENTINEL.sub(" ", summary)
    said, known = words(summary), source.words
    copied = fragments_in(said, source.runs)
    length = max(len(said), 1)
    return SummaryChecks(
        words=len(said),
        length_ratio=len(said) / len(known) if known else 0.0,
        novel=tuple(_novel(said, known, n) for n in range(1, NOVEL_UP_TO + 1)),
        coverage=sum(copied) / length,
        density=sum(run * run for run in copied) / length,
        longest_copy=max(copied, default=0),
        repeated=_repeated(said),
        loop=_loop(said),
        new_numbers=_new_numbers(summary, source),
        new_dates=unsupported_dates(summary, source.dates),
        new_quotes=_new_quotes(summary, source),
        new_names=new_names(said, source.bases),
        new_latin=_new_latin(said, source.known),
        new_words=_new_words(said, source.bases),
        sentinels=sentinels,
        joins=joins(summary, source.places, source.runs),
    )


def is_degenerate(summary: str) -> bool:
    """Whether a text is no summary of anything: empty, a phrase over and over, or with special tokens left in it."""
    said = words(SENTINEL.sub(" ", summary))
    return not said or bool(_loop(said)) or bool(SENTINEL.search(summary))


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


def _new_numbers(summary: str, source: Source) -> tuple[str, ...]:
    new, broken = unsupported_numbers(summary, source.numbers), broken_number(summary, source.figures)
    return (*new, broken) if broken and broken not in new else new


def _new_latin(said: Sequence[str], known: AbstractSet[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in said if LATIN.fullmatch(word) and word not in known))


def _new_words(said: Sequence[str], known: AbstractSet[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in said if bases(word) and known.isdisjoint(bases(word))))


def _new_quotes(summary: str, source: Source) -> tuple[str, ...]:
    """Quotations whose words the source does not have in that order; clitics of the first word may differ."""
    found = []
    for match in QUOTED.finditer(summary):
        text = match.group(1) or match.group(2)
        quoted = words(text)
        denied = not NEGATIONS.isdisjoint(words(summary[: match.start()])[-1:])
        if quoted and not _is_quoted(quoted, source, denied=denied):
            found.append(text.strip())
    return tuple(dict.fromkeys(found))


def _is_quoted(quoted: Sequence[str], source: Source, *, denied: bool) -> bool:
    """Whether a source has these words in this order, and somewhere no negation before them, if the summary has none."""
    if fragments_in(quoted, source.runs) == [len(quoted)]:
        return denied or any(before not in NEGATIONS for before in _before(quoted, source.words))
    rest = quoted[1:]
    if not rest or fragments_in(rest, source.runs) != [len(rest)]:
        return False
    return any(not bases(quoted[0]).isdisjoint(bases(before)) for before in _before(rest, source.words))


def _before(phrase: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    """The word before each place of a phrase in a text; "" at its beginning."""
    length = len(phrase)
    for place, word in enumerate(known):
        if word == phrase[0] and known[place : place + length] == phrase:
            yield known[place - 1] if place else ""
