"""Each trap of transformers 5 beside our answer: the test shows the one, then the other."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoConfig,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    T5Config,
    T5ForConditionalGeneration,
)

from mujaz.errors import CheckpointError, UsageError
from mujaz.models.loading import (
    checked_max_length,
    load_classifier,
    load_config,
    load_for_classification,
    load_seq2seq,
    load_tokenizer,
    longest_input,
    protect_head,
    same_names,
)
from mujaz.models.presets import PRESETS

LABELS = ["money", "sport"]


def test_dtype_is_float32_whatever_the_checkpoint_says(bert_folder: Path, tmp_path: Path) -> None:
    load_for_classification(bert_folder, LABELS).half().save_pretrained(tmp_path)
    assert AutoModelForSequenceClassification.from_pretrained(tmp_path).dtype == torch.float16  # the trap
    assert load_classifier(tmp_path).dtype == torch.float32
    assert load_for_classification(tmp_path, LABELS).dtype == torch.float32


def test_lower_casing_would_strip_hamza(bert_folder: Path) -> None:
    assert AutoTokenizer.from_pretrained(bert_folder).tokenize("أحمد") == ["احمد"]  # the trap
    config = load_config(bert_folder)
    assert load_tokenizer(bert_folder, config).tokenize("أحمد") == ["أحمد"]
    assert load_tokenizer(bert_folder, config, PRESETS["arabert"]).tokenize("أحمد") == ["أحمد"]
    assert load_tokenizer(bert_folder, config, PRESETS["marbert"]).tokenize("أحمد") == ["احمد"]


@pytest.mark.parametrize("kind", ["electra", "distilbert", "convbert"])
def test_nor_do_others_that_read_a_vocabulary_of_words(bert_folder: Path, tmp_path: Path, kind: str) -> None:
    AutoConfig.for_model(kind).save_pretrained(tmp_path)
    shutil.copy(bert_folder / "vocab.txt", tmp_path)
    assert load_tokenizer(tmp_path, load_config(tmp_path)).tokenize("أحمد") == ["أحمد"]


@pytest.mark.parametrize("stated", [True, False])
def test_what_a_tokenizer_states_of_lower_casing_wins(bert_folder: Path, tmp_path: Path, stated: bool) -> None:
    folder = shutil.copytree(bert_folder, tmp_path / "copy")
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": stated}), encoding="utf-8")
    pieces = load_tokenizer(folder, load_config(folder), PRESETS["arabert"]).tokenize("أحمد")
    assert pieces == (["احمد"] if stated else ["أحمد"])


def test_length_comes_from_the_positions(bert_folder: Path) -> None:
    config = load_config(bert_folder)
    tokenizer = load_tokenizer(bert_folder, config)
    assert tokenizer.model_max_length > 10**20  # the trap: truncation=True cuts nothing …
    ids = tokenizer("فاز الفريق " * 30, truncation=True)["input_ids"]
    assert len(ids) > 24
    model = load_for_classification(bert_folder, LABELS)
    with pytest.raises(RuntimeError):  # … and the model fails with a tensor size
        model(input_ids=torch.tensor([ids]))
    assert longest_input(config) == 24
    assert checked_max_length(None, config) == 24
    with pytest.raises(UsageError, match="max_length 25 .* 24 positions"):
        checked_max_length(25, config)


def test_roberta_positions_start_after_padding() -> None:
    config = BertConfig(max_position_embeddings=514, pad_token_id=1)
    config.model_type = "xlm-roberta"  # type: ignore[misc]
    assert longest_input(config) == 512


def test_relative_positions_take_the_presets_length(mt5_folder: Path) -> None:
    config = load_config(mt5_folder)
    assert longest_input(config) == 512
    assert longest_input(config, PRESETS["arat5"]) == 1024
    assert checked_max_length(2000, config) == 2000  # relative positions have no end


def test_resize_would_overwrite_the_head(mt5_folder: Path) -> None:
    plain: Any = AutoModelForSeq2SeqLM.from_pretrained(mt5_folder)
    trained = plain.lm_head.weight.detach().clone()
    plain.resize_token_embeddings(210)
    assert torch.equal(plain.lm_head.weight, plain.shared.weight)  # the trap: the trained head is gone
    ours: Any = load_seq2seq(mt5_folder)
    ours.tie_weights()
    ours.resize_token_embeddings(210)
    assert torch.equal(ours.lm_head.weight[:200], trained)


def test_saved_configuration_stays_untied(mt5_folder: Path, tmp_path: Path) -> None:
    plain: Any = AutoModelForSeq2SeqLM.from_pretrained(mt5_folder)
    plain.save_pretrained(tmp_path / "plain")
    assert (
        _json(tmp_path / "plain" / "config.json")["tie_word_embeddings"] is True
    )  # the trap: transformers 4 would tie
    ours: Any = load_seq2seq(mt5_folder)
    ours.save_pretrained(tmp_path / "ours")
    assert _json(tmp_path / "ours" / "config.json")["tie_word_embeddings"] is False
    again: Any = load_seq2seq(tmp_path / "ours")
    assert torch.equal(again.lm_head.weight, plain.lm_head.weight)


def test_t5_v1_1_is_not_scaled_after_a_round_trip(tmp_path: Path) -> None:
    untied: dict[str, Any] = {"tie_word_embeddings": False}
    config = T5Config(vocab_size=50, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2, **untied)
    model: Any = T5ForConditionalGeneration(config).eval()
    model.lm_head.weight = torch.nn.Parameter(torch.randn(50, 16))
    protect_head(model)
    model.save_pretrained(tmp_path)
    inputs = {"input_ids": torch.tensor([[5, 6, 1]]), "decoder_input_ids": torch.tensor([[0, 7]])}
    again: Any = load_seq2seq(tmp_path)
    assert again.config.scale_decoder_outputs is False
    torch.testing.assert_close(again(**inputs).logits, model(**inputs).logits)


def test_a_scaled_t5_stays_tied() -> None:
    model: Any = T5ForConditionalGeneration(
        T5Config(vocab_size=50, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    )
    protect_head(model)
    assert model.config.tie_word_embeddings is True
    assert model.lm_head.weight is model.shared.weight


def test_sentencepiece_tokenizer_loads(mt5_folder: Path) -> None:
    import sentencepiece

    oracle = sentencepiece.SentencePieceProcessor(model_file=str(mt5_folder / "spiece.model"))
    text = "فاز المنتخب في السوق"
    tokenizer = load_tokenizer(mt5_folder, load_config(mt5_folder))
    assert tokenizer(text)["input_ids"] == [*oracle.encode(text), oracle.eos_id()]


def test_missing_sentencepiece_is_named(mt5_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ValueError("`tiktoken` is required to read a `tiktoken` file")  # the trap: what transformers 5 says

    find_spec = importlib.util.find_spec
    monkeypatch.setattr(AutoTokenizer, "from_pretrained", fail)
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "google.protobuf" else find_spec(name)
    )
    with pytest.raises(CheckpointError, match="pip install protobuf"):
        load_tokenizer(mt5_folder, load_config(mt5_folder))


def test_a_missing_head_is_refused_not_filled_with_noise(bert_folder: Path) -> None:
    plain: Any = AutoModelForSequenceClassification.from_pretrained(bert_folder)  # the trap: loads all the same
    assert plain.classifier.weight.shape[0] == 2
    with pytest.raises(CheckpointError, match="no trained classification head.*mujaz train"):
        load_classifier(bert_folder)


@pytest.mark.parametrize(
    "kind",
    ["bert", "electra", "distilbert", "roberta", "xlm-roberta", "deberta-v2", "convbert", "albert", "modernbert"],
)
def test_rows_of_known_labels_are_kept_by_name(tmp_path: Path, kind: str) -> None:
    had = ["culture", "money", "sport"]
    sizes = {
        "hidden_size": 4,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 8,
        "vocab_size": 20,
    }
    others = {"distilbert": {"dim": 4, "n_layers": 1, "n_heads": 2, "hidden_dim": 8}}
    more = {"embedding_size": 4, "num_labels": 3, "max_position_embeddings": 30, "pad_token_id": 0}
    config = AutoConfig.for_model(kind, **sizes, **others.get(kind, {}), **more)
    saved: Any = AutoModelForSequenceClassification.from_config(config)
    with torch.no_grad():
        for parameter in saved.parameters():
            parameter.normal_()
    saved.save_pretrained(tmp_path)

    def logits(labels: list[str]) -> torch.Tensor:
        model: Any = load_for_classification(tmp_path, labels, had).eval()
        assert list(model.config.id2label.values()) == labels
        with torch.no_grad():
            return torch.as_tensor(model(input_ids=torch.tensor([[2, 5, 7, 3]])).logits[0])

    before = logits(had)
    torch.testing.assert_close(logits(["sport", "money", "culture"]), before[[2, 1, 0]])
    torch.testing.assert_close(logits(["money", "sport"]), before[[1, 2]])
    more_labels = logits(["culture", "health", "money", "sport", "war"])  # one more than the model is wide
    torch.testing.assert_close(more_labels[[0, 2, 3]], before)
    assert not torch.isin(more_labels[[1, 4]], before).any()
    assert not torch.isin(logits(["health", "war", "law"]), before).any()


def test_which_names_are_the_same() -> None:
    assert same_names(["a", "b"], ["b", "c", "a"]) == {0: 1, 2: 0}
    assert same_names(["LABEL_0", "LABEL_1"], ["LABEL_1", "x", "LABEL_0"]) == {}  # nobody named them
    assert same_names(["LABEL_0", "LABEL_1"], ["LABEL_0", "LABEL_1"]) == {0: 0, 1: 1}
    assert same_names([], ["a", "b"]) == {}


def test_a_start_whose_files_disagree_is_refused(bert_folder: Path, tmp_path: Path) -> None:
    load_for_classification(bert_folder, LABELS).save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match=r"mujaz\.json names 3 labels, config\.json 2"):
        load_for_classification(tmp_path, ["sport", "money"], [*LABELS, "culture"])


def test_broken_files_are_named(bert_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(bert_folder, tmp_path / "copy")
    (folder / "model.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(CheckpointError, match=str(folder)):
        load_classifier(folder)
    (folder / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"config\.json"):
        load_config(folder)


def _json(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data
