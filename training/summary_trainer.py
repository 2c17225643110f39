"""transformers' Trainer for summaries that are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from transformers import EvalPrediction, GenerationConfig, PreTrainedTokenizerBase, Seq2SeqTrainer

from mujaz.training.copy_attention import CopyAttention
from mujaz.training.encoded import IGNORED
from mujaz.training.head_positions import only_at
from mujaz.training.lora import plain
from mujaz.training.metrics import Rouge


class SummaryTrainer(Seq2SeqTrainer):
    """Keeps ``Seq2SeqTrainer`` from filling the model's generation settings with library defaults (max_length 20).

    Padding of the summaries is not scored: each position costs a row of scores, with mT5 of 250,112.
    """

    def __init__(self, weight: float, **common: Any) -> None:
        """As usual; ``weight`` of the loss of training/copy_attention.py."""
        super().__init__(**common)
        self.weight, self.copying = weight, CopyAttention(plain(self.model)) if weight else None

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Mean cross entropy of the summaries' tokens, (tokens, vocabulary) beside (tokens,)."""
        labels = inputs["labels"]
        known = labels != IGNORED
        given = {**inputs, "labels": labels[known]}
        with only_at(plain(self.model), known):
            if self.copying is None or not model.training:
                return super().compute_loss(model, given, return_outputs, num_items_in_batch)
            with self.copying.watching():
                loss, outputs = super().compute_loss(model, given, True, num_items_in_batch)
        copied = self.copying.loss(inputs["input_ids"], inputs["attention_mask"], labels)
        # As the Trainer does with its own: of all processes' tokens, and summed over them.
        share = 1 / known.sum() if num_items_in_batch is None else self.accelerator.num_processes / num_items_in_batch
        loss = loss + self.weight * share * copied
        return (loss, outputs) if return_outputs else loss

    def prediction_step(self, *args: Any, **kwargs: Any) -> Any:
        """With the model's generation settings as they are."""
        model: Any = plain(self.model)
        mine: GenerationConfig = model.generation_config
        model.generation_config = GenerationConfig.from_dict(mine.to_dict())
        try:
            return super().prediction_step(*args, **kwargs)
        finally:
            model.generation_config = mine


def summary_metrics(tokenizer: PreTrainedTokenizerBase) -> Callable[[EvalPrediction], dict[str, float]]:
    """ROUGE of what is written for dev rows."""
    metric = Rouge()

    def decode(ids: Any) -> list[str]:
        known = np.where(np.asarray(ids) == IGNORED, tokenizer.pad_token_id, ids)  # the tokenizer knows no negative ids
        return list(tokenizer.batch_decode(known, skip_special_tokens=True))

    def compute(output: EvalPrediction) -> dict[str, float]:
        # The Trainer groups dev rows by length too: references must come from the batches, not from the file.
        scores = metric.compute(predictions=decode(output.predictions), references=decode(output.label_ids)) or {}
        return {name: scores[name] for name in ("rouge1", "rouge2", "rougeL")}

    return compute
