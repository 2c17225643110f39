"""Rows of a dataset on the Hugging Face hub, streamed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mujaz.errors import DataError
from mujaz.formats import Row, require_columns


def is_hub_dataset(name: str) -> bool:
    """Whether a name is ``owner/name`` or ``owner/name:config`` rather than a path: no suffix, one slash, not there.

    Nor a text that was given in place of a file: that has blanks.
    """
    looks_like_one = name.count("/") == 1 and not name.startswith((".", "/", "~", "$")) and not Path(name).suffix
    here = os.path.exists(name) or os.path.exists(Path(name).parent)  # Path's own raises where a name is too long
    return looks_like_one and not here and not re.search(r"\s", name)


def _read(dataset: Iterable[dict[str, Any]], name: str) -> Iterator[dict[str, Any]]:
    rows = iter(dataset)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except Exception as error:  # the network is read row by row
            raise DataError(f"this hub dataset broke off: {_first_line(error)}", file=name, last=True) from error
        yield row


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def hub_rows(name: str, columns: Sequence[str]) -> Iterator[Row]:
    """Rows of a hub dataset, ``owner/name``, ``owner/name:config`` or ``owner/name:config:split``; labels by their names.

    A label of -1, which is what the hub has for none, is None.

    Raises:
        DataError: It cannot be loaded, or lacks a column.
    """
    from datasets import load_dataset

    path, _, rest = name.partition(":")
    config, _, split = rest.partition(":")
    try:
        dataset = load_dataset(path, config or None, split=split or "train", streaming=True)
    except Exception as error:  # the reader underneath raises what it likes
        raise DataError(f"this hub dataset cannot be loaded: {_first_line(error)}", file=name) from error
    names = {k: f.int2str for k, f in (dataset.features or {}).items() if hasattr(f, "int2str")}
    for number, values in enumerate(_read(dataset, name), 1):
        if number == 1:
            require_columns(values, columns, file=name)
        yield Row({k: _named(v, names[k]) if k in names else v for k, v in values.items()}, name, number)


def _named(label: int | None, name: Callable[[int], str]) -> str | None:
    return None if label is None or label < 0 else name(label)
