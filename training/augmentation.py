"""Shorter copies of training texts: titles, first sentences, stretches of words, some words left out."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mujaz.configs.data_schema import AugmentationConfig
from mujaz.models.sentences import split_sentences
from mujaz.training.data import Example

_BEGINNING = 1000  # characters: no first sentence worth a copy is longer


def augmented(examples: Sequence[Example], config: AugmentationConfig | None, seed: int) -> list[Example]:
    """The examples, followed by shorter copies of some of them; labels and targets stay.

    Args:
        examples: Training examples.
        config: Which copies, and how many; None adds none.
        seed: Same seed, same copies.
    """
    if config is None:
        return list(examples)
    return [*examples, *_copies(examples, config, random.Random(seed))]


def _copies(examples: Sequence[Example], config: AugmentationConfig, chance: random.Random) -> Iterator[Example]:
    for example in examples:
        # Drawn for every example, so that a change of one share leaves the other copies as they are.
        first, cut = chance.random() < config.first_sentence, chance.random() < config.cut
        title = example.title if example.title and chance.random() < config.title else ""
        sentence, stretch = _first_sentence(example.text), _stretch(example.text, config, chance)
        for text in (title, sentence if first else "", stretch if cut else ""):
            shorter = _drop_words(text, config.word_dropout, chance)
            if shorter and shorter != example.text:
                yield replace(example, text=shorter)


def _first_sentence(text: str) -> str:
    sentences = split_sentences(text[:_BEGINNING])
    return sentences[0].text if sentences else ""


def _stretch(text: str, config: AugmentationConfig, chance: random.Random) -> str:
    words = text.split()
    length = min(chance.randint(config.shortest_cut, config.longest_cut), len(words))
    start = chance.randint(0, len(words) - length)
    return " ".join(words[start : start + length])


def _drop_words(text: str, share: float, chance: random.Random) -> str:
    """At least one word stays."""
    words = text.split()
    return " ".join([word for word in words if chance.random() >= share] or words[:1])
