from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mujaz import TextClassifier
from mujaz.models.classifier import pool
from mujaz.models.encoding import TextEncoder
from mujaz.models.window_places import cut, pick, within
from mujaz.models.windows import LongText


@given(
    tokens=st.integers(0, 400),
    room=st.integers(8, 64),
    starts=st.sets(st.integers(0, 399)),
    share=st.sampled_from([0.0, 0.125, 0.4]),
)
def test_windows_hold_every_token_and_fit(tokens: int, room: int, starts: set[int], share: float) -> None:
    windows = cut(tokens, room, sorted(starts), int(room * share))
    assert windows[0][0] == 0
    assert windows[-1][1] == tokens
    assert all(end - begin <= room for begin, end in windows)
    for (begin, end), (after, last) in itertools.pairwise(windows):
        assert begin < after <= end < last
        assert end - after <= room * share


def test_windows_begin_and_end_with_sentences() -> None:
    assert cut(30, 10, [0, 8, 15, 24], 2) == [(0, 8), (8, 15), (15, 24), (24, 30)]
    assert cut(30, 12, [0, 5, 10, 11, 20, 28], 3) == [(0, 11), (10, 20), (20, 30)]  # a short sentence is read twice
    assert cut(20, 10, [0], 2) == [(0, 10), (8, 18), (16, 20)]  # one sentence: cut inside, with overlap


def test_pooling_picks_its_windows() -> None:
    windows = [(0, 5), (5, 9), (9, 14)]
    assert pick(windows, "first", 9) == [(0, 5)]
    assert pick(windows, "first+last", 9) == [(0, 5), (9, 14)]
    assert pick(windows[:1], "first+last", 9) == [(0, 5)]
    assert pick(windows, "mean", 2) == windows[:2]


def test_pooled_scores() -> None:
    scores = np.array([[1, 5], [3, 1], [5, 0], [7, 7]], dtype=np.float32)
    owners = np.array([0, 0, 0, 1])
    assert pool(scores, owners, 2, "mean").tolist() == [[3, 2], [7, 7]]
    assert pool(scores, owners, 2, "max").tolist() == [[5, 5], [7, 7]]
    assert pool(scores[:0], owners[:0], 0, "mean").shape == (0, 2)


SENTENCE = "فاز المنتخب في مباراة الكرة. "
TEXTS = ["", "فاز", SENTENCE * 3, SENTENCE * 40, "ككككككككك" * 90, "😂" * 500]


@pytest.fixture(scope="module", params=["topic", "stance"])
def encoder(request: pytest.FixtureRequest, trained: Callable[[str], Path]) -> TextEncoder:
    return TextClassifier.from_pretrained(trained(request.param), device="cpu").encoder


@pytest.mark.parametrize("paired", [False, True])
def test_a_text_that_fits_is_encoded_as_in_training(encoder: TextEncoder, paired: bool) -> None:
    targets = ["السوق"] * len(TEXTS) if paired else None
    truncated = dataclasses.replace(encoder, long=LongText(policy="truncate"))
    for plain, document in zip(encoder(TEXTS, targets), truncated.documents(TEXTS, targets), strict=True):
        assert document.windows == (plain,)
        assert (document.dropped > 0) == plain.truncated


def test_windows_repeat_the_target_and_the_special_tokens(encoder: TextEncoder) -> None:
    document = encoder.documents([SENTENCE * 40], ["السوق"])[0]
    target = encoder(["فاز"], ["السوق"])[0]
    tail = target.input_ids[target.token_type_ids.index(1) :]
    assert len(document.windows) > 3
    assert document.dropped == 0
    for window in document.windows:
        assert len(window.input_ids) <= encoder.max_length
        assert window.input_ids[0] == target.input_ids[0]
        assert window.input_ids[-len(tail) :] == tail
        assert len(window.input_ids) == len(window.token_type_ids)


def test_what_lies_behind_the_last_window_is_counted_as_dropped(encoder: TextEncoder) -> None:
    few = dataclasses.replace(encoder, long=LongText(max_windows=2, overlap=0))
    document = few.documents([SENTENCE * 40])[0]
    assert len(document.windows) == 2
    read = sum(len(window.input_ids) for window in document.windows) - 2 * len(few([""])[0].input_ids)
    assert document.dropped == document.tokens - read > 0
    assert all(window.truncated for window in document.windows)


def test_a_document_of_fifty_megabytes_is_read_as_far_as_windows_reach(encoder: TextEncoder) -> None:
    huge = SENTENCE * (50_000_000 // len(SENTENCE.encode()))
    document = encoder.documents([huge])[0]
    assert len(document.windows) == encoder.long.max_windows
    each = encoder.documents([SENTENCE * 20])[0].tokens / 20
    assert document.tokens == pytest.approx(each * 50_000_000 / len(SENTENCE.encode()), rel=0.05)  # estimated
    assert document.dropped > 0.99 * document.tokens
    blank = encoder.documents(["<br/>" * (2 * encoder.max_length * 8 * encoder.long.max_windows // 5) + huge])[0]
    assert (blank.dropped > 0.99 * blank.tokens, blank.windows[-1].truncated) == (True, True)
    beyond = encoder.max_length * 8 * encoder.long.max_windows // len(SENTENCE) * 3 // 2  # within twice the reach
    assert encoder.documents([SENTENCE * beyond])[0].tokens == pytest.approx(each * beyond, rel=0.05)


def test_the_last_window_is_the_end_of_a_text_that_reaches_far(encoder: TextEncoder) -> None:
    """Longer raw, and longer prepared, than windows reach."""
    reach, end = encoder.max_length * 8, "باعت الشركة حصتها في السوق. " * 20
    begun = encoder.documents([SENTENCE * 40])[0].windows[0]
    for windows, reaches in ((1, 3), (32, 48), (32, 160)):
        both = dataclasses.replace(encoder, long=LongText(pooling="first+last", max_windows=windows))
        text = SENTENCE * (reaches * reach // len(SENTENCE)) + end
        document = both.documents([text])[0]
        first, last = document.windows
        assert first.input_ids == begun.input_ids
        assert last.input_ids[-10:] == both.documents([end])[0].windows[-1].input_ids[-10:]
        assert document.tokens == pytest.approx(encoder.lengths([text])[0], rel=0.05)


def test_as_much_of_a_text_as_windows_reach_is_whole_words() -> None:
    text = "واحد اثنان ثلاثة أربعة"
    assert [within(text, most) for most in (4, 5, 9, 10, 22)] == ["واحد", "واحد", "واحد", "واحد اثنان", text]
    assert within(text, 21, both_ends=True) == "واحد اثنان أربعة"
    assert within(text, 12, both_ends=True) == "واحد أربعة"
    assert within("ك" * 500, 300) == "ك" * 300
    assert within("ك" * 500, 300, both_ends=True) == "ك" * 150 + " " + "ك" * 149


@pytest.mark.parametrize(
    ("tokens", "starts", "windows"),
    [
        (8, [0, 5], [(0, 8)]),  # it fits
        (9, [0, 4], [(0, 8), (8, 9)]),  # a sentence that starts in the middle leaves the window half full
        (9, [0, 5], [(0, 5), (5, 9)]),
        (9, [0, 8], [(0, 8), (8, 9)]),  # the sentence ends where the window does
        (9, [], [(0, 8), (8, 9)]),
    ],
)
def test_a_window_ends_with_a_sentence_where_it_is_more_than_half_full(
    tokens: int, starts: list[int], windows: list[tuple[int, int]]
) -> None:
    assert cut(tokens, 8, starts, 0) == windows


def test_a_window_begins_with_a_sentence_of_the_overlap() -> None:
    assert cut(12, 8, [0, 6, 8], 2) == [(0, 8), (6, 12)]
    assert cut(12, 8, [0, 5, 8], 2) == [(0, 8), (8, 12)]  # that one starts before it
    assert cut(12, 8, [0], 2) == [(0, 8), (6, 12)]
    with pytest.raises(ValueError, match="at least one token, found room for 0"):
        cut(12, 0, [0], 0)
    assert cut(2, 1, [0], 0) == [(0, 1), (1, 2)]
