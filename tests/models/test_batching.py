from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mujaz.models.batching import token_budget_batches


@given(st.lists(st.integers(0, 300), max_size=80), st.integers(1, 500))
def test_every_row_once_and_within_the_budget(lengths: list[int], budget: int) -> None:
    batches = list(token_budget_batches(lengths, budget))
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        padded = len(batch) * max(1, max(lengths[i] for i in batch))
        assert padded <= budget or len(batch) == 1


def test_the_longest_come_first() -> None:
    assert list(token_budget_batches([1, 5, 3, 5, 2], 10)) == [[1, 3], [2, 4, 0]]


def test_no_rows_no_batches() -> None:
    assert list(token_budget_batches([], 10)) == []
