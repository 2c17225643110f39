"""How large a pretraining is, told before anything of it is made: ``mujaz pretrain --dry-run``."""

from __future__ import annotations

import math
from collections import Counter

import torch
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from mujaz.configs.pretrain_schema import PretrainConfig
from mujaz.training.arguments import trains_in_bfloat16
from mujaz.training.continuing import origin_of
from mujaz.training.objectives import objective_of
from mujaz.training.pretrain_texts import Documents
from mujaz.training.scratch import train_wordpiece


def size_lines(config: PretrainConfig) -> list[str]:
    """The size of the job, for people. Reads all text, and trains nothing: tokens are not known yet, only words.

    Args:
        config: From :func:`mujaz.configs.loading.load_pretrain_config`, or built in Python.

    Raises:
        DataError: a file is missing or unreadable, or has none of the columns.
        CheckpointError: the encoder to go on with cannot be had, or guesses no words.
        UsageError: it reads shorter texts than the rows are.
    """
    origin = origin_of(config)
    objective = objective_of(config, origin)
    documents = Documents(config.data, origin.recipe)
    words: Counter[bool] = Counter()
    for document in documents:
        words[document.held_out] += len(document.text.split())
    told = documents.counts
    if origin.tokenizer:
        size = objective.new_model(origin.tokenizer).num_parameters()
        pieces = len(origin.tokenizer)
    else:
        pieces = config.model.vocab_size
        size = _parameters(config)
    return [
        str(told),
        f"text: {words[False]:,} words, {words[True]:,} held out; a word is a token or more",
        f"model: {size / 1e6:.1f} M parameters, {'' if origin.tokenizer else 'up to '}{pieces:,} pieces, "
        f"recipe {origin.recipe.name}",
        _steps(config, told.documents - told.held_out, words[False]),
    ]


def _parameters(config: PretrainConfig) -> int:
    """Of the new model: built without numbers, for a vocabulary that is not there yet."""
    shape = config.model.model_copy(update={"prime_copying": False})  # sets numbers
    objective = objective_of(config.model_copy(update={"model": shape}), origin_of(config))
    with torch.device("meta"):
        return objective.new_model(_stand_in(shape.vocab_size)).num_parameters()


def _stand_in(pieces: int) -> PreTrainedTokenizerBase:
    """A tokenizer that says that it has so many pieces."""

    class StandIn(PreTrainedTokenizerFast):
        def __len__(self) -> int:
            return pieces

    small = train_wordpiece(["نص"], 20)
    return StandIn(tokenizer_object=small.backend_tokenizer, pad_token="[PAD]", eos_token="[SEP]")


def _steps(config: PretrainConfig, documents: int, words: int) -> str:
    """Steps as far as they can be known: rows of packed text come of tokens."""
    settings = config.training
    rows = settings.batch_size * settings.gradient_accumulation
    number_format = "bfloat16" if trains_in_bfloat16(settings) else "float32"
    length = config.model.sequence_length
    encoder = config.objective == "masked-words"
    if settings.max_steps:
        steps = f"{settings.max_steps:,} steps"
    elif encoder:
        steps = f"{math.ceil(words / length * settings.passes / rows):,} steps or more ({settings.passes:g} passes)"
    else:
        steps = f"about {math.ceil(documents * settings.passes / rows):,} steps ({settings.passes:g} passes)"
    return f"training: {steps} of {rows:,} rows of {'' if encoder else 'up to '}{length} tokens, in {number_format}"
