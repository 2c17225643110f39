"""transformers' Trainer for pretraining: the loss of what is to be guessed alone, rows in their own order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from transformers import PreTrainedModel, PrinterCallback, Trainer, TrainingArguments

from mujaz.configs.pretrain_schema import PretrainConfig
from mujaz.training.arguments import on_one_gpu, optimization_arguments
from mujaz.training.callbacks import LogLines, QuietProgress, Report, SaveEvery
from mujaz.training.encoded import IGNORED
from mujaz.training.head_positions import only_at
from mujaz.training.pretrain_shards import ShardedRows
from mujaz.training.resume import CHECKPOINTS
from mujaz.training.trackers import tracker_callbacks


class PretrainingTrainer(Trainer):
    """Computes the mean cross entropy of the labels that are not ignored, in nats, over all of an update."""

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """The loss of one batch."""
        labels = inputs["labels"]  # (rows, tokens)
        guessed = labels != IGNORED
        with self.accelerator.autocast():  # the Trainer puts it into the model's own forward, which may not be called
            scores = self.scores(model, inputs, guessed)
        count = int(guessed.sum()) if num_items_in_batch is None else num_items_in_batch
        loss = functional.cross_entropy(scores.float(), labels[guessed], reduction="sum") / count
        return (loss, {"loss": loss}) if return_outputs else loss

    def scores(self, model: Any, inputs: dict[str, torch.Tensor], guessed: torch.Tensor) -> torch.Tensor:
        """The vocabulary's scores for what is to be guessed, (guessed pieces, vocabulary)."""
        with only_at(model, guessed):
            scores: torch.Tensor = model(**{name: tensor for name, tensor in inputs.items() if name != "labels"}).logits
        return scores


class MaskedWordsTrainer(PretrainingTrainer):
    """Computes the vocabulary's scores for the masked pieces only: a sixth of the work of scoring every piece."""

    def scores(self, model: Any, inputs: dict[str, torch.Tensor], guessed: torch.Tensor) -> torch.Tensor:
        """The vocabulary's scores for the masked pieces, (masked pieces, vocabulary)."""
        hidden = model.bert(inputs["input_ids"], position_ids=inputs["position_ids"]).last_hidden_state
        scores: torch.Tensor = model.cls(hidden[guessed])
        return scores


def build_pretrainer(
    config: PretrainConfig,
    model: PreTrainedModel,
    train: ShardedRows,
    held_out: ShardedRows,
    collate: Callable[[Any], dict[str, Any]],
    steps: int,
    *,
    progress: bool,
    report: Report,
) -> Trainer:
    """The Trainer of a pretraining: ``train`` is read in sequence, ``held_out`` with the same gaps every time."""
    folder = Path(config.output) / CHECKPOINTS
    arguments = optimization_arguments(config.training, folder, steps) | {
        "max_steps": steps,
        "train_sampling_strategy": "sequential",  # the rows bring their own order, which a resumed run finds again
        "eval_strategy": "steps" if len(held_out) else "no",
        "prediction_loss_only": True,
    }
    kind = PretrainingTrainer if model.config.is_encoder_decoder else MaskedWordsTrainer
    trainer = kind(
        model=model,
        args=on_one_gpu(TrainingArguments(**arguments)),
        data_collator=collate,
        train_dataset=train,
        eval_dataset=held_out if len(held_out) else None,
        callbacks=[
            LogLines(report),
            SaveEvery(config.training.save_every),
            *tracker_callbacks(config.training.report_to, Path(config.output)),
        ],
    )
    trainer.remove_callback(PrinterCallback)  # prints dictionaries; LogLines says the same for people
    if progress:
        trainer.add_callback(QuietProgress())
    return trainer
