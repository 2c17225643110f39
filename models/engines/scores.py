"""A classifier's scores alone, with its inputs in a fixed order, as converters trace it."""

from __future__ import annotations

import torch
from transformers import PreTrainedModel


class Scores(torch.nn.Module):
    """A model whose forward pass takes and gives tensors only."""

    def __init__(self, model: PreTrainedModel, *, token_types: bool) -> None:
        """Wrap a model; ``token_types``: whether it reads token_type_ids."""
        super().__init__()
        self.model = model
        self.token_types = token_types

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Logits, (texts, labels), of tensors (texts, tokens)."""
        types = {"token_type_ids": token_type_ids} if self.token_types else {}
        scores: torch.Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask, **types).logits
        return scores
