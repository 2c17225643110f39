"""Go on where a killed training stopped, or refuse where it is not the same training."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import yaml
from pydantic import ValidationError

from mujaz.configs.loading import resolved_yaml
from mujaz.configs.pretrain_schema import PretrainConfig
from mujaz.configs.schema import TrainConfig
from mujaz.errors import OutputError, UsageError
from mujaz.models.checkpoint import INFO_FILE
from mujaz.training.processes import count, first_alone, is_first
from mujaz.training.run_folder import refuse_others, remove
from mujaz.training.trackers import TENSORBOARD
from mujaz.whole_files import write_whole

if sys.platform != "win32":
    import fcntl

CONFIG_FILE = "config.yaml"
METRICS_FILE = "metrics.json"
FOLDS_FILE, FOLDS_PAGE = "folds.json", "folds.html"  # of a cross-validation
CHECKPOINTS = "checkpoints"
INTERMEDIATE = "intermediate"  # a run of its own: the step before
PROCESSES_FILE = "processes"  # how many wrote the checkpoints beside it; not there where it was one
DATA_FILE = "data"  # the fingerprint of what is learnt from
STATE_FILE = "trainer_state.json"  # of a checkpoint; the Trainer writes it last

_NEARLY_ALL = 0.8  # settings that were there before the last that were added

# What every run removes or writes over, and what one does that leaves a model; where no run left them they are somebody's,
# as is a config that no run wrote.
REMOVED = (METRICS_FILE, CHECKPOINTS, TENSORBOARD)
OF_A_MODEL = ("config.json", "generation_config.json", "model*.safetensors*", "tokenizer*.json", INFO_FILE)

# Settings that name files, of whose contents a fingerprint is kept: where these lie may change.
_FILES = tuple(f"data.{name}" for name in ("train", "dev", "test", "additional", "exclude"))

_STEP, _FOLD = re.compile(r"checkpoint-(\d+)"), re.compile(r"fold-[1-9]\d*")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other trainings out of a folder, made where it is not there: each would remove the other's checkpoints.

    However this process ends, the folder is free then. Windows, NFS (where folders have no locks) and file systems without
    locks keep nobody out.

    Raises:
        UsageError: another training is at work there.
        OutputError: the folder cannot be made or read.
    """
    lock = first_alone(lambda: _lock(folder))
    try:
        yield
    finally:
        if lock is not None and is_first():
            fcntl.flock(lock, fcntl.LOCK_UN)  # closed alone it is kept by whoever was forked meanwhile and lives on
            os.close(lock)


def _lock(folder: Path) -> int | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if sys.platform == "win32":
            return None
        lock = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise OutputError(f"the run folder {folder} cannot be written or read: {error.strerror or error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise UsageError(
            f"another training is at work in {folder}: let it end, or stop it, or give another output (--set output=…)."
        ) from None
    except OSError:  # no locks here
        os.close(lock)
        return None
    return lock


def goes_on(config: TrainConfig | PretrainConfig, *, restart: bool, writes: Sequence[str] = ()) -> bool:
    """Whether a run of this config is there to go on with; nothing is changed.

    Args:
        config: Compared with that of the run in its folder. Its data may have been moved: :func:`same_data` tells.
        restart: Begin again, whatever is there.
        writes: Patterns (``tokenizer*.json``) of the files and folders that the run will write over or remove, besides those
            that every run does.

    Raises:
        UsageError: the folder holds a finished run, one of another config, a cross-validation, or no run but files that one
            would write over.
    """
    folder = Path(config.output)
    if not is_run(folder, type(config)):
        refuse_others(folder, (CONFIG_FILE, *REMOVED, *writes))
        if not restart and fold_runs(folder):
            raise UsageError(
                f"{folder} holds folds of a cross-validation. Give --restart to begin there in its place, or another output."
            )
        return False
    if restart or not _begun(folder):
        return False
    different = _differing(saved_config(folder / CONFIG_FILE), config)
    moved = [name for name in different if name in _FILES]
    if different and not (moved == different and (folder / CHECKPOINTS / DATA_FILE).is_file()):
        link = " Where data was only moved, a link at its old place helps." if moved else ""
        raise UsageError(
            f"{folder} holds a run of another config (different: {', '.join(different)}). "
            f"Give --restart to begin again there, or another output (--set output=…).{link}"
        )
    if (folder / METRICS_FILE).is_file():
        raise UsageError(f"{folder} holds a finished run. Give --restart to train again, or another output.")
    _as_many_processes(folder)
    return True


def is_run(folder: Path, kind: type[TrainConfig | PretrainConfig]) -> bool:
    """Whether a folder is that of a run: its config stands there as a run writes it, or as somebody changed it since.

    Args:
        folder: Looked at.
        kind: Of the config.
    """
    saved = folder / CONFIG_FILE
    if not saved.is_file():
        return False
    known = (folder / METRICS_FILE, folder / CHECKPOINTS / DATA_FILE, *(folder / CHECKPOINTS).glob("checkpoint-*"))
    if any(path.exists() for path in known):
        return True
    try:
        text = saved.read_text(encoding="utf-8")
        found = yaml.safe_load(text)
        now = yaml.safe_load(resolved_yaml(kind.model_validate(found)))
        return yaml.safe_dump(found, allow_unicode=True, sort_keys=False) == text and _most_of(found, now)
    except (OSError, yaml.YAMLError, ValueError):  # pydantic's errors are some
        return False


def _most_of(found: Any, now: Any) -> bool:
    """Whether a config names nearly all settings that there are now, as a run of an earlier version does."""

    def settings(config: Any) -> int:
        return sum(map(settings, config.values())) if isinstance(config, dict) and config else 1

    return settings(found) > _NEARLY_ALL * settings(now)


def open_run(config: TrainConfig | PretrainConfig, *, restart: bool, writes: Sequence[str] = ()) -> Path | None:
    """Reopen the folder of a run, or see that one may begin there, which :func:`begin_run` does.

    Args:
        config: Compared with that of the run in its folder.
        restart: Begin again, whatever is there.
        writes: As for :func:`goes_on`.

    Returns:
        The checkpoint to resume from, or None for a fresh start.

    Raises:
        UsageError: as :func:`goes_on`.
        OutputError: the folder cannot be written.
    """
    folder = Path(config.output)
    if not goes_on(config, restart=restart, writes=writes):
        return None
    if saved_config(folder / CONFIG_FILE) != yaml.safe_load(resolved_yaml(config)):  # it was moved, or its data
        write_whole(folder / CONFIG_FILE, resolved_yaml(config).encode())
    checkpoint = last_checkpoint(folder / CHECKPOINTS)
    if checkpoint:
        _best_beside(checkpoint)
    return checkpoint


def claim(config: TrainConfig | PretrainConfig) -> None:
    """Mark a folder where no run has begun as that of a run: without its config all that is in it is somebody's.

    Args:
        config: Its resolved form is saved in the folder.

    Raises:
        OutputError: the folder cannot be written.
    """
    folder = Path(config.output)
    if not (folder / CONFIG_FILE).is_file() or not _begun(folder):
        write_whole(folder / CONFIG_FILE, resolved_yaml(config).encode())


def begin_run(config: TrainConfig | PretrainConfig) -> None:
    """Begin a run after all was checked that can be: what a run before it would go on from is removed.

    Its model stays until the new one is saved (:func:`remove`).

    Args:
        config: Its resolved form is saved in the folder.

    Raises:
        OutputError: the folder cannot be written.
    """
    folder = Path(config.output)
    if (folder / FOLDS_FILE).is_file() and (folds := fold_runs(folder)):  # mujaz compare would take it for this run's
        remove(folder, (FOLDS_FILE, FOLDS_PAGE, *(one.name for one in folds)))
    remove(folder, REMOVED)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / CONFIG_FILE, resolved_yaml(config).encode())  # first: without it all below is somebody's
        if count() > 1:
            (folder / CHECKPOINTS).mkdir()
            write_whole(folder / CHECKPOINTS / PROCESSES_FILE, b"%d\n" % count())
    except OSError as error:
        raise OutputError(f"the run folder {folder} cannot be written: {error.strerror or error}") from error


def _begun(folder: Path) -> bool:
    """Whether more is there than a run leaves that its data stopped: config, step before it, number of processes."""
    there = {path.name for path in folder.iterdir()} - {CONFIG_FILE, INTERMEDIATE}
    if there == {CHECKPOINTS}:
        return not {path.name for path in (folder / CHECKPOINTS).iterdir()} <= {PROCESSES_FILE}
    return bool(there)


def fold_folder(folder: Path, number: int) -> Path:
    """Where the run of one fold lies, counted from 1."""
    return folder / f"fold-{number}"


def fold_runs(folder: Path) -> list[Path]:
    """The folds of a cross-validation that lie in a folder; a copy that somebody made has another name."""
    return [one for one in folder.glob("fold-*") if _FOLD.fullmatch(one.name) and is_run(one, TrainConfig)]


def same_data(folder: Path, fingerprint: str, resume: Path | None) -> None:
    """Keep what a run began to learn from, or refuse to go on where that is another by now.

    Args:
        folder: Of the run.
        fingerprint: Of all its rows, in order.
        resume: The checkpoint that it goes on from; None where it begins.

    Raises:
        UsageError: the data is not what it was.
    """
    kept = folder / CHECKPOINTS / DATA_FILE
    if resume is None or not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_whole(kept, fingerprint.encode())
    elif kept.read_text(encoding="utf-8") != fingerprint:
        raise UsageError(
            f"{folder} holds a run that began with other data: its files have changed since, or are others. Bring those "
            "back to go on, or give --restart to begin again with these."
        )


def _as_many_processes(folder: Path) -> None:
    """Batches are dealt out among the processes: with others the rest of an epoch would be of other rows."""
    began = _processes(folder / CHECKPOINTS)
    if began != count() and last_checkpoint(folder / CHECKPOINTS):
        raise UsageError(
            f"{folder} holds a run that began with {began} process{'es' if began > 1 else ''}, and here are {count()}. "
            f"Start {began} again to go on, or give --restart."
        )


def _processes(checkpoints: Path) -> int:
    try:
        return int((checkpoints / PROCESSES_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 1


def saved_config(file: Path) -> dict[str, Any]:
    """The config that a run was begun with.

    Raises:
        OSError: there is none.
        UsageError: it is damaged.
    """
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(
            f"{file} is damaged: expected the config of a run. Give --restart, or another output."
        ) from error
    if not isinstance(found, dict):
        raise UsageError(
            f"{file} is damaged: expected the config of a run, found {found!r}. Give --restart, or another output."
        )
    return found


def _with_defaults(saved: dict[str, Any], kind: type[TrainConfig | PretrainConfig]) -> dict[str, Any]:
    """A run's config with the settings that came in after it was begun, as they are where a config says nothing of them."""
    try:
        return kind.model_validate(saved).model_dump()
    except ValidationError:
        return saved


def finished_metrics(config: TrainConfig, *, moved: bool = False) -> dict[str, Any] | None:
    """What a finished run of this very config scored, or None where there is none in its folder.

    Args:
        config: Of the run.
        moved: Whether its data may lie elsewhere by now.
    """
    folder = Path(config.output)
    try:
        saved = saved_config(folder / CONFIG_FILE)
        metrics: dict[str, Any] = json.loads((folder / METRICS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, UsageError):
        return None
    different = [name for name in _differing(saved, config) if not (moved and name in _FILES)]
    return None if different else metrics


def last_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was written to its end."""
    whole = [path for path in _checkpoints(folder) if _is_whole(path)]
    return whole[-1] if whole else None


def drop_unfinished(folder: Path) -> None:
    """Remove checkpoints that were not written to their end: they take the room that the next one needs."""
    for path in _checkpoints(folder):
        if not _is_whole(path):
            shutil.rmtree(path, ignore_errors=True)


def _checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in a folder, the oldest first."""
    steps = [(int(match[1]), path) for path in folder.glob("checkpoint-*") if (match := _STEP.fullmatch(path.name))]
    return [path for _, path in sorted(steps)]


def _is_whole(checkpoint: Path) -> bool:
    processes = _processes(checkpoint.parent)
    states = [checkpoint / f"rng_state_{number}.pth" for number in range(processes)] if processes > 1 else []
    if not all(map(is_zipfile, states)):
        return False  # the first process wrote all it had to, another was killed before
    try:
        json.loads((checkpoint / STATE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False  # killed while writing it, or removing it
    return True


def _best_beside(checkpoint: Path) -> None:
    """Have a checkpoint know the best one where it lies: it names the folder that both were written to."""
    state = json.loads((checkpoint / STATE_FILE).read_text(encoding="utf-8"))
    named = state.get("best_model_checkpoint")
    beside = str(checkpoint.parent / Path(named).name) if named else None
    if beside != named:  # no more is saved after the last step, and the Trainer looks there
        state["best_model_checkpoint"] = beside
        write_whole(checkpoint / STATE_FILE, json.dumps(state, indent=2, sort_keys=True).encode() + b"\n")


def _differing(saved: dict[str, Any], config: TrainConfig | PretrainConfig) -> list[str]:
    """Settings that differ from those of a run. Where it lies is none: it may have been moved, or be called otherwise.

    Nor is how many trials a search has.
    """
    return _differences(_placeless(_with_defaults(saved, type(config))), _placeless(config.model_dump()))


def _placeless(settings: dict[str, Any]) -> dict[str, Any]:
    model, before = settings.get("model"), str(Path(str(settings.get("output"))) / INTERMEDIATE)
    if isinstance(model, dict) and model.get("name") == before:
        model = {**model, "name": INTERMEDIATE}
    search = settings.get("search")
    search = {**search, "trials": 0} if isinstance(search, dict) else search
    return {**settings, "model": model, "output": "", "search": search}


def _differences(old: Any, new: Any, prefix: str = "") -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted({*old, *new}, key=str)
        return [name for key in keys for name in _differences(old.get(key), new.get(key), f"{prefix}.{key}".strip("."))]
    return [] if old == new else [prefix]
