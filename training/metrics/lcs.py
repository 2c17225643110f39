"""Longest common subsequence of two word lists, a row of the table at a time as the bits of one integer.

Hyyrö, "Bit-parallel LCS-length computation revisited" (2004): of each row of the usual table it is enough to know where the
length grows by one, and a row follows from the one above by one addition. Python's integers have as many bits as needed, so
a row costs a few operations instead of a loop over its cells.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence


def _rows(reference: Sequence[str], candidate: Sequence[str]) -> Iterator[int]:
    """For the first 0, 1, 2 … words of the reference: bit j is 0 where word j of the candidate adds to the length."""
    places: defaultdict[str, int] = defaultdict(int)
    for place, word in enumerate(candidate):
        places[word] |= 1 << place
    full = (1 << len(candidate)) - 1
    row = full
    yield row
    for word in reference:
        matches = row & places.get(word, 0)
        row = ((row + matches) | (row - matches)) & full
        yield row


def lcs_length(reference: Sequence[str], candidate: Sequence[str]) -> int:
    """Number of words in a longest common subsequence."""
    row = 0
    for row in _rows(reference, candidate):  # noqa: B007 - the last one is used
        pass
    return len(candidate) - row.bit_count()


def lcs_places(reference: Sequence[str], candidate: Sequence[str]) -> set[int]:
    """Places in the reference of one longest common subsequence.

    Where there are several it is the one that rouge_score picks: from the end, a match is taken where there is one,
    otherwise the candidate is shortened if that keeps more, else the reference.
    """
    rows = list(_rows(reference, candidate))
    chosen: set[int] = set()
    i, j = len(reference), len(candidate)
    while i and j:
        if reference[i - 1] == candidate[j - 1]:
            chosen.add(i - 1)
            i, j = i - 1, j - 1
        elif _length(rows[i], j - 1) > _length(rows[i - 1], j):
            j -= 1
        else:
            i -= 1
    return chosen


def _length(row: int, words: int) -> int:
    """Length of the subsequence with the first ``words`` words of the candidate."""
    return words - (row & ((1 << words) - 1)).bit_count()
