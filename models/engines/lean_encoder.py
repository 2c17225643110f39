"""The encoder of BERT and its kin with less to do for the same answer, when all that is wanted is the first token.

- Query, key and value are one matrix product instead of three.
- The mask is prepared once, not in every layer.
- The last layer computes its keys and values for all tokens, and everything else for the first token alone: the head
  reads no other. With 12 layers of BERT's shape that saves 7 % of the products.
- On a processor that multiplies bfloat16 (:class:`PackedProduct`) the weights are laid out for its tile registers once,
  not at each call, and bias, GELU and residual are added before a product leaves the registers.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Protocol

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutputWithPastAndCrossAttentions

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Architectures whose layers are BERT's and whose classification head reads the first token only.
LEAN_MODELS = frozenset({"bert", "roberta", "xlm-roberta", "camembert", "electra"})


class Product(Protocol):
    """``x @ weight.T + bias``, and what may follow it at once."""

    def __init__(self, *linears: nn.Linear) -> None:
        """Join linear maps of the same input into one."""

    def __call__(self, x: Tensor) -> Tensor:
        """The product, shape (..., outputs)."""

    def gelu(self, x: Tensor) -> Tensor:
        """GELU of the product."""

    def plus(self, x: Tensor, residual: Tensor) -> Tensor:
        """The product plus ``residual``."""


class PlainProduct(nn.Module):
    """A product in plain torch, which every converter understands."""

    def __init__(self, *linears: nn.Linear) -> None:
        """Join linear maps of the same input into one."""
        super().__init__()
        weight, bias = _joined(linears)
        self.weight, self.bias = nn.Parameter(weight, requires_grad=False), nn.Parameter(bias, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """The product, shape (..., outputs)."""
        return F.linear(x, self.weight, self.bias)

    def gelu(self, x: Tensor) -> Tensor:
        """GELU of the product."""
        return F.gelu(self(x))

    def plus(self, x: Tensor, residual: Tensor) -> Tensor:
        """The product plus ``residual``."""
        return torch.add(self(x), residual)


class PackedProduct:
    """A product with its weight laid out by oneDNN, through the operators that torch's own compiler emits.

    They are not part of torch's documented interface: torch is bound to one minor version, and :func:`packs_weights` asks
    for them by name.
    """

    def __init__(self, *linears: nn.Linear) -> None:
        """Join linear maps of the same input into one."""
        weight, self.bias = _joined(linears)
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight)

    def __call__(self, x: Tensor) -> Tensor:
        """The product, shape (..., outputs)."""
        product: Tensor = torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")
        return product

    def gelu(self, x: Tensor) -> Tensor:
        """GELU of the product, by the error function as in BERT."""
        product: Tensor = torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "gelu", [], "none")
        return product

    def plus(self, x: Tensor, residual: Tensor) -> Tensor:
        """The product plus ``residual``."""
        product: Tensor = torch.ops.mkldnn._linear_pointwise.binary(x, residual, self.weight, self.bias, "add")
        return product


def _joined(linears: tuple[nn.Linear, ...]) -> tuple[Tensor, Tensor]:
    weights, biases = [each.weight.detach() for each in linears], [each.bias.detach() for each in linears]
    return (torch.cat(weights), torch.cat(biases)) if len(linears) > 1 else (weights[0], biases[0])


class LeanLayer(nn.Module):
    """One of BERT's layers."""

    def __init__(self, layer: Any, product: type[Product], *, last: bool) -> None:
        """Take the weights of a layer of transformers; ``last``: only the first token of the output is wanted."""
        super().__init__()
        attention = layer.attention.self
        self.heads, self.width = attention.num_attention_heads, attention.attention_head_size
        self.query = product(attention.query) if last else None
        rest = (attention.key, attention.value)
        self.projection = product(*rest) if last else product(attention.query, *rest)
        self.output, self.output_norm = product(layer.attention.output.dense), layer.attention.output.LayerNorm
        self.up, self.down = product(layer.intermediate.dense), product(layer.output.dense)
        self.norm = layer.output.LayerNorm

    def forward(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        """A layer's output.

        Args:
            hidden: Shape (batch, tokens, hidden).
            mask: Added to the attention scores; shape (batch, 1, 1, tokens).

        Returns:
            Shape (batch, tokens, hidden), or (batch, 1, hidden) of the last layer.
        """
        shape = (*hidden.shape[:2], -1, self.heads, self.width)
        *first, key, value = self.projection(hidden).view(shape).permute(2, 0, 3, 1, 4).unbind(0)
        if self.query is None:
            query = first[0]
        else:
            hidden = hidden[:, :1]
            query = self.query(hidden).view(*hidden.shape[:2], self.heads, self.width).transpose(1, 2)
        # (batch, heads, tokens, width) each
        context = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        context = context.transpose(1, 2).reshape(hidden.shape)
        attended = self.output_norm(self.output.plus(context, hidden))
        normed: Tensor = self.norm(self.down.plus(self.up.gelu(attended), attended))
        return normed


class LeanEncoder(nn.Module):
    """BERT's stack of layers, in the place of the one of transformers."""

    def __init__(self, encoder: Any, product: type[Product], *, all_tokens: bool) -> None:
        """Take the weights of an encoder of transformers; ``all_tokens``: all are wanted of the last layer."""
        super().__init__()
        last = -1 if all_tokens else len(encoder.layer) - 1
        self.layers = nn.ModuleList(
            LeanLayer(layer, product, last=index == last) for index, layer in enumerate(encoder.layer)
        )

    def forward(
        self, hidden_states: Tensor, attention_mask: Tensor | None = None, **ignored: Any
    ) -> BaseModelOutputWithPastAndCrossAttentions:
        """The last layer's output for the first token, shape (batch, 1, hidden); or for all, (batch, tokens, hidden).

        Args:
            hidden_states: Embeddings, shape (batch, tokens, hidden).
            attention_mask: As transformers makes it: (batch, 1, tokens, tokens), true where a token may look.
            ignored: Caches and positions, which an encoder has no use for.
        """
        mask = None
        if attention_mask is not None:  # padding is the same for every token that looks
            allowed = attention_mask[:, :, :1]
            mask = torch.zeros_like(allowed, dtype=hidden_states.dtype).masked_fill(
                ~allowed, torch.finfo(hidden_states.dtype).min
            )
        for layer in self.layers:
            hidden_states = layer(hidden_states, mask)
        return BaseModelOutputWithPastAndCrossAttentions(last_hidden_state=hidden_states)


def is_lean_kind(model: PreTrainedModel) -> bool:
    """Whether a classifier's encoder can be replaced by :class:`LeanEncoder`."""
    config = model.config
    return (
        config.model_type in LEAN_MODELS
        and config.hidden_act == "gelu"
        and not (config.is_decoder or config.add_cross_attention)
        and config._attn_implementation == "sdpa"
        and config.num_hidden_layers > 0
    )


def packs_weights(model: PreTrainedModel) -> bool:
    """Whether :class:`PackedProduct` works for a model here: bfloat16 on a CPU that oneDNN knows."""
    if model.device.type != "cpu" or model.dtype != torch.bfloat16 or not torch.backends.mkldnn.is_available():
        return False
    known = hasattr(torch.ops.mkldnn, "_linear_pointwise") and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
    return (
        known
        and "binary" in torch.ops.mkldnn._linear_pointwise.overloads()
        and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    )


def lean_copy(
    model: PreTrainedModel, product: type[Product] = PlainProduct, *, all_tokens: bool = False
) -> PreTrainedModel:
    """A classifier with a lean encoder; it shares what is not in the layers with ``model``, which stays as it is.

    Args:
        model: One that :func:`is_lean_kind` accepts, in evaluation mode.
        product: How its matrix products are computed.
        all_tokens: Whether it labels all tokens, not the text by its first.
    """
    encoder = model.base_model.encoder
    shared: dict[int, Any] = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    shared[id(encoder)] = nn.Identity()
    twin = copy.deepcopy(model, shared)
    twin.base_model.encoder = LeanEncoder(encoder, product, all_tokens=all_tokens)
    return twin.eval()
