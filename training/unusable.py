"""Rows of labelled data that cannot be used: all of them in one error, or left out and said."""

from __future__ import annotations

from collections.abc import Sequence

from mujaz.errors import DataError

FAULTS = 5  # rows that are named


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
    return f"{rows} left out: {'; '.join(map(str, faults[:FAULTS]))}{more}"
