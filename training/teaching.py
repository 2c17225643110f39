"""What a teacher says of texts: kept in the run's folder part by part, so that a killed run asks for the rest only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mujaz.errors import OutputError, UsageError
from mujaz.models.batching import token_budget_batches
from mujaz.models.classifier import TextClassifier
from mujaz.models.encoding import padded_batch
from mujaz.models.summarizer import Summarizer
from mujaz.training.callbacks import Report
from mujaz.training.data import Example

TEACHER = "teacher"  # in the folder of the run; a folder of parts for each teacher and its texts
_KEY = "key.json"
_PART = 1000  # texts

Floats = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]


def teacher_scores(
    teacher: TextClassifier, examples: Sequence[Example], labels: Sequence[str], states: bool, place: Path, say: Report
) -> tuple[Floats, Floats | None]:
    """A classifier's logits for each text, and its last hidden state of each text's first token.

    Args:
        teacher: Trained for the same labels.
        examples: Texts, with their targets where the teacher reads them.
        labels: In the order that is wanted.
        states: Whether hidden states are wanted.
        place: The folder where its answers are kept.
        say: Receives lines for people.

    Returns:
        (texts, labels), and (texts, width) or None.

    Raises:
        UsageError: the teacher has other labels.
        OutputError: the folder cannot be written.
    """
    if teacher.multi_label:
        raise UsageError("the teacher gives several labels a text: expected one that gives one, as this training does.")
    if sorted(teacher.labels) != sorted(labels):
        raise UsageError(f"the teacher's labels are {', '.join(teacher.labels)}; expected {', '.join(labels)}.")
    order = [teacher.labels.index(label) for label in labels]

    def ask(part: Sequence[Example]) -> Arrays:
        texts, targets = [e.text for e in part], [e.target or "" for e in part] if teacher.needs_target else None
        answer: Arrays = {"logits": teacher.logits(texts, targets)[:, order]}
        return answer | ({"states": first_states(teacher, texts, targets)} if states else {})

    parts = _answers(ask, examples, place, [teacher.identity, list(labels), states], say)
    logits = np.concatenate([part["logits"] for part in parts])
    return logits, np.concatenate([part["states"] for part in parts]) if states else None


def teacher_summaries(teacher: Summarizer, examples: Sequence[Example], place: Path, say: Report) -> list[str]:
    """A summarizer's text for each article.

    Args:
        teacher: Any summarizer.
        examples: The articles.
        place: The folder where its answers are kept.
        say: Receives lines for people.

    Raises:
        OutputError: the folder cannot be written.
    """

    def ask(part: Sequence[Example]) -> Arrays:
        return {"summaries": np.array([found.text for found in teacher.summarize([e.text for e in part])])}

    parts = _answers(ask, examples, place, [teacher.identity], say)
    return [str(text) for part in parts for text in part["summaries"]]


@torch.inference_mode()
def first_states(teacher: TextClassifier, texts: Sequence[str], targets: Sequence[str] | None) -> Floats:
    """The last hidden state of each text's first token, of the beginning that fits into the model: (texts, width)."""
    tokenizer, model = teacher.encoder.tokenizer, teacher.model
    encodings = teacher.encode(texts, targets)
    found: Floats = np.zeros((len(texts), model.config.hidden_size), dtype=np.float32)
    types = "token_type_ids" in tokenizer.model_input_names
    for batch in token_budget_batches([len(e.input_ids) for e in encodings], teacher.engine.batch_tokens):
        tensors = padded_batch([encodings[i] for i in batch], tokenizer.pad_token_id, token_types=types)
        output = model.base_model(**{name: tensor.to(model.device) for name, tensor in tensors.items()})
        found[batch] = output.last_hidden_state[:, 0].float().cpu().numpy()
    return found


def _answers(
    ask: Callable[[Sequence[Example]], Arrays], examples: Sequence[Example], place: Path, who: list[Any], say: Report
) -> list[Arrays]:
    """The teacher's answers, part by part; those that are there already are read."""
    with _on_disk(place):
        place = _folder(place, json.dumps({"teacher": who, "texts": _digest(examples)}, ensure_ascii=False))
    parts = []
    for start in range(0, len(examples), _PART):
        path = place / f"{start:09d}.npz"
        if not path.is_file():
            answer = ask(examples[start : start + _PART])
            with _on_disk(place):
                _write(path, answer)
            say(f"teacher: {min(start + _PART, len(examples)):,} of {len(examples):,} texts")
        with np.load(path) as stored:
            parts.append(dict(stored))
    return parts


@contextmanager
def _on_disk(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{place} cannot be written: {error.strerror or error}") from error


def _folder(place: Path, key: str) -> Path:
    """The folder of these answers, made where it is not there. Other ones stay: a run may yet go on with them."""
    known = place / _KEY
    if known.is_file() and known.read_text(encoding="utf-8") == key:  # of an earlier version
        return place
    folder = place / hashlib.sha256(key.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write(path: Path, answer: Arrays) -> None:
    """Under another name first: a part that is there is whole."""
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        np.savez(file, **answer)  # type: ignore[arg-type]  # its annotation takes the first name for a flag
    draft.replace(path)


def _digest(examples: Sequence[Example]) -> str:
    digest = hashlib.sha256()
    for example in examples:
        digest.update(json.dumps([example.text, example.target]).encode() + b"\n")
    return digest.hexdigest()
