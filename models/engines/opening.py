"""Make the engine that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from mujaz.errors import UsageError
from mujaz.models.encoding import Encoding
from mujaz.models.engines import openvino_engine as ov
from mujaz.models.engines.base import ClassifierEngine
from mujaz.models.engines.choice import Choice, Machine, choose_engine
from mujaz.models.engines.lean_encoder import LEAN_MODELS
from mujaz.models.engines.torch_engine import TorchClassifier
from mujaz.models.machine import computes_bfloat16, has_tiles, thread_count

if TYPE_CHECKING:
    from mujaz.models.multi_label import MultiLabel
    from mujaz.models.opening import OpenCheckpoint

# Narrower models, such as the embedded ones, gain nothing that anybody would wait for.
LEAST_WIDTH = 512


def choose(engine: str, precision: str, device: torch.device, opened: OpenCheckpoint) -> Choice:
    """The engine and number format for a checkpoint; see :func:`mujaz.models.engines.choice.choose_engine`.

    Raises:
        MissingExtraError: OpenVINO was asked for and is not installed.
        UsageError: engine, precision and device do not go together.
    """
    native, on_cpu = computes_bfloat16(device), device.type == "cpu"
    packs = native and on_cpu and opened.config.model_type in LEAN_MODELS
    tiles = on_cpu and has_tiles()
    quantizes = on_cpu and opened.config.hidden_size >= LEAST_WIDTH and ov.is_installed("openvino", "nncf")
    # Asked only where it decides: the fingerprint reads the whole checkpoint.
    wanted = {"int8": not tiles and precision == "auto", "bfloat16": native and not (packs and tiles)}
    ask = [name for name, decides in wanted.items() if decides and engine == "auto" and on_cpu and ov.is_installed()]
    converted = frozenset(name for name in ask if ov.is_cached(opened.folder, name))
    machine = Machine(device.type, native, packs, tiles, converted, quantizes)
    choice = choose_engine(engine, precision, machine)
    if choice.engine == "openvino":
        ov.require("openvino", *(("nncf",) if choice.precision == "int8" else ()))
    return choice


def open_openvino(precision: str, model: PreTrainedModel, opened: OpenCheckpoint) -> ClassifierEngine:
    """The OpenVINO engine of a checkpoint; in int8 the first texts make it ready, unless a conversion can be read.

    Args:
        precision: ``float32``, ``bfloat16`` or ``int8``.
        model: The checkpoint in float32.
        opened: The checkpoint.
    """
    tokenizer, most = opened.encoder.tokenizer, ov.longest_input(model)
    if precision == "int8":  # of which only texts make a conversion
        found = ov.kept(opened.folder, tokenizer, precision, most)
        return found or CalibratedLater(model, tokenizer, opened.folder, opened.info.multi_label)
    return ov.opened(opened.folder, tokenizer, precision, most, partial(ov.convert, model, tokenizer))


class CalibratedLater(ClassifierEngine):
    """An int8 engine that waits for texts to calibrate on."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        checkpoint: Path,
        several: MultiLabel | None = None,
    ) -> None:
        """Wait for :meth:`ready`; ``several`` says which labels a text gets, where those are several."""
        self.model, self.tokenizer, self.checkpoint, self.several = model, tokenizer, checkpoint, several

    @property
    def batch_tokens(self) -> int:
        """Padded tokens a batch."""
        return ov.BATCH_TOKENS

    @property
    def waits(self) -> bool:
        """For texts."""
        return True

    @property
    def description(self) -> str:
        """Engine, number format, threads."""
        return f"cpu, openvino, int8 calibrated on the first texts, {thread_count(torch.get_num_threads())}"

    def ready(self, texts: Sequence[Encoding]) -> ClassifierEngine:
        """The engine, calibrated and checked on these texts.

        Raises:
            UsageError: there are too few of them, or int8 changes too many labels.
        """
        if len(texts) < ov.LEAST_TEXTS:
            raise UsageError(
                f"int8 is calibrated and checked on the first texts, {ov.LEAST_TEXTS} of them at least, found {len(texts)}. "
                "Give more at once, or use --precision bfloat16."
            )
        reference = TorchClassifier(self.model, self.tokenizer).logits
        labels_of = self.several.has if self.several else ov.most_likely
        build = partial(ov.quantize, self.model, self.tokenizer, texts, reference, labels_of=labels_of)
        return ov.opened(self.checkpoint, self.tokenizer, "int8", ov.longest_input(self.model), build)

    def logits(self, batch: Sequence[Encoding]) -> NDArray[np.float32]:
        """Scores of one batch, which has to hold enough texts to calibrate on."""
        return self.ready(batch).logits(batch)
