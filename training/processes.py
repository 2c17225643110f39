"""Several processes of one training (``torchrun``): all train, the first alone writes and speaks.

``accelerate launch`` sets the same variables where it starts a process a GPU; on CPUs, without MPI, it starts one alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar, cast

from torch import distributed

from mujaz.errors import FirstProcessError
from mujaz.models.machine import choose_device

T = TypeVar("T")

# Others wait while the first prepares or scores; where it dies, the launcher ends them.
_PATIENCE = timedelta(days=7)


def join(device: str) -> None:
    """Meet the other processes, where a launcher has started several; else nothing happens.

    Args:
        device: As in the config: processes on CPUs talk through gloo.
    """
    from accelerate import PartialState

    PartialState(cpu=choose_device(device).type == "cpu")


def launched() -> int:
    """How many processes a launcher has started; 1 without one."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def count() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def is_first() -> bool:
    """Whether this process writes and speaks for all."""
    return count() == 1 or distributed.get_rank() == 0


def first_alone(work: Callable[[], T]) -> T:
    """What the first process makes of some work, given to all; the others wait for it.

    Args:
        work: Gives something that can be pickled.

    Raises:
        FirstProcessError: in the others, where the work failed in the first.
    """
    if count() == 1:
        return work()
    if not is_first():
        return _received()
    try:
        result = work()
    except BaseException:
        distributed.broadcast_object_list([None, True], src=0, group=_group())
        raise
    distributed.broadcast_object_list([result, False], src=0, group=_group())
    return result


def _received() -> Any:
    message: list[Any] = [None, None]
    distributed.broadcast_object_list(message, src=0, group=_group())
    result, failed = message
    if failed:
        raise FirstProcessError("the first process has stopped, and says why.")
    return result


def lost_the_first(error: Exception) -> bool:
    """Whether an error says no more than that the first process, whose error counts, is gone."""
    words = ("Connection closed by peer", "Connection reset by peer", "Broken pipe")
    return not is_first() and (isinstance(error, distributed.DistError) or any(w in str(error) for w in words))


@cache
def _group() -> Any:
    """Of its own, so that waiting is not taken for hanging, and works beside GPUs."""
    return cast(Any, distributed).new_group(backend="gloo", timeout=_PATIENCE)
