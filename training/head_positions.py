"""The head over the vocabulary, where it is needed: padding has no next token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def only_at(model: Any, wanted: torch.Tensor) -> Iterator[None]:
    """Within it, a model's logits are (wanted positions, vocabulary) instead of (rows, tokens, vocabulary).

    Args:
        model: Of transformers, with a head over the vocabulary.
        wanted: Which positions, boolean, (rows, tokens).
    """
    hook = model.get_output_embeddings().register_forward_pre_hook(lambda head, given: (given[0][wanted],))
    try:
        yield
    finally:
        hook.remove()
