"""A unigram tokenizer with fewer pieces: which stay, and the tokenizer made of them.

A unigram model cuts a word where the sum of its pieces' scores is best. Taking other pieces away changes neither these
scores nor the best way, so a word whose pieces all stay is cut as before.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from mujaz.errors import CheckpointError

# Code points whose single characters always stay: Latin with digits and punctuation, Arabic with its supplement, general
# punctuation (Unicode blocks). Of other scripts stays what the corpus has.
_BASIC = ((0x0000, 0x0250), (0x0600, 0x0780), (0x2000, 0x2070))


def unigram_state(tokenizer: PreTrainedTokenizerBase, name: str) -> dict[str, Any]:
    """The tokenizer as its JSON says.

    Args:
        tokenizer: A fast tokenizer, without a recipe.
        name: Of the checkpoint, for the message.

    Raises:
        CheckpointError: it is not a unigram tokenizer.
    """
    backend: Any = getattr(tokenizer, "backend_tokenizer")  # noqa: B009  # only fast tokenizers have it
    state: dict[str, Any] = json.loads(backend.to_str())
    kind = state["model"].get("type")
    if kind != "Unigram":
        raise CheckpointError(
            f"{name}: only a Unigram (sentencepiece) tokenizer can be cut, as mT5, AraT5 and AraBART have; found {kind}, "
            "whose pieces are built from one another."
        )
    return state


def choose_pieces(state: dict[str, Any], counted: Counter[int], keep: float, rows: int, needed: set[int]) -> list[int]:
    """Numbers of the pieces to keep, in their old order.

    Args:
        state: The tokenizer, from :func:`unigram_state`.
        counted: How often each piece occurs in the corpus.
        keep: Share of these occurrences that the kept pieces must make up; the most frequent are taken first.
        rows: Of the embeddings. A piece beyond them cannot be used, a row beyond the pieces is never asked for.
        needed: Numbers that stay in any case.
    """
    vocab = state["model"]["vocab"]
    added = {token["id"] for token in state["added_tokens"]}
    always = {number for number, (piece, _) in enumerate(vocab) if _is_basic(piece)}
    unknown = state["model"].get("unk_id")
    kept = always | added | needed | ({unknown} if unknown is not None else set())
    covered, wanted = 0, keep * counted.total()
    for number, times in sorted(counted.items(), key=lambda item: (-item[1], item[0])):
        if covered >= wanted:
            break
        covered += times
        kept.add(number)
    return sorted(number for number in kept if 0 <= number < rows and (number < len(vocab) or number in added))


def _is_basic(piece: str) -> bool:
    """A single character of the scripts that stay, with or without the mark of a word's beginning; or a byte."""
    if piece.startswith("<0x") and piece.endswith(">"):
        return True
    letter = piece.removeprefix("▁")
    return len(letter) <= 1 and (not letter or any(low <= ord(letter) < high for low, high in _BASIC))


def smaller_tokenizer(
    tokenizer: PreTrainedTokenizerBase, state: dict[str, Any], kept: Sequence[int]
) -> PreTrainedTokenizerBase:
    """The same tokenizer with fewer pieces, of the one class that every version of transformers loads as it is saved.

    Args:
        tokenizer: The original; its names of special tokens are taken over.
        state: Its state, from :func:`unigram_state`.
        kept: Old numbers of the pieces, ascending; their new numbers are their places here.
    """
    numbers = {old: new for new, old in enumerate(kept)}
    smaller = copy.deepcopy(state)
    model, vocab = smaller["model"], state["model"]["vocab"]
    model["vocab"] = [vocab[number] for number in kept if number < len(vocab)]
    if model.get("unk_id") is not None:
        model["unk_id"] = numbers[model["unk_id"]]
    added = sorted((token for token in state["added_tokens"] if token["id"] in numbers), key=lambda token: token["id"])
    smaller["added_tokens"] = [{**token, "id": numbers[token["id"]]} for token in added]
    smaller["truncation"] = smaller["padding"] = None  # of the last call, not of the tokenizer
    for step in _processors(smaller.get("post_processor")):
        _renumber(step, numbers)
    names = {key: value for key, value in tokenizer.special_tokens_map.items() if isinstance(value, str)}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(smaller)),
        model_input_names=list(tokenizer.model_input_names),
        **names,
    )


def _processors(processor: dict[str, Any] | None) -> Iterable[dict[str, Any]]:
    if processor:
        yield processor
        for step in processor.get("processors", []):
            yield from _processors(step)


def _renumber(processor: dict[str, Any], numbers: dict[int, int]) -> None:
    """New numbers in a post-processor: a template's special tokens, or the pairs (token, id) of BERT and RoBERTa."""
    for token in (processor.get("special_tokens") or {}).values():
        token["ids"] = [numbers[number] for number in token["ids"]]
    for key in ("sep", "cls"):
        if isinstance(processor.get(key), list):
            text, number = processor[key]
            processor[key] = [text, numbers[number]]
