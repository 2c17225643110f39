from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mujaz.errors import UsageError
from mujaz.models.summary_options import LENGTHS, Generation, WordRange, word_range


def test_lengths_in_words() -> None:
    assert word_range("headline") == LENGTHS["headline"]
    assert word_range("20-40") == word_range("20 – 40") == WordRange(20, 40)
    assert [WordRange(20, 40).distance(words) for words in (15, 20, 40, 47)] == [5, 0, 0, 7]


@pytest.mark.parametrize("length", ["", "tiny", "40", "40-20", "0-5", "a-b", (5, 10), [5], 5])
def test_other_lengths_are_refused(length: Any) -> None:
    with pytest.raises(UsageError, match="expected headline, short, long or a range in words, from 1 on and"):
        word_range(length)


def test_words_become_tokens_by_the_articles_own_fertility() -> None:
    assert WordRange(20, 40).tokens(1.0) == (20, 41)
    assert WordRange(20, 40).tokens(1.8) == WordRange(20, 40).tokens(2.0) == (40, 81)  # like articles share a batch


@pytest.mark.parametrize("key", ["num_beams", "max_new_tokens", "min_new_tokens", "batch_tokens", "candidates"])
@pytest.mark.parametrize("wrong", [0, "4", 1.5, True])
def test_numbers_are_positive(key: str, wrong: Any) -> None:
    with pytest.raises(UsageError, match=f"{key}: expected a whole number, 1 or more, found {wrong!r}"):
        Generation(**{key: wrong}).check()


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"candidates": None}, "candidates: expected a whole number, 1 or more, found None"),
        ({"min_article_words": -1}, "min_article_words: expected a whole number, 0 or more, found -1"),
        ({"faithful": "yes"}, "faithful: expected True or False, found 'yes'"),
        ({"article_words": 1}, "article_words: expected True or False, found 1"),
        ({"long": 3}, "long 3 is not known"),
    ],
)
def test_options_are_of_their_kind(given: dict[str, Any], answer: str) -> None:
    with pytest.raises(UsageError, match=answer):
        Generation(**given).check()


def test_numbers_of_numpy_are_numbers() -> None:
    made = Generation(num_beams=np.int64(2), min_article_words=np.int32(0), faithful=np.bool_(True))  # type: ignore[arg-type]
    made.check()
    assert (type(made.num_beams), type(made.min_article_words)) == (int, int)  # JSON takes no others


@pytest.mark.parametrize("length", [(3, 5), [3, 5]])
def test_a_range_may_be_a_pair_of_numbers(length: Any) -> None:
    generation = Generation(length=length)
    generation.check()
    assert (generation.length, generation.wanted) == ("3-5", WordRange(3, 5))
    for wrong in ((5, 3), (0, 5), (3.5, 5), (3, 5, 7), 5):
        with pytest.raises(UsageError, match="expected headline, short, long or a range in words"):
            Generation(length=wrong).check()  # type: ignore[arg-type]
