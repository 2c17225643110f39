from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rouge_score import rouge_scorer

from mujaz.errors import DataError, UsageError
from mujaz.models.sentences import split_sentences
from mujaz.training.metrics import Rouge
from mujaz.training.metrics.bootstrap import confidence_interval
from mujaz.training.metrics.lcs import lcs_length, lcs_places
from mujaz.training.metrics.scoring import TYPES, pair_scores, score_rouge, signature
from mujaz.training.metrics.tokenization import Tokenizer, tokenizer

SENTENCE = "أعلنت البلدية افتتاح حديقة جديدة للأطفال قرب النهر"
VOCABULARY = "ذهب الولد إلى الى المدرسة المدرسه والمدرسة ١٢ 12 أحمد احمد، في. ثم؟ نعم! WiFi wifi"
TEXTS = st.lists(st.sampled_from([*VOCABULARY.split(), "\n"]), max_size=25).map(" ".join)


class OurTokens:
    """Hands our tokenizer to rouge_score."""

    def __init__(self, split: Tokenizer) -> None:
        self.tokenize = split


def by_rouge_score(prediction: str, reference: str, split: Tokenizer) -> list[float]:
    """F1 by rouge_score, 0-100; it wants the sentences for Lsum a line each."""
    tokens = OurTokens(split)
    whole = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=tokens).score(reference, prediction)
    lines = ["\n".join(sentence.text for sentence in split_sentences(text)) for text in (reference, prediction)]
    summary = rouge_scorer.RougeScorer(["rougeLsum"], tokenizer=tokens).score(*lines)
    return [100 * {**whole, **summary}[name].fmeasure for name in TYPES]


def scores(prediction: str, reference: str, split: Tokenizer) -> NDArray[np.float64]:
    row: NDArray[np.float64] = pair_scores([prediction], [reference], split)[0]
    return row


@pytest.mark.parametrize(
    ("mode", "stem"), [("arabic", False), ("arabic", True), ("xlsum", False), ("whitespace", False)]
)
@given(prediction=TEXTS, reference=TEXTS)
@settings(max_examples=100, deadline=None)
def test_equal_to_rouge_score_with_the_same_tokenizer(mode: str, stem: bool, prediction: str, reference: str) -> None:
    split = tokenizer(mode, stem=stem)
    assert scores(prediction, reference, split) == pytest.approx(by_rouge_score(prediction, reference, split), abs=1e-9)


@pytest.mark.parametrize(
    ("prediction", "reference"),
    [
        ("افتتحت البلدية حديقة للأطفال.\nوقال الرئيس: نحن سعداء!", "البلدية تفتتح حديقة. الرئيس سعيد؛ والأطفال كذلك."),
        ("كلمة", "كلمة واحدة"),
        ("ا ب ا ب ا. ب ا ب", "ب ا. ا ب ا ب ب ا"),
        ("", SENTENCE),
    ],
)
def test_equal_to_rouge_score_on_sentences(prediction: str, reference: str) -> None:
    split = tokenizer("arabic")
    assert scores(prediction, reference, split) == pytest.approx(by_rouge_score(prediction, reference, split), abs=1e-9)


def test_equal_to_rouge_score_on_real_predictions(shared_data: Path) -> None:
    """LEAD-1 of real articles; the documented numbers of the set are 23.6 / 11.5 / 21.4."""
    table = pq.read_table(shared_data / "summary" / "ant" / "test.parquet")
    predictions = [split_sentences(text)[0].text for text in table["text"].to_pylist()]
    references = table["summary"].to_pylist()
    split = tokenizer("arabic")
    ours = pair_scores(predictions, references, split)
    assert ours.mean(axis=0)[:3] == pytest.approx([23.6, 11.5, 21.4], abs=0.1)
    theirs = [by_rouge_score(p, r, split) for p, r in zip(predictions[:100], references[:100], strict=True)]
    assert ours[:100] == pytest.approx(np.array(theirs), abs=1e-9)


@pytest.mark.parametrize("mode", ["arabic", "xlsum", "whitespace"])
def test_identical_arabic_is_100_where_the_usual_tokenizer_says_0(mode: str) -> None:
    usual = rouge_scorer.RougeScorer(["rouge1"]).score(SENTENCE, SENTENCE)["rouge1"].fmeasure
    assert usual == 0.0
    assert Rouge().compute(predictions=[SENTENCE], references=[SENTENCE], mode=mode) == dict.fromkeys(TYPES, 100.0)


def test_unrelated_arabic_is_low_where_the_usual_tokenizer_says_1() -> None:
    one, other = "فاز المنتخب بهدف في الدقيقة 3 من مباراة 2022", "أغلقت 3 مصارف فروعها عام 2022"
    usual = rouge_scorer.RougeScorer(["rouge1"]).score("2022: أغلقت 3 مصارف", "2022 شهد فوز 3 فرق")["rouge1"].fmeasure
    assert usual == 1.0
    assert 0 < Rouge().compute(predictions=[one], references=[other])["rouge1"] < 30


def test_disjoint_is_0() -> None:
    assert Rouge().compute(predictions=["طقس مشمس"], references=[SENTENCE]) == dict.fromkeys(TYPES, 0.0)


def test_letter_variants_digits_and_marks_are_no_difference() -> None:
    found = Rouge().compute(predictions=["أَحْمد إلى المدرســة ٢٠٢٢،"], references=["احمد الى المدرسه 2022"])
    assert found["rouge2"] == 100


def test_stemming_joins_inflected_forms() -> None:
    pair = {"predictions": ["المعلمون والطالبات"], "references": ["معلمين وطالبة"]}
    assert Rouge().compute(**pair)["rouge1"] == 0
    assert Rouge().compute(**pair, stem=True)["rouge1"] == 100


@settings(deadline=None)
@given(st.lists(st.sampled_from("ابجد"), max_size=20), st.lists(st.sampled_from("ابجد"), max_size=20))
def test_longest_common_subsequence(reference: list[str], candidate: list[str]) -> None:
    table = rouge_scorer._lcs_table(reference, candidate)
    assert lcs_length(reference, candidate) == table[-1][-1]
    assert sorted(lcs_places(reference, candidate)) == rouge_scorer._backtrack_norec(table, reference, candidate)


def test_confidence_holds_the_mean_and_is_the_same_every_time() -> None:
    predictions = ["فاز الفريق", "خسر الفريق أمس", "طقس مشمس", "ارتفع السعر"] * 5
    references = ["فاز الفريق أمس", "خسر الفريق", "طقس ممطر", "هبط الذهب"] * 5
    found = Rouge().compute(predictions=predictions, references=references, confidence=True)
    again = Rouge().compute(predictions=predictions, references=references, confidence=True)
    assert found == again
    for name in TYPES:
        low, high = found["confidence"][name]
        assert 0 <= low < found[name] < high <= 100


def test_bootstrap_agrees_with_the_normal_approximation() -> None:
    sample = np.random.default_rng(1).normal(50, 10, size=(400, 1))
    low, high = confidence_interval(sample)
    half = 1.96 * sample.std() / 20
    assert [low[0], high[0]] == pytest.approx([sample.mean() - half, sample.mean() + half], abs=0.2)


def test_confidence_of_one_pair_is_that_pair() -> None:
    found = score_rouge([SENTENCE], [SENTENCE], confidence=True)
    assert found.confidence == dict.fromkeys(TYPES, (100.0, 100.0))


def test_signature() -> None:
    assert signature() == "F1|words:arabic.1|stem:no|Lsum:sentences"
    assert signature(stem=True) == "F1|words:arabic.1|stem:light10|Lsum:sentences"
    assert signature("xlsum", confidence=True) == "F1|words:xlsum.1|stem:no|Lsum:sentences|bootstrap:1000x95%"


def test_added_one_by_one_and_in_batches() -> None:
    metric = Rouge()
    metric.add(prediction="فاز الفريق", reference="فاز الفريق")
    metric.add_batch(predictions=["طقس", ""], references=["سعر", "سعر"])
    assert metric.compute()["rouge1"] == pytest.approx(100 / 3)


def test_wrong_input_is_one_clear_message() -> None:
    with pytest.raises(DataError, match="found 2 predictions and 1 references"):
        Rouge().compute(predictions=["ا", "ب"], references=["ا"])
    with pytest.raises(DataError, match="at least one pair"):
        Rouge().compute(predictions=[], references=[])
    with pytest.raises(DataError, match="nothing to score"):
        Rouge().compute()
    with pytest.raises(DataError, match="prediction 2 of 2 is missing"):
        Rouge().compute(predictions=["ا", None], references=["ا", "ب"])
    with pytest.raises(UsageError, match="did you mean 'arabic'"):
        Rouge().compute(predictions=["ا"], references=["ا"], mode="arabc")
    with pytest.raises(UsageError, match="has no stemmer"):
        Rouge().compute(predictions=["ا"], references=["ا"], mode="whitespace", stem=True)
