"""Tokenizers from nothing: the same texts give the same pieces, also of texts in a hundred alphabets."""

from __future__ import annotations

from itertools import pairwise

from mujaz.training.scratch import MOST_CHARACTERS, train_wordpiece


def test_same_texts_same_pieces_whatever_characters_they_have() -> None:
    """Characters beyond the alphabet were numbered as a hash map yielded them, and took a twentieth of a vocabulary."""
    strange = [chr(0x1200 + number) for number in range(600)]
    pairs = " ".join(one + other for one, other in pairwise(strange))
    texts = [f"فاز الفريق {pairs}"] * 3 + ["قال الوزير"] * 400
    first, *others = (train_wordpiece(texts, 2500).get_vocab() for _ in range(3))
    assert all(other == first for other in others)
    assert {"فاز", "الفريق", "الوزير"} <= set(first)
    characters = {character for piece in first for character in piece.removeprefix("##") if character in strange}
    assert 0 < len(characters) < MOST_CHARACTERS


def test_texts_without_a_character_are_no_error() -> None:
    assert "[MASK]" in train_wordpiece([" ", ""], 50).get_vocab()
