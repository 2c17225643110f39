"""Pairs for teaching a summarizer to read before there are summaries: an article and its principal sentence.

After PEGASUS (Zhang et al., 2020, section 3.1): the sentence that shares most words with the rest of the article stands in
for a summary. In half of the pairs it stays in the article, so that the model learns to copy; in the others it is taken
out, so that it learns to write what the rest implies.

Usage::

    python -m mujaz.training.principal OUT.jsonl FILE... [--seed 0]
"""

from __future__ import annotations

import random
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import orjson

from mujaz.formats import read_rows
from mujaz.models.sentences import split_sentences

FIRST_SENTENCES = 8  # news says early what matters; and only the beginning is within the model's window
SHORTEST, LONGEST = 5, 28  # words of a principal sentence: like a headline or a lead


def principal_pair(text: str, rng: random.Random) -> tuple[str, str] | None:
    """An article and its principal sentence, or None where no sentence is of a fitting length."""
    sentences = [sentence.text for sentence in split_sentences(text)][:FIRST_SENTENCES]
    fitting = [i for i, sentence in enumerate(sentences) if SHORTEST <= len(sentence.split()) <= LONGEST]
    if len(sentences) < 2 or not fitting:
        return None
    counts = Counter(word for sentence in sentences for word in set(sentence.split()))

    def shared(i: int) -> float:
        """Share of the words of a sentence that other sentences have too."""
        words = set(sentences[i].split())
        return sum(counts[word] > 1 for word in words) / len(words)

    best = max(fitting, key=shared)
    stays = rng.random() < 0.5
    body = sentences if stays else sentences[:best] + sentences[best + 1 :]
    return " ".join(body), sentences[best]


def principal_pairs(files: list[str], seed: int) -> Iterator[dict[str, str]]:
    """Rows with ``text`` and ``summary`` from files with a column ``text``."""
    rng = random.Random(seed)
    for file in files:
        for row in read_rows(file, columns=["text"]):
            text = row.values["text"]
            pair = principal_pair(text, rng) if isinstance(text, str) else None
            if pair:
                yield {"text": pair[0], "summary": pair[1]}


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with options.out.open("wb") as stream:
        for pair in principal_pairs(options.files, options.seed):
            stream.write(orjson.dumps(pair) + b"\n")
            count += 1
    sys.stdout.write(f"{count:,} pairs in {options.out}\n")


if __name__ == "__main__":
    main()
