"""Pairs of a headline and a sentence that agrees with it, contradicts it or is about something else, out of plain news.

What an article says of its headline agrees with it (the stretch of :mod:`mujaz.training.spans`). The same stretch with a
word turned into its opposite, a number changed, or a name or noun replaced by one that stands in such places elsewhere
contradicts it. A stretch of another article that shares a rare word is about something else. Such pairs have labels for
free; a step over them before a stance training (``intermediate`` in a config) teaches a small model to compare its two
texts, as synthetic negatives do for fact checking (Kryściński, McCann, Xiong & Socher 2020, "Evaluating the Factual
Consistency of Abstractive Text Summarization").

Usage::

    python -m mujaz.training.pairs OUT.jsonl FILE...               # files with columns text and summary
    python -m mujaz.training.pairs --rounds 4 OUT.jsonl FILE...    # each headline four times, with other contradictions
"""

from __future__ import annotations

import random
import re
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from mujaz.models.arabic_words import normalize
from mujaz.models.light_stem import light_stem
from mujaz.training.spans import headlines_with_spans, write_pairs

LABELS = ("favor", "against", "none")
SEED = 13
RARE = 40  # headlines that share a word, at most, for it to lead to another article

# Words of news and their opposites, as articles write them; both directions hold.
OPPOSITES = """
    ارتفاع انخفاض|يرتفع ينخفض|ارتفعت انخفضت|ارتفع تراجع|صعود هبوط|زيادة خفض|يزيد يقلص|نمو انكماش|ارتفاعا انخفاضا
    فوز خسارة|يفوز يخسر|فاز خسر|انتصار هزيمة|تأهل خروج|يتأهل يودع|تقدم تراجع|نجاح فشل|ينجح يفشل|نجح فشل|يؤكد ينفي
    أكد نفى|تؤكد تنفي|تأكيد نفي|يوافق يرفض|وافق رفض|توافق ترفض|موافقة رفض|يقبل يرفض|تأييد رفض|يؤيد يعارض
    تؤيد تعارض|افتتاح إغلاق|يفتتح يغلق|فتح إغلاق|بدء انتهاء|بدء تأجيل|انطلاق تأجيل|استئناف تعليق|إطلاق إلغاء
    توقيع إلغاء|استمرار توقف|مقتل نجاة|إصابة نجاة|وفاة شفاء|اعتقال إطلاق|توقيف الإفراج|القبض الإفراج|براءة إدانة
    تبرئة إدانة|السماح منع|تسمح تمنع|يسمح يمنع|تعيين إقالة|يعين يقيل|انضمام انسحاب|ينضم ينسحب|دخول خروج
    عودة مغادرة|وصول مغادرة|يعود يغادر|تحسن تدهور|تعزيز تقليص|دعم معارضة|قبول رفض|اتفاق خلاف|هدنة تصعيد
    تهدئة تصعيد|سلام حرب|ربح خسارة|أرباح خسائر|فائض عجز|أكبر أصغر|أعلى أدنى|أكثر أقل|قبل بعد|شمال جنوب
    شرق غرب|داخل خارج|مع ضد|الأول الأخير|جديدة قديمة|إيجابية سلبية|يشيد ينتقد|تشيد تنتقد|إشادة انتقاد
"""
_DIGITS = re.compile(r"\d+")
_PREFIXES = ("وال", "بال", "ال", "و", "ب", "ل", "ف", "")
_SHORTEST_WORD = 4  # letters of a word that may be replaced: below are particles

Change = Callable[[list[str], random.Random], "list[str] | None"]


def opposites() -> dict[str, list[str]]:
    """Word -> its opposites, in the spelling of :func:`~mujaz.models.arabic_words.normalize`, which news varies too."""
    table: dict[str, list[str]] = defaultdict(list)
    for pair in OPPOSITES.replace("\n", "|").split("|"):
        words = pair.split()
        if words:
            first, second = words
            table[normalize(first)].append(second)
            table[normalize(second)].append(first)
    return dict(table)


@dataclass(frozen=True)
class Contradictions:
    """Ways to make a statement contradict what it said.

    Attributes:
        opposites: Of :func:`opposites`.
        followers: Word -> words that stand after it elsewhere, as often as they do.
    """

    opposites: dict[str, list[str]]
    followers: dict[str, list[str]]

    def __call__(self, text: str, chance: random.Random) -> str | None:
        """The text with something in it changed, or None where nothing can be."""
        words = text.split()
        ways: list[Change] = [self._opposite, self._number, self._replaced]
        for way in [chance.choice((self._opposite, self._number)), self._replaced, *ways]:
            changed = way(words, chance)
            if changed:
                return " ".join(changed)
        return None

    def _opposite(self, words: list[str], chance: random.Random) -> list[str] | None:
        found = [(i, other) for i, word in enumerate(words) if (other := self._other(word, chance))]
        if not found:
            return None
        place, other = chance.choice(found)
        return [*words[:place], other, *words[place + 1 :]]

    def _other(self, word: str, chance: random.Random) -> str | None:
        known = normalize(word)
        for prefix in _PREFIXES:
            rest = self.opposites.get(known.removeprefix(prefix)) if known.startswith(prefix) else None
            if rest:
                return prefix + chance.choice(rest).removeprefix("ال" if prefix.endswith("ال") else "")
        return None

    def _number(self, words: list[str], chance: random.Random) -> list[str] | None:
        places = [i for i, word in enumerate(words) if _DIGITS.search(word)]
        if not places:
            return None
        place = chance.choice(places)
        return [*words[:place], _DIGITS.sub(lambda m: _another(m[0], chance), words[place]), *words[place + 1 :]]

    def _replaced(self, words: list[str], chance: random.Random) -> list[str] | None:
        places = [i for i in range(1, len(words)) if len(words[i]) >= _SHORTEST_WORD]
        chance.shuffle(places)
        for place in places:
            old = light_stem(normalize(words[place]))
            options = [
                w for w in self.followers.get(normalize(words[place - 1]), []) if light_stem(normalize(w)) != old
            ]
            if len(options) >= 3:  # fewer: a fixed phrase, and the word after it is hardly free
                return [*words[:place], chance.choice(options), *words[place + 1 :]]
        return None


def _another(number: str, chance: random.Random) -> str:
    """A number of as many digits."""
    first = chance.choice([d for d in "123456789" if d != number[0]])
    return first + "".join(chance.choice("0123456789") for _ in number[1:])


def followers(texts: Sequence[str]) -> dict[str, list[str]]:
    """Word -> the words of four letters and more that stand after it, each as often as it does."""
    table: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        words = text.split()
        for before, word in pairwise(words):
            if len(word) >= _SHORTEST_WORD and word.isalpha():
                table[normalize(before)].append(word)
    return dict(table)


def pair_rows(stated: Sequence[tuple[str, str]], seed: int = SEED) -> Iterator[dict[str, str]]:
    """Rows with text, target, label (favor, against, none) and headline: up to three for each headline.

    Args:
        stated: Headlines, each with the stretch of its article that says the same.
        seed: Same seed, same rows.
    """
    chance = random.Random(seed)
    contradict = Contradictions(opposites(), followers([text for pair in stated for text in pair]))
    others = _Others(stated)
    for number, (headline, stretch) in enumerate(stated):
        changed = contradict(stretch, chance)
        other = others.about_something_else(number, chance)
        for label, text in zip(LABELS, (stretch, changed, other), strict=True):
            if text:
                first, second = (headline, text) if chance.random() < 0.5 else (text, headline)
                yield {"text": first, "target": second, "label": label, "headline": headline}


class _Others:
    """Finds another article's stretch that shares a rare word with a headline."""

    def __init__(self, stated: Sequence[tuple[str, str]]) -> None:
        self.stated = stated
        self.keys = [
            {light_stem(normalize(w)) for w in headline.split() if len(w) >= _SHORTEST_WORD} for headline, _ in stated
        ]
        self.where: dict[str, list[int]] = defaultdict(list)
        for number, keys in enumerate(self.keys):
            for key in keys:
                self.where[key].append(number)

    def about_something_else(self, number: int, chance: random.Random) -> str:
        mine = self.keys[number]
        near = Counter(
            other
            for key in sorted(mine)
            if len(self.where[key]) <= RARE
            for other in self.where[key]
            if other != number and len(self.keys[other] & mine) * 3 < len(mine)  # more: it may be the same news
        )
        chosen = chance.choice(sorted(near)) if near else chance.randrange(len(self.stated))
        return self.stated[chosen][1] if chosen != number else ""


def rows_of_files(files: Sequence[str], rounds: int = 1) -> Iterator[dict[str, str]]:
    """The rows that come out of articles with headlines.

    Args:
        files: With columns text and summary.
        rounds: How often each headline is gone through, each time with another seed: a model that meets the same pairs
            six times learns them by heart.
    """
    stated = [(headline, span) for _, headline, span in headlines_with_spans(files)]
    for number in range(rounds):
        yield from pair_rows(stated, SEED + number)


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    about = (__doc__ or "").splitlines()[0]
    parser = ArgumentParser(add_help=False)
    parser.add_argument("--rounds", type=int, default=1)
    options, rest = parser.parse_known_args(arguments)
    write_pairs(partial(rows_of_files, rounds=options.rounds), about, rest)


if __name__ == "__main__":
    main()
