"""Headlines as spans of their articles: what a very small summarizer can learn to write without inventing anything.

A headline is replaced by the stretch of the article's beginning that shares most with it. A small model that is trained
from nothing learns to find and copy such a stretch from some ten thousand articles; from the headlines themselves it
learns to write headlines of other articles.

Usage::

    python -m mujaz.training.spans OUT.jsonl FILE...     # files with columns text and summary
"""

from __future__ import annotations

import re
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from mujaz.formats import read_rows
from mujaz.models.arabic_words import normalize
from mujaz.training.left_out import write_rows

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


def headlines_with_spans(files: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Articles of files with columns text and summary, their headlines, and the spans that say the same."""
    for file in files:
        for row in read_rows(file, columns=["text", "summary"]):
            text, headline = row.values["text"], row.values["summary"]
            span = headline_span(text, headline) if isinstance(text, str) and isinstance(headline, str) else None
            if span:
                yield text, headline, span


def span_rows(files: Sequence[str]) -> Iterator[dict[str, str]]:
    """Rows with ``text`` and ``summary``, the summary a span of the text."""
    for text, _, span in headlines_with_spans(files):
        yield {"text": text, "summary": span}


def write_pairs(
    rows: Callable[..., Iterable[dict[str, str]]],
    about: str,
    arguments: list[str] | None,
    parser: ArgumentParser | None = None,
) -> None:
    """A command line that makes a file of rows out of files: OUT.jsonl FILE...

    Args:
        rows: The rows, from names of files and the parser's other options.
        about: What they are, for its help.
        arguments: None takes those of the process.
        parser: With further options.
    """
    parser = parser or ArgumentParser()
    parser.description = about
    parser.add_argument("out", type=Path)
    parser.add_argument("files", nargs="+")
    options = vars(parser.parse_args(arguments))
    out, files = options.pop("out"), options.pop("files")
    write_rows(out, lambda: rows(files, **options), f"pairs in {out}")


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    write_pairs(span_rows, (__doc__ or "").splitlines()[0], arguments)


if __name__ == "__main__":
    main()
