"""Words looked up give what the tokenizer gives, whatever the text."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

from mujaz.models import known_words, sentence_tokens
from mujaz.models.encoding import TextEncoder
from mujaz.models.known_words import KnownWords, can_know_words
from mujaz.models.opening import open_checkpoint

LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهويةىأإآؤئءabc"
TEXTS = [
    "فاز المنتخب أمس. وقال المدرب: «كانت مباراة صعبة. فزنا بها». فما القادم؟ لا أحد يعرف!",
    "",
    "   ",
    "بلغ السعر 3.14 دينار.وقال الوزير إنه ثابت\nثم انتهى الاجتماع...",
    "##ا ا## # abcabcabcabcabc [رابط] [CLS]\u2003نص\u00a0آخر\x1c\x85😀𐄀 ا\u200fب \u064bا",
]


def backend(pre: Any = None, normalizer: Any = None, prefix: str = "##", unknown: str = "[UNK]") -> Tokenizer:
    pieces = [unknown, *LETTERS, "فاز", "المنت", *".!؟:«#", *(f"{prefix}{letter}" for letter in LETTERS), f"{prefix}خب"]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    model = models.WordPiece(
        vocabulary, unk_token=unknown, continuing_subword_prefix=prefix, max_input_chars_per_word=12
    )
    made = Tokenizer(model)
    made.pre_tokenizer, made.normalizer = pre or pre_tokenizers.BertPreTokenizer(), normalizer
    made.add_special_tokens(["[CLS]"])
    made.add_tokens([AddedToken("[رابط]")])
    return made


BERT = backend()
KNOWN = KnownWords(BERT)  # one for all examples: what one of them leaves behind, the next one meets


def plain(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]


def both_ways(texts: list[str], tokenizer: Tokenizer, known: KnownWords, room: int | None) -> tuple[Any, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentence_tokens, "pays", lambda texts, known: True)
        looked_up = sentence_tokens.sentence_tokens(tokenizer, texts, room, known)
    asked = sentence_tokens.sentence_tokens(tokenizer, texts, room)
    least = float("inf") if room is None else room  # sentences of other texts nobody asks for
    looked_up, asked = ([(ids, s if len(ids) > least else []) for ids, s in found] for found in (looked_up, asked))
    return looked_up, asked


def test_ids_and_places_of_sentences_are_the_tokenizers() -> None:
    for room in (0, 10, None):
        looked_up, asked = both_ways(TEXTS, BERT, KnownWords(BERT), room)
        assert looked_up == asked
        assert [ids for ids, _ in looked_up] == plain(BERT, TEXTS)
    assert [KNOWN.reads(text) for text in TEXTS] == [True, True, True, True, False]
    assert KNOWN.reads("[رابط"), "a bracket alone is no added token"


def test_an_added_token_of_several_words_is_found_only_where_it_stands() -> None:
    tokenizer = backend()
    tokenizer.add_tokens(["فاز المنتخب"])
    known = KnownWords(tokenizer)
    assert not known.reads(TEXTS[0])
    apart = ["المنتخب فاز", "المنتخب"]  # new words are given to a tokenizer side by side
    assert known(apart).ids_of_texts() == plain(tokenizer, apart)


@settings(max_examples=300)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=6),
    st.lists(st.text("اب فخن. .!؟«»:\n#\u200f\u00a0[]رطط()3😀", max_size=60), max_size=4),
)
def test_whatever_the_texts(anything: list[str], likely: list[str]) -> None:
    texts = [text for text in anything + likely if KNOWN.reads(text)]
    assert KNOWN(texts).ids_of_texts() == plain(BERT, texts)
    looked_up, asked = both_ways(anything + likely, BERT, KNOWN, 3)
    assert looked_up == asked


def test_memory_is_bounded_and_nothing_changes_where_words_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_words, "MOST_WORDS", 20)
    known = KnownWords(BERT)
    for number in range(30):
        texts = [f"فاز المنتخب ا{LETTERS[number]}ب", LETTERS[number] * (number % 14)]
        assert known(texts).ids_of_texts() == plain(BERT, texts)
        assert len(known) <= 20
    assert known([" ".join(a + b for a in "ابجد" for b in LETTERS)]).ids_of_texts()[0]
    assert known(["ا ب"]).ids_of_texts() == plain(BERT, ["ا ب"])
    assert len(known) < 20 + 4 * len(LETTERS), "those of one batch are kept, however many"


def test_threads_share_it() -> None:
    known = KnownWords(BERT)
    batches = [[f"{a}{b} فاز {b}ا" for b in LETTERS] for a in LETTERS]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda batch: known(batch).ids_of_texts(), batches))
    assert found == [plain(BERT, batch) for batch in batches]


def test_which_tokenizers_can_be_replaced() -> None:
    assert can_know_words(BERT)
    assert can_know_words(backend(normalizer=normalizers.Sequence([])))
    others = [
        backend(pre_tokenizers.Whitespace()),
        backend(normalizer=normalizers.BertNormalizer()),
        backend(prefix="@@"),
        backend(unknown="##?"),
        Tokenizer(models.Unigram([("<unk>", 0.0), ("ا", -1.0)], 0)),
    ]
    assert not any(map(can_know_words, others))


def test_a_tokenizer_that_got_tokens_is_read_anew() -> None:
    grown = backend()
    known = KnownWords(grown)
    assert known.serves(grown)
    assert not known.serves(BERT)
    grown.add_tokens(["المنتخب"])
    assert not known.serves(grown)
    assert not KnownWords(grown).reads(TEXTS[0])


def test_an_account_that_does_not_add_up_is_refused() -> None:
    known = KnownWords(BERT)
    known._begins_word[:] = True
    with pytest.raises(ValueError, match="expected the ids of 2 words, found those of 6"):
        known(["فاز بجدات"])


def documents(encoder: TextEncoder, texts: list[str], *, looked_up: bool) -> list[Any]:
    with pytest.MonkeyPatch.context() as patch:
        if not looked_up:
            patch.setattr("mujaz.models.encoding.can_know_words", lambda backend: False)
        encoder.__dict__.pop("_known", None)
        found: list[Any] = []
        for start in range(0, len(texts), 512):
            found += encoder.documents(texts[start : start + 512])
        known = encoder.__dict__["_known"]
        assert (known is not None and len(known) > 0) == looked_up
        return found


def test_sanads_dev_articles(shared_data: Path) -> None:
    texts = pq.read_table(shared_data / "topic/sanad/dev.parquet", columns=["text"])["text"].to_pylist()[::4]
    opened = open_checkpoint("topic", task="topic", max_length=None, long=None, ignore_recipe_mismatch=False)
    assert documents(opened.encoder, texts, looked_up=True) == documents(opened.encoder, texts, looked_up=False)
