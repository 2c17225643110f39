"""A model several times, on several devices: each batch goes to whichever is free, and answers come back in order."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from mujaz.errors import UsageError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

Engine = TypeVar("Engine")
Task = TypeVar("Task")
Result = TypeVar("Result")


def side_by_side(
    engines: Sequence[Engine], work: Callable[[Engine, Task], Result], tasks: Sequence[Task]
) -> Iterator[Result]:
    """Have engines do tasks, each one at a time.

    Threads do: a GPU computes, and torch waits for it, without Python's lock.

    Args:
        engines: As many tasks run at once.
        work: Does a task with an engine.
        tasks: Taken in order.

    Yields:
        A result a task, in the order of the tasks. What a task raises is raised here; those that have begun are finished.
    """
    if len(engines) == 1:
        for task in tasks:
            yield work(engines[0], task)
        return
    free: SimpleQueue[Engine] = SimpleQueue()
    for engine in engines:
        free.put(engine)

    def run(task: Task) -> Result:
        engine = free.get()
        try:
            return work(engine, task)
        finally:
            free.put(engine)

    pool = ThreadPoolExecutor(len(engines), "mujaz-device")
    try:
        yield from pool.map(run, tasks)
    finally:
        pool.shutdown(cancel_futures=True)


def copies_on(model: PreTrainedModel, devices: Sequence[torch.device]) -> list[PreTrainedModel]:
    """The model again, on each of the devices."""
    return [copy.deepcopy(model).to(device) for device in devices]  # type: ignore[arg-type]  # see Summarizer


def torch_for_several(engine: str, devices: Sequence[torch.device]) -> str:
    """The engine to open: torch where there are several devices, else what was asked for.

    Raises:
        UsageError: Another one was asked for by name.
    """
    if len(devices) == 1:
        return engine
    if engine not in ("auto", "torch"):
        raise UsageError(f"several devices are torch's: found --engine {engine}. Leave it out, or name one device.")
    return "torch"
