"""Write a checkpoint that mujaz, plain transformers 5 and transformers 4 read alike."""

from __future__ import annotations

import json
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from transformers import GenerationConfig

from mujaz.errors import OutputError
from mujaz.models.checkpoint import TRAINED_FILE, CheckpointInfo, write_info
from mujaz.models.encoding import TextEncoder
from mujaz.models.loading import protect_head, quiet_transformers
from mujaz.models.spelling import SPELLINGS_FILE
from mujaz.models.tokenizer_recipe import attach_recipe, detach_recipe

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def library_versions() -> dict[str, str]:
    """The versions that a checkpoint was made with."""
    return {name: version(name) for name in ("mujaz", "transformers", "tokenizers", "torch")}


def save_checkpoint(
    folder: Path,
    model: PreTrainedModel,
    encoder: TextEncoder,
    info: CheckpointInfo,
    generation: GenerationConfig | None = None,
    source: Path | None = None,
) -> None:
    """Save weights, tokenizer and ``mujaz.json``.

    Args:
        folder: Made where it does not exist.
        model: Of ``info.task``.
        encoder: Its recipe is written into its tokenizer, so that plain transformers prepares text the same way.
        info: What ``mujaz.json`` will say.
        generation: For a summarizer: the settings to generate with. They are written as they are, since
            ``Seq2SeqTrainer`` fills the model's own with library defaults, and so saves ``max_length: 20``.
        source: The checkpoint that the model was loaded from, where it was: what is known of its texts goes along.

    Raises:
        OutputError: the folder cannot be written (disk full, no permission).
    """
    protect_head(model)
    if model.config.is_encoder_decoder:
        model.config.use_cache = True  # the Trainer turns it off and would save it so
    encoder.tokenizer.model_max_length = info.max_length
    if generation is not None:
        model.generation_config = generation
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with quiet_transformers(), torch.no_grad():
            model.save_pretrained(folder)
        save_tokenizer(folder, encoder)
        write_info(folder, info)
        _hand_on(source, folder)
    except Exception as error:  # safetensors raises its own class for a full disk
        raise OutputError(f"the checkpoint could not be written to {folder}: {error}") from error


def save_tokenizer(folder: Path, encoder: TextEncoder) -> None:
    """Save an encoder's tokenizer with its recipe as its normalizer, as transformers 5 and 4 and tokenizers read it."""
    attach_recipe(encoder.tokenizer, encoder.recipe)
    try:
        encoder.tokenizer.save_pretrained(folder)
        _settings_for_transformers_4(folder)
    finally:
        detach_recipe(encoder.tokenizer)


def _hand_on(source: Path | None, folder: Path) -> None:
    """Copy what a checkpoint says of the texts that it was trained on: which they were, how their words are spelled."""
    if source is None or source.absolute() == folder.absolute():
        return
    for name in (TRAINED_FILE, SPELLINGS_FILE):
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)


def _settings_for_transformers_4(folder: Path) -> None:
    """Write the tokenizer's settings as transformers 4 reads them; transformers 5 reads both forms."""
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    if settings.get("tokenizer_class") == "TokenizersBackend":
        settings["tokenizer_class"] = "PreTrainedTokenizerFast"
    if isinstance(
        settings.get("extra_special_tokens"), list
    ):  # a dictionary there; tokenizer.json has the tokens anyway
        del settings["extra_special_tokens"]
    for name in ("is_local", "local_files_only"):  # how transformers read it this time, and nothing that it is
        settings.pop(name, None)
    path.write_text(json.dumps(settings, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
