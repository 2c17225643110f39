"""Batches side by side on one processor, a share of its threads each.

All threads for one batch wait for each other after every product; where one of them has to make room for the thread that
reads and encodes, the others wait with it. A batch on one thread waits for nobody.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

Task = TypeVar("Task")
Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")

MOST_LANES = 4  # each holds the activations of a batch


def lanes_of(threads: int) -> int:
    """How many batches are computed at once with so many threads."""
    return max(1, min(threads, MOST_LANES))


_STARTING = threading.Lock()  # for a moment the number of threads that is common to all is another one
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(before=_STARTING.acquire, after_in_parent=_STARTING.release, after_in_child=_STARTING.release)


class Lanes:
    """Threads that stay, each of which computes with its share of the processor's threads.

    torch counts threads for each of its caller's threads; only what it tells a new one is common to all, and is set back.
    No thread is there any more in a process that was forked: it starts its own.
    """

    def __init__(self, number: int) -> None:
        """Start ``number`` of them."""
        self.number = number
        with _STARTING:
            self._start()

    def _start(self) -> None:
        number, threads = self.number, torch.get_num_threads()
        begun = threading.Barrier(number + 1)

        def begin() -> None:
            torch.get_num_threads()  # a thread takes the common number when it first asks, and after the next line would
            torch.set_num_threads(max(1, threads // number))
            begun.wait()

        self._pool, self._process = ThreadPoolExecutor(number, "mujaz-lane", initializer=begin), os.getpid()
        waiting = [
            self._pool.submit(torch.get_num_threads) for _ in range(number)
        ]  # a lane each: none passes before all
        begun.wait()
        torch.set_num_threads(threads)
        self.threads = [one.result() for one in waiting]

    def map(self, work: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        """The results of tasks in their order; what one raises is raised here, and those not begun are dropped."""
        with _STARTING:
            if self._process != os.getpid():
                self._start()
        return self._pool.map(work, tasks)


_IMPORTED_IN = os.getpid()
_ALONE: list[Lanes] = []


def off_the_forked_thread(work: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Have a forked process compute in another thread than the one it was forked with.

    OpenMP would wait there for ever for threads that it had before, and that were not forked.
    """

    @wraps(work)
    def compute(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        elsewhere = os.getpid() != _IMPORTED_IN and threading.current_thread() is threading.main_thread()
        if not elsewhere or torch.get_num_threads() == 1:
            return work(*args, **kwargs)
        if not _ALONE or _ALONE[0].threads != [torch.get_num_threads()]:
            _ALONE[:] = [Lanes(1)]
        return next(_ALONE[0].map(lambda _: work(*args, **kwargs), [None]))

    return compute
