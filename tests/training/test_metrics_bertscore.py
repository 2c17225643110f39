from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, pre_tokenizers, processors
from tokenizers.models import WordLevel
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from mujaz.errors import CheckpointError, MissingExtraError, UsageError
from mujaz.training.metrics import BertScore

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "فاز", "الفريق", "انتصر", "المنتخب", "أمس", "بالكأس"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT whose tokenizer states no length limit, as those of MARBERT and CAMeLBERT."""
    folder = tmp_path_factory.mktemp("encoder")
    tokenizer = Tokenizer(WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=12,
    )
    BertModel(config).save_pretrained(folder)
    return folder


def test_scores(encoder: Path) -> None:
    pytest.importorskip("bert_score")
    same = BertScore().compute(predictions=["فاز الفريق"], references=["فاز الفريق"], model=encoder)
    assert [same["precision"], same["recall"], same["f1"]] == pytest.approx([100, 100, 100], abs=0.01)
    assert same["signature"].endswith("|layer:3|rescaled:no")
    other = BertScore().compute(predictions=["فاز الفريق"], references=["انتصر المنتخب"], model=encoder)
    assert other["f1"] < 99


def test_equal_to_the_formula(encoder: Path) -> None:
    """Greedy matching by cosine, Zhang et al. 2020 section 3, without [CLS] and [SEP] in the means."""
    pytest.importorskip("bert_score")
    prediction, reference = "فاز الفريق أمس", "انتصر المنتخب أمس بالكأس"
    model = BertModel.from_pretrained(encoder).eval()
    vectors = []
    for text in (prediction, reference):
        ids = torch.tensor([[2, *(WORDS.index(word) for word in text.split()), 3]])
        with torch.no_grad():
            hidden = model(ids, output_hidden_states=True).hidden_states[2][0]
        vectors.append(hidden / hidden.norm(dim=-1, keepdim=True))
    similar = vectors[0] @ vectors[1].T
    precision = float(similar.max(dim=1).values[1:-1].mean())
    recall = float(similar.max(dim=0).values[1:-1].mean())
    found = BertScore().compute(predictions=[prediction], references=[reference], model=encoder, layer=2)
    assert found["precision"] == pytest.approx(100 * precision, abs=1e-3)
    assert found["recall"] == pytest.approx(100 * recall, abs=1e-3)
    assert found["f1"] == pytest.approx(100 * 2 * precision * recall / (precision + recall), abs=1e-3)


def test_empty_and_long_texts(encoder: Path) -> None:
    pytest.importorskip("bert_score")
    metric = BertScore()
    assert metric.compute(predictions=["", "أمس"], references=["أمس", " "], model=encoder)["f1"] == 0
    assert metric.compute(predictions=["أمس " * 50], references=["أمس " * 50], model=encoder)["f1"] > 99


def test_wrong_models(encoder: Path, tmp_path: Path) -> None:
    pytest.importorskip("bert_score")
    pair = {"predictions": ["أمس"], "references": ["أمس"]}
    with pytest.raises(CheckpointError, match=r"no config\.json"):
        BertScore().compute(**pair, model=tmp_path)
    with pytest.raises(CheckpointError, match="layers 1 to 4, asked was layer 5"):
        BertScore().compute(**pair, model=encoder, layer=5)
    (tmp_path / "at5").symlink_to(encoder)
    with pytest.raises(UsageError, match="rename or link the folder"):
        BertScore().compute(**pair, model=tmp_path / "at5")


def test_the_extra_is_named_where_the_package_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "bert_score", None)
    with pytest.raises(MissingExtraError, match=r"mujaz\[bertscore\]"):
        BertScore().compute(predictions=["أمس"], references=["أمس"], model=tmp_path)
