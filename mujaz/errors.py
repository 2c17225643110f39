"""What mujaz raises when it cannot go on.

::

    MujazError               exit code 1: something failed that the user may not have caused
    ├── OutputError          a result could not be written (disk full, no permission); what was written stays
    ├── TrainingError        training cannot go on (loss is NaN, out of memory)
    ├── FirstProcessError    one of several processes ends because the first did; nothing of it is printed
    └── UsageError           exit code 2: what the user gave cannot be used as it is
        ├── ConfigError      a configuration file or a ``--set`` override
        ├── DataError        a data file: names the file, and the row where there is one
        ├── CheckpointError  a model directory or model name
        │   └── RecipeMismatchError  the text recipe of a checkpoint is not the one this version has
        └── MissingExtraError        an optional dependency is not installed: names the pip line

Every message says what was expected, what was found, and what to do. The command line prints the message alone and
leaves with ``exit_code``; nobody but a developer ever sees a traceback.
"""

from __future__ import annotations

from copyreg import __newobj__  # type: ignore[attr-defined]  # typeshed does not list it
from typing import Any


class MujazError(Exception):
    """Base of all errors that mujaz raises on purpose."""

    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        """Out of a worker process it comes as it was: Python would build it from its message alone, and break the pool."""
        return __newobj__, (type(self), *self.args), self.__dict__


class OutputError(MujazError):
    """A result could not be written. Whatever was already written stays where it is."""


class TrainingError(MujazError):
    """Training cannot go on."""


class FirstProcessError(MujazError):
    """The first of several processes has stopped, and has said why; the others end quietly."""


class UsageError(MujazError):
    """What the user gave cannot be used as it is."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration file or an override is wrong; the message lists all that is wrong at once."""


class DataError(UsageError):
    """A data file is wrong; the message names the file and, where there is one, the row."""

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        row: int | None = None,
        id: str | None = None,
        last: bool = False,
    ) -> None:
        """Prefix the message with its place.

        Args:
            message: What was expected, what was found, what to do.
            file: The data file.
            row: Row number in that file, counted from 1, without a header line.
            id: Of the record, where the file is one.
            last: Whether nothing of the file can be read from here on.
        """
        place = "" if file is None else (f"{file}: " if row is None else f"{file}, row {row}: ")
        super().__init__(place + message)
        self.file = file
        self.row = row
        self.id = id
        self.last = last


class CheckpointError(UsageError):
    """A model directory or a model name cannot be used."""


class RecipeMismatchError(CheckpointError):
    """A checkpoint was made with a text recipe that behaves differently from the one this version has."""


class MissingExtraError(UsageError):
    """An optional dependency is missing.

    Args:
        what: What needs it, for example "Farasa segmentation".
        package: The package that is missing.
        extra: The extra of mujaz that installs it.
        note: A further sentence, for example about a licence.
    """

    def __init__(self, what: str, package: str, extra: str, note: str = "") -> None:
        """Build the message from the parts, so that all of them read alike."""
        line = (
            f"{what} needs the package '{package}', which is not installed. Install it: pip install 'mujaz[{extra}]'."
        )
        super().__init__(f"{line} {note}".strip())
