"""What ``mujaz summarize`` prints of one article: right to left on a terminal, plain in a pipe, JSON for programs."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mujaz.models.summary_record import Finding, Summary

# A terminal that orders bidirectional text takes the direction of a line from its first strong character, which a Latin name
# or a number at the beginning would turn round. Isolates (Unicode Annex 9) give each line its direction; terminals that know
# nothing of them show nothing in their place.
RLI, PDI = "\u2067", "\u2069"
WIDEST = 100  # columns: longer lines are hard to read

MEANINGS = {
    "number": "not in the article, a number",
    "date": "not in the article, a date",
    "quote": "not in the article in these words, a quotation",
    "name": "not in the article, a name",
    "latin": "not in the article, in Latin letters",
    "word": "not in the article, a word",
    "joined": "joined of stretches that do not stand together in the article",
    "loop": "repeats itself",
    "sentinel": "a special token was left in it",
    "empty": "the model wrote nothing",
    "cut": "it ends where the longest length was reached",
    "as_is": "the article is no longer than its summary may be, and is given whole",
    "denied": "left out: a word that denies, doubts, warns, takes it back or is its condition",
    "fragment": "it may not be whole: the model doubts that it can stand by itself",
    "unsure": "the article is unlike those that the model learnt from: its beginning is given",
}


def show_summary(summary: Summary, *, candidates: bool) -> None:
    """Print a summary, or its candidates with their scores, on stdout, and what to know of it on stderr."""
    terminal = sys.stdout.isatty()
    if candidates:
        for one in summary.candidates:
            score = "" if one.score is None else f"{one.score:.3f}\t"
            click.echo(score + shown(one.text, terminal=terminal))
    else:
        click.echo(shown(summary.text, terminal=terminal))
    for line in remarks(summary):
        click.echo(line, err=True)


def remarks(summary: Summary) -> list[str]:
    """A line a finding, those of one kind together, and how much of the article was read."""
    from mujaz.models.marking import as_written
    from mujaz.models.summary_record import MILD

    lines = []
    for kind, meaning in MEANINGS.items():
        found: list[Finding] = [finding for finding in summary.findings if finding.kind == kind]
        if found:
            named = "، ".join(_isolated(as_written(summary.text, finding.text)) for finding in found if finding.text)
            word = "note" if kind in MILD else "check"
            lines.append(f"{word}: {meaning}" + (f": {named}" if named else ""))
    if summary.truncated:
        lines.append(f"The article is longer than the model reads: it read {summary.read:.0%} of it ({summary.long}).")
    elif summary.long:
        lines.append(f"The article is longer than the model reads: it read all of it, in parts ({summary.long}).")
    return lines


def shown(text: str, *, terminal: bool) -> str:
    """A text as it is in a pipe; on a terminal wrapped, each line told to run right to left."""
    if not terminal:
        return text
    width = min(WIDEST, shutil.get_terminal_size().columns)
    return "\n".join(f"{RLI}{line}{PDI}" for line in textwrap.wrap(text, max(20, width - 2)) or [""])


def _isolated(text: str) -> str:
    return f"{RLI}{text}{PDI}" if sys.stderr.isatty() else text
