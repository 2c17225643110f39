"""Abstractive summarization with a trained sequence-to-sequence model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from mujaz.errors import CheckpointError, UsageError
from mujaz.models.batching import token_budget_batches
from mujaz.models.checkpoint import CheckpointInfo
from mujaz.models.classifier import Progress
from mujaz.models.encoding import Encoding, TextEncoder
from mujaz.models.engines.base import GenerationEngine
from mujaz.models.engines.torch_engine import TorchGenerator
from mujaz.models.loading import load_seq2seq
from mujaz.models.machine import choose_device, choose_dtype
from mujaz.models.opening import open_checkpoint
from mujaz.models.presets import find_preset
from mujaz.models.saving import save_checkpoint

# What csebuetnlp/mT5_multilingual_XLSum generates with (its config.json): used where a checkpoint says nothing itself.
DEFAULT_NUM_BEAMS = 4
DEFAULT_MAX_NEW_TOKENS = 84
DEFAULT_NO_REPEAT_NGRAM = 3

_SENTINEL = re.compile(r"<extra_id_\d+>")


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary of one article.

    Attributes:
        text: The summary.
        score: Mean log-probability of its tokens under beam search (length penalty applied); None for greedy decoding.
        tokens_read: Tokens of the article that the model read, special tokens included.
        truncated: Whether the article was longer than that.
    """

    text: str
    score: float | None
    tokens_read: int
    truncated: bool


class Summarizer:
    """Writes a short summary of an article.

    Example:
        >>> summarizer = Summarizer.from_pretrained("runs/summary")  # doctest: +SKIP
        >>> print(summarizer.summarize([article])[0].text)  # doctest: +SKIP
    """

    def __init__(self, model: PreTrainedModel, encoder: TextEncoder, info: CheckpointInfo, note: str = "") -> None:
        """Wrap a loaded model; most callers want :meth:`from_pretrained`."""
        self.model = model.eval()
        self.encoder = encoder
        self.info = info
        self.note = note
        self.engine: GenerationEngine = TorchGenerator(self.model, encoder.tokenizer)
        self.generation = complete_generation(model.generation_config, encoder.tokenizer)

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path | None = None,
        *,
        device: str = "auto",
        precision: str = "auto",
        max_length: int | None = None,
        ignore_recipe_mismatch: bool = False,
    ) -> Summarizer:
        """Load a trained summarizer.

        Args:
            name: A folder, an embedded model or a hub id; None takes the embedded ``summary``.
            device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
            precision: ``auto`` (bfloat16 where the device computes in it natively), ``float32`` or ``bfloat16``.
            max_length: Longest article in tokens; None takes the checkpoint's own.
            ignore_recipe_mismatch: Load even where the checkpoint's text recipe is not the one this version has.

        Raises:
            CheckpointError: the model is not there, cannot be read or was never fine-tuned.
            UsageError: device, precision or length cannot be had.
        """
        preset = find_preset(str(name)) if name else None
        if preset and preset.kind == "seq2seq" and not preset.fine_tuned:
            raise CheckpointError(
                f"{preset.hub_id} was pretrained but never fine-tuned: it would write noise. "
                "Fine-tune it first with 'mujaz train', or take 'mt5-xlsum'."
            )
        opened = open_checkpoint(
            name or "summary", task="summary", max_length=max_length, ignore_recipe_mismatch=ignore_recipe_mismatch
        )
        where = choose_device(device)
        model = load_seq2seq(opened.folder, choose_dtype(precision, where, opened.config))
        model.to(where)  # type: ignore[arg-type]  # the decorator of transformers hides self
        return cls(model, opened.encoder, opened.info, opened.note)

    @property
    def max_length(self) -> int:
        """Longest article in tokens, special tokens included."""
        return self.encoder.max_length

    @property
    def description(self) -> str:
        """One line on what runs where."""
        parameters = sum(p.numel() for p in self.model.parameters()) / 1e6
        return (
            f"summary model {self.info.base_model}: {parameters:.1f} M parameters, recipe {self.encoder.recipe.name}, "
            f"up to {self.max_length} tokens, {self.generation.num_beams} beams; {self.engine.description}"
        )

    def summarize(
        self,
        texts: Sequence[str],
        *,
        num_beams: int | None = None,
        max_new_tokens: int | None = None,
        min_new_tokens: int | None = None,
        batch_tokens: int | None = None,
        progress: Progress | None = None,
    ) -> list[Summary]:
        """Summarize articles. Deterministic: the same article gives the same summary.

        Args:
            texts: Raw articles, as they come.
            num_beams: Width of the beam; 1 decodes greedily. None takes the checkpoint's own.
            max_new_tokens: Longest summary in tokens.
            min_new_tokens: Shortest summary in tokens.
            batch_tokens: Padded article tokens a batch; None takes what suits the device.
            progress: Called after each batch with the number of articles it held.

        Returns:
            One summary an article, in order.

        Raises:
            UsageError: the texts are not a list, or a number is not positive.
        """
        if isinstance(texts, str):
            raise UsageError("summarize expects a list of articles, found one string. Write summarize([text]).")
        wanted = {"num_beams": num_beams, "max_new_tokens": max_new_tokens, "min_new_tokens": min_new_tokens}
        overrides = {key: value for key, value in wanted.items() if value is not None}
        for key, value in overrides.items():
            if value < 1:
                raise UsageError(f"{key} must be at least 1, found {value}.")
        encodings = self.encoder(texts)
        budget = batch_tokens or self.engine.batch_tokens
        summaries: dict[int, Summary] = {}
        for indices in token_budget_batches([len(e.input_ids) for e in encodings], budget):
            batch = [encodings[i] for i in indices]
            summaries.update(zip(indices, self._summaries(batch, overrides), strict=True))
            if progress:
                progress(len(indices))
        return [summaries[i] for i in range(len(encodings))]

    def save_pretrained(self, folder: str | Path) -> None:
        """Save the checkpoint, readable by plain transformers too.

        Raises:
            OutputError: the folder cannot be written.
        """
        save_checkpoint(Path(folder), self.model, self.encoder, self.info, self.generation)

    def _summaries(self, batch: Sequence[Encoding], overrides: dict[str, int]) -> list[Summary]:
        settings = GenerationConfig.from_dict({**self.generation.to_dict(), **overrides})
        best = [hypotheses[0] for hypotheses in self.engine.generate(batch, settings)]
        texts = self.encoder.tokenizer.batch_decode([one.ids for one in best], skip_special_tokens=True)
        return [
            Summary(text.strip(), one.score, len(e.input_ids), e.truncated)
            for text, one, e in zip(texts, best, batch, strict=True)
        ]


def complete_generation(saved: GenerationConfig | None, tokenizer: PreTrainedTokenizerBase) -> GenerationConfig:
    """Generation settings with nothing left to a library default, which would cut every summary at 20 tokens.

    Args:
        saved: What the checkpoint says; its own values win.
        tokenizer: Its ``<extra_id_N>`` sentinels, with which T5 is pretrained, are never generated.

    Returns:
        A copy, complete.
    """
    settings = GenerationConfig.from_dict(saved.to_dict() if saved else {})
    if settings.max_new_tokens is None:
        # 20 is what the library writes where nobody chose a length: it is no choice of the model's authors.
        given = settings.max_length if settings.max_length not in (None, 20) else None
        settings.max_new_tokens = given or DEFAULT_MAX_NEW_TOKENS
    settings.max_length = None
    settings.num_beams = settings.num_beams or DEFAULT_NUM_BEAMS
    if settings.no_repeat_ngram_size is None:
        settings.no_repeat_ngram_size = DEFAULT_NO_REPEAT_NGRAM
    settings.do_sample = False
    settings.use_cache = True
    sentinels = [i for token, i in tokenizer.get_vocab().items() if _SENTINEL.fullmatch(token)]
    settings.suppress_tokens = sorted({*(settings.suppress_tokens or []), *sentinels}) or None
    return settings
