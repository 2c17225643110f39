"""Rows of CSV and TSV, and how one goes on behind a quotation mark that is not doubled or not closed.

Such a mark makes the lines behind it part of its field, up to the next mark or to the end of the file. Where a row of
several lines turns out wrong, its first line alone is given up, and the others are read again as rows of their own.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import BinaryIO

from mujaz.files import lines, not_utf8

# What an unclosed quote may swallow before the rows behind it are read again (characters; the module's own bound of 131,072
# is less than a long article).
FIELD_LIMIT = 64 * 1024 * 1024
_NAMED = re.compile(
    r'"?sep=([,;|\t])"?\s*', re.IGNORECASE
)  # a line before the header, written for Excel, which hides it
_MOST_AGAIN = 1 << 30  # characters that are read again in all: half a minute


class _Lines:
    """Lines of a stream as text; :attr:`taken` are those of the row that is being read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._lines = lines(stream)
        self._again: deque[tuple[str, str | None]] = deque()
        self.taken: list[tuple[str, str | None]] = []  # with what is wrong with their bytes
        self._left = _MOST_AGAIN

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._again:
            line = self._again.popleft()
        else:
            _, offset, raw = next(self._lines)
            line = raw.decode("utf-8", "replace"), not_utf8(raw, offset)
        self.taken.append(line)
        return line[0]

    @property
    def problem(self) -> str | None:
        """What is wrong with the bytes of the row."""
        return next((problem for _, problem in self.taken if problem), None)

    def cut(self) -> bool:
        """Whether the row ends where the stream does, in a line without an end."""
        return bool(self.taken) and not self.taken[-1][0].endswith(("\n", "\r"))

    def again(self, first: int) -> None:
        """Give the lines of the row again, from one on."""
        back = self.taken[first:]
        self._left -= sum(len(text) for text, _ in back)
        if self._left < 0:
            raise EOFError("too many quotes are opened and not closed")
        self._again.extendleft(reversed(back))
        self.taken = self.taken[:first]


def csv_rows(stream: BinaryIO, usual: str) -> tuple[str, Iterator[list[str] | str], Callable[[], bool]]:
    """What separates the columns, the rows, and whether the last row given is a last line without an end.

    Of a row there are its fields, or what is wrong with it; blank lines are left out.

    Args:
        stream: UTF-8.
        usual: The separator to be expected from the name of the file; the header, or a line ``sep=;`` before it, may show
            another one.

    Raises:
        EOFError: while rows are read: quotes are left open again and again.
    """
    csv.field_size_limit(max(FIELD_LIMIT, csv.field_size_limit()))
    source = _Lines(stream)
    first = next(source, "")
    named = _NAMED.fullmatch(first)
    separator = named[1] if named else _separator(first, usual)
    if not named:
        source.again(0)
    return separator, _rows(csv.reader(source, delimiter=separator, strict=True), source), source.cut


def _rows(reader: Iterator[list[str]], source: _Lines) -> Iterator[list[str] | str]:
    while True:
        source.taken.clear()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:  # the reader goes on with the next line
            wrong = source.problem
            if len(source.taken) > 1:
                wrong = source.taken[0][1]
                source.again(1)
            yield wrong or _advice(error)
            continue
        if source.problem:
            yield source.problem
        elif fields:
            yield fields


_NO_CSV = "expected CSV, found something else"


def _advice(error: csv.Error) -> str:
    if "new-line" in str(error):  # which Python says how to open a file for
        found = "a carriage return within a line"
        return f"{_NO_CSV} ({found}); must a text be quoted, or do lines of two systems stand in one file?"
    return f"{_NO_CSV} ({error}); is a quote not doubled, or not closed?"


def _separator(header: str, usual: str) -> str:
    """What separates the columns: a header that is one column for the usual sign may be several for another.

    Excel writes semicolons into .csv where the comma is the decimal sign.
    """
    for sign in (usual, ",", ";", "\t"):
        if sign == "," != usual and ", " in header:  # words of one name
            continue
        try:
            columns = next(csv.reader([header], delimiter=sign), [])
        except csv.Error:  # of UTF-16, or with ends of lines of its own: the rows say what is wrong
            return usual
        if len(columns) > 1:
            return sign
    return usual
