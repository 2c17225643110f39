"""Texts that are nearly the same, found with MinHash and verified exactly.

A text is the set of its pairs of neighbouring words (marks, punctuation and letter variants do not count), its beginning and
end included. Two texts are near-duplicates where the Jaccard similarity of their sets is at least :data:`THRESHOLD`. MinHash
signatures in a locality-sensitive index (Broder 1997; datasketch) say which texts to compare; whether they are alike is
then counted, not estimated. The index misses next to none: of pairs at the threshold itself one in 6,000 (:data:`BANDS`).
Thousands of texts of one template share their places in the index: of each place the latest :data:`PLACE` are compared,
so that time grows with the texts, not with their square. Mostly they are linked by chains all the same. Copies
that are just too different to be linked may hide a pair that is not: of planted ones, 3 of 300 were missed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
from datasketch import MinHash
from numpy.typing import NDArray

from mujaz.models.arabic_words import words

THRESHOLD = 0.7  # one word of ten replaced leaves 0.67 to 0.7 of the pairs
# Bands, and numbers a band: a pair of similarity s is compared with probability 1 - (1 - s^4)^32. Longer bands compare
# fewer pairs for nothing, but at 20 bands of 6 one near-duplicate in twelve is missed at the threshold.
BANDS = (32, 4)
PERMUTATIONS = 128
PLACE = 64  # texts of one place of the index, that is of one band, that a text is compared with
_AT_ONCE = 64  # candidates: most of the rest are in the cluster of one of these
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


def jaccards(one: Pairs, others: Sequence[Pairs]) -> NDArray[np.float64]:
    """Jaccard similarity of a sorted set that is not empty with each of others, 0-1; shape (others,)."""
    sizes = np.array([len(other) for other in others])
    all_of_them = np.concatenate(others)
    places = np.minimum(np.searchsorted(one, all_of_them), len(one) - 1)
    whose = np.repeat(np.arange(len(others)), sizes)
    common = np.bincount(whose, weights=one[places] == all_of_them, minlength=len(others))
    similarities: NDArray[np.float64] = common / (len(one) + sizes - common)
    return similarities


class NearDuplicates:
    """Near-duplicates among texts.

    Attributes:
        cluster: Number of the cluster of each text; texts that are linked by a chain of near-duplicates share one. A text
            without words is alone.
        crowded: How many texts were compared with the latest of a place alone that has texts of other clusters too: a
            near-duplicate of theirs may be in one of those.
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
        self._empty = MinHash(num_perm=PERMUTATIONS, seed=_SEED, scheme="affine64", hashfunc=int)
        # Key -> for each band the texts in a place of it.
        self._index: dict[Hashable, list[dict[bytes, list[int]]]] = defaultdict(lambda: [{} for _ in range(BANDS[0])])
        self._first = self._group()
        for text in self._members:
            self._insert(text)
        self.cluster = [self._root(text) for text in range(len(texts))]
        self.crowded = len(self._doubtful())

    def nearest(self, text: int, others: Sequence[int]) -> tuple[int, float] | None:
        """The most similar of some texts, and how similar it is, 0-1; None where none is a near-duplicate.

        Args:
            text: Index of the text.
            others: Indices of the texts to compare it with; only those of the same cluster can be near-duplicates.
        """
        by_set = {self._first[other]: other for other in reversed(others) if self._key(other) == self._key(text)}
        if not by_set or not len(self.sets[text]):
            return None
        similarities = jaccards(self.sets[text], [self.sets[first] for first in by_set])
        similarity = float(similarities.max())
        nearest = min(other for other, found in zip(by_set.values(), similarities, strict=True) if found == similarity)
        return (nearest, similarity) if similarity >= self.threshold else None

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
        bands, width = BANDS
        places = [
            places.setdefault(signature.hashvalues[band * width : (band + 1) * width].tobytes(), [])
            for band, places in zip(range(bands), self._index[self._key(text)], strict=True)
        ]
        shared = Counter(other for place in places for other in place[-PLACE:])
        candidates = [other for other, _ in shared.most_common()]
        for start in range(0, len(candidates), _AT_ONCE):
            self._link(text, candidates[start : start + _AT_ONCE])
        for place in places:
            place.append(text)

    def _doubtful(self) -> set[int]:
        """The texts that were not compared with one of their place that is in another cluster."""
        found: set[int] = set()
        full = (
            place for bands in self._index.values() for band in bands for place in band.values() if len(place) > PLACE
        )
        for place in full:
            clusters = [self.cluster[text] for text in place]
            of_all = set[int]()
            for at, text in enumerate(place[PLACE + 1 :]):  # those before it by more than PLACE were passed over
                of_all.add(clusters[at])
                if of_all != {clusters[at + PLACE + 1]}:
                    found.add(text)
        return found

    def _link(self, text: int, others: Sequence[int]) -> None:
        # Most candidates are in the cluster already: counting what they share would say nothing new.
        own = self._root(text)
        beyond = [other for other in others if self._root(other) != own]
        if not beyond:
            return
        similarities = jaccards(self.sets[text], [self.sets[other] for other in beyond])
        for other, similarity in zip(beyond, similarities, strict=True):
            if similarity >= self.threshold:
                a, b = self._root(text), self._root(other)
                self._parent[max(a, b)] = min(a, b)

    def _root(self, text: int) -> int:
        while self._parent[text] != text:
            self._parent[text] = self._parent[self._parent[text]]
            text = self._parent[text]
        return text
