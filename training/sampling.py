"""The order of the training rows: texts of a length together, and, where asked for, every label equally often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_pt_utils import get_length_grouped_indices


class GroupedSampler(Sampler[int]):
    """Rows in random order, grouped by length or not; the order depends on seed and epoch alone.

    transformers' own sampler draws from torch's global generator, whose state differs between processes on CPUs as soon
    as their batches do (dropout draws from it too), so that some rows would be trained on twice and some never.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        batch_size: int,
        seed: int,
        labels: Sequence[int] | None = None,
        *,
        group: bool = True,
        multiple: int = 1,
    ) -> None:
        """Keep what is needed.

        Args:
            lengths: Tokens of each row.
            batch_size: Rows an update, over all processes.
            seed: Same seed and epoch, same order.
            labels: The label of each row: then as many rows as there are get drawn with replacement, each label equally
                likely. None takes every row once.
            group: False leaves the rows in random order, whatever their lengths.
            multiple: An epoch is filled up to a multiple of so many with the row after the last, which has no label; see
                :func:`~mujaz.training.encoded.with_filler`. accelerate would train on some rows twice instead.
        """
        self.group, self.fillers = group, -len(lengths) % multiple
        self.lengths, self.batch_size, self.seed, self.epoch = list(lengths), batch_size, seed, 0
        self.weights: torch.Tensor | None = None
        if labels is not None:
            counts = Counter(labels)
            self.weights = torch.tensor([1 / counts[label] for label in labels], dtype=torch.float64)

    def __len__(self) -> int:
        """Rows an epoch."""
        return len(self.lengths) + self.fillers

    def __iter__(self) -> Iterator[int]:
        """Row numbers of one epoch."""
        generator = torch.Generator().manual_seed(self.seed + 1_000_003 * self.epoch)
        rows = list(range(len(self.lengths)))
        if self.weights is not None:
            rows = torch.multinomial(self.weights, len(rows), replacement=True, generator=generator).tolist()
        if not self.group:
            order = torch.randperm(len(rows), generator=generator).tolist()
        else:
            lengths = [self.lengths[row] for row in rows]
            order = get_length_grouped_indices(lengths, self.batch_size, generator=generator)
        return iter([rows[i] for i in order] + [len(self.lengths)] * self.fillers)


class TellEpoch(TrainerCallback):
    """Tells the sampler which epoch begins, also where a training is resumed in the middle of one."""

    def __init__(self, sampler: GroupedSampler) -> None:
        """The sampler to tell."""
        self.sampler = sampler

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """An epoch begins; ``state.epoch`` is a fraction in the middle of one."""
        self.sampler.epoch = int(state.epoch or 0)


def sample_with(trainer: Trainer, sampler: GroupedSampler) -> None:
    """Have a Trainer draw its training rows from a sampler."""
    trainer._get_train_sampler = lambda dataset=None: sampler  # type: ignore[method-assign, assignment]  # the one place it asks
    trainer.add_callback(TellEpoch(sampler))
