"""Run transformers' Trainer, and say what stopped it in terms of the config."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import Trainer

from mujaz.errors import OutputError, TrainingError
from mujaz.models.loading import quiet_transformers


def run_trainer(trainer: Trainer, resume: Path | None, folder: Path) -> None:
    """Train, from a checkpoint where there is one.

    Args:
        trainer: Ready to train.
        resume: The checkpoint to go on from.
        folder: Of the run, for messages.

    Raises:
        TrainingError: out of memory, or what a callback raised.
        OutputError: the disk is full.
    """
    try:
        with quiet_transformers():
            trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            "out of memory. Lower training.batch_size (and raise training.gradient_accumulation by as much), "
            "or model.max_length."
        ) from error
    except Exception as error:  # safetensors and torch each raise a class of their own for a full disk
        if "No space left" not in str(error):
            raise
        raise OutputError(
            f"the disk is full. The last good checkpoint in {folder} stays: make room and run the same command to go on."
        ) from error
