"""Batches cut to a token budget from length-sorted sequences: what is padded is what is paid for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

# Padded tokens a batch. On a CPU larger batches fall out of the cache (512 to 2,048 were best on AraBERT's shape, see
# benchmarks/); on a GPU small ones leave it idle.
CPU_BATCH_TOKENS = 1024
GPU_BATCH_TOKENS = 32768

# oneDNN makes a product anew for each number of rows that it has not met: 11 of them a batch, as much time as a batch of the
# embedded topic model takes (benchmarks/LOG.md). So lengths are rounded up, and full batches of a length are alike.
LENGTH_STEP = 8
_SIZES = 8  # of batches that are not full


def token_budget_batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Cut sequences into batches whose padded size stays within a budget.

    Args:
        lengths: Tokens of each sequence.
        budget: Largest ``rows * longest row`` of a batch; a single sequence longer than that is a batch of its own.

    Yields:
        Indices into ``lengths``, longest batch first, so that a budget that does not fit in memory fails at once.
    """
    batch: list[int] = []
    longest = 0
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        if batch and longest * (len(batch) + 1) > budget:
            yield batch
            batch = []
        if not batch:
            longest = max(1, lengths[index])
        batch.append(index)
    if batch:
        yield batch


def rounded(length: int, step: int) -> int:
    """The next multiple of ``step``."""
    return -(-length // step) * step


def filled(batch: list[int], longest: int, budget: int) -> list[int]:
    """A batch that is not full, with its last row repeated until its size is one of a few.

    Args:
        batch: As :func:`token_budget_batches` cuts it.
        longest: Of its sequences, in tokens.
        budget: What it was cut to.
    """
    most = max(1, budget // max(1, longest))
    rows = min(most, rounded(len(batch), -(-most // _SIZES)))
    return batch + batch[-1:] * (rows - len(batch))
