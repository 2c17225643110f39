"""Label texts with the model.onnx beside this file: asks for onnxruntime, tokenizers and numpy, and for no mujaz.

From Python::

    from predict import Classifier

    print(Classifier().predict(["نص الخبر"]))          # a stance model: predict(texts, targets)

or on the command line, a text a line (a stance model: text, tabulator, target)::

    python predict.py < texts.txt > labels.jsonl

A text that is longer than the model reads is cut at its end. One that is empty, or markup alone, is labelled as any other.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

BATCH = 16  # texts


class Classifier:
    """An exported classifier.

    Attributes:
        labels: Names, in the order of the probabilities.
    """

    def __init__(self, folder: Path | None = None, providers: Sequence[str] = ("CPUExecutionProvider",)) -> None:
        """Open an exported folder, that of this file if none is given; ``providers`` are ONNX Runtime's."""
        folder = folder or Path(__file__).parent
        settings = json.loads((folder / "mujaz.json").read_text(encoding="utf-8"))
        self.labels: list[str] = settings["labels"]
        self._pair: dict[str, str] | None = settings.get("pair") if settings["task"] == "stance" else None
        self._longest: int = settings["max_length"]
        several = settings.get("multi_label")
        self._thresholds = np.array(several["thresholds"]) if several else None
        found = settings.get("calibration") or {}
        self._temperature, self._least = found.get("temperature", 1.0), found.get("min_probability") or 0.0
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        cut = "longest_first" if settings["task"] != "stance" else "only_second" if self._target_first else "only_first"
        self._tokenizer.enable_truncation(self._longest, strategy=cut)
        padding = settings["onnx"]["padding"]
        self._tokenizer.enable_padding(pad_id=padding["id"], pad_token=padding["token"])
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=list(providers))
        self._inputs = [one.name for one in self._session.get_inputs()]

    @property
    def _target_first(self) -> bool:
        return bool(self._pair and self._pair["order"] == "target_first")

    @property
    def needs_target(self) -> bool:
        """Whether every text comes with a target."""
        return self._pair is not None

    def predict(self, texts: Sequence[str], targets: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Label and probabilities of each text; of a model that gives several, ``labels``, the most probable first.

        ``label`` is None where the best one is less probable than the model's own least probability.
        """
        answers = []
        for row in self.probabilities(texts, targets):
            probabilities = dict(zip(self.labels, map(float, row), strict=True))
            if self._thresholds is not None:
                order = [place for place in np.argsort(-row, kind="stable") if row[place] >= self._thresholds[place]]
                told: dict[str, Any] = {"labels": [self.labels[place] for place in order]}
            else:
                told = {"label": self.labels[int(row.argmax())] if row.max() >= self._least else None}
            answers.append({**told, "probabilities": probabilities})
        return answers

    def probabilities(self, texts: Sequence[str], targets: Sequence[str] | None = None) -> NDArray[np.float64]:
        """Shape (texts, labels), calibrated where the model is."""
        logits = self.logits(texts, targets).astype(np.float64)
        if self._thresholds is not None:
            return np.asarray(1 / (1 + np.exp(-logits)))
        powers = np.exp((logits - logits.max(axis=-1, keepdims=True)) / self._temperature)
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))

    def logits(self, texts: Sequence[str], targets: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Scores, shape (texts, labels)."""
        if self.needs_target != (targets is not None):
            raise ValueError("a stance model wants a target for each text, and others want none")
        read = [*self._read(texts, targets)]
        found = [self._scores(read[at : at + BATCH]) for at in range(0, len(read), BATCH)]
        return np.concatenate(found) if found else np.zeros((0, len(self.labels)), dtype=np.float32)

    def _scores(self, read: Sequence[Any]) -> NDArray[np.float32]:
        batch = self._tokenizer.encode_batch(read)
        given = {
            "input_ids": [one.ids for one in batch],
            "attention_mask": [one.attention_mask for one in batch],
            "token_type_ids": [one.type_ids for one in batch],
        }
        tensors = {name: np.array(given[name], dtype=np.int64) for name in self._inputs}
        return np.asarray(self._session.run(None, tensors)[0], dtype=np.float32)

    def _read(self, texts: Sequence[str], targets: Sequence[str] | None) -> Iterator[Any]:
        if targets is None or self._pair is None:
            yield from texts
            return
        for text, target in zip(texts, targets, strict=True):
            told = self._short(self._pair["template"].replace("{target}", target))
            yield (told, text) if self._target_first else (text, told)

    def _short(self, target: str) -> str:
        """A target, cut where it would take more than half of what the model reads."""
        half = self._longest // 2
        if len(target.encode()) <= half:
            return target
        self._tokenizer.no_truncation()
        offsets = self._tokenizer.encode(target, add_special_tokens=False).offsets
        self._tokenizer.enable_truncation(self._longest, strategy="only_second" if self._target_first else "only_first")
        return target if len(offsets) <= half else target[: min(offsets[half - 1][1], offsets[half][0])]


def answers(classifier: Classifier, lines: TextIO) -> Iterator[dict[str, Any]]:
    """An answer for each line, or an ``error``."""
    for line in lines:
        text, tabulator, target = line.rstrip("\n"), "", ""
        if classifier.needs_target:
            text, tabulator, target = text.rpartition("\t")
        if _is_damaged(line):
            yield {"error": "expected UTF-8"}
        elif classifier.needs_target and not tabulator:
            yield {"error": "expected a text, a tabulator and its target"}
        else:
            yield classifier.predict([text], [target] if classifier.needs_target else None)[0]


def _is_damaged(line: str) -> bool:
    """Whether a line holds bytes that are no UTF-8."""
    try:
        line.encode()
    except UnicodeEncodeError:
        return True
    return False


def main() -> None:
    """A line of JSON for each line of standard input."""
    for stream, encoding in ((sys.stdin, "utf-8-sig"), (sys.stdout, "utf-8")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors="surrogateescape")  # that of Windows has no Arabic
    for answer in answers(Classifier(), sys.stdin):
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
