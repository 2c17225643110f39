"""Hold a model to the words of an article: which tokens may follow, so that no other content word can come about.

Allowing the tokens of the article would not do, for pieces of words make other words. So the words are spelled in a trie of
tokens, and at each step a model may go on with the word in hand or, where that is whole, begin another.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from transformers import PreTrainedTokenizerBase

from mujaz.models.arabic_words import WORD
from mujaz.models.turns import turn

# Allowed in every summary: prepositions, conjunctions, pronouns, particles.
_FREE_WORDS = """
    في من إلى الى على عن مع بين عند لدى حتى منذ خلال بعد قبل فوق تحت أمام ضد دون عبر نحو بسبب هذا هذه ذلك تلك هو
    هي هم الذي التي الذين أن إن أنه أنها لأن إذا حيث بينما عندما كما مثل لكن بل أو أم ثم قد لا لم لن ليس ليست كان
    كانت كل بعض أي غير ما و ف ب ل ك وفي ومن وإلى وعلى وعن ومع وأن وإن ولا ولم وقد وهو وهي
"""
FREE_WORDS = tuple(_FREE_WORDS.split())


@dataclass(slots=True)
class _Node:
    after: dict[int, _Node] = field(default_factory=dict)
    whole: bool = False


@dataclass(frozen=True)
class Punctuation:
    """The tokens of a vocabulary that hold no letter and no digit.

    Attributes:
        ids: Of all of them but special tokens.
    """

    ids: frozenset[int]

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> Punctuation:
        """Find them; takes a moment for a vocabulary of 250,000, so it is done once a model."""
        special = set(tokenizer.all_special_ids)
        found = (
            number
            for piece, number in tokenizer.get_vocab().items()
            if number not in special and not any(char.isalnum() for char in piece) and not piece.startswith("<")
        )
        return cls(frozenset(found))


class ArticleWords:
    """Says which tokens may follow in a summary of one article."""

    def __init__(
        self,
        prepared: str,
        tokenizer: PreTrainedTokenizerBase,
        punctuation: Punctuation,
        ends: Collection[int],
        forced_first: int | None = None,
    ) -> None:
        """Spell the words of an article.

        Args:
            prepared: The article as the tokenizer gets it.
            tokenizer: Of the model.
            punctuation: Of its vocabulary.
            ends: The tokens that end a summary.
            forced_first: The token that every summary has to begin with, if any (MBart's language).
        """
        self._forced_first = () if forced_first is None else (forced_first,)
        self._punctuation = punctuation.ids
        self._ends = frozenset(ends)
        self._special = frozenset(tokenizer.all_special_ids)
        self._root = _Node(whole=True)
        forms = {form for word in prepared.split() for form in (word, *_forms(word))}
        with turn(tokenizer):
            spelled = tokenizer([*sorted(forms), *FREE_WORDS], add_special_tokens=False)["input_ids"]
        for ids in spelled:
            self._add(ids)
        self._states: dict[tuple[int, ...], tuple[_Node, ...]] = {(): (self._root,)}

    def _add(self, ids: Sequence[int]) -> None:
        node = self._root
        for number in ids:
            node = node.after.setdefault(number, _Node())
        node.whole = True

    def __call__(self, ids: Sequence[int]) -> list[int]:
        """The tokens that may follow on the tokens generated so far, which may begin with special ones."""
        said = tuple(number for number in ids if number not in self._special)
        states = self._after(said)
        allowed = set() if said else set(self._forced_first)
        allowed |= {number for node in states for number in node.after}
        if any(node.whole for node in states):
            allowed |= self._root.after.keys() | self._punctuation | self._ends
        return sorted(allowed)

    def _after(self, ids: tuple[int, ...]) -> tuple[_Node, ...]:
        """The places in the trie where a text may be that ends in these tokens; nowhere is as good as its beginning."""
        if ids not in self._states:
            before = self._after(ids[:-1])
            whole = any(node.whole for node in before)
            starts = (*before, self._root) if whole else before
            found = [node.after[ids[-1]] for node in starts if ids[-1] in node.after]
            if whole and ids[-1] in self._punctuation:
                found.append(self._root)
            self._states[ids] = tuple({id(node): node for node in found}.values()) or (self._root,)
        return self._states[ids]


def _forms(word: str) -> list[str]:
    """The runs of letters and digits in a word, and what is left of them without conjunction and article."""
    found = []
    for run in WORD.findall(word):
        found.append(run)
        for prefix in ("و", "ف", "ب", "ك"):
            if run.startswith(f"{prefix}ال") and len(run) > 5:
                found.append(run[1:])
        if run.startswith("ال") and len(run) > 4:
            found.append(run[2:])
    return found
