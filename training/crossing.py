"""Pairs without labels, for a teacher to label: the texts of a stance training beside targets of other rows.

A model that is taught on them hears what the teacher says of a text and another target, which the labelled rows do not tell.

Usage::

    python -m mujaz.training.crossing CONFIG OUT.jsonl [--targets 2]
"""

from __future__ import annotations

import random
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from mujaz.configs.loading import load_data_config
from mujaz.training.data import Example
from mujaz.training.left_out import told_splits, write_rows

SEED = 0


def crossed(examples: Sequence[Example], targets: int, seed: int = SEED) -> Iterator[dict[str, str]]:
    """Each text beside so many other targets of its own file, drawn at random; fewer where there are no more.

    Where most rows of a file have a target of their own, like two headlines, targets are texts: such a pair comes the other
    way round as well.

    Args:
        examples: Rows with targets.
        targets: For each text.
        seed: Same seed, same pairs.
    """
    chance = random.Random(seed)
    known: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        known[example.file].add(example.target or "")
    others = {file: sorted(of) for file, of in known.items()}
    rows = Counter(example.file for example in examples)
    for example in examples:
        drawn = chance.sample(others[example.file], min(targets + 1, len(others[example.file])))
        for target in [one for one in drawn if one != example.target][:targets]:
            yield {"text": example.text, "target": target}
        if example.target and 2 * len(others[example.file]) > rows[example.file]:
            yield {"text": example.target, "target": example.text}


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--targets", type=int, default=2)
    options = parser.parse_args(arguments)

    def rows() -> Iterator[dict[str, str]]:
        data, task = load_data_config(options.config)
        labelled = data.model_copy(update={"additional": None})  # what was made has its targets
        yield from crossed(told_splits(labelled, task).train, options.targets)

    write_rows(options.out, rows, "pairs")


if __name__ == "__main__":
    main()
