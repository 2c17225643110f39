"""An article's beginning, given in the place of a summary that is not to be trusted."""

from __future__ import annotations

from mujaz.models.endings import without_broken_end
from mujaz.models.sentences import split_sentences
from mujaz.models.summary_checks import Source
from mujaz.models.summary_record import Candidate, Finding

LONGEST = 20  # words
_FAR = 2000  # characters: no first sentence of news reaches so far, and some articles are long


def beginning(article: str, source: Source, most: int = LONGEST) -> Candidate:
    """The first sentence of an article, or as much of it as so many words hold, with the finding ``unsure``.

    Args:
        article: Without page leftovers.
        source: The same, prepared.
        most: Words.
    """
    first = next((one.text for one in split_sentences(article[:_FAR])), "").split()
    text = " ".join(first[:most])
    if len(first) > most:
        text = without_broken_end(text, source, cut=True)
    return Candidate(text.rstrip(" .،,؛;:"), None, len(text.split()), (Finding("unsure"),), 1.0)
