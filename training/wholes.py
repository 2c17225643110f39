"""Texts that are whole and texts that were cut: what teaches an encoder whether a stretch can end where it ends.

A headline or a sentence of the article, and the same without its last words. Nobody has to label them, and where a cut text
reads well all the same the network only becomes less sure.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from mujaz.models.selector import tidy
from mujaz.models.word_reading import ReadArticle
from mujaz.training.data import Example

SHORTEST, LONGEST = 3, 24  # words of such a text
_READ = 5  # sentences of an article that are looked at
_COMMAS = "،,؛;:"


def wholes(example: Example, article: ReadArticle) -> Iterator[tuple[str, bool]]:
    """Texts of a row, and whether each is whole: its summary or a part of that; a sentence or a part of that.

    The same for the same row.

    Args:
        example: With a summary.
        article: How its article is read.
    """
    drawn = Random(example.text)
    for words in (example.summary or "").split(), _sentence(article, drawn):
        whole = len(words) <= LONGEST and drawn.random() < 0.5
        text = tidy(" ".join(words if whole else _cut(words[:LONGEST], drawn)))
        if len(text.split()) >= SHORTEST:
            yield text, whole


def _sentence(article: ReadArticle, drawn: Random) -> list[str]:
    """The words of one of an article's first sentences; of the last one that is read the end may be missing."""
    words, numbers = article.words(), article.sentences.tolist()
    known = list(dict.fromkeys(numbers))
    if article.encoding.truncated:
        known = known[:-1]
    if not known:
        return []
    number = drawn.choice(known[:_READ])
    return [word for word, its in zip(words, numbers, strict=True) if its == number]


def _cut(words: list[str], drawn: Random) -> list[str]:
    """The beginning of a text, not up to where its punctuation says that a clause ends."""
    places = [i for i in range(SHORTEST, len(words)) if words[i - 1][-1] not in _COMMAS]
    return words[: drawn.choice(places)] if places else []
