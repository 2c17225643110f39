"""Farasa segmentation, for AraBERT v1 and v2 alone: an extra, because Farasa is Java and licensed for research only."""

from __future__ import annotations

import shutil
from functools import lru_cache
from typing import Protocol

from mujaz.errors import MissingExtraError, UsageError

_LICENCE = (
    "It downloads Farasa (Java, 200 MB), whose licence allows research only, not commercial use. AraBERT v0.2 "
    "(recipe 'arabert') needs none of this."
)
_PREFIXES = frozenset({"ال", "و", "ف", "ب", "ك", "ل", "لل", "س"})
_SUFFIXES = frozenset(
    ["ه", "ها", "ك", "ي", "هما", "كما", "نا", "كم", "هم", "هن", "كن", "ا", "ان", "ين", "ون", "وا", "ات", "ت", "ن", "ة"]
)
_PLACEHOLDERS = frozenset({"رابط", "بريد", "مستخدم"})
_WHOLE = frozenset(f"[{word}]" for word in _PLACEHOLDERS)


class Segmenter(Protocol):
    """What is needed of ``farasa.segmenter.FarasaSegmenter``."""

    def segment(self, text: str) -> str:
        """Put ``+`` between the morphemes of every word."""


@lru_cache(maxsize=1)
def segmenter() -> Segmenter:
    """Start Farasa once, and keep it running.

    Raises:
        MissingExtraError: farasapy is not installed.
        UsageError: There is no Java.
    """
    try:
        from farasa.segmenter import FarasaSegmenter
    except ImportError as error:
        raise MissingExtraError("Farasa segmentation", "farasapy", "farasa", _LICENCE) from error
    if shutil.which("java") is None:
        raise UsageError(f"Farasa segmentation needs a Java runtime, and there is no 'java' on the PATH. {_LICENCE}")
    found: Segmenter = FarasaSegmenter(interactive=True)
    return found


def _bracketed(words: list[str]) -> list[str]:
    """Farasa takes ``[رابط]`` apart into three words; put it together again and drop other brackets, as arabert does."""
    whole: list[str] = []
    for index, word in enumerate(words):
        if word in ("[", "]"):
            continue
        placeholder = word in _PLACEHOLDERS and words[index - 1] in ("[", "]")
        whole.append(f"[{word}]" if placeholder else word)
    return whole


def _morphemes_v1(word: str) -> list[str]:
    parts = []
    for part in word.split("+"):
        parts.append(f"{part}+" if part in _PREFIXES else f"+{part}" if part in _SUFFIXES else part)
    return parts


def _morphemes_v2(word: str) -> list[str]:
    """Prefixes with a ``+`` behind, suffixes with one before. ``ك`` is both: a suffix once a stem has been seen."""
    *inner, last = word.split("+")
    if not inner:
        return [word]
    parts: list[str] = []
    for index, part in enumerate(inner):
        if part == "ك" and index > 0:
            parts.append(f"{part}+" if parts and parts[-1].endswith("+") else f"+{part}")
        else:
            parts.append(f"{part}+" if part in _PREFIXES else f"+{part}" if part in _SUFFIXES else part)
    if last:
        parts.append(f"+{last}" if last in _SUFFIXES else last)
    return parts


def segment_v1(text: str) -> str:
    """Segment as AraBERT v1 was trained (arabert 1.0.1, ``_tokenize_arabic_words_farasa``)."""
    words = _bracketed(segmenter().segment(text).split())
    return " ".join(part for word in words for part in ([word] if word in _WHOLE else _morphemes_v1(word)))


def segment_v2(text: str) -> str:
    """Segment as AraBERT v2 was trained (arabert 1.0.1, ``_farasa_segment``)."""
    words = _bracketed(segmenter().segment(text).split())
    return " ".join(part for word in words for part in ([word] if word in _WHOLE else _morphemes_v2(word)))
