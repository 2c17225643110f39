"""Texts that stand twice: the same or nearly so, within a part of the data, across parts, and with different labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from mujaz.training.checks_findings import Example, Finding, make_finding, shown
from mujaz.training.checks_rows import CheckRow
from mujaz.training.near_duplicates import NearDuplicates
from mujaz.training.repeats import COMPARED, text_key

_SAMPLED = " Where hundreds are alike, each was compared with {compared} of them: there may be more."

_Found = dict[tuple[str, str, str], list[Example]]  # (kind, split, other split) -> rows


def same_texts(rows: Sequence[CheckRow]) -> list[Finding]:
    """Texts (with their targets) that stand more than once, within and across splits, and with different labels.

    Texts are the same where they differ in white space and titles at most. It takes one pass over the data.
    """
    same: dict[tuple[str, str], list[CheckRow]] = defaultdict(list)
    for row in rows:
        if row.text.strip():
            same[text_key(row)].append(row)
    several = [group for group in same.values() if len(group) > 1]
    found: _Found = defaultdict(list)
    for group in several:
        first: dict[str, CheckRow] = {}
        for row in group:
            if row.split in first:
                found["duplicate", row.split, ""].append(shown(row, first[row.split]))
            for other in first:
                if other != row.split:
                    found["leak", row.split, other].append(shown(row, first[other]))
            first.setdefault(row.split, row)
        if len({row.label for row in group}) > 1:
            found["conflict", "", ""] += [shown(row, group[0]) for row in group]
    sizes = Counter(row.split for row in rows)
    return [*_findings(found, sizes, len(rows)), *_texts_with_other_targets(rows, sizes)]


def _findings(found: _Found, sizes: Counter[str], total: int) -> list[Finding]:
    return [
        make_finding(kind, split, examples, sizes[split] or total, other=other)
        for (kind, split, other), examples in found.items()
    ]


def _texts_with_other_targets(rows: Sequence[CheckRow], sizes: Counter[str]) -> list[Finding]:
    """In stance data: texts that stand in an earlier split too, but never with the same target."""
    first: dict[str, dict[str, CheckRow]] = defaultdict(dict)
    pairs = {(row.split, *text_key(row)) for row in rows if row.target}
    found: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for row in rows:
        text, target = text_key(row)
        for other, earlier in first[text].items() if row.target else ():
            if other != row.split and (other, text, target) not in pairs:
                found[row.split, other].append(shown(row, earlier))
        first[text].setdefault(row.split, row)
    return [make_finding("text leak", s, examples, sizes[s], other=other) for (s, other), examples in found.items()]


def near_texts(rows: Sequence[CheckRow]) -> list[Finding]:
    """Rows nearly the same as an earlier one, as one of another split, or as one of another label; not those quite the same.

    Of stance rows only those with the same target are compared. Of a cluster of thousands (copies of one template), a row is
    compared with the first :data:`~mujaz.training.repeats.COMPARED`; the advice of a finding says where that was so.
    """
    near = NearDuplicates([row.body for row in rows], [row.target for row in rows])
    keys = [text_key(row) for row in rows]
    clusters: dict[int, list[int]] = defaultdict(list)
    for index, cluster in enumerate(near.cluster):
        clusters[cluster].append(index)
    found: _Found = defaultdict(list)
    sampled: set[tuple[str, str, str]] = set()

    def compare(index: int, others: _Others, kind: str, split: str = "", other: str = "") -> None:
        if keys[index] in others.keys:
            return  # the very same stands among them: same_texts says so
        if others.more:
            sampled.add((kind, split, other))
        nearest = near.nearest(index, others.first)
        if nearest is not None:
            found[kind, split, other].append(shown(rows[index], rows[nearest[0]]))

    for group in clusters.values():
        if len({keys[i] for i in group}) == 1:
            continue
        other_labels: dict[str, _Others] = {label: _Others() for label in {rows[i].label for i in group}}
        for label, others in other_labels.items():
            for i in group:
                if rows[i].label != label:
                    others.add(i, keys[i])
        seen: dict[str, _Others] = defaultdict(_Others)
        for index in group:
            row = rows[index]
            for split, earlier in seen.items():
                if split == row.split:
                    compare(index, earlier, "near duplicate", split)
                else:
                    compare(index, earlier, "near leak", row.split, split)
            compare(index, other_labels[row.label], "near conflict")
            seen[row.split].add(index, keys[index])
    findings = _findings(found, Counter(row.split for row in rows), len(rows))
    return [
        replace(one, advice=one.advice + _SAMPLED.format(compared=COMPARED)) if key in sampled else one
        for key, one in zip(found, findings, strict=True)
    ]


class _Others:
    """Rows of a cluster that a row is compared with: the first of them, and the keys of all."""

    def __init__(self) -> None:
        self.first: list[int] = []
        self.keys: set[tuple[str, str]] = set()
        self.more = False

    def add(self, index: int, key: tuple[str, str]) -> None:
        """One more."""
        self.keys.add(key)
        if len(self.first) < COMPARED:
            self.first.append(index)
        else:
            self.more = True
