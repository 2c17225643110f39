"""Training in bfloat16 on a CPU without what torch does slowly there: dropout, and with it attention.

Wherever attention weights are dropped, torch leaves its fused kernel for one that goes through float32, and each dropped
or kept number costs a whole draw from the generator. Here attention stays in bfloat16, with the same formula, and a draw
of 64 bits decides over four numbers. The probability is a multiple of 2^-16 for that: 0.1 becomes 0.100006.

A step of AraBERT-base over 8 rows of 320 tokens took one core 7.1 seconds before, and takes it 4.4; benchmarks/train.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.functional import softmax
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from mujaz.configs.optimization_schema import OptimizationConfig
from mujaz.models.machine import choose_device
from mujaz.training.arguments import trains_in_bfloat16

ATTENTION = "mujaz_cpu"
_LEVELS = 1 << 16  # of the draws
_WEIGHTS_AT_ONCE = 1 << 19  # of attention: 2 MB


def kept(shape: torch.Size, dropout: float) -> tuple[torch.Tensor, float]:
    """Which numbers dropout keeps, and what they are multiplied by so that the expected sum stays the same.

    Args:
        shape: Of the numbers.
        dropout: Probability of dropping one; the nearest multiple of 2^-16 is taken.

    Returns:
        16 bits a number, all set where it is kept (-1, else 0); and the factor.
    """
    unlucky = min(round(dropout * _LEVELS), _LEVELS - 1)
    if not unlucky:
        return torch.full(shape, -1, dtype=torch.int16), 1.0
    size = shape.numel()
    draws = torch.empty((size + 3) // 4, dtype=torch.int64).random_(-(1 << 63), None).view(torch.int16)
    limit = _LEVELS // 2 - unlucky  # from here on up a draw drops
    return draws.clamp_(limit - 1, limit).sub_(limit)[:size].view(shape), _LEVELS / (_LEVELS - unlucky)


def dropped(numbers: torch.Tensor, keep: torch.Tensor) -> torch.Tensor:
    """The numbers that are kept, and 0 for the others: an "and" of bits takes a fifth of the time of a product."""
    bits = torch.int16 if numbers.element_size() == 2 else torch.int32  # -1 stays -1 in more bits
    return (numbers.view(bits) & keep).view(numbers.dtype)


class DroppingAttention(torch.autograd.Function):
    """softmax(Q Kᵀ · scale + bias), dropped, times V: Vaswani et al. 2017 ("Attention Is All You Need"), equation 1.

    A few rows of the batch at a time: their weights stay in the processor's cache from one step to the next, and need no
    fresh pages of memory. benchmarks/LOG.md has what it gains.
    """

    @staticmethod
    def forward(
        ctx: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        bias: torch.Tensor | None,
        scale: float,
        dropout: float,
    ) -> torch.Tensor:
        """Query, key and value: (batch, heads, tokens, width); bias: broadcast to (batch, heads, queries, keys)."""
        output = _between_heads(query, value.shape[-1])
        by_row = None if bias is None else bias.expand(len(query), *bias.shape[1:])
        saved = []
        factor = 1.0
        with torch.autocast("cpu", enabled=False):
            for rows in _rows_at_once(query, key):
                scores = torch.matmul(query[rows] * scale, key[rows].transpose(-1, -2))
                weights = softmax(scores if by_row is None else scores.add_(by_row[rows]), dim=-1)
                keep, factor = kept(weights.shape, dropout)
                torch.mul(torch.matmul(dropped(weights, keep), value[rows]), factor, out=output[rows])
                saved += [weights, keep]
        ctx.save_for_backward(query, key, value, *saved)
        ctx.scale, ctx.factor = scale, factor
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        """Gradients for query, key and value."""
        query, key, value, *saved = ctx.saved_tensors
        for_query, for_key, for_value = (_between_heads(part, part.shape[-1]) for part in (query, key, value))
        with torch.autocast("cpu", enabled=False):
            for rows, weights, keep in zip(_rows_at_once(query, key), saved[::2], saved[1::2], strict=True):
                gradient = gradients[0][rows] * ctx.factor
                for_value[rows] = torch.matmul(dropped(weights, keep).transpose(-1, -2), gradient)
                for_weights = dropped(torch.matmul(gradient, value[rows].transpose(-1, -2)), keep)
                for_scores = torch._softmax_backward_data(for_weights, weights, -1, weights.dtype)
                torch.mul(torch.matmul(for_scores, key[rows]), ctx.scale, out=for_query[rows])
                torch.mul(torch.matmul(for_scores.transpose(-1, -2), query[rows]), ctx.scale, out=for_key[rows])
        return for_query, for_key, for_value, None, None, None


def _rows_at_once(query: torch.Tensor, key: torch.Tensor) -> list[slice]:
    """The batch in parts of at most _WEIGHTS_AT_ONCE attention weights each, one row at least."""
    batch, heads, tokens, _ = query.shape
    rows = max(1, _WEIGHTS_AT_ONCE // (heads * tokens * key.shape[2]))
    return [slice(start, start + rows) for start in range(0, batch, rows)]


def _between_heads(like: torch.Tensor, width: int) -> torch.Tensor:
    """Room for (batch, heads, tokens, width) that lies in memory as a layer's next product reads it: heads side by side."""
    batch, heads, tokens, _ = like.shape
    return torch.empty(batch, tokens, heads, width, dtype=like.dtype).transpose(1, 2)


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """As transformers' own for SDPA; what it does not speed up is left to that."""
    causal = kwargs.get("is_causal")
    causal = getattr(module, "is_causal", False) if causal is None else causal
    without_mask = attention_mask is None and causal and query.shape[2] > 1
    special = kwargs.get("position_bias") is not None or key.shape[1] != query.shape[1] or query.device.type != "cpu"
    if not dropout or special or without_mask or query.dtype != torch.bfloat16:
        return sdpa_attention_forward(module, query, key, value, attention_mask, dropout, scaling, **kwargs)
    bias = attention_mask
    if bias is not None and bias.dtype == torch.bool:
        bias = torch.zeros(bias.shape, dtype=query.dtype).masked_fill_(~bias, torch.finfo(query.dtype).min)
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    output: torch.Tensor = DroppingAttention.apply(query, key, value, bias, scale, dropout)
    return output.transpose(1, 2).contiguous(), None


class QuickDropout(torch.nn.Dropout):
    """torch's, with a sixteenth of the draws."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Drop numbers while training."""
        if not self.training or self.p == 0.0:
            return input
        if input.dtype not in (torch.bfloat16, torch.float32):
            return super().forward(input)
        result: torch.Tensor = _Drop.apply(input, self.p)
        return result


class _Drop(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, numbers: torch.Tensor, dropout: float) -> torch.Tensor:
        keep, ctx.factor = kept(numbers.shape, dropout)
        ctx.save_for_backward(keep)
        return dropped(numbers, keep).mul_(ctx.factor)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        (keep,) = ctx.saved_tensors
        return dropped(gradients[0], keep).mul_(ctx.factor), None


@contextmanager
def quick_on_cpu(model: PreTrainedModel, settings: OptimizationConfig) -> Iterator[None]:
    """Within it, a model that trains in bfloat16 on a CPU does so faster; others are left as they are.

    Args:
        model: To be trained. Its modules are put back at the end.
        settings: Device and precision; a compiled model is left alone, since the compiler fuses these steps itself.
    """
    if choose_device(settings.device).type != "cpu" or not trains_in_bfloat16(settings) or settings.compile:
        yield
        return
    AttentionInterface.register(ATTENTION, _attend)
    AttentionMaskInterface.register(ATTENTION, sdpa_mask)
    before = model.config._attn_implementation
    dropouts = [module for module in model.modules() if type(module) is torch.nn.Dropout]
    if before == "sdpa":
        model.set_attn_implementation(ATTENTION)
    for module in dropouts:
        module.__class__ = QuickDropout
    try:
        yield
    finally:
        for module in dropouts:
            module.__class__ = torch.nn.Dropout
        model.set_attn_implementation(before)
