"""Score a model on labelled data, through the same code that labels and summarizes a corpus."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import orjson
from pydantic import ValidationError

from mujaz.configs.data_schema import ColumnsConfig
from mujaz.errors import DataError, OutputError, UsageError
from mujaz.models.auto import load_model
from mujaz.models.checkpoint import Task
from mujaz.models.classifier import TextClassifier
from mujaz.models.multi_label import untuned
from mujaz.models.summarizer import Summarizer
from mujaz.training.calibration import label_ids, probability_metrics
from mujaz.training.data import Example, check_labels, read_examples
from mujaz.training.label_sets import label_matrix
from mujaz.training.metrics import ClassificationMetric, Rouge, SummaryQuality
from mujaz.training.metrics.resampling import label_intervals, label_set_intervals
from mujaz.training.metrics.scoring import signature
from mujaz.training.renaming import renamed, without_outliers
from mujaz.training.resume import CONFIG_FILE, METRICS_FILE, saved_config
from mujaz.training.stance import stance_metrics
from mujaz.training.trained_texts import seen, text_id
from mujaz.whole_files import write_whole

PREDICTIONS_FILE = "predictions.jsonl"
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Evaluation:
    """Scores of a model on labelled data.

    Attributes:
        task: Of the model.
        rows: How many texts were scored.
        metrics: Classification: accuracy, macro_f1 … and per_class, of the most probable labels, whether the model would
            abstain or not, and probabilities (how honest they are); where a text can have several labels, what
            :func:`mujaz.training.multi_label.multi_label_scores` says; stance also what
            :func:`mujaz.training.stance.stance_metrics` says; summary: rouge1, rouge2, rougeL, rougeLsum (F1,
            0-100), tokenization (how their words were made) and quality (checks against the article). All tasks:
            intervals, the 95 % bounds of the scores, by drawing the texts again.
        predictions: One a row, in order: file and row that it was read from, target, reference and what the model said,
            and ``text_id``, by which the same text is known in another run without being told.
        trained_on: How many of the rows the model was trained on, as far as its folder tells.
        left_out: How many rows could not be used, and are not scored.
    """

    task: str
    rows: int
    metrics: dict[str, Any]
    predictions: list[dict[str, Any]]
    trained_on: int = 0
    left_out: int = 0

    def save(self, folder: Path) -> None:
        """Write ``metrics.json`` and ``predictions.jsonl``.

        Raises:
            OutputError: the folder cannot be written.
        """
        self.save_predictions(folder)
        counts = {"rows": self.rows, "trained_on": self.trained_on, "left_out": self.left_out}
        summary = {"task": self.task, **counts, "metrics": self.metrics}
        write_whole(folder / METRICS_FILE, orjson.dumps(summary, option=orjson.OPT_INDENT_2) + b"\n")

    def save_predictions(self, folder: Path) -> None:
        """Write ``predictions.jsonl``, a line a text; :mod:`mujaz.training.compare` reads it.

        Raises:
            OutputError: the folder cannot be written.
        """
        lines = b"".join(orjson.dumps(row) + b"\n" for row in self.predictions)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder} cannot be made: {error.strerror or error}") from error
        write_whole(folder / PREDICTIONS_FILE, lines)


def check_empty(folder: Path, *, force: bool) -> None:
    """Refuse to write scores over those of a training, or of an earlier evaluation unless that is wanted.

    Raises:
        UsageError: there are some.
    """
    if (folder / CONFIG_FILE).exists():
        raise UsageError(f"{folder} holds a training and its own scores. Give --out another folder.")
    if (folder / METRICS_FILE).exists() and not force:
        raise UsageError(f"{folder} holds an evaluation already. Give --force to replace it, or --out another folder.")


def evaluate(
    model: TextClassifier | Summarizer | str | Path,
    data: str | Path | Iterable[str | Path | Mapping[str, Any] | Example],
    *,
    columns: ColumnsConfig | Mapping[str, str] | None = None,
    rename: Mapping[str, str | None] | None = None,
    outliers: Sequence[str] = (),
    skip_unusable: bool = False,
    progress: Progress | None = None,
) -> Evaluation:
    """Score a model.

    Args:
        model: A classifier or summarizer, or its name as in :func:`mujaz.models.auto.load_model`.
        data: Files, folders or a hub dataset; rows as dictionaries; or examples already read.
        columns: How the columns are called, as in a config: ``{"text": "body"}``.
        rename: Labels of the data that the model calls otherwise, and how: ``{"agree": "favor"}``; None leaves its rows out.
        outliers: Labels of the data that stand for none of the model's: how much less sure the model is of their texts is
            told apart (``probabilities``), and no score counts them. So are examples without a label.
        skip_unusable: Leave out rows without a text or an answer; ``left_out`` says how many.
        progress: Called with the number of texts done, batch by batch.

    Raises:
        UsageError: the model or the data is of another kind.
        DataError: the data cannot be read, or has a label that the model does not have.
    """
    if isinstance(model, str | Path):
        model = load_model(model)
    if not isinstance(model, TextClassifier | Summarizer):
        raise UsageError(
            f"evaluate expects a TextClassifier, a Summarizer or the name of one, found {type(model).__name__}."
        )
    if outliers and (isinstance(model, Summarizer) or model.multi_label):
        raise UsageError("outliers are for classifiers that give one label a text: leave them out.")
    if not isinstance(rename or {}, Mapping):
        raise UsageError(f'rename: expected a dictionary like {{"agree": "favor"}}, found {type(rename).__name__}.')
    skipped: list[DataError] | None = [] if skip_unusable else None
    examples = renamed(_examples(data, model, _columns(columns), skipped), rename or {})
    if not examples:
        raise DataError("rename leaves out the labels of all rows: there is nothing to score")
    kept, others = without_outliers(examples, outliers)
    if not kept:
        raise DataError("all rows are outliers: there is nothing to score")
    if isinstance(model, Summarizer):
        found = _evaluate_summaries(model, kept, progress)
    else:
        found = _evaluate_labels(model, [*kept, *others], progress)
    known = seen([model.folder] if model.folder else [], kept)
    return replace(found, trained_on=known, left_out=len(skipped or ()))


def _columns(given: ColumnsConfig | Mapping[str, str] | None) -> ColumnsConfig:
    try:
        return ColumnsConfig.model_validate(given or {})
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or type(given).__name__
        known = ", ".join(ColumnsConfig.model_fields)
        raise UsageError(f"columns: {where}: {fault['msg']}. Expected names of columns for some of {known}.") from error


def _examples(
    data: Any, model: TextClassifier | Summarizer, columns: ColumnsConfig, skipped: list[DataError] | None
) -> list[Example]:
    """Labelled texts, in whichever of the ways they were given."""
    listed = isinstance(data, Iterable) and not isinstance(data, str | Mapping) and not hasattr(data, "columns")
    given = list(data) if listed else [data]
    if given and all(isinstance(one, Example) for one in given):
        return given
    for one in given:
        if not isinstance(one, str | Path | Mapping):
            how = ": give its rows, data.to_dict('records')" if hasattr(one, "columns") else ""
            raise UsageError(
                "evaluate expects files, folders or a hub dataset, or a list of rows like "
                f'{{"text": …, "label": …}}, found {type(one).__name__}{how}.'
            )
    return read_examples(given, cast("Task", model.info.task), columns, skipped=skipped)


def _evaluate_labels(model: TextClassifier, examples: list[Example], progress: Progress | None) -> Evaluation:
    if model.multi_label:
        return _evaluate_label_sets(model, examples, progress)
    outliers = [e for e in examples if e.label is None]
    examples = [e for e in examples if e.label is not None]
    _check_labels(examples, model)
    asked = [*examples, *outliers]
    targets = [e.target or "" for e in asked] if model.needs_target else None
    results = model.predict([e.text for e in asked], targets, progress=progress)
    results, rest = results[: len(examples)], results[len(examples) :]
    references = label_ids(examples, model.labels)
    index = {label: i for i, label in enumerate(model.labels)}
    found = np.array([index[r.best] for r in results], dtype=np.int64)
    metrics: dict[str, Any] = dict(
        ClassificationMetric().compute(predictions=found.tolist(), references=references.tolist(), labels=model.labels)
        or {}
    )
    metrics["intervals"] = label_intervals(references, found, model.labels)
    probabilities, of_rest = (np.array([list(r.probabilities.values()) for r in part]) for part in (results, rest))
    metrics["probabilities"] = probability_metrics(probabilities, references, model.info.calibration, of_rest)
    if model.needs_target:
        metrics |= stance_metrics(model, examples, references, found)
    predictions = [
        {
            **_source(e),
            "reference": e.label,
            "prediction": r.best,
            "probability": r.probabilities[r.best],  # not 0, where the recipe left nothing of the text: it is scored
            "probabilities": r.probabilities,
        }
        for e, r in zip(examples, results, strict=True)
    ]
    return Evaluation(model.task, len(examples), metrics, predictions)


def _check_labels(examples: list[Example], model: TextClassifier) -> None:
    """Refuse labels that the model does not have; where its training renamed them, say how."""
    try:
        check_labels(examples, model.labels)
    except DataError as error:
        names = _trained_names(model.folder) if model.folder else {}
        unknown = {e.label for e in examples if e.label not in model.labels}
        known = [shlex.quote(f"{old}={new or ''}") for old, new in names.items() if old in unknown]
        if known:
            raise DataError(f"{error}. As the model's training did it: --rename {' --rename '.join(known)}") from error
        raise


def _trained_names(folder: Path) -> dict[str, str | None]:
    """Old name -> new name, as the config of the training says that left this checkpoint; none where none is there."""
    try:
        names = saved_config(folder / CONFIG_FILE)["data"]["rename"]
    except (OSError, UsageError, KeyError, TypeError):
        return {}
    return names if isinstance(names, dict) else {}


def _source(example: Example) -> dict[str, Any]:
    """By which a row is found again."""
    target = {} if example.target is None else {"target": example.target}
    return {"file": example.file, "row": example.row, "text_id": text_id(example), **target}


def _evaluate_label_sets(model: TextClassifier, examples: list[Example], progress: Progress | None) -> Evaluation:
    from mujaz.training.multi_label import multi_label_scores, references_of

    check_labels(examples, model.labels, several=True)
    results = model.predict([e.text for e in examples], progress=progress)
    found = label_matrix([r.labels or () for r in results], model.labels)
    references = references_of(examples, model.labels)
    scores = multi_label_scores(references, found, model.labels)
    known = model.info.multi_label or untuned(len(model.labels))
    for one, threshold in zip(scores["per_class"].values(), known.thresholds, strict=True):
        one["threshold"] = threshold
    metrics = {"multi_label": True, **scores, "intervals": label_set_intervals(references, found, model.labels)}
    predictions = [
        {
            **_source(e),
            "reference": list(e.labels or ()),
            "prediction": sorted(r.labels or ()),
            "probabilities": r.probabilities,
        }
        for e, r in zip(examples, results, strict=True)
    ]
    return Evaluation(model.task, len(examples), metrics, predictions)


def _evaluate_summaries(model: Summarizer, examples: list[Example], progress: Progress | None) -> Evaluation:
    results = model.summarize([e.text for e in examples], progress=progress)
    references = [e.summary or "" for e in examples]
    texts = [r.text for r in results]
    rouge = Rouge().compute(predictions=texts, references=references, confidence=True) or {}
    intervals = rouge.pop("confidence")
    quality = SummaryQuality().compute(predictions=texts, sources=[e.text for e in examples])
    metrics = {**rouge, "tokenization": signature(), "quality": quality, "intervals": intervals}
    predictions = [
        {**_source(e), "reference": e.summary, "prediction": r.text} for e, r in zip(examples, results, strict=True)
    ]
    return Evaluation("summary", len(examples), metrics, predictions)
