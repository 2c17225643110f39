"""Token ids of texts, and which of them begin a sentence.

The tokenizers library knows where a token stands in its text, and takes a third longer for it. Where words are tokenized
apart from each other, sentences can be, too; then their lengths say where each begins. Where many words are known, they are
looked up (:mod:`mujaz.models.known_words`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from tokenizers.normalizers import BertNormalizer
from tokenizers.normalizers import Sequence as Normalizers
from tokenizers.pre_tokenizers import BertPreTokenizer

from mujaz.models.known_words import KnownWords
from mujaz.models.sentences import sentence_starts

# What BERT's pre-tokenizer makes a border between words of: white space and punctuation.
_BORDERS = frozenset(" \t\n\r.!?؟…؛;۔")

MOST_CHARACTERS = 1 << 20  # tokenized at a time where words are looked up: some 40 MB of numbers
LEAST_CHARACTERS = 50_000  # that are worth it

Tokens = tuple[list[int], list[int]]  # ids, and the places among them where sentences start, ascending


def sentence_tokens(
    backend: Any, texts: Sequence[str], room: int | None, known: KnownWords | None = None
) -> list[Tokens]:
    """Tokenize texts.

    Args:
        backend: Of the tokenizers library, set not to truncate or pad.
        texts: Prepared.
        room: In a text of so many tokens or fewer nobody asks for sentences; None: in none.
        known: The words that this tokenizer met before, where it takes each by itself.
    """
    looked_up = _looked_up(texts, room, known) if known is not None and pays(texts, known) else {}
    rest = [i for i in range(len(texts)) if i not in looked_up]
    asked = _tokenized(backend, [texts[i] for i in rest], room)
    found = looked_up | dict(zip(rest, asked, strict=True))
    return [found[i] for i in range(len(texts))]


def pays(texts: Sequence[str], known: KnownWords) -> bool:
    """Whether looking words up is quicker: each time, Arrow first makes a hash table of all that are known."""
    return sum(map(len, texts)) >= max(LEAST_CHARACTERS, len(known))


def _looked_up(texts: Sequence[str], room: int | None, known: KnownWords) -> dict[int, Tokens]:
    """The tokens of those texts that are words alone, and whose sentences begin with a word."""
    found: dict[int, Tokens] = {}
    for batch in _batches([(i, len(text)) for i, text in enumerate(texts) if known.reads(text)]):
        tokenized = known([texts[i] for i in batch])
        for at, (i, ids) in enumerate(zip(batch, tokenized.ids_of_texts(), strict=True)):
            if room is None or len(ids) <= room:
                found[i] = ids, []
            elif (places := tokenized.places(at, sentence_starts(texts[i])[1:])) is not None:
                found[i] = ids, [0, *places]
    return found


def _batches(lengths: list[tuple[int, int]]) -> Iterator[list[int]]:
    """Numbers of texts, about MOST_CHARACTERS at a time."""
    batch: list[int] = []
    characters = 0
    for number, length in lengths:
        batch.append(number)
        characters += length
        if characters >= MOST_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _tokenized(backend: Any, texts: Sequence[str], room: int | None) -> list[Tokens]:
    """As the tokenizer gives them; a text is cut into its sentences first where that changes nothing."""
    apart = cuts_between_words(backend)
    # A token has at least one character.
    cuts = [[text] if room is None or len(text) <= room else pieces(text) if apart else [] for text in texts]
    encodings = iter(backend.encode_batch_fast([piece for cut in cuts for piece in cut], add_special_tokens=False))
    found = [_joined([next(encodings).ids for _ in cut]) for cut in cuts]
    whole = [i for i, cut in enumerate(cuts) if not cut]
    for i, encoding in zip(
        whole, backend.encode_batch([texts[i] for i in whole], add_special_tokens=False), strict=True
    ):
        places = (encoding.char_to_token(start) for start in sentence_starts(texts[i]))
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
    starts = sentence_starts(text)[1:]
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
