"""A training that is ready to run: data read, model loaded or made, texts tokenized."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset

from mujaz.configs.schema import TrainConfig
from mujaz.errors import UsageError
from mujaz.models.checkpoint import CheckpointInfo, read_info
from mujaz.models.multi_label import untuned
from mujaz.models.recipes import Tally
from mujaz.models.saving import library_versions
from mujaz.training.arguments import selects, total_steps, trains_in_bfloat16
from mujaz.training.augmentation import augmented
from mujaz.training.checks import quick_check
from mujaz.training.data import Example, Splits, load_splits, targets_again
from mujaz.training.encoded import Collator, encode_classification, encode_summaries
from mujaz.training.label_sets import listing
from mujaz.training.lora import trained_parameters
from mujaz.training.memory import BatchFit, fit_batch
from mujaz.training.processes import count, first_alone
from mujaz.training.provenance import data_info, titled_share, train_sources
from mujaz.training.resume import finished_metrics
from mujaz.training.selection import encode_selection, selection_info
from mujaz.training.start import Start, start_from
from mujaz.training.trained_texts import learnt_before

LOW_FOR_LORA = 1e-4  # below it adapters hardly move: they begin at zero, and there are few of them


@dataclass(frozen=True)
class Plan:
    """The size of a training job, before any of it is done; ``parameters`` and ``trained`` count numbers."""

    rows: dict[str, int]
    labels: list[str]
    labels_line: str
    prefix_line: str
    remembered: float
    steps: int
    parameters: int
    trained: int
    max_length: int
    recipe: str
    bfloat16: bool
    processes: int
    copies: int
    made: str
    unlabelled: int
    outliers: int
    truncated: float
    summaries_cut: float
    max_target_length: int
    prepared: Tally
    batch: str
    note: str

    def lines(self) -> list[str]:
        """For people."""
        rows = ", ".join(f"{count:,} {split}" for split, count in self.rows.items())
        return [
            f"rows: {rows}"
            + (f"; {self.unlabelled:,} that the teacher alone labels" if self.unlabelled else "")
            + (f"; {self.outliers:,} that have none of the labels" if self.outliers else "")
            + (f"; {self.copies:,} {self.made}" if self.copies else ""),
            *([f"labels: {listing(self.labels)}"] if self.labels else []),
            *([self.labels_line] if self.labels_line else []),
            f"model: {self.parameters / 1e6:.1f} M parameters, recipe {self.recipe}, up to {self.max_length} tokens "
            f"({self.truncated:.1%} of the training texts are longer and will be cut)",
            *([] if self.trained == self.parameters else [self._trained_line()]),
            *([self._cut_line()] if self.summaries_cut else []),
            *([self.prefix_line] if self.prefix_line else []),
            *([self._remembered_line()] if self.remembered else []),
            f"text: {self.prepared.line()}",
            *([self.batch] if self.batch else []),
            f"training: {self.steps:,} steps in {'bfloat16' if self.bfloat16 else 'float32'}"
            + (f", {self.processes} processes" if self.processes > 1 else ""),
            *([self.note] if self.note else []),
        ]

    def _remembered_line(self) -> str:
        return f"start: its own answers are {self.remembered:.0%} of what is learnt of the labels that it knew"

    def _cut_line(self) -> str:
        return (
            f"summaries: {self.summaries_cut:.1%} of the training summaries are longer than {self.max_target_length} tokens "
            "and will be cut, so that it learns to stop there: raise model.max_target_length"
        )

    def _trained_line(self) -> str:
        share = self.trained / self.parameters
        return f"trained: {self.trained / 1e6:.2f} M of {self.parameters / 1e6:.1f} M parameters ({share:.1%})"


@dataclass(frozen=True)
class Job:
    """A training that is ready to run."""

    config: TrainConfig
    splits: Splits
    start: Start
    train: Any  # datasets.Dataset, with the shorter copies of data.augmentation
    dev: Any  # datasets.Dataset or None
    unlabelled: Sequence[Example] = ()  # those in train that a teacher alone says something of, without their copies
    fit: BatchFit | None = None  # where training.batch_size was auto; the config has the number

    def learnt(self) -> list[Example]:
        """All that is learnt, with the shorter copies of data.augmentation."""
        parts = (self.splits.train, self.splits.outliers, self.unlabelled)
        return [e for part in parts for e in augmented(part, self.config.data.augmentation, self.config.training.seed)]

    def plan(self) -> Plan:
        """Its size."""
        whole_texts = self.config.training.whole_texts and selects(self.config, self.start.model)
        rows = {"train": len(self.splits.train), "dev": len(self.splits.dev), "test": len(self.splits.test)}
        return Plan(
            rows=rows,
            labels=self.splits.labels if self.config.task != "summary" else [],
            labels_line=self.start.labels_line,
            prefix_line=self.start.prefix_line,
            remembered=self.config.training.without_forgetting,
            steps=total_steps(self.config, len(self.train), count()),
            parameters=sum(p.numel() for p in self.start.model.parameters()),
            trained=trained_parameters(self.start.model),
            max_length=self.start.encoder.max_length,
            recipe=self.start.encoder.recipe.name,
            processes=count(),
            bfloat16=trains_in_bfloat16(self.config.training),
            # Where none are made there may be fewer rows: a teacher says nothing of some articles.
            copies=len(self.train) - rows["train"] - len(self.splits.outliers) - len(self.unlabelled)
            if whole_texts or self.config.data.augmentation
            else 0,
            made="headlines and sentences, whole or cut" if whole_texts else "shorter copies of training rows",
            unlabelled=len(self.unlabelled),
            outliers=len(self.splits.outliers),
            prepared=self.start.encoder.tally([e.text for e in self.splits.train]),
            truncated=float(np.mean(self.train["truncated"])),
            summaries_cut=self._summaries_cut(),
            max_target_length=self.config.model.max_target_length,
            batch=self.fit.line() if self.fit else "",
            note=_rate_note(self.config),
        )

    def _summaries_cut(self) -> float:
        """Share of the training summaries that a decoder is taught the beginning of; a teacher's are none of the data's."""
        if not self.start.model.config.is_encoder_decoder or self.config.distill:
            return 0.0
        summaries = [e.summary or "" for e in self.splits.train]
        lengths = self.start.encoder.lengths(summaries, clean=False)
        return float(np.mean(np.array(lengths) > self.config.model.max_target_length))


def opening_lines(job: Job, resume: Path | None) -> list[str]:
    """What a training says before it begins: its size, and what the cheap part of ``mujaz check`` found."""
    lines = job.plan().lines()
    if resume:
        return [*lines, f"resuming from {resume.name} (--restart begins again)"]
    found = quick_check(job.splits)
    lines += [f"data: {one.level}: {one.line}; see mujaz check" for one in found]
    lines += [
        f"data: problem: {line}" for line in learnt_before(job.config, {"dev": job.splits.dev, "test": job.splits.test})
    ]
    lines += [f"data: warning: {line}" for line in job.splits.warnings]
    lines += [f"data: problem: {line}" for line in targets_again(job.config.data, job.splits)]
    cut = job.config.data.test_fraction or not job.config.data.dev
    if cut and job.config.data.split.by == "stratified" and any(" stand in train too" in one.line for one in found):
        lines.append("data: to keep texts that are alike on one side: --set data.split.by=near_duplicates")
    return lines


def _rate_note(config: TrainConfig) -> str:
    rate = config.training.learning_rate
    if config.model.lora is None or rate >= LOW_FOR_LORA:
        return ""
    return f"note: a learning rate of {rate:g} is low for model.lora, which usually wants 2e-4 to 1e-3"


def prepare(config: TrainConfig, resume: Path | None = None) -> Job:
    """Read the data, load or make the model, tokenize: everything but the training.

    Args:
        config: What was asked for.
        resume: The Trainer's checkpoint to go on from.

    Raises:
        UsageError: whatever is wrong with data, model or settings.
    """
    splits = load_splits(config.data, config.task)
    if splits.multi_label:
        _check_multi_label(config)
    if config.training.judged and not any(e.judged for e in splits.train):
        raise UsageError(
            f"training.judged: no training row has anything in column '{config.data.columns.judged}' "
            "(data.columns.judged). Name the column of stretches that were judged, or leave both settings out."
        )
    start = start_from(config, splits, resume)
    if config.training.judged and count() > 1:
        raise UsageError(
            "training.judged is learnt by one process: its loss is a mean over the stretches of a batch. Start it without a "
            "launcher."
        )

    learnt = [
        e
        for part in (splits.train, splits.outliers)
        for e in augmented(part, config.data.augmentation, config.training.seed)
    ]
    rows = encoded(config, start, learnt, splits.labels)
    dev = encoded(config, start, splits.dev, splits.labels) if splits.dev else None
    fit = None
    if config.training.batch_size == "auto":
        collator = Collator(start.encoder, start.model)
        fit = first_alone(lambda: fit_batch(start.model, rows, collator, config.training, resume))
        config = _with_batch(config, fit)
    return Job(config, splits, start, rows, dev, fit=fit)


def encoded(config: TrainConfig, start: Start, examples: Sequence[Example], labels: Sequence[str]) -> Dataset:
    """Examples as the model of a training reads them.

    Args:
        config: What was asked for.
        start: The model.
        examples: Labelled, or with summaries.
        labels: All there are.
    """
    if selects(config, start.model):
        return encode_selection(examples, start.encoder, whole_texts=config.training.whole_texts > 0)
    if config.task == "summary":
        return encode_summaries(examples, start.encoder, config.model.max_target_length)
    return encode_classification(examples, start.encoder, labels, pairs=config.task == "stance")


def _check_multi_label(config: TrainConfig) -> None:
    """Refuse what means nothing where a text can have several labels."""
    settings = config.training
    given = {
        "training.class_weights: effective": settings.class_weights == "effective",
        "training.balanced_sampling": settings.balanced_sampling,
        "calibration.min_precision": config.calibration.min_precision is not None,
        "distill": config.distill is not None,
    }
    for name, is_there in given.items():
        if is_there:
            raise UsageError(
                f"{name} is for one label a text, and this data has lists of labels. Leave it out; class_weights: inverse "
                "and focal_gamma go with several labels."
            )


def _with_batch(config: TrainConfig, fit: BatchFit) -> TrainConfig:
    found = {"batch_size": fit.rows, "gradient_accumulation": fit.accumulation}
    return config.model_copy(update={"training": config.training.model_copy(update=found)})


def done_before(config: TrainConfig) -> dict[str, Any] | None:
    """What a finished run of this very config scored, or None where there is none in its folder.

    Raises:
        UsageError: its training rows are others by now.
    """
    metrics, info = finished_metrics(config), read_info(Path(config.output))
    if metrics is None or info is None or info.data is None:
        return metrics
    if data_info(load_splits(config.data, config.task).train, "").fingerprint != info.data.fingerprint:
        raise UsageError(
            f"{config.output} was trained on other data: the files have changed since, or an earlier version split them "
            "otherwise. Bring those back to go on, or give --restart to begin again with these."
        )
    return metrics


def checkpoint_info(job: Job) -> CheckpointInfo:
    """What ``mujaz.json`` will say of the result."""
    config, encoder = job.config, job.start.encoder
    titled = titled_share(job.learnt())
    further = {"unlabelled": len(job.unlabelled), "outliers": len(job.splits.outliers), "titled": titled}
    data = data_info(job.splits.train, train_sources(config.data)).model_copy(update=further)
    writes = not selects(config, job.start.model)
    return CheckpointInfo(
        task=config.task,
        labels=job.splits.labels if config.task != "summary" else [],
        multi_label=untuned(len(job.splits.labels)) if job.splits.multi_label else None,
        recipe=encoder.recipe.to_json(),
        clean_article=encoder.clean_article,
        max_length=encoder.max_length,
        pair=encoder.pair if config.task == "stance" else None,
        selection=None if writes else selection_info(job.splits.train, config.model.stretch),
        prefix=encoder.prefix or None,
        faithful=config.generation.faithful if config.task == "summary" and writes else None,
        base_model=job.start.base_model,
        teacher=config.distill.teacher if config.distill else None,
        versions=library_versions(),
        data=data,
        licence=config.licence or job.start.licence,
    )
