"""What the answers of a model depend on: by it an unfinished run knows the model that it was begun with."""

from __future__ import annotations

from pathlib import Path

from mujaz.models.conversion_cache import checkpoint_fingerprint
from mujaz.models.encoding import TextEncoder


def model_identity(name: str, folder: Path | None, encoder: TextEncoder, engine: str) -> dict[str, str]:
    """Checkpoint, recipe, lengths and engine, each as a short text.

    Args:
        name: What the checkpoint says it is.
        folder: Where it was loaded from; None for a model made in memory.
        encoder: How it reads text.
        engine: What computes.
    """
    weights = checkpoint_fingerprint(folder)[:16] if folder else "in memory"
    long = encoder.long
    return {
        "model": f"{name} {weights}",
        "recipe": f"{encoder.recipe.name} {encoder.recipe.fingerprint}, clean_article {encoder.clean_article}",
        "pair": f"{encoder.pair.order}, {encoder.pair.template}",
        "length": f"{encoder.max_length}, {long.policy}, {long.pooling}, {long.overlap}, {long.max_windows}",
        "engine": engine,
    }
