"""What people give from Python for texts: a list, a column of a table, a generator; and sometimes something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mujaz.errors import UsageError


def as_texts(texts: Iterable[str], call: str, what: str = "texts") -> list[str]:
    """Texts as a list.

    Args:
        texts: As they were given.
        call: The method they were given to, for the message.
        what: Their name, for the message.

    Raises:
        UsageError: It is one text, or not all of them are texts.
    """
    if isinstance(texts, str | bytes):
        raise UsageError(f"{call} expects a list of {what}, found one string. Write {call}([text]).")
    if isinstance(texts, Mapping) or hasattr(texts, "columns"):  # of which a list are the names
        raise UsageError(f"{call} expects a list of {what}, found a {type(texts).__name__}: give one column of it.")
    if not isinstance(texts, Iterable):
        raise UsageError(f"{call} expects a list of {what}, found {type(texts).__name__}.")
    found = list(texts)
    for place, text in enumerate(found):
        if not isinstance(text, str):
            raise UsageError(
                f"{call} expects {what}, found {type(text).__name__} at position {place:,}: leave it out, or give a text."
            )
    return found
