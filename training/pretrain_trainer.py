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
from mujaz.training.last_layer import hidden_at
from mujaz.training.masking import MaskWords
from mujaz.training.pretrain_shards import ShardedRows
from mujaz.training.resume import CHECKPOINTS
from mujaz.training.sampled_pieces import PieceSample
from mujaz.training.trackers import tracker_callbacks


class PretrainingTrainer(Trainer):
    """Computes the mean cross entropy of the labels that are not ignored, in nats, over all of an update.

    Attributes:
        sample: What an encoder's guesses are scored against while training; None: all pieces, as in evaluation.
        whole: Whether an encoder's last layer is computed everywhere: where it is compiled with the others, or computed once
            more in the backward pass.
    """

    sample: PieceSample | None = None
    whole = False

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """The loss of one batch."""
        guessed = inputs["labels"] != IGNORED  # (rows, tokens)
        with self.accelerator.autocast():  # the Trainer puts it into the model's own forward, which may not be called
            nats = self.nats(model, inputs, guessed)
        loss = nats / (int(guessed.sum()) if num_items_in_batch is None else num_items_in_batch)
        return (loss, {"loss": loss}) if return_outputs else loss

    def nats(self, model: Any, inputs: dict[str, torch.Tensor], guessed: torch.Tensor) -> torch.Tensor:
        """The sum of the cross entropies of what is to be guessed; ``guessed``: where that stands, (rows, tokens)."""
        with only_at(model, guessed):
            scores: torch.Tensor = model(**{name: tensor for name, tensor in inputs.items() if name != "labels"}).logits
        return functional.cross_entropy(scores.float(), inputs["labels"][guessed], reduction="sum")


class MaskedWordsTrainer(PretrainingTrainer):
    """Computes the last layer and the vocabulary's scores for the masked pieces only: of the latter a sixth of the work."""

    def nats(self, model: Any, inputs: dict[str, torch.Tensor], guessed: torch.Tensor) -> torch.Tensor:
        """The sum of the cross entropies of the masked pieces; with a sample, of what it estimates."""
        if self.whole:
            given = {name: inputs[name] for name in ("input_ids", "position_ids")}
            hidden = model.bert(**given).last_hidden_state[guessed]
        else:
            hidden = hidden_at(model.bert, inputs, guessed)
        right = inputs["labels"][guessed]
        if self.sample and model.training:
            return self.sample.nats(model.cls, hidden, right, inputs["drawn"]).sum()
        return functional.cross_entropy(model.cls(hidden).float(), right, reduction="sum")


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
    trainer.whole = config.training.compile or config.training.activation_checkpointing
    trainer.sample = collate.sample if isinstance(collate, MaskWords) else None
    trainer.remove_callback(PrinterCallback)  # prints dictionaries; LogLines says the same for people
    if progress:
        trainer.add_callback(QuietProgress())
    return trainer
