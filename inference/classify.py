"""Label every text of a corpus."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mujaz.errors import UsageError
from mujaz.inference.corpus import CorpusOptions, LoadedJob, answer_corpus, check_loading, without_cleaning
from mujaz.inference.records import DEFAULT_COLUMNS, Columns, Record
from mujaz.inference.runner import NO_HOOKS, Hooks, Item, Progress
from mujaz.inference.summary import Answer, RunSummary
from mujaz.models.texts import NOTHING_LEFT, text_problem

if TYPE_CHECKING:  # torch is imported only when all inputs are known to be good
    from mujaz.models.classifier import Classification, TextClassifier
    from mujaz.models.encoding import Document
    from mujaz.models.windows import LongText, Policy, Pooling

# Records labelled and written at a time: enough to sort by length, few enough that little is lost.
CHUNK = 512
_MOST_SEEN = 16 * CHUNK  # records held until there are enough good ones to calibrate on


@dataclass(frozen=True, slots=True)
class ClassifyOptions:
    """How a classifier is loaded and asked; None takes the checkpoint's own, or what suits the device.

    Attributes:
        target: The target of all texts, for a stance model; else a column holds them.
        all_probabilities: Write the probability of every label.
        min_probability: Below it the label is null, and the probability is still written; 0 labels every text.
        min_precision: Take the threshold from which on this share of labels was right on the model's dev data.
        long: Read long texts in windows, or their beginning alone.
        pooling: What becomes of several windows; not beside ``long="truncate"``.
        device: Where the model runs.
        precision: What it computes in.
        engine: ``auto``, ``torch`` or ``openvino``.
        batch_tokens: Padded tokens a batch.
        ignore_recipe_mismatch: Load a model whose text recipe is not the one this version has.
    """

    target: str | None = None
    all_probabilities: bool = False
    min_probability: float | None = None
    min_precision: float | None = None
    long: Policy | None = None
    pooling: Pooling | None = None
    device: str = "auto"
    precision: str = "auto"
    engine: str = "auto"
    batch_tokens: int | None = None
    ignore_recipe_mismatch: bool = False

    def check(self, columns: Columns) -> None:
        """Refuse what does not go together, before anything is read.

        Raises:
            UsageError: Says what.
        """
        if self.target is not None and columns.target is not None:
            raise UsageError("expected one target for all texts or a column of targets, found both. Leave one out.")
        problem = text_problem(self.target, "target") if self.target is not None else None
        if problem:
            raise UsageError(f"expected a target that is text, but {problem}.")
        if self.min_probability is not None and self.min_precision is not None:
            raise UsageError("expected a least probability or a least precision, found both. Leave one out.")
        if self.long == "truncate" and self.pooling is not None:
            raise UsageError(
                f"expected no pooling where long texts are cut (truncate), for there is one window, found {self.pooling}. "
                "Leave one out."
            )
        for name, value in (("probability", self.min_probability), ("precision", self.min_precision)):
            if value is not None and not 0 <= value <= 1:
                raise UsageError(f"expected a least {name} from 0 to 1, found {value}.")


def classify_corpus(
    inputs: Sequence[str],
    out: str | None = None,
    *,
    model: TextClassifier | str | Path | None = None,
    columns: Columns = DEFAULT_COLUMNS,
    format: str | None = None,
    clean_article: bool = False,
    force: bool = False,
    restart: bool = False,
    strict: bool = False,
    retry_errors: bool = False,
    shard: str | None = None,
    bom: bool = False,
    hooks: Hooks = NO_HOOKS,
    **options: Any,
) -> RunSummary:
    """Label the texts of a corpus, one line of output a record, in input order.

    Inputs and output are checked before the model is loaded. Lines have ``id``, ``label``, ``probability``, with
    ``all_probabilities`` also ``probabilities`` (an object; in CSV and Parquet a column ``p_LABEL`` each); of a model that
    gives several labels ``labels`` and their ``probabilities``; ``windows`` (in
    how many the text was read), ``error`` (null unless the record has no text), then the kept columns.

    Args:
        inputs: Files, folders, patterns, hub datasets, or "-" for standard input; see
            :func:`mujaz.inference.sources.open_corpus`.
        out: JSON Lines, CSV, TSV or Parquet by its suffix; None or "-" is JSON Lines on stdout.
        model: A classifier, or what :meth:`TextClassifier.from_pretrained` takes; None is the embedded topic model.
        columns: Which columns are read.
        format: The format of the inputs, where their suffix does not tell.
        clean_article: Strip dateline, byline and page leftovers off each text first.
        force: Replace an output that exists.
        restart: Drop the results of an unfinished run on the same output, instead of going on with it.
        strict: Stop at the first bad record.
        retry_errors: Do only the records that are errors in an output that exists.
        shard: Do one part of the corpus, ``2/4`` the second of four; see `mujaz.inference.shards`.
        bom: Begin CSV or TSV with a byte order mark, for Excel on Windows.
        hooks: Progress and stopping.
        **options: Those of :class:`ClassifyOptions`; of a classifier that is given loaded none that say how it is loaded. It
            stays as it is: ``long`` and ``pooling`` are for this corpus.

    Returns:
        Counts, seconds and where the output lies.

    Raises:
        UsageError: An input, the output, the model or the target cannot be used, or the model never measured that precision.
        OutputError: The output cannot be written; what was written stays.
    """
    how = ClassifyOptions(**options)
    how.check(columns)
    check_loading(model, how)
    reading = CorpusOptions(columns, format, clean_article, force, restart, strict, retry_errors, shard, bom)

    def load(nested: bool) -> LoadedJob:
        job = load_classify_job(model, how, columns, nested=nested)
        job.classifier = without_cleaning(job.classifier) if clean_article else job.classifier
        return job

    return answer_corpus(inputs, out, load, reading, hooks=hooks)


def load_classify_job(
    model: TextClassifier | str | Path | None,
    options: ClassifyOptions,
    columns: Columns,
    *,
    nested: bool,
) -> ClassifyJob:
    """Load a model for labelling a corpus.

    Args:
        model: A classifier, or what :meth:`TextClassifier.from_pretrained` takes.
        options: How it is loaded and asked.
        columns: Whether there is a column of targets.
        nested: Whether the output takes an object as a value.

    Raises:
        UsageError: The model cannot be used, or does not go with the target.
    """
    if model is None or isinstance(model, str | Path):
        from mujaz.models.classifier import TextClassifier

        model = TextClassifier.from_pretrained(
            model,
            task=_task(model, target=bool(options.target or columns.target)),
            device=options.device,
            precision=options.precision,
            engine=options.engine,
            ignore_recipe_mismatch=options.ignore_recipe_mismatch,
        )
    if options.long or options.pooling:
        model = copy.copy(model)  # the caller's reads on as it did
        model.read_long(_long_text(model, options))
    _check_target(model, options.target, columns)
    return ClassifyJob(model, options, nested=nested)


def _task(model: str | Path | None, *, target: bool) -> Literal["topic", "stance"] | None:
    """What a model is loaded for: None where it says that itself.

    A target tells what an embedded model is wanted for, and one that does not say what it is. Of any other the target that
    is missing or too many is named when the model is known, see :func:`_check_target`.
    """
    if model is None or not target:
        return "stance" if target else "topic" if model is None else None
    from mujaz.models.checkpoint import locate, read_info

    return None if read_info(locate(model)) else "stance"


class ClassifyJob:
    """The runner's job of labelling: fields ``label``, ``probability``, those of all probabilities, and ``windows``."""

    chunk = CHUNK

    def __init__(self, classifier: TextClassifier, options: ClassifyOptions, *, nested: bool) -> None:
        """Keep the settings; see :func:`load_classify_job`."""
        self.classifier, self.options, self.nested = classifier, options, nested
        spread = ("probabilities",) if nested else tuple(f"p_{label}" for label in classifier.labels)
        all_of_them = spread if options.all_probabilities else ()
        self.fields: tuple[str, ...] = ("label", "probability", *all_of_them, "windows")
        if classifier.multi_label:
            self.fields = ("labels", *(all_of_them or ("probabilities",)), "windows")
        self.least = options.min_probability
        if options.min_precision is not None:
            self.least = _threshold(classifier, options.min_precision)

    @property
    def description(self) -> str:
        """Lines on what runs where."""
        return "\n".join(line for line in (self.classifier.description, self.classifier.note, self._basis) if line)

    @property
    def _basis(self) -> str:
        """What a least precision stands on."""
        calibration = self.classifier.info.calibration
        own = calibration.min_precision if calibration and self.least is None else None
        wanted = self.options.min_precision if self.options.min_precision is not None else own
        if calibration is None or not wanted or (own and calibration.min_probability is None):
            return ""
        threshold = calibration.threshold_for(wanted)
        return f"below {threshold.min_probability:.4f} no label: {calibration.basis(threshold)}"

    @property
    def kinds(self) -> dict[str, type]:
        """Types of the fields that are numbers."""
        spread = {f"p_{label}": float for label in self.classifier.labels}
        numbers: dict[str, type] = {"probability": float, "windows": int, **spread}
        return {name: numbers[name] for name in self.fields if name in numbers}

    @property
    def expects_titles(self) -> bool:
        """Whether the model hardly learnt from a text without a title."""
        return self.classifier.info.expects_titles

    @property
    def by_target(self) -> bool:
        """Whether each record is to have a target of its own."""
        return self.classifier.needs_target and self.options.target is None

    @property
    def asked(self) -> dict[str, Any]:
        """What the labels depend on."""
        options = {
            "target": self.options.target,
            "all_probabilities": self.options.all_probabilities,
            "min_probability": self.least,
            "batch_tokens": self.options.batch_tokens,
        }
        return {**self.classifier.identity, "options": options}

    def calibrated(self, records: Iterator[Item]) -> Iterator[Item]:
        """The records, after a look at as many as a chunk holds where the engine waits for texts.

        A chunk of long texts ends earlier, and holds too few; where it ends must not depend on what is converted already.
        """
        if not self.classifier.engine.waits:
            return records
        seen: list[Item] = []
        good: list[Record] = []
        while len(good) < CHUNK and len(seen) < _MOST_SEEN and (item := next(records, None)) is not None:
            seen.append(item)
            good += [item] if isinstance(item, Record) and (item.target or not self.by_target) else []
        windows = [window for document in self.prepare(good) for window in document.windows] if good else []
        if windows:
            self.classifier.engine = self.classifier.engine.ready(windows)
        return chain(seen, records)

    def prepare(self, records: Sequence[Record]) -> list[Document]:
        """Encode texts."""
        targets: Sequence[str] | str | None = self.options.target
        if self.by_target:
            targets = [record.target or "" for record in records]
        return self.classifier.documents([record.text for record in records], targets)

    def compute(self, prepared: list[Document], progress: Progress) -> list[Answer]:
        """Label texts."""
        found = self.classifier.predict_documents(
            prepared, min_probability=self.least, batch_tokens=self.options.batch_tokens, progress=progress
        )
        return [self._answer(*pair) for pair in zip(found, prepared, strict=True)]

    def _answer(self, found: Classification, document: Document) -> Answer:
        if not found.tokens:  # a model says of nothing what it says of anything
            return Answer((None,) * len(self.fields), problem=NOTHING_LEFT)
        if found.labels is not None:
            return self._several(found, found.labels, document)
        values: tuple[Any, ...] = (found.label, found.probability)
        if self.options.all_probabilities:
            spread = [found.probabilities[label] for label in self.classifier.labels]
            values += (found.probabilities,) if self.nested else tuple(spread)
        counts = (found.tokens, found.dropped, found.windows)
        return Answer((*values, found.windows), {"label": found.label}, *counts, document.changes)

    def _several(self, found: Classification, labels: tuple[str, ...], document: Document) -> Answer:
        """Labels and their probabilities side by side: a list and an object, or for CSV two strings with | between."""
        chosen = {label: found.probabilities[label] for label in labels}
        if self.nested:
            given = found.probabilities if self.options.all_probabilities else chosen
            values: tuple[Any, ...] = (list(labels), given)
        elif self.options.all_probabilities:
            values = ("|".join(labels), *(found.probabilities[label] for label in self.classifier.labels))
        else:
            values = ("|".join(labels), "|".join(f"{p:.4f}" for p in chosen.values()))
        counts = (found.tokens, found.dropped, found.windows)
        return Answer((*values, found.windows), {"label": labels}, *counts, document.changes)


def _long_text(model: TextClassifier, options: ClassifyOptions) -> LongText:
    asked = {"policy": options.long, "pooling": options.pooling}
    if options.pooling and not options.long:
        asked["policy"] = "windows"
    return model.encoder.long.model_copy(update={key: value for key, value in asked.items() if value})


def _threshold(model: TextClassifier, precision: float) -> float:
    if model.multi_label:
        raise UsageError(
            "a least precision is for models that give one label, and this one gives several, each from a threshold of its "
            "own. Leave it out, or give one threshold for all (--min-probability)."
        )
    calibration = model.info.calibration
    if calibration is None:
        raise UsageError(
            "this model was never calibrated, so nobody knows how precise it is above which probability. "
            "Train it with dev data, or give a probability (--min-probability)."
        )
    return calibration.threshold_for(precision).min_probability


def _check_target(model: TextClassifier, target: str | None, columns: Columns) -> None:
    given = target is not None or columns.target is not None
    if model.needs_target and not given:
        raise UsageError(
            "this model labels the stance of a text toward a target. "
            "Give one target for all texts (--target TEXT) or the column that holds them (--target-column NAME)."
        )
    if given and not model.needs_target:
        raise UsageError(f"this model labels by {model.task} and takes no target. Leave the target out.")
