"""Headlines as spans of their articles: what a very small summarizer can learn to write without inventing anything.

A headline is replaced by the stretch of the article's beginning that shares most with it. A small model that is trained
from nothing learns to find and copy such a stretch from some ten thousand articles; from the headlines themselves it
learns to write headlines of other articles.

Usage::

    python -m mujaz.training.spans OUT.jsonl FILE...     # files with columns text and summary
"""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import orjson

from mujaz.formats import read_rows
from mujaz.models.arabic_words import normalize

BEGINNING = 55  # words of the article to look in: about what 96 tokens hold
SHORTEST, LONGEST = 5, 16  # words of a span
LEAST_SHARED = 0.25  # F1 of words with the headline; below it the span says something else

_CLAUSE_END = re.compile(r"[.،؛:!؟\-–»)\"]$")
_PUNCTUATION = re.compile(r"[^\w]+")


def headline_span(text: str, headline: str) -> str | None:
    """The stretch of the article's beginning that shares most with the headline, or None where none does.

    It starts where the article or a clause starts, and is measured by the F1 of shared words and pairs of words.
    """
    words = text.split()[:BEGINNING]
    keys = [_key(word) for word in words]
    wanted = [key for key in map(_key, headline.split()) if key]
    starts = [0, *(i + 1 for i, word in enumerate(words[:-SHORTEST]) if _CLAUSE_END.search(word))]
    best, span = LEAST_SHARED, None
    for start in starts:
        for end in range(start + SHORTEST, min(start + LONGEST, len(words)) + 1):
            shared = _f1(keys[start:end], wanted)
            if shared > best:
                best, span = shared, " ".join(words[start:end])
    return span.rstrip(" .،؛:-–") if span else None


def _key(word: str) -> str:
    return _PUNCTUATION.sub("", normalize(word))


def _f1(found: list[str], wanted: list[str]) -> float:
    """F1 of words, with half a point more for each pair of neighbours in common."""
    common = (Counter(found) & Counter(wanted)).total()
    pairs = len(set(pairwise(found)) & set(pairwise(wanted)))
    return 2 * (common + pairs / 2) / (len(found) + len(wanted))


def span_rows(files: list[str]) -> Iterator[dict[str, str]]:
    """Rows with ``text`` and ``summary``, the summary a span of the text."""
    for file in files:
        for row in read_rows(file, columns=["text", "summary"]):
            text, headline = row.values["text"], row.values["summary"]
            span = headline_span(text, headline) if isinstance(text, str) and isinstance(headline, str) else None
            if span:
                yield {"text": text, "summary": span}


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("files", nargs="+")
    options = parser.parse_args(arguments)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with options.out.open("wb") as stream:
        for row in span_rows(options.files):
            stream.write(orjson.dumps(row) + b"\n")
            count += 1
    sys.stdout.write(f"{count:,} pairs in {options.out}\n")


if __name__ == "__main__":
    main()
