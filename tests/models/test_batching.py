from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mujaz.models.batching import filled, token_budget_batches


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


@given(st.integers(1, 200), st.integers(1, 64).map(lambda n: 8 * n), st.integers(1, 4000))
def test_a_batch_is_filled_with_its_last_row_to_one_of_a_few_sizes(rows: int, longest: int, budget: int) -> None:
    most = max(1, budget // longest)
    rows = min(rows, most)
    batch = filled(list(range(rows)), longest, budget)
    assert batch[:rows] == list(range(rows))
    assert set(batch[rows:]) <= {rows - 1}
    assert len(batch) <= most
    assert len(batch) - rows < max(1, most / 8 + 1)
    assert len({len(filled(list(range(n)), longest, budget)) for n in range(1, most + 1)}) <= 8
