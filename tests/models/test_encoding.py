from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from transformers import PreTrainedTokenizerFast

from mujaz import TextClassifier
from mujaz.models import encoding
from mujaz.models.encoding import TextEncoder, padded_batch
from mujaz.models.sentence_tokens import sentence_tokens

TEXTS = [
    "",
    "فاز",
    "فاز المنتخب في مباراة الكرة. " * 40,
    "ككككككككك" * 90,
    "سهم " * 3 + "بنك" * 200 + " ذهب" * 200,
    "😂" * 500,
]


@pytest.fixture(scope="module")
def encoder(trained: Callable[[str], Path]) -> TextEncoder:
    return TextClassifier.from_pretrained(trained("stance"), device="cpu").encoder


@pytest.mark.parametrize("characters", [1, 2, 8])
@pytest.mark.parametrize("paired", [False, True])
def test_beginnings_give_the_ids_of_the_whole_text(
    encoder: TextEncoder, characters: int, paired: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "CHARACTERS_PER_TOKEN", characters)
    prepared = [encoder.prepare(text) for text in TEXTS]
    pairs = ["السوق"] * len(TEXTS) if paired else None
    plain = encoder.tokenizer(
        prepared, pairs, truncation="only_first" if paired else True, max_length=encoder.max_length
    )
    ours = encoder(TEXTS, pairs)
    assert [e.input_ids for e in ours] == plain["input_ids"]
    assert [e.token_type_ids for e in ours] == plain["token_type_ids"]
    assert [e.truncated for e in ours] == [bool(e.overflowing) for e in plain.encodings]


def test_threads_take_turns(encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread sets the tokenizer to cut just before this one, which set it not to, asks it for the ids."""
    monkeypatch.setattr(encoding, "can_know_words", lambda backend: False)  # words known already are not asked for
    encoder, texts = dataclasses.replace(encoder), [TEXTS[4]]  # one sentence: each is tokenized by itself
    whole, cut = encoder.documents(texts), encoder(texts)
    found: list[object] = []
    other = threading.Thread(target=lambda: found.extend(encoder(texts)))

    def late(*given: Any) -> Any:
        if not other.ident:
            other.start()
            other.join(timeout=1)
        return sentence_tokens(*given)

    monkeypatch.setattr(encoding, "sentence_tokens", late)
    assert encoder.documents(texts) == whole
    other.join()
    assert found == cut


def test_clean_article_happens_before_the_recipe(encoder: TextEncoder) -> None:
    article = "فاز المنتخب في مباراة الكرة أمس.\nطباعة\nسجل اللاعب هدفا في الدوري."
    cleaning = dataclasses.replace(encoder, clean_article=True)
    left, stripped = encoder.prepare(article), cleaning.prepare(article)
    assert encoder.prepare("طباعة") in left
    assert encoder.prepare("طباعة") not in stripped


def test_padding(encoder: TextEncoder) -> None:
    short, long = encoder(["فاز", "فاز المنتخب في مباراة"])
    batch = padded_batch([short, long], pad_token_id=7, token_types=True)
    assert batch["input_ids"].shape == (2, len(long.input_ids))
    assert batch["input_ids"][0].tolist() == short.input_ids + [7] * (len(long.input_ids) - len(short.input_ids))
    assert batch["attention_mask"].sum(dim=1).tolist() == [len(short.input_ids), len(long.input_ids)]
    assert "token_type_ids" not in padded_batch([short], pad_token_id=7, token_types=False)
    for most, width in ((0, 8), (6, 6), (2, len(long.input_ids))):
        wide = padded_batch([short, long], pad_token_id=7, token_types=True, step=8, most=most)
        assert [tuple(one.shape) for one in wide.values()] == [(2, width)] * 3
        assert wide["attention_mask"].sum() == batch["attention_mask"].sum()


def test_a_long_target_takes_half_the_length(encoder: TextEncoder, capfd: pytest.CaptureFixture[str]) -> None:
    """Also where a letter is several tokens, none of which is left without the others."""
    letters = Tokenizer(BPE({one: i for i, one in enumerate(sorted(ByteLevel.alphabet()))}, []))
    letters.pre_tokenizer = ByteLevel(add_prefix_space=False)
    by_bytes = PreTrainedTokenizerFast(tokenizer_object=letters, model_max_length=8)
    for length, kept in ((48, 12), (46, 11)):  # 24 and 23 tokens
        short = dataclasses.replace(encoder, tokenizer=by_bytes, max_length=length)
        assert short._short_target("ك" * 20) == "ك" * kept
        assert short._short_target("ك" * 11) == "ك" * 11
    assert "longer than" not in capfd.readouterr().err
