"""A head over Arabic pieces alone: what it writes is what the whole head writes with all other pieces forbidden."""

from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import GenerationConfig

from mujaz import Summarizer
from mujaz.models.engines.ctranslate2_conversion import convert
from mujaz.models.engines.ctranslate2_engine import CTranslate2Generator
from mujaz.models.engines.ctranslate2_vocabulary import MAP_FILE, _is_arabic, arabic_pieces, read_map, write_map
from mujaz.models.loading import load_seq2seq, load_tokenizer

pytest.importorskip("ctranslate2")

ARTICLES = [
    "فاز المنتخب في مباراة الكرة وسجل اللاعب هدفا في الدوري.",
    "باعت الشركة حصتها في السوق новости сегодня.",
    "ارتفع سهم البنك في البورصة. زاد الدين العام. " * 3,
    "خسر الفريق 新聞 نهائي البطولة.",
]
ARABIC_ONLY = [True, False, True, False]
FOREIGN = ("新", "聞", "▁н", "ов", "ости", "▁се", "годня", "▁news", "ing")
ROWS = 200


def _folder(mt5_folder: Path, made: Path, foreign_logit: float) -> Path:
    """The tiny mT5 with foreign pieces in its tokenizer, whose logits are all moved by so much."""
    messages: Any = importlib.import_module("sentencepiece.sentencepiece_model_pb2")  # generated, without types

    shutil.copytree(mt5_folder, made)
    proto = messages.ModelProto.FromString((made / "spiece.model").read_bytes())
    first = len(proto.pieces)
    names = [*FOREIGN, *(chr(0x4E00 + i) for i in range(ROWS - first - len(FOREIGN)))]
    for number, piece in enumerate(names):
        proto.pieces.add(piece=piece, score=-9.0 - 0.001 * number)
    (made / "spiece.model").write_bytes(proto.SerializeToString())
    model: Any = load_seq2seq(made)
    torch.manual_seed(1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 2:
                weight.copy_(torch.randn_like(weight) * (0.5 if "lm_head" in name or "shared" in name else 0.3))
        model.shared.weight[:, 0] = 30.0  # so that the last state has about 4 there, whatever was read
        model.lm_head.weight[:first, 0] = 0.0
        model.lm_head.weight[first:, 0] = foreign_logit / 4
    model.save_pretrained(made)
    settings = json.loads((made / "config.json").read_text(encoding="utf-8")) | {"tie_word_embeddings": False}
    (made / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def arabic_folder(tmp_path_factory: pytest.TempPathFactory, mt5_folder: Path) -> Path:
    """Gives other pieces next to nothing, as a model fine-tuned on Arabic does."""
    return _folder(mt5_folder, tmp_path_factory.mktemp("vocabulary") / "arabic", -30.0)


@pytest.fixture(scope="module")
def mixed_folder(tmp_path_factory: pytest.TempPathFactory, mt5_folder: Path) -> Path:
    """Gives them as much as Arabic ones."""
    return _folder(mt5_folder, tmp_path_factory.mktemp("vocabulary") / "mixed", 0.0)


def test_pieces_of_other_scripts_are_told_apart() -> None:
    arabic = ("▁ال", "کتاب", "لّ", "▁2024", "٪", "،", "▁", "(", "$", "€", "–", "→", "a", "▁Z", "<0xD8>", "٢٠", "ﷺ")
    other = ("▁news", "in", "é", "新", "▁не", "हि", "๒", "aال", "한")
    assert [piece for piece in arabic if not _is_arabic(piece)] == []
    assert [piece for piece in other if _is_arabic(piece)] == []


def test_special_tokens_stay_and_a_model_of_arabic_pieces_has_no_map(mixed_folder: Path, mt5_folder: Path) -> None:
    model = load_seq2seq(mixed_folder)
    tokenizer = load_tokenizer(mixed_folder, model.config)
    pieces = arabic_pieces(tokenizer, model)
    assert pieces is not None
    assert {0, 1, 2} <= pieces
    names = tokenizer.convert_ids_to_tokens(sorted(pieces))
    assert not set(FOREIGN) & set(names)
    assert "▁" in names
    small: Any = load_seq2seq(mt5_folder)
    small.resize_token_embeddings(len(pieces))
    assert arabic_pieces(tokenizer, small) is None


def test_it_writes_what_the_whole_head_writes_with_the_others_forbidden(mixed_folder: Path, tmp_path: Path) -> None:
    """Greedily also what torch writes; its beams differ, for it forbids after forming probabilities."""
    plain = Summarizer.from_pretrained(mixed_folder, device="cpu", precision="float32", engine="torch")
    pieces = arabic_pieces(plain.encoder.tokenizer, plain.model)
    assert pieces is not None
    convert(mixed_folder, tmp_path, "float32")
    whole = CTranslate2Generator(tmp_path, ROWS, "float32")
    write_map(tmp_path, pieces)
    small = CTranslate2Generator(tmp_path, ROWS, "float32")
    assert small.arabic == pieces
    assert f"with {len(pieces)} of {ROWS} pieces" in small.description
    batch = plain.encoder([ARTICLES[0], ARTICLES[2]])
    others = sorted(set(range(ROWS)) - pieces)
    for change in (
        {"num_beams": 1}, {"num_beams": 3}, {"num_beams": 3, "num_return_sequences": 3, "no_repeat_ngram_size": 2},
        {"num_beams": 3, "min_new_tokens": 9}, {"num_beams": 2, "repetition_penalty": 1.5},
        {"num_beams": 2, "suppress_tokens": [4, 5, 6, others[0]]},
    ):  # fmt: skip
        values = {**plain.generation.to_dict(), "max_new_tokens": 9, "no_repeat_ngram_size": 0, "suppress_tokens": None}
        settings = GenerationConfig.from_dict({**values, "length_penalty": None, **change})
        forbidden = GenerationConfig.from_dict(
            {**settings.to_dict(), "suppress_tokens": sorted({*others, *(settings.suppress_tokens or [])})}
        )
        found, expected = small.generate(batch, settings), whole.generate(batch, forbidden)
        assert [[one.ids for one in each] for each in found] == [[one.ids for one in each] for each in expected], change
        if settings.num_beams == 1:
            torchs = [[i for i in each[0].ids if i != 0] for each in plain.engine.generate(batch, forbidden)]
            assert [each[0].ids for each in found] == torchs
        else:
            scores = [one.score for each in expected for one in each]
            assert [one.score for each in found for one in each] == pytest.approx(scores, abs=1e-4), change


def test_an_article_with_other_pieces_is_written_with_all_whatever_stands_beside_it(
    mixed_folder: Path, tmp_path: Path
) -> None:
    plain = Summarizer.from_pretrained(mixed_folder, device="cpu", precision="float32", engine="torch")
    pieces = arabic_pieces(plain.encoder.tokenizer, plain.model)
    assert pieces is not None
    convert(mixed_folder, tmp_path, "float32")
    write_map(tmp_path, pieces)
    small = CTranslate2Generator(tmp_path, ROWS, "float32")
    batch = plain.encoder(ARTICLES)
    assert [small.keeps_to_arabic(one) for one in batch] == ARABIC_ONLY
    values = {"max_new_tokens": 9, "num_beams": 2, "no_repeat_ngram_size": 0, "suppress_tokens": None}
    settings = GenerationConfig.from_dict({**plain.generation.to_dict(), **values})
    found = [each[0] for each in small.generate(batch, settings)]
    alone = [small.generate([one], settings)[0][0] for one in batch]
    assert [one.ids for one in found] == [one.ids for one in alone]
    assert [set(one.ids) <= pieces for one in found] == ARABIC_ONLY
    whole = [each[0] for each in small.generate(batch, settings, arabic=False)]
    assert not any(set(one.ids) <= pieces for one in whole)
    assert [a.ids == b.ids for a, b in zip(found, whole, strict=True)] == [not one for one in ARABIC_ONLY]


def test_a_model_that_writes_arabic_is_converted_with_a_map(arabic_folder: Path) -> None:
    fast = Summarizer.from_pretrained(arabic_folder, device="cpu", engine="ctranslate2")
    assert isinstance(fast.engine, CTranslate2Generator)
    assert fast.engine.arabic is not None
    assert f"ctranslate2 int8 with {len(fast.engine.arabic)} of {ROWS} pieces" in fast.description
    found = fast.engine.generate(fast.encoder(ARTICLES), fast.generation)
    whole = fast.engine.generate(fast.encoder(ARTICLES), fast.generation, arabic=False)
    assert [each[0].ids for each in found] == [each[0].ids for each in whole]
    exact = Summarizer.from_pretrained(arabic_folder, device="cpu", engine="ctranslate2", precision="float32")
    assert isinstance(exact.engine, CTranslate2Generator)
    assert exact.engine.arabic is None


def test_a_model_that_writes_other_scripts_keeps_its_whole_head(
    mixed_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUJAZ_CACHE", str(tmp_path))
    fast = Summarizer.from_pretrained(mixed_folder, device="cpu", engine="ctranslate2")
    assert "pieces" not in fast.description
    assert list(tmp_path.rglob(MAP_FILE)) == []
    (report,) = tmp_path.rglob("check.json")
    measured = json.loads(report.read_text(encoding="utf-8"))["vocabulary"]
    assert measured["outside"] > 0.01  # what it would have lost
    assert read_map(report.parent) is None
