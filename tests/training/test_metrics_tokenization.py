from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.stem import snowball

from mujaz.errors import MissingExtraError, UsageError
from mujaz.training.metrics import tokenization
from mujaz.training.metrics.tokenization import tokenizer, xlsum_words

STOP_WORDS = ["التي", "كانت", "خلال"]


class StopWords:
    """Stands for NLTK's corpus, which is a download."""

    def __init__(self, words: list[str] | None) -> None:
        self.listed = words

    def words(self, language: str) -> list[str]:
        if self.listed is None:
            raise LookupError("Resource stopwords not found.")
        return self.listed


@pytest.fixture
def stop_words(monkeypatch: pytest.MonkeyPatch) -> Iterator[StopWords]:
    corpus = StopWords(STOP_WORDS)
    monkeypatch.setattr(snowball, "stopwords", corpus)
    tokenization._snowball_stemmer.cache_clear()
    yield corpus
    tokenization._snowball_stemmer.cache_clear()


@pytest.mark.parametrize(
    ("text", "expected"),
    [  # as csebuetnlp/xl-sum's multilingual_rouge_scoring (in its copy multilingual-rouge 0.0.1) cuts them
        ("زارَ الوزيرُ مصنعَ «النور»، أمس!", ["زارَ", "الوزيرُ", "مصنعَ", "النور", "أمس"]),
        ("بلغت الكلفة 3.5 مليون دولار في 2020م", ["بلغت", "الكلفة", "3", "5", "مليون", "دولار", "في", "2020", "م"]),
        ("تطبيق WhatsApp2 متاح لأندرويد ١٤", ["تطبيق", "whatsapp", "2", "متاح", "لأندرويد", "١٤"]),
        ("#طقس_اليوم حار جدا 45°", ["طقس", "اليوم", "حار", "جدا", "45", "°"]),
        ("سعر الصرف: 1٬500€ (تقريبا)", ["سعر", "الصرف", "1", "500", "€", "تقريبا"]),
        ("كلمة\u200fواحدة\u00a0", ["كلمةواحدة"]),
    ],
)
def test_words_of_xlsum(text: str, expected: list[str]) -> None:
    assert xlsum_words(text) == expected


@given(st.text(st.sampled_from("ابةأىَّـ ab12٣.,،؟»_-$€°\u200f\n"), max_size=40))
@settings(max_examples=200, deadline=None)
def test_words_of_xlsum_are_those_of_its_own_code(text: str) -> None:
    rouge_scorer = pytest.importorskip("multilingual_rouge.rouge_scorer")
    wrapper = pytest.importorskip("multilingual_rouge.tokenization_wrapper")
    found = wrapper.tokenize(text, None, rouge_scorer.MultiTokenizer("arabic"))
    assert xlsum_words(text) == [word.replace("％0020", "") for word in found]  # its mark for a space before a mark


def test_stems_of_xlsum_are_those_of_nltk_in_the_middle_of_a_run(stop_words: StopWords) -> None:
    text = "وسيلعبون بالكرة التي كانت لهم خلال المباريات واستقبلناهم في مدينتهم الجميلة ثم سافروا من غد"
    nltk = snowball.ArabicStemmer(ignore_stopwords=True)
    nltk.stem("علمهم")  # a verb's suffix, which this stemmer never forgets
    expected = [nltk.stem(word) if len(word) > 3 else word for word in text.split()]
    assert tokenizer("xlsum", stem=True)(text) == expected
    assert {"التي", "كانت", "خلال"} < set(expected)


def test_a_word_of_xlsum_has_one_stem_wherever_it_stands(stop_words: StopWords) -> None:
    stems = tokenizer("xlsum", stem=True)
    words = ["معلمهم", "كتابكم", "ساعدونا", "يلعبون"]
    assert [stem for word in words for stem in stems(word)] == stems(" ".join(words))
    assert stems(" ".join(reversed(words))) == stems(" ".join(words))[::-1]


def test_stop_words_that_are_not_there_are_asked_for(stop_words: StopWords) -> None:
    stop_words.listed = None
    with pytest.raises(UsageError, match="nltk.downloader stopwords"):
        tokenizer("xlsum", stem=True)


def test_the_extra_is_named_where_nltk_is_missing(stop_words: StopWords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nltk.stem.snowball", None)
    with pytest.raises(MissingExtraError, match=r"mujaz\[xlsum\]"):
        tokenizer("xlsum", stem=True)
