"""Text to pretrain on: documents that are read once, none of dev and test data, in packed rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mujaz.configs.pretrain_schema import PretrainDataConfig
from mujaz.models.recipes import get_recipe
from mujaz.training.pretrain_shards import PackedRows, write_shards
from mujaz.training.pretrain_texts import Document, Documents, draw
from mujaz.training.scratch import train_wordpiece
from tests.conftest import write_jsonl


def test_no_held_out_or_excluded_text_is_in_the_training_rows(tmp_path: Path) -> None:
    """Every document has a number of its own, so that the rows can be searched for it."""
    names = [f"ق{a}{b}" for a in "ابتثجحخدذر" for b in "سشصضطظعغفك"]
    rows: list[dict[str, object]] = [{"text": f"{name} فاز الفريق"} for name in names]
    corpus = write_jsonl(tmp_path / "train.jsonl", rows)
    # Other marks and blanks, same letters: the recipe and the key see through them.
    test = write_jsonl(tmp_path / "test.jsonl", [{"text": f"{name}  فازَ  الفريق"} for name in names[:20]])
    data = PretrainDataConfig(train=str(corpus), exclude=str(test), held_out=0.3)
    documents = Documents(data, get_recipe("news-folded"))
    tokenizer = train_wordpiece([" ".join(names), "فاز الفريق"], 400)
    write_shards(tmp_path / "shards", documents, tokenizer, int(tokenizer.sep_token_id or 0), 8, "x")
    text = {
        split: tokenizer.decode(np.concatenate([row for _, row in _all(tmp_path / "shards", split)]))
        for split in ("train", "held_out")
    }
    trained = {name for name in names if name in text["train"]}
    apart = {name for name in names if name in text["held_out"]}
    assert not trained & apart
    assert not (trained | apart) & set(names[:20])
    assert len(trained | apart) > 70  # the last ones may fill no row
    assert 10 < len(apart) < 40
    assert documents.counts.excluded == 20


def _all(folder: Path, split: str) -> list[tuple[int, Any]]:
    packed = PackedRows(folder, split)
    return [packed[i] for i in range(len(packed))]


def test_repeated_documents_are_read_once_and_excluded_headlines_left_out(tmp_path: Path) -> None:
    text = "فاز الفريق في المباراة الاخيرة"
    corpus = write_jsonl(
        tmp_path / "a.jsonl", [{"summary": "خبر اول", "text": text}, {"summary": "خبر ثان", "text": text + " "}]
    )
    test = write_jsonl(tmp_path / "b.jsonl", [{"summary": "خبر أوّل"}])
    documents = Documents(
        PretrainDataConfig(train=str(corpus), exclude=str(test), held_out=0.0), get_recipe("news-folded")
    )
    assert [d.text for d in documents] == [get_recipe("news-folded")(text)]
    assert (documents.counts.repeated, documents.counts.excluded) == (1, 1)


def test_rows_are_packed_and_each_pass_has_its_own_order(tmp_path: Path) -> None:
    tokenizer = train_wordpiece(["ا ب ت ث"], 60)
    write_shards(tmp_path, [Document("ا ب ت", False)] * 20, tokenizer, 3, 5, "x")
    packed = PackedRows(tmp_path, "train")
    assert len(packed) == 16  # 80 tokens in rows of 5, no padding
    a, b, c = tokenizer("ا ب ت", add_special_tokens=False)["input_ids"]
    assert np.concatenate([row for _, row in _all(tmp_path, "train")]).tolist() == [a, b, c, 3] * 20
    passes = PackedRows(tmp_path, "train", 48, seed=5)
    orders = [[passes[i + 16 * n][1].tolist() for i in range(16)] for n in range(3)]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(orders[2])
    assert orders[0] != orders[1] != orders[2]
    with pytest.raises(IndexError):
        passes[48]


def test_drawn_texts_are_of_the_whole_stream() -> None:
    documents = [Document(str(i), i % 2 == 0) for i in range(1000)]
    drawn = sorted(int(text) for text in draw(documents, 50, 1))
    assert len(drawn) == 50
    assert all(i % 2 for i in drawn)
    assert drawn[0] < 200
    assert drawn[-1] > 800


def test_a_text_that_spells_special_tokens_has_none(tmp_path: Path) -> None:
    tokenizer = train_wordpiece(["فاز الفريق"], 60)
    spelled = f"{tokenizer.mask_token} فاز {tokenizer.sep_token} الفريق {tokenizer.cls_token} {tokenizer.pad_token}"
    documents = [Document("فاز الفريق", False), Document(spelled, False)] * 4
    write_shards(tmp_path, documents, tokenizer, int(tokenizer.sep_token_id or 0), 4, "x")
    rows = np.concatenate([row for _, row in _all(tmp_path, "train")])
    plain = [*tokenizer("فاز الفريق", add_special_tokens=False)["input_ids"], tokenizer.sep_token_id]
    assert rows.tolist() == (plain * 8)[: len(rows)]


def test_a_document_longer_than_the_model_reads_is_no_fault(tmp_path: Path) -> None:
    tokenizer = train_wordpiece(["فاز الفريق"], 60)
    tokenizer.model_max_length = (
        8  # as the tokenizer of an encoder to go on with says; transformers warns of longer texts
    )
    write_shards(tmp_path, [Document("فاز الفريق " * 10, False)] * 4, tokenizer, 3, 4, "x")
    assert not tokenizer.deprecation_warnings
