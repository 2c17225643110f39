"""Texts that are nearly the same, found with MinHash and verified exactly.

A text is the set of its pairs of neighbouring words (marks, punctuation and letter variants do not count), its beginning and
end included. Two texts are near-duplicates where the Jaccard similarity of their sets is at least :data:`THRESHOLD`. MinHash
signatures in a locality-sensitive index (Broder 1997; datasketch) say which texts to compare; whether they are alike is
then counted, not estimated. The index misses next to none: of pairs at the threshold itself one in 6,000 (:data:`BANDS`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from datasketch import MinHash, MinHashLSH
from numpy.typing import NDArray

from mujaz.models.arabic_words import words

THRESHOLD = 0.7  # one word of ten replaced leaves 0.67 to 0.7 of the pairs
# Bands, and numbers a band: a pair of similarity s is compared with probability 1 - (1 - s^4)^32. Longer bands compare
# fewer pairs for nothing, but at 20 bands of 6 one near-duplicate in twelve is missed at the threshold.
BANDS = (32, 4)
PERMUTATIONS = 128
_SEED = 1

Pairs = NDArray[np.uint64]


def word_pairs(texts: Sequence[str]) -> list[Pairs]:
    """The set of word pairs of each text, sorted, as numbers; the same pair has the same number in all texts.

    Args:
        texts: Raw texts. One without words has an empty set.
    """
    numbers: dict[str, int] = {}
    sets = []
    for text in texts:
        ids = [numbers.setdefault(word, len(numbers) + 1) for word in words(text)]
        ends = np.array([0, *ids, 0], dtype=np.uint64)
        sets.append(np.unique((ends[:-1] << np.uint64(32)) | ends[1:]) if ids else ends[:0])
    return sets


def jaccard(a: Pairs, b: Pairs) -> float:
    """Jaccard similarity of two sorted sets, 0-1; 0 for two empty ones."""
    common = len(np.intersect1d(a, b, assume_unique=True))
    either = len(a) + len(b) - common
    return common / either if either else 0.0


class NearDuplicates:
    """Near-duplicates among texts.

    Attributes:
        cluster: Number of the cluster of each text; texts that are linked by a chain of near-duplicates share one. A text
            without words is alone.
    """

    def __init__(
        self, texts: Sequence[str], keys: Sequence[Hashable] | None = None, *, threshold: float = THRESHOLD
    ) -> None:
        """Compare texts.

        Args:
            texts: Raw texts.
            keys: One a text: only texts of the same key are compared (the target of a stance, say). None compares all.
            threshold: Least Jaccard similarity of near-duplicates.
        """
        self.threshold = threshold
        self.sets = word_pairs(texts)
        self.keys = keys
        self._parent = list(range(len(texts)))
        self._members: dict[int, list[int]] = defaultdict(list)  # first text of a set -> all texts of that very set
        self._signatures: dict[int, MinHash] = {}
        self._empty = MinHash(num_perm=PERMUTATIONS, seed=_SEED, scheme="affine64", hashfunc=int)
        self._index: Any = MinHashLSH(num_perm=PERMUTATIONS, params=BANDS)
        self._first = self._group()
        for text in self._members:
            self._insert(text)
        self.cluster = [self._root(text) for text in range(len(texts))]

    def nearest(self, text: int, others: Sequence[int]) -> tuple[int, float] | None:
        """The most similar of some texts, and how similar it is, 0-1; None where none is a near-duplicate.

        Args:
            text: Index of the text.
            others: Indices of the texts to compare it with; only those of the same cluster can be near-duplicates.
        """
        by_set = {self._first[other]: other for other in reversed(others) if self._key(other) == self._key(text)}
        found = [(self._similarity(text, first), -other) for first, other in by_set.items()]
        similarity, other = max(found, default=(0.0, 0))
        return (-other, similarity) if similarity >= self.threshold else None

    def _key(self, text: int) -> Hashable:
        return self.keys[text] if self.keys is not None else None

    def _group(self) -> list[int]:
        """Put texts of the same set and key under the first of them, so that only that one is compared."""
        seen: dict[Hashable, int] = {}
        first = []
        for text, pairs in enumerate(self.sets):
            same = seen.setdefault((self._key(text), pairs.tobytes()), text) if len(pairs) else text
            first.append(same)
            if len(pairs):
                self._members[same].append(text)
                self._parent[text] = same
        return first

    def _insert(self, text: int) -> None:
        signature = self._empty.copy()  # a new one would draw its permutations again
        signature.update_batch(self.sets[text])
        self._signatures[text] = signature
        for other in self._candidates(text):
            # Most candidates are in the cluster already: counting what they share would say nothing new.
            if self._root(other) != self._root(text) and self._similarity(text, other) >= self.threshold:
                self._parent[max(self._root(text), self._root(other))] = min(self._root(text), self._root(other))
        self._index.insert(text, signature, check_duplication=False)

    def _candidates(self, text: int) -> list[int]:
        found = self._index.query(self._signatures[text])
        return sorted(other for other in found if other != text and self._key(other) == self._key(text))

    def _similarity(self, a: int, b: int) -> float:
        return jaccard(self.sets[a], self.sets[b])

    def _root(self, text: int) -> int:
        while self._parent[text] != text:
            self._parent[text] = self._parent[self._parent[text]]
            text = self._parent[text]
        return text
