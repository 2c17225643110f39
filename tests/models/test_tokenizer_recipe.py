from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer, BertTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast, T5Tokenizer

from mujaz.errors import UsageError
from mujaz.models.recipes import RECIPES, get_recipe
from mujaz.models.tokenizer_recipe import NOT_EXPRESSIBLE, attach_recipe, detach_recipe, recipe_normalizer

PLACEHOLDERS = ["[رابط]", "[بريد]", "[مستخدم]"]
TEXTS = [
    "عام ١٩٩٥ و2020م في المدينةِ!!!",
    "انظر http://t.co/abc إلى @someone و a@b.com",
    "ﻣﺮﺣﺒﺎ کتاب &quot;نص&quot; &amp;amp; راااائع",
    "  «قول»\u200f — مر\u200bحبا\n\n5/6 و3D ab3م 😂👍🏽 هٰذا ا\u0654",
    "<b>خبر</b> عاجل<br />جديد 😂😂",
    "",
    "😂",
]
NAMES = [name for name in RECIPES if name not in ("arabert-v1", "arabert-v2")]


def bert() -> PreTrainedTokenizerBase:
    """AraBERT's tokenizer and tokenizer_config, with a vocabulary of these texts."""
    return BertTokenizer(vocab=dict(vocabulary()), do_lower_case=False, never_split=PLACEHOLDERS)


@lru_cache(maxsize=1)  # training breaks ties at random: each time another vocabulary
def vocabulary() -> dict[str, int]:
    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *PLACEHOLDERS]
    trainer = trainers.WordPieceTrainer(vocab_size=200, special_tokens=special, show_progress=False)
    backend.train_from_iterator([get_recipe("arabert")(text) for text in TEXTS] + TEXTS, trainer)
    return backend.get_vocab()


def t5() -> PreTrainedTokenizerBase:
    """A sentencepiece model, read as T5's: its own character map must still run, after the recipe."""
    with tempfile.TemporaryDirectory() as folder:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TEXTS[:5] * 3),
            model_prefix=f"{folder}/spiece",
            vocab_size=90,
            hard_vocab_limit=False,
            minloglevel=2,
            pad_id=0,
            eos_id=1,
            unk_id=2,
            bos_id=-1,
        )
        tokenizer: PreTrainedTokenizerBase = T5Tokenizer.from_pretrained(folder, extra_ids=0)
    assert "Precompiled" in json.dumps(state(tokenizer)["normalizer"])
    return tokenizer


MAKERS: dict[str, Callable[[], PreTrainedTokenizerBase]] = {"bert": bert, "t5": t5}


def saved(tokenizer: PreTrainedTokenizerBase, folder: Path, model_type: str) -> PreTrainedTokenizerBase:
    """Saved with a model's config beside it, and loaded as a server would."""
    tokenizer.save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}))
    loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    return loaded


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("name", NAMES)
def test_plain_auto_tokenizer_gives_the_ids_of_mujaz(name: str, maker: str, tmp_path: Path) -> None:
    recipe, bare = get_recipe(name), MAKERS[maker]()
    expected = [bare(recipe(text))["input_ids"] for text in TEXTS if "[" not in recipe(text)]
    tokenizer = MAKERS[maker]()
    attach_recipe(tokenizer, recipe)
    plain = saved(tokenizer, tmp_path, maker)
    assert [plain(text)["input_ids"] for text in TEXTS if "[" not in recipe(text)] == expected
    assert [plain(recipe(text))["input_ids"] for text in TEXTS] == [plain(text)["input_ids"] for text in TEXTS]
    assert len(plain) == len(bare)


@pytest.mark.parametrize("name", ["arabert", "arabert-twitter", "arabert-v01", "news", "news-folded"])
def test_placeholders_stay_whole_with_their_ids(name: str, tmp_path: Path) -> None:
    tokenizer = bert()
    before = {text: tokenizer.convert_tokens_to_ids(text) for text in PLACEHOLDERS}
    assert "[رابط]" not in tokenizer.tokenize("[رابط]")  # never_split is ignored: this is what must be mended
    attach_recipe(tokenizer, get_recipe(name))
    plain = saved(tokenizer, tmp_path, "bert")
    raw = "انظر http://t.co/abc إلى @someone و a@b.com"
    for text in (raw, get_recipe(name)(raw)):
        assert [token for token in plain.tokenize(text) if token in before] == ["[رابط]", "[مستخدم]", "[بريد]"]
    assert {text: plain.convert_tokens_to_ids(text) for text in PLACEHOLDERS} == before


def test_placeholders_that_are_special_tokens_stay_whole_too() -> None:
    backend = Tokenizer(models.WordPiece({"[UNK]": 0, "[رابط]": 1, "انظر": 2}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.add_special_tokens(["[رابط]"])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]")
    attach_recipe(tokenizer, get_recipe("news"))
    assert tokenizer("انظر http://a.com/b")["input_ids"] == [2, 1]


def test_offsets_point_into_the_raw_text(tmp_path: Path) -> None:
    tokenizer = bert()
    attach_recipe(tokenizer, get_recipe("arabert"))
    raw = "\u200fعام ١٩٩٥ في المدينةِ http://t.co/abc ﷲ"
    encoding = saved(tokenizer, tmp_path, "bert")(raw, return_offsets_mapping=True, add_special_tokens=False)
    words: dict[int, list[int]] = {}
    for word, (start, end) in zip(encoding.word_ids(), encoding["offset_mapping"], strict=True):
        words.setdefault(word, []).extend((start, end))
    covered = [raw[min(ends) : max(ends)] for ends in words.values()]
    assert covered[:4] == ["عام", "١٩٩٥", "في", "المدينة"]
    assert "http://t.co/abc".endswith(covered[4])  # a placeholder points at the end of what it stands for
    assert covered[5] == "ﷲ"


def test_the_model_inputs_stay_those_of_the_class(tmp_path: Path) -> None:
    tokenizer = bert()
    attach_recipe(tokenizer, get_recipe("arabert"))
    plain = saved(tokenizer, tmp_path, "bert")
    pair = plain("قول", "نص")
    assert set(pair) == {"input_ids", "token_type_ids", "attention_mask"}
    assert sum(pair["token_type_ids"]) > 0


def test_the_tokenizers_own_normalizer_runs_after_the_recipe(tmp_path: Path) -> None:
    lower = BertTokenizer(
        vocab={"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "[PAD]": 3, "[MASK]": 4, "احمد": 5}, do_lower_case=True
    )
    attach_recipe(lower, get_recipe("marbert"))
    plain = saved(lower, tmp_path, "bert")
    assert plain.tokenize("أحـمَد") == ["احمد"]  # tatweel by the recipe, hamza by BERT's lower-casing


def test_attaching_again_replaces_and_detaching_removes(tmp_path: Path) -> None:
    tokenizer, bare = bert(), bert()
    own = state(bare)["normalizer"]
    attach_recipe(tokenizer, get_recipe("arabert"))
    attach_recipe(tokenizer, get_recipe("news"))
    once = bert()
    attach_recipe(once, get_recipe("news"))
    assert state(tokenizer)["normalizer"] == state(once)["normalizer"]
    detach_recipe(tokenizer)
    assert state(tokenizer)["normalizer"] == own
    detach_recipe(tokenizer)
    assert state(tokenizer)["normalizer"] == own


def test_the_recipe_none_leaves_the_normalizer_as_it_is() -> None:
    tokenizer = bert()
    attach_recipe(tokenizer, get_recipe("none"))
    assert state(tokenizer)["normalizer"] == state(bert())["normalizer"]


def test_farasa_is_not_attached(caplog: pytest.LogCaptureFixture) -> None:
    tokenizer = bert()
    attach_recipe(tokenizer, get_recipe("arabert-v2"))
    assert state(tokenizer) == state(bert())
    assert NOT_EXPRESSIBLE["farasa"] in caplog.text


def test_a_slow_tokenizer_is_refused() -> None:
    with pytest.raises(UsageError, match="fast tokenizer"):
        attach_recipe(object(), get_recipe("news"))  # type: ignore[arg-type]


def state(tokenizer: PreTrainedTokenizerBase) -> Any:
    return json.loads(tokenizer.backend_tokenizer.to_str())


WORDS = [
    "خبرٌ",
    "مرحبـــا",
    "رااائع",
    "2020م",
    "م5م6",
    "١٩٩٥",
    "3.14",
    "5/6",
    "#وسم",
    "«قول»",
    "!!!",
    "@user",
    "a@b.com",
    "😂",
]
WORDS += [
    "http://a.com/b?c=d",
    "www.site.com",
    "<b>",
    "<br />",
    "&quot;",
    "ABC",
    "covid19",
    "ﻣﺮ",
    "ﷲ",
    "ک",
    "مر\u200bحبا",
    "\n",
    "ا\u0654",
]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "arabert-v01"])
@settings(max_examples=100, deadline=None)
@given(words=st.lists(st.sampled_from(WORDS), max_size=12))
def test_the_normalizer_gives_the_text_of_the_recipe(name: str, words: list[str]) -> None:
    text = " ".join(words)
    assert normalizer(name).normalize_str(text) == get_recipe(name)(text)


_BUILT: dict[str, normalizers.Normalizer] = {}


def normalizer(name: str) -> normalizers.Normalizer:
    if name not in _BUILT:
        _BUILT[name] = recipe_normalizer(get_recipe(name))
    return _BUILT[name]
