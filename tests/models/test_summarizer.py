from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, GenerationConfig

from mujaz import Summarizer
from mujaz.errors import CheckpointError, UsageError
from mujaz.models import raw_checkpoints
from mujaz.models.loading import load_config, load_tokenizer
from mujaz.models.summarizer import complete_generation

ARTICLES = [
    "فاز المنتخب في مباراة الكرة. وقال المتحدث إن الأمر في يوم 3 مهم. وأضاف",
    "ارتفع سهم البنك في البورصة. وأضاف أن الخبر صحيح. " * 8,
    "باعت الشركة حصتها في السوق. وقال المتحدث إن الأمر مهم. وأضاف أن الخبر صحيح.",
]


@pytest.fixture(scope="module")
def summarizer(trained: Callable[[str], Path]) -> Summarizer:
    return Summarizer.from_pretrained(trained("summary"), device="cpu", precision="float32")


def test_summaries_equal_those_of_plain_transformers(summarizer: Summarizer, trained: Callable[[str], Path]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(trained("summary"))
    model = AutoModelForSeq2SeqLM.from_pretrained(trained("summary")).eval()
    plain: list[str] = []
    for article in ARTICLES:
        batch = tokenizer(article, truncation=True, return_tensors="pt")
        plain += [text.strip() for text in tokenizer.batch_decode(model.generate(**batch), skip_special_tokens=True)]
    found = summarizer.summarize(ARTICLES, long="cut")  # plain transformers cuts in mid-sentence
    # What a text that reached the longest length loses is its last words, if they are half ones or lead nowhere.
    assert all(text.startswith(one.text) for one, text in zip(found, plain, strict=True))
    assert [one.text == text for one, text in zip(found, plain, strict=True)].count(True) >= 1


def test_settings_are_saved_and_never_20(trained: Callable[[str], Path]) -> None:
    saved = json.loads((trained("summary") / "generation_config.json").read_text(encoding="utf-8"))
    assert saved["max_new_tokens"] == 12
    assert saved["num_beams"] == 2
    assert saved.get("max_length") is None


def test_it_is_deterministic_and_batches_change_nothing(summarizer: Summarizer) -> None:
    done: list[int] = []
    together = summarizer.summarize(ARTICLES, batch_tokens=10_000, progress=done.append)
    apart = summarizer.summarize(ARTICLES, batch_tokens=1)
    assert [s.text for s in together] == [s.text for s in apart]
    assert sum(done) == len(ARTICLES)


def test_length_is_marked(summarizer: Summarizer) -> None:
    _, long, _ = summarizer.summarize(ARTICLES, long="cut")
    assert long.truncated
    assert long.tokens_read == summarizer.max_length == 48
    assert 0 < long.read < 1
    (short,) = summarizer.summarize(["فاز المنتخب في مباراة الكرة."], min_article_words=0)
    assert (short.truncated, short.read) == (False, 1.0)


def test_overrides(summarizer: Summarizer) -> None:
    greedy = summarizer.summarize(ARTICLES[:1], num_beams=1, max_new_tokens=3)[0]
    assert greedy.score is None
    assert len(summarizer.encoder.tokenizer(greedy.text, add_special_tokens=False)["input_ids"]) <= 3
    assert summarizer.summarize(ARTICLES[:1])[0].score is not None


def test_greedy_decoding_says_nothing_of_the_settings_of_beams(summarizer: Summarizer) -> None:
    """Transformers warns of a length penalty beside one beam, once a process: each of its warnings is let through here."""
    said: list[str] = []
    logger = logging.getLogger("transformers")
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(handler)
    type(logger).warning_once.cache_clear()  # type: ignore[attr-defined]  # transformers adds it
    before = summarizer.generation
    try:
        summarizer.generation = GenerationConfig.from_dict({**before.to_dict(), "length_penalty": 0.6, "num_beams": 2})
        summarizer.summarize(ARTICLES[:1], num_beams=1)
        assert said == []
        summarizer.engine.generate(
            summarizer.encoder(ARTICLES[:1]),
            GenerationConfig.from_dict({**summarizer.generation.to_dict(), "num_beams": 1}),
        )
        assert ["length_penalty" in one for one in said] == [True]  # what it would say
    finally:
        summarizer.generation = before
        logger.removeHandler(handler)


def test_misuse_is_explained(summarizer: Summarizer) -> None:
    with pytest.raises(UsageError, match="list of articles"):
        summarizer.summarize("نص")
    with pytest.raises(UsageError, match="num_beams: expected a whole number, 1 or more, found 0"):
        summarizer.summarize(["نص"], num_beams=0)
    with pytest.raises(UsageError, match="clean_article: expected True or False, found 'no'"):
        summarizer.summarize(["نص"], clean_article="no")  # type: ignore[arg-type]
    assert summarizer.summarize(ARTICLES[:1], num_beams=np.int64(1), candidates=np.int32(1))  # type: ignore[arg-type]
    assert summarizer.summarize([]) == []


@pytest.mark.parametrize("name", ["mt5-small", "google/mt5-base", "arabart", "arat5"])
def test_a_raw_pretrained_model_is_refused(name: str) -> None:
    with pytest.raises(CheckpointError, match="never fine-tuned"):
        Summarizer.from_pretrained(name)


def test_a_model_is_asked_once_whether_it_writes_sentinels(
    mt5_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUJAZ_CACHE", str(tmp_path / "cache"))
    folder = shutil.copytree(mt5_folder, tmp_path / "model")
    asked: list[bool] = []

    def answers(*_: object) -> bool:
        asked.append(True)
        return True

    monkeypatch.setattr(raw_checkpoints, "answers_with_sentinel", answers)
    for _ in range(2):
        with pytest.raises(CheckpointError, match="answers a plain sentence with <extra_id_0>"):
            Summarizer.from_pretrained(folder, device="cpu", engine="torch")
    assert asked == [True]
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**settings, "dropout_rate": 0.2}), encoding="utf-8")
    with pytest.raises(CheckpointError):
        Summarizer.from_pretrained(folder, device="cpu", engine="torch")
    assert len(asked) == 2  # another model


def test_mt5_in_float16_is_refused(mt5_folder: Path) -> None:
    with pytest.raises(UsageError, match="NaN in float16"):
        Summarizer.from_pretrained(mt5_folder, precision="float16")


def test_a_saved_copy_is_the_same(summarizer: Summarizer, tmp_path: Path) -> None:
    summarizer.save_pretrained(tmp_path / "copy")
    again = Summarizer.from_pretrained(tmp_path / "copy", device="cpu", precision="float32")
    assert again.summarize(ARTICLES) == summarizer.summarize(ARTICLES)


def test_a_saved_mt5_keeps_its_head_and_is_marked_untied(mt5_folder: Path, tmp_path: Path) -> None:
    mine = Summarizer.from_pretrained(mt5_folder, device="cpu", precision="float32")
    assert "no mujaz.json" in mine.note
    mine.save_pretrained(tmp_path / "copy")
    config = json.loads((tmp_path / "copy" / "config.json").read_text(encoding="utf-8"))
    assert config["tie_word_embeddings"] is False
    inputs = {"input_ids": torch.tensor([[5, 6, 1]]), "decoder_input_ids": torch.tensor([[0, 7]])}
    plain = AutoModelForSeq2SeqLM.from_pretrained(mt5_folder).eval()
    saved = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "copy").eval()
    torch.testing.assert_close(saved(**inputs).logits, plain(**inputs).logits)


def test_missing_settings_are_filled_in_and_a_written_20_is_no_choice(mt5_folder: Path) -> None:
    tokenizer = load_tokenizer(mt5_folder, load_config(mt5_folder))
    for saved in (None, GenerationConfig(max_length=20)):
        settings = complete_generation(saved, tokenizer)
        assert (settings.max_new_tokens, settings.num_beams, settings.no_repeat_ngram_size) == (84, 4, 3)
    chosen = complete_generation(GenerationConfig(max_length=60, num_beams=2, no_repeat_ngram_size=0), tokenizer)
    assert (chosen.max_new_tokens, chosen.num_beams, chosen.no_repeat_ngram_size) == (
        59,
        2,
        0,
    )  # the token it begins with counts


def test_sentinels_are_never_generated(mt5_folder: Path) -> None:
    tokenizer = load_tokenizer(mt5_folder, load_config(mt5_folder))
    settings = complete_generation(GenerationConfig(suppress_tokens=[7]), tokenizer)
    sentinels = [tokenizer.convert_tokens_to_ids(f"<extra_id_{i}>") for i in range(100)]
    assert settings.suppress_tokens == sorted([7, *sentinels])
