from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mujaz.models.long_articles import centrality, lead, page_rank, pieces, sections, select

COUNTS = st.lists(st.integers(1, 10), min_size=1, max_size=30)


def count(texts: Sequence[str]) -> list[int]:
    """A word, a token."""
    return [len(text.split()) for text in texts]


def test_pieces_are_sentences_and_parts_of_long_ones() -> None:
    text = "جملة أولى قصيرة. " + "كلمة " * 10 + ". خاتمة هنا."
    found, counts = pieces(text, 4, count)
    assert found[0] == "جملة أولى قصيرة."
    assert found[-1] == "خاتمة هنا."
    assert max(counts) <= 4
    assert counts == count(found)
    assert " ".join(found).split() == text.split()


def test_a_word_longer_than_the_window_stays_one_piece() -> None:
    found, counts = pieces("طويلة جدا", 1, lambda texts: [3 * len(text.split()) for text in texts])
    assert (found, counts) == (["طويلة", "جدا"], [3, 3])


def test_parts_fit_where_the_spaces_are_tokens_too() -> None:
    def letters_and_spaces(texts: Sequence[str]) -> list[int]:
        """As a tokenizer of bytes counts."""
        return [len(text) for text in texts]

    found, counts = pieces(" ".join(["و"] * 300), 100, letters_and_spaces)
    assert sum(len(part.split()) for part in found) == 300
    assert max(counts) <= 100
    assert len(found) <= 8


def test_a_long_word_is_a_piece_by_itself_and_each_word_is_counted_once() -> None:
    counted: list[str] = []

    def letters(texts: Sequence[str]) -> list[int]:
        """A letter, a token."""
        counted.extend(texts)
        return [len(text.replace(" ", "")) for text in texts]

    text = " ".join(["كلمة"] * 50 + ["ك" * 500] + ["أخرى"] * 50)
    found, counts = pieces(text, 100, letters)
    assert sum(len(part.split()) for part in found) == 101
    assert [len(part) for part in found if "كك" in part] == [500]
    assert len(found) <= 7
    assert counts == letters(found)
    assert sum(map(len, counted)) < 5 * len(text)  # the text, its different words, and the parts, here as well


def test_lead_takes_whole_sentences_and_at_least_one() -> None:
    assert lead([3, 3, 3], 7) == [0, 1]
    assert lead([9, 1], 7) == [0]


def test_select_fills_the_window_by_worth_in_the_order_of_the_text() -> None:
    assert select([3, 3, 3, 1], 7, [0.1, 0.4, 0.3, 0.2]) == [1, 2, 3]
    assert select([9], 7, [1.0]) == [0]


@given(COUNTS, st.integers(10, 40))
def test_sections_hold_everything_in_order_and_fit(counts: list[int], window: int) -> None:
    found = sections(counts, window)
    assert [i for section in found for i in section] == list(range(len(counts)))
    assert all(sum(counts[i] for i in section) <= window for section in found)


def test_the_sentence_that_the_others_speak_of_is_central() -> None:
    texts = ["افتتح الوزير المستشفى الجديد في المدينة", "يضم المستشفى أقساما", "الوزير تحدث عن المدينة", "نزل المطر"]
    scores = centrality(texts)
    assert scores.argmax() == 0
    assert scores.argmin() == 3
    np.testing.assert_allclose(scores.sum(), 1)
    np.testing.assert_allclose(centrality(["في", "من"]), [0.5, 0.5])


def test_page_rank_solves_its_equation() -> None:
    similarity = np.array([[1, 0.5, 0.2], [0.5, 1, 0], [0.2, 0, 1.0]])
    links = similarity - np.eye(3)
    step = links / links.sum(axis=1, keepdims=True)
    exact = np.linalg.solve(np.eye(3) - 0.85 * step.T, np.full(3, 0.15 / 3))  # the oracle
    np.testing.assert_allclose(page_rank(links.dot, 3), exact, atol=1e-3)


def test_a_text_like_no_other_is_worth_as_much_to_all() -> None:
    texts = ["فاز الفريق", "خسر الفريق", "نزل المطر", "في", "فاز الفريق"]
    scores = centrality(texts)
    assert scores[2] == scores[3] < scores[1] < scores[0] == scores[4]  # twins, whose order decides, are level
    np.testing.assert_allclose(scores.sum(), 1)


def test_memory_grows_with_the_sentences_and_not_with_their_square() -> None:
    texts = [f"قال المتحدث إن المشروع رقم{number} يبدأ قريبا" for number in range(2000)]
    centrality(texts[:2])  # what is imported is not counted
    tracemalloc.start()
    scores = centrality(texts)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * len(texts) ** 2  # one matrix of all similarities
    np.testing.assert_allclose(scores, 1 / len(texts))
