"""Topic and stance classification with a trained encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedModel

from mujaz.errors import UsageError
from mujaz.models.batching import token_budget_batches
from mujaz.models.checkpoint import CheckpointInfo
from mujaz.models.encoding import Encoding, TextEncoder
from mujaz.models.engines.base import ClassifierEngine
from mujaz.models.engines.opening import CalibratedLater, choose, open_openvino
from mujaz.models.engines.torch_engine import TorchClassifier
from mujaz.models.loading import load_classifier
from mujaz.models.machine import choose_device, choose_dtype
from mujaz.models.opening import OpenCheckpoint, open_checkpoint
from mujaz.models.saving import save_checkpoint

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Classification:
    """What a classifier says of one text.

    Attributes:
        label: The most probable label, or None where it is not probable enough.
        probability: The probability of the most probable label, 0 to 1.
        probabilities: The probability of every label.
        tokens: Tokens that the model read, special tokens included.
        truncated: Whether the text was longer than that.
    """

    label: str | None
    probability: float
    probabilities: dict[str, float]
    tokens: int
    truncated: bool

    @property
    def best(self) -> str:
        """The most probable label, however probable it is."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


class TextClassifier:
    """Labels a text by topic, or by its stance toward a target.

    Example:
        >>> classifier = TextClassifier.from_pretrained("runs/topic")  # doctest: +SKIP
        >>> classifier.predict(["فاز المنتخب بكأس البطولة"])[0].label  # doctest: +SKIP
        'sports'
    """

    def __init__(self, model: PreTrainedModel, encoder: TextEncoder, info: CheckpointInfo, note: str = "") -> None:
        """Wrap a loaded model; most callers want :meth:`from_pretrained`."""
        self.model = model.eval()
        self.encoder = encoder
        self.info = info
        self.note = note
        self.engine: ClassifierEngine = TorchClassifier(self.model, encoder.tokenizer)

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path | None = None,
        *,
        task: Literal["topic", "stance"] | None = None,
        device: str = "auto",
        precision: str = "auto",
        engine: str = "auto",
        max_length: int | None = None,
        ignore_recipe_mismatch: bool = False,
    ) -> TextClassifier:
        """Load a trained classifier.

        Args:
            name: A folder, an embedded model or a hub id; None takes the embedded model of the task.
            task: Needed only for a checkpoint without ``mujaz.json``; None takes it to be of ``topic``.
            device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
            precision: ``auto`` (bfloat16 where the device computes in it natively), ``float32``, ``bfloat16``, ``float16``,
                or ``int8``, which OpenVINO calibrates on the first texts that are labelled.
            engine: ``auto``, ``torch`` or ``openvino`` (an extra).
            max_length: Longest input in tokens; None takes the checkpoint's own.
            ignore_recipe_mismatch: Load even where the checkpoint's text recipe is not the one this version has.

        Raises:
            CheckpointError: the model is not there, cannot be read or is no trained classifier.
            UsageError: device, precision, engine or length cannot be had.
        """
        wanted = task or "topic"
        opened: OpenCheckpoint = open_checkpoint(
            name or wanted, task=wanted, max_length=max_length, ignore_recipe_mismatch=ignore_recipe_mismatch
        )
        where = choose_device(device)
        choice = choose(engine, precision, where, opened)
        model = load_classifier(opened.folder, choose_dtype(choice.torch_precision, where, opened.config))
        model.to(where)  # type: ignore[arg-type]  # the decorator of transformers hides self
        classifier = cls(model, opened.encoder, opened.info, opened.note)
        if choice.engine == "openvino":
            classifier.engine = open_openvino(choice.precision, classifier.model, opened)
        return classifier

    @property
    def labels(self) -> list[str]:
        """Label names, in the order of the logits."""
        return self.info.labels

    @property
    def task(self) -> str:
        """``topic`` or ``stance``."""
        return self.info.task

    @property
    def needs_target(self) -> bool:
        """Whether every text comes with a target."""
        return self.info.task == "stance"

    @property
    def max_length(self) -> int:
        """Longest input in tokens, special tokens included."""
        return self.encoder.max_length

    @property
    def min_probability(self) -> float:
        """Texts below it get no label, unless a call says otherwise; 0 where the training was asked for no precision."""
        calibration = self.info.calibration
        return (calibration.min_probability if calibration else None) or 0.0

    @property
    def description(self) -> str:
        """One line on what runs where."""
        parameters = sum(p.numel() for p in self.model.parameters()) / 1e6
        return (
            f"{self.task} model {self.info.base_model}: {parameters:.1f} M parameters, {len(self.labels)} labels, "
            f"recipe {self.encoder.recipe.name}, up to {self.max_length} tokens; {self.engine.description}"
        )

    def predict(
        self,
        texts: Sequence[str],
        targets: Sequence[str] | str | None = None,
        *,
        min_probability: float | None = None,
        batch_tokens: int | None = None,
        progress: Progress | None = None,
    ) -> list[Classification]:
        """Label texts.

        Args:
            texts: Raw texts, as they come.
            targets: For stance: a target for each text, or one for all.
            min_probability: Below it the label is None; None takes the checkpoint's own, which most have not.
            batch_tokens: Padded tokens a batch; None takes what suits the device.
            progress: Called after each batch with the number of texts it held.

        Returns:
            One classification a text, in order.

        Raises:
            UsageError: texts and targets do not fit together or with the model.
        """
        encodings = self.encode(texts, targets)
        probabilities = self._softmax(self._logits(encodings, batch_tokens, progress))
        least = self.min_probability if min_probability is None else min_probability
        return [self._classification(row, e, least) for row, e in zip(probabilities, encodings, strict=True)]

    def predict_proba(self, texts: Sequence[str], targets: Sequence[str] | str | None = None) -> NDArray[np.float64]:
        """Probabilities, shape (texts, labels), columns in the order of :attr:`labels`."""
        return self._softmax(self.logits(texts, targets))

    def logits(self, texts: Sequence[str], targets: Sequence[str] | str | None = None) -> NDArray[np.float32]:
        """Raw scores, shape (texts, labels), columns in the order of :attr:`labels`."""
        return self._logits(self.encode(texts, targets), None, None)

    def encode(self, texts: Sequence[str], targets: Sequence[str] | str | None = None) -> list[Encoding]:
        """The token ids of each text, as the model reads them."""
        return self.encoder(texts, self._matching_targets(texts, targets))

    def save_pretrained(self, folder: str | Path) -> None:
        """Save the checkpoint, readable by plain transformers too.

        Raises:
            OutputError: the folder cannot be written.
        """
        save_checkpoint(Path(folder), self.model, self.encoder, self.info)

    def _matching_targets(self, texts: Sequence[str], targets: Sequence[str] | str | None) -> Sequence[str] | None:
        if isinstance(texts, str):
            raise UsageError("predict expects a list of texts, found one string. Write predict([text]).")
        if not self.needs_target:
            if targets is not None:
                raise UsageError("this is a topic model: it takes no target.")
            return None
        if targets is None:
            raise UsageError("a stance model needs a target for each text: give targets (--target or --target-column).")
        if isinstance(targets, str):
            return [targets] * len(texts)
        if len(targets) != len(texts):
            raise UsageError(f"expected as many targets as texts, found {len(targets)} for {len(texts)}.")
        return targets

    def _logits(
        self, encodings: Sequence[Encoding], budget: int | None, progress: Progress | None
    ) -> NDArray[np.float32]:
        if isinstance(self.engine, CalibratedLater) and encodings:
            self.engine = self.engine.ready(encodings)
        logits = np.empty((len(encodings), len(self.labels)), dtype=np.float32)
        lengths = [len(e.input_ids) for e in encodings]
        for indices in token_budget_batches(lengths, budget or self.engine.batch_tokens):
            logits[indices] = self.engine.logits([encodings[i] for i in indices])
            if progress:
                progress(len(indices))
        return logits

    def _softmax(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities, at the temperature that the training found."""
        calibration = self.info.calibration
        return softmax(logits.astype(np.float64) / calibration.temperature if calibration else logits)

    def _classification(
        self, probabilities: NDArray[np.float64], encoding: Encoding, min_probability: float
    ) -> Classification:
        best = int(probabilities.argmax())
        named = {label: float(p) for label, p in zip(self.labels, probabilities, strict=True)}
        label = self.labels[best] if probabilities[best] >= min_probability else None
        return Classification(label, float(probabilities[best]), named, len(encoding.input_ids), encoding.truncated)


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rows of scores to rows of probabilities, in float64."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True, initial=-np.inf))
    return shifted / shifted.sum(axis=-1, keepdims=True)
