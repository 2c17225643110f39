"""Summarization with a trained model: a sequence-to-sequence model writes; an encoder chooses, see models/selecting.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import GenerationConfig, PreTrainedTokenizerBase

from mujaz.errors import CheckpointError
from mujaz.models.checkpoint import EMBEDDED, CheckpointInfo, called
from mujaz.models.encoding import TextEncoder
from mujaz.models.engines.base import ConstrainedEngine, GenerationEngine, generation_of
from mujaz.models.engines.generation import LazyModel, choose_engine
from mujaz.models.engines.replicas import copies_on, torch_for_several
from mujaz.models.engines.torch_engine import TorchGenerator
from mujaz.models.identity import model_identity
from mujaz.models.loading import load_seq2seq, longest_output
from mujaz.models.machine import choose_devices, choose_dtype, half_precision_note
from mujaz.models.opening import OpenCheckpoint, open_checkpoint
from mujaz.models.options import Loaded, check_flags, check_options
from mujaz.models.presets import find_preset
from mujaz.models.raw_checkpoints import origin_note, raw_preset, refuse_raw, sentinels, writes_sentinels
from mujaz.models.repair import join_surrogates
from mujaz.models.saving import save_checkpoint
from mujaz.models.spelling import Spelling
from mujaz.models.summary_options import Generation
from mujaz.models.summary_record import Candidate, Finding, Summary
from mujaz.models.texts import as_texts
from mujaz.models.writing import Progress, Writer

if TYPE_CHECKING:  # importing it costs 0.13 GB, and seconds, where another engine computes
    import torch
    from transformers import PreTrainedModel

# What csebuetnlp/mT5_multilingual_XLSum generates with (its config.json): used where a checkpoint says nothing itself.
DEFAULT_NUM_BEAMS = 4
DEFAULT_MAX_NEW_TOKENS = 84
DEFAULT_NO_REPEAT_NGRAM = 3

# Settings of searches other than greedy and beams: left over in a checkpoint, transformers warns of them, refuses to save
# them, or asks for code of the hub (groups of beams, contrastive search).
_OTHER_SEARCHES = (
    "temperature",
    "top_k",
    "top_p",
    "top_h",
    "min_p",
    "typical_p",
    "epsilon_cutoff",
    "eta_cutoff",
    "penalty_alpha",
    "num_beam_groups",
    "diversity_penalty",
)

__all__ = ["Candidate", "Finding", "Summarizer", "Summary", "complete_generation"]


class Summarizer(Loaded):
    """Writes a short summary of an article, or chooses one from it where the checkpoint is an encoder.

    Example:
        >>> summarizer = Summarizer.from_pretrained("runs/summary")  # doctest: +SKIP
        >>> print(summarizer.summarize([article])[0].text)  # doctest: +SKIP
    """

    def __init__(
        self,
        model: PreTrainedModel | LazyModel,
        encoder: TextEncoder,
        info: CheckpointInfo,
        note: str = "",
        folder: Path | None = None,
    ) -> None:
        """Wrap a loaded model, or one that another engine stands for; most callers want :meth:`from_pretrained`.

        ``folder``: where it was loaded from.
        """
        self._model = model if isinstance(model, LazyModel) else model.eval()
        self.generation = complete_generation(model.generation_config, encoder.tokenizer)
        if not isinstance(model, LazyModel):  # what a call leaves out, generate takes from there
            model.generation_config = self.generation
        self.encoder = encoder
        self.info = info
        self.note = note
        self.folder = folder
        self.engine: GenerationEngine = (
            model.engine if isinstance(model, LazyModel) else TorchGenerator(model, encoder.tokenizer)
        )
        self.others: list[GenerationEngine] = []  # of other devices, side by side with it
        self._spelling = Spelling.of(folder, encoder.recipe)

    @property
    def model(self) -> PreTrainedModel:
        """The model in torch; where another engine computes, it is loaded when first asked for."""
        return self._model.load() if isinstance(self._model, LazyModel) else self._model

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path | None = None,
        *,
        device: str | torch.device = "auto",
        precision: str = "auto",
        engine: str = "auto",
        max_length: int | None = None,
        prefix: str | None = None,
        ignore_recipe_mismatch: bool = False,
        allow_raw: bool = False,
    ) -> Summarizer:
        """Load a trained summarizer.

        Args:
            name: A folder, an embedded model or a hub id; None takes the embedded ``summary``.
            device: ``auto``, ``cpu``, ``cuda``, ``cuda:N``, several that share the work (``cuda:0,cuda:1``), or torch's own.
            precision: ``auto`` (bfloat16 where the device computes in it natively), ``float32`` or ``bfloat16``.
            engine: ``torch``, ``ctranslate2`` (the extra ``ctranslate2``; int8 on a CPU), or ``auto``, which takes the
                latter on a CPU where it is installed, computes what torch computes, and no precision is asked for. The
                checkpoint is converted once, into the cache, which takes some seconds.
            max_length: Longest article in tokens; None takes the checkpoint's own.
            prefix: What stands before each article, as ``"summarize: "``, where a model was fine-tuned with it; None takes
                the checkpoint's own, and "" none.
            ignore_recipe_mismatch: Load even where the checkpoint's text recipe is not the one this version has.
            allow_raw: Load a model that was pretrained and never fine-tuned, though it writes noise.

        Raises:
            CheckpointError: the model is not there, cannot be read or was never fine-tuned.
            UsageError: device, precision or length cannot be had, or a prefix is given for an encoder.
        """
        check_options(name=name, max_length=max_length, prefix=prefix)
        named = find_preset(str(name)) if name else None
        if named is not None and named.kind == "seq2seq" and not (named.fine_tuned or allow_raw):
            raise refuse_raw(named.hub_id)  # before anything is fetched
        opened = open_checkpoint(
            name or EMBEDDED / "summary",
            task="summary",
            max_length=max_length,
            prefix=prefix,
            ignore_recipe_mismatch=ignore_recipe_mismatch,
        )
        if not allow_raw:
            _refuse_raw(opened)
        where, *others = devices = choose_devices(device)
        engine = torch_for_several(engine, devices)
        if not opened.config.is_encoder_decoder:
            from mujaz.models.selecting import open_selector

            return open_selector(opened, devices, precision=precision, engine=engine)
        chosen, why = choose_engine(opened, complete_generation, engine=engine, where=where, precision=precision)
        notes = [opened.note, origin_note(opened.folder), why]
        if chosen:
            return cls(chosen, opened.encoder, opened.info, "\n".join(filter(None, notes)), opened.folder)
        model = _in_torch(opened, where, precision)
        notes.append(half_precision_note(opened.config, model.dtype))
        summarizer = cls(model, opened.encoder, opened.info, "\n".join(filter(None, notes)), opened.folder)
        tokenizer = opened.encoder.tokenizer
        summarizer.others = [TorchGenerator(twin, tokenizer) for twin in copies_on(summarizer.model, others)]
        return summarizer

    @property
    def max_length(self) -> int:
        """Longest article in tokens, special tokens included."""
        return self.encoder.max_length

    @property
    def description(self) -> str:
        """One line on what runs where."""
        parameters = self._model.num_parameters() / 1e6
        return (
            f"summary model {called(self.info, self.folder)}: {parameters:.1f} M parameters, "
            f"recipe {self.encoder.recipe.name}, {self._way}; "
            f"{self.engine.description}" + (f", on {1 + len(self.others)} devices" if self.others else "")
        )

    @property
    def _way(self) -> str:
        return f"up to {self.max_length} tokens, {self.generation.num_beams} beams"

    @property
    def identity(self) -> dict[str, str]:
        """What its answers depend on, for a run that is gone on with later."""
        # Without the threads: a run may be gone on with where there are more or fewer.
        parts = [part for part in self.engine.description.split(", ") if not part.endswith((" thread", " threads"))]
        return model_identity(self.info, self.folder, self.encoder, ", ".join(parts))

    def summarize(
        self,
        texts: Iterable[str],
        *,
        num_beams: int | None = None,
        max_new_tokens: int | None = None,
        min_new_tokens: int | None = None,
        batch_tokens: int | None = None,
        length: str | tuple[int, int] | None = None,
        candidates: int = 1,
        long: str | None = None,
        faithful: bool | None = None,
        article_words: bool = False,
        min_article_words: int | None = None,
        clean_article: bool = False,
        progress: Progress | None = None,
    ) -> list[Summary]:
        """Summarize articles. Deterministic: the same article gives the same summary.

        Args:
            texts: Raw articles, as they come: a list, a generator, a column of pandas or pyarrow. Half a surrogate pair is
                read as U+FFFD.
            num_beams: Width of the beam; 1 decodes greedily. None takes the checkpoint's own.
            max_new_tokens: Longest summary in tokens.
            min_new_tokens: Shortest summary in tokens.
            batch_tokens: Padded article tokens a batch; None takes what suits the device.
            length: ``headline``, ``short``, ``long`` or a range in words like ``20-40`` or ``(20, 40)``.
            candidates: Summaries to give for each article, best first.
            long: What becomes of an article longer than the model reads: ``lead``, ``select``, ``hierarchical`` or ``cut``.
            faithful: Prefer the candidate of the beam that the article supports best; None takes the checkpoint's own.
            article_words: Allow no content words but those of the article; of a model that chooses, no other form of a verb.
            min_article_words: Articles of up to so many words are returned as they are; 0 summarizes everything.
            clean_article: Strip dateline, byline and page leftovers off each article first, as ``--clean-article`` does; a
                model trained on such articles has it done without being asked.
            progress: Called after each batch with the number of articles it held.

        Returns:
            One summary an article, in order. See :class:`~mujaz.models.summary_options.Generation` for more on each option.

        Raises:
            UsageError: the texts are no list of texts, or an option is not known or of the wrong kind.
        """
        # A summary may hold what its article held, and half a surrogate pair can be neither printed nor written.
        texts = [join_surrogates(text) for text in as_texts(texts, "summarize", "articles")]
        check_flags(clean_article=clean_article)
        options = Generation(
            num_beams,
            max_new_tokens,
            min_new_tokens,
            batch_tokens,
            length,
            candidates,
            long,
            self.info.faithful if faithful is None else faithful,
            article_words,
            min_article_words,
        )
        encoder = replace(self.encoder, clean_article=self.encoder.clean_article or clean_article)
        return self._answer(encoder, texts, options, progress)

    def _answer(
        self, encoder: TextEncoder, texts: Sequence[str], options: Generation, progress: Progress | None
    ) -> list[Summary]:
        config = self._model.opened.config if isinstance(self._model, LazyModel) else self._model.config
        most = longest_output(config)
        own = (self.generation, self.info.long, self.others, self._spelling, self.info.least, most)
        writer = Writer(encoder, self.engine, *own)
        return writer(texts, options, progress)

    def know_least(self, least: float | None) -> None:
        """Give an article's beginning from now on where the best summary scores less than ``least``, or has a fault."""
        self.info = self.info.model_copy(update={"least": least})

    @property
    def constrains(self) -> bool:
        """Whether its engine can be held to the words of the article; else the candidates are ranked by them."""
        return isinstance(self.engine, ConstrainedEngine)

    def save_pretrained(self, folder: str | Path) -> None:
        """Save the checkpoint, readable by plain transformers too.

        Raises:
            OutputError: the folder cannot be written.
        """
        generation = generation_of(self.generation.to_dict())
        save_checkpoint(Path(folder), self.model, self.encoder, self.info, generation, self.folder)


def _refuse_raw(opened: OpenCheckpoint) -> None:
    """Raise CheckpointError for a model that was pretrained and never fine-tuned, whatever it is called."""
    if raw := raw_preset(opened.name, opened.folder):
        raise refuse_raw(f"{opened.folder} ({raw.hub_id})")
    if opened.info.task == "pretraining":
        raise refuse_raw(f"{opened.name} ({opened.info.base_model})")
    writes = opened.config.is_encoder_decoder
    if writes and opened.note and writes_sentinels(opened.folder, opened.encoder.tokenizer):
        raise refuse_raw(f"{opened.name}, which answers a plain sentence with <extra_id_0>,")


def _in_torch(opened: OpenCheckpoint, where: torch.device, precision: str) -> PreTrainedModel:
    """A model that writes, on its device.

    Raises:
        CheckpointError: it cannot be read, or does not say with which token a summary begins.
    """
    model = load_seq2seq(opened.folder, choose_dtype(precision, where, opened.config))
    settings: Any = model.generation_config
    if settings.decoder_start_token_id is None and settings.bos_token_id is None:
        raise CheckpointError(f"{opened.folder}: config.json names no decoder_start_token_id to begin a summary with.")
    model.to(where)  # type: ignore[arg-type]  # the decorator of transformers hides self
    return model


def complete_generation(saved: GenerationConfig | None, tokenizer: PreTrainedTokenizerBase) -> GenerationConfig:
    """Generation settings with nothing left to a library default, which would cut every summary at 20 tokens.

    Lengths are those of what is written: ``max_length`` and ``min_length`` count the token that it begins with, too, and a
    call that asks for another length could not take them back.

    Args:
        saved: What the checkpoint says; its own values win.
        tokenizer: Its ``<extra_id_N>`` sentinels, with which T5 is pretrained, are never generated.

    Returns:
        A copy, complete.
    """
    settings = GenerationConfig.from_dict(saved.to_dict() if saved else {})
    if settings.max_new_tokens is None:
        # 20 is what the library writes where nobody chose a length: it is no choice of the model's authors.
        given = None if settings.max_length in (None, 20) else max(settings.max_length - 1, 1)
        settings.max_new_tokens = given or DEFAULT_MAX_NEW_TOKENS
    if settings.min_new_tokens is None and (settings.min_length or 0) > 1:
        settings.min_new_tokens = settings.min_length - 1
    settings.max_length = settings.min_length = None
    settings.num_beams = settings.num_beams or DEFAULT_NUM_BEAMS
    if settings.no_repeat_ngram_size is None:
        settings.no_repeat_ngram_size = DEFAULT_NO_REPEAT_NGRAM
    settings.do_sample = False
    for name in _OTHER_SEARCHES:
        setattr(settings, name, None)
    settings.use_cache = True
    settings.suppress_tokens = sorted({*(settings.suppress_tokens or []), *sentinels(tokenizer)}) or None
    return settings
