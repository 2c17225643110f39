"""What can be wrong with one row, seen by itself: no text, another language, leftovers, a summary that is no summary."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mujaz.configs.data_schema import SupportConfig
from mujaz.models.arabic_words import ARABIC_SHARE, arabic_share, words
from mujaz.models.articles import find_parts
from mujaz.models.repair import find_mojibake
from mujaz.training.checks_rows import CheckRow
from mujaz.training.support import is_supported

BEGINNING = 0.9  # share of a summary's words that the text begins with, to call it copied from the beginning
SHORTEST_TITLE = 4  # words: fewer stand in many a text by chance

_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]{0,15}(?:\s[^<>]{0,300})?/?>|<!--")
_ENTITY = re.compile(r"&(?:nbsp|quot|amp|lt|gt|laquo|raquo|#\d{2,5}|#x[0-9a-fA-F]{2,4});")
_URL = re.compile(r"https?://\S|www\.\w")


def row_faults(row: CheckRow, task: str | None, support: SupportConfig) -> Iterator[str]:
    """Names of the faults of one row, keys of :data:`mujaz.training.checks.KINDS`."""
    if not row.text.strip():
        yield "empty text"
        return
    if task in ("topic", "stance") and row.labels is None and not row.label.strip():
        yield "no label"
    if task == "stance" and not row.target.strip():
        yield "no target"
    yield from _script_faults(row.text)
    yield from _leftovers(row.text)
    if task == "summary":
        yield from _summary_faults(row, support)
    elif row.title.strip() and inside(words(row.title), words(row.body), SHORTEST_TITLE):
        yield "title in text"


def inside(part: list[str], whole: list[str], shortest: int) -> bool:
    """Whether a run of at least so many words stands in a text, word for word."""
    # Joined with spaces around, so that a word is never found inside another.
    return len(part) >= shortest and f" {' '.join(part)} " in f" {' '.join(whole)} "


def _script_faults(text: str) -> Iterator[str]:
    if find_mojibake(text):
        yield "broken encoding"
    elif arabic_share(text) < ARABIC_SHARE:
        yield "not Arabic"


def _leftovers(text: str) -> Iterator[str]:
    if _TAG.search(text) or _ENTITY.search(text):
        yield "HTML"
    if _URL.search(text):
        yield "URL"
    kinds = {part.kind for part in find_parts(text)}
    if "share bar" in kinds:
        yield "share bar"
    if kinds & {"dateline", "byline"}:
        yield "dateline"
    if kinds - {"title", "dateline", "byline", "share bar", "link"}:
        yield "page leftover"


def _summary_faults(row: CheckRow, support: SupportConfig) -> Iterator[str]:
    summary, text = words(row.summary), words(row.text)
    if not summary:
        yield "no summary"
        return
    length = round(len(summary) * BEGINNING)
    if len(summary) >= len(text):
        yield "summary not shorter"
    elif summary[:length] in (text[:length], words(row.body)[:length]):
        yield "summary is beginning"
    elif inside(summary, text, SHORTEST_TITLE):
        yield "summary in text"
    elif not is_supported(row.summary, row.text, support):
        yield "summary not in text"
    if row.title.strip() and inside(words(row.title), words(row.body), SHORTEST_TITLE):
        yield "title in text"
