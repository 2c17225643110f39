"""Batches side by side on one processor, a share of its threads each.

All threads for one batch wait for each other after every product; where one of them has to make room for the thread that
reads and encodes, the others wait with it. A batch on one thread waits for nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Task = TypeVar("Task")
Result = TypeVar("Result")

MOST_LANES = 4  # each holds the activations of a batch


def lanes_of(threads: int) -> int:
    """How many batches are computed at once with so many threads."""
    return max(1, min(threads, MOST_LANES))


class Lanes:
    """Threads that stay, each of which computes with its share of the processor's threads.

    torch counts threads for each of its caller's threads; only what it tells a new one is common to all, and is set back.
    """

    def __init__(self, number: int) -> None:
        """Start ``number`` of them."""
        self.number, threads = number, torch.get_num_threads()
        begun = threading.Barrier(number + 1)

        def begin() -> None:
            torch.get_num_threads()  # a thread takes the common number when it first asks, and after the next line would
            torch.set_num_threads(max(1, threads // number))
            begun.wait()

        self._pool = ThreadPoolExecutor(number, "mujaz-lane", initializer=begin)
        waiting = [
            self._pool.submit(torch.get_num_threads) for _ in range(number)
        ]  # a lane each: none passes before all
        begun.wait()
        torch.set_num_threads(threads)
        self.threads = [one.result() for one in waiting]

    def map(self, work: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        """The results of tasks in their order; what one raises is raised here, and those not begun are dropped."""
        return self._pool.map(work, tasks)
