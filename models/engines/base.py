"""What an engine is: it takes one batch of encodings and computes; batching, sorting and text belong to its caller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from transformers import GenerationConfig

from mujaz.models.encoding import Encoding


class ClassifierEngine(Protocol):
    """Computes the scores of a classifier. An engine that derives from it needs to say only what is not as usual."""

    @property
    def batch_tokens(self) -> int:
        """Padded tokens a batch that suit it on this machine."""

    @property
    def length_step(self) -> int:
        """What lengths are rounded up to, where each new shape of a batch costs something."""
        return 1

    @property
    def lanes(self) -> int:
        """Batches that may be computed at once by threads of the caller's, each with its share of the processor."""
        return 1

    def in_lanes(self) -> ClassifierEngine:
        """What computes in lanes: itself, unless it has to share the processor's threads out before."""
        return self

    @property
    def waits(self) -> bool:
        """Whether it can compute only when texts have made it :meth:`ready`."""
        return False

    def ready(self, texts: Sequence[Encoding]) -> ClassifierEngine:
        """What computes when it has seen these texts: itself, unless it waits for them."""
        return self

    @property
    def description(self) -> str:
        """What runs where: ``cpu, bfloat16, 2 threads``."""

    def logits(self, batch: Sequence[Encoding]) -> NDArray[np.float32]:
        """Scores of one batch, shape (batch, labels)."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One generated text.

    Attributes:
        ids: Its tokens, without padding; start and end may stand in it.
        score: Mean log-probability of its tokens under beam search (length penalty applied); None for greedy decoding.
    """

    ids: list[int]
    score: float | None


def generation_of(values: dict[str, Any]) -> GenerationConfig:
    """Generation settings of these values, without those of beams where it is greedy.

    Transformers warns of the latter and does not save them; where they are None, ``generate`` puts the model's own in place.
    """
    greedy = {"length_penalty": 1.0, "early_stopping": False} if values.get("num_beams") == 1 else {}
    return GenerationConfig.from_dict(values | greedy)


class GenerationEngine(Protocol):
    """Generates with a sequence-to-sequence model."""

    @property
    def batch_tokens(self) -> int:
        """Padded article tokens a batch that suit it on this machine."""

    @property
    def description(self) -> str:
        """What runs where: ``cpu, bfloat16, 2 threads``."""

    def generate(self, batch: Sequence[Encoding], settings: GenerationConfig) -> list[list[Hypothesis]]:
        """Texts for one batch of articles.

        Args:
            batch: The articles.
            settings: Complete; ``num_return_sequences`` says how many hypotheses each article gets, best first.

        Returns:
            The hypotheses of each article, in order.
        """


# Generated so far, special tokens among it -> the tokens that may follow.
Allowed = Callable[[Sequence[int]], list[int]]


@runtime_checkable
class ConstrainedEngine(Protocol):
    """A generation engine that can be held to some tokens, step by step; not all can."""

    def generate_within(
        self, batch: Sequence[Encoding], settings: GenerationConfig, allowed: Sequence[Allowed]
    ) -> list[list[Hypothesis]]:
        """As :meth:`GenerationEngine.generate`, with what is allowed in each article's texts."""
