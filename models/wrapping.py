"""Text that was broken into lines at a width, as mail, terminals and PDF files have it, with its paragraphs whole again.

A line end is read as the end of a sentence and of what belongs together. In such a text it is neither: the line ends where
the next word had no room. That is what tells such texts, and which of their line ends to take out.
"""

from __future__ import annotations

import re
from itertools import pairwise

_FEWEST = 3  # lines that end for want of room, so that it is no accident
# Characters of the widest line: most poems are narrower, and of wider text each line is a paragraph.
_WIDTHS = range(40, 161)
_ROOM = 0.8  # of the widest line: letters of a printed page differ in width, and lines of a PDF file with them
_SHARE = 0.6  # of the line ends; the others end paragraphs
# Lines of verse are about as long as each other, and so may those of a list be: a sentence must end inside a line besides.
_INSIDE = re.compile(r"[^\W\d_][»”\")\]]?[ \u00a0]?[.؟!][»”\"]?[ \u00a0]*[«“\"(]?[^\W\d_]")
_ITEM = re.compile(r"\s*(?:[-–—•*▪●]\s|\(?\d{1,3}\s?[.)\-–]\s|[سج]\s?:)")  # of a list, or a question
_ENDED = 0.5  # lines that end a sentence; running text has one in four or so
_LINE = re.compile(r"[^\r\n]+")
_FIRST = re.compile(r"\s*(\S+)")
_STOPPED = re.compile(r"[.؟!?…][»”\")\]\s]*\Z")


def unwrapped(text: str) -> str:
    """Put paragraphs on one line each where a text was broken at a width; any other text comes back as it is.

    Returns:
        The text, of the same length: blanks for the line ends that were taken out.
    """
    if text.count("\n") + text.count("\r") < _FEWEST or not (soft := _soft_ends(text)):
        return text
    kept, at = [], 0
    for start, end in soft:
        kept += [text[at:start], " " * (end - start)]
        at = end
    return "".join([*kept, text[at:]])


def _soft_ends(text: str) -> list[tuple[int, int]]:
    """Where the line ends stand that are there for want of room; none where the text is not of that kind."""
    lines = [match.span() for match in _LINE.finditer(text) if match.group().strip()]
    wide = max((len(text[start:end].strip()) for start, end in lines), default=0)
    if len(lines) <= _FEWEST or wide not in _WIDTHS:
        return []
    inside, count, stopped = 0, 0, 0
    soft: list[tuple[int, int]] = []
    for (start, end), (following, _) in pairwise(lines):
        gap = text[end:following]
        if gap.count("\n") > 1 or (gap.count("\r") > 1 and "\n" not in gap):
            continue  # a blank line: a paragraph ends
        if _ITEM.match(text, following):
            continue
        line = text[start:end].strip()
        inside += 1
        word = _FIRST.match(text, following)
        needed = len(line) + 1 + len(word[1]) if word else 0
        if needed > _ROOM * wide:
            stops = bool(_STOPPED.search(line))
            stopped += stops
            count += 1
            if needed > wide or not stops:  # else it may be the end of a paragraph, and that of a sentence it is
                soft.append((end, following))
    enough = count >= _FEWEST and count >= _SHARE * inside and stopped <= _ENDED * count
    return soft if enough and _INSIDE.search(text) else []
