"""What a checkpoint says of the data that it was trained on, without showing any of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from mujaz.configs.data_schema import DataConfig
from mujaz.models.checkpoint import DataInfo

if TYPE_CHECKING:
    from mujaz.training.data import Example


def data_info(examples: Iterable[Example], source: str | Sequence[str]) -> DataInfo:
    """What ``mujaz.json`` says of the training data: rows, file names, targets and a sha256 over all values in order."""
    digest = hashlib.sha256()
    rows, targets = 0, set()
    for example in examples:
        judged = [example.judged] if example.judged else []
        digest.update(orjson.dumps([example.text, example.label, example.target, example.summary, *judged]) + b"\n")
        rows += 1
        targets |= {target_id(example.target)} if example.target else set()
    sources = [source] if isinstance(source, str) else source
    files = [Path(name).name for name in sources]
    return DataInfo(rows=rows, fingerprint=digest.hexdigest(), files=files, targets=sorted(targets))


def titled_share(examples: Sequence[Example]) -> float | None:
    """Which share of the texts begin with their titles; None where none does."""
    return sum(e.titled for e in examples) / len(examples) or None if examples else None


def train_sources(config: DataConfig) -> list[str]:
    """The files that training rows come from."""
    given = (config.train, config.additional or [])
    return [name for names in given for name in ([names] if isinstance(names, str) else names)]


def target_id(target: str) -> str:
    """Twelve digits that tell one target from others: a checkpoint that is shared does not hold texts of its data."""
    return hashlib.sha256(" ".join(target.split()).encode()).hexdigest()[:12]
