"""Labelled data: rows of files or of a hub dataset, checked, as examples; and splits of them."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mujaz.configs.data_schema import ColumnsConfig, DataConfig
from mujaz.configs.loading import expand_path
from mujaz.errors import DataError, UsageError
from mujaz.formats import Row, iter_rows
from mujaz.hub import hub_rows, is_hub_dataset
from mujaz.models.checkpoint import Task
from mujaz.models.texts import placeholder, text_problem, title_of, with_title
from mujaz.plain_names import as_written, plain_name
from mujaz.training.cutting import cut, fold_parts
from mujaz.training.judged import Judged, judged_in
from mujaz.training.label_sets import LabelSet, label_set, listing, shown, too_many_labels
from mujaz.training.renaming import idle_names, renamed, without_outliers
from mujaz.training.repeats import without_repeats
from mujaz.training.splits import Parts, cut_target, one_fold
from mujaz.training.support import supported
from mujaz.training.unusable import left_out_line, refuse_without_columns, together


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text.

    Attributes:
        text: Raw text, with its title on a line before it where the config names a title column.
        label: Label name (topic, stance).
        target: What the stance is toward (stance).
        summary: Reference summary (summary).
        file: Where it was read.
        row: Which row of it, counted from 1.
        key: What the data is split by: a group or a date; None where it is split by label.
        title: The title alone, where there is one.
        labels: Where a text can have several labels (topic): they, sorted; ``label`` shows them as one text.
        judged: Stretches of the text, and whether each can stand by itself (summary).
        outlier: What the data calls a text that has none of the labels (topic, stance).
    """

    text: str
    label: str | None
    target: str | None
    summary: str | None
    file: str
    row: int
    key: Any = None
    title: str | None = None
    labels: LabelSet | None = None
    judged: Judged = ()
    outlier: str | None = None

    @property
    def body(self) -> str:
        """The text without its title: by this it is known again where titles are missing or others."""
        return self.text.removeprefix(with_title(self.title, ""))

    @property
    def titled(self) -> bool:
        """Whether the text begins with its title: that of a shorter copy may not."""
        return self.body != self.text


@dataclass(frozen=True)
class Splits:
    """The examples of a training job."""

    train: list[Example]
    dev: list[Example]
    test: list[Example]
    labels: list[str]
    warnings: Sequence[str] = ()  # names that no row has, and rows that were left out: lines for people
    # Texts that have none of the labels, of each part.
    outliers: Sequence[Example] = ()
    dev_outliers: Sequence[Example] = ()
    test_outliers: Sequence[Example] = ()
    # Rows that were left out: "unusable" by data.skip_unusable, of all parts; "repeated" by data.drop_duplicates, of train
    # and dev; "unsupported" by data.support, of train.
    left_out: Mapping[str, int] = field(default_factory=dict)

    def rows(self) -> list[Example]:
        """All of them."""
        return [*self.train, *self.dev, *self.test, *self.outliers, *self.dev_outliers, *self.test_outliers]

    @property
    def dev_and_test(self) -> list[Example]:
        """What no training may learn from, also not as a text without a label."""
        return [*self.dev, *self.dev_outliers, *self.test, *self.test_outliers]

    @property
    def multi_label(self) -> bool:
        """Whether a text can have several labels."""
        return bool(self.train) and self.train[0].labels is not None


def load_splits(config: DataConfig, task: Task) -> Splits:
    """Read, check and split the data of a config.

    Raises:
        DataError: something in the data is wrong; the message names file and row.
    """
    column = config.split.column
    left_out: list[DataError] = []
    skipped = left_out if config.skip_unusable else None
    train = read_examples(config.train, task, config.columns, key=column, skipped=skipped)
    more, dev, test = (
        read_examples(source, task, config.columns, titles=False, skipped=skipped) if source else []
        for source in (config.additional, config.dev, config.test)
    )
    warnings = idle_names([*train, *more, *dev, *test], config.rename, "data.rename")
    warnings += [left_out_line(left_out)] if left_out else []
    parts = [renamed(part, config.rename) for part in (train, more, dev, test)]
    warnings += idle_names([e for part in parts for e in part], config.outliers, "data.outliers")
    train, more, dev, test = parts
    known, _ = without_outliers(train, config.outliers)
    if not known:
        raise DataError("data.rename and data.outliers leave no training row a label", file=_names(config.train))
    labels = _labels(known, config, task)
    if config.folds:
        if config.fold is None:
            raise UsageError(f"one training is of one fold: give data.fold (1 to {config.folds}), or call train_folds")
        train, test = _take(train, one_fold(fold_parts(train, config, warnings), config.fold))
    elif config.split.held_out:
        train, test = _take(train, cut_target([e.target for e in train], [*map(plain_name, config.split.held_out)]))
    elif not test and config.test_fraction:
        train, test = _take(train, cut(train, config, config.test_fraction, warnings))
    if config.dev_fraction and not without_outliers(dev, config.outliers)[0]:
        train, cut_off = _take(train, cut(train, config, config.dev_fraction, warnings))
        dev = [*dev, *cut_off]
    if task != "summary":
        for part in (train, more, dev, test):
            rows, _ = without_outliers(part, config.outliers)
            check_labels(rows, labels, several=known[0].labels is not None, named=bool(config.labels))
    seed = config.split_seed
    train += sample(more, config.max_additional_rows, seed)
    of_all = len(train) + len(dev)
    if config.drop_duplicates:
        train, dev, line = without_repeats(train, dev, test, config.drop_duplicates)
        warnings.append(line)
    before = len(train)
    if config.support:
        train, line = supported(train, config.support)
        warnings.append(line)
    counts = {"unusable": len(left_out), "repeated": of_all - before - len(dev), "unsupported": before - len(train)}
    train, dev = sample(train, config.max_train_rows, seed), sample(dev, config.max_dev_rows, seed)
    # Only now, so that those without a label are split as the others are, a kind of their own.
    (train, others), (dev, of_dev), (test, of_test) = (
        without_outliers(part, config.outliers) for part in (train, dev, test)
    )
    return Splits(train, dev, test, labels, warnings, others, of_dev, of_test, counts)


def _labels(known: list[Example], config: DataConfig, task: Task) -> list[str]:
    """Those of a training, in the order of the logits."""
    found = label_names(known)
    if not config.labels and known[0].labels is None and too_many_labels(len(found), len(known)):
        raise DataError(
            f"expected a few labels, found {len(found):,} in {len(known):,} training rows ({listing(found, 3)}): nearly "
            f"every row has a label of its own. Is '{config.columns.label}' the label column? Name it: "
            "data.columns.label. Where these are the labels, list them: data.labels",
            file=_names(config.train),
        )
    labels = [*dict.fromkeys(map(plain_name, config.labels or found))]
    if task != "summary" and len(labels) < 2:
        raise DataError(f"expected at least two labels, found {labels}", file=_names(config.train))
    return labels


def targets_again(config: DataConfig, splits: Splits) -> list[str]:
    """A line where ``data.additional`` brings targets into train that the split held out for the test."""
    if config.split.by != "target" or not config.additional or config.test:
        return []
    known = {e.target for e in splits.train}
    rows = sum(e.target in known for e in splits.test)
    if not rows:
        return []
    return [f"test: rows of data.additional have the targets of {rows:,} rows: these targets are not unseen"]


def sample(examples: list[Example], most: int | None, seed: int) -> list[Example]:
    """At most so many examples, drawn at random (files are often sorted by label), in file order."""
    if most is None or len(examples) <= most:
        return examples
    return [examples[i] for i in sorted(random.Random(seed).sample(range(len(examples)), most))]


def label_names(examples: Iterable[Example]) -> list[str]:
    """The labels that occur, sorted."""
    single = {e.label for e in examples if e.label is not None and e.labels is None}
    return sorted(single | {label for e in examples for label in e.labels or ()})


def _take(examples: list[Example], parts: Parts) -> tuple[list[Example], list[Example]]:
    kept, taken = parts
    return [examples[i] for i in kept], [examples[i] for i in taken]


def read_examples(
    source: str | Sequence[str | Path | Mapping[str, Any]],
    task: Task,
    columns: ColumnsConfig,
    *,
    key: str | None = None,
    labelled: bool = True,
    titles: bool = True,
    skipped: list[DataError] | None = None,
) -> list[Example]:
    """The examples of files, folders or a hub dataset.

    Args:
        source: One or more of them; ``~`` and environment variables are expanded. From Python also rows as dictionaries.
        task: Which columns are needed.
        columns: How they are called. Rows, and whole files, may lack a title.
        key: A further column, of the groups or dates to split by.
        labelled: Whether the rows have labels or summaries.
        titles: Whether some of them must have the title that ``columns`` name.
        skipped: Leave out rows that lack a value, and put into this list what is wrong with each. A file that lacks a
            column altogether is refused all the same.

    A row of a file in which nothing stands at all (:attr:`mujaz.formats.Row.empty`) is left out.

    Raises:
        DataError: a file is missing, unreadable or damaged, has no rows, lacks a column, or rows lack a value: the first
            of them are named.
        UsageError: one column is named for two things.
    """
    answer = "summary" if task == "summary" else "label"
    wanted = [*(["target"] if task == "stance" else []), *([answer] if labelled else [])]
    names = {field: getattr(columns, field) for field in ("text", *wanted)}
    if twice := [name for name, count in Counter(names.values()).items() if count > 1]:
        fields = " and ".join(field for field, name in names.items() if name == twice[0])
        raise UsageError(f"columns: {fields} are both read from '{twice[0]}'. Name a column for each.")
    if columns.title:
        names["title"] = columns.title
    if columns.judged and labelled:
        names["judged"] = columns.judged
    if key:
        names["key"] = key
    sources = [source] if isinstance(source, str) else list(source)
    needed = [column for field, column in names.items() if field not in ("title", "judged")]
    optional = [names[field] for field in ("title", "judged") if field in names]
    rows = (row for number, one in enumerate(sources, 1) for row in _rows(one, number, needed, optional))
    examples, faults, titled = _examples(rows, names, columns.label_separator, several=task == "topic")
    # Some files may lack titles; all of them do where the name is mistyped.
    if titles and columns.title and examples and not titled:
        first = next(_rows(sources[-1], len(sources), [columns.title]), None)  # raises, and names all columns
        raise first if isinstance(first, DataError) else DataError(f"no column '{columns.title}'", file=_names(source))
    refuse_without_columns(faults, {e.file for e in examples}, needed)
    if faults and not examples:  # a column of another name, most likely
        raise faults[0]
    if faults and skipped is None:
        raise together(faults)
    if skipped is not None:
        skipped += faults
    if not examples:
        raise DataError(f"expected {'labelled ' if labelled else ''}rows, found none", file=_names(source) or None)
    return examples


def _examples(
    rows: Iterable[Row | DataError], names: dict[str, str], separator: str | None, *, several: bool
) -> tuple[list[Example], list[DataError], bool]:
    """The rows that can be used, what is wrong with the others, and whether any has the column of titles."""
    examples: list[Example] = []
    faults: list[DataError] = []
    titled = False
    for row in rows:
        try:
            if isinstance(row, DataError):
                raise row
            titled = titled or names.get("title") in row.values
            examples.append(_example(row, names, separator, several=several))
        except DataError as fault:
            if fault.last:  # nothing that rows left out could mend
                raise
            faults.append(fault)
    return examples, faults, titled


def _rows(
    source: str | Path | Mapping[str, Any], number: int, columns: list[str], optional: Sequence[str] = ()
) -> Iterator[Row | DataError]:
    if isinstance(source, Mapping):
        return iter([Row(dict(source), "the data", number)])
    name = expand_path(str(source))
    if is_hub_dataset(name):
        return hub_rows(name, columns)
    rows = iter_rows(name, columns=columns, optional=optional)
    return (row for row in rows if isinstance(row, DataError) or not row.empty)


def _example(row: Row, names: dict[str, str], separator: str | None, *, several: bool) -> Example:
    labels = label_set(row, names["label"], separator) if several and "label" in names else None
    apart = ("title", "key", "judged") if labels is None else ("title", "key", "label")
    values = {f: _text(row, column, label=f == "label") for f, column in names.items() if f not in apart}
    title = title_of(row.values.get(names["title"])) if "title" in names else None
    text = with_title(title, values["text"])
    key = row.values.get(names["key"]) if "key" in names else None
    if "key" in names and (key is None or not str(key).strip()):
        raise DataError(f"column '{names['key']}', to split by, is empty", file=row.file, row=row.row)
    label, target = (plain_name(values[field]) if field in values else None for field in ("label", "target"))
    label = label if labels is None else shown(labels)
    judged = judged_in(row, names["judged"]) if "judged" in names else ()
    return Example(text, label, target, values.get("summary"), row.file, row.row, key, title, labels, judged)


def _text(row: Row, column: str, *, label: bool) -> str:
    """A value as text. Numbers are labels in many files; None and NaN are missing, and a label alone may be called so."""
    value: Any = as_written(row.values.get(column), label=label)
    if not isinstance(value, str):
        missing = value is None or (isinstance(value, float) and math.isnan(value))
        found = "nothing" if missing else f"{type(value).__name__} {value!r}"
        raise DataError(f"expected text in column '{column}', found {found}", file=row.file, row=row.row)
    problem = text_problem(value, f"column '{column}'") or (
        "" if plain_name(value) else f"the column '{column}' is empty"
    )
    if not problem and not label:
        problem = placeholder(value, f"column '{column}'") or ""
    if problem:  # what could not be answered later on
        raise DataError(problem.removeprefix("the "), file=row.file, row=row.row)
    return value


def check_labels(
    examples: Iterable[Example], labels: Sequence[str], *, several: bool = False, named: bool = False
) -> None:
    """Refuse labels that the model does not have.

    Args:
        examples: What is to be learnt or scored.
        labels: Those of the model.
        several: Whether a text can have several of them.
        named: Whether ``data.labels`` names them.

    Raises:
        DataError: names the first such row, and how many there are; or a row has one label where others have lists.
    """
    known = set(labels)
    unknown: list[tuple[Example, str | None]] = []
    for example in examples:
        if several != (example.labels is not None):
            raise DataError(
                f"expected {'a list of labels, or a separator between them (label_separator)' if several else 'one label'}, "
                f"found {'a list' if example.labels is not None else 'one label'}: '{example.label}'",
                file=example.file,
                row=example.row,
            )
        names = (example.label,) if example.labels is None else example.labels
        unknown += [(example, name) for name in names if name not in known]
    if unknown:
        counts = Counter(name for _, name in unknown)
        told = listing(f"'{name}' (in {n} row{'s' if n > 1 else ''})" for name, n in counts.items())
        raise DataError(
            f"unknown label{'s' if len(counts) > 1 else ''} {told}: expected one of {listing(labels)}"
            f"{', which data.labels names; add what is missing there' if named else ''}. "
            "What means the same under another name can be renamed: data.rename in a config, evaluate --rename OLD=NEW",
            file=unknown[0][0].file,
            row=unknown[0][0].row,
        )


def _names(source: str | Sequence[Any]) -> str:
    return source if isinstance(source, str) else ", ".join(map(str, source))
