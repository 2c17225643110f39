"""Convert a sequence-to-sequence checkpoint for CTranslate2, around what its own converter gets wrong on transformers 5.

What CTranslate2 4.8.5 reads of a configuration and transformers 5 no longer has, or has changed:

- ``tie_word_embeddings`` is True for mT5 and T5 v1.1 whatever their files say, so the logits were multiplied by
  ``d_model ** -0.5``: greedy decoding does not notice, beams and scores are wrong. Whether to scale is told by
  ``scale_decoder_outputs`` (T5) or by the architecture (mT5 never does).
- ``normalize_before`` is gone: MBart has its layer norms in front, BART behind.
- Its vocabularies are built from the tokenizer, whose pieces need not be as many as the embeddings' rows, nor all different.
  Here a token is called by its number, and the tokenizer stays outside.

Quantization works in place, on the very memory of the torch weights: a model that was converted computes nonsense after.
So this module loads a copy of its own and lets nobody else have it.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import PretrainedConfig

from mujaz.errors import MissingExtraError
from mujaz.models.loading import load_seq2seq

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PACKAGE = "ctranslate2"
REVISION = 3  # of this module's way to convert: raised when older conversions must not be taken any more

# model_type -> the loader in ctranslate2.converters.transformers
_LOADERS = {"t5": "T5Loader", "mt5": "MT5Loader", "mbart": "MBartLoader", "bart": "BartLoader"}


def is_installed() -> bool:
    """Whether the package is there; it is not imported."""
    return importlib.util.find_spec(PACKAGE) is not None


def require_ctranslate2() -> Any:
    """The package.

    Raises:
        MissingExtraError: it is not installed.
    """
    if not is_installed():
        raise MissingExtraError("The engine ctranslate2", PACKAGE, "ctranslate2")
    keep_products_exact()
    import ctranslate2

    return ctranslate2


def keep_products_exact() -> None:
    """Have MKL compute int8 where the processor adds up pairs of products in 16 bits, as those with AVX2 alone do.

    CTranslate2 takes oneDNN there unless the processor is Intel's, and oneDNN lets such sums overflow: a tiny model's
    log-probabilities were off by 0.33 and it was refused, with MKL it passes. The variable is read at the import alone.
    """
    if "AVX512" not in torch.backends.cpu.get_cpu_capability():
        os.environ.setdefault("CT2_USE_MKL", "1")


def can_convert(config: PretrainedConfig) -> bool:
    """Whether the architecture is one of those checked: T5 of all versions, mT5, MBart (AraBART is one) and BART."""
    return config.model_type in _LOADERS


def conversion_settings(quantization: str) -> dict[str, Any]:
    """What a conversion depends on besides the checkpoint."""
    return {
        "quantization": quantization,
        PACKAGE: importlib.metadata.version(PACKAGE),
        "transformers": importlib.metadata.version("transformers"),
        "revision": REVISION,
    }


def convert(checkpoint: Path, out: Path, quantization: str) -> None:
    """Write the CTranslate2 model of a checkpoint.

    Args:
        checkpoint: Folder of a sequence-to-sequence checkpoint that :func:`can_convert` knows.
        out: An empty folder.
        quantization: ``int8`` or ``float32``.

    Raises:
        CheckpointError: the checkpoint cannot be loaded.
        MissingExtraError: ctranslate2 is not installed.
    """
    require_ctranslate2()
    from ctranslate2.converters import transformers as converters

    model = load_seq2seq(checkpoint)
    _as_the_converter_reads_it(model)
    loader = getattr(converters, _LOADERS[model.config.model_type])()
    with torch.no_grad():
        spec = loader.get_model_spec(model)
    rows = model.config.vocab_size
    names = [str(number) for number in range(rows)]
    spec.register_source_vocabulary(names)
    spec.register_target_vocabulary(names)
    start, eos, pad = start_token(model), _first(model.config.eos_token_id), model.config.pad_token_id
    spec.config.bos_token = spec.config.decoder_start_token = str(start)
    spec.config.eos_token = str(eos)
    spec.config.unk_token = str(pad)  # every number is known, so this is never used
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(str(out))


def start_token(model: PreTrainedModel) -> int:
    """The token that a decoder starts with: ``generate`` looks into the generation settings first."""
    generation: Any = model.generation_config
    chosen = getattr(generation, "decoder_start_token_id", None)
    if chosen is None:
        chosen = model.config.decoder_start_token_id
    if chosen is None:
        chosen = model.config.bos_token_id
    return _first(chosen)


def _first(ids: int | list[int] | None) -> int:
    return int(ids[0] if isinstance(ids, list) else ids or 0)


def _as_the_converter_reads_it(model: PreTrainedModel) -> None:
    """Set what the converter reads, past the configuration's own checks: this copy is never saved."""
    config: Any = model.config
    scaled = config.model_type == "t5" and getattr(config, "scale_decoder_outputs", True)
    object.__setattr__(config, "tie_word_embeddings", scaled)
    object.__setattr__(config, "normalize_before", config.model_type == "mbart")
