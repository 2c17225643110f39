from __future__ import annotations

import pytest
import sacrebleu

from mujaz.training.metrics import Bleu, Chrf

PREDICTIONS = ["افتتحت البلدية حديقة للأطفال، قرب النهر", "هل ارتفع سعر الذهب اليوم؟"]
REFERENCES = ["افتتحت البلدية أمس حديقة للأطفال قرب النهر الكبير", "ارتفع سعر الذهب اليوم"]


def test_without_unified_letters_the_scores_are_those_of_sacrebleu() -> None:
    bleu = Bleu().compute(predictions=PREDICTIONS, references=REFERENCES, unify=False)
    assert bleu["bleu"] == sacrebleu.corpus_bleu(PREDICTIONS, [REFERENCES], tokenize="intl").score
    for order in (0, 2):
        chrf = Chrf().compute(predictions=PREDICTIONS, references=REFERENCES, unify=False, word_order=order)
        assert chrf["chrf"] == sacrebleu.corpus_chrf(PREDICTIONS, [REFERENCES], word_order=order).score


def test_arabic_punctuation_is_cut_off_its_word() -> None:
    usual = sacrebleu.corpus_bleu(PREDICTIONS, [REFERENCES]).score
    assert Bleu().compute(predictions=PREDICTIONS, references=REFERENCES, unify=False)["bleu"] > usual


@pytest.mark.parametrize(("metric", "name"), [(Bleu, "bleu"), (Chrf, "chrf")])
def test_variants_of_letters_are_no_difference(metric: type[Bleu] | type[Chrf], name: str) -> None:
    pair = {"predictions": ["أَحمد إلى المدرســة في ٢٠٢٢"], "references": ["احمد الى المدرسه في 2022"]}
    assert metric().compute(**pair)[name] == pytest.approx(100)
    assert metric().compute(**pair, unify=False)[name] < 80


@pytest.mark.parametrize("text", ["خبر", "خبر عاجل", "ارتفع سعر الذهب اليوم؟"])
def test_identical_arabic_is_100_however_short(text: str) -> None:
    assert Bleu().compute(predictions=[text], references=[text])["bleu"] == pytest.approx(100)
    assert Chrf().compute(predictions=[text], references=[text])["chrf"] == pytest.approx(100)


def test_signatures_say_how() -> None:
    pair = {"predictions": PREDICTIONS, "references": REFERENCES}
    assert "tok:intl" in Bleu().compute(**pair)["signature"]
    assert Bleu().compute(**pair)["signature"].endswith("|letters:mujaz.1")
    assert "nw:2" in Chrf().compute(**pair, word_order=2)["signature"]
    assert Chrf().compute(**pair, unify=False)["signature"].endswith("|letters:as-is")
