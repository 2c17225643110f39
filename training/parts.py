"""The parts that a training makes of its data, as files: for other models, and for people who look at errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from mujaz.configs.schema import TrainConfig
from mujaz.errors import OutputError, UsageError
from mujaz.training.data import Example, load_splits
from mujaz.whole_files import write_whole


def write_parts(
    config: TrainConfig, folder: Path, *, force: bool = False, report: Callable[[str], None] | None = None
) -> dict[Path, int]:
    """Write a file of JSON Lines for each part that has rows; those that have none of the labels come last.

    Args:
        config: Of a training. With ``data.folds`` it says which fold, too.
        folder: Is made where it is not there.
        force: Replace files that are there.
        report: Receives a line for people on each kind of rows that were left out.

    Returns:
        Rows of each file.

    Raises:
        UsageError: a file is there already, or the config is of all folds at once.
        DataError: something in the data is wrong.
        OutputError: a file cannot be written.
    """
    if config.data.folds and not config.data.fold:
        raise UsageError("each fold has parts of its own: say which, with --set data.fold=1.")
    files = {name: folder / f"{name}.jsonl" for name in ("train", "dev", "test")}
    taken = [str(file) for file in files.values() if file.exists()]
    if taken and not force:
        raise UsageError(f"{', '.join(taken)} exists. Give --force to replace it, or --out another folder.")
    data = config.data
    splits = load_splits(data, config.task)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror or error}") from error
    if report:
        for line in splits.warnings:
            report(line)
    outliers = {"train": splits.outliers, "dev": splits.dev_outliers, "test": splits.test_outliers}
    written = {}
    for name, file in files.items():
        examples: list[Example] = [*getattr(splits, name), *outliers[name]]
        if examples:
            write_whole(
                file,
                b"".join(orjson.dumps(_row(one, data.split.column, data.columns.judged)) + b"\n" for one in examples),
            )
            written[file] = len(examples)
        else:
            file.unlink(missing_ok=True)
    return written


def _row(one: Example, key: str | None, judged: str | None) -> dict[str, Any]:
    """A row as mujaz reads it back; the title is part of the text by now."""
    label = list(one.labels) if one.labels is not None else one.label or one.outlier
    fields = {"text": one.text, "label": label, "target": one.target, "summary": one.summary}
    row: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    if key and one.key is not None:
        row.setdefault(key, str(one.key))
    if judged and one.judged:
        row[judged] = [list(pair) for pair in one.judged]
    return {**row, "source_file": one.file, "source_row": one.row}
