"""CTranslate2 on a CPU: int8 weights, a decoder in C++, and a batch that finished texts leave."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from weakref import WeakSet

import torch
from transformers import GenerationConfig

from mujaz.errors import UsageError
from mujaz.models.encoding import Encoding
from mujaz.models.engines.base import Hypothesis
from mujaz.models.engines.ctranslate2_conversion import require_ctranslate2
from mujaz.models.engines.ctranslate2_vocabulary import read_map
from mujaz.models.engines.lanes import off_the_forked_thread
from mujaz.models.machine import thread_count

# Article tokens a call, and a batch inside it, which CTranslate2 cuts itself out of the call's articles, sorted by length.
CALL_TOKENS = 16384
BATCH_TOKENS = 2048

# Batches at once. One thread each is twice as fast as all threads for one batch where other work shares the machine, and
# takes a fifth less processor time (benchmarks/LOG.md); a call holds few more batches than this.
MOST_WORKERS = 4

# CTranslate2 stops when ``beams * patience`` texts have ended and takes the best; transformers (early_stopping False) goes
# on while a running beam can still beat the worst of the ended ones. With 1 the summaries of the embedded model were 7
# tokens long instead of 29; with 12 all of 200 were those of transformers (float32). See benchmarks/LOG.md.
PATIENCE = 12.0

# Settings that CTranslate2 does not have, with the value that leaves them out.
_UNSUPPORTED: dict[str, tuple[Any, ...]] = {
    "do_sample": (None, False),
    "num_beam_groups": (None, 1),
    "encoder_repetition_penalty": (None, 1.0),
    "encoder_no_repeat_ngram_size": (None, 0),
    "begin_suppress_tokens": (None, []),
    "exponential_decay_length_penalty": (None,),
    "sequence_bias": (None,),
    "guidance_scale": (None, 1.0),
    "stop_strings": (None,),
    "max_time": (None,),
    "renormalize_logits": (None, False),
}

_LIVING: WeakSet[CTranslate2Generator] = WeakSet()
_LEFT: list[Any] = []  # kept: at its end a translator waits for its threads, and in a forked process for ever


def _leave_translators() -> None:
    for one in _LIVING:
        one.leave_translator()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_leave_translators)


class CTranslate2Generator:
    """Generates with a converted model; see :class:`~mujaz.models.engines.base.GenerationEngine`.

    Its searches are those of transformers but for one thing: what is forbidden (a repeated n-gram, an early end) is taken
    out before probabilities are formed, and not after. So where something was forbidden, scores are higher than those of
    transformers, and another beam may win.

    Attributes:
        arabic: The pieces that are enough for an article that has no others; see
            :mod:`~mujaz.models.engines.ctranslate2_vocabulary`. None lets every text use all of them.
    """

    def __init__(self, folder: Path, rows: int, compute_type: str, parameters: int = 0) -> None:
        """Load a converted model.

        Args:
            folder: Of the conversion.
            rows: Tokens that the model knows: rows of its embeddings.
            compute_type: ``int8`` or ``float32``.
            parameters: Of the model, as torch counts them.

        Raises:
            MissingExtraError: ctranslate2 is not installed.
        """
        self.folder = folder
        self.rows = rows
        self.compute_type = compute_type
        self.parameters = parameters
        self.arabic = read_map(folder)
        self.threads = torch.get_num_threads()
        self._opening = threading.Lock()
        self._translator = self._opened()
        _LIVING.add(self)

    def _opened(self) -> Any:
        workers = max(1, min(self.threads, MOST_WORKERS))
        translator = require_ctranslate2().Translator(
            str(self.folder),
            device="cpu",
            compute_type=self.compute_type,
            inter_threads=workers,
            intra_threads=max(1, self.threads // workers),
        )
        torch.set_num_threads(self.threads)  # both share one OpenMP, and the constructor has set its number
        return translator

    @property
    def translator(self) -> Any:
        """CTranslate2's own; a process that was forked opens one for itself when it first needs it."""
        with self._opening:
            if self._translator is None:
                self._translator = self._opened()
            return self._translator

    def leave_translator(self) -> None:
        """In a process that was forked: let go of the one whose threads were not."""
        _LEFT.append(self._translator)
        self._translator, self._opening = None, threading.Lock()

    @property
    def batch_tokens(self) -> int:
        """Padded article tokens a call; inside it batches are cut again, sorted."""
        return CALL_TOKENS

    @property
    def description(self) -> str:
        """Device, number format, threads, and to how many pieces it keeps."""
        pieces = f" with {len(self.arabic):,} of {self.rows:,} pieces" if self.arabic else ""
        return f"cpu, ctranslate2 {self.compute_type}{pieces}, {thread_count(self.threads)}"

    def generate(
        self, batch: Sequence[Encoding], settings: GenerationConfig, *, arabic: bool = True
    ) -> list[list[Hypothesis]]:
        """Texts for some articles; see :class:`~mujaz.models.engines.base.GenerationEngine`.

        Args:
            batch: The articles.
            settings: Complete.
            arabic: Keep to the pieces of :attr:`arabic` where an article does.

        Raises:
            UsageError: a setting is not one of CTranslate2's.
        """
        options = search_options(settings, self.rows)
        inside = [arabic and self.keeps_to_arabic(encoding) for encoding in batch]
        found: dict[int, list[Hypothesis]] = {}
        for kind in set(inside):  # apart, so that what an article gets does not depend on the others
            places = [i for i, one in enumerate(inside) if one == kind]
            made = self._generate([batch[i] for i in places], settings, {**options, "use_vmap": kind})
            found.update(zip(places, made, strict=True))
        return [found[i] for i in range(len(batch))]

    def keeps_to_arabic(self, article: Encoding) -> bool:
        """Whether an article has no other pieces than those of :attr:`arabic`, and so its summary may have none."""
        return self.arabic is not None and self.arabic.issuperset(article.input_ids)

    @off_the_forked_thread
    def _generate(
        self, batch: Sequence[Encoding], settings: GenerationConfig, options: dict[str, Any]
    ) -> list[list[Hypothesis]]:
        forced = settings.forced_bos_token_id
        results = self.translator.translate_batch(
            [[str(i) for i in e.input_ids] for e in batch],
            None if forced is None else [[str(forced)]] * len(batch),
            max_batch_size=BATCH_TOKENS,
            batch_type="tokens",
            max_input_length=0,
            return_scores=True,
            return_end_token=True,  # so that lengths and scores count the end, as in transformers
            **options,
        )
        beams = options["beam_size"] > 1
        return [
            [
                _hypothesis([int(token) for token in tokens], score if beams else None, settings)
                for tokens, score in zip(result.hypotheses, result.scores, strict=True)
            ]
            for result in results
        ]

    @off_the_forked_thread
    def log_probabilities(self, batch: Sequence[Encoding], targets: Sequence[Sequence[int]]) -> list[list[float]]:
        """Log-probability of each token of given texts, which stand without their end; that of the end comes last."""
        scored = self.translator.score_batch(
            [[str(i) for i in e.input_ids] for e in batch],
            [[str(i) for i in ids] for ids in targets],
            max_batch_size=BATCH_TOKENS,
            batch_type="tokens",
            max_input_length=0,
        )
        return [list(one.log_probs) for one in scored]


def search_options(settings: GenerationConfig, rows: int) -> dict[str, Any]:
    """Settings of transformers in the terms of ``translate_batch``.

    Args:
        settings: Complete.
        rows: Tokens that the model knows; others cannot be suppressed, and need not be.

    Raises:
        UsageError: a setting has no counterpart.
    """
    for name, neutral in _UNSUPPORTED.items():
        value = getattr(settings, name, None)
        if value not in neutral:
            raise UsageError(f"the engine ctranslate2 has no {name} (the model asks for {value}). Use --engine torch.")
    longest = int(settings.max_new_tokens or 0)
    if settings.forced_eos_token_id is not None:
        longest = max(1, longest - 1)  # the last place is the end's
    ends = settings.eos_token_id
    shortest = settings.min_new_tokens or 0
    barred = [[i] for i in settings.suppress_tokens or []] + list(settings.bad_words_ids or [])
    patience = {True: 1.0, False: PATIENCE, None: PATIENCE, "never": 1e6}[settings.early_stopping]
    return {
        "beam_size": settings.num_beams or 1,
        "patience": patience,
        "num_hypotheses": settings.num_return_sequences or 1,
        "length_penalty": 1.0 if settings.length_penalty is None else settings.length_penalty,
        "repetition_penalty": settings.repetition_penalty or 1.0,
        "no_repeat_ngram_size": settings.no_repeat_ngram_size or 0,
        "suppress_sequences": [[str(i) for i in ids] for ids in barred if max(ids) < rows] or None,
        "end_token": [int(i) for i in (ends if isinstance(ends, list) else [ends]) if i is not None] or None,
        "max_decoding_length": longest,
        "min_decoding_length": min(shortest, longest),
    }


def _hypothesis(ids: list[int], score: float | None, settings: GenerationConfig) -> Hypothesis:
    """A result as transformers would give it, with the end that it forces on a text that ran out of room."""
    end = settings.forced_eos_token_id
    if end is None or not ids or len(ids) < (settings.max_new_tokens or 0) - 1:
        return Hypothesis(ids, score)
    ends = end if isinstance(end, list) else [end]
    if ids[-1] in ends:
        return Hypothesis(ids, score)
    if score is not None:  # the forced end has log-probability 0, and counts in the length
        penalty = 1.0 if settings.length_penalty is None else settings.length_penalty
        score *= (len(ids) / (len(ids) + 1)) ** penalty
    return Hypothesis([*ids, ends[0]], score)
