"""Label texts with the model.onnx beside this file: asks for onnxruntime, tokenizers and numpy, and for no mujaz.

From Python::

    from predict import Classifier

    print(Classifier().predict(["نص الخبر"]))          # a stance model: predict(texts, targets)

or on the command line, a text a line (a stance model: text, tabulator, target)::

    python predict.py < texts.txt > labels.jsonl
    python predict.py --titles < articles.txt > labels.jsonl     # title, tabulator, text

A text that is longer than the model reads is read as mujaz reads it, by what ``long_text`` in mujaz.json says: in windows
that end with sentences, or its beginning alone. One that is empty, or markup alone, is labelled as any other.
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

from mujaz.models.sentences import sentence_starts
from mujaz.models.window_places import cut, frame_of, pick, within

BATCH = 16  # windows
_EMPTY = {"version": "1.0", "added_tokens": [], "model": {"type": "WordLevel", "vocab": {}, "unk_token": ""}}


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
        self._long: dict[str, Any] = settings["long_text"]
        several = settings.get("multi_label")
        self._thresholds = np.array(several["thresholds"]) if several else None
        found = settings.get("calibration") or {}
        self._temperature, self._least = found.get("temperature", 1.0), found.get("min_probability") or 0.0
        state = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        recipe, state["normalizer"] = _apart(state["normalizer"])  # sentences are looked for between the two
        self._tokenizer = Tokenizer.from_str(json.dumps(state))
        self._recipe = Tokenizer.from_str(json.dumps({**_EMPTY, "normalizer": recipe})).normalizer
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._frame = frame_of(self._tokenizer, pairs=self.needs_target)
        self._padding: int = settings["onnx"]["padding"]
        self._reach: int = settings["onnx"]["reach"]
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=list(providers))
        self._inputs = [one.name for one in self._session.get_inputs()]

    @property
    def _target_first(self) -> bool:
        return bool(self._pair and self._pair["order"] == "target_first")

    @property
    def needs_target(self) -> bool:
        """Whether every text comes with a target."""
        return self._pair is not None

    def predict(
        self, texts: Sequence[str], targets: Sequence[str] | None = None, titles: Sequence[str | None] | None = None
    ) -> list[dict[str, Any]]:
        """Label and probabilities of each text; of a model that gives several, ``labels``, the most probable first.

        ``label`` is None where the best one is less probable than the model's own least probability. ``titles`` are set
        before their texts, as ``--title-column`` does in mujaz.
        """
        answers = []
        for row in self.probabilities(_titled(texts, titles), targets):
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
        told = [None] * len(texts) if targets is None else targets
        documents = [*zip(texts, told, strict=True)]
        found = [row for at in range(0, len(documents), BATCH) for row in self._pooled(documents[at : at + BATCH])]
        return np.array(found, dtype=np.float32).reshape(len(found), len(self.labels))

    def _pooled(self, documents: Sequence[tuple[str, str | None]]) -> Iterator[NDArray[np.floating]]:
        """Scores of texts, out of those of their windows."""
        cuts = [self._windows(*each) for each in documents]
        windows = [window for one in cuts for window in one]
        scores = np.concatenate([self._scores(windows[at : at + BATCH]) for at in range(0, len(windows), BATCH)])
        for of_one in np.split(scores, np.cumsum([len(one) for one in cuts])[:-1]):
            yield of_one.max(0) if self._long["pooling"] == "max" else of_one.mean(0, dtype=np.float64)

    def _scores(self, windows: Sequence[tuple[list[int], list[int]]]) -> NDArray[np.float32]:
        shape = len(windows), max(len(ids) for ids, _ in windows)
        given = {name: np.zeros(shape, dtype=np.int64) for name in ("attention_mask", "token_type_ids")}
        given["input_ids"] = np.full(shape, self._padding, dtype=np.int64)
        for row, (ids, types) in enumerate(windows):
            for name, values in (("input_ids", ids), ("token_type_ids", types), ("attention_mask", [1] * len(ids))):
                given[name][row, : len(ids)] = values
        return np.asarray(self._session.run(None, {name: given[name] for name in self._inputs})[0], dtype=np.float32)

    def _windows(self, text: str, target: str | None) -> list[tuple[list[int], list[int]]]:
        """Token ids and token types of each window of a text, its target repeated with each."""
        ends = self._long["policy"] == "windows" and self._long["pooling"] == "first+last"
        prepared = self._prepared(within(text, 2 * self._reach, both_ends=ends))
        prepared = within(prepared, self._reach, both_ends=ends)
        encoding = self._tokenizer.encode(prepared, add_special_tokens=False)
        ids, told = encoding.ids, None if target is None else self._target(target)
        room = self._frame.room(self._longest, len(told or ()))
        places = [(0, room)]
        if len(ids) > room and self._long["policy"] == "windows":
            starts = sorted(
                {place for place in map(encoding.char_to_token, sentence_starts(prepared)) if place is not None}
            )
            windows = cut(len(ids), room, starts, int(room * self._long["overlap"]))
            places = pick(windows, self._long["pooling"], self._long["max_windows"])
        parts = [ids[begin:end] for begin, end in places]
        if told is not None and self._target_first:
            return [self._frame.ids(told, part) for part in parts]
        return [self._frame.ids(part, told) for part in parts]

    def _prepared(self, text: str) -> str:
        return str(self._recipe.normalize_str(text)) if self._recipe is not None else text

    def _target(self, target: str) -> list[int]:
        """Token ids of a target, cut where it would take more than half of what the model reads."""
        told = self._prepared(self._pair["template"].replace("{target}", target) if self._pair else target)
        half, found = self._longest // 2, self._tokenizer.encode(told, add_special_tokens=False)
        if len(found.ids) <= half:
            return list(found.ids)
        short = told[: min(found.offsets[half - 1][1], found.offsets[half][0])]  # tokens of bytes may share a letter
        return list(self._tokenizer.encode(short, add_special_tokens=False).ids)


def _apart(normalizer: dict[str, Any] | None) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The text recipe, and the tokenizer's own normalizer behind it."""
    parts = normalizer["normalizers"] if normalizer and normalizer["type"] == "Sequence" else []
    if parts and parts[0]["type"] == "Sequence":
        return parts[0], parts[1] if len(parts) > 1 else None
    return None, normalizer


def _titled(texts: Sequence[str], titles: Sequence[str | None] | None) -> Sequence[str]:
    """Texts with their titles on a line before them, where they have one."""
    if titles is None:
        return texts
    return [f"{title}\n{text}" if title and title.strip() else text for title, text in zip(titles, texts, strict=True)]


def answers(classifier: Classifier, lines: TextIO, *, titles: bool = False) -> Iterator[dict[str, Any]]:
    """An answer for each line, or an ``error``."""
    for line in lines:
        title, text, target, whole = None, line.rstrip("\n"), None, True
        if titles:
            title, tabulator, text = text.partition("\t")
            whole = bool(tabulator)
        if classifier.needs_target:
            text, tabulator, target = text.rpartition("\t")
            whole = whole and bool(tabulator)
        if _is_damaged(line):
            yield {"error": "expected UTF-8"}
        elif not whole:
            parts = ["a title"] * titles + ["a text"] + ["its target"] * classifier.needs_target
            yield {"error": f"expected {', a tabulator and '.join(parts)}"}
        else:
            yield classifier.predict([text], None if target is None else [target], [title])[0]


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
    for answer in answers(Classifier(), sys.stdin, titles="--titles" in sys.argv[1:]):
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
