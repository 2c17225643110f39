"""LoRA and DoRA: train small matrices beside the frozen weights, and merge them into the weights at the end.

Hu et al. 2022 ("LoRA: Low-Rank Adaptation of Large Language Models"), Liu et al. 2024 ("DoRA: Weight-Decomposed Low-Rank
Adaptation"). peft does the work; here stands what it leaves to its users: the layers of a classifier that are new are
trained whole and saved with the adapter (also BERT's pooler, which most pretrained checkpoints lack), and the result is a
plain model.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from mujaz.configs.schema import LoraSettings
from mujaz.errors import MissingExtraError, OutputError, UsageError

ADAPTER = "adapter"  # folder of the run that keeps the adapter by itself


def with_lora(model: PreTrainedModel, settings: LoraSettings, seed: int, base: str) -> PreTrainedModel:
    """A model of which only adapters, and the layers that give the labels, are trained.

    Args:
        model: A classifier or a sequence-to-sequence model.
        settings: From the config.
        seed: Of the new matrices.
        base: What the adapter's own settings name as the model it belongs to.

    Returns:
        peft's wrapper around the model, which answers like the model.

    Raises:
        MissingExtraError: peft is not installed.
        UsageError: the layers named as targets are not in the model.
    """
    if importlib.util.find_spec("peft") is None:
        raise MissingExtraError("model.lora", "peft", "peft")
    from peft import LoraConfig, TaskType, get_peft_model

    head = sorted(head_modules(model))
    by_token = "TokenClassification" in type(model).__name__
    labels = TaskType.TOKEN_CLS if by_token else TaskType.SEQ_CLS
    kind = TaskType.SEQ_2_SEQ_LM if model.config.is_encoder_decoder else labels
    chosen = LoraConfig(
        task_type=kind,
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        use_dora=settings.dora,
        target_modules=target_modules(model, settings.targets, head),
        modules_to_save=head or None,
    )
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # peft 0.21 asks for the old name of is_activation_checkpointing.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        torch.manual_seed(seed)
        wrapped: Any = get_peft_model(model, chosen)
    wrapped.peft_config["default"].base_model_name_or_path = base
    return wrapped


def head_modules(model: PreTrainedModel) -> Iterator[str]:
    """Names of what is trained whole: all of a classifier outside its encoder, and the encoder's pooler."""
    if model.config.is_encoder_decoder:
        return
    for name, child in model.named_children():
        if name != model.base_model_prefix and any(True for _ in child.parameters()):
            yield name
    pooler = getattr(model.base_model, "pooler", None)
    if pooler is not None:
        yield f"{model.base_model_prefix}.pooler"


def target_modules(model: PreTrainedModel, targets: str | Sequence[str], head: Sequence[str]) -> list[str]:
    """Full names of the layers that get an adapter.

    Args:
        model: Whose.
        targets: ``auto`` for every linear layer of the transformer, as Dettmers et al. 2023 ("QLoRA") found best; or the
            ends of names, like query and value.
        head: Trained whole, so no targets.

    Raises:
        UsageError: a target is no linear layer of the model.
    """
    whole = tuple(f"{name}." for name in head)
    outputs = model.get_output_embeddings()
    linear = [
        name
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and module is not outputs and not f"{name}.".startswith(whole)
    ]
    if targets == "auto":
        return linear
    chosen = {target: [n for n in linear if f".{n}".endswith(f".{target}")] for target in targets}
    unknown = [target for target, names in chosen.items() if not names]
    if unknown or not chosen:
        known = ", ".join(sorted({name.rpartition(".")[2] for name in linear}))
        found = ", ".join(unknown) or "none"
        raise UsageError(
            f"model.lora.targets: expected linear layers of this {model.config.model_type} model ({known}), found {found}."
        )
    return sorted({name for names in chosen.values() for name in names})


def save_adapter(model: PreTrainedModel, folder: Path) -> None:
    """Keep the adapter by itself, small enough to share: peft reads it beside the model that it was trained on.

    Args:
        model: From :func:`with_lora`.
        folder: Of the run; the adapter goes into ``adapter/``.

    Raises:
        OutputError: the folder cannot be written.
    """
    place = folder / ADAPTER
    try:
        model.save_pretrained(place)
        (place / "README.md").unlink(missing_ok=True)  # a form to fill in; the checkpoint's own card says what there is
    except Exception as error:  # safetensors raises its own class for a full disk
        raise OutputError(f"the adapter could not be written to {place}: {error}") from error


def plain(model: Any) -> PreTrainedModel:
    """The model inside peft's wrapper, its adapters still apart; a model without a wrapper is given back."""
    return model if isinstance(model, PreTrainedModel) else model.get_base_model()


def merged(model: PreTrainedModel) -> PreTrainedModel:
    """The plain model, the adapters added to its weights."""
    whole: Any = model
    return whole.merge_and_unload()


def trained_parameters(model: torch.nn.Module) -> int:
    """How many numbers are trained."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
