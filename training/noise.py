"""Noise while an encoder is fine-tuned, so that it learns little data less by heart: masked tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from mujaz.configs.optimization_schema import TrainingConfig
from mujaz.errors import UsageError


@contextmanager
def noisy(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, settings: TrainingConfig) -> Iterator[None]:
    """Within, the model is shown texts with masked tokens while it is trained, never while it is evaluated.

    Args:
        model: An encoder; it is called with ``input_ids`` by name.
        tokenizer: Knows the special tokens, which are never masked.
        settings: How much is masked (``mask_tokens``).

    Raises:
        UsageError: the tokenizer has no token to mask with.
    """
    if not settings.mask_tokens:
        yield
        return
    if tokenizer.mask_token_id is None:
        raise UsageError("training.mask_tokens wants a tokenizer with a mask token, and this model's has none.")
    special, mask = torch.tensor(tokenizer.all_special_ids), int(tokenizer.mask_token_id)

    def show(module: torch.nn.Module, args: tuple[Any, ...], given: dict[str, Any]) -> Any:
        if not module.training:
            return None
        ids = given["input_ids"]  # (batch, tokens)
        drawn = torch.rand(ids.shape, device=ids.device) < settings.mask_tokens
        return args, {**given, "input_ids": ids.masked_fill(drawn & ~torch.isin(ids, special.to(ids.device)), mask)}

    hook = model.register_forward_pre_hook(show, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()
