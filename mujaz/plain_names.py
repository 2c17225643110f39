"""Labels, targets and outlets as people see them, whatever a table makes of them."""

from __future__ import annotations

import re
from typing import Any

# Marks of direction, as Excel writes them into Arabic cells, and joiners: nobody sees them.
_UNSEEN = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


def plain_name(value: str) -> str:
    """A label or a target as people see it: without marks that nobody sees, blanks at its ends and runs of them."""
    return " ".join(_UNSEEN.sub("", value).split())


def as_written(value: Any, *, label: bool) -> Any:
    """A whole number as text, as in a file, and a label that is a truth value: true or false; all else as it is."""
    if label and isinstance(value, bool):
        return str(value).lower()  # as JSON writes them, and as they stand in a CSV
    # pandas makes floats of whole numbers as soon as one is missing
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
