"""What a text without a headline says first: a sentence that can be compared, reworded and turned round.

News in Arabic opens with what happened, so the first sentence stands in for the headline that a corpus lacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mujaz.formats import read_rows
from mujaz.models.articles import clean_article
from mujaz.models.sentences import split_sentences

READ = 600  # characters of a text, enough for a first sentence
SHORTEST, LONGEST = 5, 18  # words

_CLAUSE_END = re.compile(r"[،؛:]$")


def first_statement(text: str) -> str | None:
    """The first sentence, or its first clauses where it is long; None where nothing of 5 to 18 words ends there."""
    sentences = split_sentences(clean_article(text[:READ]))
    words = sentences[0].text.split() if sentences else []
    if len(words) > LONGEST:
        ends = [i for i, word in enumerate(words[:LONGEST], 1) if _CLAUSE_END.search(word)]
        words = words[: ends[-1]] if ends else []
    return " ".join(words).rstrip(" .،؛:-–") if len(words) >= SHORTEST else None


def stated_first(files: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Texts of files with the column text, each with what it says first; those that say nothing so short are passed over."""
    for file in files:
        for row in read_rows(file, columns=["text"]):
            text = row.values["text"]
            statement = first_statement(text) if isinstance(text, str) else None
            if statement:
                yield text, statement
