"""What a check of data can find: the table of kinds, and findings with rows to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mujaz.training.checks_rows import CheckRow

Level = Literal["problem", "warning", "note"]
LEVELS: tuple[Level, ...] = ("problem", "warning", "note")
SHOWN = 5  # examples of each finding
FEW_ROWS = 10  # of a label in the training data: fewer teach and measure little
FEW_SCORED = 200  # rows of dev or test data: from fewer, accuracy is known to some five points at best
IMBALANCE = 10.0  # largest to smallest label; above it accuracy says little

_REFUSED = "Training refuses them where data.skip_unusable is not set: drop the rows, or set it."
# What data.skip_unusable leaves out.
UNUSABLE = ("unreadable", "empty text", "no label", "no target", "no summary")
REPEATED = {"exact": ("duplicate", "leak"), "near": ("duplicate", "leak", "near duplicate", "near leak")}
LEFT_OUT = "Training leaves them out, as {setting} says."
# kind -> (level, what it is called, what it does or what to do)
KINDS: dict[str, tuple[Level, str, str]] = {
    "unreadable": ("problem", "rows that cannot be read", _REFUSED),
    "empty text": ("problem", "rows without a text", _REFUSED),
    "no label": ("problem", "rows without a label", _REFUSED),
    "no target": ("problem", "rows without a target", _REFUSED),
    "no summary": ("problem", "rows without a summary", _REFUSED),
    "unknown label": (
        "problem",
        "rows with a label that the model will not have",
        "Training refuses them: correct the label, or add rows with it to train.",
    ),
    "unnamed label": (
        "problem",
        "rows with a label that data.labels does not name",
        "Training refuses them: name it there, or see data.rename and data.outliers.",
    ),
    "label a row": (
        "problem",
        "labels, nearly one of its own for each training row",
        "Training refuses them: name the column of labels, data.columns.label or --label-column.",
    ),
    "leak": (
        "problem",
        "rows that stand in {other} too",
        "The model has seen them: scores on them measure memory. data.drop_duplicates=exact leaves them out of train.",
    ),
    "near leak": (
        "problem",
        "rows nearly the same as one in {other}",
        "Split by cluster: data.split.by=near_duplicates. Or leave them out of train: data.drop_duplicates=near.",
    ),
    "text leak": (
        "note",
        "texts that stand in {other} with another target",
        "Usual in stance data.",
    ),
    "conflict": (
        "problem",
        "rows of one text with different labels",
        "No model can be right on all: decide, or drop them.",
    ),
    "near conflict": ("warning", "rows with a near-duplicate of another label", "Look whether the label is at fault."),
    "broken encoding": ("problem", "wrongly decoded texts", "Decode them again at their source."),
    "duplicate": (
        "warning",
        "rows that repeat an earlier one",
        "They count twice: data.drop_duplicates=exact leaves them out.",
    ),
    "near duplicate": (
        "warning",
        "rows nearly the same as an earlier one",
        "They count twice: data.drop_duplicates=near leaves them out; or do not split them apart.",
    ),
    "not Arabic": ("warning", "texts that are not mostly Arabic", "An Arabic model reads little in them."),
    "few": ("warning", "labels with fewer than {few} training rows", "Merge them, or find more rows."),
    "alike labels": (
        "problem",
        "labels that differ in spelling alone ({names})",
        "They are learnt as different: make them one, data.rename does.",
    ),
    "joined labels": (
        "warning",
        "labels that look like several, joined by {sign}",
        "If a text can have several, say so: data.columns.label_separator, or --label-separator.",
    ),
    "few scored": (
        "warning",
        "few rows to score on, so chance moves an accuracy by {points} points; rows",
        "Set more aside, or take the mean of data.folds.",
    ),
    "imbalance": (
        "warning",
        "largest label to smallest",
        "Trust macro-F1, not accuracy.",
    ),
    "target tells": (
        "note",
        "rows whose label is the most frequent one of their target (the most frequent of all: {usual})",
        "A model can be as good without reading: compare with it, and leave targets out (data.split.by=target).",
    ),
    "cut": (
        "note",
        "texts longer than the model reads",
        "Their end is cut: raise model.max_length if it matters.",
    ),
    "cut summary": ("warning", "summaries longer than the model writes", "Raise model.max_target_length."),
    "summary not shorter": ("problem", "summaries as long as their text", "They teach copying: drop them."),
    "summary is beginning": (
        "warning",
        "summaries copied from the beginning of their text",
        "They teach to copy it.",
    ),
    "summary in text": (
        "warning",
        "summaries that stand in their text",
        "They teach to find it there.",
    ),
    "summary not in text": (
        "note",
        "summaries that say much that their text does not begin with",
        "They teach to invent: data.support leaves them out of the training.",
    ),
    "title in text": (
        "warning",
        "titles that stand in their own text",
        "They would be read twice.",
    ),
    "HTML": ("warning", "texts with HTML in them", "Most recipes strip it; look what else came along."),
    "share bar": ("warning", "texts with a share bar", "Set model.clean_article: true."),
    "page leftover": ("note", "texts with leftovers of a page", "Set model.clean_article: true."),
    "dateline": (
        "note",
        "texts with a dateline or byline",
        "It may give the label away; model.clean_article strips it.",
    ),
    "URL": ("note", "texts with a URL", "Recipes make [رابط] of it, or drop it."),
}


@dataclass(frozen=True)
class Example:
    """A row to look at: where it stands, its text, and the row it was compared with."""

    place: str
    text: str
    other: str = ""


@dataclass(frozen=True)
class Finding:
    """Something found in the data.

    Attributes:
        kind: A key of :data:`KINDS`.
        level: ``problem``, ``warning`` or ``note``.
        split: In which part of the data; empty for all of it.
        title: What was found, after its number.
        count: How many rows (for ``imbalance``: how many times).
        of: Of how many rows; 0 where a share means nothing.
        advice: What it does, or what to do.
        examples: Some of the rows.
    """

    kind: str
    level: Level
    split: str
    title: str
    count: int
    of: int
    advice: str
    examples: tuple[Example, ...] = ()

    @property
    def amount(self) -> str:
        """How many, in which part of the data, and what share of it."""
        share = f" ({self.count / self.of:.1%})" if self.of else ""
        return f"{self.split} {self.count:,}{share}".strip()

    @property
    def line(self) -> str:
        """One line for people."""
        return f"{self.title}: {self.amount}"


def make_finding(
    kind: str, split: str, examples: Sequence[Example], of: int, *, count: int | None = None, **words: object
) -> Finding:
    """A finding of a kind.

    Args:
        kind: A key of :data:`KINDS`.
        split: In which part of the data; empty for all of it.
        examples: The rows, or some of them where ``count`` is given.
        of: Of how many rows; 0 where a share means nothing.
        count: How many rows; None counts the examples.
        words: What its title has places for.
    """
    level, title, advice = KINDS[kind]
    number = len(examples) if count is None else count
    return Finding(
        kind,
        level,
        split,
        title.format(few=FEW_ROWS, **words),
        number,
        of,
        advice,
        tuple(examples[:SHOWN]),
    )


def shown(row: CheckRow, other: CheckRow | None = None) -> Example:
    """A row to look at, and the row it was compared with."""
    said = f"{_short(row.summary)} ⟵ {_short(row.text)}" if row.summary else row.text
    beside = f"{_place(other)} {_label(other)}{_short(other.text)}" if other else ""
    return Example(_place(row), _label(row) + _short(said, 240), beside)


def _place(row: CheckRow) -> str:
    return f"{row.split}, row {row.row}"


def _label(row: CheckRow) -> str:
    return f"[{row.label}] " if row.label else ""


def _short(text: str, most: int = 120) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
