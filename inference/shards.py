"""A part of a corpus, for one of several machines: ``--shard 2/4``.

The parts are runs of neighbouring records, so that the outputs, one behind the other, are the output of one run (taking
every fourth record would spare the count, and leave outputs that no ``cat`` puts together). They begin where that run
begins a chunk: what stands beside a text in a batch moves its probability by a last digit, in float32 too. Files as units
would leave machines idle, for a corpus is often one file, or a few of unlike sizes, and a part of the files can be named
without this.

Every machine reads the inputs up to the end of its part, after counting them: numbers of rows are those of the corpus.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from mujaz.errors import UsageError
from mujaz.files import DAMAGE, DataFile, open_file, raw_lines
from mujaz.formats import read_file


@dataclass(frozen=True, slots=True)
class Span:
    """Which records of a corpus a shard does.

    Attributes:
        shard: As it was given, ``2/4``.
        first: Records before it.
        last: Records up to its end.
        total: Records of the corpus, as counted.
        open: Whether it goes on to whatever is the end of the corpus: that of the last shard.
    """

    shard: str
    first: int
    last: int
    total: int
    open: bool

    def __str__(self) -> str:
        """For a reader, and for the journal: another count of records would be another cut."""
        if self.first == self.last:
            return f"{self.shard} (none of {self.total:,} records)"
        return f"{self.shard} (records {self.first + 1:,} to {self.last:,} of {self.total:,})"


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of so many; both count from 1."""

    part: int
    of: int

    @classmethod
    def parse(cls, given: str) -> Shard:
        """``2/4`` as a shard.

        Raises:
            UsageError: It is no such thing.
        """
        found = re.fullmatch(r"\s*([0-9]{1,9})\s*/\s*([0-9]{1,9})\s*", given)
        part, of = (int(one) for one in found.groups()) if found else (0, 0)
        if not 1 <= part <= of:
            example = f"1/{of} to {of}/{of}" if of else "1/4 to 4/4 for four machines"
            raise UsageError(f"expected a shard as PART/PARTS, {example}, found '{given}'.")
        return cls(part, of)

    def span(self, files: Sequence[DataFile], chunk: int) -> Span:
        """Which records of these files it does; the files are read to be counted.

        Args:
            files: All of the corpus, in their order.
            chunk: Records that are predicted at a time. A corpus with fewer than one chunk a shard is cut anywhere.
        """
        total = sum(map(_rows, files))
        unit = chunk if total >= chunk * self.of else 1
        units = -(-total // unit)
        first, last = (min(units * end // self.of * unit, total) for end in (self.part - 1, self.part))
        return Span(f"{self.part}/{self.of}", first, last, total, self.part == self.of)


def _rows(file: DataFile) -> int:
    """How many records a file gives, bad ones too, in the cheapest way there is."""
    if file.format == "article":
        return 1
    if file.format not in ("jsonl", "txt", "parquet"):
        return sum(1 for _ in read_file(file))
    with open_file(file.path) as stream:
        return _parquet_rows(stream) if file.format == "parquet" else _lines(stream)


def _parquet_rows(stream: BinaryIO) -> int:
    import pyarrow.parquet as pq

    return int(pq.ParquetFile(stream).metadata.num_rows)


def _lines(stream: BinaryIO) -> int:
    number = 0
    try:
        for line in raw_lines(stream):
            number += not line.isspace()
    except DAMAGE:  # one bad record stands for the rest
        number += 1
    return number
