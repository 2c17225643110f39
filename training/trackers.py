"""Where the curves of a training go besides the run's own files: TensorBoard, Weights & Biases, MLflow, Trackio."""

from __future__ import annotations

import importlib
import importlib.util
import os
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.integrations.integration_utils import TensorBoardCallback

from mujaz.configs.optimization_schema import Tracker
from mujaz.errors import MissingExtraError, UsageError

TENSORBOARD = "tensorboard"  # folder of the run that holds its event files


def check_trackers(wanted: Sequence[Tracker]) -> None:
    """Refuse a tracker that is not installed, or a store that MLflow will not open, before anything is read.

    Raises:
        MissingExtraError: names the first of them.
        UsageError: MLflow refuses its store, as it does a folder's since 3.x.
    """
    for name in wanted:
        if importlib.util.find_spec(name) is None:
            raise MissingExtraError(f"training.report_to: {name}", "mlflow-skinny" if name == "mlflow" else name, name)
    if "mlflow" in wanted:
        _open_mlflow()


def _open_mlflow() -> None:
    """MLflow itself looks at its store when a run begins, after data was read and a model made."""
    mlflow: Any = importlib.import_module("mlflow")
    try:
        mlflow.MlflowClient()
    except mlflow.exceptions.MlflowException as error:
        store = os.environ.get("MLFLOW_TRACKING_URI") or mlflow.get_tracking_uri()
        raise UsageError(
            f"training.report_to: mlflow cannot open its store '{store}' ({_first_sentence(error)}). Expected a database or "
            "a server: set MLFLOW_TRACKING_URI to sqlite:///mlflow.db or to the server's address; for a folder set "
            "MLFLOW_ALLOW_FILE_STORE=true as well."
        ) from error


def failed_tracker(error: BaseException) -> str | None:
    """The tracker that raised an error, in a sentence that says what to do; None where it was none of them.

    Args:
        error: As it came out of the Trainer, with its traceback.
    """
    frames = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    packages = {name.partition(".")[0] for name in (type(error).__module__, *frames)}
    for name in get_args(Tracker):
        if name in packages:
            return (
                f"{name} (training.report_to) failed: {_first_sentence(error)}. Set it up, or take it out of "
                "training.report_to; what was trained is kept up to the last checkpoint."
            )
    return None


def _first_sentence(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text.partition(". ")[0].rstrip(".")


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
