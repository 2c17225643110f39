"""What an encoder learns from articles and their summaries: which words a summary takes, where it starts and ends.

Gehrmann, Deng and Rush (2018, "Bottom-Up Abstractive Summarization", section 4.1) teach a content selector which words of an
article its summary has. Here it learns besides where the stretch starts and ends that shares most with the summary, so that
what it chooses can stand alone; and either of short texts by themselves whether they are whole (`mujaz.training.wholes`),
or of stretches that somebody judged whether they can stand (`mujaz.training.judging`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import datasets
import numpy as np
from numpy.typing import NDArray
from transformers import EvalPrediction

from mujaz.configs.optimization_schema import TrainingConfig
from mujaz.configs.schema import StretchConfig
from mujaz.errors import UsageError
from mujaz.models.articles import clean_article
from mujaz.models.checkpoint import store_info
from mujaz.models.clauses import Boundaries
from mujaz.models.encoding import TextEncoder
from mujaz.models.selection_info import SelectionInfo
from mujaz.models.standing import OUTPUTS as STANDING
from mujaz.models.stretches import WordScores, best_stretches
from mujaz.models.summarizer import Summarizer
from mujaz.models.word_reading import ReadArticle, WordReader
from mujaz.training.arguments import SELECTION_F1, SELECTION_MEAN, STANDS_ACCURACY, WHOLE_ACCURACY
from mujaz.training.data import Example
from mujaz.training.encoded import IGNORED
from mujaz.training.judged import Judged
from mujaz.training.judging import judged_labels, rightly_judged, without_judged, word_key
from mujaz.training.wholes import wholes

OUTPUTS = ("keep", "start", "end", "whole")  # of the model, for each word
IN_ARTICLES = OUTPUTS[:3]  # the last one is for the last word of a text by itself
LEAST_SHARED = 0.3  # F1 of a stretch with its summary; below it, it says nothing of where a summary starts
SHORTEST, LONGEST = 5, 24  # words of such a stretch
LONGER = 1.5  # than nine in ten summaries
UNSURE = 0.02  # share of dev articles
FEWEST = 50  # of which it can be told
_CHUNK = 500  # articles read at once


def outputs(settings: TrainingConfig) -> tuple[str, ...]:
    """The outputs of a model that is taught what ``training.whole_texts`` or ``training.judged`` says."""
    if settings.judged:
        return IN_ARTICLES + STANDING
    return OUTPUTS if settings.whole_texts else IN_ARTICLES


def encode_selection(
    examples: Sequence[Example], encoder: TextEncoder, *, whole_texts: bool = False
) -> datasets.Dataset:
    """Columns input_ids, token_type_ids, truncated, length, label: an array (tokens, outputs) of 0, 1 or IGNORED.

    All but the first token of a word are ignored. A row an article, with the first three of :data:`OUTPUTS`, and below its
    tokens those stretches of which is known whether they can stand (`mujaz.training.judging`); behind the articles, where
    they are wanted, the texts by themselves (`mujaz.training.wholes`): their last word has the fourth alone.
    """
    width = len(OUTPUTS if whole_texts else IN_ARTICLES)
    reader = WordReader(encoder)
    columns: dict[str, list[object]] = {
        name: [] for name in ("input_ids", "token_type_ids", "truncated", "length", "label")
    }
    alone: list[tuple[str, bool]] = []

    def add(
        article: ReadArticle, labels: NDArray[np.int8], places: NDArray[np.int64], which: slice, judged: Judged = ()
    ) -> None:
        tokens = len(article.encoding.input_ids)
        label = np.full((tokens, width), IGNORED, dtype=np.int16)
        label[places, which] = labels
        if judged:
            label = np.concatenate([label, judged_labels(article, judged)])
        columns["input_ids"].append(article.encoding.input_ids)
        columns["token_type_ids"].append(article.encoding.token_type_ids)
        columns["truncated"].append(article.encoding.truncated)
        columns["length"].append(tokens)
        columns["label"].append(label)

    for at in range(0, len(examples), _CHUNK):
        chunk = examples[at : at + _CHUNK]
        texts = [clean_article(e.text) if encoder.clean_article else e.text for e in chunk]
        for example, article in zip(chunk, reader(texts), strict=True):
            labels = word_labels(article.words(), example.summary or "")
            add(article, labels, article.places, slice(len(IN_ARTICLES)), example.judged)
            alone += wholes(example, article) if whole_texts else ()
    for at in range(0, len(alone), _CHUNK):
        chunk_alone = alone[at : at + _CHUNK]
        for text, (_, whole) in zip(reader([text for text, _ in chunk_alone]), chunk_alone, strict=True):
            if len(text.places) and not text.encoding.truncated:
                add(text, np.array([[whole]], dtype=np.int8), text.places[-1:], slice(len(IN_ARTICLES), None))
    return datasets.Dataset.from_dict(columns)


def word_labels(article: Sequence[str], summary: str) -> NDArray[np.int8]:
    """For each word of an article whether its summary has it, starts with it, ends with it; shape (words, 3).

    Start and end are those of the stretch that shares most with the summary, wherever it stands: with what boundaries cost
    counted in, what was learnt was worse (benchmarks/LOG.md). IGNORED where no stretch shares enough.

    Args:
        article: Its words, as they stand in it.
        summary: Its summary.
    """
    keys = [word_key(word) for word in article]
    wanted = [key for key in map(word_key, summary.split()) if key]
    labels = np.full((len(keys), len(IN_ARTICLES)), IGNORED, dtype=np.int8)
    known = set(wanted)
    labels[:, 0] = [key in known for key in keys]
    best = _most_alike(keys, wanted)
    if best is not None:
        labels[:, 1:] = 0
        labels[best[0], 1] = labels[best[1] - 1, 2] = 1
    return labels


def _most_alike(keys: Sequence[str], wanted: Sequence[str]) -> tuple[int, int] | None:
    """Start and end of the stretch with the highest F1 of words, half a point more for each pair of neighbours in common."""
    counts = Counter(wanted)
    if not counts or len(keys) < SHORTEST:
        return None
    columns = {key: column for column, key in enumerate(counts)}
    stands = np.zeros((len(keys) + 1, len(columns)))
    for place, key in enumerate(keys):
        if key in columns:
            stands[place + 1, columns[key]] = 1
    stands = stands.cumsum(axis=0)  # how often each word of the summary stands before a place
    pairs = set(pairwise(wanted))
    joined = np.concatenate([[0, 0], np.cumsum([pair in pairs for pair in pairwise(keys)])])
    most = np.array(list(counts.values()))
    best, found = LEAST_SHARED, None
    for length in range(SHORTEST, min(LONGEST, len(keys)) + 1):
        common = np.minimum(stands[length:] - stands[:-length], most).sum(axis=1)
        neighbours = joined[length:] - joined[1 : len(joined) - length + 1]
        f1 = 2 * (common + neighbours / 2) / (length + len(wanted))
        start = int(f1.argmax())
        if f1[start] > best:
            best, found = float(f1[start]), (start, start + length)
    return found


def selection_info(examples: Sequence[Example], stretch: StretchConfig | None = None) -> SelectionInfo:
    """What is to be chosen: what a config says, else as long as most summaries of training rows are.

    It may be longer than these, for it leaves less out.

    Raises:
        UsageError: the config says one end of the range, and it is beyond the other, which the rows say.
    """
    low, middle, high = np.quantile([len((e.summary or "").split()) for e in examples], [0.05, 0.5, 0.9])
    found = {"words": max(1.0, middle), "shortest": max(1, round(low)), "longest": max(1, round(LONGER * high))}
    info = SelectionInfo(**found | (stretch.model_dump(exclude_none=True) if stretch else {}))
    if info.shortest > info.longest:
        raise UsageError(
            f"model.stretch: found at least {info.shortest} and at most {info.longest} words, one of which the training "
            "summaries say. Give both, shortest and longest."
        )
    return info


def selection_metrics(info: SelectionInfo) -> Callable[[EvalPrediction], dict[str, float]]:
    """Scores on dev rows, 0 to 1: F1 of the words of the stretch chosen and of a summary of usual length.

    Beside it how many texts by themselves are rightly called whole or cut, or how many of the stretches that were judged are
    rightly told to stand or not.
    """

    def one(logits: NDArray[np.float32], labels: NDArray[np.int8]) -> float:
        known = labels[:, 0] != IGNORED
        there = int(known.sum())
        one_sentence = np.zeros(there, dtype=np.int64)  # nothing is known here of sentences and clauses
        chosen = best_stretches(WordScores.of(logits[known]), one_sentence, Boundaries.free(there), info.wanted())
        if not chosen:
            return 0.0
        kept = labels[known, 0][chosen[0].start : chosen[0].end]
        return float(2 * kept.sum() / (len(kept) + info.words))

    def compute(output: EvalPrediction) -> dict[str, float]:
        scores, right, judged = [], [], []
        for logits, both in zip(np.asarray(output.predictions), np.asarray(output.label_ids), strict=True):
            judged += rightly_judged(logits, both)
            labels = without_judged(both)[: len(logits)]
            places = np.argwhere(labels[:, len(IN_ARTICLES) :] != IGNORED)[:, 0]
            if len(places):  # a text by itself has one
                right.append((logits[places[0], -1] > 0) == labels[places[0], -1])
            else:
                scores.append(one(logits, labels))
        f1 = float(np.mean(scores))
        if not (right or judged):
            return {SELECTION_F1: f1, SELECTION_MEAN: f1}
        besides = float(np.mean(right or judged))
        return {
            SELECTION_F1: f1,
            WHOLE_ACCURACY if right else STANDS_ACCURACY: besides,
            SELECTION_MEAN: (f1 + besides) / 2,
        }

    return compute


def find_least(model: Summarizer, folder: Path, dev: Sequence[Example]) -> float | None:
    """What the best stretch is worth, or the best summary scores, in all but :data:`UNSURE` of the dev articles.

    It is kept in ``mujaz.json``, and where the best is worth less the article's beginning is given from now on.

    Args:
        model: As a user loads it; it knows of this from now on.
        folder: Its checkpoint.
        dev: Articles. None is kept where they are fewer than :data:`FEWEST`.

    Raises:
        OutputError: ``mujaz.json`` cannot be written.
    """
    model.know_least(None)
    scores = [one.score for one in model.summarize([e.text for e in dev]) if one.score is not None]
    if len(scores) < FEWEST:
        return None
    least = math.floor(float(np.quantile(scores, UNSURE)) * 10_000) / 10_000  # not up: equal ones are not less
    model.know_least(least)
    store_info(folder, model.info)
    return least


def least_line(least: float | None, rows: int) -> str:
    """For people."""
    if least is None:
        return f"it will never be unsure: {rows} dev rows are too few to tell from, {FEWEST} at least"
    return f"unsure where the best that it finds is worth less than {least:.3f}, as in {UNSURE:.0%} of the dev articles"
