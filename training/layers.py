"""Train the layers of a pretrained model unequally: smaller steps toward the bottom, or none at all.

The bottom of a pretrained model holds what is common to all tasks; steps as large as the new head needs spoil it (Howard &
Ruder 2018, "Universal Language Model Fine-tuning for Text Classification", discriminative fine-tuning).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from transformers import PretrainedConfig, PreTrainedModel, Trainer

from mujaz.errors import UsageError


@dataclass(frozen=True)
class _Names:
    """How the parameters of an architecture are called: those of its embeddings, of its (encoder's) layers."""

    embeddings: str
    layers: str


_BERT = _Names(r"embeddings(_project)?\.", r"encoder\.layer\.(\d+)\.")
_ENCODERS = {
    **dict.fromkeys(("bert", "roberta", "xlm-roberta", "camembert", "electra", "deberta-v2"), _BERT),
    "distilbert": _Names(r"embeddings\.", r"transformer\.layer\.(\d+)\."),
    "modernbert": _Names(r"embeddings\.", r"model\.layers\.(\d+)\."),
}
_SEQ2SEQ = {
    **dict.fromkeys(("t5", "mt5", "umt5"), _Names(r"(^|\.)shared\.", r"encoder\.block\.(\d+)\.")),
    **dict.fromkeys(
        ("mbart", "bart"), _Names(r"(^|\.)(shared|embed_positions|layernorm_embedding)\.", r"encoder\.layers\.(\d+)\.")
    ),
}


def depth(name: str, config: PretrainedConfig) -> int:
    """How far up a parameter stands: 0 the embeddings, 1 the lowest layer, one more than layers for all above them.

    Args:
        name: Of the parameter.
        config: Of its model.

    Raises:
        UsageError: mujaz does not know how the layers of the architecture are called.
    """
    names = {**_ENCODERS, **_SEQ2SEQ}.get(config.model_type)
    if names is None:
        raise UsageError(
            f"training.layer_decay and training.freeze do not know the layers of {config.model_type}: expected one of "
            f"{', '.join([*_ENCODERS, *_SEQ2SEQ])}. Leave them out."
        )
    if re.search(names.embeddings, name):
        return 0
    layer = re.search(names.layers, name)
    return int(layer[1]) + 1 if layer else _layers(config) + 1


def _layers(config: PretrainedConfig) -> int:
    """Layers of the encoder."""
    return int(config.num_hidden_layers)


def freeze(model: PreTrainedModel, what: str | int) -> None:
    """Keep the bottom of a model as it is.

    Args:
        model: Changed in place. Where its output layer shares the embeddings, that stays as it is too.
        what: ``embeddings``, or a number: those and so many of the lowest layers (of the encoder).

    Raises:
        UsageError: there are not so many layers, or they are not known.
    """
    highest = 0 if what == "embeddings" else int(what)
    if highest > _layers(model.config):
        raise UsageError(f"training.freeze: expected at most the model's {_layers(model.config)} layers, found {what}.")
    for name, parameter in model.named_parameters():
        if depth(name, model.config) <= highest:
            parameter.requires_grad_(False)


def rate_factors(model: torch.nn.Module, config: PretrainedConfig, decay: float) -> dict[str, float]:
    """What the learning rate of each parameter is multiplied by: 1 for the head, decay^k k layers further down.

    As in BEiT (Bao, Dong, Piao & Wei 2022): decay for the topmost layer, decay^(layers + 1) for the embeddings.
    """
    top = _layers(config) + 1
    return {name: decay ** (top - depth(name, config)) for name, _ in model.named_parameters()}


def decay_by_layer(trainer: Trainer, decay: float) -> None:
    """Have a Trainer take smaller steps toward the bottom of its model.

    Args:
        trainer: Its optimizer gets a group for each depth and kind of parameter (with and without weight decay).
        decay: The factor from one layer to the next below, 0 to 1.

    Raises:
        UsageError: the layers of the model are not known, or it is no encoder.
    """
    whole = trainer.model
    if not isinstance(whole, PreTrainedModel) or whole.config.model_type not in _ENCODERS:
        found = getattr(getattr(whole, "config", None), "model_type", "another model")
        raise UsageError(
            f"training.layer_decay is for encoders ({', '.join(_ENCODERS)}), found {found}. Leave it out, or freeze."
        )
    config = whole.config

    def create(model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        trained = whole if model is None else model
        factors = rate_factors(trained, config, decay)
        decayed = set(trainer.get_decay_parameter_names(trained))
        groups: dict[tuple[float, bool], list[torch.nn.Parameter]] = {}
        for name, parameter in trained.named_parameters():
            if parameter.requires_grad:
                groups.setdefault((factors[name], name in decayed), []).append(parameter)
        kind, options = Trainer.get_optimizer_cls_and_kwargs(trainer.args, whole)
        trainer.optimizer = kind(
            [
                {
                    "params": parameters,
                    "lr": options["lr"] * factor,
                    "weight_decay": trainer.args.weight_decay if weighs else 0.0,
                }
                # From the top: the Trainer logs the learning rate of the first group.
                for (factor, weighs), parameters in sorted(groups.items(), key=lambda item: item[0], reverse=True)
            ],
            **options,
        )
        return trainer.optimizer

    trainer.create_optimizer = create  # type: ignore[method-assign]  # the one place where it makes one
