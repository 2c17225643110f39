"""What people give from Python for texts: a list, a column of a table, a generator; and sometimes something else."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from mujaz.errors import UsageError
from mujaz.models.recipe_steps import without_markup
from mujaz.models.repair import INVISIBLE

NOTHING_LEFT = "nothing of the text is left for the model to read"
LONGEST_MARKUP = 2_000  # characters of a text that may be nothing but HTML tags
# What pandas, R, SQL and Excel write where there is nothing, in lower case.
_MISSING = {"nan", "-nan", "na", "<na>", "n/a", "#n/a", "null", "(null)", "none", "\\n", "undefined"}
_BLANK = re.compile(rf"[\s\x00-\x1f\x7f-\x9f{INVISIBLE}]*")  # white space, control characters, marks of direction


def as_texts(texts: Iterable[str], call: str, what: str = "texts") -> list[str]:
    """Texts as a list.

    Args:
        texts: As they were given.
        call: The method they were given to, for the message.
        what: Their name, for the message.

    Raises:
        UsageError: It is one text, has no order, or not all of them are texts.
    """
    expected, kind = f"{call} expects a list of {what}, found", type(texts).__name__
    if isinstance(texts, str | bytes):
        one = "bytes: decode them, and give a list" if kind == "bytes" else f"one string. Write {call}([text])"
        raise UsageError(f"{expected} {one}.")
    if isinstance(texts, Mapping) or hasattr(texts, "columns"):  # of which a list are the names
        raise UsageError(f"{expected} a {kind}: give one column of it.")
    if isinstance(texts, set | frozenset):
        raise UsageError(f"{expected} a {kind}, which has no order: give a list.")
    if not isinstance(texts, Iterable) or getattr(texts, "ndim", 1) == 0:  # an array of no dimension is one value
        raise UsageError(f"{expected} one value ({kind}): give a list of text.")
    found = texts.to_pylist() if hasattr(texts, "to_pylist") else list(texts)  # pyarrow's columns hold no str
    for place, text in enumerate(found):
        if not isinstance(text, str):
            raise UsageError(
                f"{call} expects {what}, found {type(text).__name__} at position {place:,}: leave it out, or give a text."
            )
    return found


def as_targets(targets: Iterable[str], texts: int, call: str) -> list[str]:
    """A target for each text, of one that is for all or of a list.

    Args:
        targets: As they were given.
        texts: How many texts there are.
        call: The method they were given to, for the message.

    Raises:
        UsageError: They are no texts, not as many, or one is empty.
    """
    if isinstance(targets, str):
        _check_target(targets, "target", call)
        return [targets] * texts
    found = as_texts(targets, call, "targets")
    if len(found) != texts:
        raise UsageError(f"expected as many targets as texts, found {len(found)} for {texts}.")
    for place, target in enumerate(found):
        _check_target(target, f"target at position {place:,}", call)
    return found


def _check_target(target: str, what: str, call: str) -> None:
    problem = text_problem(target, what)
    if problem:
        raise UsageError(f"{call}: {problem}. Give what the stance is toward.")


def text_problem(value: Any, what: str = "text") -> str | None:
    """Why a value is not a text that a model can read, or None where it is.

    Args:
        value: What was given.
        what: "text" or "target", for the reason.
    """
    if isinstance(value, str):
        if _BLANK.fullmatch(value) or _only_markup(value):
            return f"the {what} is empty"
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            return f"the {what} has half a surrogate pair at character {error.start + 1}"
        return None
    if value is None or (isinstance(value, float) and math.isnan(value)):  # which pandas puts where a text is missing
        return f"the {what} is missing"
    return f"the {what} is not text but {type(value).__name__}"


def placeholder(text: str, what: str = "text") -> str | None:
    """Why a text that a program wrote for a missing one ("NaN", "NULL") is none, or None where it is one."""
    named = text.strip()
    return (
        f"the {what} is '{named}', which stands for a missing one"
        if len(named) < 12 and named.lower() in _MISSING
        else None
    )


def title_of(value: Any) -> str | None:
    """What stands in a column of titles, or None where it is no title: missing, no text, empty, "nan"."""
    return value if isinstance(value, str) and not (text_problem(value) or placeholder(value)) else None


def with_title(title: str | None, text: str) -> str:
    """A text as a model reads it that learnt from titles: its title on a line before it, where it has one."""
    return f"{title}\n{text}" if title else text


def _only_markup(value: str) -> bool:
    """Whether nothing is left of HTML without its tags; a long text is not looked at."""
    blank = _BLANK.match(value)
    short = blank is not None and len(value) <= LONGEST_MARKUP and value[blank.end()] in "<&"
    return short and _BLANK.fullmatch(without_markup(value)) is not None
