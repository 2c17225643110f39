"""Masking: whole words, the right share, special tokens never, the same again for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerBase

from mujaz.configs.pretrain_schema import MaskingConfig
from mujaz.training.encoded import IGNORED
from mujaz.training.masking import MaskWords, choose_words, word_starts
from mujaz.training.scratch import train_wordpiece

TEXT = "فازت المنتخبات بالمباريات وخسر منتخبنا مباراته، فالمباراة القادمة 2026 مهمة لمنتخباتنا"
LENGTH = 126
ROWS = 64


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    """So small a vocabulary that most words are several pieces."""
    return train_wordpiece([TEXT] * 4, 90)


def _rows(tokenizer: PreTrainedTokenizerBase) -> list[tuple[int, np.ndarray]]:
    ids = [*tokenizer(TEXT, add_special_tokens=False)["input_ids"], tokenizer.sep_token_id]
    stream = np.resize(np.array(ids, dtype=np.uint16), (ROWS * LENGTH,)).reshape(ROWS, LENGTH)
    return list(enumerate(stream))


def _words(tokenizer: PreTrainedTokenizerBase, ids: list[int]) -> list[list[int]]:
    """Places of each word's pieces, read off the pieces themselves: the oracle."""
    words: list[list[int]] = []
    special = set(tokenizer.all_special_ids)
    for place, (i, piece) in enumerate(zip(ids, tokenizer.convert_ids_to_tokens(ids), strict=True)):
        begins = i in special or not piece.startswith("##") or place == 0 or ids[place - 1] in special
        if begins:
            words.append([])
        words[-1].append(place)
    return words


def test_whole_words_are_masked_whole(tokenizer: PreTrainedTokenizerBase) -> None:
    rows = _rows(tokenizer)
    batch = MaskWords(tokenizer, MaskingConfig(), 512, seed=1)(rows)
    several = 0
    for (_, row), labels in zip(rows, batch["labels"].tolist(), strict=True):
        ids = [tokenizer.cls_token_id, *row.tolist(), tokenizer.sep_token_id]
        for word in _words(tokenizer, ids):
            guessed = {labels[place] != IGNORED for place in word}
            assert len(guessed) == 1
            several += len(word) > 1 and guessed == {True}
    assert several > ROWS


@pytest.mark.parametrize("share", [0.15, 0.4])
def test_the_masked_share_is_right_and_never_more(tokenizer: PreTrainedTokenizerBase, share: float) -> None:
    rows = _rows(tokenizer)
    labels = MaskWords(tokenizer, MaskingConfig(share=share), 512, seed=1)(rows)["labels"]
    allowed = np.array([[i not in tokenizer.all_special_ids for i in row] for _, row in rows]).sum(axis=1)
    shares = (labels != IGNORED).sum(dim=1).numpy() / allowed
    assert (shares <= share + 1 / allowed).all()
    assert shares.mean() > share * 0.75  # a word of many pieces that would go beyond is left


def test_labels_are_what_stood_there_and_the_rest_is_as_it_was(tokenizer: PreTrainedTokenizerBase) -> None:
    rows = _rows(tokenizer)
    batch = MaskWords(tokenizer, MaskingConfig(), 512, seed=1)(rows)
    guessed = batch["labels"] != IGNORED
    original = torch.tensor(np.stack([row for _, row in rows]).astype(np.int64))
    restored = torch.where(guessed, batch["labels"], batch["input_ids"])
    assert torch.equal(restored[:, 1:-1], original)
    assert (restored[:, 0] == tokenizer.cls_token_id).all()
    assert (restored[:, -1] == tokenizer.sep_token_id).all()
    special = torch.isin(restored, torch.tensor(tokenizer.all_special_ids))
    assert not (special & guessed).any()


def test_masked_kept_and_replaced_in_their_shares(tokenizer: PreTrainedTokenizerBase) -> None:
    rows = [(i, row) for i, row in enumerate(np.concatenate([np.stack([r for _, r in _rows(tokenizer)])] * 20))]
    batch = MaskWords(tokenizer, MaskingConfig(share=0.3, kept=0.2, replaced=0.3), 512, seed=1)(rows)
    guessed = batch["labels"] != IGNORED
    shown, truth = batch["input_ids"][guessed], batch["labels"][guessed]
    masked = (shown == tokenizer.mask_token_id).float().mean().item()
    kept = (shown == truth).float().mean().item()
    assert masked == pytest.approx(0.5, abs=0.02)
    assert kept == pytest.approx(0.2 + 0.3 / len(tokenizer), abs=0.02)  # a random piece may be the right one


def test_masks_are_drawn_anew_but_the_same_for_the_same_place(tokenizer: PreTrainedTokenizerBase) -> None:
    mask = MaskWords(tokenizer, MaskingConfig(), 512, seed=1)
    rows = _rows(tokenizer)
    again = MaskWords(tokenizer, MaskingConfig(), 512, seed=1)(rows)
    assert all(torch.equal(a, b) for a, b in zip(mask(rows).values(), again.values(), strict=True))
    later = mask([(index + ROWS, row) for index, row in rows])
    assert not torch.equal(mask(rows)["labels"], later["labels"])


def test_all_positions_are_trained_and_none_is_beyond(tokenizer: PreTrainedTokenizerBase) -> None:
    rows = _rows(tokenizer)
    positions = MaskWords(tokenizer, MaskingConfig(), 200, seed=1)(rows)["position_ids"]
    assert positions.max() < 200
    assert len(positions.unique()) > 190
    assert (positions[:, 0] == 0).float().mean() > 0.3
    assert (positions.diff(dim=1) == 1).all()
    still = MaskWords(tokenizer, MaskingConfig(), 200, seed=1, shift=False)(rows)["position_ids"]
    assert (still[:, 0] == 0).all()


def test_a_row_with_one_long_word_still_gives_something_to_guess() -> None:
    starts = np.array([[True, False, False, False], [True, True, True, True]])
    words = choose_words(starts, np.ones((2, 4), dtype=bool), 0.15, np.random.default_rng(0))
    assert (words[0] < 0).all()  # the word is longer than the share allows
    assert (words[1] >= 0).sum() == 1


def test_word_starts_are_those_of_the_pieces(tokenizer: PreTrainedTokenizerBase) -> None:
    pieces = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    assert [p for p, s in zip(pieces, word_starts(tokenizer), strict=True) if not s] == [
        p for p in pieces if p.startswith("##")
    ]
