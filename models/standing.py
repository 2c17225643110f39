"""Whether a stretch of an article can stand by itself: whole, and true without what is around it.

A model that was taught it (``training.judged``) gives each word :data:`OUTPUTS`, from which the logit of every stretch
follows at once: how well it begins with its first word, how well it ends with its last one, and how well these two go
together, a product of two vectors, as in the biaffine parser of Dozat and Manning (2017, "Deep Biaffine Attention for Neural
Dependency Parsing", equation 6) with a matrix of rank :data:`RANK`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

RANK = 16
BESIDES = 3  # outputs that stand before these: keep, start, end
OUTPUTS = ("begins", "ends", *(f"first_{k}" for k in range(RANK)), *(f"last_{k}" for k in range(RANK)))
_BEGINS, _ENDS = BESIDES, BESIDES + 1
_FIRST, _LAST = slice(BESIDES + 2, BESIDES + 2 + RANK), slice(BESIDES + 2 + RANK, BESIDES + 2 + 2 * RANK)


def stretch_logits(first: Any, last: Any) -> Any:
    """Logits of stretches.

    Args:
        first: All outputs of the model for their first words, shape (stretches, outputs), numpy or torch.
        last: For their last words, of the same shape.

    Returns:
        Shape (stretches,).
    """
    together = (first[..., _FIRST] * last[..., _LAST]).sum(-1) / RANK**0.5
    return first[..., _BEGINS] + last[..., _ENDS] + together


def all_logits(words: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits of all stretches, by first and last word: shape (words, words) from all outputs, shape (words, outputs)."""
    together = words[:, _FIRST] @ words[:, _LAST].T / RANK**0.5
    found: NDArray[np.float64] = words[:, _BEGINS, None] + words[None, :, _ENDS] + together
    return found
