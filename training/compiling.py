"""torch.compile over what computes in a model: its encoder and its decoder, while they train."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import PreTrainedModel

from mujaz.configs.optimization_schema import OptimizationConfig


@contextmanager
def compiled_to_train(model: PreTrainedModel, settings: OptimizationConfig) -> Iterator[None]:
    """Within it, the stacks of a model are compiled where the settings ask for it.

    Not so the head, which scores another number of positions each step, nor what is computed in evaluation: generating grows
    the cache by a token each step, and all that would be compiled again and again.

    Args:
        model: To be trained. Put back at the end.
        settings: With ``compile``.
    """
    stacks = _stacks(model) if settings.compile else []
    for stack in stacks:
        stack.forward = _while_training(stack)
    try:
        yield
    finally:
        for stack in stacks:
            del stack.forward  # of the instance; that of its class shows again


def _stacks(model: Any) -> list[Any]:
    if model.config.is_encoder_decoder:
        return [model.get_encoder(), model.get_decoder()]
    return [model.base_model]


def _while_training(stack: Any) -> Callable[..., Any]:
    plain = stack.forward
    compiled = torch.compile(plain, dynamic=True)  # rows differ in length from batch to batch

    def forward(*args: Any, **kwargs: Any) -> Any:
        return (compiled if stack.training else plain)(*args, **kwargs)

    return forward
