from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

from mujaz.models.sentence_tokens import cuts_between_words, pieces, sentence_tokens
from mujaz.models.sentences import split_sentences

TEXTS = [
    "فاز المنتخب أمس. وقال المدرب: «كانت مباراة صعبة. فزنا بها». فما القادم؟ لا أحد يعرف!",
    "بلغ السعر 3.14 دينار.وقال الوزير إنه ثابت\nثم انتهى الاجتماع...",
    "   كلمة   ",
    "",
    "بلا علامات ترقيم في هذا النص الطويل كله",
]


def backend(pre: Any, normalizer: Any = None) -> Tokenizer:
    letters = "ابتثجحخدذرزسشصضطظعغفقكلمنهويةىأإآؤئء.!؟«»:.0123456789"
    pieces_ = ["[UNK]", *letters, *(f"##{letter}" for letter in letters)]
    made = Tokenizer(models.WordPiece({p: i for i, p in enumerate(dict.fromkeys(pieces_))}, unk_token="[UNK]"))
    made.pre_tokenizer, made.normalizer = pre, normalizer
    return made


def with_offsets(tokenizer: Tokenizer, text: str) -> tuple[list[int], list[int]]:
    encoding = tokenizer.encode(text, add_special_tokens=False)
    places = (encoding.char_to_token(sentence.start) for sentence in split_sentences(text))
    return encoding.ids, sorted({place for place in places if place is not None})


BERT = backend(pre_tokenizers.BertPreTokenizer())
SPACES = backend(pre_tokenizers.WhitespaceSplit())  # here a full stop in a word is no border


@pytest.mark.parametrize("tokenizer", [BERT, SPACES], ids=["bert", "spaces"])
def test_the_ids_and_places_are_those_of_the_whole_text(tokenizer: Tokenizer) -> None:
    assert sentence_tokens(tokenizer, TEXTS, 0) == [with_offsets(tokenizer, text) for text in TEXTS]


@settings(max_examples=200)
@given(st.text("ابفن .!؟؛…\n«»()[]3د\u200f،", max_size=60))
def test_whatever_the_text(text: str) -> None:
    assert sentence_tokens(BERT, [text], 0) == [with_offsets(BERT, text)]


def test_in_short_texts_nobody_asks_for_sentences() -> None:
    ids, starts = with_offsets(BERT, TEXTS[0])
    assert len(starts) > 1
    assert sentence_tokens(BERT, TEXTS[:1], len(TEXTS[0])) == [(ids, [0])]


def test_a_sentence_that_starts_in_a_word_cuts_nothing() -> None:
    text = "انتهى.\u200fبدأ الاجتماع في موعده"
    assert len(split_sentences(text)) == 2
    assert pieces(text) == []
    assert "".join(pieces(TEXTS[0])) == TEXTS[0]


def test_which_tokenizers_cut_between_words() -> None:
    bert = pre_tokenizers.BertPreTokenizer()
    assert cuts_between_words(BERT)
    assert cuts_between_words(backend(bert, normalizers.BertNormalizer()))
    assert not cuts_between_words(SPACES)
    assert not cuts_between_words(backend(bert, normalizers.NFKC()))
    reaching = backend(pre_tokenizers.BertPreTokenizer())
    reaching.add_tokens([AddedToken("نهاية. بداية")])
    assert not cuts_between_words(reaching)
