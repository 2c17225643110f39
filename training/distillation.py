"""Knowledge distillation: a student learns what a teacher says of each text, of labelled and unlabelled ones.

A classifier learns the teacher's probabilities, of several teachers their mean (Hinton, Vinyals & Dean 2015, "Distilling
the Knowledge in a Neural Network"), and if asked the likeness of hidden states within a batch, which asks nothing of their
widths or tokenizers (Tung & Mori 2019, "Similarity-Preserving Knowledge Distillation").
A summarizer learns the texts that the teacher writes (Kim & Rush 2016, "Sequence-Level Knowledge Distillation").

Shorter copies of a text (data.augmentation) learn what the teacher says of the whole text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, cast

import datasets
import numpy as np
import torch
from torch.nn.functional import kl_div, normalize
from transformers import Trainer

from mujaz.configs.schema import DistillConfig, TrainConfig
from mujaz.errors import DataError, UsageError
from mujaz.hub import is_hub_dataset
from mujaz.models.checkpoint import locate
from mujaz.models.classifier import TextClassifier, softmax
from mujaz.models.conversion_cache import checkpoint_fingerprint
from mujaz.models.summarizer import Summarizer
from mujaz.training.arguments import total_steps
from mujaz.training.augmentation import augmented
from mujaz.training.callbacks import Report
from mujaz.training.data import Example, read_examples
from mujaz.training.encoded import TAUGHT
from mujaz.training.job import Job, encoded
from mujaz.training.pretrain_texts import files_identity
from mujaz.training.processes import count
from mujaz.training.support import is_supported
from mujaz.training.teaching import TEACHER, Floats, teacher_scores, teacher_summaries
from mujaz.training.unusable import left_out_line


def besides(settings: DistillConfig) -> str:
    """What tells that which a distillation learns besides its rows from others: teachers and unlabelled texts."""
    weights = [checkpoint_fingerprint(locate(name)) for name in settings.teachers]
    given = settings.unlabelled or []
    files = [given] if isinstance(given, str) else given
    return " ".join([*weights, *(name if is_hub_dataset(name) else files_identity([name]) for name in files)])


def taught(job: Job, settings: DistillConfig, say: Report) -> Job:
    """The job with what the teacher says of its training texts, and with the unlabelled texts.

    Args:
        job: Ready to train without a teacher.
        settings: Who teaches, and how.
        say: Receives lines for people.

    Raises:
        UsageError: the teacher does not fit the task or the labels, or writes nothing.
        DataError: the unlabelled data is wrong.
        CheckpointError: the teacher cannot be loaded.
    """
    found = _unlabelled(job, settings, say)
    if job.config.task == "summary":
        return _taught_summaries(job, settings, found, say)
    return _taught_labels(job, settings, found, say)


def untaught_lines(job: Job, settings: DistillConfig) -> list[str]:
    """What the plan of a job that is not taught yet does not count: lines for people. No teacher is asked.

    Args:
        job: Ready to train without a teacher.
        settings: Who is to teach, and how.

    Raises:
        DataError: the unlabelled data is wrong.
    """
    lines: list[str] = []
    config, found = job.config, _unlabelled(job, settings, lines.append)
    writes = config.task == "summary"
    if not found:
        return [*lines, "teacher: not asked yet; articles of which it says nothing are left out"] if writes else lines
    rows = len(augmented(found, config.data.augmentation, config.training.seed))
    copies = f" ({rows:,} rows with their shorter copies)" if rows > len(found) else ""
    steps = total_steps(config, len(job.train) + rows, count())
    # How many headlines and sentences are made of its summaries, nobody knows.
    more = "rows and steps" if writes and config.training.whole_texts else f"rows: about {steps:,} steps at most"
    return [*lines, f"teacher: not asked yet; up to {len(found):,} further texts{copies} come to these {more}"]


def _unlabelled(job: Job, settings: DistillConfig, say: Report) -> list[Example]:
    """The texts that a teacher alone says something of, none of which stands in dev or test."""
    config = job.config
    columns = settings.columns or config.data.columns
    skipped: list[DataError] | None = [] if config.data.skip_unusable else None
    names = settings.unlabelled
    found = read_examples(names, config.task, columns, labelled=False, skipped=skipped) if names else []
    if skipped:
        say(f"teacher: {left_out_line(skipped)}")
    held_out = {text for e in job.splits.dev_and_test for text in (e.text, e.body)}
    # Of a title, a shorter copy may be learnt (data.augmentation).
    kept = [e for e in found if not held_out & {e.text, e.body, e.title, e.target}]
    if len(kept) < len(found):
        say(f"teacher: {len(found) - len(kept):,} unlabelled texts stand in dev or test, and are left out")
    return kept


def _taught_summaries(job: Job, settings: DistillConfig, found: list[Example], say: Report) -> Job:
    config = job.config
    if len(settings.teachers) > 1:
        raise UsageError(f"distill.teacher names {len(settings.teachers)}: a summarizer learns from one.")
    teacher = Summarizer.from_pretrained(settings.teachers[0], device=config.training.device, engine="torch")
    say(f"teacher: {teacher.description}")
    articles = [*job.splits.train, *found]
    texts = teacher_summaries(teacher, articles, Path(config.output) / TEACHER, say)
    written = [(i, replace(e, summary=text)) for i, (e, text) in enumerate(zip(articles, texts, strict=True)) if text]
    if not written:
        raise UsageError(f"the teacher {settings.teachers[0]} wrote nothing about any of {len(articles):,} articles.")
    say(f"teacher: {len(articles) - len(written):,} of {len(articles):,} articles left without a summary")
    if asked := config.data.support:
        kept = [(i, e) for i, e in written if is_supported(e.summary or "", e.text, asked)]
        say(f"teacher: {len(written) - len(kept):,} of {len(written):,} of its summaries are left out by data.support")
        if not kept:
            raise UsageError("data.support left none of the teacher's summaries. Lower data.support.least.")
        written = kept
    further = [e for i, e in written if i >= len(job.splits.train)]
    return replace(job, train=encoded(config, job.start, [e for _, e in written], []), unlabelled=further)


def _taught_labels(job: Job, settings: DistillConfig, found: list[Example], say: Report) -> Job:
    config, labels = job.config, job.splits.labels
    outliers = job.splits.outliers
    asked = [*job.splits.train, *outliers, *found]
    logits, states, confidence = _committee(config, settings, asked, labels, say)
    logits[len(job.splits.train) : -len(found) or None] = 0  # of an outlier nothing is to be told, whoever teaches
    sure = confidence >= settings.min_confidence
    # Apart: the unlabelled texts may be another column of the files that are trained on.
    own = {(e.file, e.row): i for i, e in enumerate([*job.splits.train, *outliers])}
    others = {(e.file, e.row): i for i, e in enumerate(found, len(own))}
    kept = [e for e in found if sure[others[e.file, e.row]]]
    if found:
        say(f"teacher: sure of {len(kept):,} of {len(found):,} unlabelled texts (distill.min_confidence)")
    best = logits.argmax(axis=-1)
    kept = [
        replace(e, label=labels[best[others[e.file, e.row]]]) for e in kept
    ]  # for class weights and balanced sampling
    learnt = [augmented(e, config.data.augmentation, config.training.seed) for e in (job.splits.train, outliers, kept)]
    order = [own[e.file, e.row] for part in learnt[:2] for e in part] + [others[e.file, e.row] for e in learnt[2]]
    unlabelled = encoded(config, job.start, learnt[2], labels)
    train = datasets.concatenate_datasets([job.train, unlabelled]) if kept else job.train
    share = [settings.weight] * len(learnt[0]) + [1.0] * len(learnt[1] + learnt[2])
    train = train.add_column("teacher_share", share).add_column("teacher_logits", list(logits[order]))
    if states is not None:
        train = train.add_column("teacher_states", list(states[order]))
    return replace(job, train=train, unlabelled=kept)


def _committee(
    config: TrainConfig, settings: DistillConfig, asked: Sequence[Example], labels: Sequence[str], say: Report
) -> tuple[Floats, Floats | None, Floats]:
    """Logits, hidden states and the probability of the best label; of several teachers, the mean of their probabilities.

    Each of several is as sure as its calibration says; the logits of one are its own.
    """
    place, task = Path(config.output) / TEACHER, cast(Literal["topic", "stance"], config.task)
    shares: list[Floats] = []
    for name in settings.teachers:
        # In torch, whatever conversion an earlier run left: the checkpoint teaches.
        teacher = TextClassifier.from_pretrained(name, task=task, device=config.training.device, engine="torch")
        say(f"teacher: {teacher.description}")
        logits, states = teacher_scores(teacher, asked, labels, settings.similarity > 0, place, say)
        heat = teacher.info.calibration.temperature if teacher.info.calibration else 1.0
        shares.append(softmax(logits / heat).astype(np.float32))
    if len(shares) == 1:
        return logits, states, shares[0].max(axis=-1)
    mean = np.mean(shares, axis=0)
    return np.log(np.maximum(mean, np.finfo(np.float32).tiny)), None, mean.max(axis=-1)


class DistillingTrainer(Trainer):
    """transformers' Trainer with a teacher's share in the loss."""

    def __init__(self, settings: DistillConfig, **given: Any) -> None:
        """Learn from a teacher as ``settings`` say; ``given`` goes to the Trainer, with a LabelLoss for the labels."""
        super().__init__(**given)
        self.settings, self.hard = settings, given["compute_loss_func"]

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Mean loss of the rows of an update. Dev rows have no teacher: theirs is the labels' loss."""
        if "teacher_logits" not in inputs:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        given = {name: value for name, value in inputs.items() if name not in (*TAUGHT, "labels")}
        labels, states = inputs["labels"], inputs.get("teacher_states")
        outputs = model(**given, output_hidden_states=states is not None)
        hard = self.hard.rows(outputs.logits.float(), labels)
        soft = soft_loss(outputs.logits.float(), inputs["teacher_logits"], self.settings.temperature)
        share = inputs["teacher_share"]
        rows = len(labels) if num_items_in_batch is None else num_items_in_batch
        loss = (share * soft + (1 - share) * hard).sum() / rows
        if states is not None:
            own = outputs.hidden_states[-1][:, 0].float()
            loss = loss + self.settings.similarity * similarity_loss(own, states) * len(labels) / rows
        return (loss, outputs) if return_outputs else loss


def soft_loss(scores: torch.Tensor, teacher: torch.Tensor, heat: float) -> torch.Tensor:
    """``T² KL(teacher || student)`` of each row, both softened by the temperature T (Hinton, Vinyals & Dean 2015).

    Args:
        scores: The student's logits, (rows, labels).
        teacher: The teacher's logits, (rows, labels).
        heat: The temperature T.
    """
    loss = kl_div((scores / heat).log_softmax(-1), (teacher / heat).log_softmax(-1), reduction="none", log_target=True)
    return heat**2 * loss.sum(-1)


def similarity_loss(own: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """How differently two models see which rows of a batch are alike (Tung & Mori 2019, equation 4).

    Args:
        own: The student's states, (rows, width).
        teacher: The teacher's, (rows, any width).
    """
    return ((_likeness(own) - _likeness(teacher)) ** 2).sum() / len(own) ** 2


def _likeness(states: torch.Tensor) -> torch.Tensor:
    """Inner products of the rows, each row of the result of length 1: (rows, rows)."""
    return normalize(states @ states.T, dim=1)
