"""Files that are there as a whole or not at all, also after a power loss."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from mujaz.errors import OutputError


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is there as a whole or not at all, whatever ends the process; of a link, what it leads to.

    Raises:
        OutputError: it cannot be written; what was there before stays.
    """
    path = followed(path)
    half = path.with_name(path.name + ".tmp")
    try:
        half.write_bytes(data)
        flush(half)
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error


def followed(path: Path) -> Path:
    """Where a link leads, so that a file renamed to its name replaces that and not the link; any other path as it is.

    Raises:
        OutputError: It leads to itself.
    """
    try:
        found = path.resolve() if path.is_symlink() else path
        if not found.is_symlink():  # Python 3.13 gives a link that leads to itself as it is, those before raise
            return found
        raise RuntimeError
    except (OSError, RuntimeError) as error:
        raise OutputError(f"{path} cannot be written: it is a link that leads to itself.") from error


def flush(file: Path) -> None:
    """Have what a file holds on the disk: a power loss after it was renamed finds all of it.

    Raises:
        OSError: it cannot be written.
    """
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


def flush_names(folder: Path) -> None:
    """Have the names in a folder on the disk, those that files were renamed to among them, where the system can do that."""
    with suppress(OSError):  # Windows and some file systems cannot
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
