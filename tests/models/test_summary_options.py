from __future__ import annotations

from typing import Any

import pytest

from mujaz.errors import UsageError
from mujaz.models.summary_options import LENGTHS, Generation, WordRange, word_range


def test_lengths_in_words() -> None:
    assert word_range("headline") == LENGTHS["headline"]
    assert word_range("20-40") == word_range("20 – 40") == WordRange(20, 40)
    assert [WordRange(20, 40).distance(words) for words in (15, 20, 40, 47)] == [5, 0, 0, 7]


@pytest.mark.parametrize("length", ["", "tiny", "40", "40-20", "0-5", "a-b"])
def test_other_lengths_are_refused(length: str) -> None:
    with pytest.raises(UsageError, match="expected headline, short, long or a range in words, from 1 on and"):
        word_range(length)


def test_words_become_tokens_by_the_articles_own_fertility() -> None:
    assert WordRange(20, 40).tokens(1.0) == (20, 41)
    assert WordRange(20, 40).tokens(1.8) == WordRange(20, 40).tokens(2.0) == (40, 81)  # like articles share a batch


@pytest.mark.parametrize("key", ["num_beams", "max_new_tokens", "min_new_tokens", "batch_tokens", "candidates"])
def test_numbers_are_positive(key: str) -> None:
    given: dict[str, Any] = {key: 0}
    with pytest.raises(UsageError, match=f"{key} must be at least 1, found 0"):
        Generation(**given).check()
