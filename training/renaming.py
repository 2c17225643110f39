"""Labels under other names than those in the data, and rows that are left out, or apart, by their label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from mujaz.errors import UsageError
from mujaz.plain_names import plain_name
from mujaz.training.label_sets import listing, shown

if TYPE_CHECKING:
    from mujaz.training.checks_rows import CheckRow
    from mujaz.training.data import Example

Labelled = TypeVar("Labelled", "Example", "CheckRow")


def renamed(examples: list[Labelled], names: Mapping[str, str | None]) -> list[Labelled]:
    """The examples, or rows to check, with labels renamed.

    Args:
        examples: As they were read.
        names: Old name -> new name. None leaves out the rows with that label; where a text can have several labels, the
            label alone.
    """
    plain = {plain_name(old): new and plain_name(new) for old, new in names.items()}  # as labels are read
    return [one for example in examples for one in _renamed(example, plain)] if names else examples


def idle_names(examples: Sequence[Example], names: Iterable[str], where: str) -> list[str]:
    """A line for each label that ``where`` names and no example has: mistyped, most likely."""
    found = {label for e in examples for label in (e.labels or [e.label])}
    idle = [old for old in names if plain_name(old) not in found]
    there = listing(sorted(label for label in found if label))
    return [f"{where}: no row has the label {old!r}; the rows have {there}" for old in idle]


def without_outliers(examples: list[Example], labels: Iterable[str]) -> tuple[list[Example], list[Example]]:
    """The examples that have other labels than these, and those that have them: these without a label.

    Raises:
        UsageError: a text can have several labels.
    """
    asked = {plain_name(label) for label in labels}
    if not asked:
        return examples, []
    if any(e.labels is not None for e in examples):
        raise UsageError("data.outliers is for one label a text: where there are lists, an empty one says the same.")
    kept = [e for e in examples if e.label not in asked]
    return kept, [replace(e, label=None, outlier=e.label) for e in examples if e.label in asked]


def _renamed(example: Labelled, names: Mapping[str, str | None]) -> list[Labelled]:
    """The example under its new label, or none."""
    if example.labels is not None:
        labels = tuple(sorted({new for label in example.labels if (new := names.get(label, label)) is not None}))
        return [replace(example, labels=labels, label=shown(labels))]
    if not example.label:
        return [example]
    label = names.get(example.label, example.label)
    return [] if label is None else [replace(example, label=label)]
