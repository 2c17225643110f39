"""Where in a summary its findings stand, and where in the article the stretches that it copies."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from mujaz.models.arabic_words import words
from mujaz.models.fragments import automaton, runs_in
from mujaz.models.joins import MARK, SHORTEST_RUN
from mujaz.models.summary_record import Finding

CHUNK = re.compile(r"\S+\s*|^\s+")
AROUND = re.compile(r"^[\W_]+|[\W_]+$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text, and what is to be seen of it.

    Attributes:
        text: The part, with the white space behind it. All parts make the text.
        run: The stretch that it belongs to, counted from 1 in the order of the summary; 0 for none.
        kind: Of the finding that it belongs to, or "".
        joined: Whether a boundary between stretches that do not stand together in the article follows it.
    """

    text: str
    run: int = 0
    kind: str = ""
    joined: bool = False


def marked(summary: str, article: str, findings: Sequence[Finding]) -> tuple[list[Piece], list[Piece]]:
    """A summary and its article in pieces, the copied stretches of two words or more numbered alike in both.

    Args:
        summary: As written.
        article: As it came.
        findings: What was found in the summary.
    """
    said, known = _Words(summary), _Words(article)
    here, there = _stretches(said.words, known.words)
    kinds = _kinds(said.words, findings)
    joined = {at for finding in findings if finding.kind == "joined" for at in _boundaries(said.words, finding.text)}
    return said.pieces(here, kinds, joined), known.pieces(there, {}, set())


def as_written(summary: str, text: str) -> str:
    """The words of a finding as the summary has them: a finding has them in the form in which words are compared.

    Args:
        summary: As written.
        text: Of a finding.

    Returns:
        ``text`` itself where its words do not stand together in the summary.
    """
    said, parts = _Words(summary), [words(part) for part in text.split(MARK)]
    wanted = [word for part in parts for word in part]
    ends = list(accumulate(map(len, parts), initial=0))
    for place in range(len(said.words) - len(wanted) + 1) if wanted else ():
        if said.words[place : place + len(wanted)] == wanted:
            return MARK.join(said.between(place + start, place + end) for start, end in pairwise(ends))
    return text


class _Words:
    """A text in chunks between white space, and the words in them."""

    def __init__(self, text: str) -> None:
        self.chunks = CHUNK.findall(text)
        held = [words(chunk) for chunk in self.chunks]
        self.words = [word for chunk in held for word in chunk]
        self.chunk_of = [number for number, chunk in enumerate(held) for _ in chunk]

    def between(self, start: int, end: int) -> str:
        """The text from a word to before another, without the punctuation around it."""
        text = "".join(self.chunks[chunk] for chunk in dict.fromkeys(self.chunk_of[start:end]))
        return AROUND.sub("", text)

    def pieces(self, runs: dict[int, int], kinds: dict[int, str], joined: set[int]) -> list[Piece]:
        """Chunks, each with what the last of its words that has something to show has; neighbours alike put together."""
        run: dict[int, int] = defaultdict(int)
        kind: dict[int, str] = defaultdict(str)
        ends = set()
        for place, chunk in enumerate(self.chunk_of):
            run[chunk] = runs.get(place, run[chunk])
            kind[chunk] = kinds.get(place, kind[chunk])
            if place in joined:
                ends.add(chunk)
        found: list[Piece] = []
        for number, text in enumerate(self.chunks):
            if found and (found[-1].run, found[-1].kind, found[-1].joined) == (run[number], kind[number], False):
                text = found.pop().text + text
            found.append(Piece(text, run[number], kind[number], number in ends))
        return found


def _stretches(said: list[str], known: list[str]) -> tuple[dict[int, int], dict[int, int]]:
    """The number of the stretch that each word belongs to, in the summary and in the article."""
    starts = defaultdict(list)
    for place, word in enumerate(known):
        starts[word].append(place)
    here: dict[int, int] = {}
    there: dict[int, int] = {}
    number = end = 0
    for start, length in runs_in(said, automaton(known)):
        if length < SHORTEST_RUN:
            continue
        number += 1
        run = said[start : start + length]
        places = [at for at in starts[run[0]] if known[at : at + length] == run]
        at = next((place for place in places if place >= end), places[0])  # the next one, if there is one
        end = at + length
        here.update(dict.fromkeys(range(start, start + length), number))
        there.update(dict.fromkeys(range(at, end), number))
    return here, there


def _kinds(said: list[str], findings: Sequence[Finding]) -> dict[int, str]:
    found: dict[int, str] = {}
    for finding in findings:
        wanted = words(finding.text) if finding.kind != "joined" else []
        for place in range(len(said) - len(wanted) + 1) if wanted else ():
            if said[place : place + len(wanted)] == wanted:
                found.update(dict.fromkeys(range(place, place + len(wanted)), finding.kind))
    return found


def _boundaries(said: list[str], text: str) -> list[int]:
    """The places of the words after which a boundary stands."""
    before, after = (part.split() for part in text.split(MARK))
    around = [*before, *after]
    places = range(len(said) - len(around) + 1)
    return [place + len(before) - 1 for place in places if said[place : place + len(around)] == around]
