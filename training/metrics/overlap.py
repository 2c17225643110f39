"""BLEU and chrF by sacrebleu, over texts whose letters are unified first.

sacrebleu's default tokenizer of BLEU ("13a") knows no Arabic punctuation: ``؟`` and ``،`` stick to the word before them. Its
tokenizer "intl" cuts off all Unicode punctuation and symbols, so that one is used here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import datasets
import evaluate
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from mujaz.models.arabic_words import WORDS_VERSION, normalize
from mujaz.training.metrics.offline import OfflineMetric

TEXTS = datasets.Features({"predictions": datasets.Value("string"), "references": datasets.Value("string")})


class Bleu(OfflineMetric):
    """BLEU of a whole set of texts (not a mean over texts), 0-100.

    Example::

        Bleu().compute(predictions=["فاز الفريق بالكأس أمس"], references=["فاز الفريق بالكأس مساء أمس"])
    """

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description="BLEU by sacrebleu, tokenizer intl.",
            citation="Matt Post. 2018. A Call for Clarity in Reporting BLEU Scores.",
            features=TEXTS,
        )

    def _compute(self, predictions: Sequence[str], references: Sequence[str], unify: bool = True) -> dict[str, Any]:
        """The score, and sacrebleu's signature of how it was made.

        Args:
            predictions: Texts.
            references: One a prediction.
            unify: Unify letters and digits and drop marks first, see `mujaz.models.arabic_words`. Without it the score is
                sacrebleu's own with ``tokenize="intl"`` and ``effective_order``.
        """
        metric = BLEU(tokenize="intl", effective_order=True)  # else 0 where no text has four words
        score = metric.corpus_score(*_prepared(predictions, references, unify)).score
        return {"bleu": float(score), "signature": _signature(metric, unify)}


class Chrf(OfflineMetric):
    """chrF (character n-grams up to 6) of a whole set of texts, 0-100; chrF++ with ``word_order=2``.

    Example::

        Chrf().compute(predictions=["فاز الفريق بالكأس أمس"], references=["فاز الفريق بالكأس مساء أمس"])
    """

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description="chrF and chrF++ by sacrebleu.",
            citation="Maja Popović. 2015. chrF: character n-gram F-score for automatic MT evaluation.",
            features=TEXTS,
        )

    def _compute(
        self, predictions: Sequence[str], references: Sequence[str], word_order: int = 0, unify: bool = True
    ) -> dict[str, Any]:
        """The score, and sacrebleu's signature of how it was made.

        Args:
            predictions: Texts.
            references: One a prediction.
            word_order: Also count n-grams of words up to this length.
            unify: As in :class:`Bleu`.
        """
        metric = CHRF(word_order=word_order)
        score = metric.corpus_score(*_prepared(predictions, references, unify)).score
        return {"chrf": float(score), "signature": _signature(metric, unify)}


def _prepared(predictions: Sequence[str], references: Sequence[str], unify: bool) -> tuple[list[str], list[list[str]]]:
    prepare = normalize if unify else str
    return [prepare(text) for text in predictions], [[prepare(text) for text in references]]


def _signature(metric: BLEU | CHRF, unify: bool) -> str:
    return f"{metric.get_signature()}|letters:{f'mujaz.{WORDS_VERSION}' if unify else 'as-is'}"
