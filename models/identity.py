"""What the answers of a model depend on: by it an unfinished run knows the model that it was begun with."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mujaz.models.checkpoint import CheckpointInfo
from mujaz.models.conversion_cache import checkpoint_fingerprint
from mujaz.models.encoding import TextEncoder

# What of ``mujaz.json`` changes answers, beside what the encoder shows; people edit it, and weights stay the same.
_ANSWERS = {"labels", "calibration", "multi_label", "long", "faithful", "least", "selection"}


def model_identity(info: CheckpointInfo, folder: Path | None, encoder: TextEncoder, engine: str) -> dict[str, str]:
    """Checkpoint, recipe, lengths, settings and engine, each as a short text.

    Args:
        info: What the checkpoint says of itself.
        folder: Where it was loaded from; None for a model made in memory.
        encoder: How it reads text.
        engine: What computes.
    """
    weights = checkpoint_fingerprint(folder)[:16] if folder else "in memory"
    long = encoder.long
    settings = info.model_dump_json(include=_ANSWERS, exclude_none=True)
    return {
        "model": f"{info.base_model} {weights}",
        "recipe": f"{encoder.recipe.name} {encoder.recipe.fingerprint}, clean_article {encoder.clean_article}"
        + (f", prefix {encoder.prefix!r}" if encoder.prefix else ""),
        "pair": f"{encoder.pair.order}, {encoder.pair.template}",
        "length": f"{encoder.max_length}, {long.policy}, {long.pooling}, {long.overlap}, {long.max_windows}",
        "settings": hashlib.sha256(settings.encode()).hexdigest()[:16],
        "engine": engine,
    }
