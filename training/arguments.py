"""A training config in the terms of transformers' Trainer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import GenerationConfig, PreTrainedModel, Seq2SeqTrainingArguments, TrainingArguments

from mujaz.configs.optimization_schema import FsdpConfig, OptimizationConfig, TrainingConfig
from mujaz.configs.schema import GenerationSettings, TrainConfig
from mujaz.errors import UsageError
from mujaz.models.machine import choose_device, computes_bfloat16
from mujaz.training.processes import count
from mujaz.training.trackers import tracker_arguments

BEST_BY = {"topic": "macro_f1", "stance": "macro_f1", "summary": "rougeL"}
SELECTION_F1 = "selection_f1"  # of a summarizer that chooses, while it is trained
WHOLE_ACCURACY = "whole_accuracy"  # of the same: texts by themselves, rightly called whole or cut
STANDS_ACCURACY = "stands_accuracy"  # of the same: stretches that were judged, rightly told to stand or not
SELECTION_MEAN = "selection_mean"  # of the first and one of those two, where it is taught


def best_by(config: TrainConfig, model: PreTrainedModel) -> str:
    """The score on dev that decides which weights are kept."""
    if selects(config, model):
        return SELECTION_MEAN if config.training.whole_texts or config.training.judged else SELECTION_F1
    return BEST_BY[config.task]


def selects(config: TrainConfig, model: PreTrainedModel) -> bool:
    """Whether a training is of an encoder that is to choose what a summary says."""
    return config.task == "summary" and not model.config.is_encoder_decoder


def total_steps(config: TrainConfig, rows: int, processes: int = 1) -> int:
    """Updates of the weights over the whole training."""
    settings = config.training
    if settings.max_steps:
        return settings.max_steps
    at_once = settings.rows_at_once * processes
    per_epoch = max(math.ceil(math.ceil(rows / at_once) / settings.gradient_accumulation), 1)
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
        "use_cpu": choose_device(settings.device).type == "cpu",
        "seed": settings.seed,
        "remove_unused_columns": False,
        "eval_steps": every,
        "save_steps": every,
        "save_total_limit": 2,
        "logging_steps": max(min(50, steps // 20), 1),
        "logging_nan_inf_filter": False,  # it would hide a NaN loss
        "ddp_find_unused_parameters": False,  # several processes: all weights are used, and looking for others takes time
        "restore_callback_states_from_checkpoint": True,  # else early stopping begins to count again after a kill
        **tracker_arguments(settings.report_to, folder.parent.name),
        "disable_tqdm": True,  # its progress bar repeats the log; ours is in callbacks.py
        "dataloader_pin_memory": False,
    }


def training_arguments(
    config: TrainConfig, folder: Path, rows: int, dev_rows: int, model: PreTrainedModel
) -> TrainingArguments:
    """The Trainer's arguments for a config.

    Args:
        config: What was asked for.
        folder: Where the Trainer keeps its checkpoints.
        rows: Training rows.
        dev_rows: Development rows; none switches evaluation off.
        model: What is trained.

    Raises:
        UsageError: there is nothing to shard over.
    """
    settings = config.training
    _check_sharding(settings)
    evaluates = dev_rows > 0
    common: dict[str, Any] = {
        **optimization_arguments(settings, folder, total_steps(config, rows, count())),
        **fsdp_arguments(settings.fsdp, layers_to_shard(model)),
        "num_train_epochs": settings.epochs,
        "train_sampling_strategy": "group_by_length",
        "length_column_name": "length",
        "eval_strategy": "steps" if evaluates else "no",
        "load_best_model_at_end": evaluates,
        "metric_for_best_model": best_by(config, model) if evaluates else None,
        "greater_is_better": True,
    }
    if model.config.is_encoder_decoder:
        # The others compute their loss on dev as in training; of a several-label model transformers would say that it has
        # switched the smoothing off, which is in ours.
        smoothing = settings.label_smoothing
        return on_one_gpu(
            Seq2SeqTrainingArguments(**common, label_smoothing_factor=smoothing, predict_with_generate=True)
        )
    return on_one_gpu(TrainingArguments(**common))


def on_one_gpu(arguments: TrainingArguments) -> TrainingArguments:
    """The arguments for a process that takes one GPU, however many it sees.

    Else the Trainer would deal batches out to all of them in threads (``nn.DataParallel``), each as large as what was asked
    for, against the steps that were planned. Several GPUs are for several processes.
    """
    if arguments.device.type == "cuda":  # asked for first: looking for it counts the GPUs
        arguments._n_gpu = 1
    return arguments


def fsdp_arguments(settings: FsdpConfig | None, layers: Sequence[str] = ()) -> dict[str, Any]:
    """What the Trainer is told of sharding; None leaves the whole model to every process.

    Args:
        settings: From the config.
        layers: From :func:`layers_to_shard`; none leaves the choice to accelerate.
    """
    if settings is None:
        return {}
    chosen = {"transformer_layer_cls_to_wrap": [*layers]} if layers else {}
    return {"fsdp": True, "fsdp_config": {"version": 2, **settings.model_dump(), **chosen}}


def layers_to_shard(model: PreTrainedModel) -> list[str]:
    """Classes of the parts that are gathered one at a time.

    BERT counts its embeddings among them, and accelerate 1.15 shards the word embeddings by themselves besides, which fails
    for what is sharded already: parts that hold them are left out.
    """
    words = model.get_input_embeddings()
    names = set(model._no_split_modules or ())
    holders = {type(part).__name__ for part in model.modules() if any(inner is words for inner in part.modules())}
    return sorted(names - holders)


def _check_sharding(settings: TrainingConfig) -> None:
    """Refuse what accelerate would leave out without a word: it shards over GPUs alone."""
    if settings.fsdp and (choose_device(settings.device).type == "cpu" or count() == 1):
        raise UsageError(
            "training.fsdp shards a model over several GPUs, a process each (torchrun --nproc-per-node 2 -m mujaz train …); "
            f"found {count()} on {choose_device(settings.device).type}. Leave it out: each then holds the whole model."
        )


def generation_config(settings: GenerationSettings, tokens: GenerationConfig | None) -> GenerationConfig:
    """Generation settings to train, save and summarize with.

    Args:
        settings: From the config.
        tokens: The model's own, for the ids of its special tokens.
    """
    # suppress_tokens: what a pretraining fills gaps with is no summary.
    kept = (
        "pad_token_id",
        "bos_token_id",
        "eos_token_id",
        "decoder_start_token_id",
        "forced_bos_token_id",
        "suppress_tokens",
    )
    ids = {name: getattr(tokens, name, None) for name in kept}
    chosen = settings.model_dump(exclude_none=True, exclude={"faithful"})
    if settings.num_beams == 1:
        del chosen["length_penalty"]  # means nothing to greedy decoding, and transformers warns of it
    return GenerationConfig(**chosen, **{k: v for k, v in ids.items() if v is not None}, do_sample=False)
