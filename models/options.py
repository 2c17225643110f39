"""What people give from Python for options, checked before a model is loaded or a shared one changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any, NoReturn, Self

import numpy as np

from mujaz.errors import UsageError
from mujaz.models.windows import LongText


class Loaded:
    """A loaded model: within its process it can have twins that share its engines, elsewhere it is loaded anew."""

    def __copy__(self) -> Self:
        """A twin, whose attributes can be set without changing this one's."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    def __reduce__(self) -> NoReturn:
        """Pickled or copied deeply it cannot be.

        Raises:
            TypeError: always.
        """
        raise TypeError(
            "a loaded model cannot be pickled or copied: call from_pretrained in each process that needs one"
        )


def check_options(
    *,
    name: Any = None,
    task: Any = None,
    max_length: Any = None,
    prefix: Any = None,
    long: Any = None,
    batch_tokens: Any = None,
    min_probability: Any = None,
) -> None:
    """See that options are of their kind; None is always one.

    Raises:
        UsageError: one is not. An empty name, say of a variable that was never set, is no wish for the embedded model.
    """
    if name is not None and (not isinstance(name, str | Path) or not str(name).strip()):
        raise UsageError(f"expected the name of a model (a folder, an embedded model or a hub id), found {name!r}.")
    check_choice("task", task, ("topic", "stance"))
    for option, value in (("max_length", max_length), ("batch_tokens", batch_tokens)):
        check_count(option, value, what="a number of tokens")
    if prefix is not None and not isinstance(prefix, str):
        raise UsageError(f"prefix: expected what stands before each article, as 'summarize: ', found {prefix!r}.")
    if long is not None and not isinstance(long, LongText):
        raise UsageError(f"long: expected mujaz.models.windows.LongText(policy=…), found {long!r}.")
    if min_probability is None:
        return
    number = isinstance(min_probability, Real) and not isinstance(min_probability, bool)
    if not number or math.isnan(min_probability) or not 0 <= min_probability <= 1:
        raise UsageError(f"min_probability: expected a share from 0 to 1, found {min_probability!r}.")


def check_choice(option: str, value: Any, choices: Sequence[str]) -> None:
    """See that an option is one of some names; None is not asked for.

    Raises:
        UsageError: it is not.
    """
    if value is not None and value not in choices:
        raise UsageError(f"{option}: expected {', '.join(choices[:-1])} or {choices[-1]}, found {value!r}.")


def check_count(
    option: str, value: Any, *, least: int = 1, what: str = "a whole number", optional: bool = True
) -> None:
    """See that an option is a whole number, Python's or numpy's, and no smaller than ``least``; None where ``optional``.

    Raises:
        UsageError: it is not.
    """
    if value is None and optional:
        return
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise UsageError(f"{option}: expected {what}, {least} or more, found {value!r}.")


def check_flags(**flags: Any) -> None:
    """See that options are True or False, and not, say, "no", which Python takes for true; None is not asked for.

    Raises:
        UsageError: one is not.
    """
    for option, value in flags.items():
        if value is not None and not isinstance(value, bool | np.bool_):
            raise UsageError(f"{option}: expected True or False, found {value!r}.")
