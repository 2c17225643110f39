"""Topic and stance classification with a trained encoder."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from mujaz.errors import UsageError
from mujaz.models.batching import filled, rounded, token_budget_batches
from mujaz.models.checkpoint import EMBEDDED, CheckpointInfo, called
from mujaz.models.encoding import Document, Encoding, TextEncoder
from mujaz.models.engines.base import ClassifierEngine
from mujaz.models.engines.lanes import Lanes
from mujaz.models.engines.opening import choose, open_openvino
from mujaz.models.engines.replicas import copies_on, side_by_side, torch_for_several
from mujaz.models.engines.torch_engine import TorchClassifier
from mujaz.models.identity import model_identity
from mujaz.models.loading import load_classifier
from mujaz.models.machine import choose_devices, choose_dtype, dtype_name
from mujaz.models.multi_label import each_by_itself
from mujaz.models.opening import OpenCheckpoint, open_checkpoint
from mujaz.models.options import Loaded, check_options
from mujaz.models.saving import save_checkpoint
from mujaz.models.texts import NOTHING_LEFT, as_targets, as_texts, text_problem
from mujaz.models.windows import LongText, Pooling

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Classification:
    """What a classifier says of one text.

    Attributes:
        label: The most probable label, or None where it is not probable enough or ``problem`` says why there is none; of a
            model that gives several labels, the most probable of them.
        probability: The probability of the most probable label, 0 to 1; 0 where there is a ``problem``.
        probabilities: The probability of every label; without meaning where there is a ``problem``.
        tokens: Tokens of the text; see :class:`~mujaz.models.encoding.Document`.
        dropped: How many of them the model did not read.
        windows: In how many windows it read the others.
        labels: Where a text can have several: all that are probable enough, the most probable first; else None.
        problem: Why there is nothing to label, say that the text is empty; else None.
    """

    label: str | None
    probability: float
    probabilities: dict[str, float]
    tokens: int
    dropped: int
    windows: int
    labels: tuple[str, ...] | None = None
    problem: str | None = None

    @property
    def truncated(self) -> bool:
        """Whether the model did not read all of the text."""
        return self.dropped > 0

    @property
    def best(self) -> str:
        """The most probable label, however probable it is; without meaning where there is a ``problem``."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


class TextClassifier(Loaded):
    """Labels a text by topic, or by its stance toward a target.

    Example:
        >>> classifier = TextClassifier.from_pretrained("runs/topic")  # doctest: +SKIP
        >>> classifier.predict(["فاز المنتخب بكأس البطولة"])[0].label  # doctest: +SKIP
        'sports'
    """

    def __init__(
        self,
        model: PreTrainedModel,
        encoder: TextEncoder,
        info: CheckpointInfo,
        note: str = "",
        folder: Path | None = None,
    ) -> None:
        """Wrap a loaded model; most callers want :meth:`from_pretrained`. ``folder``: where it was loaded from."""
        self.model = model.eval()
        self.encoder = encoder
        self.info = info
        self.note = note
        self.folder = folder
        self.computes = "torch"  # asked for, not found: a conversion that is there the second time changes nothing
        self.engine: ClassifierEngine = TorchClassifier(self.model, encoder.tokenizer)
        self.others: list[ClassifierEngine] = []  # of other devices, side by side with it
        self._lanes: Lanes | None = None

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path | None = None,
        *,
        task: Literal["topic", "stance"] | None = None,
        device: str | torch.device = "auto",
        precision: str = "auto",
        engine: str = "auto",
        max_length: int | None = None,
        long: LongText | None = None,
        ignore_recipe_mismatch: bool = False,
    ) -> TextClassifier:
        """Load a trained classifier.

        Args:
            name: A folder, an embedded model or a hub id; None takes the embedded model of the task.
            task: Needed only for a checkpoint without ``mujaz.json``, which None takes to be of ``topic``.
            device: ``auto``, ``cpu``, ``cuda``, ``cuda:N``, several that share the work (``cuda:0,cuda:1``), or torch's own.
            precision: ``auto`` (bfloat16 where the device computes in it natively), ``float32``, ``bfloat16``, ``float16``,
                or ``int8``, which OpenVINO calibrates on the first texts that are labelled.
            engine: ``auto``, ``torch`` or ``openvino`` (an extra).
            max_length: Longest input in tokens; None takes the checkpoint's own.
            long: What is done with longer texts; None takes the checkpoint's own, else windows whose logits are averaged.
            ignore_recipe_mismatch: Load even where the checkpoint's text recipe is not the one this version has.

        Raises:
            CheckpointError: the model is not there, cannot be read or is no trained classifier.
            UsageError: device, precision, engine or length cannot be had, or the model is of another task.
        """
        wanted = task or "topic"
        check_options(name=name, task=task, max_length=max_length, long=long)
        opened: OpenCheckpoint = open_checkpoint(
            name or EMBEDDED / wanted,
            task=wanted,
            max_length=max_length,
            long=long,
            ignore_recipe_mismatch=ignore_recipe_mismatch,
        )
        if task and opened.info.task in ("topic", "stance") and opened.info.task != task:
            raise UsageError(
                f"{opened.name} was trained for task '{opened.info.task}', not for '{task}'. Leave task out."
            )
        where, *others = devices = choose_devices(device)
        choice = choose(torch_for_several(engine, devices), precision, where, opened)
        model = load_classifier(opened.folder, choose_dtype(choice.torch_precision, where, opened.config))
        model.to(where)  # type: ignore[arg-type]  # the decorator of transformers hides self
        note = "\n".join(line for line in (opened.note, choice.hint) if line)
        classifier = cls(model, opened.encoder, opened.info, note, opened.folder)
        classifier.computes = f"{where.type}, {choice.engine}, {choice.precision}, {dtype_name(classifier.model.dtype)}"
        tokenizer = opened.encoder.tokenizer
        classifier.others = [TorchClassifier(twin, tokenizer) for twin in copies_on(classifier.model, others)]
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
    def multi_label(self) -> bool:
        """Whether a text can have several labels, or none."""
        return self.info.multi_label is not None

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
            f"{self.task} model {called(self.info, self.folder)}: {parameters:.1f} M parameters, {len(self.labels)} labels, "
            f"recipe {self.encoder.recipe.name}, up to {self.max_length} tokens; {self.engine.description}"
            + (f", on {1 + len(self.others)} devices" if self.others else "")
        )

    @property
    def identity(self) -> dict[str, str]:
        """What its answers depend on, for a run that is gone on with later."""
        return model_identity(self.info, self.folder, self.encoder, self.computes)

    def read_long(self, long: LongText) -> None:
        """Read texts that are longer than the model in another way from now on.

        Raises:
            UsageError: it is no :class:`~mujaz.models.windows.LongText`.
        """
        check_options(long=long)
        self.encoder = dataclasses.replace(self.encoder, long=long)

    def predict(
        self,
        texts: Iterable[str],
        targets: Iterable[str] | str | None = None,
        *,
        min_probability: float | None = None,
        batch_tokens: int | None = None,
        progress: Progress | None = None,
    ) -> list[Classification]:
        """Label texts.

        Args:
            texts: Raw ones: a list, a generator, a column of pandas or pyarrow. One that is empty (blank, HTML without text,
                half a surrogate pair) gets no label, and its ``problem`` says so: :func:`mujaz.models.texts.text_problem`.
            targets: For stance: a target for each text, or one for all.
            min_probability: Below it the label is None; None takes the checkpoint's own, which most have not. For a model
                that gives several labels: in place of all their thresholds.
            batch_tokens: Padded tokens a batch; None takes what suits the device.
            progress: Called after each batch with the number of texts that were done.

        Returns:
            One classification a text, in order.

        Raises:
            UsageError: texts and targets do not fit together or with the model, or are none.
        """
        texts = as_texts(texts, "predict")
        documents = self.documents(texts, targets)
        options: dict[str, Any] = {"min_probability": min_probability, "batch_tokens": batch_tokens}
        found = self.predict_documents(documents, **options, progress=progress)
        return [_unless_empty(text, one) for text, one in zip(texts, found, strict=True)]

    def predict_documents(
        self,
        documents: Sequence[Document],
        *,
        min_probability: float | None = None,
        batch_tokens: int | None = None,
        progress: Progress | None = None,
    ) -> list[Classification]:
        """Label texts that are encoded already, and known to be no empty ones; see :meth:`predict`."""
        check_options(min_probability=min_probability, batch_tokens=batch_tokens)
        probabilities = self._probabilities(self._pooled(documents, batch_tokens, progress))
        if self.info.multi_label:
            given = None if min_probability is None else [min_probability] * len(self.labels)
            thresholds = np.array(given or self.info.multi_label.thresholds)
            return [self._several(row, d, thresholds) for row, d in zip(probabilities, documents, strict=True)]
        least = self.min_probability if min_probability is None else min_probability
        return [self._classification(row, d, least) for row, d in zip(probabilities, documents, strict=True)]

    def predict_proba(self, texts: Iterable[str], targets: Iterable[str] | str | None = None) -> NDArray[np.float64]:
        """Probabilities, shape (texts, labels), columns in the order of :attr:`labels`; of empty texts without meaning."""
        return self._probabilities(self.logits(texts, targets))

    def logits(self, texts: Iterable[str], targets: Iterable[str] | str | None = None) -> NDArray[np.float32]:
        """Raw scores, shape (texts, labels), columns in the order of :attr:`labels`; pooled over the windows of a text."""
        return self._pooled(self.documents(texts, targets), None, None)

    def encode(self, texts: Iterable[str], targets: Iterable[str] | str | None = None) -> list[Encoding]:
        """The token ids of each text, cut to the maximum length, as in training."""
        texts = as_texts(texts, "encode")
        return self.encoder(texts, self._matching_targets(texts, targets, "encode"))

    def documents(self, texts: Iterable[str], targets: Iterable[str] | str | None = None) -> list[Document]:
        """The token ids of each text, in windows where it is longer than the model reads."""
        texts = as_texts(texts, "predict")
        return self.encoder.documents(texts, self._matching_targets(texts, targets, "predict"))

    def save_pretrained(self, folder: str | Path) -> None:
        """Save the checkpoint, readable by plain transformers too.

        Raises:
            OutputError: the folder cannot be written.
        """
        save_checkpoint(Path(folder), self.model, self.encoder, self.info, source=self.folder)

    def _matching_targets(
        self, texts: list[str], targets: Iterable[str] | str | None, call: str
    ) -> Sequence[str] | None:
        if not self.needs_target:
            if targets is not None:
                raise UsageError("this is a topic model: it takes no target.")
            return None
        if targets is None:
            raise UsageError("a stance model needs a target for each text: give targets (--target or --target-column).")
        return as_targets(targets, len(texts), call)

    def _pooled(
        self, documents: Sequence[Document], budget: int | None, progress: Progress | None
    ) -> NDArray[np.float32]:
        """One row of scores a text; ``progress`` is told of a text when the last of its windows is done."""
        windows = [window for document in documents for window in document.windows]
        if windows:
            self.engine = self.engine.ready(windows)
        owners = np.repeat(np.arange(len(documents)), [len(document.windows) for document in documents])
        waiting = np.bincount(owners, minlength=len(documents))
        scores = np.empty((len(windows), len(self.labels)), dtype=np.float32)
        step, most = self.engine.length_step, budget or self.engine.batch_tokens
        lengths = [rounded(len(window.input_ids), step) for window in windows]
        batches = list(token_budget_batches(lengths, most))

        def compute(engine: ClassifierEngine, indices: list[int]) -> NDArray[np.float32]:
            regular = filled(indices, lengths[indices[0]], most) if step > 1 and len(batches) > 1 else indices
            return engine.logits([windows[i] for i in regular])[: len(indices)]

        for indices, found in zip(batches, self._side_by_side(compute, batches), strict=True):
            scores[indices] = found
            if progress:
                touched, counts = np.unique(owners[indices], return_counts=True)
                waiting[touched] -= counts
                progress(int((waiting[touched] == 0).sum()))
        return pool(scores, owners, len(documents), self.encoder.long.pooling)

    def _side_by_side(
        self, compute: Callable[[ClassifierEngine, list[int]], NDArray[np.float32]], batches: list[list[int]]
    ) -> Iterator[NDArray[np.float32]]:
        """Batches on several devices, or in the lanes of one: their number alone decides, so it is repeatable."""
        lanes = self.engine.lanes
        if self.others or lanes == 1 or len(batches) < 2 * lanes:
            return side_by_side([self.engine, *self.others], compute, batches)
        if self._lanes is None or self._lanes.number != lanes:
            self._lanes = Lanes(lanes)
        return self._lanes.map(partial(compute, self.engine.in_lanes()), batches)

    def _probabilities(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        """Of one label out of all, at the temperature that the training found; or of each label by itself."""
        if self.info.multi_label:
            return each_by_itself(logits)
        calibration = self.info.calibration
        return softmax(logits.astype(np.float64) / calibration.temperature if calibration else logits)

    def _classification(
        self, probabilities: NDArray[np.float64], document: Document, min_probability: float
    ) -> Classification:
        best = self.labels[int(probabilities.argmax())]
        named = {label: float(p) for label, p in zip(self.labels, probabilities, strict=True)}
        label = best if named[best] >= min_probability else None
        return Classification(label, named[best], named, document.tokens, document.dropped, len(document.windows))

    def _several(
        self, probabilities: NDArray[np.float64], document: Document, thresholds: NDArray[np.float64]
    ) -> Classification:
        order = np.argsort(-probabilities, kind="stable")
        labels = tuple(self.labels[i] for i in order if probabilities[i] >= thresholds[i])
        named = {label: float(p) for label, p in zip(self.labels, probabilities, strict=True)}
        counts = (document.tokens, document.dropped, len(document.windows))
        first = labels[0] if labels else None
        return Classification(first, named[first or self.labels[order[0]]], named, *counts, labels)


def _unless_empty(text: str, found: Classification) -> Classification:
    """Without its label, where there was nothing to read: what a model says of nothing looks like any other answer."""
    problem = text_problem(text) or (None if found.tokens else NOTHING_LEFT)
    if problem is None:
        return found
    labels = None if found.labels is None else ()
    return dataclasses.replace(found, label=None, probability=0.0, labels=labels, problem=problem)


def pool(scores: NDArray[np.float32], owners: NDArray[np.int64], texts: int, pooling: Pooling) -> NDArray[np.float32]:
    """Scores of windows to scores of texts.

    Args:
        scores: Shape (windows, labels).
        owners: The text of each window, ascending, shape (windows,).
        texts: How many there are; each has a window.
        pooling: ``max`` takes the largest score of each label; the others, whose windows were picked before, the mean.

    Returns:
        Shape (texts, labels).
    """
    if len(scores) == texts:
        return scores
    firsts = np.searchsorted(owners, np.arange(texts))
    if pooling == "max":
        return np.maximum.reduceat(scores, firsts)
    sums = np.add.reduceat(scores.astype(np.float64), firsts)
    counts = np.diff([*firsts, len(scores)])[:, None]
    return (sums / counts).astype(np.float32)


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rows of scores to rows of probabilities, in float64."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True, initial=-np.inf))
    return shifted / shifted.sum(axis=-1, keepdims=True)
