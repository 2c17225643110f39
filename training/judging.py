"""Stretches of an article of which somebody judged whether they can stand by themselves, as what is to be learnt.

They come with a row as text (``data.columns.judged``) and are found again in what the model reads of its article. In a row's
labels, shape (tokens, 3), they stand below the tokens, a line each: the places of their first and of their last word's first
token, and :data:`STANDS` or one less. That a word has no label above 1 tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import binary_cross_entropy_with_logits

from mujaz.models.arabic_words import words
from mujaz.models.standing import BESIDES, stretch_logits
from mujaz.models.word_reading import ReadArticle
from mujaz.training.encoded import IGNORED
from mujaz.training.judged import Judged
from mujaz.training.losses import MultiLabelLoss

STANDS = 3  # what a line ends with where it can; one less where it cannot


def judged_labels(article: ReadArticle, judged: Judged) -> NDArray[np.int16]:
    """Lines for those stretches that are found in what is read of an article, shape (stretches, 3)."""
    keys = [word_key(word) for word in article.words()]
    lines = []
    for text, stands in judged:
        ends = find_words(keys, [key for key in map(word_key, text.split()) if key])
        if ends:
            lines.append([article.places[ends[0]], article.places[ends[1]], STANDS - 1 + stands])
    return np.array(lines, dtype=np.int16).reshape(-1, BESIDES)


def word_key(word: str) -> str:
    """A word as it is compared with others: letters unified, no signs."""
    return "".join(words(word))


def find_words(article: Sequence[str], said: Sequence[str]) -> tuple[int, int] | None:
    """The places of the first and the last word of a stretch: where its words stand closest together, in their order."""
    best: tuple[int, int] | None = None
    for first, word in enumerate(article):
        if not said or word != said[0]:
            continue
        place: int | None = first
        for wanted in said[1:]:
            place = next((at for at in range((place or 0) + 1, len(article)) if article[at] == wanted), None)
            if place is None:
                break
        if place is not None and (best is None or place - first < best[1] - best[0]):
            best = first, place
    return best


def without_judged(labels: NDArray[Any]) -> NDArray[Any]:
    """The labels of tokens alone: what is said of stretches is ignored."""
    found = labels.copy()
    found[_lines(labels)] = IGNORED
    return found


def without_stretches(labels: torch.Tensor) -> torch.Tensor:
    """The same of a batch."""
    return labels.masked_fill(_lines(labels)[..., None], IGNORED)


def rightly_judged(logits: NDArray[np.floating], labels: NDArray[Any]) -> list[bool]:
    """For each stretch of one article whether it is rightly told to stand or not."""
    lines = labels[_lines(labels)].astype(np.int64)
    if not len(lines):
        return []
    said = stretch_logits(logits[lines[:, 0]], logits[lines[:, 1]]) > 0
    right: list[bool] = (said == (lines[:, 2] == STANDS)).tolist()
    return right


def _lines(labels: Any) -> Any:
    """Which lines, shape (…, lines), are of stretches."""
    return labels[..., BESIDES - 1] >= STANDS - 1


class JudgedLoss:
    """The loss of the words of articles, and a share of that of their stretches: binary cross-entropy, each a mean."""

    def __init__(self, share: float, smoothing: float = 0.0) -> None:
        """``share`` is what the mean over stretches is multiplied by; ``smoothing`` is of the words' labels."""
        self.share, self.words = share, MultiLabelLoss(smoothing=smoothing)

    def __call__(
        self,
        outputs: Any,
        labels: torch.Tensor,
        num_items_in_batch: torch.Tensor | int | None = None,
        shares: torch.Tensor | None = None,
    ) -> Any:
        """The loss of a batch: logits (rows, tokens, outputs), labels (rows, tokens and stretches, 3).

        What the loss of the words' outputs is multiplied by may be given, one an output.
        """
        logits = outputs["logits"].float()
        known = without_stretches(labels)[:, : logits.shape[1]]
        shares = None if shares is None else shares[:BESIDES]
        loss = self.words({"logits": logits[..., :BESIDES]}, known, num_items_in_batch, shares)
        row, line = _lines(labels).nonzero(as_tuple=True)
        if not len(row):
            return loss
        first, last, stands = labels[row, line].long().T
        said = stretch_logits(logits[row, first], logits[row, last])
        mean = binary_cross_entropy_with_logits(said, (stands == STANDS).float())
        of_all = 1.0 if num_items_in_batch is None else (labels != IGNORED).sum() / num_items_in_batch
        return loss + self.share * of_all * mean
