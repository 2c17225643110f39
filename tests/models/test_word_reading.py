from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mujaz.models import word_reading
from mujaz.models.opening import open_checkpoint
from mujaz.models.word_reading import WordReader

TEXT = "قالت أحمد في السوق. فاز الفريق ـــ أمس\nوخسر سهم http://example.org في 12%"


@pytest.fixture
def reader(bert_folder: Path) -> WordReader:
    return WordReader(open_checkpoint(bert_folder, task="topic").encoder)


def test_words_stand_where_they_stood(reader: WordReader) -> None:
    (article,) = reader([TEXT])
    assert article.words() == [word for word in TEXT.split() if word != "ـــ" or word in article.words()]
    assert article.sentences.tolist()[:4] == [article.sentences[0]] * 4
    assert article.sentences[4] > article.sentences[3]
    assert all(TEXT[a:b].strip() == TEXT[a:b] for a, b in article.spans)


def test_a_sentence_that_starts_inside_a_word_cuts_it(reader: WordReader) -> None:
    (article,) = reader(['رفض المدير "بيع المصنع".وأضاف أن العمل مستمر.'])
    assert article.words()[3:5] == ['المصنع".', "وأضاف"]
    assert article.sentences[3] < article.sentences[4]


def test_each_word_has_the_tokens_it_has_alone(reader: WordReader) -> None:
    (article,) = reader([TEXT])
    tokenizer, recipe = reader.encoder.tokenizer, reader.encoder.recipe
    ends = [*article.places[1:], len(article.encoding.input_ids) - 1]
    for word, start, end in zip(article.words(), article.places, ends, strict=True):
        alone = tokenizer(recipe(word), add_special_tokens=False)["input_ids"]
        assert article.encoding.input_ids[start:end] == alone
    assert article.encoding.input_ids[0] == tokenizer.cls_token_id
    assert article.encoding.input_ids[-1] == tokenizer.sep_token_id


def test_what_does_not_fit_is_left_off_by_whole_words(reader: WordReader) -> None:
    text = " ".join(["فاز الفريق في السوق"] * 20)
    (article,) = reader([text])
    assert article.encoding.truncated
    assert len(article.encoding.input_ids) <= reader.encoder.max_length
    assert len(article.words()) == len(article.encoding.input_ids) - 2  # each of these words is one token
    assert article.tokens == pytest.approx(80, abs=8)
    (short,) = reader(["فاز الفريق"])
    assert not short.encoding.truncated
    assert short.tokens == 2


@pytest.mark.parametrize("text", ["", "   \n", "\u0640\u0640", "\ud800"])
def test_texts_without_words(reader: WordReader, text: str) -> None:
    (article,) = reader([text])
    assert len(article.places) == len(article.words()) <= 1


@pytest.mark.parametrize("end", [" \u200f", "\n\n"])
def test_marks_at_the_end_are_no_words_left_off(reader: WordReader, end: str) -> None:
    (article,) = reader(["فاز الفريق" + end])
    assert not article.encoding.truncated
    assert article.read == article.tokens == 2


def test_a_word_too_long_for_the_model_is_passed_over(reader: WordReader) -> None:
    (article,) = reader(["-".join(["سوق"] * 40) + " فاز الفريق"])
    assert article.words() == ["فاز", "الفريق"]
    assert not article.encoding.truncated


def test_no_half_words(reader: WordReader) -> None:
    text = "فاز" + " " * 285 + "الفريق في السوق"  # cut at 288 characters, inside the second word
    (article,) = reader([text])
    assert article.words() == ["فاز"]
    assert article.encoding.truncated
    (unbroken,) = reader(["ا" * 1000])
    assert unbroken.words() == []
    assert unbroken.encoding.truncated


def test_tags_are_not_read(reader: WordReader) -> None:
    (article,) = reader(['<p class="a b">فاز <b>الفريق</b></p>'])
    assert article.words() == ["فاز", "الفريق"]
    assert article.read == 2


def test_threads_may_share_a_reader(reader: WordReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_reading, "_KEPT", 5)  # it forgets all the time
    texts = [f"كلمة{i} سوق{i} فاز" for i in range(60)]
    alone = [reader([text])[0].encoding for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert [found[0].encoding for found in pool.map(lambda text: reader([text]), texts)] == alone


def test_the_end_of_a_line_counts_more_than_that_of_a_sentence(reader: WordReader) -> None:
    (article,) = reader(["فاز الفريق\nخسر سهم. السوق"])
    first, _, second, _, third = article.sentences.tolist()
    assert second - first == word_reading.LINE_END
    assert third - second == 1
