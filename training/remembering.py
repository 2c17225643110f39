"""Learning without forgetting: what a start answers itself is learnt beside the labels.

Li & Hoiem (2016, "Learning without Forgetting", equations 1 to 4) teach a network something new while its own answers to the
new data, as they were before, stay labels of the old. Here both are labels of the same rows, and share what is learnt of the
labels that the start knew: cross-entropy is linear in what is to be said, so that a row's label is the mixture of the two.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import PreTrainedModel, Trainer

from mujaz.errors import UsageError
from mujaz.training.encoded import IGNORED
from mujaz.training.judging import JudgedLoss, without_stretches
from mujaz.training.losses import LabelLoss, MultiLabelLoss


class RememberingLoss:
    """The loss of a batch by its labels and by what the start answered; of dev rows, which it is not asked, by labels alone.

    With a share s, for what the start knew: ``(1 - s) * loss(labels) + s * loss(answers)``; for what it did not:
    ``loss(labels)``. The answers' loss is the divergence from them, of labels of which one is true among those that the
    start knew, of others each by itself.
    """

    def __init__(self, plain: LabelLoss | MultiLabelLoss | JudgedLoss, share: float, known: Sequence[int]) -> None:
        """Keep the settings.

        Args:
            plain: Of the labels alone.
            share: Of the answers, above 0 up to 1.
            known: Places of the outputs that the start had.
        """
        self.plain, self.share, self.known = plain, share, list(known)
        self.answers: torch.Tensor | None = None

    def __call__(self, outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None) -> Any:
        """The loss of a batch: logits and labels as the plain loss takes them."""
        answers, self.answers = self.answers, None
        if answers is None:
            return self.plain(outputs, labels, num_items_in_batch)
        scores = outputs["logits"].float()
        if isinstance(self.plain, LabelLoss):
            return self._of_one_label(self.plain, scores, labels, answers.float(), num_items_in_batch)
        shares = torch.ones(scores.shape[-1], device=scores.device)
        shares[self.known] = 1 - self.share
        loss = self.plain(outputs, labels, num_items_in_batch, shares)
        words = without_stretches(labels)[:, : scores.shape[1]] if labels.ndim > 2 else labels
        told = (words != IGNORED).any(-1, keepdim=True).expand_as(scores[..., self.known])
        soft = divergence(scores[..., self.known], answers[..., self.known].float())
        of_all = (words != IGNORED).sum() if num_items_in_batch is None else num_items_in_batch
        return loss + self.share * (soft * told).sum() / of_all

    def _of_one_label(
        self,
        plain: LabelLoss,
        scores: torch.Tensor,
        labels: torch.Tensor,
        answers: torch.Tensor,
        num_items_in_batch: torch.Tensor | int | None,
    ) -> torch.Tensor:
        known = torch.tensor(self.known, device=labels.device)
        share = self.share * torch.isin(labels, known)
        wanted = answers[:, known].log_softmax(-1)
        soft = (wanted.exp() * (wanted - scores[:, known].log_softmax(-1))).sum(-1)
        rows = (1 - share) * plain.rows(scores, labels) + share * soft
        return rows.sum() / ((labels != IGNORED).sum() if num_items_in_batch is None else num_items_in_batch)


def divergence(scores: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    """Kullback and Leibler's divergence of each of some yes-or-no answers from another one; logits of the same shape."""
    wanted = answers.sigmoid()
    own = binary_cross_entropy_with_logits(answers, wanted, reduction="none")
    return binary_cross_entropy_with_logits(scores, wanted, reduction="none") - own


class RememberingTrainer(Trainer):
    """transformers' Trainer that asks the start for its answers to each batch that is learnt."""

    def __init__(self, loss: RememberingLoss, **given: Any) -> None:
        """Keep a copy of the model as it is now; ``given`` goes to the Trainer."""
        super().__init__(**given, compute_loss_func=loss)
        self.loss = loss
        self.start: PreTrainedModel = copy.deepcopy(given["model"]).eval().requires_grad_(False)

    def compute_loss(self, model: Any, inputs: dict[str, Any], *rest: Any, **others: Any) -> Any:
        """The loss of a batch, as the Trainer has it."""
        if model.training:
            given = {name: value for name, value in inputs.items() if name != "labels"}
            self.start.to(next(iter(given.values())).device)
            with torch.no_grad(), self.accelerator.autocast():
                self.loss.answers = self.start(**given).logits
        return super().compute_loss(model, inputs, *rest, **others)


def known_outputs(name: str, wanted: Sequence[str], new: Sequence[int]) -> list[int]:
    """Places of those labels that a start had, to be remembered.

    Args:
        name: Of the start.
        wanted: What is to be learnt, in the order of the outputs.
        new: Places of those outputs that the start did not have.

    Raises:
        UsageError: it had none of them.
    """
    known = [place for place in range(len(wanted)) if place not in new]
    if not known:
        raise UsageError(
            f"training.without_forgetting wants a start that was trained for some of these labels ({', '.join(wanted)}); "
            f"{name} was for none. Leave it out, or give such a model as model.name."
        )
    return known


def check_kind(name: str, had_several: bool, several: bool) -> None:
    """Refuse a start whose answers are of another kind: one label of all, or each label by itself.

    Args:
        name: Of the start.
        had_several: Whether it gives several labels a text.
        several: Whether what is to be learnt does.

    Raises:
        UsageError: one does, and the other does not.
    """
    if had_several != several:
        gives = ["one label", "several labels"]
        raise UsageError(
            f"training.without_forgetting wants a start that answers as this data does, with {gives[several]} a text; "
            f"{name} gives {gives[had_several]}. Leave it out, or give such a model as model.name."
        )
