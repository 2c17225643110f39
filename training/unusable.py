"""Rows of labelled data that cannot be used: all of them in one error, or left out and said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from mujaz.errors import DataError
from mujaz.files import suffix_format
from mujaz.formats import Row, iter_rows, require_columns
from mujaz.training.label_sets import listing

FAULTS = 5  # rows that are named


def refuse_without_columns(faults: Sequence[DataError], used: Collection[str], columns: Sequence[str]) -> None:
    """Refuse a file of JSON of which no row can be used, where none has one of the columns, as other files are refused.

    Args:
        faults: What is wrong with rows.
        used: Files with rows that can be used.
        columns: Those that each file must have.

    Raises:
        DataError: names the column and those that the file has.
    """
    for file in dict.fromkeys(fault.file for fault in faults):
        if file and file not in used and suffix_format(file) in ("json", "jsonl"):
            found = dict.fromkeys(name for row in iter_rows(file) if isinstance(row, Row) for name in row.values)
            if found:
                require_columns(found, columns, file=file)


def together(faults: Sequence[DataError]) -> DataError:
    """What is wrong with several rows as one error, in the place of the first."""
    lines = [str(fault) for fault in faults[:FAULTS]]
    if len(faults) > FAULTS:
        lines.append(f"… and {len(faults) - FAULTS:,} more rows; mujaz check says what else is wrong with the data.")
    how = "data.skip_unusable=true in a config, evaluate --skip-unusable (from Python skip_unusable=True)"
    lines.append(f"Mend them, or leave them out: {how}.")
    error = DataError("\n".join(lines))
    error.file, error.row = faults[0].file, faults[0].row
    return error


def left_out_line(faults: Sequence[DataError]) -> str:
    """How many rows were left out, for people, and which."""
    rows = f"{len(faults):,} rows that cannot be used are" if len(faults) > 1 else "a row that cannot be used is"
    more = f"; and {len(faults) - FAULTS:,} more" if len(faults) > FAULTS else ""
    files = Counter(fault.file for fault in faults)
    by_file = f" ({listing([f'{n:,} of {file}' for file, n in files.most_common()])})" if len(files) > 1 else ""
    return f"{rows} left out{by_file}: {'; '.join(map(str, faults[:FAULTS]))}{more}"
