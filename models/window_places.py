"""Cut a long text into overlapping windows that begin and end with sentences.

A copy of this file goes into an exported classifier (`mujaz.models.exporting`): it imports what Python has, and no more.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# White space behind and before up to so many characters of a word.
_LONGEST_WORD = 100
_BEFORE_WORD = re.compile(rf"\s\S{{0,{_LONGEST_WORD}}}\Z")
_BEHIND_WORD = re.compile(rf"\S{{0,{_LONGEST_WORD}}}\s")


def within(text: str, most: int, *, both_ends: bool = False) -> str:
    """As much of a text as so many characters hold: whole words, but for very long ones.

    Args:
        text: Raw, or prepared.
        most: Characters.
        both_ends: Half from its beginning and half from its end, in place of its beginning alone.
    """
    if len(text) <= most:
        return text
    if not both_ends:
        edge = _BEFORE_WORD.search(text, max(0, most - _LONGEST_WORD), most + 1)
        return text[: edge.start() if edge else most]
    begin = len(text) - (most - 1) // 2
    edge = _BEHIND_WORD.match(text, begin - 1)
    return f"{within(text, most // 2)} {text[edge.end() if edge else begin :]}"


def cut(tokens: int, room: int, starts: Sequence[int], overlap: int) -> list[tuple[int, int]]:
    """Windows of a text, each at most ``room`` tokens.

    A window ends before the last sentence that does not fit whole, unless that leaves it less than half full. The next one
    begins with a sentence, too: the first of those that start in the last ``overlap`` tokens, else where the window before
    it ended; where that was inside a sentence, ``overlap`` tokens earlier.

    Args:
        tokens: Length of the text.
        room: Tokens a window holds.
        starts: Where sentences start, in tokens, ascending.
        overlap: Tokens that a window may share with the one before; less than half of ``room``.

    Returns:
        Begin and end of each window, in order. Together they hold every token.

    Raises:
        ValueError: a window holds nothing.
    """
    if room < 1:
        raise ValueError(f"a window holds at least one token, found room for {room}")
    windows, begin = [], 0
    while tokens - begin > room:
        limit = begin + room
        at = bisect_right(starts, limit) - 1
        at_sentence = at >= 0 and starts[at] > begin + room // 2
        end = starts[at] if at_sentence else limit
        windows.append((begin, end))
        first = bisect_left(starts, end - overlap)
        begin = end if at_sentence else end - overlap
        if first < len(starts) and starts[first] < end:
            begin = starts[first]
    return [*windows, (begin, tokens)]


def pick(windows: list[tuple[int, int]], pooling: str, most: int) -> list[tuple[int, int]]:
    """The windows that a pooling needs, at most ``most`` of them."""
    if pooling == "first":
        return windows[:1]
    if pooling == "first+last":
        return [windows[0], windows[-1]] if len(windows) > 1 else windows
    return windows[:most]


@dataclass(frozen=True, slots=True)
class Frame:
    """The special tokens around a text, or around a text and its target, whichever comes first."""

    before: list[int]
    between: list[int]
    after: list[int]
    types: tuple[int, int, int, int, int]  # token type of before, first segment, between, second, after

    def room(self, max_length: int, target: int = 0) -> int:
        """Tokens of the text that fit."""
        return max_length - len(self.before) - len(self.between) - len(self.after) - target

    def ids(self, first: list[int], second: list[int] | None = None) -> tuple[list[int], list[int]]:
        """Token ids and token types of a whole input."""
        parts = [self.before, first, self.between, second or [], self.after]
        types: list[int] = []
        for part, kind in zip(parts, self.types, strict=True):
            types += [kind] * len(part)
        return [*self.before, *first, *self.between, *(second or ()), *self.after], types


def frame_of(backend: Any, *, pairs: bool) -> Frame:
    """How a tokenizer frames its input, read off an example.

    Args:
        backend: Of the tokenizers library, set not to truncate or pad.
        pairs: Whether there are two segments.
    """
    example = backend.encode("ا", "ا") if pairs else backend.encode("ا")
    special = example.special_tokens_mask
    own = [i for i, mask in enumerate(special) if not mask]
    first, last = own[0], own[-1]
    gap = [i for i in range(first, last) if special[i]] if pairs else []
    split, join = (gap[0], gap[-1] + 1) if gap else (last + 1, last + 1)
    if pairs and not gap:  # nothing stands between them: the segments are told apart by their number
        split = join = next(i for i in own if example.sequence_ids[i] == 1)
    ids, types = example.ids, example.type_ids
    kinds = (
        types[first - 1] if first else types[first],
        types[first],
        types[split] if gap else types[first],
        types[last],
        types[last + 1] if last + 1 < len(types) else types[last],
    )
    return Frame(ids[:first], ids[split:join], ids[last + 1 :], kinds)
