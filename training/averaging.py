"""The weights that a training started from, kept in part: what it learnt anew, and less of the old forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from transformers import PreTrainedModel

from mujaz.errors import UsageError

_OUTPUTS = ("classifier.weight", "classifier.bias")  # of encoders that choose; the only ones that get new outputs


@contextmanager
def averaged_with_start(model: PreTrainedModel, share: float, new_outputs: Sequence[int] = ()) -> Iterator[None]:
    """Within, a model is trained; at the end its weights are ``(1 - share) * trained + share * start``.

    WiSE-FT (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"): fine-tuned weights and those that they
    started from lie close enough for their mean to be a model, which is often better than both outside of the data that
    was fine-tuned on.

    Args:
        model: Its weights are changed in place, and left as they are if the training fails.
        share: Of the start, 0 up to but not 1.
        new_outputs: Places of those outputs of its classifier that the start did not have: they are kept as trained.
    """
    start = {name: weight.detach().clone() for name, weight in model.named_parameters()} if share else {}
    yield
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name in start:
                new = list(new_outputs) if name in _OUTPUTS else []
                trained = weight[new].clone()
                weight.lerp_(start[name].to(weight), share)
                weight[new] = trained


def check_start(share: float, name: str, had: Sequence[str], unknown: Sequence[str]) -> None:
    """Refuse a start that does not know all labels: its part of their rows in the head would be noise.

    Args:
        share: Of the start, as asked for.
        name: Of the start.
        had: Its labels, none where it has no head for labels.
        unknown: Those of the data that it does not know.

    Raises:
        UsageError: there are some.
    """
    if share and unknown:
        found = ", ".join(had) or "no labels"
        raise UsageError(
            f"training.keep_of_start wants a model that was trained for these labels ({', '.join(unknown)}); {name} has "
            f"{found}. Leave it out, or give such a model as model.name."
        )
