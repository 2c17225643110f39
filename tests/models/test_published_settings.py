"""What published checkpoints leave in generation_config.json: lengths, forced ends, settings of other searches."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, EncoderDecoderModel, GenerationConfig

from mujaz import Summarizer
from mujaz.errors import UsageError
from mujaz.models.engines.base import Hypothesis
from mujaz.models.trimming import trim

ARTICLE = (
    "فاز المنتخب في مباراة الكرة. ارتفع سهم البنك في البورصة. باعت الشركة حصتها في السوق. خسر الفريق نهائي البطولة."
)
IDS = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}

Published = Callable[..., Path]


@pytest.fixture
def published(mt5_folder: Path, tmp_path: Path) -> Published:
    """``published(num_beams=4)``: an mT5 with these settings beside it."""

    def make(**settings: Any) -> Path:
        folder = shutil.copytree(mt5_folder, tmp_path / "published")
        (folder / "generation_config.json").write_text(json.dumps({**IDS, **settings}), encoding="utf-8")
        return folder

    return make


@pytest.fixture
def bert2bert(bert_folder: Path, tmp_path: Path) -> Path:
    """Two BERTs put together, as arabert2arabert is: 24 positions, and a tokenizer that names no end."""
    folder = tmp_path / "bert2bert"
    model = EncoderDecoderModel.from_encoder_decoder_pretrained(str(bert_folder), str(bert_folder))
    model.config.decoder_start_token_id, model.config.eos_token_id, model.config.pad_token_id = 2, 3, 0
    model.save_pretrained(folder)
    settings = {"pad_token_id": 0, "eos_token_id": 3, "decoder_start_token_id": 2, "num_beams": 2, "max_length": 9}
    (folder / "generation_config.json").write_text(json.dumps(settings), encoding="utf-8")
    shutil.copy(bert_folder / "vocab.txt", folder)
    named = {"tokenizer_class": "BertTokenizer", "do_lower_case": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(named), encoding="utf-8")
    return folder


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What transformers says meanwhile."""
    lines: list[str] = []
    handler, logger = logging.Handler(), logging.getLogger("transformers")
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


class Watched:
    """An engine that remembers what came out."""

    def __init__(self, summarizer: Summarizer) -> None:
        self.engine, self.settings, self.found = summarizer.engine, GenerationConfig(), [[Hypothesis([], None)]]
        self.batch_tokens, self.description = self.engine.batch_tokens, self.engine.description
        summarizer.engine = self

    def generate(self, batch: Any, settings: GenerationConfig) -> list[list[Hypothesis]]:
        self.settings, self.found = settings, self.engine.generate(batch, settings)
        return self.found


def opened(folder: Path, engine: str = "torch") -> Summarizer:
    return Summarizer.from_pretrained(folder, device="cpu", precision="float32", engine=engine, allow_raw=True)


@pytest.mark.parametrize("asked", [{}, {"max_new_tokens": 6}, {"min_new_tokens": 4, "max_new_tokens": 6}])
def test_lengths_are_what_plain_transformers_takes_them_for(
    published: Published, said: list[str], asked: dict[str, Any]
) -> None:
    """``max_length`` and ``min_length`` count the token that a text begins with; what is forced shows where it ends."""
    settings = {"max_length": 12, "min_length": 8, "forced_eos_token_id": 1, "num_beams": 2, "no_repeat_ngram_size": 0}
    sentinels = list(range(100, 200))
    folder = published(**settings, suppress_tokens=sentinels)
    summarizer = opened(folder)
    assert (summarizer.generation.max_new_tokens, summarizer.generation.min_new_tokens) == (11, 7)
    watched = Watched(summarizer)
    summarizer.summarize([ARTICLE], **asked)
    assert said == []  # also nothing of two lengths that seem to have been set
    inputs = AutoTokenizer.from_pretrained(folder)(ARTICLE, return_tensors="pt")
    model: Any = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    suppressed = summarizer.generation.suppress_tokens
    lowest = {} if asked.get("max_new_tokens", 99) > 7 else {"min_new_tokens": asked.get("min_new_tokens", 6)}
    plain = model.generate(**inputs, suppress_tokens=suppressed, **{**lowest, **asked})[0].tolist()
    assert watched.found[0][0].ids == [i for i in plain if i != 0]


@pytest.mark.parametrize("engine", ["torch", "ctranslate2"])
def test_a_length_in_words_goes_before_the_shortest_of_the_checkpoint(published: Published, engine: str) -> None:
    if engine == "ctranslate2":
        pytest.importorskip("ctranslate2")
    summarizer = opened(published(max_length=80, min_length=60, num_beams=2), engine)
    watched = Watched(summarizer)
    summarizer.summarize([ARTICLE], length="1-2", min_article_words=0)
    most = watched.settings.max_new_tokens or 0
    assert (watched.settings.min_new_tokens or 0) < most < 60
    assert len(watched.found[0][0].ids) <= most + 1


def test_a_text_that_was_made_to_end_is_cut(published: Published) -> None:
    summarizer = opened(published(max_length=9, forced_eos_token_id=1, num_beams=2, suppress_tokens=[0]))
    watched = Watched(summarizer)
    (summary,) = summarizer.summarize([ARTICLE], min_new_tokens=8)
    assert watched.found[0][0].ids[-1] == 1
    assert "cut" in {finding.kind for finding in summary.findings}


def test_lengths_that_exclude_each_other_are_refused(published: Published) -> None:
    summarizer = opened(published(max_length=30))
    with pytest.raises(UsageError, match=r"no more than max_new_tokens \(5\), found 9"):
        summarizer.summarize([ARTICLE], min_new_tokens=9, max_new_tokens=5)
    with pytest.raises(UsageError, match="expected up to 29, the longest that this model writes by itself, found 40"):
        summarizer.summarize([ARTICLE], min_new_tokens=40)
    assert summarizer.summarize([ARTICLE], min_new_tokens=40, max_new_tokens=41)


@pytest.mark.parametrize(
    "left",
    [
        {"length_penalty": 0.6},
        {"num_beams": 1, "early_stopping": True, "length_penalty": 2.0},
        {"do_sample": True, "top_p": 0.9, "top_k": 30, "temperature": 0.7},
        {"top_p": 0.9},
        {"num_beams": 4, "num_beam_groups": 2, "diversity_penalty": 0.5},
    ],
)
def test_settings_of_other_searches_are_no_hindrance(
    published: Published, said: list[str], left: dict[str, Any], tmp_path: Path
) -> None:
    """Transformers warns of them, does not write them, or wants code from the hub for them."""
    folder = published(max_length=10, **left)
    summarizer = opened(folder)
    summarizer.summarize([ARTICLE])
    assert not [line for line in said if "not valid" in line or "generate" in line]
    summarizer.save_pretrained(tmp_path / "saved")
    trim(folder, [ARTICLE], tmp_path / "trimmed")
    greedy = {"length_penalty": 1.0, "early_stopping": False} if left.get("num_beams") == 1 else {}
    searched = ("num_beams", "length_penalty", "early_stopping", "max_new_tokens", "no_repeat_ngram_size")
    for copy in ("saved", "trimmed"):
        again = opened(tmp_path / copy).generation
        for name in searched:
            assert getattr(again, name) == greedy.get(name, getattr(summarizer.generation, name))


def test_two_berts_read_no_more_than_their_positions(bert2bert: Path) -> None:
    summarizer = opened(bert2bert)
    assert summarizer.max_length == 24
    assert summarizer.summarize(["فاز الفريق في السوق. " * 20])[0].truncated


def test_two_berts_are_held_to_the_words_of_an_article(bert2bert: Path) -> None:
    (summary,) = opened(bert2bert).summarize(
        ["فاز الفريق في السوق. خسر أحمد سهم السوق. فاز الفريق. " * 2], article_words=True
    )
    assert not {"word", "sentinel"} & {finding.kind for finding in summary.findings}
