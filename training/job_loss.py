"""The loss of a training: of its labels, with what is asked for besides."""

from __future__ import annotations

import numpy as np

from mujaz.training.arguments import selects
from mujaz.training.encoded import UNSURE
from mujaz.training.job import Job
from mujaz.training.judging import JudgedLoss
from mujaz.training.lora import plain
from mujaz.training.losses import LabelLoss, MultiLabelLoss, class_weights, positive_weights
from mujaz.training.remembering import RememberingLoss, known_outputs
from mujaz.training.selection import IN_ARTICLES, outputs


def remembering(job: Job) -> RememberingLoss | None:
    """The loss of a job whose start is to be remembered (``training.without_forgetting``); None where it is not.

    Raises:
        UsageError: the start knew none of the labels.
    """
    settings = job.config.training
    if not settings.without_forgetting:
        return None
    wanted = IN_ARTICLES if job.config.task == "summary" else job.splits.labels
    known = known_outputs(job.config.model.name or "", wanted, job.start.new_outputs)
    return RememberingLoss(loss_of(job), settings.without_forgetting, known)


def loss_of(job: Job) -> LabelLoss | MultiLabelLoss | JudgedLoss:
    """The loss of a job's labels, for the Trainer's ``compute_loss_func``."""
    settings, kind = job.config.training, job.config.training.class_weights
    weights = None
    if selects(job.config, plain(job.start.model)):
        if settings.judged:
            return JudgedLoss(settings.judged, settings.label_smoothing)
        shares = [1.0 if name in IN_ARTICLES else settings.whole_texts for name in outputs(settings)]
        return MultiLabelLoss(smoothing=settings.label_smoothing, shares=shares)
    if job.splits.multi_label:
        if kind != "none":
            weights = positive_weights(np.array(job.train["label"]))
        return MultiLabelLoss(weights, settings.focal_gamma, settings.label_smoothing)
    if kind != "none":
        known = [label for label in job.train["label"] if label != UNSURE]
        weights = class_weights(known, len(job.splits.labels), kind, settings.class_weights_beta)
    return LabelLoss(weights, settings.focal_gamma, settings.label_smoothing)
