"""The journal beside a partial output: what the run was asked to do, and how far it got.

One JSON line says what was asked (the inputs, the model, its recipe, the options); then one line a chunk says how much of
the output is whole after it, and a digest of all records read so far. A line counts only when all of it is there, and it is
written only when its chunk is on the disk. So after SIGKILL, power loss or a full disk the output is cut back to the last
line, and the run goes on behind the record that line names.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from mujaz.errors import UsageError
from mujaz.inference.rows import as_json

# Options that only the last digits of answers depend on: a run may go on with another, as where memory did not suffice.
MAY_CHANGE = ("batch_tokens",)


@dataclass(frozen=True, slots=True)
class State:
    """How far a run got.

    Attributes:
        records: Records whose lines are in the output.
        size: Bytes of the output that hold them.
        digest: Of the records; see :func:`mujaz.inference.runner.digest`.
        summary: The counts so far.
    """

    records: int = 0
    size: int = 0
    digest: str = ""
    summary: Mapping[str, Any] = field(default_factory=dict)


class Journal:
    """One run's journal, appended to as chunks are committed."""

    def __init__(self, path: Path) -> None:
        """Read what is there; a last line that is not whole is dropped.

        Attributes:
            asked: What an earlier run was asked to do, or None where there was none.
            state: How far it got.
        """
        self.path = path
        self.asked: dict[str, Any] | None = None
        self.state = State()
        self._whole = 0  # bytes
        raw = path.read_bytes() if path.exists() else b""
        for line in raw.splitlines(keepends=True):
            entry = _parsed(line)
            if entry is None:
                break
            if self.asked is None:
                self.asked = entry
            else:
                self.state = State(**entry)
            self._whole += len(line)

    def check(self, asked: Mapping[str, Any], output: Path) -> None:
        """Refuse to go on with a run that was asked something else.

        Raises:
            UsageError: Says what differs.
        """
        differing = differences(self.asked or {}, _as_written(asked))
        if self.asked is None or not differing:
            return
        told = "; ".join(f"{key}: {_short(then)} then, {_short(now)} now" for key, (then, now) in differing.items())
        raise UsageError(
            f"{output}: an earlier run of {self.state.records:,} records is unfinished, and it was another one ({told}). "
            "Repeat it as it was to go on, or give --restart to drop it and begin again."
        )

    def begin(self, asked: Mapping[str, Any]) -> None:
        """Write what is asked, unless an earlier run did; then cut off what was not whole."""
        with self.path.open("r+b" if self._whole else "wb") as file:
            file.truncate(self._whole)
        if self.asked is None:
            self.asked = _as_written(asked)
            self._append(self.asked)

    def commit(self, state: State) -> None:
        """Record that a chunk is on the disk."""
        self._append({"records": state.records, "size": state.size, "digest": state.digest, "summary": state.summary})
        self.state = state

    def remove(self) -> None:
        """The run is complete or dropped."""
        self.path.unlink(missing_ok=True)

    def _append(self, entry: Mapping[str, Any]) -> None:
        line = as_json(entry) + b"\n"
        with self.path.open("ab", buffering=0) as file:
            whole = file.tell()
            try:
                if file.write(line) != len(line):
                    raise OSError(28, "No space left on device")
                os.fsync(file.fileno())
            except OSError:
                file.truncate(whole)
                raise


def differences(
    before: Mapping[str, Any], asked: Mapping[str, Any], may_differ: Collection[str] = MAY_CHANGE
) -> dict[str, tuple[Any, Any]]:
    """What was asked otherwise, ``options.target`` down to the innermost name: how then, and how now.

    Args:
        before: What was asked then.
        asked: What is asked now.
        may_differ: Innermost names that do not count.
    """
    found: dict[str, tuple[Any, Any]] = {}
    for key in {**before, **asked}:
        then, now = before.get(key), asked.get(key)
        if isinstance(then, dict) and isinstance(now, dict):
            found |= {f"{key}.{name}": pair for name, pair in differences(then, now, may_differ).items()}
        elif then != now and key not in may_differ:
            found[key] = then, now
    return found


def _as_written(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked as it will be read again: a file name that is not UTF-8 is told by other characters."""
    return dict(orjson.loads(as_json(asked)))


def _parsed(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return entry if isinstance(entry, dict) else None


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
