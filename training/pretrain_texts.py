"""Text to pretrain on: documents out of data files, without what belongs to dev and test data, none of them twice."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mujaz.configs.loading import expand_path
from mujaz.configs.pretrain_schema import PretrainDataConfig
from mujaz.errors import DataError
from mujaz.files import data_files, file_size, filesystem, is_local
from mujaz.formats import iter_rows
from mujaz.models.recipes import Recipe

_ENDS = 1 << 20  # bytes at either end of a file that tell it from others


@dataclass(frozen=True, slots=True)
class Document:
    """One document.

    Attributes:
        text: Prepared by the recipe; where a row has several columns, a line each, joined by blanks.
        held_out: Whether it is kept apart from the training.
        columns: The same before the recipe, which leaves no line ends to find sentences by.
    """

    text: str
    held_out: bool
    columns: tuple[str, ...] = ()


@dataclass
class Counts:
    """What became of the rows."""

    documents: int = 0
    held_out: int = 0
    repeated: int = 0
    excluded: int = 0

    def __str__(self) -> str:
        """For people."""
        return (
            f"documents: {self.documents:,}, of them {self.held_out:,} held out; left out: {self.repeated:,} repeated, "
            f"{self.excluded:,} texts of dev and test data"
        )


class Documents:
    """The documents of a config, read as a stream, any number of times; the same ones in the same order.

    A document is told by its letters alone (prepared text without blanks), so that two copies that differ in blanks are
    one, and stand on the same side of the division into training and held-out text.

    Raises:
        DataError: a file is missing or unreadable, or has none of the columns.
    """

    def __init__(self, config: PretrainDataConfig, recipe: Recipe) -> None:
        """Read what must be left out; the documents themselves are read when they are asked for."""
        self.config = config
        self.recipe = recipe
        self.counts = Counts()
        forbidden = _sources(config.exclude)
        self.forbidden = {key(recipe(text)) for name in forbidden for row in self._rows(name) for text in row}

    def __iter__(self) -> Iterator[Document]:
        """Read the files anew, and count."""
        self.counts = counts = Counts()
        seen: set[bytes] = set()
        for name in _sources(self.config.train):
            for row in self._rows(name):
                prepared = [(text, key(text), raw) for raw, text in zip(row, map(self.recipe, row), strict=True)]
                kept = [one for one in prepared if one[1] not in self.forbidden]
                counts.excluded += len(prepared) - len(kept)
                if not kept:
                    continue
                longest = max(kept, key=lambda one: len(one[0]))[1]  # one article with two headlines is one document
                if longest in seen:
                    counts.repeated += 1
                    continue
                seen.add(longest)
                held_out = int.from_bytes(longest) < self.config.held_out * 256 ** len(longest)
                counts.documents += 1
                counts.held_out += held_out
                yield Document(" ".join(one[0] for one in kept), held_out, tuple(one[2] for one in kept))

    def _rows(self, name: str) -> Iterator[list[str]]:
        """The texts of each row, in the order of the columns."""
        path, columns = expand_path(name), self.config.columns
        for row in iter_rows(path, optional=columns):
            if isinstance(row, DataError):
                raise row
            values = [row.values.get(column) for column in columns]
            texts = [value for value in values if isinstance(value, str) and value.strip()]
            if texts:
                yield texts
            elif not any(column in row.values for column in columns):
                raise DataError(
                    f"expected one of the columns {', '.join(columns)}, found {', '.join(row.values)}", file=row.file
                )


def identity(config: PretrainDataConfig) -> str:
    """What tells the files of a config from others: of each its name and size; of this machine's their ends, too.

    Raises:
        DataError: a file is missing or cannot be read.
    """
    return files_identity([*_sources(config.train), None, *_sources(config.exclude)])


def files_identity(names: Iterable[str | None]) -> str:
    """The same of any files, folders and patterns; None stands between groups of them.

    Raises:
        DataError: a file is missing or cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    for name in names:
        for file in data_files(expand_path(name)) if name else []:
            system, inside = filesystem(file.path)
            size = file_size(file.path) or 0
            digest.update(f"{file.path.rpartition('/')[2]} {size} ".encode("utf-8", "surrogateescape"))
            if not is_local(file.path):  # of which not every server gives a part
                continue
            try:
                with system.open(inside, "rb") as stream:
                    digest.update(stream.read(_ENDS))
                    stream.seek(max(size - _ENDS, 0))
                    digest.update(stream.read(_ENDS))
            except OSError as error:
                raise DataError(f"cannot be read: {error.strerror or error}", file=file.path) from error
        digest.update(b"\0")
    return digest.hexdigest()


def key(text: str) -> bytes:
    """What tells a prepared text from others: 8 bytes of a hash of its letters."""
    return hashlib.blake2b("".join(text.split()).encode(), digest_size=8).digest()


def draw(documents: Iterable[Document], count: int, seed: int) -> list[str]:
    """The texts of at most ``count`` documents that are not held out, each as likely as any other (reservoir sampling)."""
    chance = random.Random(seed)
    drawn: list[str] = []
    seen = 0
    for document in documents:
        if document.held_out:
            continue
        seen += 1
        if len(drawn) < count:
            drawn.append(document.text)
        elif (place := chance.randrange(seen)) < count:
            drawn[place] = document.text
    return drawn


def _sources(names: str | Sequence[str] | None) -> list[str]:
    return [names] if isinstance(names, str) else list(names or ())
