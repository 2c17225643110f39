"""Load whatever a checkpoint is: a classifier or a summarizer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mujaz.models.checkpoint import locate, read_info
from mujaz.models.classifier import TextClassifier
from mujaz.models.loading import load_config
from mujaz.models.options import check_choice
from mujaz.models.summarizer import Summarizer

if TYPE_CHECKING:
    import torch


def load_model(
    name: str | Path,
    *,
    task: str | None = None,
    device: str | torch.device = "auto",
    precision: str = "auto",
    engine: str = "torch",
    summary_engine: str = "torch",
    ignore_recipe_mismatch: bool = False,
) -> TextClassifier | Summarizer:
    """A classifier or a summarizer, by what ``mujaz.json`` says; where there is none, by the architecture.

    Args:
        name: Folder, embedded model, preset or hub id.
        task: Needed only for an encoder without ``mujaz.json``.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N``, or several: ``cuda:0,cuda:1``; or torch's own.
        precision: ``auto``, ``float32`` or ``bfloat16``.
        engine: Of a classifier: ``auto``, ``torch`` or ``openvino``. Torch where a score is measured, which must not depend
            on which extras are installed, and which conversions earlier runs left in the cache.
        summary_engine: Of a summarizer: ``auto``, ``torch`` or ``ctranslate2``; torch as above.
        ignore_recipe_mismatch: Load even where the checkpoint's text recipe is not the one this version has.

    Raises:
        CheckpointError: the model is not there or cannot be used.
        UsageError: it is of another task than the one given, or there is no such task.
    """
    check_choice("task", task, ("topic", "stance", "summary"))
    folder = locate(name)
    info = read_info(folder)
    summarizes = info.task == "summary" if info else load_config(folder).is_encoder_decoder
    if task == "summary" or (task is None and summarizes):
        return Summarizer.from_pretrained(
            name,
            device=device,
            # int8 is what ctranslate2 takes by itself
            precision="auto" if precision == "int8" and summary_engine != "torch" else precision,
            engine=summary_engine,
            ignore_recipe_mismatch=ignore_recipe_mismatch,
        )
    return TextClassifier.from_pretrained(
        name,
        task="stance" if task == "stance" else "topic" if task == "topic" else None,
        device=device,
        precision=precision,
        engine=engine,
        ignore_recipe_mismatch=ignore_recipe_mismatch,
    )
