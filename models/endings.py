"""The end of a summary: what a model breaks off is not shown half said."""

from __future__ import annotations

import re

from mujaz.models.arabic_numbers import broken_number
from mujaz.models.arabic_words import words
from mujaz.models.summary_checks import Source
from mujaz.models.word_bases import CLITICS, FUNCTION_WORDS, LEADING

FEWEST = 3  # words that must be left of a summary that the model ended itself
OPENING = re.compile(r'[«("“„\[]+')


def without_broken_end(text: str, source: Source, *, cut: bool) -> str:
    """A summary without what leads nowhere at its end.

    That is half a number (``4`` of the article's ``4.25``), letters that only lead to a word (``بال``), a preposition, an
    opening quotation mark; and where the longest length was reached any function word and half a word.

    Args:
        text: The summary.
        source: Its article.
        cut: Whether it reached the longest length allowed.

    Returns:
        The text, or what is left of it; of a summary that the model ended itself all of it where fewer than three words
        would be left.
    """
    left = text.split()
    fewest = 1 if cut else FEWEST
    while len(left) > fewest and _leads_nowhere(left, source):
        left.pop()
    if cut:
        left = _whole_words(left, len(text.split()), source)
    return " ".join(left) if not _leads_nowhere(left, source) or cut else text


def _leads_nowhere(left: list[str], source: Source) -> bool:
    if not left:
        return False
    last = words(left[-1])
    if not last:
        closes = left[-1] == '"' and " ".join(left).count('"') % 2 == 0
        return bool(OPENING.fullmatch(left[-1])) and not closes
    clitic_alone = last[-1] not in FUNCTION_WORDS and bool(CLITICS.fullmatch(last[-1]))
    return clitic_alone or last[-1] in LEADING or bool(broken_number(" ".join(left), source.figures))


def _whole_words(left: list[str], full: int, source: Source) -> list[str]:
    """Without the half word, or the function words, at the end; at least one word stays."""
    left = list(left)
    while len(left) > 1:
        last = words(left[-1])
        whole = bool(last) and (last[-1] in source.known or len(left) < full)
        if whole and last[-1] not in FUNCTION_WORDS:
            break
        left.pop()
    return left
