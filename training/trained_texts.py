"""Which texts a checkpoint was trained on, kept beside it as numbers that do not tell them: scores on such texts are memory.

Of a text with a title there are two, of both and of the body alone: it is known again without its title, or under another.
Shorter copies of it (data.augmentation) are texts of their own.
A model that is trained further, or that teaches another, hands them on. The file stays behind when a checkpoint is uploaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from mujaz.configs.schema import TrainConfig
from mujaz.models.checkpoint import TRAINED_FILE
from mujaz.training.data import Example
from mujaz.whole_files import write_whole

Ids = NDArray[np.uint64]  # in the file ascending, 8 bytes each, little-endian


def text_id(example: Example) -> str:
    """Sixteen digits that tell one text (with its target) from others, whatever file it stands in."""
    return _id(example.text, example.target)


def sources(config: TrainConfig) -> list[str]:
    """What a training learns from besides its data: the model it starts from, and its teachers."""
    return [name for name in (config.model.name, *(config.distill.teachers if config.distill else ())) if name]


def keep(folder: Path, examples: Sequence[Example], before: Iterable[str]) -> None:
    """Write down what a checkpoint was trained on, and what those were that it learnt from.

    Args:
        folder: The checkpoint.
        examples: What it learnt, with shorter copies.
        before: Models; of those that are no folders nothing is known.

    Raises:
        OutputError: the file cannot be written.
    """
    own = {number for one in examples for number in _ids(one)}
    ids = np.unique(np.concatenate([_array(own), *map(_known, before)]))
    write_whole(folder / TRAINED_FILE, ids.astype("<u8").tobytes())


def seen(models: Iterable[str | Path], examples: Sequence[Example]) -> int:
    """How many of some rows any of some models was trained on, as far as is known."""
    known = np.concatenate([_array([]), *map(_known, models)])
    if not len(known) or not examples:
        return 0
    both = [_array(ids) for ids in zip(*map(_ids, examples), strict=True)]  # with their titles, and without
    return int(np.isin(both, known).any(axis=0).sum())


def seen_line(number: int, of: int, what: str) -> str:
    """For people: how many of some rows are no test."""
    return f"rows that {what} was trained on: {number:,} of {of:,} ({number / of:.1%}): scores on them measure memory"


def learnt_before(config: TrainConfig, parts: Mapping[str, Sequence[Example]]) -> list[str]:
    """Lines on the rows of each part that the model which a training starts from, or a teacher, was trained on."""
    models = sources(config)
    counts = {name: seen(models, rows) for name, rows in parts.items()}
    what = "the start or a teacher" if config.distill else "the start"
    return [f"{name}: {seen_line(n, len(parts[name]), what)}" for name, n in counts.items() if n]


def _id(text: str, target: str | None) -> str:
    return hashlib.sha256(orjson.dumps([text, target])).hexdigest()[:16]


def _ids(example: Example) -> tuple[str, str]:
    return text_id(example), _id(example.body, example.target)


def _array(ids: Iterable[str]) -> Ids:
    return np.array([int(one, 16) for one in ids], dtype=np.uint64)


def _known(model: str | Path) -> Ids:
    try:
        found = (Path(model).expanduser() / TRAINED_FILE).read_bytes()
    except OSError:
        return _array([])
    return np.frombuffer(found[: len(found) // 8 * 8], dtype="<u8").astype(np.uint64)
