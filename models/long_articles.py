"""Articles longer than a model reads: cut into pieces at sentence ends, and pieces chosen or grouped.

Everything here works on counts of tokens, so it knows neither tokenizer nor model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mujaz.models.arabic_words import words
from mujaz.models.light_stem import light_stem
from mujaz.models.sentences import split_sentences
from mujaz.models.word_bases import FUNCTION_WORDS

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Count = Callable[[Sequence[str]], list[int]]  # texts -> tokens of each, without special tokens

DAMPING = 0.85  # of PageRank, as in LexRank (Erkan & Radev 2004) and TextRank (Mihalcea & Tarau 2004)
ITERATIONS = 50
LEAST_SIMILARITY = 1e-9  # far below what one stem in common makes; what is smaller is left by rounding


def pieces(text: str, window: int, count: Count) -> tuple[list[str], list[int]]:
    """The sentences of a text, those longer than the window cut between words, and the tokens of each piece.

    Args:
        text: Any text.
        window: Tokens that fit the model, without special tokens.
        count: Counts tokens.
    """
    found = [sentence.text for sentence in split_sentences(text)]
    counts = count(found)
    for at in range(len(found) - 1, -1, -1):
        if counts[at] > window:
            parts = _parts(found[at], window, count)
            found[at : at + 1], counts[at : at + 1] = parts, count(parts)
    return found, counts


def _parts(sentence: str, window: int, count: Count) -> list[str]:
    """A sentence in about equal parts of whole words, each of which fits or is one word."""
    split = sentence.split()
    different = list(dict.fromkeys(split))
    tokens = dict(zip(different, count(different), strict=True))
    alone, room = [tokens[word] for word in split], window
    while True:
        parts = [" ".join(split[i] for i in part) for part in sections(alone, room)]
        most = max((n for part, n in zip(parts, count(parts), strict=True) if " " in part), default=0)
        if most <= window:
            return parts
        room = room * window // most  # words together have more tokens than alone: of bytes, the spaces


def lead(counts: Sequence[int], window: int) -> list[int]:
    """The first pieces that fit together; at least one."""
    total = 0
    chosen: list[int] = []
    for index, tokens in enumerate(counts):
        total += tokens
        if chosen and total > window:
            break
        chosen.append(index)
    return chosen


def select(counts: Sequence[int], window: int, scores: Sequence[float] | NDArray[np.float64]) -> list[int]:
    """The pieces of the highest scores that fit together, in the order of the text.

    Args:
        counts: Tokens of each piece.
        window: Tokens that fit.
        scores: How much each piece is worth.
    """
    chosen: list[int] = []
    total = 0
    for index in sorted(range(len(counts)), key=lambda i: (-scores[i], i)):
        if total + counts[index] <= window:
            chosen.append(index)
            total += counts[index]
    return sorted(chosen) or [0]


def sections(counts: Sequence[int], window: int) -> list[list[int]]:
    """Consecutive pieces in as few sections as fit the window, of about equal size."""
    target = sum(counts) / max(1, math.ceil(sum(counts) / window))
    found: list[list[int]] = []
    total = 0
    for index, tokens in enumerate(counts):
        if not found or total + tokens > window or total >= target:
            found.append([])
            total = 0
        found[-1].append(index)
        total += tokens
    return found


def centrality(texts: Sequence[str]) -> NDArray[np.float64]:
    """How central each text is among all: PageRank over the cosine of TF-IDF weights of light stems (LexRank, TextRank).

    Args:
        texts: Sentences of one article.

    Returns:
        Scores of shape (texts,), which sum to 1.
    """
    return central(stem_weights(texts))


def stem_weights(texts: Sequence[str]) -> csr_matrix:
    """TF-IDF weights of the light stems of texts, function words left out: shape (texts, stems), rows of length 1 or 0."""
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

    stems = [[light_stem(word) for word in words(text) if word not in FUNCTION_WORDS] for text in texts]
    if not any(stems):
        return csr_matrix((len(texts), 1))
    return TfidfVectorizer(analyzer=lambda stemmed: stemmed, sublinear_tf=True).fit_transform(stems)


def central(weights: csr_matrix) -> NDArray[np.float64]:
    """:func:`centrality` of texts with such :func:`stem_weights`."""
    own = np.asarray(weights.multiply(weights).sum(axis=1)).ravel()
    # Not the similarities themselves, which are as many as the square of the sentences.
    return page_rank(lambda values: weights @ (weights.T @ values) - own * values, weights.shape[0])


def page_rank(linked: Callable[[NDArray[np.float64]], NDArray[np.float64]], number: int) -> NDArray[np.float64]:
    """PageRank of a graph of similarities.

    Args:
        linked: Multiplies the similarities, of shape (number, number), symmetric, not negative and 0 of each text with
            itself, by a vector.
        number: Of texts.

    Returns:
        Scores of shape (number,), which sum to 1.
    """
    out = linked(np.ones(number))
    alone = out < LEAST_SIMILARITY
    scores = np.full(number, 1 / max(1, number))
    for _ in range(ITERATIONS):
        shares = np.divide(scores, out, out=np.zeros(number), where=~alone)
        scores = (1 - DAMPING) / max(1, number) + DAMPING * (linked(shares) + scores[alone].sum() / number)
    return scores.round(12)  # texts of equal worth are level, whatever their sums were rounded to
