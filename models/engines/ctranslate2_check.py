"""Is a converted model the model it was made from? Measured against torch on a few texts, before it is ever used."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import GenerationConfig

from mujaz.models.encoding import Encoding, TextEncoder, padded_batch
from mujaz.models.engines.base import Hypothesis, generation_of
from mujaz.models.engines.ctranslate2_conversion import start_token
from mujaz.models.engines.ctranslate2_engine import CTranslate2Generator
from mujaz.models.engines.torch_engine import TorchGenerator

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Of the generated texts, in nats a token. An honest int8 conversion of the embedded model stays below 0.1; logits scaled
# wrongly by d_model ** -0.5 are off by more than 1.
TOLERANCES = {"int8": 0.3, "float32": 0.01}
LONGEST = 24  # tokens a text
# Of the probability of the next token, at most this share on pieces that can no longer be written, on average.
MOST_OUTSIDE = 0.01

PROBES = (
    "أعلنت وزارة الصحة صباح اليوم افتتاح ثلاثة مراكز جديدة للتطعيم في شمال المدينة، وقالت إن العمل فيها يبدأ يوم الأحد "
    "المقبل. وأضافت الوزارة أن المراكز تستقبل 1500 شخص كل يوم، وأن الحجز يتم عبر الهاتف.",
    "فاز الفريق الأزرق على ضيفه بهدفين مقابل هدف واحد في المباراة التي أقيمت مساء أمس على ملعب النهر. وسجل قائد الفريق "
    "هدف الفوز في الدقيقة الأخيرة، ليرتفع رصيد فريقه إلى 27 نقطة في المركز الثاني.",
    "ارتفعت أسعار القمح في الأسواق العالمية خلال الأسبوع الماضي بنسبة 4 في المئة بسبب الجفاف في عدد من البلدان المنتجة. "
    "ويرى خبراء أن الأسعار قد تعود إلى مستواها السابق مع بداية موسم الحصاد.",
)


@dataclass(frozen=True, slots=True)
class ConversionCheck:
    """How far a converted model is from torch in float32.

    Attributes:
        difference: Mean absolute difference of the log-probabilities of the tokens that torch generates.
        loss: By how much, in log-probability a token under torch, the converted model's texts are worse than torch's own:
            the larger of greedy decoding and beam search. Negative where they are better.
        same: Share of the texts that are word for word torch's own.
        tolerance: What difference and loss must not exceed.
    """

    difference: float
    loss: float
    same: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the converted model may be used; NaN does not pass."""
        return self.difference <= self.tolerance and self.loss <= self.tolerance

    def __str__(self) -> str:
        """The numbers, for a message."""
        return (
            f"log-probabilities off by {self.difference:.3f}, texts worse by {self.loss:.3f} a token "
            f"({self.tolerance} allowed)"
        )


@dataclass(frozen=True, slots=True)
class VocabularyCheck:
    """What a converted model loses where it writes with Arabic pieces alone.

    Attributes:
        pieces: How many they are.
        outside: Share of the probability that torch gives to other pieces, the mean over the tokens of its own texts.
        loss: By how much the texts are worse under torch, as :class:`ConversionCheck` has it.
        same: Share of the texts that are those of the converted model with all pieces.
        tolerance: What ``loss`` must not exceed.
    """

    pieces: int
    outside: float
    loss: float
    same: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether these pieces are enough; NaN does not pass."""
        return self.outside <= MOST_OUTSIDE and self.loss <= self.tolerance


@dataclass(frozen=True)
class Reference:
    """What torch makes of the probes.

    Attributes:
        model: In torch, float32.
        batch: The probes as it reads them.
        runs: Settings, greedy and with beams, and the text of each probe under them.
    """

    model: PreTrainedModel
    batch: list[Encoding]
    runs: list[tuple[GenerationConfig, list[list[int]]]]


@torch.inference_mode()
def reference_of(model: PreTrainedModel, encoder: TextEncoder, settings: GenerationConfig) -> Reference:
    """Have torch write.

    Args:
        model: In torch, float32.
        encoder: The checkpoint's.
        settings: The checkpoint's, complete.
    """
    batch = encoder(list(PROBES))
    plain = TorchGenerator(model, encoder.tokenizer)
    wanted = [_short(settings, beams) for beams in sorted({1, settings.num_beams or 1})]
    model.generation_config = wanted[-1]  # generate takes from there what is None, and so not forbidden
    return Reference(model, batch, [(one, _texts(plain.generate(batch, one), model)) for one in wanted])


@torch.inference_mode()
def check_conversion(reference: Reference, converted: CTranslate2Generator) -> ConversionCheck:
    """Compare scores and outputs of greedy decoding and beam search on the probes, with all pieces."""
    model, batch = reference.model, reference.batch
    differences: list[float] = []
    losses, same = [], []
    for wanted, ours in reference.runs:
        theirs = _texts(converted.generate(batch, wanted, arabic=False), model)
        expected = _log_probabilities(model, batch, ours)
        found = converted.log_probabilities(batch, [_without_end(ids, model) for ids in ours])
        differences += [abs(a - b) for r, f in zip(expected, found, strict=True) for a, b in zip(r, f, strict=False)]
        losses.append(_mean(expected) - _mean(_log_probabilities(model, batch, theirs)))
        same += [a == b for a, b in zip(ours, theirs, strict=True)]
    return ConversionCheck(
        difference=float(np.mean(differences)) if differences else float("nan"),
        loss=float(np.max(losses)),
        same=float(np.mean(same)),
        tolerance=TOLERANCES[converted.compute_type],
    )


@torch.inference_mode()
def check_vocabulary(reference: Reference, converted: CTranslate2Generator, pieces: Collection[int]) -> VocabularyCheck:
    """Measure what is lost where the probes are summarized with these pieces alone, which ``converted`` keeps to.

    Probes with other pieces among their tokens would say nothing of it: then nothing passes.
    """
    model, batch = reference.model, reference.batch
    losses, same, outside = [], [], []
    for wanted, ours in reference.runs:
        whole = _texts(converted.generate(batch, wanted, arabic=False), model)
        theirs = _texts(converted.generate(batch, wanted), model)
        expected = _log_probabilities(model, batch, ours)
        losses.append(_mean(expected) - _mean(_log_probabilities(model, batch, theirs)))
        same += [a == b for a, b in zip(whole, theirs, strict=True)]
        outside += [1 - kept for kept in _kept(model, batch, ours, pieces)]
    vacuous = not all(map(converted.keeps_to_arabic, batch))
    return VocabularyCheck(
        pieces=len(pieces),
        outside=float("nan") if vacuous else float(np.mean(outside)),
        loss=float(np.max(losses)),
        same=float(np.mean(same)),
        tolerance=TOLERANCES[converted.compute_type],
    )


def _short(settings: GenerationConfig, beams: int) -> GenerationConfig:
    """Nothing forbidden: CTranslate2 counts that otherwise, as its engine says, and it is not what is checked."""
    values = {**settings.to_dict(), "num_beams": beams, "num_return_sequences": 1, "no_repeat_ngram_size": 0}
    values |= dict.fromkeys(("min_new_tokens", "min_length", "suppress_tokens", "bad_words_ids", "repetition_penalty"))
    values["max_new_tokens"] = min(LONGEST, settings.max_new_tokens or LONGEST)
    return generation_of(values)


def _texts(hypotheses: Sequence[Sequence[Hypothesis]], model: PreTrainedModel) -> list[list[int]]:
    """The best of each, without padding and start."""
    start = start_token(model)
    best = [list(each[0].ids) for each in hypotheses]
    return [[i for i in ids[int(ids[:1] == [start]) :] if i != model.config.pad_token_id] for ids in best]


def _without_end(ids: list[int], model: PreTrainedModel) -> list[int]:
    return ids[:-1] if ids and ids[-1] == model.config.eos_token_id else ids


def _log_probabilities(
    model: PreTrainedModel, batch: Sequence[Encoding], texts: Sequence[Sequence[int]]
) -> list[list[float]]:
    """Teacher-forced log-probability of each token of each text."""
    rows = []
    for ids, logits in zip(texts, _forced(model, batch, texts), strict=True):
        rows.append(logits[torch.arange(len(ids)), torch.tensor(list(ids))].tolist() if ids else [0.0])
    return rows


def _kept(
    model: PreTrainedModel, batch: Sequence[Encoding], texts: Sequence[Sequence[int]], pieces: Collection[int]
) -> Iterator[float]:
    """Probability of these pieces together, at each token of each text."""
    index = torch.tensor(sorted(pieces))
    for logits in _forced(model, batch, texts):
        yield from logits[:, index].exp().sum(-1).tolist()


def _forced(
    model: PreTrainedModel, batch: Sequence[Encoding], texts: Sequence[Sequence[int]]
) -> Iterator[torch.Tensor]:
    """Log-probabilities where each text is given token by token, of shape (tokens, vocabulary)."""
    run: Any = model
    for encoding, ids in zip(batch, texts, strict=True):
        inputs = padded_batch([encoding], model.config.pad_token_id, token_types=False)
        decoded = torch.tensor([[start_token(model), *ids[:-1]]])
        yield run(**inputs, decoder_input_ids=decoded).logits[0, : len(ids)].log_softmax(-1)


def _mean(rows: Sequence[Sequence[float]]) -> float:
    """Mean over texts of the mean over tokens: beams choose by the latter."""
    return float(np.mean([np.mean(row) for row in rows]))
