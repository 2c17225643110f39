"""Several questions in one pass over a corpus: each record carries the answers of all models."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mujaz.errors import UsageError
from mujaz.inference.classify import ClassifyJob, ClassifyOptions, load_classify_job
from mujaz.inference.corpus import CorpusOptions, LoadedJob, answer_corpus, without_cleaning
from mujaz.inference.failures import no_records_fault
from mujaz.inference.records import Columns, Record
from mujaz.inference.runner import NO_HOOKS, Hooks, Item, Progress
from mujaz.inference.summary import Answer, RunSummary

if TYPE_CHECKING:
    from mujaz.models.summary_options import Generation

DEFAULT_OPTIONS = CorpusOptions()
DEFAULT_ASKING = ClassifyOptions()
NO_TARGET = "the target is missing, or no text, which a model needs"


def answer_several(
    inputs: Sequence[str],
    out: str | None,
    models: Mapping[str, str],
    options: CorpusOptions = DEFAULT_OPTIONS,
    asking: ClassifyOptions = DEFAULT_ASKING,
    *,
    generation: Generation | None = None,
    hooks: Hooks = NO_HOOKS,
) -> RunSummary:
    """Have several models answer each record of a corpus, which is read and cleaned once.

    The fields of a model begin with its name: ``topic``, ``topic_probability``, ``topic_windows``; ``summary``,
    ``summary_score`` and so on. A record without a target that one of them needs is an error, and has the others' answers.

    Args:
        inputs: See :func:`mujaz.inference.sources.open_corpus`.
        out: See :func:`mujaz.inference.sinks.open_sink`.
        models: Name in the output -> folder, embedded model or hub id; classifiers and summarizers.
        options: How the corpus is read and the output written.
        asking: How the models are loaded and asked; a target goes to those that need one.
        generation: How the summarizers among them write; None: as each does by itself.
        hooks: Progress and stopping.

    Raises:
        UsageError: An input, the output or a model cannot be used.
        OutputError: The output cannot be written; what was written stays.
    """
    asking.check(options.columns)
    if generation is not None:
        generation.check()
    nameless = [name for name, model in models.items() if not model.strip()]
    if nameless:
        raise UsageError(
            f"expected a model (a folder, an embedded model or a hub id) for '{nameless[0]}', found nothing. Name it: "
            f"{nameless[0]}=MODEL."
        )

    def load(nested: bool) -> LoadedJob:
        jobs = {name: _load(model, asking, options, generation, nested) for name, model in models.items()}
        _check_asked(asking, options.columns, generation, jobs.values())
        return SeveralJob(jobs)

    options = replace(options, columns=replace(options.columns, target_optional=True))
    return answer_corpus(inputs, out, load, options, hooks=hooks)


# Options of labelling, which a summarizer has no use for.
_OF_CLASSIFIERS = ("all_probabilities", "min_probability", "min_precision", "long", "pooling")


def _check_asked(
    asking: ClassifyOptions, columns: Columns, generation: Generation | None, jobs: Collection[LoadedJob]
) -> None:
    """Refuse what none of the models can do, rather than pass over it.

    Raises:
        UsageError: Says what.
    """
    classifiers = [job.classifier for job in jobs if isinstance(job, ClassifyJob)]
    if generation is not None and len(classifiers) == len(jobs):
        raise UsageError("none of these models summarizes. Leave the length out, or add a summarizer.")
    given = asking.target is not None or columns.target is not None
    if given and not any(classifier.needs_target for classifier in classifiers):
        raise UsageError("none of these models takes a target. Leave the target out, or add a stance model.")
    idle = [name for name in _OF_CLASSIFIERS if getattr(asking, name) not in (None, False)]
    if idle and not classifiers:
        raise UsageError(f"none of these models labels texts. Leave {', '.join(idle)} out, or add a classifier.")


def named_models(models: Sequence[str]) -> dict[str, str]:
    """Models given as ``NAME=MODEL``, or as models alone, which are called like their folder.

    Raises:
        UsageError: Two have the same name.
    """
    named: dict[str, str] = {}
    for given in models:
        name, sign, model = given.partition("=")
        if not sign or os.path.isdir(given):  # a folder's name may have a sign of its own: lr=3e-4
            name, model = "", given
        name = name or Path(model).name
        if model and name in ("", ".."):  # a dot has no name, and its folder has
            name = Path(model).resolve().name
        if name in named:
            raise UsageError(f"two models are called '{name}'. Name them: --model first={named[name]} --model …")
        named[name] = model
    return named


def _load(
    model: str, asking: ClassifyOptions, reading: CorpusOptions, generation: Generation | None, nested: bool
) -> LoadedJob:
    from mujaz.models.auto import load_model
    from mujaz.models.checkpoint import locate, read_info
    from mujaz.models.classifier import TextClassifier

    columns = reading.columns
    stance = asking.target is not None or columns.target is not None
    loading: dict[str, Any] = {"device": asking.device, "precision": asking.precision, "engine": asking.engine}
    # openvino is of classifiers alone
    loading["summary_engine"] = "auto" if asking.engine == "openvino" else asking.engine
    loaded = load_model(model, ignore_recipe_mismatch=asking.ignore_recipe_mismatch, **loading)
    if not isinstance(loaded, TextClassifier):
        from mujaz.inference.summarize import SummarizeJob
        from mujaz.models.summary_options import DEFAULT_GENERATION

        writer = without_cleaning(loaded) if reading.clean_article else loaded
        writing = generation or DEFAULT_GENERATION
        return SummarizeJob(writer, replace(writing, batch_tokens=asking.batch_tokens or writing.batch_tokens))
    if stance and read_info(locate(model)) is None:
        raise UsageError(
            f"{model} has no mujaz.json, so whether it labels topics or the stance toward the target is not known. Run it "
            "by itself: it is taken for a stance model where a target is given, for a topic model where none is."
        )
    if not (stance and loaded.needs_target):
        asking, columns = replace(asking, target=None), replace(columns, target=None)
    reader = without_cleaning(loaded) if reading.clean_article else loaded
    return load_classify_job(reader, asking, columns, nested=nested)


class SeveralJob:
    """Jobs side by side; the first field of each is called by its name, the others begin with it."""

    def __init__(self, jobs: Mapping[str, LoadedJob]) -> None:
        """Keep the jobs, by name.

        Raises:
            UsageError: Two fields would have one name.
        """
        self.jobs = dict(jobs)
        self.chunk = min(job.chunk for job in self.jobs.values())
        fields: list[str] = []
        self.kinds: dict[str, type] = {}
        for name, job in self.jobs.items():
            names = {field: name if place == 0 else f"{name}_{field}" for place, field in enumerate(job.fields)}
            fields += names.values()
            self.kinds |= {names[field]: kind for field, kind in job.kinds.items()}
        self.fields: tuple[str, ...] = tuple(fields)
        counts = Counter(("id", "error", *fields))
        twice = sorted(name for name, count in counts.items() if count > 1)
        if twice:
            raise UsageError(
                f"two fields of a line would be called '{twice[0]}', by the names of the models ({', '.join(self.jobs)}; "
                "each line has an id and an error besides). Name them otherwise: --model NAME=MODEL."
            )

    @property
    def description(self) -> str:
        """Lines on what runs where."""
        return "\n".join(job.description for job in self.jobs.values())

    @property
    def expects_titles(self) -> bool:
        """Whether one of the models hardly learnt from a text without a title."""
        return any(job.expects_titles for job in self.jobs.values())

    @property
    def asked(self) -> dict[str, Any]:
        """What the answers depend on."""
        return {name: dict(job.asked) for name, job in self.jobs.items()}

    def calibrated(self, records: Iterator[Item]) -> Iterator[Item]:
        """The records, after the look at the first of them that each job needs."""
        for job in self.jobs.values():
            records = job.calibrated(records)
        return records

    def prepare(self, records: Sequence[Record]) -> list[tuple[list[bool], Any]]:
        """Which of the records each job is asked (not those without a target that it needs), and what it makes of them."""
        made = []
        for name, job in self.jobs.items():
            by_target = isinstance(job, ClassifyJob) and job.by_target
            asked = [not by_target or record.target is not None for record in records]
            own = [record for record, yes in zip(records, asked, strict=True) if yes]
            made.append((asked, _tried(name, len(records), partial(job.prepare, own)) if own else None))
        return made

    def compute(self, prepared: list[tuple[list[bool], Any]], progress: Progress) -> list[Answer]:
        """The answers of all jobs; a record counts as done when the last of them has answered it.

        Of one record alone, on which some of the jobs fail, the others' answer is given; see :attr:`Answer.failure`.
        """
        tells = [*[lambda done: None] * (len(prepared) - 1), progress]
        found: list[list[Answer]] = []
        for (name, job), (asked, own), tell in zip(self.jobs.items(), prepared, tells, strict=True):
            said = own if any(asked) else []
            if any(asked) and not isinstance(own, Exception):
                said = _tried(name, len(asked), partial(job.compute, own, tell))
            nothing = (None,) * len(job.fields)
            answers = [Answer(nothing, failure=said)] if isinstance(said, Exception) else said
            if len(answers) != sum(asked):  # would shift all answers after it
                raise ValueError(f"{name}: expected {sum(asked)} answers, found {len(answers)}")
            given = iter(answers)
            found.append([next(given) if yes else Answer(nothing, problem=NO_TARGET) for yes in asked])
        return [self._together(answers) for answers in zip(*found, strict=True)]

    def _together(self, answers: Sequence[Answer]) -> Answer:
        """One answer with all values; what the text was like is said by the first.

        A text of which only some of the models are left nothing has their values null; one without a target that some of
        them need is an error as well.
        """
        untold = any(one.problem == NO_TARGET for one in answers)
        labels = {name: label for name, one in zip(self.jobs, answers, strict=True) for label in one.labels.values()}
        return Answer(
            tuple(value for one in answers for value in one.values),
            labels,
            changes=answers[0].changes,
            faults={kind for one in answers for kind in one.faults},
            notes={kind for one in answers for kind in one.notes},
            parts=dict(zip(self.jobs, answers, strict=True)),
            problem=NO_TARGET if untold else None if any(not one.problem for one in answers) else answers[0].problem,
            failure=next((one.failure for one in answers if one.failure), None),
        )


def _tried(name: str, count: int, work: Callable[[], Any]) -> Any:
    """What a model does with records; for one alone, what it raised: the others may answer it all the same."""
    try:
        return work()
    except Exception as error:
        error.add_note(f"model '{name}'")
        if count > 1 or no_records_fault(error):
            raise
        return error
