from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from mujaz.models.encoding import TextEncoder
from mujaz.models.opening import open_checkpoint
from mujaz.models.word_reading import ReadArticle, WordReader
from mujaz.training.data import Example
from mujaz.training.wholes import LONGEST, SHORTEST, wholes

BODY = "افتتح الوزير اليوم مدرسة جديدة في القرية. وحضر الحفل أهالي المنطقة كلهم مع أبنائهم، وغنوا كثيرا."
HEAD = "الوزير يفتتح مدرسة في القرية"


@pytest.fixture
def news_encoder(bert_folder: Path) -> TextEncoder:
    return replace(open_checkpoint(bert_folder, task="topic").encoder, max_length=120)


def _rows(encoder: TextEncoder, number: int, summary: str = HEAD) -> tuple[Example, ReadArticle]:
    text = f"{BODY} الخبر رقم {number}."
    (article,) = WordReader(encoder)([text])
    return Example(text, None, None, summary, "f", number), article


def test_texts_are_whole_or_cut_and_nothing_else(news_encoder: TextEncoder) -> None:
    sentences = [HEAD, *(part.strip(" .") for part in BODY.split("."))]
    kinds: Counter[tuple[bool, bool]] = Counter()
    for number in range(200):
        example, article = _rows(news_encoder, number)
        found = list(wholes(example, article))
        assert found == list(wholes(example, article))  # the same for the same row
        for text, whole in found:
            assert SHORTEST <= len(text.split()) <= LONGEST
            of = next((one for one in [*sentences, f"الخبر رقم {number}"] if one.startswith(text)), None)
            assert of is not None
            assert whole == (text == of)
            kinds[of == HEAD, whole] += 1
    assert min(kinds[key] for key in [(True, True), (True, False), (False, True), (False, False)]) > 40


def test_none_is_cut_where_a_comma_ends_a_clause(news_encoder: TextEncoder) -> None:
    texts = {text for number in range(300) for text, whole in wholes(*_rows(news_encoder, number)) if not whole}
    assert "وحضر الحفل أهالي المنطقة كلهم" in texts
    assert "وحضر الحفل أهالي المنطقة كلهم مع أبنائهم" not in texts


def test_what_is_too_long_is_never_whole_and_what_is_too_short_is_left_out(news_encoder: TextEncoder) -> None:
    for number in range(50):
        found = list(wholes(*_rows(news_encoder, number, "كلمة " * 40)))
        assert not any(whole for text, whole in found if text.startswith("كلمة"))
        assert all(not text.startswith("خبر") for text, _ in wholes(*_rows(news_encoder, number, "خبر قصير")))
