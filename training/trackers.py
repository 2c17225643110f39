"""Where the curves of a training go besides the run's own files: TensorBoard, Weights & Biases, MLflow, Trackio."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.integrations.integration_utils import TensorBoardCallback

from mujaz.configs.optimization_schema import Tracker
from mujaz.errors import MissingExtraError

TENSORBOARD = "tensorboard"  # folder of the run that holds its event files


def check_trackers(wanted: Sequence[Tracker]) -> None:
    """Refuse a tracker that is not installed, before anything is read.

    Raises:
        MissingExtraError: names the first of them.
    """
    for name in wanted:
        if importlib.util.find_spec(name) is None:
            raise MissingExtraError(f"training.report_to: {name}", "mlflow-skinny" if name == "mlflow" else name, name)


def tracker_arguments(wanted: Sequence[Tracker], run: str) -> dict[str, Any]:
    """What the Trainer is told of trackers. It would put TensorBoard's files beside the checkpoints, which go at the end.

    Args:
        wanted: From the config.
        run: What the run is called there.
    """
    others = [name for name in wanted if name != TENSORBOARD]
    # Trackio would publish a finished run on the hub, unless told not to.
    return {"report_to": others or "none", "run_name": run, "project": "mujaz", "trackio_static_space_id": False}


def tracker_callbacks(wanted: Sequence[Tracker], folder: Path) -> list[TrainerCallback]:
    """Those that the Trainer does not make itself.

    Args:
        wanted: From the config.
        folder: Of the run.
    """
    return [_TensorBoard(folder / TENSORBOARD)] if TENSORBOARD in wanted else []


class _TensorBoard(TensorBoardCallback):
    """Writes into the run's folder; what a killed sitting logged after its last checkpoint is not shown twice."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.logging_dir = str(folder)
        self.resumed_at = 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.resumed_at = state.global_step
        super().on_train_begin(args, state, control, **kwargs)

    def _init_summary_writer(self, args: TrainingArguments) -> None:
        purge = self.resumed_at + 1 if self.resumed_at else None
        self.tb_writer = self._SummaryWriter(log_dir=self.logging_dir, purge_step=purge)
