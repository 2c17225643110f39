"""Another dropout than the one that a pretrained model comes with."""

from __future__ import annotations

from torch.nn import Dropout
from transformers import PreTrainedModel

# What transformers' classes call it, in their configs and in modules that call the function instead of torch's module.
_NAMES = (
    "dropout",
    "dropout_rate",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "attention_dropout",
    "activation_dropout",
)


def set_dropout(model: PreTrainedModel, share: float) -> None:
    """Set the probability of every dropout in a model, in place; it is saved with the model.

    Args:
        model: Any of transformers.
        share: 0 switches it off.
    """
    for module in model.modules():
        if isinstance(module, Dropout):
            module.p = share
        for name in _NAMES:
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, share)
    for name in _NAMES:
        if hasattr(model.config, name):
            setattr(model.config, name, share)
