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
    python -m mujaz.training.pairs --easy OUT.jsonl FILE...        # what agrees is twice the same, to begin with
    python -m mujaz.training.pairs --most 4000 OUT.jsonl FILE...   # of so many headlines
    python -m mujaz.training.pairs --beginnings 9000 OUT.jsonl FILE...    # beginnings of so many articles, and a claim
    python -m mujaz.training.pairs --plain FILE OUT.jsonl FILE...  # and what texts without headlines say first
"""

from __future__ import annotations

import random
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from mujaz.models.arabic_words import normalize
from mujaz.models.light_stem import light_stem
from mujaz.training.rewording import SHORTEST_WORD, Rewording, Words, followers
from mujaz.training.spans import headlines_with_spans, write_pairs
from mujaz.training.statements import stated_first

LABELS = ("favor", "against", "none")
SEED = 13
RARE = 40  # headlines that share a word, at most, for it to lead to another article

SAME = 0.6  # of the pairs are a headline, or a stretch, and itself reworded
RETOLD = 0.5  # of a statement's verbs are said otherwise
BOTH = 0.4  # of the pairs have a word of both changed
NONE = 0.5  # of the headlines get a stretch of other news
FEWEST, MOST = 40, 90  # words of an article's beginning; the stretch is among the first 55


def pair_rows(stated: Sequence[tuple[str, str]], seed: int = SEED, *, easy: bool = False) -> Iterator[dict[str, str]]:
    """Rows with text, target, label (favor, against, none) and headline: up to three for each headline.

    Args:
        stated: Headlines, each with the stretch of its article that says the same.
        seed: Same seed, same rows.
        easy: What agrees is the same but for a verb at most, and what contradicts the same but for one thing more. From such
            pairs a model learns soon to look from one text to the other; from the whole mixture alone it hardly does.
    """
    chance = random.Random(seed)
    same, retold = (1.0, 0.0) if easy else (SAME, RETOLD)
    rewording = Rewording(followers([text for pair in stated for text in pair]))
    others = _Others(stated)
    for number, (headline, stretch) in enumerate(stated):
        first, second = _agreeing(headline.split(), stretch.split(), rewording, chance, same)
        first = rewording.retold(first, chance, retold / 2)
        pairs = [
            ("favor", first, rewording.retold(second, chance, retold)),
            ("against", first, rewording.turned(rewording.retold(second, chance, retold), chance)),
        ]
        if chance.random() < NONE:
            pairs.append(("none", headline.split(), others.about_something_else(number, chance).split()))
        for label, one, other in pairs:
            if other:
                text, target = (one, other) if chance.random() < 0.5 else (other, one)
                yield {"text": " ".join(text), "target": " ".join(target), "label": label, "headline": headline}


def beginning_rows(articles: Sequence[tuple[str, str, str]], most: int, seed: int = SEED) -> Iterator[dict[str, str]]:
    """Rows whose text is an article's beginning, and whose target is its headline or stretch, reworded or turned round, or
    that of another article.

    Args:
        articles: Text, headline and stretch of each.
        most: Articles that are drawn.
        seed: Same seed, same rows.
    """
    chance = random.Random(seed)
    stated = [(headline, stretch) for _, headline, stretch in articles]
    rewording, others = Rewording(followers([text for pair in stated for text in pair])), _Others(stated)
    for number in sorted(chance.sample(range(len(articles)), min(most, len(articles)))):
        text, label = articles[number][0], chance.choice(LABELS)
        claim = rewording.retold(chance.choice(stated[number]).split(), chance, RETOLD)
        if label == "against":
            claim = rewording.turned(claim, chance) or []
        elif label == "none":
            claim = others.about_something_else(number, chance).split()
        if claim:
            beginning = text.split()[: chance.randint(FEWEST, MOST)]
            yield {
                "text": " ".join(beginning),
                "target": " ".join(claim),
                "label": label,
                "headline": stated[number][0],
            }


def _agreeing(
    headline: Words, stretch: Words, rewording: Rewording, chance: random.Random, same: float
) -> tuple[Words, Words]:
    """Two statements that say the same: one and itself, or both; with a word of both changed, sometimes."""
    first, second = headline, stretch
    if chance.random() < same:
        first = second = chance.choice((headline, stretch))
    if chance.random() < BOTH:
        first, second = rewording.both(first, second, chance) or (first, second)
    return first, second


class _Others:
    """Finds another article's stretch that shares a rare word with a headline."""

    def __init__(self, stated: Sequence[tuple[str, str]]) -> None:
        self.stated = stated
        self.keys = [
            {light_stem(normalize(w)) for w in headline.split() if len(w) >= SHORTEST_WORD} for headline, _ in stated
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


def rows_of_files(
    files: Sequence[str],
    rounds: int = 1,
    *,
    easy: bool = False,
    beginnings: int = 0,
    most: int | None = None,
    plain: Sequence[str] = (),
) -> Iterator[dict[str, str]]:
    """The rows that come out of articles with headlines.

    Args:
        files: With columns text and summary.
        rounds: How often each headline is gone through, each time with another seed: a model that meets the same pairs
            six times learns them by heart.
        easy: See :func:`pair_rows`.
        beginnings: Rows of :func:`beginning_rows` of so many articles, and no others.
        most: Headlines that are drawn, for :func:`pair_rows`.
        plain: Files with the column text alone: what a text says first is its headline and its stretch.
    """
    articles = [*headlines_with_spans(files), *((text, said, said) for text, said in stated_first(plain))]
    if beginnings:
        yield from beginning_rows(articles, beginnings)
        return
    stated = [(headline, span) for _, headline, span in articles]
    if most is not None and most < len(stated):
        stated = random.Random(SEED).sample(stated, most)
    for number in range(rounds):
        yield from pair_rows(stated, SEED + number, easy=easy)


def _positive(given: str) -> int:
    number = int(given)
    if number < 1:
        raise ValueError
    return number


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = ArgumentParser()
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument(
        "--beginnings", type=_positive, default=0, help="beginnings of so many articles, and no other pairs"
    )
    kinds.add_argument("--easy", action="store_true", help="what agrees is twice the same, to begin with")
    parser.add_argument("--rounds", type=_positive, default=1, help="how often each headline is gone through")
    parser.add_argument("--most", type=_positive, help="draw so many headlines")
    parser.add_argument(
        "--plain", action="append", default=[], metavar="FILE", help="texts without headlines: what they say first"
    )
    write_pairs(rows_of_files, (__doc__ or "").splitlines()[0], arguments, parser)


if __name__ == "__main__":
    main()
