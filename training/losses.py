"""Losses for labels that are not equally frequent: class weights, focal loss, label smoothing, and any mix of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from mujaz.training.encoded import IGNORED, UNSURE


def class_weights(
    labels: Sequence[int], classes: int, kind: Literal["inverse", "effective"], beta: float = 0.999
) -> list[float]:
    """A weight for each class, such that the weights of all rows average 1: the loss keeps its scale.

    ``inverse``: one over the number of rows. ``effective``: one over the effective number of rows,
    (1 - beta^n) / (1 - beta) (Cui, Jia, Lin, Song & Belongie 2019, "Class-Balanced Loss Based on Effective Number of
    Samples", equation 3). A class without rows weighs nothing.

    Args:
        labels: The class of each row.
        classes: How many classes there are.
        kind: Which weights.
        beta: For ``effective``: 0 weighs all alike, towards 1 it becomes ``inverse``.
    """
    counts = np.bincount(np.asarray(labels), minlength=classes).astype(np.float64)
    effective = counts if kind == "inverse" else (1 - beta**counts) / (1 - beta)
    weights = np.divide(1.0, effective, out=np.zeros(classes), where=counts > 0)
    return [float(weight) for weight in weights * counts.sum() / (weights * counts).sum()]


def _focal(wrong: torch.Tensor, gamma: float) -> torch.Tensor:
    """The focal factor of the probability of what is wrong, whose slope is infinite at 0 where gamma is below 1."""
    return wrong.clamp(min=torch.finfo(wrong.dtype).tiny) ** gamma


class LabelLoss:
    """Weighted, focal, smoothed cross-entropy, for the Trainer's ``compute_loss_func``.

    The loss of a row is ``weight[label] * (1 - p)^gamma * ce``, with p the probability of its label (Lin, Goyal, Girshick,
    He & Dollar 2017, "Focal Loss for Dense Object Detection", equation 5) and ce its cross-entropy, smoothed or not; where
    it is, what the label is smoothed to stands in place of 1. Rows are averaged by their number, not by their weights, so
    that accumulation and several processes change nothing. What transformers 5 computes inside BERT, T5 and MBart is the
    mean of each batch, which the Trainer takes for a share of the whole update: with ``gradient_accumulation: 4`` loss and
    gradients come out four times as large.
    """

    def __init__(self, weights: Sequence[float] | None = None, gamma: float = 0.0, smoothing: float = 0.0) -> None:
        """Keep the settings.

        Args:
            weights: One a class; None weighs all alike.
            gamma: Of the focal loss; 0 leaves it out.
            smoothing: Of the labels, 0 to 1.
        """
        self.weights = None if weights is None else torch.tensor(weights, dtype=torch.float32)
        self.gamma, self.smoothing = gamma, smoothing

    def __call__(self, outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None) -> Any:
        """The loss of a batch: logits (rows, classes), labels (rows,); or (rows, tokens, pieces), (rows, tokens).

        Where a label is ``IGNORED`` there is no loss.
        """
        labels = labels.flatten()
        rows = self.rows(outputs["logits"].float().flatten(0, -2), labels)
        return rows.sum() / ((labels != IGNORED).sum() if num_items_in_batch is None else num_items_in_batch)

    def rows(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The loss of each row: logits (rows, classes), labels (rows,).

        Where a label is ``UNSURE`` it is the plain cross-entropy to all classes alike, whatever the settings.
        """
        unsure = labels == UNSURE
        if unsure.any():
            alike = -logits.log_softmax(-1).mean(-1)
            return torch.where(unsure, alike, self.rows(logits, labels.masked_fill(unsure, IGNORED)))
        loss = cross_entropy(logits, labels, reduction="none", label_smoothing=self.smoothing, ignore_index=IGNORED)
        known = labels.clamp(min=0)  # the loss of the others is 0 already
        if self.gamma:
            right = logits.softmax(-1).gather(1, known.unsqueeze(1)).squeeze(1)
            wanted = 1 - self.smoothing * (1 - 1 / logits.shape[-1])  # of the label; farther from it counts more
            loss = _focal((wanted - right).abs(), self.gamma) * loss
        if self.weights is not None:
            loss = self.weights.to(loss.device)[known] * loss
        return loss


def positive_weights(labels: NDArray[np.floating]) -> list[float]:
    """Rows without a label for each row with it, a number a label: what ``class_weights: inverse`` means for several labels.

    Args:
        labels: 0 or 1, (rows, labels). A label that no row has, or every one, weighs 1.
    """
    positives = labels.sum(axis=0)
    return [float((len(labels) - n) / n) if 0 < n < len(labels) else 1.0 for n in positives]


class MultiLabelLoss:
    """Binary cross-entropy of each label by itself, weighted, focal and smoothed where asked for.

    The loss of a label is ``(1 - p)^gamma * bce``, with p the probability of what is right, as in the paper on the focal
    loss (Lin et al. 2017, equation 5); smoothed, what it is smoothed to stands in place of 1. It is averaged over rows and
    labels.
    """

    def __init__(
        self,
        weights: Sequence[float] | None = None,
        gamma: float = 0.0,
        smoothing: float = 0.0,
        shares: Sequence[float] | None = None,
    ) -> None:
        """Keep the settings.

        Args:
            weights: For rows that have a label, one a label; None weighs all alike.
            gamma: Of the focal loss; 0 leaves it out.
            smoothing: 0.1 makes 0.05 of 0 and 0.95 of 1.
            shares: What the loss of each label is multiplied by, one a label; None averages all alike.
        """
        self.shares = None if shares is None else torch.tensor(shares, dtype=torch.float32)
        self.weights = None if weights is None else torch.tensor(weights, dtype=torch.float32)
        self.gamma, self.smoothing = gamma, smoothing

    def __call__(
        self,
        outputs: Any,
        labels: torch.Tensor,
        num_items_in_batch: torch.Tensor | int | None = None,
        shares: torch.Tensor | None = None,
    ) -> Any:
        """The loss of a batch: logits and labels (rows, labels). Where a label is ``IGNORED`` there is no loss.

        ``shares`` of this batch come to those that are set for all.
        """
        logits, known = outputs["logits"].float(), labels != IGNORED
        wanted = labels.float().clamp(min=0) * (1 - self.smoothing) + self.smoothing / 2
        loss = binary_cross_entropy_with_logits(logits, wanted, reduction="none")
        if (
            self.weights is not None
        ):  # by what a row has, not by what that is smoothed to: nobody has 0.05 of a rare label
            loss = torch.where(labels > 0.5, self.weights.to(loss.device), 1.0) * loss
        if self.gamma:
            loss = _focal((wanted - logits.sigmoid()).abs(), self.gamma) * loss
        counts = known if self.shares is None else known * self.shares.to(loss.device)
        counts = counts if shares is None else counts * shares
        return (loss * counts).sum() / (known.sum() if num_items_in_batch is None else num_items_in_batch)
