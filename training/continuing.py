"""Go on pretraining an encoder that is there, on text that is nearer to what it will be used on.

Gururangan et al. 2020 ("Don't Stop Pretraining") found that it helps wherever that text differs from what the encoder
knows, and most where there is little labelled data. Tokenizer and recipe stay as they are.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from mujaz.configs.pretrain_schema import PretrainConfig
from mujaz.errors import UsageError
from mujaz.models.checkpoint import FROM_NOTHING
from mujaz.models.loading import load_masked_lm
from mujaz.models.opening import open_checkpoint
from mujaz.models.recipes import Recipe, get_recipe


@dataclass(frozen=True)
class Origin:
    """What a pretraining starts from.

    Attributes:
        recipe: Prepares the text.
        base_model: What ``mujaz.json`` will name.
        licence: Of the encoder to go on with.
        folder: That encoder; None: from nothing, as what follows.
        tokenizer: Its own.
        positions: The longest input it can read, in tokens.
    """

    recipe: Recipe
    base_model: str = FROM_NOTHING
    licence: str | None = None
    folder: Path | None = None
    tokenizer: PreTrainedTokenizerBase | None = None
    positions: int = 0

    def model(self, dropout: float) -> PreTrainedModel:
        """The encoder with the head that guesses words, to be trained.

        Raises:
            CheckpointError: it has no such head.
            UsageError: there is no encoder to go on with.
        """
        if self.folder is None:
            raise UsageError("this pretraining starts from nothing.")
        return load_masked_lm(self.folder, dropout).train()


def origin_of(config: PretrainConfig) -> Origin:
    """What a config starts from.

    Raises:
        CheckpointError: the encoder is not there or cannot be read.
        UsageError: it reads shorter texts than the rows are.
    """
    name = config.model.name
    if name is None:
        return Origin(get_recipe(config.recipe))
    opened = open_checkpoint(Path(os.path.expanduser(name)) if name.startswith("~") else name, task="topic")
    encoder, info = opened.encoder, opened.info
    if config.model.sequence_length > encoder.max_length:
        raise UsageError(
            f"model.sequence_length {config.model.sequence_length} is more than {name} can read: "
            f"expected at most {encoder.max_length}."
        )
    recipe = encoder.recipe if config.recipe == "auto" else get_recipe(config.recipe)
    base = info.base_model or name
    return Origin(recipe, base, info.licence, opened.folder, encoder.tokenizer, encoder.max_length)
