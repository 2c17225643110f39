"""Say a headline otherwise, or its opposite, by the verbs of :mod:`mujaz.training.opposites` and the words news uses.

What comes out is no fine Arabic: it teaches a small model which words of two texts decide whether they agree. So that no
clumsy word gives the answer away, what agrees is reworded like what contradicts.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mujaz.models.arabic_words import normalize
from mujaz.models.light_stem import light_stem
from mujaz.training.opposites import Form, alike, forms, present_of

Words = list[str]
Change = Callable[[Words, random.Random], "Words | None"]

SHORTEST_WORD = 4  # letters of a word that may be replaced: below are particles
_DIGITS = re.compile(r"\d+")
_PREFIXES = ("وال", "فال", "بال", "ال", "و", "ف", "")
_DENY = frozenset({"لا", "لم", "لن", "ليس", "ليست", "عدم", "غير"})
_NEAR = 7  # words behind a verb among which its preposition is looked for


def followers(texts: Sequence[str]) -> dict[str, Words]:
    """Word -> the words of four letters and more that stand after it, each as often as it does."""
    table: dict[str, Words] = defaultdict(list)
    for text in texts:
        for before, word in pairwise(text.split()):
            if len(word) >= SHORTEST_WORD and word.isalpha():
                table[normalize(before)].append(word)
    return dict(table)


@dataclass(frozen=True)
class Rewording:
    """Changes of what a statement says, and of how it says it.

    Attributes:
        followers: Of :func:`followers`: what may stand in a place.
    """

    followers: dict[str, Words]

    def retold(self, words: Words, chance: random.Random, share: float = 0.5) -> Words:
        """The statement with so large a share of its known verbs in another tense, or another verb that says the same."""
        for place, prefix, form in reversed(_known(words)):
            options = [*alike(form)]
            if form.is_verb and not _denied(words, place):
                options += alike(form, other_tense=True)
            if options and chance.random() < share:
                words = _swapped(words, place, prefix, form, chance.choice(options)) or words
        return words

    def turned(self, words: Words, chance: random.Random) -> Words | None:
        """The statement with something in it turned round, or None where nothing can be."""
        ways: list[Change] = [_opposite, _denial, _no_denial, _other_number]
        chance.shuffle(ways)
        return next((changed for way in [*ways, self._other_word] if (changed := way(words, chance))), None)

    def both(self, first: Words, second: Words, chance: random.Random) -> tuple[Words, Words] | None:
        """Two statements that agree, with the same word of both changed in the same way; None where they share none."""
        ways = [self._same_word, _same_verb]
        chance.shuffle(ways)
        return next((pair for way in ways if (pair := way(first, second, chance))), None)

    def _options(self, words: Words, place: int) -> Words:
        """What stands elsewhere behind the word before; none where few do: a fixed phrase, and no free place."""
        old = light_stem(normalize(words[place]))
        found = self.followers.get(normalize(words[place - 1]), []) if place else []
        options = [word for word in found if light_stem(normalize(word)) != old]
        return options if len(options) >= 3 else []

    def _other_word(self, words: Words, chance: random.Random) -> Words | None:
        places = [i for i in range(1, len(words)) if len(words[i]) >= SHORTEST_WORD]
        chance.shuffle(places)
        for place in places:
            if options := self._options(words, place):
                return _put(words, place, chance.choice(options))
        return None

    def _same_word(self, first: Words, second: Words, chance: random.Random) -> tuple[Words, Words] | None:
        where = {word: i for i, word in enumerate(first)}
        places = [(where[word], j) for j, word in enumerate(second) if word in where]
        chance.shuffle(places)
        for i, j in places:
            options = [_another(first[i], chance)] if _DIGITS.search(first[i]) else self._options(first, i)
            if options and (_DIGITS.search(first[i]) or len(first[i]) >= SHORTEST_WORD):
                word = chance.choice(options)
                return _put(first, i, word), _put(second, j, word)
        return None


def _put(words: Words, place: int, word: str) -> Words:
    return [*words[:place], word, *words[place + 1 :]]


def _denied(words: Words, place: int) -> bool:
    return place > 0 and words[place - 1] in _DENY


def _known(words: Words) -> list[tuple[int, str, Form]]:
    """Place, prefix and form of the words of the table; of forms that are written alike the likelier ones."""
    found = []
    for place, word in enumerate(words):
        plain = normalize(word)
        for prefix in _PREFIXES:
            known = forms().get(plain.removeprefix(prefix)) if plain.startswith(prefix) else None
            if known:
                fit = [f for f in known if not (f.is_verb and prefix.endswith("ال"))]
                nouns = [f for f in fit if f.kind == "noun"]
                # رفع, تراجع: a headline's first word may be a past, a later one is the noun.
                found += [(place, prefix, f) for f in (nouns if nouns and place else fit)]
                break
    return found


def _swapped(words: Words, place: int, prefix: str, old: Form, new: Form) -> Words | None:
    """The words with another verb, and its preposition; None where it cannot be told where that goes."""
    rest = words[place + 1 :]
    if old.preposition != new.preposition:
        moved = _with_preposition(rest, old.preposition, new.preposition)
        follows = place > 0 and new.kind.startswith("present") and bool(rest)  # "the team | wins | the cup"
        if moved is None and follows:
            moved = [*_joined(new.preposition, rest[0]), *rest[1:]]
        if moved is None:
            return None
        rest = moved
    return [*words[:place], prefix + new.word, *rest]


def _with_preposition(rest: Words, old: str, new: str) -> Words | None:
    if not old:
        return None
    for i, word in enumerate(rest[:_NEAR]):
        if old in ("ب", "ل") and word.startswith(old) and len(word) > 3:
            noun = "ال" + word[2:] if word.startswith("لل") else word[1:]
            return [*rest[:i], *_joined(new, noun), *rest[i + 1 :]]
        if word == old and i + 1 < len(rest):
            return [*rest[:i], *_joined(new, rest[i + 1]), *rest[i + 2 :]]
    return rest  # it has no object


def _joined(preposition: str, noun: str) -> Words:
    if preposition == "ل":
        return ["لل" + noun[2:] if noun.startswith("ال") else "ل" + noun]
    if preposition in ("", "ب"):
        return [preposition + noun]
    return [preposition, noun]


def _opposite(words: Words, chance: random.Random) -> Words | None:
    found = [(*known, other) for known in _known(words) for other in alike(known[2], opposite=True)]
    chance.shuffle(found)
    return next((changed for one in found if (changed := _swapped(words, *one))), None)


def _denial(words: Words, chance: random.Random) -> Words | None:
    """With a verb or verbal noun denied: "did not rise", "does not rise", "no rise"."""
    found = [
        (place, prefix, form)
        for place, prefix, form in _known(words)
        if form.kind != "word" and not prefix.endswith("ال") and not _denied(words, place)
    ]
    if not found:
        return None
    place, prefix, form = chance.choice(found)
    if form.kind == "noun":
        denied = [prefix + "عدم", form.word]
    elif form.kind.startswith("past"):
        denied = [prefix + "لم", _jussive(present_of(form))]
    else:
        denied = [prefix + chance.choice(("لا", "لا", "لن")), form.word]
    return [*words[:place], *denied, *words[place + 1 :]]


def _no_denial(words: Words, chance: random.Random) -> Words | None:
    places = [i for i, word in enumerate(words[:-1]) if word in ("لا", "لن", "عدم")]
    if not places:
        return None
    place = chance.choice(places)
    return words[:place] + words[place + 1 :]


def _jussive(present: str) -> str:
    """A present behind "لم": without its weak last letter, or the weak one in the middle of a short verb (يفوز, يفز)."""
    if present[-1] in "ويىا":
        return present[:-1]
    return present[:-2] + present[-1] if len(present) == 4 and present[-2] in "ويا" else present


def _other_number(words: Words, chance: random.Random) -> Words | None:
    places = [i for i, word in enumerate(words) if _DIGITS.search(word)]
    if not places:
        return None
    place = chance.choice(places)
    return _put(words, place, _another(words[place], chance))


def _another(word: str, chance: random.Random) -> str:
    """The word with another number in it, of as many digits."""

    def other(found: re.Match[str]) -> str:
        first = chance.choice([digit for digit in "123456789" if digit != found[0][0]])
        return first + "".join(chance.choice("0123456789") for _ in found[0][1:])

    return _DIGITS.sub(other, word)


def _same_verb(first: Words, second: Words, chance: random.Random) -> tuple[Words, Words] | None:
    """Both with the opposite of a verb, where both have one that says the same."""
    found = [(a, b) for a in _known(first) for b in _known(second) if a[2].says == b[2].says]
    chance.shuffle(found)
    for a, b in found:
        others = alike(a[2], opposite=True), alike(b[2], opposite=True)
        if all(others):
            one, two = (
                _swapped(words, *known, chance.choice(options))
                for words, known, options in zip((first, second), (a, b), others, strict=True)
            )
            if one and two:
                return one, two
    return None
