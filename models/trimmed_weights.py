"""A sequence-to-sequence model with fewer rows of embeddings and head, and new numbers wherever its settings hold one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import GenerationConfig, PreTrainedModel

from mujaz.errors import CheckpointError

# Settings that hold one token or several; those that hold a list may lose what is not kept, the others may not.
_TOKENS = ("pad_token_id", "eos_token_id", "bos_token_id", "decoder_start_token_id", "forced_bos_token_id",
           "forced_eos_token_id", "unk_token_id", "sep_token_id")  # fmt: skip
_SUPPRESSED = ("suppress_tokens", "begin_suppress_tokens")


def embedding_rows(model: PreTrainedModel) -> int:
    """Rows of the embeddings: mT5 has more of them than its tokenizer has pieces."""
    embeddings: Any = model.get_input_embeddings()
    return int(embeddings.weight.shape[0])


def needed_tokens(model: PreTrainedModel) -> set[int]:
    """Numbers that the settings of the model and of its generation name."""
    found: set[int] = set()
    for source in (model.config, model.generation_config):
        for key in _TOKENS:
            value = getattr(source, key, None)
            found |= {value} if isinstance(value, int) else set(value or ())
    return found


def cut_rows(model: PreTrainedModel, kept: Sequence[int]) -> None:
    """Keep these rows of the embeddings and of the head, in place: tied stays tied, and what is apart stays apart.

    Args:
        model: A sequence-to-sequence model.
        kept: Old numbers, ascending; their new numbers are their places here.

    Raises:
        CheckpointError: the settings name a token that is not kept.
    """
    index = torch.tensor(list(kept))
    ends: list[Any] = [model.get_input_embeddings(), model.get_output_embeddings()]
    smaller = {id(end.weight): torch.nn.Parameter(end.weight.detach()[index].clone()) for end in ends}
    shared: list[Any] = [m for m in model.modules() if id(getattr(m, "weight", None)) in smaller]
    for module in shared:
        module.weight = smaller[id(module.weight)]
        size = "num_embeddings" if isinstance(module, torch.nn.Embedding) else "out_features"
        setattr(module, size, len(kept))
    bias = getattr(model, "final_logits_bias", None)  # of BART and its kin, of shape (1, rows)
    if isinstance(bias, torch.Tensor):
        model.register_buffer("final_logits_bias", bias[:, index].clone())
    settings: Any = model.config
    settings.vocab_size = len(kept)
    numbers = {old: new for new, old in enumerate(kept)}
    for key in _TOKENS:
        if getattr(settings, key, None) is not None:
            setattr(settings, key, _renumbered(key, getattr(settings, key), numbers))


def renumbered_generation(generation: GenerationConfig | None, kept: Sequence[int]) -> GenerationConfig:
    """A copy of generation settings with new numbers; suppressed tokens that are gone need no suppressing.

    Args:
        generation: Settings with old numbers.
        kept: Old numbers, ascending.

    Raises:
        CheckpointError: the settings name a token that is not kept.
    """
    numbers = {old: new for new, old in enumerate(kept)}
    values = generation.to_dict() if generation else {}
    for key in _TOKENS:
        if values.get(key) is not None:
            values[key] = _renumbered(key, values[key], numbers)
    for key in _SUPPRESSED:
        values[key] = [numbers[i] for i in values.get(key) or () if i in numbers] or None
    if values.get("bad_words_ids"):
        whole = [words for words in values["bad_words_ids"] if all(i in numbers for i in words)]
        values["bad_words_ids"] = [[numbers[i] for i in words] for words in whole] or None
    return GenerationConfig.from_dict(values)


def _renumbered(key: str, value: int | list[int], numbers: dict[int, int]) -> int | list[int]:
    try:
        return [numbers[i] for i in value] if isinstance(value, list) else numbers[value]
    except KeyError as error:
        raise CheckpointError(
            f"the settings of the model name token {error} as {key}, but its tokenizer or its embeddings have no such "
            "token. Correct config.json or generation_config.json."
        ) from error
