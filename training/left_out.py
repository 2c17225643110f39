"""The texts that a training config keeps for dev and test, for a pretraining to leave out (``data.exclude``).

Where they are split off the training data, no file holds them alone.

Usage::

    python -m mujaz.training.left_out CONFIG OUT.jsonl     # a config of mujaz train
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import orjson

from mujaz.configs.data_schema import DataConfig
from mujaz.configs.loading import load_data_config
from mujaz.errors import MujazError
from mujaz.models.checkpoint import Task
from mujaz.training.data import Splits, load_splits
from mujaz.whole_files import write_whole


def left_out(splits: Splits) -> Iterator[dict[str, str]]:
    """Rows with the text of each dev and test example, each text once; of a text with a title both, and each alone.

    Args:
        splits: Of a training.
    """
    texts = (text for e in splits.dev_and_test for text in (e.text, e.body, e.title) if text)
    yield from ({"text": text} for text in dict.fromkeys(texts))


def told_splits(config: DataConfig, task: Task) -> Splits:
    """The parts of a training's data; what a training would warn of goes to standard error.

    Args:
        config: The data section of a training config.
        task: Of that config.

    Raises:
        DataError: something in the data is wrong.
    """
    splits = load_splits(config, task)
    for line in splits.warnings:
        sys.stderr.write(f"warning: {line}\n")
    return splits


def write_rows(out: Path, rows: Callable[[], Iterable[dict[str, str]]], what: str) -> None:
    """Write a file of JSON Lines, whole or not at all, and say how many; end the process where something is wrong."""
    try:
        lines = [orjson.dumps(row) + b"\n" for row in rows()]
        out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(out, b"".join(lines))
    except MujazError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    sys.stdout.write(f"{len(lines):,} {what}\n")


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args(arguments)
    write_rows(options.out, lambda: left_out(told_splits(*load_data_config(options.config))), "texts")


if __name__ == "__main__":
    main()
