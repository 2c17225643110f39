"""Go on where a killed training stopped, or refuse where it is not the same training."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from mujaz.configs.loading import resolved_yaml
from mujaz.configs.pretrain_schema import PretrainConfig
from mujaz.configs.schema import TrainConfig
from mujaz.errors import OutputError, UsageError

CONFIG_FILE = "config.yaml"
METRICS_FILE = "metrics.json"
CHECKPOINTS = "checkpoints"

_STEP = re.compile(r"checkpoint-(\d+)")


def open_run(config: TrainConfig | PretrainConfig, *, restart: bool) -> Path | None:
    """Make or reopen the folder of a run.

    Args:
        config: Its resolved form is saved in the folder, and compared where there is one already.
        restart: Begin again, whatever is there.

    Returns:
        The checkpoint to resume from, or None for a fresh start.

    Raises:
        UsageError: the folder holds a finished run, or one of another config.
        OutputError: the folder cannot be written.
    """
    folder = Path(config.output)
    saved = folder / CONFIG_FILE
    if saved.is_file() and not restart:
        different = _differences(yaml.safe_load(saved.read_text(encoding="utf-8")), config.model_dump())
        if different:
            raise UsageError(
                f"{folder} holds a run of another config (different: {', '.join(different)}). "
                "Give --restart to begin again there, or another output (--set output=…)."
            )
        if (folder / METRICS_FILE).is_file():
            raise UsageError(f"{folder} holds a finished run. Give --restart to train again, or another output.")
        return last_checkpoint(folder / CHECKPOINTS)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / METRICS_FILE).unlink(missing_ok=True)
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
        saved.write_text(resolved_yaml(config), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"the run folder {folder} cannot be written: {error.strerror or error}") from error
    return None


def finished_metrics(config: TrainConfig) -> dict[str, Any] | None:
    """What a finished run of this very config scored, or None where there is none in its folder."""
    folder = Path(config.output)
    try:
        saved = yaml.safe_load((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        metrics: dict[str, Any] = json.loads((folder / METRICS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return None if _differences(saved, config.model_dump()) else metrics


def last_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was written to its end; the Trainer writes ``trainer_state.json`` last."""
    steps = [(int(match[1]), path) for path in folder.glob("checkpoint-*") if (match := _STEP.fullmatch(path.name))]
    for _, path in sorted(steps, reverse=True):
        try:
            json.loads((path / "trainer_state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # killed while writing it
        return path
    return None


def _differences(old: Any, new: Any, prefix: str = "") -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted({*old, *new}, key=str)
        return [name for key in keys for name in _differences(old.get(key), new.get(key), f"{prefix}.{key}".strip("."))]
    return [] if old == new else [prefix]
