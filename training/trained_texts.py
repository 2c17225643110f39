"""Which texts a checkpoint was trained on, kept beside it as numbers that do not tell them: scores on such texts are memory.

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
from mujaz.training.resume import write_whole

Ids = NDArray[np.uint64]  # in the file ascending, 8 bytes each, little-endian


def text_id(example: Example) -> str:
    """Sixteen digits that tell one text (with its target) from others, whatever file it stands in."""
    return hashlib.sha256(orjson.dumps([example.text, example.target])).hexdigest()[:16]


def sources(config: TrainConfig) -> list[str]:
    """What a training learns from besides its data: the model it starts from, and its teachers."""
    return [name for name in (config.model.name, *(config.distill.teachers if config.distill else ())) if name]


def keep(folder: Path, examples: Sequence[Example], before: Iterable[str]) -> None:
    """Write down what a checkpoint was trained on, and what those were that it learnt from.

    Args:
        folder: The checkpoint.
        examples: Its training rows.
        before: Models; of those that are no folders nothing is known.

    Raises:
        OutputError: the file cannot be written.
    """
    ids = np.unique(np.concatenate([_ids(examples), *map(_known, before)]))
    write_whole(folder / TRAINED_FILE, ids.astype("<u8").tobytes())


def seen(models: Iterable[str | Path], examples: Sequence[Example]) -> int:
    """How many of some rows any of some models was trained on, as far as is known."""
    known = np.concatenate([_ids([]), *map(_known, models)])
    return int(np.isin(_ids(examples), known).sum()) if len(known) else 0


def seen_line(number: int, of: int, what: str) -> str:
    """For people: how many of some rows are no test."""
    return f"rows that {what} was trained on: {number:,} of {of:,} ({number / of:.1%}): scores on them measure memory"


def learnt_before(config: TrainConfig, parts: Mapping[str, Sequence[Example]]) -> list[str]:
    """Lines on the rows of each part that the model which a training starts from, or a teacher, was trained on."""
    models = sources(config)
    counts = {name: seen(models, rows) for name, rows in parts.items()}
    what = "the start or a teacher" if config.distill else "the start"
    return [f"{name}: {seen_line(n, len(parts[name]), what)}" for name, n in counts.items() if n]


def _ids(examples: Sequence[Example]) -> Ids:
    return np.array([int(text_id(one), 16) for one in examples], dtype=np.uint64)


def _known(model: str | Path) -> Ids:
    try:
        found = (Path(model).expanduser() / TRAINED_FILE).read_bytes()
    except OSError:
        return _ids([])
    return np.frombuffer(found[: len(found) // 8 * 8], dtype="<u8").astype(np.uint64)
