"""How many rows fit into memory at once: measured on the longest row, before the training.

A GPU that runs out of memory says so and can be asked again; a process on a CPU is killed. So nothing is tried out: the
memory of one forward and backward pass over one row and over two is counted, and the rest follows, since it grows with the
rows in a straight line.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import PreTrainedModel

from mujaz.configs.optimization_schema import OptimizationConfig, TrainingConfig
from mujaz.errors import TrainingError, UsageError
from mujaz.models.machine import choose_device
from mujaz.training.arguments import trains_in_bfloat16
from mujaz.training.encoded import UNSURE, Collator
from mujaz.training.losses import MultiLabelLoss
from mujaz.training.processes import count

# Of the free memory; the rest is for what is not counted: workspaces of kernels, fragments, the data loader.
SHARE = 0.7

# Bytes for each number that is trained. Adafactor keeps next to nothing.
_GRADIENT, _ADAM_STATE = 4, 8


@dataclass(frozen=True)
class BatchFit:
    """What was found.

    Attributes:
        rows: Rows at once, in each process.
        accumulation: Batches of them an update.
        bytes: Memory that a training with them takes beyond the weights; 0 where it was not measured.
        free: Memory that was free, in bytes.
        processes: That share an update's rows.
    """

    rows: int
    accumulation: int
    bytes: int = 0
    free: int = 0
    processes: int = 1

    def line(self) -> str:
        """For people."""
        measured = f", {self.bytes / 1e9:.2f} GB of {self.free / 1e9:.1f} GB free" if self.bytes else ""
        each = f" in each of {self.processes} processes" if self.processes > 1 else ""
        update = self.rows * self.accumulation * self.processes
        return f"batch: {self.rows} rows at once{each}, {update} an update{measured}"


class PeakMemory(TorchDispatchMode):
    """Counts the memory of the tensors that are made while it is on, forward and backward, on any device.

    Attributes:
        now: Bytes of those that are alive.
        peak: The most there were at a time.
    """

    def __init__(self) -> None:
        """Nothing is counted yet."""
        super().__init__()
        self.now = self.peak = 0
        self._alive: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation, and count what is new among its results."""
        given = {id(s) for s in map(_storage, tree_leaves((args, kwargs))) if s is not None}
        result = func(*args, **(kwargs or {}))
        for storage in map(_storage, tree_leaves(result)):
            if storage is not None and id(storage) not in given and id(storage) not in self._alive:
                self._count(storage)
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        key, size = id(storage), storage.nbytes()
        self._alive.add(key)
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._gone, key, size)

    def _gone(self, key: int, size: int) -> None:
        self._alive.discard(key)
        self.now -= size


def _storage(value: Any) -> torch.UntypedStorage | None:
    return value.untyped_storage() if isinstance(value, torch.Tensor) else None


def activation_memory(model: PreTrainedModel, batch: dict[str, torch.Tensor], settings: OptimizationConfig) -> int:
    """Bytes that a forward and backward pass over a batch takes at its peak, beside weights and gradients.

    Args:
        model: Ready to train, on its device. It is left without gradients.
        batch: From the collator.
        settings: Precision and activation checkpointing.
    """
    device = next(model.parameters()).device
    if settings.activation_checkpointing:
        model.activation_checkpointing_enable()
    given = {name: values.to(device) for name, values in batch.items()}
    given["labels"] = given["labels"].masked_fill(given["labels"] == UNSURE, 0)  # of which only our own loss knows
    # The loss inside a model knows no several labels a token.
    labels = given.pop("labels") if given["labels"].dim() == 3 else None
    precision = torch.autocast(device.type, torch.bfloat16, enabled=trains_in_bfloat16(settings))
    drawn = torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])  # by dropout
    with drawn, _without_gradients(model), PeakMemory() as memory:
        with precision:
            output = model(**given)
            loss = output.loss if labels is None else MultiLabelLoss()(output, labels)
        loss.backward()
    return memory.peak


@contextmanager
def _without_gradients(model: PreTrainedModel) -> Iterator[None]:
    """Each gradient is dropped as soon as it is there; that of the embeddings, made alone at the very end, is not made.

    They do not grow with the rows. Kept, they would hide what does, since a few rows take less memory than they do.
    """
    embeddings: Any = model.get_input_embeddings()
    trained = embeddings.weight.requires_grad
    handles = [p.register_post_accumulate_grad_hook(_drop) for p in model.parameters() if p.requires_grad]
    embeddings.weight.requires_grad_(False)
    try:
        yield
    finally:
        embeddings.weight.requires_grad_(trained)
        for handle in handles:
            handle.remove()


def _drop(parameter: torch.Tensor) -> None:
    parameter.grad = None


def fit_batch(
    model: PreTrainedModel, rows: Any, collator: Collator, settings: TrainingConfig, resume: Path | None = None
) -> BatchFit:
    """The most rows at once that memory holds, such that batches of them make up ``settings.effective_batch_size``.

    Where several processes train together, each has its share of an update.

    Args:
        model: Ready to train; it is moved to its device.
        rows: The training data, tokenized (datasets.Dataset).
        collator: Makes its batches.
        settings: With ``batch_size: auto``.
        resume: The Trainer's checkpoint to go on from: its number is kept.

    Raises:
        UsageError: the rows of an update cannot be shared among the processes.
        TrainingError: not even one row fits.
    """
    effective, rest = divmod(settings.effective_batch_size or 1, count())
    if rest or not effective:
        raise UsageError(
            f"training.effective_batch_size: expected a multiple of the {count()} processes, found "
            f"{settings.effective_batch_size}. Give one, or start another number of processes."
        )
    if resume is not None:
        kept = int(json.loads((resume / "trainer_state.json").read_text(encoding="utf-8"))["train_batch_size"])
        return BatchFit(kept, effective // kept, processes=count())
    device = choose_device(settings.device)
    model.to(device)  # type: ignore[arg-type]  # transformers annotates it as a method of the class
    row = _longest(rows)
    one, two = (activation_memory(model, collator([row] * rows), settings) for rows in (1, 2))
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    state = _GRADIENT + (_ADAM_STATE if settings.optimizer.startswith("adamw") else 0)
    kept = state * trained + _copies_of_start(model, settings)
    found = _largest(effective, one - (two - one) + kept, two - one, free_memory(device))
    return replace(found, processes=count())


def _copies_of_start(model: PreTrainedModel, settings: TrainingConfig) -> int:
    """Bytes of the weights that are kept as they were: to be averaged with, and to be asked."""
    copies = bool(settings.keep_of_start) + bool(settings.without_forgetting)
    return copies * sum(p.numel() * p.element_size() for p in model.parameters())


def _largest(effective: int, fixed: int, per_row: int, free: int) -> BatchFit:
    """The largest divisor of ``effective`` that fits into SHARE of the free memory."""
    for rows in (rows for rows in range(effective, 0, -1) if effective % rows == 0):
        needed = fixed + rows * per_row
        if needed <= SHARE * free:
            return BatchFit(rows, effective // rows, needed, free)
    raise TrainingError(
        f"not even one row of the longest fits into memory: training needs {(fixed + per_row) / 1e9:.1f} GB beside the "
        f"weights, and {SHARE:.0%} of the free {free / 1e9:.1f} GB may be used. Lower model.max_length, switch "
        "training.activation_checkpointing on, or train with model.lora."
    )


def _longest(rows: Any) -> dict[str, Any]:
    """A row as long as the longest, with the longest reference summary."""
    lengths: Sequence[int] = rows["length"]
    row: dict[str, Any] = dict(rows[max(range(len(lengths)), key=lengths.__getitem__)])
    if isinstance(row["label"], list):
        row["label"] = max(rows["label"], key=len)
    return row


def free_memory(device: torch.device) -> int:
    """Bytes that are free: on a GPU; else of the machine, or of the container where that has less."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    free = int(psutil.virtual_memory().available)
    limit = _container_limit(Path("/sys/fs/cgroup"))
    return free if limit is None else min(free, limit)


def _container_limit(folder: Path) -> int | None:
    """What the control group of a container leaves, or None where there is no limit."""
    try:
        limit = (folder / "memory.max").read_text(encoding="ascii").strip()
        used = int((folder / "memory.current").read_text(encoding="ascii"))
        statistics = (folder / "memory.stat").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    if limit == "max":
        return None
    given_up_on_demand = dict(zip(statistics[::2], statistics[1::2], strict=False)).get("inactive_file", 0)
    return int(limit) - used + int(given_up_on_demand)
