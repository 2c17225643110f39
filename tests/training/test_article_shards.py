"""Rows of single documents: cut at sentence ends, sentences ranked as rouge_score ranks them, found again on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer
from transformers import PreTrainedTokenizerBase

from mujaz.configs.pretrain_schema import PretrainDataConfig
from mujaz.errors import DataError
from mujaz.models.arabic_words import words
from mujaz.models.recipes import get_recipe
from mujaz.models.sentences import split_sentences
from mujaz.training import article_shards
from mujaz.training.article_shards import Article, ArticleRows, principal, sentences_of, write_article_shards
from mujaz.training.pretrain_texts import Document, Documents
from mujaz.training.scratch import train_unigram
from tests.conftest import write_jsonl

ARTICLE = (
    "افتتحت البلدية أمس حديقة جديدة قرب النهر. ووصل الضيوف مبكرا. وقال رئيس البلدية إن الحديقة الجديدة قرب النهر للأطفال. "
    "والدخول إليها مجاني. وتقع الحديقة قرب الجسر القديم. وأغلق الشارع ساعتين."
)
NEWS = get_recipe("news")


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    return train_unigram([f"{ARTICLE} 0123456789"] * 4, 110, 4)


class Words:
    """Hands our words to rouge_score."""

    tokenize = staticmethod(words)


def by_rouge_score(sentences: list[str]) -> list[float]:
    """ROUGE-1 F1 of each sentence against all the others."""
    scorer = rouge_scorer.RougeScorer(["rouge1"], tokenizer=Words())
    others = [" ".join(sentences[:i] + sentences[i + 1 :]) for i in range(len(sentences))]
    return [scorer.score(rest, one)["rouge1"].fmeasure for one, rest in zip(sentences, others, strict=True)]


def test_the_principal_sentence_is_the_one_that_shares_most_with_the_rest() -> None:
    sentences = [sentence.text for sentence in split_sentences(ARTICLE)]
    assert len(sentences) == 6
    ranks = principal(sentences)
    assert ranks.index(0) == int(np.argmax(by_rouge_score(sentences))) == 2


@given(st.lists(st.lists(st.sampled_from(ARTICLE.split()), max_size=9).map(" ".join), min_size=1, max_size=8))
@settings(max_examples=60)
def test_sentences_are_ranked_as_rouge_score_ranks_them(sentences: list[str]) -> None:
    ranks = principal(sentences)
    assert sorted(ranks) == list(range(len(sentences)))
    scores = by_rouge_score(sentences)
    ordered = [scores[ranks.index(rank)] for rank in range(len(ranks))]
    assert ordered == pytest.approx(sorted(scores, reverse=True))


def _document(*columns: str, held_out: bool = False) -> Document:
    return Document(" ".join(map(NEWS, columns)), held_out, columns)


def _rows(folder: Path, split: str = "train") -> list[Article]:
    rows = ArticleRows(folder, split)
    return [rows[i][1] for i in range(len(rows))]


def test_a_row_is_as_many_whole_sentences_as_fit(tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    sentences = [NEWS(sentence.text) for sentence in split_sentences(ARTICLE)]
    lengths = [len(tokenizer(one, add_special_tokens=False)["input_ids"]) for one in sentences]
    room = sum(lengths[:3]) + lengths[3] - 1  # one token too few for the fourth
    write_article_shards(tmp_path, [_document(ARTICLE)], tokenizer, NEWS, room, "x")
    (row,) = _rows(tmp_path)
    assert row.lengths.tolist() == lengths[:3]
    whole = tokenizer(" ".join(sentences[:3]), add_special_tokens=False)["input_ids"]
    assert row.ids.tolist() == whole  # the tokens that the text has as a whole
    assert row.ranks.tolist() == principal(sentences[:3])


def test_a_first_sentence_longer_than_a_row_is_cut(tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    write_article_shards(tmp_path, [_document(ARTICLE.replace(".", "،"))], tokenizer, NEWS, 12, "x")
    (row,) = _rows(tmp_path)
    assert (len(row.ids), row.lengths.tolist(), row.ranks.tolist()) == (12, [12], [0])


def test_a_title_is_a_sentence_of_its_own_and_a_cut_column_ends_with_a_whole_one() -> None:
    found = sentences_of(_document("حديقة جديدة", ARTICLE), NEWS, 60)
    assert found[0] == "حديقة جديدة"
    assert found[1:] == [NEWS(one.text) for one in split_sentences(ARTICLE)][: len(found) - 1]
    assert 1 < len(found) < 7


def test_a_text_that_spells_a_sentinel_has_none(tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    plain = get_recipe("none")
    document = Document("", False, ("<extra_id_0> حديقة </s> جديدة <mask> قرب النهر <s>",))
    write_article_shards(tmp_path, [document], tokenizer, plain, 40, "x")
    (row,) = _rows(tmp_path)
    assert not set(row.ids.tolist()) & {*tokenizer.all_special_ids}
    assert str(tokenizer.decode(row.ids)).split() == ["حديقة", "جديدة", "قرب", "النهر"]


def test_rows_come_back_from_several_shards(
    tokenizer: PreTrainedTokenizerBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(article_shards, "SHARD_TOKENS", 100)
    chance = np.random.default_rng(0)
    texts = [". ".join(chance.choice(ARTICLE.split(), size=1 + i % 9)) for i in range(40)]
    write_article_shards(tmp_path, [_document(text) for text in texts], tokenizer, NEWS, 400, "x")
    assert len(list(tmp_path.glob("train-*.rows.npy"))) > 3
    kept = [ids for text in texts if len(ids := _whole(tokenizer, text)) >= article_shards.SHORTEST]
    assert 20 < len(kept) < 40
    assert [row.ids.tolist() for row in _rows(tmp_path)] == kept
    assert all(row.lengths.sum() == len(row.ids) and len(row.ranks) == len(row.lengths) for row in _rows(tmp_path))


def _whole(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    ids: list[int] = tokenizer(NEWS(text), add_special_tokens=False)["input_ids"]
    return ids


def test_each_pass_has_another_order_and_batches_alike_in_length(
    tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    lengths = np.random.default_rng(1).integers(2, 9, size=50)
    documents = [_document("حديقة النهر " * n + str(i)) for i, n in enumerate(lengths)]
    write_article_shards(tmp_path, documents, tokenizer, NEWS, 400, "x")
    rows = ArticleRows(tmp_path, "train", 120, seed=3, batch=5)
    assert rows.rows == 50
    read = [rows[i][1].ids.tolist() for i in range(120)]
    assert sorted(read[:50]) == sorted(read[50:100])
    assert read[:50] != read[50:100]
    again = ArticleRows(tmp_path, "train", 120, seed=3, batch=5)
    assert [again[i][1].ids.tolist() for i in (119, 0, 60)] == [read[119], read[0], read[60]]
    batches = [[len(ids) for ids in read[i : i + 5]] for i in range(0, 50, 5)]
    spread = max(map(max, batches)) - min(map(min, batches))
    assert max(max(batch) - min(batch) for batch in batches) <= spread / 3
    assert [sum(batch) for batch in batches] != sorted(sum(batch) for batch in batches)
    assert rows.tokens(60) == sum(len(ids) + 2 for ids in read[:60])


def test_held_out_and_excluded_texts_are_not_in_the_training_rows(
    tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    corpus = write_jsonl(tmp_path / "train.jsonl", [{"text": f"{ARTICLE} {i}"} for i in range(100, 160)])
    test = write_jsonl(tmp_path / "test.jsonl", [{"text": f"{ARTICLE}  {i}"} for i in range(100, 110)])
    documents = Documents(PretrainDataConfig(train=str(corpus), exclude=str(test), held_out=0.3), NEWS)
    write_article_shards(tmp_path / "shards", documents, tokenizer, NEWS, 400, "x")
    numbers = {
        split: {str(tokenizer.decode(row.ids)).split()[-1] for row in _rows(tmp_path / "shards", split)}
        for split in ("train", "held_out")
    }
    assert not numbers["train"] & numbers["held_out"]
    assert numbers["train"] | numbers["held_out"] == {str(i) for i in range(110, 160)}
    assert len(numbers["held_out"]) > 5


def test_documents_too_short_to_learn_from_are_refused(tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least 8 tokens"):
        write_article_shards(tmp_path, [_document("نص")], tokenizer, NEWS, 40, "x")
