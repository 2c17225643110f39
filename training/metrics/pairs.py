"""The one demand that all metrics make of their input: as many of the one kind as of the other, and none missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mujaz.errors import DataError


def check_pairs(
    predictions: Sequence[Any], references: Sequence[Any], names: tuple[str, str] = ("prediction", "reference")
) -> None:
    """Make sure that predictions and references come in pairs.

    Args:
        predictions: One an example.
        references: One an example.
        names: What an item of each is called in messages.

    Raises:
        DataError: Their numbers differ, there are none, or one of them is missing (None).
    """
    one, other = names
    if len(predictions) != len(references):
        raise DataError(
            f"expected as many {one}s as {other}s, found {len(predictions)} {one}s and {len(references)} {other}s: "
            "was a line skipped, or one cut in two?"
        )
    if len(predictions) == 0:
        raise DataError(f"nothing to score: expected at least one pair of {one} and {other}, found none")
    for name, values in ((one, predictions), (other, references)):
        missing = next((row for row, value in enumerate(values, 1) if value is None), None)
        if missing is not None:
            raise DataError(f"{name} {missing} of {len(values)} is missing (None): give an empty string for no text")
