"""Which words spoke for a label: integrated gradients (Sundararajan, Taly & Yan 2017) on the word embeddings.

The difference of two logits is differentiated by the embeddings, multiplied by them, at several points between an empty text
and the whole one. One point alone, gradient × input, says next to nothing of a model that is sure of itself: its outputs are
flat there. What the words get sums up to what the whole text changes. It is a hint, no proof.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from mujaz.models.classifier import TextClassifier

STEPS = 4  # points between nothing and the text; 8 and 32 were no better, see benchmarks/LOG.md


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the model reads it.

    Attributes:
        text: Prepared by the recipe.
        score: How much it speaks for the one label against the other, in logits; negative speaks for the other.
        target: Whether it stands in the target.
    """

    text: str
    score: float
    target: bool


@contextmanager
def full_precision(model: torch.nn.Module) -> Iterator[None]:
    """Compute in float32 for a while: gradients of bfloat16 are too coarse. The weights end up as they were."""
    before = next(model.parameters()).dtype
    model.to(torch.float32)
    try:
        yield
    finally:
        model.to(before)


def word_scores(
    classifier: TextClassifier, text: str, target: str | None, *, label: str, against: str, steps: int = STEPS
) -> list[Word]:
    """What each word contributes to one label over another, in the order of the segments.

    Args:
        classifier: A torch model.
        text: Raw.
        target: Raw, for a stance model.
        label: What the words may speak for.
        against: What they may speak for else.
        steps: Points between nothing and the text.
    """
    encoder = classifier.encoder
    segments = [encoder.prepare(text)]
    if target is not None:
        segments.insert(0 if encoder.target_first else 1, encoder.prepare_target(target))
    place = None if target is None else 0 if encoder.target_first else 1
    batch = encoder.tokenizer(*([one] for one in segments), truncation="longest_first", max_length=encoder.max_length)
    encoding: Any = batch.encodings[0]
    ids = classifier.labels.index(label), classifier.labels.index(against)
    scores = _token_scores(classifier, batch, encoding.special_tokens_mask, *ids, steps)
    return [
        Word(word, score, number == place)
        for number, segment in enumerate(segments)
        for word, score in _words(segment, number, encoding, scores)
    ]


def _token_scores(
    classifier: TextClassifier, batch: Any, special: list[int], label: int, against: int, steps: int
) -> list[float]:
    """Integrated gradients by the midpoint rule, summed over the width; special tokens stay as they are."""
    model: Any = classifier.model
    names = [n for n in ("attention_mask", "token_type_ids") if n in classifier.encoder.tokenizer.model_input_names]
    inputs = {name: torch.tensor(batch[name], device=model.device) for name in names if name in batch}
    ids = torch.tensor(batch["input_ids"], device=model.device)
    fixed = torch.tensor(special, device=model.device)[None, :, None]
    whole = model.get_input_embeddings()(ids).detach()  # (1, tokens, hidden)
    gradients = torch.zeros_like(whole)
    with torch.enable_grad():
        for step in range(steps):
            share = (step + 0.5) / steps
            point = (whole * torch.where(fixed == 1, 1.0, share)).requires_grad_()
            logits = model(inputs_embeds=point, **inputs).logits[0]
            gradients += torch.autograd.grad(logits[label] - logits[against], point)[0]
    scores: list[float] = (gradients / steps * whole * (1 - fixed))[0].sum(dim=-1).tolist()
    return scores


def _words(segment: str, number: int, encoding: Any, scores: list[float]) -> Iterator[tuple[str, float]]:
    """The words of a segment that the model read, each with the sum over its tokens."""
    words, starts, place = segment.split(), [], 0
    for word in words:
        starts.append(segment.index(word, place))
        place = starts[-1] + len(word)
    sums, read = [0.0] * len(words), 0
    for (begin, _), sequence, score in zip(encoding.offsets, encoding.sequence_ids, scores, strict=True):
        if sequence == number and words:
            place = max(bisect_right(starts, begin) - 1, 0)
            sums[place] += score
            read = max(read, place + 1)
    return zip(words[:read], sums[:read], strict=True)
