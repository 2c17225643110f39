"""What stands before each article that a T5 reads, as "summarize: "."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from transformers import AutoTokenizer, GenerationConfig

from mujaz import Summarizer
from mujaz.configs.loading import check_config
from mujaz.configs.schema import ModelConfig
from mujaz.errors import UsageError
from mujaz.models.checkpoint import read_info
from mujaz.models.encoding import Encoding
from mujaz.models.engines.base import Hypothesis
from mujaz.models.trimming import trim
from mujaz.training.job import prepare
from mujaz.training.train import train
from tests.conftest import SPORT, TinyConfig

PREFIX = "البنك: "
SENTENCES = [
    "فاز المنتخب في مباراة الكرة.",
    "ارتفع سهم البنك في البورصة.",
    "باعت الشركة حصتها في السوق.",
    "خسر الفريق نهائي البطولة.",
]
ARTICLE = " ".join(SENTENCES)


class Reader:
    """An engine that remembers what it was given to read."""

    def __init__(self, summarizer: Summarizer) -> None:
        self.engine, self.read = summarizer.engine, list[list[int]]()
        self.batch_tokens, self.description = self.engine.batch_tokens, self.engine.description
        summarizer.engine = self

    def generate(self, batch: Sequence[Encoding], settings: GenerationConfig) -> list[list[Hypothesis]]:
        self.read += [encoding.input_ids for encoding in batch]
        return self.engine.generate(batch, settings)


def opened(folder: Path, **options: Any) -> Summarizer:
    return Summarizer.from_pretrained(
        folder, device="cpu", precision="float32", engine="torch", allow_raw=True, **options
    )


def with_settings(folder: Path, out: Path, **settings: Any) -> Path:
    """A copy of a checkpoint whose config.json says more."""
    shutil.copytree(folder, out)
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    (out / "config.json").write_text(json.dumps({**config, **settings}), encoding="utf-8")
    return out


def test_it_is_read_as_plain_transformers_reads_it(mt5_folder: Path) -> None:
    summarizer = opened(mt5_folder, prefix=PREFIX)
    reader = Reader(summarizer)
    (summary,) = summarizer.summarize([ARTICLE])
    tokenizer = AutoTokenizer.from_pretrained(mt5_folder)
    assert reader.read == [tokenizer(PREFIX + ARTICLE)["input_ids"]]
    assert (summary.read, summary.tokens_read, summary.truncated) == (1.0, len(reader.read[0]), False)
    assert summarizer.encoder.lengths([ARTICLE]) == [len(reader.read[0])]


@pytest.mark.parametrize("long", ["lead", "select", "hierarchical", "cut"])
def test_it_stands_before_whatever_of_a_long_article_is_read(mt5_folder: Path, long: str) -> None:
    summarizer = opened(mt5_folder, prefix=PREFIX, max_length=40)
    reader = Reader(summarizer)
    (summary,) = summarizer.summarize([ARTICLE * 4], long=long, max_new_tokens=12)
    before = AutoTokenizer.from_pretrained(mt5_folder)(PREFIX, add_special_tokens=False)["input_ids"]
    assert len(reader.read) > (4 if long == "hierarchical" else 0)
    for ids in reader.read:
        assert ids[: len(before)] == before
        assert before != ids[len(before) : 2 * len(before)]
        assert len(ids) <= 40
    if long == "lead":  # whole sentences, so many that one more would not fit
        assert reader.read[0] == AutoTokenizer.from_pretrained(mt5_folder)(PREFIX + SENTENCES[0])["input_ids"]
    assert summary.read == 1.0 if long == "hierarchical" else 0 < summary.read < 0.5


def test_a_training_writes_it_down_and_another_goes_on_with_it(
    mt5_folder: Path, tiny_config: TinyConfig, summary_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "first"
    config = tiny_config("summary", summary_file, out, max_steps=1)
    config["model"] = {"name": str(mt5_folder), "prefix": PREFIX, "max_length": 48}
    train(check_config(config, "test"))
    info = read_info(out)
    assert info is not None
    assert info.prefix == PREFIX
    assert opened(out).encoder.prefix == PREFIX
    assert opened(out, prefix="").encoder.prefix == ""
    assert PREFIX.strip() in (out / "README.md").read_text(encoding="utf-8")
    again = {**config, "output": str(tmp_path / "again"), "model": {"name": str(out), "max_length": 48}}
    train(check_config(again, "test"))
    assert opened(tmp_path / "again").encoder.prefix == PREFIX


def test_a_config_json_may_name_one(mt5_folder: Path, tmp_path: Path) -> None:
    own = opened(with_settings(mt5_folder, tmp_path / "own", prefix=PREFIX))
    assert own.encoder.prefix == PREFIX
    assert f"prefix {PREFIX!r}" in own.note
    of_t5 = {"summarization": {"prefix": "summarize: "}, "translation_en_to_de": {"prefix": "translate: "}}
    left = opened(with_settings(mt5_folder, tmp_path / "left", task_specific_params=of_t5))
    assert left.encoder.prefix == ""  # whether it was fine-tuned with it, nothing tells
    assert "'summarize: '" in left.note
    assert "'summarize: '" not in opened(tmp_path / "left", prefix="").note


def test_a_training_says_which_prefix_stands_there(
    mt5_folder: Path, tiny_config: TinyConfig, summary_file: Path, tmp_path: Path
) -> None:
    of_t5 = {"summarization": {"prefix": "summarize: "}}
    folder = with_settings(mt5_folder, tmp_path / "t5", task_specific_params=of_t5)

    def lines(**model: str) -> list[str]:
        config = tiny_config("summary", summary_file, tmp_path / "run")
        config["model"] = {"name": str(folder), "max_length": 48, **model}
        return [line for line in prepare(check_config(config, "test")).plan().lines() if "prefix" in line]

    [unused] = lines()
    assert "has the prefix 'summarize: ', not used unless model.prefix says so" in unused
    assert lines(prefix="summarize: ") == ["prefix: 'summarize: ' stands before each article"]
    assert lines(prefix="") == []


def test_trimming_keeps_its_pieces(mt5_folder: Path, tmp_path: Path) -> None:
    folder = with_settings(mt5_folder, tmp_path / "own", prefix=PREFIX)
    trim(folder, SPORT * 5, tmp_path / "trimmed", keep=1.0)
    trimmed = opened(tmp_path / "trimmed")
    assert trimmed.encoder.prefix == PREFIX
    names = [one.tokenizer.convert_ids_to_tokens(one.prefix_ids) for one in (trimmed.encoder, opened(folder).encoder)]
    assert names[0] == names[1]


def test_misuse(mt5_folder: Path, bert_folder: Path) -> None:
    with pytest.raises(UsageError, match="a prefix is for sequence-to-sequence models"):
        Summarizer.from_pretrained("summary", prefix="summarize: ")
    with pytest.raises(UsageError, match=r"prefix: expected what stands before each article.*found 3"):
        Summarizer.from_pretrained("summary", prefix=3)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="The prefix takes"):
        opened(mt5_folder, prefix=ARTICLE, max_length=20)
    with pytest.raises(ValidationError, match="prefix is for pretrained sequence-to-sequence models"):
        ModelConfig.model_validate({"name": str(bert_folder), "decoder_layers": 2, "prefix": "summarize: "})
