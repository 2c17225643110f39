"""The pieces that an Arabic summary is written with: the only ones that the head scores, where the article has no others.

Most of mT5's 250,112 pieces are of other languages, and a head over all of them takes most of the time of decoding.
CTranslate2 reads from a file which pieces may be written, and multiplies their rows alone. What can then no longer be
written is a word in another script, where the article has none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import PreTrainedTokenizerBase

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MAP_FILE = "vmap.txt"  # CTranslate2's name for it

# A map over more of the rows than this gains little. AraT5 and AraBART, whose pieces are mostly Arabic, have none.
MOST_PIECES = 0.5

# Unicode blocks: Arabic, its supplement, extensions B and A, and presentation forms A and B.
_ARABIC = ((0x0600, 0x06FF), (0x0750, 0x077F), (0x0870, 0x08FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFF))
# Blocks whose digits, punctuation and symbols stay: Latin, and from general punctuation to arrows and shapes.
_COMMON = ((0x0000, 0x024F), (0x2000, 0x2BFF))


def arabic_pieces(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> frozenset[int] | None:
    """Numbers of the pieces in Arabic script, with digits, punctuation, symbols, single Latin letters and special tokens.

    Args:
        tokenizer: A fast tokenizer.
        model: The model that writes; tokens that its settings name stay.

    Returns:
        The numbers; None where they are more than :data:`MOST_PIECES` of the model's rows.
    """
    from mujaz.models.trimmed_weights import (
        needed_tokens,
    )  # with the models of transformers, which generating needs not

    settings: Any = model.config
    pieces = tokenizer.convert_ids_to_tokens(list(range(min(len(tokenizer), settings.vocab_size))))
    found = {number for number, piece in enumerate(pieces) if _is_arabic(piece)}
    found |= {number for number in tokenizer.all_special_ids if number < settings.vocab_size} | needed_tokens(model)
    return frozenset(found) if len(found) <= MOST_PIECES * settings.vocab_size else None


def _is_arabic(piece: str) -> bool:
    """Whether a piece has no letter, mark or digit of another script; a Latin letter alone and a byte may stay, too."""
    if piece.startswith("<0x") and piece.endswith(">"):
        return True
    text = piece.removeprefix("▁")
    return (len(text) <= 1 and text.isascii()) or all(map(_is_common, text))


def _is_common(letter: str) -> bool:
    if _within(letter, _ARABIC):
        return True
    return _within(letter, _COMMON) and unicodedata.category(letter)[0] not in "LM"


def _within(letter: str, blocks: Iterable[tuple[int, int]]) -> bool:
    return any(first <= ord(letter) <= last for first, last in blocks)


def write_map(folder: Path, pieces: Iterable[int]) -> None:
    """Put the pieces beside a converted model: one rule, for an article of any words."""
    (folder / MAP_FILE).write_text("\t" + " ".join(map(str, sorted(pieces))) + "\n", encoding="utf-8")


def read_map(folder: Path) -> frozenset[int] | None:
    """The pieces that stand beside a converted model; None where it writes all it knows."""
    try:
        return frozenset(map(int, (folder / MAP_FILE).read_text(encoding="utf-8").split()))
    except FileNotFoundError:
        return None
