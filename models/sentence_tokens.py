"""Token ids of texts, and which of them begin a sentence.

The tokenizers library knows where a token stands in its text, and takes a third longer for it. Where words are tokenized
apart from each other, sentences can be, too; then their lengths say where each begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tokenizers.normalizers import BertNormalizer
from tokenizers.normalizers import Sequence as Normalizers
from tokenizers.pre_tokenizers import BertPreTokenizer

from mujaz.models.sentences import split_sentences

# What BERT's pre-tokenizer makes a border between words of: white space and punctuation.
_BORDERS = frozenset(" \t\n\r.!?؟…؛;۔")

Tokens = tuple[list[int], list[int]]  # ids, and the places among them where sentences start, ascending


def sentence_tokens(backend: Any, texts: Sequence[str], least: int) -> list[Tokens]:
    """Tokenize texts.

    Args:
        backend: Of the tokenizers library, set not to truncate or pad.
        texts: Prepared.
        least: In a text of so many characters or fewer nobody asks for sentences.
    """
    apart = cuts_between_words(backend)
    cuts = [[text] if len(text) <= least else pieces(text) if apart else [] for text in texts]
    encodings = iter(backend.encode_batch_fast([piece for cut in cuts for piece in cut], add_special_tokens=False))
    found = [_joined([next(encodings).ids for _ in cut]) for cut in cuts]
    whole = [i for i, cut in enumerate(cuts) if not cut]
    for i, encoding in zip(
        whole, backend.encode_batch([texts[i] for i in whole], add_special_tokens=False), strict=True
    ):
        places = (encoding.char_to_token(sentence.start) for sentence in split_sentences(texts[i]))
        found[i] = encoding.ids, sorted({place for place in places if place is not None})
    return found


def cuts_between_words(backend: Any) -> bool:
    """Whether a text cut at a border gives the ids of the whole: BERT's tokenizer, no added token with a border in it."""
    normalizer = backend.normalizer
    plain = normalizer is None or isinstance(normalizer, BertNormalizer) or _is_empty(normalizer)
    added = backend.get_added_tokens_decoder().values()
    return (
        plain
        and isinstance(backend.pre_tokenizer, BertPreTokenizer)
        and not any(_BORDERS & set(token.content) for token in added)
    )


def _is_empty(normalizer: Any) -> bool:
    return isinstance(normalizer, Normalizers) and len(normalizer) == 0


def pieces(text: str) -> list[str]:
    """A text cut where its sentences start, white space behind a sentence left to it; empty where one starts in a word."""
    starts = [sentence.start for sentence in split_sentences(text)][1:]
    if any(text[start - 1] not in _BORDERS for start in starts):
        return []
    return [text[begin:end] for begin, end in pairwise([0, *starts, len(text)])]


def _joined(parts: list[list[int]]) -> Tokens:
    ids: list[int] = []
    starts: list[int] = []
    for part in parts:
        if part:
            starts.append(len(ids))
            ids += part
    return ids, starts
