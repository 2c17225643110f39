"""What is missing to write: spans of tokens as in T5, or the principal sentences of an article as in PEGASUS.

A row is read in one of two ways, drawn anew each time:

* **Spans** (Raffel et al. 2020, section 3.3.4): a share of the tokens is taken out in spans of some tokens each. In the
  input ``<extra_id_0>``, ``<extra_id_1>`` and so on stand in their places, in the target each before its span. Unlike
  in T5's own code, a row does not always begin with what is kept and end with what is not.
* **Gap sentences** (Zhang et al. 2020, section 3.1): the principal sentences are taken out. In the input ``<mask>`` stands
  in the place of each; the target is the sentences themselves, in order and with nothing between them, like a summary.
  Some of them may stay in the input, to be copied.

Input and target begin with ``<s>`` and end with ``</s>``, as articles and summaries of a fine-tuning do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from mujaz.configs.pretrain_schema import DenoisingConfig
from mujaz.models.encoding import Encoding, padded_batch
from mujaz.models.raw_checkpoints import sentinels
from mujaz.training.article_shards import Article
from mujaz.training.encoded import IGNORED


def spans_of(tokens: int, config: DenoisingConfig) -> tuple[int, int]:
    """How many tokens of a row are taken out, and in how many spans: at least one, and never all.

    Args:
        tokens: Of the row, at least 2.
        config: What share, and how long a span is on average.
    """
    noise = min(max(round(tokens * config.noise), 1), tokens - 1)
    return noise, min(max(round(noise / config.mean_span), 1), noise, tokens - noise + 1)


def sentinels_needed(tokens: int, config: DenoisingConfig) -> int:
    """The most spans that a row of so many tokens, or of fewer, has."""
    return max(spans_of(length, config)[1] for length in range(2, tokens + 1))


def draw_spans(tokens: int, config: DenoisingConfig, chance: np.random.Generator) -> list[tuple[int, int]]:
    """Where spans begin and end, in order; between two there is at least one token.

    Every division of the tokens into spans, and of the others into what stands around them, is equally likely.
    """
    noise, count = spans_of(tokens, config)
    spans = _parts(noise, count, chance)
    around = _parts(tokens - noise + 2, count + 1, chance)
    around[[0, -1]] -= 1  # a row may begin and end with a span
    ends = np.cumsum(spans + around[:-1])
    return [(int(end - span), int(end)) for end, span in zip(ends, spans, strict=True)]


def _parts(whole: int, count: int, chance: np.random.Generator) -> NDArray[np.int64]:
    """A whole number as a sum of ``count`` numbers of at least 1."""
    cuts = np.sort(chance.choice(whole - 1, size=count - 1, replace=False)) + 1
    return np.diff(np.concatenate([[0], cuts, [whole]])).astype(np.int64)


@dataclass(frozen=True)
class Denoise:
    """A collator: rows to inputs with something missing, and what is missing as labels.

    What is taken out of a row depends on the seed and on the index that it is read at, not on the rows beside it.

    Attributes:
        tokenizer: With sentinels and ``<mask>``, of :func:`~mujaz.training.scratch.train_unigram`.
        config: How much is taken out.
        seed: Same seed and same index, same gaps.
    """

    tokenizer: PreTrainedTokenizerBase
    config: DenoisingConfig
    seed: int

    def __call__(self, rows: Sequence[tuple[int, Article]]) -> dict[str, torch.Tensor]:
        """input_ids, attention_mask (rows, longest input); labels, decoder_input_ids (rows, longest target)."""
        pairs = [self.pair(index, article) for index, article in rows]
        pad = int(self.tokenizer.pad_token_id or 0)
        batch = padded_batch([Encoding(source, [], False) for source, _ in pairs], pad, token_types=False)
        targets = padded_batch([Encoding(target, [], False) for _, target in pairs], pad, token_types=False)
        labels = targets["input_ids"].masked_fill(targets["attention_mask"] == 0, IGNORED)
        shifted = torch.nn.functional.pad(targets["input_ids"], (1, -1), value=pad)  # T5 begins to write with padding
        return {**batch, "labels": labels, "decoder_input_ids": shifted}

    def pair(self, index: int, article: Article) -> tuple[list[int], list[int]]:
        """Input and target of one row, ``<s>`` and ``</s>`` included."""
        chance = np.random.default_rng([self.seed, index])
        by_sentences = chance.random() < self.config.gap_share and len(article.lengths) > 1
        source, target = self.gaps(article, chance) if by_sentences else self.spans(article, chance)
        begin, end = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        return [begin, *source, end], [begin, *target, end]

    def spans(self, article: Article, chance: np.random.Generator) -> tuple[list[int], list[int]]:
        """Random spans are missing."""
        ids = article.ids.tolist()
        source: list[int] = []
        target: list[int] = []
        last = 0
        for sentinel, (begin, end) in zip(self._sentinels, draw_spans(len(ids), self.config, chance), strict=False):
            source += [*ids[last:begin], sentinel]
            target += [sentinel, *ids[begin:end]]
            last = end
        return source + ids[last:], target

    def gaps(self, article: Article, chance: np.random.Generator) -> tuple[list[int], list[int]]:
        """The principal sentences are missing; some of them are to be written though they are not."""
        count = len(article.lengths)
        missing = article.ranks < min(max(round(count * self.config.sentences), 1), count - 1)
        masked = missing & (chance.random(count) >= self.config.kept)
        source: list[int] = []
        target: list[int] = []
        sentences = np.split(article.ids, np.cumsum(article.lengths)[:-1])
        for ids, gap, mask in zip(sentences, missing, masked, strict=True):
            source += [self.tokenizer.mask_token_id] if mask else ids.tolist()
            target += ids.tolist() if gap else []
        return source, target

    @cached_property
    def _sentinels(self) -> list[int]:
        return sentinels(self.tokenizer)
