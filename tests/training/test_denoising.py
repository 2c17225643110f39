"""What is missing: input and target together are the text, the right sentences and shares, the same again by the seed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from mujaz.configs.pretrain_schema import DenoisingConfig
from mujaz.configs.schema import ScratchConfig
from mujaz.models.sentences import split_sentences
from mujaz.training.article_shards import Article, principal
from mujaz.training.denoising import Denoise, draw_spans, sentinels_needed, spans_of
from mujaz.training.scratch import new_seq2seq, train_unigram
from tests.training.test_article_shards import ARTICLE, by_rouge_score

SPANS = DenoisingConfig(gap_share=0)
GAPS = DenoisingConfig(gap_share=1)


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    return train_unigram([ARTICLE] * 4, 110, sentinels_needed(200, SPANS))


@pytest.fixture(scope="module")
def article(tokenizer: PreTrainedTokenizerBase) -> Article:
    sentences = [sentence.text for sentence in split_sentences(ARTICLE)]
    ids = [tokenizer(one, add_special_tokens=False)["input_ids"] for one in sentences]
    lengths = np.array([len(one) for one in ids])
    return Article(np.array([i for one in ids for i in one]), lengths, np.array(principal(sentences)))


def _filled(source: list[str], target: list[str]) -> list[str]:
    """The text out of input and target, read as a person would read them."""
    spans: dict[str, list[str]] = {}
    for piece in target:
        if piece.startswith("<extra_id_"):
            spans[piece] = []
            last = piece
        else:
            spans[last].append(piece)
    assert list(spans) == [f"<extra_id_{i}>" for i in range(len(spans))]  # in order, from 0
    assert [piece for piece in source if piece.startswith("<extra_id_")] == list(spans)
    return [part for piece in source for part in spans.get(piece, [piece])]


def _pieces(tokenizer: PreTrainedTokenizerBase, ids: list[int]) -> list[str]:
    pieces = list(tokenizer.convert_ids_to_tokens(ids))
    assert (pieces[0], pieces[-1]) == ("<s>", "</s>")
    return pieces[1:-1]


def test_spans_and_what_is_left_are_the_text(tokenizer: PreTrainedTokenizerBase, article: Article) -> None:
    text = tokenizer.convert_ids_to_tokens(article.ids.tolist())
    seen = set()
    for index in range(50):
        source, target = (_pieces(tokenizer, ids) for ids in Denoise(tokenizer, SPANS, 7).pair(index, article))
        assert _filled(source, target) == text
        seen.add(tuple(target))
    assert len(seen) > 45  # drawn anew


@given(st.integers(2, 600), st.floats(0.01, 0.9), st.floats(1, 8), st.integers(0, 9))
@settings(max_examples=200)
def test_spans_are_apart_and_take_out_their_share(tokens: int, noise: float, mean_span: float, seed: int) -> None:
    config = DenoisingConfig(noise=noise, mean_span=mean_span)
    spans = draw_spans(tokens, config, np.random.default_rng(seed))
    assert all(end > begin for begin, end in spans)
    assert all(after[0] > before[1] for before, after in pairwise(spans))
    assert spans[0][0] >= 0
    assert spans[-1][1] <= tokens
    out = sum(end - begin for begin, end in spans)
    assert out == spans_of(tokens, config)[0] == min(max(round(tokens * noise), 1), tokens - 1)
    assert len(spans) <= sentinels_needed(tokens, config)


def test_spans_are_as_long_as_asked_for_and_stand_anywhere() -> None:
    config = DenoisingConfig(noise=0.15, mean_span=3)
    rows = [draw_spans(200, config, np.random.default_rng(seed)) for seed in range(400)]
    lengths = [end - begin for row in rows for begin, end in row]
    assert np.mean(lengths) == pytest.approx(3, abs=0.05)
    assert np.std(lengths) > 1
    taken = np.zeros(200)
    for row in rows:
        for begin, end in row:
            taken[begin:end] += 1 / len(rows)
    assert taken[[0, -1]].min() > 0.03
    assert np.abs(taken.reshape(10, 20).mean(axis=1) - 0.15).max() < 0.03


def test_gaps_are_the_principal_sentences_in_order(tokenizer: PreTrainedTokenizerBase, article: Article) -> None:
    sentences = [sentence.text for sentence in split_sentences(ARTICLE)]
    best = sorted(np.argsort(by_rouge_score(sentences))[-2:])  # 30 % of 6
    source, target = (_pieces(tokenizer, ids) for ids in Denoise(tokenizer, GAPS, 0).pair(0, article))
    assert tokenizer.convert_tokens_to_string(target) == " ".join(sentences[i] for i in best)
    left = ["<mask>" if i in best else sentence for i, sentence in enumerate(sentences)]
    assert "".join(source) == "".join(
        part if part == "<mask>" else "".join(tokenizer.tokenize(part, add_special_tokens=False)) for part in left
    )


@pytest.mark.parametrize(("sentences", "share", "missing"), [(2, 0.1, 1), (2, 0.9, 1), (10, 0.3, 3), (5, 0.99, 4)])
def test_at_least_one_sentence_is_missing_and_never_all(
    tokenizer: PreTrainedTokenizerBase, sentences: int, share: float, missing: int
) -> None:
    lengths = np.full(sentences, 2)
    row = Article(np.arange(2 * sentences) + 60, lengths, np.arange(sentences))
    config = DenoisingConfig(gap_share=1, sentences=share)
    source, target = (_pieces(tokenizer, ids) for ids in Denoise(tokenizer, config, 0).pair(0, row))
    assert source.count("<mask>") == missing
    assert len(target) == 2 * missing


def test_kept_sentences_stay_in_the_input_and_are_written_too(
    tokenizer: PreTrainedTokenizerBase, article: Article
) -> None:
    plain = Denoise(tokenizer, GAPS, 0).pair(0, article)
    collate = Denoise(tokenizer, DenoisingConfig(gap_share=1, kept=0.2), 0)
    pairs = [collate.pair(index, article) for index in range(300)]
    assert {tuple(target) for _, target in pairs} == {tuple(plain[1])}
    masks = [source.count(int(tokenizer.mask_token_id or 0)) for source, _ in pairs]
    assert np.mean(masks) == pytest.approx(2 * 0.8, abs=0.1)
    whole = next(source for (source, _), count in zip(pairs, masks, strict=True) if count == 0)
    assert whole[1:-1] == article.ids.tolist()


def test_a_single_sentence_has_spans(tokenizer: PreTrainedTokenizerBase, article: Article) -> None:
    one = Article(article.ids, np.array([len(article.ids)]), np.array([0]))
    source, _ = Denoise(tokenizer, GAPS, 0).pair(0, one)
    assert tokenizer.convert_tokens_to_ids("<extra_id_0>") in source


def test_the_mix_has_its_share_and_depends_on_seed_and_index_alone(
    tokenizer: PreTrainedTokenizerBase, article: Article
) -> None:
    collate = Denoise(tokenizer, DenoisingConfig(gap_share=0.25), 7)
    pairs = [collate.pair(index, article) for index in range(400)]
    by_sentences = [tokenizer.mask_token_id in source for source, _ in pairs]
    assert np.mean(by_sentences) == pytest.approx(0.25, abs=0.07)
    alone = [collate([(index, article)])["labels"][0].tolist() for index in (5, 6)]
    together = collate([(4, article), (5, article), (6, article)])["labels"].tolist()
    assert [row[: len(ids)] for row, ids in zip(together[1:], alone, strict=True)] == alone
    assert [Denoise(tokenizer, collate.config, 8).pair(i, article) for i in range(9)] != pairs[:9]


def test_a_batch_is_what_the_model_makes_of_its_labels(tokenizer: PreTrainedTokenizerBase, article: Article) -> None:
    short = Article(article.ids[:9], np.array([9]), np.array([0]))
    batch = Denoise(tokenizer, SPANS, 7)([(0, article), (1, short)])
    shape = ScratchConfig(hidden_size=16, layers=1, heads=2, intermediate_size=16)
    model = new_seq2seq(shape, tokenizer, 0)
    shifted = model.prepare_decoder_input_ids_from_labels(labels=batch["labels"])  # type: ignore[operator]
    assert torch.equal(batch["decoder_input_ids"], shifted)
    assert (batch["labels"][1] == -100).any()
    assert batch["attention_mask"].sum(dim=1).tolist() == (batch["input_ids"] != tokenizer.pad_token_id).sum(1).tolist()
