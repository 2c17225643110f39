"""Where a summary joins stretches that do not stand together in its article.

A summarizer that copies says false things without one new word: it leaves a stretch of the article in the middle of a
sentence and goes on with another one (``قرر النادي`` and ``مع ضيفه بهدفين``). What is reported are the places where two
copied runs meet and the article has them in different sentences, in the other order, or far apart.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate, pairwise

from mujaz.models.arabic_dates import MONTHS, WEEKDAY
from mujaz.models.arabic_words import table, words
from mujaz.models.fragments import Automaton, runs_in
from mujaz.models.sentences import split_sentences
from mujaz.models.word_bases import bases

SHORTEST_RUN = 2  # words
# Words of one sentence that may be left out: an apposition, a date. Chosen on 100 summaries read by hand.
LEFT_OUT = 4
FARTHEST = 12  # words, those of a date with them: "today, Monday 12 February 2024"
_DATES = table("يوم اليوم امس مساء صباح ظهر الموافق من شهر") | {name for names in MONTHS for name in names.split("|")}
MOSTLY_COPIED = 0.9  # share of the words: a summary with more words of its own has a grammar of its own
COMMON = 200  # places: a pair of words that the article has more often tells nothing
MARK = " | "
OWN_BREAK = re.compile(r":(?!\d)")  # of a headline: "الوزير: لن نتراجع"


class Places:
    """Where the pairs of words of a text stand, and in which of its sentences; prepared once for any number of summaries."""

    def __init__(self, text: str) -> None:
        """Find them.

        Args:
            text: As it came.
        """
        sentences = [words(sentence.text) for sentence in split_sentences(text)]
        self.words = [word for sentence in sentences for word in sentence]
        self.sentence = [number for number, sentence in enumerate(sentences) for _ in sentence]
        self._pairs: dict[tuple[str, str], list[int]] = defaultdict(list)
        for place, pair in enumerate(pairwise(self.words)):
            self._pairs[pair].append(place)

    def apart(self, before: Sequence[str], after: Sequence[str]) -> bool:
        """Whether the second run nowhere follows the first, with at most :data:`LEFT_OUT` words of the sentence between.

        A second run of one word counts where it came along with the word in front of it.
        """
        third = before[-3:-2]  # the places are found by up to three words: two tell too few apart
        ends = [at + 1 for at in self._places(before[-2], before[-1]) if self.words[at - len(third) : at] == third]
        if len(after) >= SHORTEST_RUN:
            third = after[2:3]
            starts = [
                at for at in self._places(after[0], after[1]) if self.words[at + 2 : at + 2 + len(third)] == third
            ]
        else:
            starts = [at + 1 for at in self._places(before[-1], after[0])] if bases(after[0]) else []
        return bool(ends) and bool(starts) and not any(self._near(end, starts) for end in ends)

    def _places(self, first: str, second: str) -> list[int]:
        """Where two words stand together, by the place of the first, in order; nothing of a pair that is too common."""
        found = self._pairs.get((first, second), [])
        return found if len(found) <= COMMON else []

    def _near(self, end: int, starts: Sequence[int]) -> bool:
        following = bisect_right(starts, end)
        if following == len(starts):
            return False
        start = starts[following]
        left_out = (
            sum(not _of_a_date(word) for word in self.words[end + 1 : start]) if start - end <= FARTHEST else FARTHEST
        )
        return left_out <= LEFT_OUT and self.sentence[start] == self.sentence[end]


def _of_a_date(word: str) -> bool:
    return word.isdigit() or word in _DATES or bool(WEEKDAY.fullmatch(word))


def joins(summary: str, places: Places, step: Automaton) -> tuple[str, ...]:
    """The boundaries between copied runs that do not stand together in the source.

    Args:
        summary: The text.
        places: Of its source.
        step: What :func:`mujaz.models.fragments.automaton` made of the words of the source.

    Returns:
        For each the two words on either side, with :data:`MARK` between them; nothing of a summary that is not
        :data:`MOSTLY_COPIED`. A boundary is not reported where the summary
        itself ends a sentence or has a colon.
    """
    parts = [words(part) for sentence in split_sentences(summary) for part in OWN_BREAK.split(sentence.text)]
    said = [word for part in parts for word in part]
    own = set(accumulate(len(part) for part in parts))  # where the summary itself sets a break
    runs = runs_in(said, step)
    if sum(length for _, length in runs) < MOSTLY_COPIED * len(said):
        return ()
    found = []
    for (start, length), (following, size) in pairwise(runs):
        if start + length != following or length < SHORTEST_RUN or following in own:
            continue
        before, after = said[start:following], said[following : following + size]
        if places.apart(before, after):
            found.append(" ".join(before[-2:]) + MARK + " ".join(after[:2]))
    return tuple(dict.fromkeys(found))
