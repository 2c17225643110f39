"""A further loss that teaches a decoder where in the article the word stands that it writes next.

A summary takes most of its words from its article, and a small model learns late to look at them. Here one head of the last
decoder layer is told: of its attention, the share on places of the article that hold the next token is to be large. That is
guided alignment (Chen, Matusov, Khadivi and Peter 2016, "Guided Alignment Training for Topic-Aware Neural Machine
Translation") with the token's own occurrences as the alignment. Nothing of it is left in the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.functional import linear
from transformers import PreTrainedModel

from mujaz.errors import UsageError
from mujaz.training.encoded import IGNORED

_LEAST = 1e-6  # of a share whose logarithm is taken


class CopyAttention:
    """Watches the first head of the last attention from decoder to encoder."""

    def __init__(self, model: PreTrainedModel) -> None:
        """Of one model.

        Raises:
            UsageError: its architecture is not known here.
        """
        decoder: Any = model.get_decoder() if model.config.is_encoder_decoder else None
        layers = getattr(decoder, "layers", [])
        if not layers or not hasattr(layers[-1], "encoder_attn"):
            raise UsageError(
                f"training.copy_attention is for BART and MBart, and what is made with model.decoder_layers; this is "
                f"{model.config.model_type}."
            )
        self.attention = layers[-1].encoder_attn
        self._seen: tuple[torch.Tensor, torch.Tensor] | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Within it, the next forward pass is remembered."""

        def remember(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            self._seen = (args[0] if args else kwargs["hidden_states"], kwargs["key_value_states"])

        hook = self.attention.register_forward_pre_hook(remember, with_kwargs=True)
        try:
            yield
        finally:
            hook.remove()

    def loss(self, articles: torch.Tensor, mask: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Sum over the written tokens that stand in their article of -log of the attention that they get there.

        Args:
            articles: Token ids, (rows, article tokens).
            mask: 1 where they are tokens, of the same shape.
            labels: Token ids of the summaries, (rows, summary tokens); IGNORED where there are none.
        """
        if self._seen is None:
            raise RuntimeError("nothing was watched")
        (hidden, read), self._seen = self._seen, None
        width = self.attention.head_dim
        query, key = (
            _first(projection, of, width).float()
            for of, projection in ((hidden, self.attention.q_proj), (read, self.attention.k_proj))
        )
        scores = query @ key.transpose(1, 2) * self.attention.scaling  # (rows, summary tokens, article tokens)
        shares = scores.masked_fill(mask[:, None] == 0, -torch.inf).softmax(-1)
        same = (labels[:, :, None] == articles[:, None]) & (mask[:, None] != 0)
        found = same.any(-1) & (labels != IGNORED)
        return -(shares * same).sum(-1)[found].clamp(min=_LEAST).log().sum()


def _first(projection: Any, of: torch.Tensor, width: int) -> torch.Tensor:
    """The first outputs of a layer; one with an adapter of LoRA is more than its weights, and computes them all."""
    if type(projection) is torch.nn.Linear:
        return linear(of, projection.weight[:width], projection.bias[:width])
    found: torch.Tensor = projection(of)[..., :width]
    return found
