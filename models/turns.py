"""Threads take turns at one tokenizer: whether it cuts a text is a state of it, which every call sets anew."""

from __future__ import annotations

from threading import RLock
from weakref import WeakKeyDictionary

from transformers import PreTrainedTokenizerBase

_LOCKS: WeakKeyDictionary[PreTrainedTokenizerBase, RLock] = WeakKeyDictionary()


def turn(tokenizer: PreTrainedTokenizerBase) -> RLock:
    """The lock of a tokenizer, to be held from setting how it cuts until its ids are there."""
    return _LOCKS.setdefault(tokenizer, RLock())
