"""ROUGE-1/2/L/Lsum (Lin 2004) over words that hold Arabic letters, with the counting of rouge_score 0.1.2.

rouge_score's own tokenizer keeps ``[a-z0-9]`` only, so to it an Arabic text is its digits: a sentence scores 0 against
itself, and two unrelated ones that name the same year score 1. Its counting is the reference, though, and the numbers here
equal those of rouge_score run with the same tokenizer. Its code is not called: it has had no release since 2022, is built
from source, brings nltk, absl-py and six along, and on texts of 300 words takes five times as long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mujaz.models.sentences import split_sentences
from mujaz.training.metrics.bootstrap import LEVEL, RESAMPLES, confidence_interval
from mujaz.training.metrics.lcs import lcs_length, lcs_places
from mujaz.training.metrics.pairs import check_pairs
from mujaz.training.metrics.tokenization import Tokenizer, find_mode, tokenizer

TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
Words = Sequence[str]


@dataclass(frozen=True)
class RougeScores:
    """ROUGE of a set of pairs.

    Attributes:
        pairs: How many there were.
        f1: Mean F1 by type, 0-100.
        confidence: By type, between what bounds the mean lies (95 %, bootstrap), if asked for.
        signature: How the words were made; only scores with the same one can be compared.
    """

    pairs: int
    f1: dict[str, float]
    confidence: dict[str, tuple[float, float]] | None
    signature: str


def score_rouge(
    predictions: Sequence[str],
    references: Sequence[str],
    *,
    mode: str = "arabic",
    stem: bool = False,
    confidence: bool = False,
) -> RougeScores:
    """ROUGE of predictions against references.

    Args:
        predictions: Texts.
        references: One a prediction, in the same order.
        mode: How a text is cut into words: a key of `mujaz.training.metrics.tokenization.MODES`.
        stem: Compare stems of words.
        confidence: Also compute confidence intervals.

    Raises:
        DataError: Predictions and references do not come in pairs, or there are none.
        UsageError: No such mode, or it has no stemmer.
    """
    check_pairs(predictions, references)
    scores = pair_scores(predictions, references, tokenizer(mode, stem=stem))
    means = dict(zip(TYPES, scores.mean(axis=0).tolist(), strict=True))
    bounds = None
    if confidence:
        low, high = confidence_interval(scores)
        bounds = dict(zip(TYPES, zip(low.tolist(), high.tolist(), strict=True), strict=True))
    return RougeScores(len(predictions), means, bounds, signature(mode, stem=stem, confidence=confidence))


def signature(mode: str = "arabic", *, stem: bool = False, confidence: bool = False) -> str:
    """What a reader must know to compare a score, in one line, as sacrebleu does it."""
    words, stemmer = find_mode(mode).names
    parts = ["F1", f"words:{words}", f"stem:{stemmer if stem else 'no'}", "Lsum:sentences"]
    if confidence:
        parts.append(f"bootstrap:{RESAMPLES}x{LEVEL:.0%}")
    return "|".join(parts)


def pair_scores(predictions: Sequence[str], references: Sequence[str], split: Tokenizer) -> NDArray[np.float64]:
    """F1 of every pair, 0-100: (pairs, 4), columns as :data:`TYPES`.

    Args:
        predictions: Texts.
        references: One a prediction.
        split: Text to words.
    """
    rows = [_score(_Text(p, split), _Text(r, split)) for p, r in zip(predictions, references, strict=True)]
    return 100 * np.asarray(rows, dtype=np.float64).reshape(len(rows), len(TYPES))


class _Text:
    """A text as words, and as sentences of words."""

    def __init__(self, text: str, split: Tokenizer) -> None:
        self.words: Words = split(text)
        found = split_sentences(text)
        self.sentences: list[Words] = [split(s.text) for s in found] if len(found) > 1 else [self.words]


def _score(prediction: _Text, reference: _Text) -> tuple[float, float, float, float]:
    """F1 of one pair, 0-1."""
    predicted, expected = prediction.words, reference.words
    one = (Counter(predicted) & Counter(expected)).total()
    if not one:
        return 0.0, 0.0, 0.0, 0.0
    two = (Counter(pairwise(predicted)) & Counter(pairwise(expected))).total()
    longest = lcs_length(expected, predicted)
    whole = len(prediction.sentences) == len(reference.sentences) == 1
    union = longest if whole else _union_lcs(prediction.sentences, reference.sentences)
    return (
        _f1(one, len(predicted), len(expected)),
        _f1(two, len(predicted) - 1, len(expected) - 1),
        _f1(longest, len(predicted), len(expected)),
        _f1(union, sum(map(len, prediction.sentences)), sum(map(len, reference.sentences))),
    )


def unigram_f1(prediction: Counter[str], reference: Counter[str]) -> float:
    """ROUGE-1 F1 of two texts, 0-1, from how often each word stands in them."""
    return _f1((prediction & reference).total(), prediction.total(), reference.total())


def _f1(common: int, predicted: int, expected: int) -> float:
    return 2 * common / (predicted + expected) if common else 0.0


def _union_lcs(prediction: Sequence[Words], reference: Sequence[Words]) -> int:
    """Summary-level LCS (Lin 2004, section 3.2): words of each reference sentence that are in its LCS with any sentence
    of the prediction; as in ROUGE-1.5.5 a word of the prediction pays for one word of the reference.
    """
    left = Counter(word for sentence in prediction for word in sentence)
    hits = 0
    for sentence in reference:
        places: set[int] = set().union(*(lcs_places(sentence, candidate) for candidate in prediction))
        for place in sorted(places):
            if left[sentence[place]] > 0:
                left[sentence[place]] -= 1
                hits += 1
    return hits
