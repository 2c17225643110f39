"""Preparing text line by line: what ``mujaz clean`` does, without the reading and printing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mujaz.models.recipes import Prepared, Recipe


@dataclass(frozen=True, slots=True)
class CleanLine:
    """One line, or one whole text: before and after.

    Attributes:
        number: Counted from 1.
        raw: As read, without its line end.
        prepared: The prepared text and what was done to it.
    """

    number: int
    raw: str
    prepared: Prepared


def clean_lines(lines: Iterable[str], recipe: Recipe) -> Iterator[CleanLine]:
    """Prepare lines in order, one at a time.

    Example:
        >>> from mujaz.models.recipes import get_recipe
        >>> [line.prepared.text for line in clean_lines(["عام ١٩٩٥"], get_recipe("news"))]
        ['عام 1995']
    """
    for number, line in enumerate(lines, start=1):
        raw = line.rstrip("\r\n")
        yield CleanLine(number, raw, recipe.prepare(raw))
