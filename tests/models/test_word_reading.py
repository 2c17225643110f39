from __future__ import annotations

from pathlib import Path

import pytest

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
