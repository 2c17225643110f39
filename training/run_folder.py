"""What of a run's folder is somebody's, and is let be, and what a run before left, and goes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from mujaz.errors import OutputError, UsageError


def refuse_same_folder(output: str, read: Mapping[str, Sequence[str]]) -> None:
    """Refuse to write over what is learnt from.

    Args:
        output: Folder of the run.
        read: Setting -> checkpoints that it names.

    Raises:
        UsageError: one of them is the output.
    """
    for key, names in read.items():
        for name in names:
            folder = Path(os.path.expanduser(name))
            if name and folder.is_dir() and folder.resolve() == Path(output).resolve():
                raise UsageError(
                    f"output and {key} are the same folder, {name}: the run would write over what it learns from. Give "
                    "another output."
                )


def refuse_others(folder: Path, names: Sequence[str]) -> None:
    """Refuse a folder that is no run and holds what one would write over or remove.

    Args:
        folder: It need not be there.
        names: Patterns (``tokenizer*.json``) of what that is.

    Raises:
        UsageError: it holds some of that.
    """
    found = [path for name in names for path in sorted(folder.glob(name))]
    others = [path.name for path in found if not path.is_dir() or any(path.iterdir())]
    if others:
        raise UsageError(
            f"{folder} is no run and holds {', '.join(others)}, which a run would write over or remove. Give another output "
            "(--set output=…), or move these."
        )


def remove(folder: Path, names: Sequence[str]) -> None:
    """Remove files and folders that a run left.

    Args:
        folder: Of the run.
        names: Patterns (``tokenizer*.json``) of what goes.

    Raises:
        OutputError: it cannot be removed.
    """
    try:
        for path in [found for name in names for found in folder.glob(name)]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    except OSError as error:
        raise OutputError(f"the run folder {folder} cannot be written: {error.strerror or error}") from error
