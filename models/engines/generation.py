"""Which engine generates: chosen from the machine, the model and what is at hand, and said in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from transformers import GenerationConfig, PreTrainedTokenizerBase

from mujaz.errors import CheckpointError, MujazError, UsageError
from mujaz.models.conversion_cache import build_once, checkpoint_fingerprint, conversion_folder
from mujaz.models.engines.ctranslate2_check import (
    ConversionCheck,
    Reference,
    check_conversion,
    check_vocabulary,
    reference_of,
)
from mujaz.models.engines.ctranslate2_conversion import (
    can_convert,
    conversion_settings,
    convert,
    is_installed,
    require_ctranslate2,
)
from mujaz.models.engines.ctranslate2_engine import CTranslate2Generator, search_options
from mujaz.models.engines.ctranslate2_vocabulary import MAP_FILE, arabic_pieces, write_map
from mujaz.models.loading import load_seq2seq
from mujaz.models.opening import OpenCheckpoint

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass
class LazyModel:
    """A model that another engine computes: in torch only if somebody asks for it.

    Attributes:
        opened: Its checkpoint.
        engine: What computes.
        generation_config: As its checkpoint says.
    """

    opened: OpenCheckpoint
    engine: CTranslate2Generator
    generation_config: GenerationConfig
    _model: PreTrainedModel | None = field(default=None, repr=False)

    def load(self) -> PreTrainedModel:
        """The model in torch, float32, on the CPU."""
        if self._model is None:
            self._model = load_seq2seq(self.opened.folder)
        return self._model

    def num_parameters(self) -> int:
        """As torch counts them."""
        return self.engine.parameters


ENGINES = ("auto", "torch", "ctranslate2")
CHECK_FILE = "check.json"

Complete = Callable[[GenerationConfig, PreTrainedTokenizerBase], GenerationConfig]

# Precision asked for -> what CTranslate2 computes in on a CPU.
_COMPUTE_TYPES = {"auto": "int8", "int8": "int8", "float32": "float32"}


def choose_engine(
    opened: OpenCheckpoint, complete: Complete, *, engine: str, where: torch.device, precision: str
) -> tuple[LazyModel | None, str]:
    """CTranslate2 where it was asked for, or suits better; a conversion is made where none is kept yet.

    ``auto`` takes CTranslate2 in int8 on a CPU, unless another precision was asked for. Torch it is on a GPU, where
    ctranslate2 is not installed, where the model or its settings are not for it, and where the check against torch fails.

    Args:
        opened: The checkpoint.
        complete: Makes its saved generation settings complete, given its tokenizer.
        engine: One of :data:`ENGINES`.
        where: The device chosen.
        precision: As the user gave it.

    Returns:
        What computes, or None for torch; and a line about why not, empty where there is nothing to say.

    Raises:
        UsageError: the engine cannot be had, and was asked for by name.
        CheckpointError: the conversion does not compute what torch computes, and was asked for by name.
    """
    if engine not in ENGINES:
        raise UsageError(f"engine '{engine}' is not known: expected {', '.join(ENGINES)}.")
    if engine == "torch" and precision == "int8":
        raise UsageError(
            "precision int8 is ctranslate2's. Use --engine ctranslate2, or --precision bfloat16 or float32."
        )
    if engine == "torch":
        return None, ""
    if engine == "auto" and precision != "int8":
        if where.type != "cpu" or precision != "auto" or not is_installed() or not can_convert(opened.config):
            return None, ""
        try:
            return _open_ctranslate2(opened, complete, precision, where), ""
        except MujazError as error:
            return None, f"Torch is used, not ctranslate2: {error}"
    return _open_ctranslate2(opened, complete, precision, where), ""


def saved_generation(folder: Path) -> GenerationConfig:
    """Generation settings of a checkpoint as transformers loads them, from ``config.json`` where they have no file."""
    try:
        return GenerationConfig.from_pretrained(folder)
    except OSError:
        return GenerationConfig.from_pretrained(folder, config_file_name="config.json", _from_model_config=True)


def _open_ctranslate2(opened: OpenCheckpoint, complete: Complete, precision: str, where: torch.device) -> LazyModel:
    require_ctranslate2()
    compute_type = _COMPUTE_TYPES.get(precision)
    if where.type != "cpu" or compute_type is None:
        raise UsageError(
            f"the engine ctranslate2 computes on the CPU, in int8 or with --precision float32; found device {where.type}, "
            f"precision {precision}. Use --engine torch."
        )
    if not can_convert(opened.config):
        raise UsageError(f"the engine ctranslate2 is not for {opened.config.model_type} models. Use --engine torch.")
    saved = saved_generation(opened.folder)
    settings = complete(saved, opened.encoder.tokenizer)
    search_options(settings, opened.config.vocab_size)
    place = conversion_folder(checkpoint_fingerprint(opened.folder), "ctranslate2", conversion_settings(compute_type))
    folder = build_once(place, _builder(opened, settings, compute_type))
    report = json.loads((folder / CHECK_FILE).read_text(encoding="utf-8"))
    check = ConversionCheck(**report["check"])
    if not check.passed:
        raise CheckpointError(
            f"the conversion of {opened.name} for ctranslate2 does not compute what torch computes: {check}. "
            "Use --engine torch."
        )
    converted = CTranslate2Generator(folder, opened.config.vocab_size, compute_type, report["parameters"])
    return LazyModel(opened, converted, saved)


def _builder(opened: OpenCheckpoint, settings: GenerationConfig, compute_type: str) -> Callable[[Path], None]:
    def build(folder: Path) -> None:
        convert(opened.folder, folder, compute_type)
        model = load_seq2seq(opened.folder)
        reference = reference_of(model, opened.encoder, settings)
        check = check_conversion(reference, CTranslate2Generator(folder, opened.config.vocab_size, compute_type))
        report = {"check": asdict(check), "parameters": model.num_parameters()}
        # Kept also where it failed, so that it is not made anew each time; without the model, which nobody may use.
        if not check.passed:
            (folder / "model.bin").unlink()
        elif compute_type == "int8":  # float32 is for those who want what torch writes
            report["vocabulary"] = _keep_to_arabic(folder, reference, opened)
        (folder / CHECK_FILE).write_text(json.dumps(report), encoding="utf-8")

    return build


def _keep_to_arabic(folder: Path, reference: Reference, opened: OpenCheckpoint) -> dict[str, float] | None:
    """Have a conversion write with Arabic pieces alone where that gains something and loses nothing; what was measured."""
    pieces = arabic_pieces(opened.encoder.tokenizer, reference.model)
    if pieces is None:
        return None
    write_map(folder, pieces)
    check = check_vocabulary(reference, CTranslate2Generator(folder, opened.config.vocab_size, "int8"), pieces)
    if not check.passed:
        (folder / MAP_FILE).unlink()
    return asdict(check)
