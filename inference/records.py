"""What a corpus is made of: records to predict from, and bad records that become error lines."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from mujaz.errors import DataError
from mujaz.formats import Row
from mujaz.models.texts import placeholder, text_problem, title_of, with_title


@dataclass(frozen=True, slots=True)
class Record:
    """One text of a corpus.

    Attributes:
        id: From the id column, whole numbers as such and all else as text. Where that holds none (null, a list, an object, a
            truth value, a float that is not exact): ``file:row``. Where there is no such column: the row number, or
            ``file:row`` where there are several files.
        text: Not blank, and without halves of surrogate pairs; its title before it, where the corpus has a column of titles.
        target: What a stance is toward, where the corpus has a column of targets.
        extra: The columns that are carried along into the output.
        file: Where the record comes from.
        row: Its number there, counted from 1.
    """

    id: str | int
    text: str
    target: str | None
    extra: dict[str, Any]
    file: str
    row: int


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that no model can read; it becomes one line of the output, with its reason.

    Once a record had an id of its own, that of a row that cannot be read is ``file:row``, which is no other's. Where
    ``last``, nothing of the file can be read from here on.
    """

    id: str | int
    reason: str
    file: str
    row: int
    extra: dict[str, Any] = field(default_factory=dict)
    last: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """A record that an earlier run has answered; its line is written again as it is."""

    line: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a corpus are read.

    Attributes:
        text: The text.
        id: The id; left out, a column "id" is taken where there is one.
        target: What the stance is toward, for stance models.
        keep: Columns carried along into the output; null in the files that lack them.
        title: A title to set before each text, on a line of its own, as in a training; rows and files may lack it.
        target_optional: Whether a record without a target is a good one, for there are models that need none.
    """

    text: str = "text"
    id: str | None = None
    target: str | None = None
    keep: tuple[str, ...] = ()
    title: str | None = None
    target_optional: bool = False

    @property
    def needed(self) -> list[str]:
        """The columns that a file must have."""
        target = None if self.target_optional else self.target
        return [name for name in (self.text, self.id, target) if name is not None]

    @property
    def optional(self) -> list[str]:
        """Those that some files may lack, and not all."""
        more = (self.title, self.target if self.target_optional else None)
        return list(dict.fromkeys([*self.keep, *(name for name in more if name is not None)]))

    @property
    def read(self) -> list[str]:
        """All that are read."""
        return [*self.needed, *self.optional]


DEFAULT_COLUMNS = Columns()


class RecordMaker:
    """Makes records of rows.

    Args:
        columns: Which columns are read.
        several_files: Whether row numbers alone would be ambiguous as ids.
        clean: What is done to every text first, for example taking the web page's clutter off an article.

    Attributes:
        ids_replaced: Rows so far whose id column held no id.
        passing: Whether rows are of no interest for now, but for the ids of those behind them.
    """

    def __init__(self, columns: Columns, *, several_files: bool, clean: Callable[[str], str] | None = None) -> None:
        """Keep the settings; see the class."""
        self.columns = columns
        self.several_files = several_files
        self.clean = clean
        self.ids_replaced = 0
        self.passing = False
        self._has_ids = False  # so far

    def __call__(self, item: Row | DataError) -> Record | BadRecord:
        """The record of a row, or a bad record with its reason."""
        if isinstance(item, DataError):
            file, number = item.file or "", item.row or 1
            place = self._named(file, number) if self._has_ids else self._place(file, number)
            return BadRecord(item.id or place, reason(item), file, number, last=item.last)
        values = item.values
        if self.passing:
            self._has_ids = self._has_ids or _id(values.get(self.columns.id or "id")) is not None
            return BadRecord(item.row, "passed over", item.file, item.row)
        extra = {name: values.get(name) for name in self.columns.keep}
        column = self.columns.id or "id"
        record_id = _id(values.get(column))
        if record_id is not None:
            self._has_ids = True
        elif column in values or self.columns.id is not None:  # others have ids, which a row number may be
            self.ids_replaced += 1
            record_id = self._named(item.file, item.row)
        else:
            record_id = self._place(item.file, item.row)
        text, target = values.get(self.columns.text), None
        problem = text_problem(text, "text") or placeholder(str(text))
        if not problem and self.columns.target is not None:
            target = values.get(self.columns.target)
            problem = text_problem(target, "target") or placeholder(str(target), "target")
            if problem and self.columns.target_optional:
                target = problem = None
        if not problem and self.columns.title is not None:
            text = with_title(title_of(values.get(self.columns.title)), str(text))
        if not problem and self.clean is not None:
            text = self.clean(str(text))
            problem = None if text.strip() else "nothing is left of the text after cleaning"
        if problem:
            return BadRecord(record_id, problem, item.file, item.row, extra)
        return Record(record_id, str(text), target, extra, item.file, item.row)

    def _named(self, file: str, row: int) -> str:
        return f"{file if self.several_files else PurePath(file).name}:{row}"

    def _place(self, file: str, row: int) -> str | int:
        return f"{file}:{row}" if self.several_files else row


def _id(value: Any) -> str | int | None:
    """An id as the output has it; None where there is none."""
    if isinstance(value, Decimal):
        whole = value.is_finite() and value == value.to_integral_value()
        return int(value) if whole else str(value) if value.is_finite() else None
    if isinstance(value, float):  # beyond 2 ** 53 it is no longer the number that was written
        exact = value == value and abs(value) < 2**53
        return (int(value) if value.is_integer() else str(value)) if exact else None
    if value is None or value == "" or isinstance(value, bool | list | dict | bytes):
        return None
    return value if isinstance(value, int | str) else str(value)


class RepeatedIds:
    """Counts the ids that occur more than once, in memory that is bounded: eight bytes an id, of the first :attr:`MOST`.

    Attributes:
        seen: Ids so far.
    """

    MOST = 1 << 24

    def __init__(self) -> None:
        """None yet."""
        self.seen = 0
        self._hashes = array("q")

    def add(self, id: Any) -> None:
        """See one more; 5 and "5" are the same, for in CSV nobody can tell them apart."""
        self.seen += 1
        if len(self._hashes) < self.MOST:
            self._hashes.append(hash(str(id)))

    def count(self) -> int:
        """How many there are, each once."""
        import numpy as np

        hashes = np.frombuffer(self._hashes, dtype=np.int64)
        hashes.sort()  # in its place
        again = hashes[1:] == hashes[:-1]
        return int(again[:1].sum() + (again[1:] & ~again[:-1]).sum())


def reason(error: DataError) -> str:
    """An error's message without its place, for the record's id already tells that."""
    place = f"{error.file}: " if error.row is None else f"{error.file}, row {error.row}: "  # an article has no rows
    return str(error).removeprefix(place)
