"""SIGTERM, which Slurm, systemd and ``docker stop`` send before they kill, ends a command as Ctrl-C does."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# Of torchrun and its like: they end the other processes with SIGTERM when one has failed, and nothing is to be said then.
_LAUNCHED = ("RANK", "WORLD_SIZE")


class Terminated(KeyboardInterrupt):
    """SIGTERM came."""


def exit_code(stopped: KeyboardInterrupt) -> int:
    """128 and the number of the signal that ended a command."""
    return 128 + (signal.SIGTERM if isinstance(stopped, Terminated) else signal.SIGINT)


@contextmanager
def terminable() -> Iterator[None]:
    """Have SIGTERM raise :class:`Terminated`; a second one ends the process at once.

    Under a launcher, where somebody else has the signal in hand, and in a thread, which can take none, nothing changes.

    Raises:
        Terminated: SIGTERM came.
    """
    launched = any(name in os.environ for name in _LAUNCHED)
    in_a_thread = threading.current_thread() is not threading.main_thread()
    if launched or in_a_thread or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return

    def on_terminate(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Terminated

    signal.signal(signal.SIGTERM, on_terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
