"""An output on another machine (``s3://…``): written here, copied there when it is complete."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from mujaz.errors import OutputError, UsageError
from mujaz.files import filesystem
from mujaz.inference.rows import Kinds
from mujaz.inference.sinks import NOTHING, FileSink


class RemoteSink(FileSink):
    """Partial results lie in the current folder, under a name that the same command finds again."""

    def __init__(self, url: str, *, force: bool = False, restart: bool = False, bom: bool = False) -> None:
        """Take hold of the local file.

        Raises:
            UsageError: The output exists, or as for a local file.
            OutputError: The other machine cannot be asked, or as for a local file.
        """
        self.url = url
        self._system, self._inside = filesystem(url)
        try:
            exists = self._system.exists(self._inside)
        except Exception as error:  # each file system raises what it likes
            raise OutputError(f"{url}: cannot be reached: {error}") from error
        if exists and not force:
            raise UsageError(f"{url}: it exists already. Choose another name, or give --force to replace it.")
        name = PurePosixPath(self._inside).name
        mark = hashlib.sha256(url.encode()).hexdigest()[:8]
        super().__init__(Path(f"{mark}-{name}"), force=True, restart=restart, bom=bom)

    @property
    def place(self) -> str:
        """The URL once the output is there."""
        return self.url if self._sent else super().place

    _sent = False

    def commit(self, columns: Kinds = NOTHING) -> None:
        """Copy the whole output, and remove it here."""
        super().commit(columns)
        try:
            self._system.put_file(str(self.path), self._inside)
        except Exception as error:
            raise OutputError(
                f"{self.url}: cannot be written: {error}. The whole output is safe in {self.path}: copy it there."
            ) from error
        self._sent = True
        self.path.unlink()
