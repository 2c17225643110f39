"""Pairs out of groups that were written for it: a text with targets it agrees with, contradicts and says nothing of.

A group is a line of JSON with the lists ``favor``, ``against`` and ``none`` and either ``text``, a headline or article whose
lists are claims, or ``target``, a matter whose lists are posts about it. The labels of a group's own pairs are its lists';
what was written for one group and stands beside another's target is about something else.

Usage::

    python -m mujaz.training.written OUT.jsonl GROUPS...
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations, product
from typing import Any

from mujaz.errors import DataError
from mujaz.formats import read_rows
from mujaz.training.pairs import LABELS
from mujaz.training.spans import write_pairs

SEED = 13
SHORT = 25  # words: so short a text is a headline, and its pairs hold the other way round as well
CROSSED = 0.5  # of the posts stand beside another target, too

Row = dict[str, str]


def group_rows(groups: Sequence[Mapping[str, Any]], seed: int = SEED) -> Iterator[Row]:
    """Rows with text, target and label.

    Of a headline also what its claims say of each other: two that agree with it agree, one that agrees contradicts one that
    does not.

    Args:
        groups: As described above.
        seed: Same seed, same rows.
    """
    chance = random.Random(seed)
    targets = [group["target"] for group in groups if "target" in group]
    for group in groups:
        if "target" in group:
            yield from _posts(group, targets, chance)
        else:
            yield from _claims(group, chance)


def _posts(group: Mapping[str, Any], targets: list[str], chance: random.Random) -> Iterator[Row]:
    for label in LABELS:
        yield from (_row(post, group["target"], label) for post in group[label])
    for post in [*group["favor"], *group["against"]]:
        other = chance.choice(targets)
        if other != group["target"] and chance.random() < CROSSED:
            yield _row(post, other, "none")


def _claims(group: Mapping[str, Any], chance: random.Random) -> Iterator[Row]:
    text = group["text"]
    for label in LABELS:
        yield from (_row(text, claim, label) for claim in group[label])
    if len(text.split()) > SHORT:
        return
    yield from (_row(claim, text, label) for label in LABELS for claim in group[label])
    yield from (_row(one, other, "favor") for one, other in permutations(group["favor"], 2))
    for label in ("against", "none"):
        for pair in product(group["favor"], group[label]):
            one, other = chance.sample(pair, 2)  # both ways, and most pairs would contradict
            yield _row(one, other, label)


def _row(text: str, target: str, label: str) -> Row:
    return {"text": text, "target": target, "label": label}


def rows_of_files(files: Sequence[str]) -> Iterator[Row]:
    """The rows of files of groups.

    Raises:
        DataError: a group lacks one of its lists, or has neither text nor target.
    """
    groups = [row for file in files for row in read_rows(file)]
    for row in groups:
        missing = [label for label in LABELS if not isinstance(row.values.get(label), list)]
        if missing or ("text" in row.values) == ("target" in row.values):
            expected = "expected the lists favor, against and none, and either text or target"
            raise DataError(f"{expected}, found {', '.join(row.values)}", file=row.file, row=row.row)
    yield from group_rows([row.values for row in groups])


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    write_pairs(rows_of_files, (__doc__ or "").splitlines()[0], arguments)


if __name__ == "__main__":
    main()
