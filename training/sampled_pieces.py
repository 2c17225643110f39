"""Scoring a guess against pieces that are drawn at random.

With 24,000 pieces, 256 dimensions and 3 layers, scores of all pieces are half of the work of a step. The sum over all of
them that turns a score into a probability is estimated without bias from a sample, each piece weighted by one over the
probability that it is in it (Horvitz & Thompson 1952, "A Generalization of Sampling Without Replacement From a Finite
Universe"; for language models Jean, Cho, Memisevic & Bengio 2015, "On Using Very Large Target Vocabulary for Neural
Machine Translation", section 3.2). The piece that is right is in every sum, with a weight of 1. benchmarks/RESULTS.md has
what it costs and brings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from mujaz.training.pretrain_shards import Ids

FLATTENED = 0.75  # exponent of the counts that pieces are drawn by (Mikolov et al. 2013, word2vec, section 2.2)
_UNSEEN = 0.5  # counts of a piece that the text does not have: it may be drawn, too


class PieceSample:
    """Draws pieces, and knows how likely each is to be in a step's sample.

    What is guessed elsewhere in the step counts only if it was drawn, too: words of one document are alike, and weighted as
    if they had come by chance they would teach that what a text is about is not in it.

    Attributes:
        number: How many are drawn a step; often the same ones again.
        chances: Probability of each piece to be the next that is drawn, (vocabulary,).
    """

    def __init__(self, counts: NDArray[np.int64], number: int, special: Sequence[int]) -> None:
        """Of the text that is trained on.

        Args:
            counts: How often each piece stands in it, (vocabulary,).
            number: Pieces to draw a step.
            special: Ids that are never guessed: each is in every sample, or nothing would teach their scores to be low.
        """
        self.number = number
        flat = np.maximum(counts, _UNSEEN) ** FLATTENED
        flat[list(special)] = 0
        self.special = torch.tensor(list(special), dtype=torch.int64)
        self.chances = torch.from_numpy(flat / flat.sum())
        self._reaches = np.cumsum(self.chances.numpy())

    def draw(self, chance: np.random.Generator) -> torch.Tensor:
        """The sample of a step: ids, each once, special ones among them."""
        ids = np.searchsorted(self._reaches, chance.random(self.number) * self._reaches[-1], side="right")
        return torch.from_numpy(np.union1d(ids, self.special.numpy()).astype(np.int64))

    def inclusion(self, ids: torch.Tensor) -> torch.Tensor:
        """The probability that a piece is in a sample, (pieces,)."""
        drawn = -torch.expm1(self.number * torch.log1p(-self.chances[ids]))
        return torch.where(torch.isin(ids, self.special), 1.0, drawn)

    def nats(
        self, head: torch.nn.Module, hidden: torch.Tensor, right: torch.Tensor, drawn: torch.Tensor
    ) -> torch.Tensor:
        """The estimated cross entropies, (guesses,).

        Args:
            head: Of BERT: a transformation, and a linear layer over the vocabulary.
            hidden: Where a piece is to be guessed, (guesses, width).
            right: That piece, (guesses,).
            drawn: Of :meth:`draw`.
        """
        decoder = head.get_submodule("predictions.decoder")
        weight, bias = decoder.get_parameter("weight"), decoder.get_parameter("bias")
        guess = head.get_submodule("predictions.transform")(hidden)
        own = (guess * weight[right]).sum(dim=1, keepdim=True).float() + bias[right, None]
        others = functional.linear(guess, weight[drawn], bias[drawn]).float() - self.inclusion(drawn.cpu()).log().to(
            own
        )
        others = others.masked_fill(drawn == right[:, None], -torch.inf)
        return torch.cat([own, others], dim=1).logsumexp(dim=1) - own.squeeze(1)


def piece_counts(shards: Iterable[Ids], vocabulary: int) -> NDArray[np.int64]:
    """How often each id stands in shards, (vocabulary,)."""
    counts = np.zeros(vocabulary, dtype=np.int64)
    for shard in shards:
        counts += np.bincount(np.asarray(shard).reshape(-1), minlength=vocabulary)
    return counts
