"""Work that runs ahead of its consumer in a thread: reading and tokenizing while the model computes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
_READER = "mujaz-reader"
_DEPTH = 2  # items made and not yet taken: enough to hide an uneven one, and memory stays bounded


def busy() -> bool:
    """Whether a thread is left that could not be stopped: it waits for what it reads."""
    return any(thread.name == _READER for thread in threading.enumerate())


class _End:
    """Stands behind the last item; carries what the iterable raised, if it did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


@contextmanager
def ahead(items: Iterable[Item]) -> Iterator[Iterator[Item]]:
    """Iterate in a thread, at most two items ahead.

    What the iterable raises is raised where its item would have been taken. When the block ends, however it ends, the thread
    stops after the item in hand.

    Args:
        items: Consumed by the thread alone.
    """
    ready: queue.Queue[Item | _End] = queue.Queue(_DEPTH)
    left = threading.Event()

    def put(item: Item | _End) -> None:
        while not left.is_set():
            try:
                ready.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def work() -> None:
        end = _End()
        try:
            for item in items:
                put(item)
                if left.is_set():
                    return
        except BaseException as error:
            end = _End(error)
        put(end)

    def taken() -> Iterator[Item]:
        while not isinstance(item := ready.get(), _End):
            yield item
        if item.error is not None:
            raise item.error

    thread = threading.Thread(target=work, name=_READER, daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        left.set()
        thread.join(timeout=10)
