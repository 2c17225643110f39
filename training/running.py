"""Run transformers' Trainer, and say what stopped it in terms of the config."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, Trainer, TrainerState
from transformers.trainer_callback import TrainerControl
from transformers.trainer_utils import align_special_tokens

from mujaz.configs.schema import TrainConfig
from mujaz.errors import FirstProcessError, MujazError, OutputError, TrainingError
from mujaz.models.loading import quiet_transformers
from mujaz.training.callbacks import Report
from mujaz.training.metrics.percent import in_percent
from mujaz.training.processes import is_first, lost_the_first
from mujaz.training.resume import CHECKPOINTS, STATE_FILE, drop_unfinished
from mujaz.training.trackers import failed_tracker

# What torch says where a processor's memory is full: those errors have no class of their own.
_NO_MEMORY = ("can't allocate memory", "not enough memory", "CUDA out of memory")


def run_trainer(trainer: Trainer, resume: Path | None, folder: Path) -> None:
    """Train, from a checkpoint where there is one. Of weights that score the same on dev those of lower loss there are kept.

    Args:
        trainer: Ready to train.
        resume: The checkpoint to go on from.
        folder: Of the run, for messages.

    Raises:
        TrainingError: out of memory, a tracker failed, or what a callback raised.
        OutputError: the disk is full.
    """
    _decide_equals_by_loss(trainer)
    with explained(folder), quiet_transformers():
        state = TrainerState.load_from_json(str(resume / STATE_FILE)) if resume else None
        if resume and state and _is_over(state):
            _take_over(trainer, state, resume)
        else:
            trainer.train(resume_from_checkpoint=str(resume) if resume else None)


def kept_scores(trainer: Trainer, config: TrainConfig, report: Report) -> dict[str, float]:
    """Scores on dev of the weights that a training leaves, named as in the log; none without dev data.

    The log knows no weights that have part of the start in them (``training.keep_of_start``): those are scored now, and
    what the Trainer's state has as its best score becomes theirs.

    Args:
        trainer: Has trained, in all processes.
        config: What was asked for.
        report: Receives a line for people where something was scored.

    Raises:
        TrainingError: out of memory.
    """
    name, share, state = f"eval_{trainer.args.metric_for_best_model}", config.training.keep_of_start, trainer.state
    dev: Any = trainer.eval_dataset
    if dev is None:
        return {}
    if not share:
        best = (one for one in state.log_history if one["step"] == state.best_global_step and name in one)
        return next(best, {})
    with explained(Path(config.output)), quiet_transformers():
        scores: dict[str, float] = trainer.predict(dev, metric_key_prefix="eval").metrics or {}
    state.best_metric, plain = scores[name], name.removeprefix("eval_")
    report(f"with {share:g} of the start's weights: dev {plain} {in_percent(plain, scores[name])} %")
    return scores


def kept_step(state: TrainerState, metric: str) -> str:
    """Whose weights a training leaves, for people; empty without dev data.

    Args:
        state: The Trainer's, when it has trained.
        metric: What they were chosen by.
    """
    if state.best_metric is None:
        return ""
    score = in_percent(metric, state.best_metric)
    return f"step {state.best_global_step:,} of {state.max_steps:,}, dev {metric} {score} %"


def loss_curve(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a Trainer logged, without its last word on itself, which knows the last sitting alone."""
    return [entry for entry in log if "train_runtime" not in entry]


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """What stops a training, in terms of the config.

    Args:
        folder: Of the run.

    Raises:
        TrainingError: out of memory, or a tracker failed.
        OutputError: the disk is full; what was half written is removed, the last good checkpoint stays.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _out_of_memory() from error
    except Exception as error:
        if lost_the_first(error):
            raise FirstProcessError("the first process is gone.") from error
        if any(words in str(error) for words in _NO_MEMORY):
            raise _out_of_memory() from error
        # safetensors and torch each raise a class of their own for a full disk
        if "No space left" not in str(error) and getattr(error, "errno", None) != errno.ENOSPC:
            said = None if isinstance(error, MujazError) else failed_tracker(error)
            if said is None:
                raise
            raise TrainingError(said) from error
        drop_unfinished(folder / CHECKPOINTS)
        raise OutputError(
            f"the disk is full. The last good checkpoint in {folder} stays: make room and run the same command to go on."
        ) from error


def whole_model(trainer: Trainer, model: PreTrainedModel) -> PreTrainedModel:
    """The trained model in one piece, in the first process; all of them take part where it was sharded over them.

    Args:
        trainer: Has trained it.
        model: As it was handed to the trainer.
    """
    if not trainer.is_fsdp_enabled:
        return model
    weights = trainer.accelerator.get_state_dict(trainer.model)
    whole = type(model)(model.config)
    if hasattr(model, "generation_config"):
        whole.generation_config = model.generation_config
    if is_first():
        whole.load_state_dict(weights)
    return whole


def _decide_equals_by_loss(trainer: Trainer) -> None:
    """Of checkpoints with the same score on dev, keep the one of the lowest loss there.

    On few dev rows many score the same, and the Trainer would keep the first of them, which is the least sure of itself.
    What ``training.patience`` counts stays: a score that is the same is no better one.
    """
    is_better = trainer._determine_best_metric

    def is_better_or_surer(metrics: dict[str, float], trial: Any) -> bool:
        if is_better(metrics, trial):
            return True
        state, name = trainer.state, trainer.args.metric_for_best_model
        logged = [entry for entry in state.log_history if "eval_loss" in entry]
        kept = [entry["eval_loss"] for entry in logged if entry["step"] == state.best_global_step]
        if not name or not kept or metrics[f"eval_{name.removeprefix('eval_')}"] != state.best_metric:
            return False
        surer = metrics.get("eval_loss", kept[-1]) < kept[-1]
        if surer:
            state.best_global_step = state.global_step
        return surer

    trainer._determine_best_metric = is_better_or_surer  # type: ignore[method-assign]  # the one place it asks


def _out_of_memory() -> TrainingError:
    return TrainingError(
        "out of memory. Lower training.batch_size (and raise training.gradient_accumulation by as much; "
        "training.batch_size=auto with training.effective_batch_size finds both), or model.max_length, or switch "
        "training.activation_checkpointing on; then begin again with --restart."
    )


def _is_over(state: TrainerState) -> bool:
    """Whether nothing was left to train when a checkpoint was saved: the last step was done, or dev stopped it early."""
    saved: Any = state.stateful_callbacks or {}  # annotated as a list, saved as a dictionary
    stopped = saved.get(TrainerControl.__name__, {}).get("args", {}).get("should_training_stop", False)
    return bool(stopped) or state.global_step >= state.max_steps


def _take_over(trainer: Trainer, state: TrainerState, checkpoint: Path) -> None:
    """Have a Trainer stand where one stood that ended: the Trainer itself would train on, by at least one step."""
    trainer.state = state
    if trainer.processing_class is not None:  # as the Trainer begins
        align_special_tokens(trainer.model, trainer.processing_class)
    best = state.best_model_checkpoint if trainer.args.load_best_model_at_end else None
    trainer._load_from_checkpoint(best or str(checkpoint))
