from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mujaz import TextClassifier
from mujaz.formats import read_rows
from mujaz.models import encoding
from mujaz.models.beginnings import beginning
from mujaz.models.encoding import TextEncoder
from mujaz.models.recipes import RECIPES, get_recipe
from mujaz.models.windows import LongText

LOCAL = [name for name in RECIPES if get_recipe(name).local]

# What steps look at together, around and between words.
FRAGMENTS = [
    *"اأةىکپ5٣ax.@#_/<>&;[]!…«»()-=😂👨ﻣ﷽é \n\u00a0\x1f\u0654\u064e\u0640\u200d\ufe0f\u200b\ufeff\ud800\ude02",
    *("http://", "www.a.b", ".com", "a@b.co", "<b>", "</b", "<!--", "-->", "&lt;", "&amp;", "[رابط", "ههه", "!!!"),
    *(" كتاب جديد ", " a b ", "ا ب", " و", "في ", " ") * 4,
]
hostile = st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join)


def test_farasa_alone_is_not_local() -> None:
    assert set(RECIPES) - set(LOCAL) == {"arabert-v1", "arabert-v2"}


@pytest.mark.parametrize("name", LOCAL)
@settings(max_examples=200, deadline=None)
@given(hostile, st.integers(1, 60))
@example("فاز <b المنتخب في مباراة> الكرة", 8)
@example("فاز &lt;b المنتخب في مباراة&gt; الكرة", 8)
@example("قال. !. المنتخب . ! في مباراة الكرة", 4)
def test_a_beginning_is_prepared_as_within_its_text(name: str, text: str, length: int) -> None:
    recipe = get_recipe(name)
    part, whole = recipe(beginning(text, length)), recipe(text)
    assert whole.startswith(part)
    assert not part or whole[len(part) :][:1] in ("", " ")


def test_a_beginning_ends_between_words() -> None:
    assert beginning("فاز المنتخب أمس", 20) == "فاز المنتخب أمس"
    assert beginning("فاز المنتخب أمس في الدوري", 9) == "فاز المنتخب"
    assert beginning("فاز 2 - 1 المنتخب في الدوري", 3) == "فاز 2 - 1 المنتخب في الدوري"  # no such space soon enough
    assert beginning("فاز <b المنتخب أمس في الدوري", 9) == "فاز <b المنتخب أمس في الدوري"


WORDS = [
    "فاز",
    "المنتخب",
    "في",
    "مباراة",
    "الكرة،",
    "سهم",
    "بنك.",
    "5",
    "(ذهب)",
    "<b>",
    "&lt;",
    "😂",
    "كككككك",
    "\n",
    "  ",
]


@pytest.fixture(scope="module")
def cutting(trained: Callable[[str], Path]) -> TextEncoder:
    encoder = TextClassifier.from_pretrained(trained("stance"), device="cpu").encoder
    return dataclasses.replace(encoder, long=LongText(policy="truncate"))


@pytest.mark.parametrize("paired", [False, True])
@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.lists(st.sampled_from(WORDS), max_size=200).map(" ".join), max_size=4))
def test_documents_that_are_cut_early_have_the_ids_of_the_whole_text(
    cutting: TextEncoder, paired: bool, texts: list[str]
) -> None:
    targets = ["السوق"] * len(texts) if paired else None
    for plain, document in zip(cutting(texts, targets), cutting.documents(texts, targets), strict=True):
        assert document.windows == (plain,)
        assert (document.dropped > 0) == plain.truncated


def test_the_end_of_a_cut_text_is_not_prepared_and_its_tokens_are_estimated(cutting: TextEncoder) -> None:
    text = "فاز المنتخب في مباراة الكرة " * 400
    document = cutting.documents([text + "ـ" * 7])[0]
    exact = len(cutting.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
    assert document.tokens == pytest.approx(exact, rel=0.05)
    assert document.dropped == document.tokens - len(document.windows[0].input_ids) + len(cutting([""])[0].input_ids)
    assert "tatweel" not in document.changes.steps


@pytest.mark.parametrize("file", ["topic/sanad/dev.parquet", "stance/mawqif/train.parquet"])
def test_real_texts_are_cut_early_without_a_difference(
    shared_data: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [str(row.values["text"]) for row, _ in zip(read_rows(shared_data / file), range(300), strict=False)]
    encoder = TextClassifier.from_pretrained("topic", device="cpu", long=LongText(policy="truncate")).encoder
    expected = [[one.input_ids] for one in encoder(texts)]
    for guess in (1, 3, 5):
        monkeypatch.setattr(encoding, "_MOST_CHARACTERS_PER_TOKEN", guess)
        assert [[w.input_ids for w in document.windows] for document in encoder.documents(texts)] == expected
