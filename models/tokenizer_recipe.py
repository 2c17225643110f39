"""A recipe inside a saved tokenizer, as its normalizer, for servers that know nothing of mujaz."""

from __future__ import annotations

from typing import Any

from mujaz.models.recipes import Recipe


def attach_recipe(tokenizer: Any, recipe: Recipe) -> None:
    """Put ``recipe`` before the normalizer of a fast tokenizer, in place; it is saved and loaded with the tokenizer."""
    from tokenizers import Regex, normalizers

    parts: list[Any] = []
    for step in recipe.steps:
        if step.pattern:
            parts.append(normalizers.Replace(Regex(step.pattern), step.into))
    own = tokenizer.backend_tokenizer.normalizer
    if own is not None:
        parts.append(own)
    tokenizer.backend_tokenizer.normalizer = normalizers.Sequence(parts)
