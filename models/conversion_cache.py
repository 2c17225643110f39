"""Checkpoints converted for another engine, kept on disk: made once, whole or not at all, made again where damaged.

A conversion lies in ``CACHE/conversions/ENGINE/FINGERPRINT-SETTINGS``, a folder that appears by a rename when all of it is
written. ``CACHE`` is ``$MUJAZ_CACHE``, or the platform's cache folder; whatever is in it may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from mujaz.errors import OutputError
from mujaz.whole_files import flush

CACHE_VARIABLE = "MUJAZ_CACHE"
MANIFEST = "conversion.json"

# What a conversion is made from. Reports of a training beside them change nothing.
_SOURCES = ("*.safetensors", "pytorch_model*.bin", "*.model", "vocab.*", "merges.txt")
_SETTINGS = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "added_tokens.json")

# A file as young as this may be written again within one tick of its clock, with the same size and time.
_SETTLED_SECONDS = 2.0

# Size, modification time in nanoseconds, sha256.
_Known = tuple[int, int, str]


def cache_folder() -> Path:
    """Where conversions are kept; not created yet."""
    if os.environ.get(CACHE_VARIABLE):
        return Path(os.environ[CACHE_VARIABLE]).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "mujaz" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mujaz"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mujaz"


def checkpoint_fingerprint(folder: Path) -> str:
    """What a checkpoint is, in 64 hexadecimal digits: sha256 over its weights, configuration and tokenizer files.

    The sums of its files are remembered by path, size and time, so that gigabytes are read once.

    Raises:
        OSError: a file cannot be read.
    """
    files = {path for pattern in _SOURCES for path in folder.glob(pattern)}
    files |= {folder / name for name in _SETTINGS if (folder / name).is_file()}
    place = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:32]
    memory = cache_folder() / "fingerprints" / f"{place}.json"
    before = _read_known(memory)
    after = {path.name: _known(path, before.get(path.name)) for path in sorted(files) if path.is_file()}
    if after != before:
        _remember(memory, after)
    total = hashlib.sha256()
    for name, (size, _, digest) in after.items():
        total.update(f"{name}\0{size}\0{digest}\n".encode())
    return total.hexdigest()


def conversion_folder(fingerprint: str, engine: str, settings: Mapping[str, Any]) -> Path:
    """Where the conversion of a checkpoint for an engine lies, or would lie.

    Args:
        fingerprint: Of the checkpoint; see :func:`checkpoint_fingerprint`.
        engine: ``openvino``, ``ctranslate2``.
        settings: All that the result depends on besides, such as precision and the version of the engine.
    """
    text = json.dumps(settings, sort_keys=True, ensure_ascii=False)
    name = f"{fingerprint[:24]}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return cache_folder() / "conversions" / engine / name


def is_converted(folder: Path) -> bool:
    """Whether a conversion is there, whole and as it was written."""
    listed = _read_known(folder / MANIFEST)
    try:
        return bool(listed) and all(_known(folder / name, known)[2] == known[2] for name, known in listed.items())
    except OSError:
        return False


def build_once(folder: Path, build: Callable[[Path], None]) -> Path:
    """A conversion, built where it is missing or damaged.

    Two processes that want the same one build it once: the second waits. A process that is killed leaves a temporary
    folder that the next one removes, and never half a conversion.

    Args:
        folder: Where it shall lie; see :func:`conversion_folder`.
        build: Writes its files into the empty folder it is given. Where it raises, nothing is kept.

    Returns:
        ``folder``.

    Raises:
        OutputError: the cache cannot be written, by this function or by ``build``.
    """
    if is_converted(folder):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(folder.name + ".lock")):  # the system lets go of it when the process dies
            if not is_converted(folder):
                _build(folder, build)
    except OSError as error:
        raise OutputError(
            f"the conversion cannot be kept in {folder.parent}: {error.strerror or error}. "
            f"Make room there, or name another folder in {CACHE_VARIABLE}."
        ) from error
    return folder


def discard(folder: Path) -> None:
    """Remove a conversion that the engine cannot read after all."""
    (folder / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _build(folder: Path, build: Callable[[Path], None]) -> None:
    for left in folder.parent.glob(f"{folder.name}.part-*"):  # the lock is ours, so whoever made it is dead
        shutil.rmtree(left, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(prefix=f"{folder.name}.part-", dir=folder.parent))
    try:
        build(temporary)
        files = sorted(path for path in temporary.rglob("*") if path.is_file())
        for path in files:
            flush(path)
        listed = {path.relative_to(temporary).as_posix(): _known(path, None) for path in files}
        _remember(temporary / MANIFEST, listed)
        discard(folder)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _known(path: Path, before: _Known | None) -> _Known:
    """Size, time and sum of a file; the sum is computed where size or time are not those of ``before``."""
    state = path.stat()
    if before and before[:2] == (state.st_size, state.st_mtime_ns):
        return before
    with path.open("rb") as file:
        return state.st_size, state.st_mtime_ns, hashlib.file_digest(file, "sha256").hexdigest()


def _read_known(path: Path) -> dict[str, _Known]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): (int(size), int(time_ns), str(digest)) for name, (size, time_ns, digest) in data.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # missing or damaged: as if nothing were known


def _remember(path: Path, known: Mapping[str, _Known]) -> None:
    """Write sums, in one step; a place that cannot be written costs time later, and nothing else."""
    settled = time.time_ns() - int(_SETTLED_SECONDS * 1e9)
    kept = known if path.name == MANIFEST else {name: one for name, one in known.items() if one[1] < settled}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(kept), encoding="utf-8")
        flush(temporary)
        temporary.replace(path)
    except OSError:
        if path.name == MANIFEST:
            raise
