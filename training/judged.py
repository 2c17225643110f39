"""What a row says of stretches of its text: whether each can stand by itself (``data.columns.judged``)."""

from __future__ import annotations

from typing import Any

import numpy as np

from mujaz.errors import DataError
from mujaz.formats import Row

Judged = tuple[tuple[str, bool], ...]  # the words of stretches, and whether each can stand


def judged_in(row: Row, column: str) -> Judged:
    """The stretches of a row; none where it lacks the column.

    Raises:
        DataError: they are no list of pairs of text and true or false.
    """
    found: Any = row.values.get(column)
    if found is None:
        return ()
    pairs = (
        [tuple(one) if isinstance(one, list | tuple | np.ndarray) else () for one in found] if _listed(found) else [()]
    )
    for pair in pairs:
        if len(pair) != 2 or not isinstance(pair[0], str) or not isinstance(pair[1], bool | np.bool_):
            raise DataError(
                f"expected in column '{column}' a list of pairs, text and true or false, found {found!r:.80}",
                file=row.file,
                row=row.row,
            )
    return tuple((text, bool(stands)) for text, stands in pairs)


def _listed(found: Any) -> bool:
    return isinstance(found, list | tuple | np.ndarray)
