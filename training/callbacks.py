"""What happens beside the training: lines for people, a stop where the loss is no number, checkpoints to resume from."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from transformers import ProgressCallback, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from mujaz.errors import TrainingError
from mujaz.training.arguments import BEST_BY, SELECTION_F1, WHOLE_ACCURACY
from mujaz.training.metrics.percent import in_percent

Report = Callable[[str], None]


class LogLines(TrainerCallback):
    """Says how the training goes, and stops it when the loss is no number."""

    def __init__(self, report: Report) -> None:
        """Lines go to ``report``."""
        self.report = report

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """One line a log, with scores in percent; a loss that is not finite ends the training."""
        values = {k: float(v) for k, v in (logs or {}).items() if _is_number(v)}
        if not math.isfinite(values.get("loss", 0.0)):
            raise TrainingError(
                f"the loss became {values['loss']} at step {state.global_step}. Lower training.learning_rate, raise "
                "training.warmup, or train with --set training.precision=float32; and begin again with --restart."
            )
        if values.get("loss") == 0.0 and values.get("grad_norm") == 0.0:
            raise TrainingError(
                f"the loss is exactly 0 at step {state.global_step}, and so are the gradients: nothing is learnt any more. "
                "In float16 or bfloat16 train with --set training.precision=float32; else look at the labels (mujaz check)."
            )
        known = {"loss", "accuracy", *BEST_BY.values(), SELECTION_F1, WHOLE_ACCURACY}
        shown = [name for name in values if name.removeprefix("eval_") in known]
        if shown and state.is_world_process_zero:
            text = "  ".join(_shown(name, values[name]) for name in shown)
            self.report(f"step {state.global_step:,}/{state.max_steps:,}  {text}")


def _shown(name: str, value: float) -> str:
    plain = name.removeprefix("eval_")
    where = "" if plain == name else "dev "
    return f"{where}{plain} {value:.4g}" if plain == "loss" else f"{where}{plain} {in_percent(plain, value)} %"


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


class QuietProgress(ProgressCallback):
    """The Trainer's progress bars without its dictionaries between them."""

    def on_log(self, *args: Any, **kwargs: Any) -> None:
        """LogLines says it."""


class SaveEvery(TrainerCallback):
    """Saves checkpoints to resume from, besides those after an evaluation, and logs the loss with every checkpoint.

    The Trainer averages the loss since the last log, and a checkpoint does not hold that sum: were a checkpoint not logged
    too, the loss curve of a resumed training would have another value there than that of one that was never killed.
    """

    def __init__(self, steps: int | None) -> None:
        """Every ``steps`` updates; None only after an evaluation."""
        self.steps = steps

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        """Ask for a checkpoint, and for a log with each."""
        if self.steps and state.global_step % self.steps == 0:
            control.should_save = True
        if control.should_save:
            control.should_log = True
        return control
