"""OpenVINO: a checkpoint converted once from its torch module, in bfloat16, float32, or int8 by NNCF."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from mujaz.errors import MissingExtraError, UsageError
from mujaz.models.batching import LENGTH_STEP
from mujaz.models.conversion_cache import build_once, checkpoint_fingerprint, conversion_folder, discard, is_converted
from mujaz.models.encoding import Encoding, padded_batch
from mujaz.models.engines.base import ClassifierEngine
from mujaz.models.engines.lanes import MOST_LANES, lanes_of
from mujaz.models.engines.lean_encoder import is_lean_kind, lean_copy
from mujaz.models.engines.scores import Scores
from mujaz.models.machine import thread_count

MODEL_FILE = "model.xml"
BATCH_TOKENS = 1024
# Batches at once, each in a stream with its share of the threads, as torch has lanes; 1 turns it off.
MOST_STREAMS = MOST_LANES
HINTS = {"float32": "f32", "bfloat16": "bf16", "int8": "bf16"}  # what int8 leaves over is computed in bfloat16

# int8 is calibrated on up to CALIBRATION texts and checked on up to CHECK others. Of the least, two thirds are checked on:
# of 200 texts one is 0.5 %, and fewer could not show it.
CALIBRATION, CHECK, LEAST_TEXTS = 300, 400, 300
MOST_CHANGED = 0.005  # share of labels of the check sample that int8 may change

Reference = Callable[[Sequence[Encoding]], NDArray[np.float32]]
LabelsOf = Callable[[NDArray[np.float32]], NDArray[Any]]


class ConversionRefusedError(UsageError):
    """A conversion gives other labels than float32 on more of the check sample than is allowed."""


def is_installed(*packages: str) -> bool:
    """Whether packages of the extra ``openvino`` are there."""
    return all(importlib.util.find_spec(package) for package in packages or ("openvino",))


def require(*packages: str) -> None:
    """Raise unless the packages are installed.

    Raises:
        MissingExtraError: one is not.
    """
    for package in packages:
        if not is_installed(package):
            raise MissingExtraError("the OpenVINO engine", package, "openvino")


class OpenVinoClassifier(ClassifierEngine):
    """A classifier's forward pass in OpenVINO, on the CPU."""

    def __init__(
        self, folder: Path, tokenizer: PreTrainedTokenizerBase, precision: str, most: int = 0, streams: int = 1
    ) -> None:
        """Open a conversion.

        Args:
            folder: Made by :func:`convert` or :func:`quantize`.
            tokenizer: For the padding, and for which inputs the model takes.
            precision: ``float32``, ``bfloat16`` or ``int8``.
            most: The longest input that the model takes, where it has a longest.
            streams: Batches at once; they share the threads.
        """
        import openvino

        self.folder, self.tokenizer, self.precision, self.most, self.streams = (
            folder,
            tokenizer,
            precision,
            most,
            streams,
        )
        self.token_types = "token_type_ids" in tokenizer.model_input_names
        self.threads = torch.get_num_threads()
        self._core: Any = openvino.Core()
        self._model: Any = self._core.read_model(
            folder / MODEL_FILE
        )  # says what is damaged; compiled when it is needed
        self._free: SimpleQueue[Any] | None = None
        self._in_lanes: OpenVinoClassifier | None = None
        self._opening = threading.Lock()

    @property
    def batch_tokens(self) -> int:
        """Padded tokens a batch."""
        return BATCH_TOKENS

    @property
    def length_step(self) -> int:
        """What lengths are rounded up to."""
        return LENGTH_STEP

    @property
    def lanes(self) -> int:
        """Batches at once."""
        return min(lanes_of(self.threads), MOST_STREAMS)

    def in_lanes(self) -> OpenVinoClassifier:
        """The same with a stream a lane; what few batches are computed with keeps all threads for each."""
        with self._opening:
            if self._in_lanes is None:
                how = (self.folder, self.tokenizer, self.precision, self.most, self.lanes)
                self._in_lanes = OpenVinoClassifier(*how)
            return self._in_lanes

    @property
    def description(self) -> str:
        """Engine, number format, threads."""
        return f"cpu, openvino, {self.precision}, {thread_count(self.threads)}"

    def _requests(self) -> SimpleQueue[Any]:
        """One a stream; who computes takes it out and puts it back."""
        with self._opening:
            if self._free is None:
                settings = {
                    "INFERENCE_PRECISION_HINT": HINTS[self.precision],
                    "PERFORMANCE_HINT": "LATENCY" if self.streams == 1 else "THROUGHPUT",
                    "NUM_STREAMS": self.streams,
                    "INFERENCE_NUM_THREADS": self.threads,
                }
                compiled = self._core.compile_model(self._model, "CPU", settings)
                self._free = SimpleQueue()
                for _ in range(self.streams):
                    self._free.put(compiled.create_infer_request())
            return self._free

    def logits(self, batch: Sequence[Encoding]) -> NDArray[np.float32]:
        """Scores of one batch, shape (batch, labels)."""
        tensors = padded_batch(
            batch, self.tokenizer.pad_token_id, token_types=self.token_types, step=self.length_step, most=self.most
        )
        free = self._requests()
        request = free.get()
        try:
            found = request.infer({name: tensor.numpy() for name, tensor in tensors.items()})
            return np.array(found[0], dtype=np.float32)  # a copy: the next batch overwrites the output
        finally:
            free.put(request)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without a word home and without progress bars among the results on standard output.

    OpenVINO's converter and NNCF report each use to their makers unless they believe to be run in continuous integration.
    """
    before = os.environ.get("CI")
    os.environ["CI"] = "true"
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if before is None:
            del os.environ["CI"]
        else:
            os.environ["CI"] = before


def _settings(precision: str) -> dict[str, str]:
    packages = ("openvino", "torch", "transformers", *(("nncf",) if precision == "int8" else ()))
    # float32 weights serve bfloat16 too: OpenVINO rounds them as it compiles.
    kind = "int8" if precision == "int8" else "float32"
    return {"weights": kind, "layout": "1", **{name: importlib.metadata.version(name) for name in packages}}


def cached(checkpoint: Path, precision: str) -> Path:
    """Where the conversion of a checkpoint lies, or would lie."""
    return conversion_folder(checkpoint_fingerprint(checkpoint), "openvino", _settings(precision))


def is_cached(checkpoint: Path, precision: str) -> bool:
    """Whether a checkpoint was converted before."""
    return is_converted(cached(checkpoint, precision))


def opened(
    checkpoint: Path, tokenizer: PreTrainedTokenizerBase, precision: str, most: int, build: Callable[[Path], None]
) -> OpenVinoClassifier:
    """The engine of a checkpoint, converted where it was not yet or where OpenVINO cannot read what is there.

    Args:
        checkpoint: Its folder.
        tokenizer: Its tokenizer.
        precision: ``float32``, ``bfloat16`` or ``int8``.
        most: The longest input that the model takes; 0 where it has no longest.
        build: Writes the conversion; see :func:`convert` and :func:`quantize`.
    """
    found = kept(checkpoint, tokenizer, precision, most)
    return found or OpenVinoClassifier(build_once(cached(checkpoint, precision), build), tokenizer, precision, most)


def kept(checkpoint: Path, tokenizer: PreTrainedTokenizerBase, precision: str, most: int) -> OpenVinoClassifier | None:
    """The engine of a checkpoint that was converted before; None where it was not, or where OpenVINO cannot read that."""
    folder = cached(checkpoint, precision)
    if not is_converted(folder):
        return None
    try:
        return OpenVinoClassifier(folder, tokenizer, precision, most)
    except RuntimeError:
        discard(folder)
        return None


def convert(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a float32 classifier in OpenVINO's format, for any batch and length."""
    with _quietly():
        import openvino

        openvino.save_model(_traced(model, tokenizer), folder / MODEL_FILE, compress_to_fp16=False)


def _traced(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Any:
    import warnings

    import openvino

    token_types = "token_type_ids" in tokenizer.model_input_names
    # One row is padded, so that the mask becomes part of what is traced.
    texts = [Encoding([1] * 16, [0] * 16, False), Encoding([1] * 9, [0] * 9, False)]
    example = padded_batch(texts, tokenizer.pad_token_id, token_types=token_types)
    wrapped = Scores(lean_copy(model) if is_lean_kind(model) else model, token_types=token_types).eval()
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # the tracer's, about Python conditions that are the same for every batch
        return openvino.convert_model(wrapped, example_input=example)


def most_likely(logits: NDArray[np.float32]) -> NDArray[np.int64]:
    """The place of each text's label, where it has one."""
    return logits.argmax(axis=-1)


def quantize(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[Encoding],
    reference: Reference,
    folder: Path,
    labels_of: LabelsOf = most_likely,
) -> None:
    """Write a classifier in int8, by NNCF's post-training quantization for transformers (SmoothQuant).

    Args:
        model: In float32.
        tokenizer: Its tokenizer.
        texts: At least LEAST_TEXTS; see :func:`split_sample`.
        reference: Computes the scores of a batch in float32.
        folder: Where to write.
        labels_of: Scores (texts, labels) to what is said of each text: the place of a label, shape (texts,), or whether it
            has each of several, shape (texts, labels).

    Raises:
        ConversionRefusedError: int8 changes more than MOST_CHANGED of the labels of the check sample.
    """
    token_types = "token_type_ids" in tokenizer.model_input_names
    calibration, check = split_sample(texts)
    batches = [
        {k: v.numpy() for k, v in padded_batch([text], tokenizer.pad_token_id, token_types=token_types).items()}
        for text in calibration
    ]
    with _quietly():
        import nncf
        import openvino

        quantized = nncf.quantize(
            _traced(model, tokenizer),
            nncf.Dataset(batches),
            model_type=nncf.ModelType.TRANSFORMER,
            subset_size=len(batches),
        )
        openvino.save_model(quantized, folder / MODEL_FILE, compress_to_fp16=False)
    engine = OpenVinoClassifier(folder, tokenizer, "int8", longest_input(model))
    before = labels_of(np.concatenate([reference([text]) for text in check]))
    after = labels_of(np.concatenate([engine.logits([text]) for text in check]))
    refuse_if_changed(before, after)


def longest_input(model: PreTrainedModel) -> int:
    """In tokens; 0 where the model has no longest."""
    return getattr(model.config, "max_position_embeddings", None) or 0


def split_sample(texts: Sequence[Encoding]) -> tuple[list[Encoding], list[Encoding]]:
    """Texts to calibrate on (a third, where there are few) and others to check on, both spread over the whole sample."""
    taken = list(texts[: CALIBRATION + CHECK])
    share = max(len(taken) // 3, len(taken) - CHECK)
    wanted = {round(i * len(taken) / share) for i in range(share)}
    return [t for i, t in enumerate(taken) if i in wanted], [t for i, t in enumerate(taken) if i not in wanted]


def refuse_if_changed(before: NDArray[Any], after: NDArray[Any]) -> None:
    """Compare the labels of a conversion with those of float32: one a text, or whether a text has each.

    Raises:
        ConversionRefusedError: more than MOST_CHANGED of them differ.
    """
    changed = int((before != after).reshape(len(before), -1).any(axis=1).sum())
    if changed > MOST_CHANGED * len(before):
        raise ConversionRefusedError(
            f"int8 changes {changed} of {len(before)} labels of a check sample ({changed / len(before):.1%}), and "
            f"{MOST_CHANGED:.1%} is allowed. Use --precision bfloat16 or float32."
        )
