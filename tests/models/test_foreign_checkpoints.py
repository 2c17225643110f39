"""Checkpoints that mujaz did not make, or that somebody edited: refused with what is wrong, not read as noise."""

from __future__ import annotations

import copy
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from transformers import (
    BartConfig,
    BartForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
    EncoderDecoderModel,
)

from mujaz import Summarizer, TextClassifier
from mujaz.errors import CheckpointError, UsageError
from mujaz.models.windows import LongText

SIZES: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 24,
}


def _classifier(folder: Path, bert_folder: Path, labels: dict[int, str]) -> Path:
    vocabulary = (bert_folder / "vocab.txt").read_text(encoding="utf-8")
    config = BertConfig(vocab_size=len(vocabulary.split()), **SIZES)
    config.id2label, config.label2id = labels, {name: i for i, name in labels.items()}
    BertForSequenceClassification(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text(vocabulary, encoding="utf-8")
    return folder


def test_no_tokenizer(tmp_path: Path, bert_folder: Path) -> None:
    folder = _classifier(tmp_path, bert_folder, {0: "نعم", 1: "لا"})
    (folder / "vocab.txt").unlink()
    for name in folder.glob("tokenizer*"):
        name.unlink()
    with pytest.raises(CheckpointError, match="it holds no tokenizer: expected one of tokenizer.json, vocab.txt"):
        TextClassifier.from_pretrained(folder, device="cpu")


def test_a_tokenizer_of_another_model(tmp_path: Path, bert_folder: Path) -> None:
    folder = _classifier(tmp_path, bert_folder, {0: "نعم", 1: "لا"})
    with (folder / "vocab.txt").open("a", encoding="utf-8") as file:
        file.write("كلمات\nزائدة\n")
    with pytest.raises(CheckpointError, match=r"the tokenizer has .* pieces, the model embeddings for .* not of one"):
        TextClassifier.from_pretrained(folder, device="cpu")


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({0: "نعم", 1: "نعم", 2: "لا"}, "expected names of labels that differ"),
        ({0: "نعم", 1: " "}, "expected names of labels that differ"),
        ({0: "LABEL_0"}, "has one label, 'LABEL_0': expected a classifier with two or more"),
    ],
)
def test_labels_that_are_none(tmp_path: Path, bert_folder: Path, labels: dict[int, str], expected: str) -> None:
    with pytest.raises(CheckpointError, match=expected):
        TextClassifier.from_pretrained(_classifier(tmp_path, bert_folder, labels), device="cpu")


@pytest.mark.parametrize(("names", "fits"), [(["sport", "money"], False), (["LABEL_0", "LABEL_1"], True)])
def test_labels_of_two_files(trained: Callable[[str], Path], tmp_path: Path, names: list[str], fits: bool) -> None:
    """Where config.json names none (LABEL_0), mujaz.json does."""
    folder = tmp_path / "model"
    shutil.copytree(trained("topic"), folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert list(config["id2label"].values()) == ["money", "sport"]
    config["id2label"] = dict(enumerate(names))
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    if fits:
        assert TextClassifier.from_pretrained(folder, device="cpu").labels == ["money", "sport"]
        return
    with pytest.raises(CheckpointError, match=r"has the labels money, sport, config\.json sport, money"):
        TextClassifier.from_pretrained(folder, device="cpu")


def test_weights_of_another_number_of_labels(tmp_path: Path, bert_folder: Path) -> None:
    folder = _classifier(tmp_path, bert_folder, {0: "أ", 1: "ب", 2: "ج"})
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    del config["id2label"], config["label2id"]
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(CheckpointError, match="Does id2label there name all labels"):
        TextClassifier.from_pretrained(folder, device="cpu")


def test_a_bart_that_labels_writes_nothing(tmp_path: Path, bert_folder: Path) -> None:
    config = BartConfig(
        vocab_size=40, d_model=16, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=16, decoder_ffn_dim=16
    )
    config.encoder_attention_heads = config.decoder_attention_heads = 2
    BartForSequenceClassification(config).save_pretrained(tmp_path)
    shutil.copy(bert_folder / "vocab.txt", tmp_path)
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}', encoding="utf-8")
    with pytest.raises(CheckpointError, match="labels texts .BartForSequenceClassification."):
        Summarizer.from_pretrained(tmp_path, device="cpu")


def test_the_first_token_may_stand_in_the_config_alone(tmp_path: Path, bert_folder: Path) -> None:
    model = EncoderDecoderModel.from_encoder_decoder_pretrained(str(bert_folder), str(bert_folder))
    model.config.decoder_start_token_id, model.config.pad_token_id = 2, 0
    model.save_pretrained(tmp_path / "named")
    for name in ("named", "not"):
        folder = tmp_path / name
        if name == "not":
            model.config.decoder_start_token_id = None
            model.save_pretrained(folder)
        (folder / "generation_config.json").write_text('{"pad_token_id": 0, "eos_token_id": 3}', encoding="utf-8")
        shutil.copy(bert_folder / "vocab.txt", folder)
        (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}', encoding="utf-8")
    summarizer = Summarizer.from_pretrained(tmp_path / "named", device="cpu", engine="torch")
    assert summarizer.generation.decoder_start_token_id == 2
    with pytest.raises(CheckpointError, match="names no decoder_start_token_id"):
        Summarizer.from_pretrained(tmp_path / "not", device="cpu", engine="torch")


@pytest.mark.parametrize("texts", [pd.DataFrame({"text": ["نص"]}), {"text": ["نص"]}, None, 5])
def test_what_is_no_list_of_texts(trained: Callable[[str], Path], texts: Any) -> None:
    """A table is not labelled by the names of its columns."""
    with pytest.raises(UsageError, match="expects a list of"):
        TextClassifier.from_pretrained(trained("topic"), device="cpu").predict(texts)
    with pytest.raises(UsageError, match="expects a list of"):
        Summarizer.from_pretrained(trained("summary"), device="cpu", engine="torch").summarize(texts)


def test_options_of_another_kind(trained: Callable[[str], Path]) -> None:
    folder = trained("topic")
    wrong: list[dict[str, Any]] = [{"max_length": 0}, {"max_length": "128"}, {"max_length": True}, {"long": "windows"}]
    for options in wrong:
        with pytest.raises(UsageError, match=next(iter(options))):
            TextClassifier.from_pretrained(folder, device="cpu", **options)
    for name in ("", "  ", 5):
        with pytest.raises(UsageError, match="expected the name of a model"):
            TextClassifier.from_pretrained(name)  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="expected the name of a model"):
            Summarizer.from_pretrained(name)  # type: ignore[arg-type]
    model = TextClassifier.from_pretrained(folder, device="cpu")
    wrong = [{"batch_tokens": 0}, {"batch_tokens": -5}, {"min_probability": 2.0}, {"min_probability": float("nan")}]
    for options in wrong:
        with pytest.raises(UsageError, match=next(iter(options))):
            model.predict(["نص"], **options)
    with pytest.raises(UsageError, match="long: expected"):
        model.read_long("windows")  # type: ignore[arg-type]
    model.read_long(LongText(policy="truncate"))  # and it goes on
    assert len(model.predict(["نص"])) == 1


@pytest.mark.parametrize("way", [pickle.dumps, copy.deepcopy])
def test_a_loaded_model_is_not_copied(trained: Callable[[str], Path], way: Callable[[Any], Any]) -> None:
    for model in (
        TextClassifier.from_pretrained(trained("topic"), device="cpu"),
        Summarizer.from_pretrained(trained("summary"), device="cpu", engine="torch"),
    ):
        with pytest.raises(TypeError, match="call from_pretrained in each process"):
            way(model)
