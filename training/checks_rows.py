"""Rows to check: read without stopping at what is wrong with them, since that is what is looked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from mujaz.configs.data_schema import ColumnsConfig, SupportConfig
from mujaz.configs.loading import expand_path
from mujaz.configs.schema import TrainConfig
from mujaz.errors import DataError
from mujaz.files import data_files
from mujaz.formats import Row, iter_rows, require_columns
from mujaz.hub import hub_rows, is_hub_dataset
from mujaz.models.checkpoint import Task
from mujaz.models.texts import placeholder, text_problem, title_of, with_title
from mujaz.plain_names import as_written, plain_name
from mujaz.training.label_sets import LabelSet, label_set, shown
from mujaz.training.renaming import renamed
from mujaz.training.repeats import Repeats
from mujaz.training.unusable import refuse_without_columns

# What the parts of a data set are called in file names.
_SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "dev": "dev",
    "devel": "dev",
    "val": "dev",
    "valid": "dev",
    "validation": "dev",
    "test": "test",
}
_LOOKED_AT = 100  # rows of a file whose columns are looked at: a row of JSON may lack one
_ANSWERS: dict[Task, tuple[str, ...]] = {"topic": ("label",), "stance": ("target", "label"), "summary": ("summary",)}
_FIELDS = ("text", "label", "target", "summary", "title")


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One row as it stands in a file; a value that is missing, or no text, is empty.

    Attributes:
        split: ``train``, ``dev``, ``test``, or the name of its file.
        file: Where it was read.
        row: Which row of it, counted from 1.
        text: The text as a model reads it: with its title on a line before it where a config names a column of titles.
        label: The label (topic, stance).
        target: The target (stance).
        summary: The reference summary (summary).
        title: The title, where there is a column of titles.
        labels: Where a text can have several labels: they; ``label`` shows them as one text.
        titled: Whether ``text`` begins with the title.
    """

    split: str
    file: str
    row: int
    text: str
    label: str = ""
    target: str = ""
    summary: str = ""
    title: str = ""
    labels: LabelSet | None = None
    titled: bool = False

    @property
    def body(self) -> str:
        """The text without its title."""
        return self.text[len(self.title) + 1 :] if self.titled else self.text


@dataclass(frozen=True)
class CheckInput:
    """What is to be checked.

    Attributes:
        name: Of the data, for titles.
        task: Whose columns the rows have; None for texts alone.
        rows: In order, split by split.
        unreadable: What is wrong with the rows that could not be read.
        support: How much of a summary its text has to say.
        skip_unusable: Whether the training leaves out rows that cannot be used.
        labels: Those that a row may have, where a config says so (``data.labels``, and ``data.outliers``).
        drop_duplicates: Which repeats the training leaves out.
    """

    name: str
    task: Task | None
    rows: list[CheckRow]
    unreadable: list[DataError]
    support: SupportConfig
    skip_unusable: bool = False
    labels: frozenset[str] | None = None
    drop_duplicates: Repeats | None = None


def rows_of_config(config: TrainConfig) -> CheckInput:
    """The rows of a config's files, before any part is split off; additional ones are training rows.

    Labels are those that ``data.rename`` makes of them. Where train has no outliers, those of dev and test are left out:
    theirs is no label that was forgotten.

    Raises:
        DataError: a file as a whole cannot be read, or none of its rows.
    """
    rows: list[CheckRow] = []
    unreadable: list[DataError] = []
    for key in ("train", "additional", "dev", "test"):
        value, split = getattr(config.data, key), "train" if key == "additional" else key
        for source in [value] if isinstance(value, str) else value or []:
            _read(
                source,
                split,
                config.task,
                config.data.columns,
                rows,
                unreadable,
                titled=bool(config.data.columns.title),
            )
    needed = [getattr(config.data.columns, field) for field in ("text", *_ANSWERS[config.task])]
    refuse_without_columns(unreadable, {row.file for row in rows}, needed)
    rows = renamed(rows, config.data.rename)
    others = {*map(plain_name, config.data.outliers)} - {row.label for row in rows if row.split == "train"}
    rows = [row for row in rows if row.label not in others]
    support = config.data.support or SupportConfig()
    name = Path(config.output).name
    named = config.data.labels
    given = frozenset(map(plain_name, [*named, *config.data.outliers])) if named else None
    of = config.data
    return _checked(
        CheckInput(name, config.task, rows, unreadable, support, of.skip_unusable, given, of.drop_duplicates)
    )


def rows_of_files(sources: Sequence[str], task: Task | None = None, columns: ColumnsConfig | None = None) -> CheckInput:
    """The rows of files, folders or hub datasets. A file's name says which part of the data it is.

    Args:
        sources: What to read. A folder is read file by file.
        task: What the rows are for; None tells it by their columns.
        columns: How the columns are called.

    Raises:
        DataError: a file as a whole cannot be read, or none of its rows; or a column that was named is not there.
    """
    columns = columns or ColumnsConfig()
    rows: list[CheckRow] = []
    unreadable: list[DataError] = []
    files = [file for source in sources for file in _files(source)]
    for file in files:
        _check_named(file, columns)
    task = task or _task_of(files, columns)
    names = {file: _split_name(file) for file in files}
    order = ["train", "dev", "test"]
    for file in sorted(files, key=lambda f: order.index(names[f]) if names[f] in order else len(order)):
        _read(file, names[file], task, columns, rows, unreadable)
    name = ", ".join(Path(source).name for source in sources)
    return _checked(CheckInput(name, task, rows, unreadable, SupportConfig()))


def _checked(data: CheckInput) -> CheckInput:
    if not data.rows:
        raise DataError(f"no row can be read. The first: {data.unreadable[0]}" if data.unreadable else "no rows found")
    return data


def _files(source: str) -> list[str]:
    path = expand_path(source)
    return [source] if is_hub_dataset(path) else [file.path for file in data_files(path)]


def _check_named(file: str, columns: ColumnsConfig) -> None:
    """A column that was named, not taken for granted, has to be there: without it the check would pass in silence."""
    usual = ColumnsConfig(title="title")
    named = {_column(columns, field) for field in _FIELDS} - {_column(usual, field) for field in _FIELDS}
    if not named:
        return
    path = expand_path(file)
    rows = hub_rows(path, []) if is_hub_dataset(path) else iter_rows(path)
    read = list(islice(rows, _LOOKED_AT))
    if read and isinstance(read[0], DataError) and not any(isinstance(row, Row) for row in read):
        raise DataError(f"no row can be read. The first: {read[0]}")
    found = dict.fromkeys(name for row in read if isinstance(row, Row) for name in row.values)
    require_columns(found, sorted(named), file=file)


def _split_name(file: str) -> str:
    """The part that a file's name says it is; else the name without its suffixes."""
    name = Path(file).name.split(".")[0]
    for word in re.split(r"[^a-z]+", name.lower()):
        if word in _SPLIT_NAMES:
            return _SPLIT_NAMES[word]
    return name


def _task_of(files: Sequence[str], columns: ColumnsConfig) -> Task | None:
    """What the first readable row has columns for."""
    rows = (item for file in files for item in _iterate(file, columns, [columns.text]) if isinstance(item, Row))
    first = next(rows, None)
    has = {field for field in _FIELDS if first and getattr(columns, field) in first.values}
    if "summary" in has:
        return "summary"
    return ("stance" if "target" in has else "topic") if "label" in has else None


def _iterate(source: str, columns: ColumnsConfig, needed: list[str]) -> Iterator[Row | DataError]:
    path = expand_path(source)
    if is_hub_dataset(path):
        return hub_rows(path, needed)
    optional = [name for field in _FIELDS if (name := _column(columns, field)) not in needed]
    return iter_rows(path, columns=needed, optional=optional)


def _column(columns: ColumnsConfig, field: str) -> str:
    return getattr(columns, field) or "title"


def _read(
    source: str,
    split: str,
    task: Task | None,
    columns: ColumnsConfig,
    rows: list[CheckRow],
    unreadable: list[DataError],
    *,
    titled: bool = False,
) -> None:
    fields = _ANSWERS[task] if task else ()
    names = {field: _column(columns, field) for field in ("text", *fields, "title")}
    for item in _iterate(source, columns, [names[field] for field in ("text", *fields)]):
        if isinstance(item, DataError):
            unreadable.append(item)
            continue
        if item.empty:
            continue
        try:
            labels = label_set(item, names["label"], columns.label_separator) if task == "topic" else None
        except DataError as error:
            unreadable.append(error)
            continue
        values = {field: _text(item.values.get(name), label=field == "label") for field, name in names.items()}
        values |= {field: plain_name(values[field]) for field in ("label", "target") if field in values}
        if labels is not None:
            values["label"] = shown(labels)
        joined = titled and bool(values["text"].strip() and title_of(item.values.get(names["title"])))
        if joined:
            values["text"] = with_title(values["title"], values["text"])
        rows.append(CheckRow(split, item.file, item.row, **values, labels=labels, titled=joined))


def _text(value: Any, *, label: bool) -> str:
    """A value as text; numbers are labels in many files, and what a training takes for no text is as good as missing.

    "NaN" and the like stand for a missing text; a label alone may be called so.
    """
    value = as_written(value, label=label)
    missing = text_problem(value) or (None if label else placeholder(value))
    return "" if missing else str(value)
