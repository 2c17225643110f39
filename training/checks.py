"""Look at labelled data before training on it: what it holds, and what will spoil a model or its scores.

Example::

    report = check_data(rows_of_files(["data/topic"]))
    for finding in report.findings:
        print(finding.level, finding.title, finding.count)
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mujaz.models.arabic_words import normalize, words
from mujaz.models.encoding import TextEncoder
from mujaz.training.checks_duplicates import near_texts, same_texts
from mujaz.training.checks_findings import (
    FEW_ROWS,
    FEW_SCORED,
    IMBALANCE,
    LEFT_OUT,
    LEVELS,
    REPEATED,
    SHOWN,
    UNUSABLE,
    Example,
    Finding,
    make_finding,
    shown,
)
from mujaz.training.checks_rows import CheckInput, CheckRow
from mujaz.training.checks_targets import Counts, target_counts, target_findings
from mujaz.training.checks_text import row_faults
from mujaz.training.data import Example as LabelledText
from mujaz.training.data import Splits
from mujaz.training.label_sets import HasLabels, all_labels, too_many_labels

# Between several labels in a text, as tables have them.
_SEPARATORS = ("|", ";", "؛", "،", ",")


@dataclass(frozen=True)
class Lengths:
    """How long things are: smallest, median, mean, 95th percentile and largest; and the share that will be cut."""

    least: int
    median: float
    mean: float
    p95: float
    most: int
    cut: float | None = None


@dataclass
class DataReport:
    """What a data set holds, and what is wrong with it.

    Attributes:
        name: Of the data.
        task: What it is for; None for texts alone.
        rows: Rows a split.
        labels: Rows a label, split by split.
        targets: Rows by target and label, split by split; empty without targets.
        words: Lengths of the texts in words (runs without white space), split by split, and of summaries under
            ``split summaries``.
        tokens: The same in tokens of a model; empty without one.
        findings: What is wrong, worst first.
    """

    name: str
    task: str | None
    rows: dict[str, int]
    labels: Mapping[str, Mapping[str, int]]
    targets: Mapping[str, Counts]
    words: dict[str, Lengths]
    tokens: dict[str, Lengths] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def problems(self) -> list[Finding]:
        """The findings of the worst level."""
        return [finding for finding in self.findings if finding.level == "problem"]

    def grouped(self) -> list[list[Finding]]:
        """The findings, those that differ only in the part of the data together."""
        groups: dict[tuple[str, str], list[Finding]] = defaultdict(list)
        for finding in self.findings:
            groups[finding.kind, finding.title].append(finding)
        return list(groups.values())


def check_data(
    data: CheckInput,
    *,
    encoder: TextEncoder | None = None,
    max_target_length: int | None = None,
    near: bool = True,
    progress: Callable[[str], None] | None = None,
) -> DataReport:
    """Check data.

    Args:
        data: From :func:`~mujaz.training.checks_rows.rows_of_config` or
            :func:`~mujaz.training.checks_rows.rows_of_files`.
        encoder: Of the model that is to be trained; None leaves lengths in tokens out.
        max_target_length: Longest reference summary in tokens, for the share that will be cut.
        near: Look for near-duplicates; without, only for texts that are the same.
        progress: Told what is done next.
    """
    say = progress or (lambda text: None)
    rows = data.rows
    report = _contents(data)
    found: list[Finding] = []
    if data.unreadable:
        found.append(make_finding("unreadable", "", [Example("", str(error)) for error in data.unreadable], 0))
    say("looking at each row")
    found += _row_findings(data)
    # A damaged file stops a training that leaves rows out, too.
    if data.skip_unusable and not any(error.last for error in data.unreadable):
        found = _left_out(found, UNUSABLE, "data.skip_unusable")
    say("looking for duplicates")
    found += same_texts(rows)
    found += [
        *_label_a_row(data),
        *_label_findings(report, data.labels),
        *_size_findings(report),
        *target_findings(report.targets),
    ]
    if near:
        say("looking for near-duplicates")
        found += near_texts(rows)
    if data.drop_duplicates:
        found = _left_out(found, REPEATED[data.drop_duplicates], "data.drop_duplicates")
    if encoder is not None and rows:
        say("counting tokens")
        report.tokens = _tokens(rows, encoder, data.task, max_target_length)
        found += _cut_findings(report)
    report.findings = sorted(found, key=lambda finding: LEVELS.index(finding.level))
    return report


def _left_out(found: list[Finding], kinds: Collection[str], setting: str) -> list[Finding]:
    """The findings, those of some kinds as notes: a training will do without such rows. Of dev and test, repeats stay."""
    advice = LEFT_OUT.format(setting=setting)

    def stays(one: Finding) -> bool:
        return one.kind not in kinds or (one.kind.endswith("duplicate") and one.split != "train")

    return [one if stays(one) else replace(one, level="note", advice=advice) for one in found]


def _contents(data: CheckInput) -> DataReport:
    by_split = _by_split(data.rows)
    lengths = {split: _lengths([len(row.text.split()) for row in rows]) for split, rows in by_split.items()}
    if data.task == "summary":
        for split, rows in by_split.items():
            lengths[f"{split} summaries"] = _lengths([len(row.summary.split()) for row in rows])
    labelled = data.task in ("topic", "stance")
    return DataReport(
        name=data.name,
        task=data.task,
        rows={split: len(rows) for split, rows in by_split.items()},
        labels={s: dict(_label_counts(rows).most_common()) for s, rows in by_split.items() if labelled},
        targets={s: target_counts(rows) for s, rows in by_split.items() if data.task == "stance"},
        words=lengths,
    )


def _label_counts(rows: Iterable[HasLabels]) -> Counter[str]:
    """Rows a label; the empty label stands for none."""
    return Counter(label for row in rows for label in all_labels(row) or ("",))


def _by_split(rows: Iterable[CheckRow]) -> dict[str, list[CheckRow]]:
    parts: dict[str, list[CheckRow]] = defaultdict(list)
    for row in rows:
        parts[row.split].append(row)
    return dict(parts)


def _lengths(values: Sequence[int], limit: int | None = None) -> Lengths:
    array = np.asarray(values)
    cut = None if limit is None else float(np.mean(array > limit))
    median, p95 = np.percentile(array, [50, 95])
    return Lengths(int(array.min()), float(median), float(array.mean()), float(p95), int(array.max()), cut)


def _row_findings(data: CheckInput) -> list[Finding]:
    found: dict[tuple[str, str], list[CheckRow]] = defaultdict(list)
    for row in data.rows:
        for kind in row_faults(row, data.task, data.support):
            found[kind, row.split].append(row)
    sizes = Counter(row.split for row in data.rows)
    return [
        make_finding(kind, split, [shown(row) for row in bad[:SHOWN]], sizes[split], count=len(bad))
        for (kind, split), bad in found.items()
    ]


def _label_findings(report: DataReport, known: frozenset[str] | None = None) -> list[Finding]:
    counts = report.labels.get("train") or next(iter(report.labels.values()), {})
    counts = {label: count for label, count in counts.items() if label.strip()}
    found = [] if known is None and "train" not in report.labels else _unknown(report, known, counts.keys())
    alike = defaultdict(list)
    for label in {label for labels in report.labels.values() for label in labels if label.strip()}:
        plain = normalize(label).strip()  # without marks
        folded = " ".join(words(label)) if re.fullmatch(r"[^\W\d][\w\s]*", plain) else label  # -1 is not 1, C++ not C#
        alike[folded].append(label)
    for same in sorted(map(sorted, alike.values())):
        if len(same) > 1:
            names = " / ".join(same)
            found.append(make_finding("alike labels", "", [Example("", names)], 0, count=len(same), names=names))
    if joined := _joined_labels(counts):
        found.append(joined)
    few = [Example("train", f"{label} ({n:,})") for label, n in counts.items() if n < FEW_ROWS]
    if few:
        found.append(make_finding("few", "", few, 0))
    if len(counts) > 1 and max(counts.values()) >= IMBALANCE * min(counts.values()):
        largest, smallest = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
        both = [Example("train", f"{name} ({counts[name]:,})") for name in (largest, smallest)]
        found.append(make_finding("imbalance", "", both, 0, count=round(counts[largest] / counts[smallest])))
    return found


def _label_a_row(data: CheckInput) -> list[Finding]:
    parts = _by_split(data.rows)
    rows = [row for row in parts.get("train") or next(iter(parts.values()), []) if row.label.strip()]
    labels = {row.label for row in rows}
    told = bool(data.labels) or any(row.labels is not None for row in rows)
    if told or not too_many_labels(len(labels), len(rows)):
        return []
    return [make_finding("label a row", "", [*map(shown, rows[:SHOWN])], len(rows), count=len(labels))]


def _unknown(report: DataReport, named: Collection[str] | None, in_train: Collection[str]) -> list[Finding]:
    """Labels that the model will not have: the config names others or, where it names none, train has others."""
    kind, known = ("unnamed label", named) if named else ("unknown label", in_train)
    found = []
    for split, labels in report.labels.items():
        unknown = {label: n for label, n in labels.items() if label.strip() and label not in known}
        if unknown:
            examples = [Example(split, f"{label} ({n:,})") for label, n in unknown.items()]
            found.append(make_finding(kind, split, examples, report.rows[split], count=sum(unknown.values())))
    return found


def _joined_labels(counts: Mapping[str, int]) -> Finding | None:
    """Labels that look like several in one text: their parts are labels by themselves, or come in several of them."""
    for sign in _SEPARATORS:
        several = [label for label in counts if sign in label.strip(sign)]
        parts = Counter(part.strip() for label in several for part in label.split(sign))
        known = [
            label for label in several if all(p.strip() in counts or parts[p.strip()] > 1 for p in label.split(sign))
        ]
        if len(known) > 1 and len(known) >= 0.8 * len(several):
            examples = [Example("train", f"{label} ({counts[label]:,})") for label in known]
            return make_finding("joined labels", "", examples, 0, count=len(known), sign=sign)
    return None


def _size_findings(report: DataReport) -> list[Finding]:
    """Dev and test data of classifiers that say little: half the 95 % interval of an accuracy of 80 %, by the normal law."""
    found = []
    for split in ("dev", "test"):
        rows = report.rows.get(split, 0)
        if report.labels and 0 < rows < FEW_SCORED:
            found.append(few_scored(rows, split))
    return found


def few_scored(rows: int, split: str = "") -> Finding:
    """What so few rows to score on say."""
    return make_finding("few scored", split, (), 0, count=rows, points=round(196 * np.sqrt(0.8 * 0.2 / rows)))


def _tokens(
    rows: Sequence[CheckRow], encoder: TextEncoder, task: str | None, max_target_length: int | None
) -> dict[str, Lengths]:
    found = {}
    for split, part in _by_split(row for row in rows if row.text.strip()).items():
        targets = [row.target for row in part] if task == "stance" else None
        found[split] = _lengths(encoder.lengths([row.text for row in part], targets), encoder.max_length)
        if task == "summary":
            summaries = encoder.lengths([row.summary for row in part], None, clean=False)
            found[f"{split} summaries"] = _lengths(summaries, max_target_length)
    return found


def _cut_findings(report: DataReport) -> list[Finding]:
    found = []
    for name, lengths in report.tokens.items():
        split = name.removesuffix(" summaries")
        if lengths.cut:
            kind = "cut" if name == split else "cut summary"
            count = round(lengths.cut * report.rows[split])
            found.append(make_finding(kind, split, (), report.rows[split], count=count))
    return found


def quick_check(splits: Splits) -> list[Finding]:
    """What one pass over the examples of a training shows: texts that stand twice, conflicting and rare labels."""
    parts = {"train": splits.train, "dev": splits.dev, "test": splits.test}
    others = {"train": splits.outliers, "dev": splits.dev_outliers, "test": splits.test_outliers}
    rows = [_as_row(split, e) for split, examples in parts.items() for e in (*examples, *others[split])]
    labelled = {split: _label_counts(examples) for split, examples in parts.items() if splits.labels}
    report = DataReport("", None, {s: len(examples) for s, examples in parts.items()}, labelled, {}, {})
    found = [*same_texts(rows), *_label_findings(report), *_size_findings(report)]
    return sorted((f for f in found if f.level != "note"), key=lambda finding: LEVELS.index(finding.level))


def _as_row(split: str, e: LabelledText) -> CheckRow:
    label, target, summary, title = (value or "" for value in (e.label, e.target, e.summary, e.title))
    return CheckRow(split, e.file, e.row, e.text, label, target, summary, title, e.labels, e.titled)
