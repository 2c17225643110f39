"""A summarizer whose checkpoint is an encoder: opened, described, saved; what it does is in `mujaz.models.selector`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import GenerationConfig

from mujaz.errors import CheckpointError, UsageError
from mujaz.models.checkpoint import CheckpointInfo
from mujaz.models.encoding import TextEncoder
from mujaz.models.engines.replicas import copies_on
from mujaz.models.loading import load_selector
from mujaz.models.machine import choose_dtype
from mujaz.models.opening import OpenCheckpoint
from mujaz.models.selector import SelectionEngine, Selector
from mujaz.models.standing import OUTPUTS as STANDING
from mujaz.models.summarizer import Summarizer
from mujaz.models.summary_options import Generation
from mujaz.models.summary_record import Summary
from mujaz.models.word_reading import WordReader
from mujaz.models.writing import Progress

if TYPE_CHECKING:
    from transformers import PreTrainedModel


# Of a model, for each word: keep, start, end; and where it was taught that whole, or what can stand.
OUTPUTS = (3, 4, 3 + len(STANDING))


class SelectingSummarizer(Summarizer):
    """Chooses the stretch of an article that is most like a summary of it."""

    engine: Any  # a SelectionEngine: it generates nothing
    others: list[Any]

    def __init__(
        self, model: PreTrainedModel, encoder: TextEncoder, info: CheckpointInfo, note: str, folder: Path
    ) -> None:
        """Wrap a loaded model; most callers want :meth:`Summarizer.from_pretrained`.

        Raises:
            CheckpointError: ``mujaz.json`` does not say how long its summaries are, or the model has other outputs.
        """
        outputs = model.config.num_labels
        if info.selection is None or outputs not in OUTPUTS:
            raise CheckpointError(
                f"{folder} chooses no summaries: expected 'selection' in mujaz.json and a number of outputs of {OUTPUTS}, "
                f"found {'none' if info.selection is None else 'it'} and {outputs}. Train it with mujaz train, task summary."
            )
        self._model = model.eval()
        self.encoder, self.info, self.note, self.folder = encoder, info, note, folder
        self.engine = SelectionEngine(model, encoder.tokenizer)
        self.others = []
        self.generation = GenerationConfig()
        self._selection, self._spelling = info.selection, None  # it gives the article's own letters
        self._reader = WordReader(encoder)

    @property
    def _way(self) -> str:
        return f"chooses a stretch of the first {self.max_length} tokens, or sentences"

    @property
    def constrains(self) -> bool:
        """It can be held to the words of the article: then no verb is given another form."""
        return True

    def know_least(self, least: float | None) -> None:
        """Give an article's beginning from now on where all else is worth less than ``least``."""
        self._selection = self._selection.model_copy(update={"least": least})
        self.info = self.info.model_copy(update={"selection": self._selection})

    def _answer(
        self, encoder: TextEncoder, texts: Sequence[str], options: Generation, progress: Progress | None
    ) -> list[Summary]:
        selector = Selector(encoder, [self.engine, *self.others], self._selection, self._reader)
        return selector(texts, options, progress)


def open_selector(
    opened: OpenCheckpoint, devices: Sequence[torch.device], *, precision: str, engine: str
) -> SelectingSummarizer:
    """Load a summarizer that chooses.

    Args:
        opened: Its checkpoint.
        devices: Where it runs, several side by side.
        precision: ``auto``, ``float32`` or ``bfloat16``.
        engine: ``auto`` or ``torch``.

    Raises:
        CheckpointError: it was never trained for this, or cannot be read.
        UsageError: the engine or the precision cannot be had.
    """
    if engine not in ("auto", "torch"):
        raise UsageError(f"the engine {engine} is for models that write; {opened.name} chooses. Use --engine torch.")
    if precision == "int8":
        raise UsageError(f"precision int8 is for models that write; {opened.name} chooses. Leave --precision out.")
    model = load_selector(opened.folder, choose_dtype(precision, devices[0], opened.config))
    model.to(devices[0])  # type: ignore[arg-type]  # see Summarizer
    summarizer = SelectingSummarizer(model, opened.encoder, opened.info, opened.note, opened.folder)
    twins = copies_on(model, devices[1:])
    summarizer.others = [SelectionEngine(twin, opened.encoder.tokenizer) for twin in twins]
    return summarizer
