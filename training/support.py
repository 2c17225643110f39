"""Summaries that say what their articles do not: left out of the training data.

Headlines name what an editor knew and the article, or the part of it that a model reads, does not say. Who learns from those
learns to invent: summarizers trained without them are more often true (Matsumaru, Takase & Okazaki 2020, "Improving
Truthfulness of Headline Generation"; they ask an entailment model, here words are looked up).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from mujaz.configs.data_schema import SupportConfig
from mujaz.errors import DataError
from mujaz.models.arabic_words import words
from mujaz.models.word_bases import SHORTEST, bases

if TYPE_CHECKING:
    from mujaz.training.data import Example

# What verbs of the present begin with, and what those of the past may have in its place: اعلن is said of يعلن.
_OF_VERBS = "ايتن"


def support(summary: str, article: str) -> float:
    """Share of the words of a summary that its article says in some form, 0-1; function words and numbers are not counted.

    A word is there without its clitics and inflection (:func:`~mujaz.models.word_bases.bases`), and in another tense, or as
    a verb for its noun: ارتفاع for ارتفع. Synonyms and broken plurals are not found, so no editor's headline reaches 1
    for certain. A summary without words has 1.
    """
    said = [forms for word in words(summary) if (forms := _forms(word))]
    there = {form for word in words(article) for form in _forms(word)}
    return sum(not forms.isdisjoint(there) for forms in said) / len(said) if said else 1.0


def is_supported(summary: str, article: str, settings: SupportConfig) -> bool:
    """Whether the first words of an article say as much of a summary as these settings ask for."""
    return support(summary, " ".join(article.split()[: settings.first_words])) >= settings.least


def supported(examples: list[Example], settings: SupportConfig) -> tuple[list[Example], str]:
    """The examples whose summaries are supported by the first words of their articles, and a line that says how many.

    Raises:
        DataError: there are none.
    """
    kept = [e for e in examples if is_supported(e.summary or "", e.text, settings)]
    if not kept:
        raise DataError(
            f"data.support left none of {len(examples):,} training rows: no summary has {settings.least:g} of its words in "
            f"the first {settings.first_words:,} of its text. Lower data.support.least, or check the columns."
        )
    return kept, f"{len(examples) - len(kept):,} of {len(examples):,} training rows are left out by data.support"


@lru_cache(maxsize=1 << 16)
def _forms(word: str) -> frozenset[str]:
    """The bases of a word, and what they share with other tenses and with their noun."""
    found = set(bases(word))
    for base in tuple(found):
        core = base[1:] if base[0] in _OF_VERBS and len(base) > SHORTEST else base
        core = core[:1] + core[1:].replace("ا", "")
        found |= {form for form in (core, core.removesuffix("ت")) if len(form) >= SHORTEST}  # her past ends in it
    return frozenset(found)
