"""mujaz (موجز, a news brief): label and summarize Arabic text with transformers.

The public names are imported when they are first used, so that ``import mujaz`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mujaz.configs.loading import load_config
    from mujaz.configs.schema import TrainConfig
    from mujaz.errors import MujazError, UsageError
    from mujaz.models.classifier import Classification, TextClassifier
    from mujaz.models.exporting import export_onnx
    from mujaz.models.recipes import Recipe, get_recipe
    from mujaz.models.summarizer import Summarizer, Summary
    from mujaz.training.evaluation import Evaluation, evaluate
    from mujaz.training.train import TrainResult, train

_HOMES = {
    "Classification": "mujaz.models.classifier",
    "Evaluation": "mujaz.training.evaluation",
    "MujazError": "mujaz.errors",
    "Recipe": "mujaz.models.recipes",
    "Summarizer": "mujaz.models.summarizer",
    "Summary": "mujaz.models.summarizer",
    "TextClassifier": "mujaz.models.classifier",
    "TrainConfig": "mujaz.configs.schema",
    "TrainResult": "mujaz.training.train",
    "UsageError": "mujaz.errors",
    "evaluate": "mujaz.training.evaluation",
    "export_onnx": "mujaz.models.exporting",
    "get_recipe": "mujaz.models.recipes",
    "load_config": "mujaz.configs.loading",
    "train": "mujaz.training.train",
}

__all__ = [
    "Classification",
    "Evaluation",
    "MujazError",
    "Recipe",
    "Summarizer",
    "Summary",
    "TextClassifier",
    "TrainConfig",
    "TrainResult",
    "UsageError",
    "evaluate",
    "export_onnx",
    "get_recipe",
    "load_config",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name == "__version__":
        return version("mujaz")
    if name not in _HOMES:
        raise AttributeError(f"module 'mujaz' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Public names, for completion."""
    return [*__all__, "__version__"]
