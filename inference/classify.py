"""Label every text of a corpus."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mujaz.errors import UsageError
from mujaz.inference.records import DEFAULT_COLUMNS, Columns, Record, text_problem
from mujaz.inference.runner import NO_HOOKS, Answer, Hooks, Progress, RunSummary, run
from mujaz.inference.sinks import open_sink
from mujaz.inference.sources import open_corpus

if TYPE_CHECKING:  # torch is imported only when all inputs are known to be good
    from mujaz.models.classifier import Classification, TextClassifier

# Records labelled and written at a time: enough to sort by length, few enough that stopping does not take long.
CHUNK = 1024


def classify_corpus(
    inputs: Sequence[str],
    out: str | None = None,
    *,
    model: TextClassifier | str | Path | None = None,
    columns: Columns = DEFAULT_COLUMNS,
    format: str | None = None,
    target: str | None = None,
    all_probabilities: bool = False,
    min_probability: float | None = None,
    min_precision: float | None = None,
    clean_article: bool = False,
    device: str = "auto",
    precision: str = "auto",
    engine: str = "auto",
    batch_tokens: int | None = None,
    ignore_recipe_mismatch: bool = False,
    force: bool = False,
    hooks: Hooks = NO_HOOKS,
) -> RunSummary:
    """Label the texts of a corpus, one line of output a record, in input order.

    Inputs and output are checked before the model is loaded. Lines have ``id``, ``label``, ``probability``, with
    ``all_probabilities`` also ``probabilities`` (an object; in CSV and Parquet a column ``p_LABEL`` each), ``error`` (null
    unless the record has no text), then the kept columns.

    Args:
        inputs: Files, folders, or "-" for standard input; see :func:`mujaz.inference.sources.open_corpus`.
        out: JSON Lines, CSV, TSV or Parquet by its suffix; None or "-" is JSON Lines on stdout.
        model: A classifier, or what :meth:`TextClassifier.from_pretrained` takes; None is the embedded topic model.
        columns: Which columns are read.
        format: The format of the inputs, where their suffix does not tell.
        target: The target of all texts, for a stance model; else ``columns.target`` names a column.
        all_probabilities: Write the probability of every label.
        min_probability: Below it the label is null, and the probability is still written. None takes the checkpoint's
            own; 0 labels every text.
        min_precision: Take the threshold from which on this share of labels was right on the model's dev data.
        clean_article: Strip dateline, byline and page leftovers off each text first.
        device: Where the model runs; not for a model already loaded.
        precision: What it computes in; not for a model already loaded.
        engine: ``auto``, ``torch`` or ``openvino``; not for a model already loaded.
        batch_tokens: Padded tokens a batch; None takes what suits the device.
        ignore_recipe_mismatch: Load a model whose text recipe is not the one this version has.
        force: Replace an output that exists.
        hooks: Progress and stopping.

    Returns:
        Counts, seconds and where the output lies.

    Raises:
        UsageError: An input, the output, the model or the target cannot be used, or the model never measured that precision.
        OutputError: The output cannot be written; what was written stays.
    """
    _check_one_target(target, columns)
    _check_one_threshold(min_probability, min_precision)
    records = open_corpus(inputs, columns, format=format, clean=article_cleaner() if clean_article else None)
    sink = open_sink(out, force=force, inputs=inputs)
    with closing(sink):
        if model is None or isinstance(model, str | Path):
            from mujaz.models.classifier import TextClassifier

            task: Literal["topic", "stance"] = "stance" if target or columns.target else "topic"
            model = TextClassifier.from_pretrained(
                model,
                task=task,
                device=device,
                precision=precision,
                engine=engine,
                ignore_recipe_mismatch=ignore_recipe_mismatch,
            )
        _check_target(model, target, columns)
        if min_precision is not None:
            min_probability = _threshold(model, min_precision)
        hooks.started("\n".join(line for line in (model.description, model.note) if line))
        job = ClassifyJob(
            model,
            target,
            all_probabilities,
            nested=sink.nested,
            batch_tokens=batch_tokens,
            min_probability=min_probability,
        )
        return run(records, job, sink, keep=columns.keep, hooks=hooks)


class ClassifyJob:
    """The runner's job of labelling: fields ``label``, ``probability`` and those of all probabilities."""

    chunk = CHUNK

    def __init__(
        self,
        classifier: TextClassifier,
        target: str | None,
        all_probabilities: bool,
        *,
        nested: bool,
        batch_tokens: int | None = None,
        min_probability: float | None = None,
    ) -> None:
        """Keep the settings; see :func:`classify_corpus`. ``nested``: the output takes an object as a value."""
        self.classifier, self.target = classifier, target
        self.options: dict[str, Any] = {"batch_tokens": batch_tokens, "min_probability": min_probability}
        self.all_probabilities, self.nested = all_probabilities, nested
        spread = ("probabilities",) if nested else tuple(f"p_{label}" for label in classifier.labels)
        self.fields = ("label", "probability", *(spread if all_probabilities else ()))

    def __call__(self, records: Sequence[Record], progress: Progress) -> list[Answer]:
        """Label records."""
        targets: Sequence[str] | str | None = self.target
        if self.classifier.needs_target and targets is None:
            targets = [record.target or "" for record in records]
        texts = [record.text for record in records]
        found = self.classifier.predict(texts, targets, **self.options, progress=progress)
        return [Answer(self._values(one), one.label, one.truncated, abstained=one.label is None) for one in found]

    def _values(self, found: Classification) -> tuple[Any, ...]:
        if not self.all_probabilities:
            return found.label, found.probability
        if self.nested:
            return found.label, found.probability, found.probabilities
        return found.label, found.probability, *(found.probabilities[label] for label in self.classifier.labels)


def article_cleaner() -> Any:
    """The function that strips dateline, byline and page leftovers off an article."""
    from mujaz.models.articles import clean_article

    return clean_article


def _check_one_threshold(min_probability: float | None, min_precision: float | None) -> None:
    if min_probability is not None and min_precision is not None:
        raise UsageError("expected a least probability or a least precision, found both. Leave one out.")
    for name, value in (("probability", min_probability), ("precision", min_precision)):
        if value is not None and not 0 <= value <= 1:
            raise UsageError(f"expected a least {name} from 0 to 1, found {value}.")


def _threshold(model: TextClassifier, precision: float) -> float:
    calibration = model.info.calibration
    if calibration is None:
        raise UsageError(
            "this model was never calibrated, so nobody knows how precise it is above which probability. "
            "Train it with dev data, or give a probability (--min-probability)."
        )
    return calibration.threshold_for(precision).min_probability


def _check_one_target(target: str | None, columns: Columns) -> None:
    if target is not None and columns.target is not None:
        raise UsageError("expected one target for all texts or a column of targets, found both. Leave one out.")
    problem = text_problem(target, "target") if target is not None else None
    if problem:
        raise UsageError(f"expected a target that is text, but {problem}.")


def _check_target(model: TextClassifier, target: str | None, columns: Columns) -> None:
    given = target is not None or columns.target is not None
    if model.needs_target and not given:
        raise UsageError(
            "this model labels the stance of a text toward a target. "
            "Give one target for all texts (--target TEXT) or the column that holds them (--target-column NAME)."
        )
    if given and not model.needs_target:
        raise UsageError(f"this model labels by {model.task} and takes no target. Leave the target out.")
