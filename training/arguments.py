"""A training config in the terms of transformers' Trainer."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from transformers import GenerationConfig, Seq2SeqTrainingArguments, TrainingArguments

from mujaz.configs.schema import GenerationSettings, OptimizationConfig, TrainConfig
from mujaz.models.machine import choose_device, computes_bfloat16

BEST_BY = {"topic": "macro_f1", "stance": "macro_f1", "summary": "rougeL"}


def total_steps(config: TrainConfig, rows: int) -> int:
    """Updates of the weights over the whole training, on one process."""
    settings = config.training
    if settings.max_steps:
        return settings.max_steps
    per_epoch = max(math.ceil(math.ceil(rows / settings.rows_at_once) / settings.gradient_accumulation), 1)
    return math.ceil(per_epoch * settings.epochs)


def trains_in_bfloat16(settings: OptimizationConfig) -> bool:
    """Whether the forward and backward passes run in bfloat16."""
    precision = settings.precision
    return precision == "bfloat16" or (precision == "auto" and computes_bfloat16(choose_device(settings.device)))


def optimization_arguments(settings: OptimizationConfig, folder: Path, steps: int) -> dict[str, Any]:
    """What fine-tuning and pretraining tell the Trainer alike.

    Args:
        settings: From the config.
        folder: Where the Trainer keeps its checkpoints.
        steps: Updates over the whole training.
    """
    every = max(math.ceil(steps / settings.evaluations), 1)
    return {
        "output_dir": str(folder),
        "max_steps": settings.max_steps or -1,
        "per_device_train_batch_size": settings.rows_at_once,
        "per_device_eval_batch_size": settings.rows_at_once * 2,
        "gradient_accumulation_steps": settings.gradient_accumulation,
        "learning_rate": settings.learning_rate,
        "warmup_steps": math.ceil(steps * settings.warmup),
        "lr_scheduler_type": settings.schedule,
        "weight_decay": settings.weight_decay,
        "optim": settings.optimizer,
        "bf16": trains_in_bfloat16(settings),
        "activation_checkpointing": settings.activation_checkpointing,
        "torch_compile": settings.compile,
        "use_cpu": choose_device(settings.device).type == "cpu",
        "seed": settings.seed,
        "remove_unused_columns": False,
        "eval_steps": every,
        "save_steps": every,
        "save_total_limit": 2,
        "logging_steps": max(min(50, steps // 20), 1),
        "logging_nan_inf_filter": False,  # it would hide a NaN loss
        "restore_callback_states_from_checkpoint": True,  # else early stopping begins to count again after a kill
        "report_to": "none",
        "disable_tqdm": True,  # its progress bar repeats the log; ours is in callbacks.py
        "dataloader_pin_memory": False,
    }


def training_arguments(config: TrainConfig, folder: Path, rows: int, dev_rows: int) -> TrainingArguments:
    """The Trainer's arguments for a config.

    Args:
        config: What was asked for.
        folder: Where the Trainer keeps its checkpoints.
        rows: Training rows.
        dev_rows: Development rows; none switches evaluation off.
    """
    settings = config.training
    evaluates = dev_rows > 0
    common: dict[str, Any] = {
        **optimization_arguments(settings, folder, total_steps(config, rows)),
        "num_train_epochs": settings.epochs,
        "label_smoothing_factor": settings.label_smoothing,
        "train_sampling_strategy": "group_by_length",
        "length_column_name": "length",
        "eval_strategy": "steps" if evaluates else "no",
        "load_best_model_at_end": evaluates,
        "metric_for_best_model": BEST_BY[config.task] if evaluates else None,
        "greater_is_better": True,
    }
    if config.task == "summary":
        return Seq2SeqTrainingArguments(**common, predict_with_generate=True)
    return TrainingArguments(**common)


def generation_config(settings: GenerationSettings, tokens: GenerationConfig | None) -> GenerationConfig:
    """Generation settings to train, save and summarize with.

    Args:
        settings: From the config.
        tokens: The model's own, for the ids of its special tokens.
    """
    special = ("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id", "forced_bos_token_id")
    ids = {name: getattr(tokens, name, None) for name in special}
    chosen = settings.model_dump(exclude_none=True)
    if settings.num_beams == 1:
        del chosen["length_penalty"]  # means nothing to greedy decoding, and transformers warns of it
    return GenerationConfig(**chosen, **{k: v for k, v in ids.items() if v is not None}, do_sample=False)
