"""Where a training starts: a pretrained model or one from nothing, with the encoder that prepares its text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from mujaz.configs.schema import ModelConfig, PairConfig, ScratchConfig, TrainConfig
from mujaz.errors import UsageError
from mujaz.models.checkpoint import EMBEDDED, FROM_NOTHING, CheckpointInfo, Task
from mujaz.models.encoding import TextEncoder
from mujaz.models.languages import begin_in_language
from mujaz.models.loading import UNNAMED, load_for_classification, load_for_selection, load_seq2seq, same_names
from mujaz.models.multi_label import ONE_LABEL, PROBLEM_TYPE
from mujaz.models.opening import OpenCheckpoint, hand_over, named_prefix, open_checkpoint
from mujaz.models.presets import find_preset
from mujaz.models.recipes import Recipe, get_recipe
from mujaz.training.averaging import check_start
from mujaz.training.data import Example, Splits, sample
from mujaz.training.dropout import set_dropout
from mujaz.training.layers import freeze
from mujaz.training.lora import with_lora
from mujaz.training.processes import first_alone
from mujaz.training.remembering import check_kind, known_outputs
from mujaz.training.scratch import new_classifier, new_seq2seq, train_unigram, train_wordpiece
from mujaz.training.selection import IN_ARTICLES, outputs
from mujaz.training.writer import writer_of

# A model from nothing has no positions of its own yet; most news articles lose little beyond this.
SCRATCH_MAX_LENGTH = 256

TOKENIZER_TEXTS = 6_000  # more change few of a small vocabulary's pieces and take minutes


@dataclass(frozen=True)
class Start:
    """A model about to be trained.

    Attributes:
        model: float32 weights on the CPU; with ``model.lora`` in peft's wrapper.
        encoder: Prepares and tokenizes its text.
        base_model: What ``mujaz.json`` will name as its origin.
        licence: Of that, where it is known: what is trained from it carries its terms on.
        labels_line: Which labels are new to a start of the same task: a line for people.
        prefix_line: What stands before each article, or what a T5 was told once and is not told now: a line for people.
        new_outputs: Places of outputs, or labels, that the start did not have: their rows of the last layer are new.
    """

    model: PreTrainedModel
    encoder: TextEncoder
    base_model: str
    licence: str | None = None
    labels_line: str = ""
    prefix_line: str = ""
    new_outputs: tuple[int, ...] = ()


def start_from(config: TrainConfig, splits: Splits, resume: Path | None = None) -> Start:
    """The model and the encoder that a config asks for.

    Args:
        config: What was asked for.
        splits: A model from nothing gets its labels and its vocabulary from them.
        resume: The Trainer's checkpoint to go on from: its tokenizer is taken, not trained again.

    Raises:
        CheckpointError: the pretrained model cannot be had.
        UsageError: recipe or maximum length cannot be had.
    """
    start = _from_nothing(config, splits, resume) if config.model.name is None else _from_pretrained(config, splits)
    for name in ("whole_texts", "judged"):
        if getattr(config.training, name) and start.model.config.is_encoder_decoder:
            raise UsageError(
                f"training.{name} teaches an encoder that chooses where to end; a decoder ends by itself. Leave it out."
            )
    if config.training.without_forgetting and start.model.config.is_encoder_decoder:
        raise UsageError(
            "training.without_forgetting is for encoders: a decoder has no answers to each text. Leave it out."
        )
    if config.task != "summary":
        start.model.config.problem_type = PROBLEM_TYPE if splits.multi_label else ONE_LABEL
    return start


def encoder_of(config: TrainConfig, examples: list[Example]) -> TextEncoder:
    """The encoder that a training would have, without its model.

    Args:
        config: What was asked for.
        examples: Training rows: a model from nothing gets its vocabulary from them.

    Raises:
        CheckpointError: the pretrained model cannot be had.
        UsageError: recipe or maximum length cannot be had.
    """
    return _new_encoder(config, examples) if config.model.name is None else _opened(config)[1]


def _opened(config: TrainConfig) -> tuple[OpenCheckpoint, TextEncoder]:
    name = config.model.name or ""
    wanted = config.model
    opened = open_checkpoint(
        _expanded(name), task=config.task, max_length=wanted.max_length, prefix=wanted.prefix, to_train=True
    )
    encoder = opened.encoder
    recipe = encoder.recipe if wanted.recipe == "auto" else get_recipe(wanted.recipe)
    hand_over(encoder.tokenizer, recipe)
    pair = wanted.pair or encoder.pair
    encoder = TextEncoder(
        encoder.tokenizer, recipe, encoder.max_length, wanted.clean_article, pair=pair, prefix=encoder.prefix
    )
    return opened, encoder


def _from_pretrained(config: TrainConfig, splits: Splits) -> Start:
    opened, encoder = _opened(config)
    name = config.model.name or ""
    new: tuple[int, ...] = ()
    line, had = "", _labels_of(opened, config.task)
    if not opened.config.is_encoder_decoder:
        wanted = outputs(config.training) if config.task == "summary" else splits.labels
        kept = same_names(had, wanted)
        new = tuple(place for place in range(len(wanted)) if place not in kept)
        unknown = [wanted[place] for place in new]
        needed = IN_ARTICLES if config.task == "summary" else wanted  # what it learns besides those may be new
        check_start(config.training.keep_of_start, name, had, [one for one in unknown if one in needed])
        if config.training.without_forgetting:
            known_outputs(name, needed, new)
            check_kind(name, opened.info.multi_label is not None, splits.multi_label)
        line = _labels_line(had, splits.labels, unknown) if config.task != "summary" else ""
    model = _loaded(opened, config, splits)
    if opened.config.is_encoder_decoder:
        begin_in_language(model, encoder.tokenizer)
    if config.model.dropout is not None:
        set_dropout(model, config.model.dropout)
    if config.training.freeze is not None:
        freeze(model, config.training.freeze)
    if config.model.lora:
        preset = find_preset(name)
        model = with_lora(
            model, config.model.lora, config.training.seed, preset.hub_id if preset else _found(opened, name)
        )
    before = _prefix_line(opened, encoder, config.model.prefix)
    return Start(model.train(), encoder, origin(name, opened.info), opened.info.licence, line, before, new)


def _labels_of(opened: OpenCheckpoint, task: Task) -> list[str]:
    """What the last layer of a start gives, in its order; nothing where it was trained for another task."""
    if opened.info.selection and task == "summary":
        names: dict[Any, str] = dict(opened.config.id2label or {})
        return [names[place] for place in sorted(names)]
    return opened.info.labels if opened.info.task == task else []


def _labels_line(had: Sequence[str], labels: Sequence[str], unknown: Sequence[str]) -> str:
    named = [label for label in had if not UNNAMED.fullmatch(label)]
    if not named or not unknown:
        return ""
    other = [label for label in named if label not in labels]
    remedy = (
        f"; it has {', '.join(other)}: where one of yours means the same, name it so (data.rename)" if other else ""
    )
    return f"note: labels that are new to the start: {', '.join(unknown)}{remedy}"


def _prefix_line(opened: OpenCheckpoint, encoder: TextEncoder, asked: str | None) -> str:
    if encoder.prefix:
        return f"prefix: {encoder.prefix!r} stands before each article"
    named = named_prefix(opened.config) if opened.note and asked is None else ""  # our own checkpoints say theirs
    return (
        f"note: the start's config.json has the prefix {named!r}, not used unless model.prefix says so" if named else ""
    )


def _found(opened: OpenCheckpoint, name: str) -> str:
    """What finds a base model again without mujaz: an embedded model's name is no hub id."""
    return str(opened.folder) if opened.folder.parent == EMBEDDED else name


def _loaded(opened: OpenCheckpoint, config: TrainConfig, splits: Splits) -> PreTrainedModel:
    if opened.config.is_encoder_decoder:
        if config.model.decoder_layers:
            raise UsageError(
                f"model.decoder_layers is for encoders (BERT): expected one, found {opened.config.model_type} in "
                f"{config.model.name}, which has a decoder. Leave decoder_layers out to go on with that."
            )
        if config.model.stretch:
            raise UsageError(
                f"model.stretch is for encoders that choose: expected one, found {opened.config.model_type} in "
                f"{config.model.name}, which writes. Leave stretch out."
            )
        return load_seq2seq(opened.folder)
    if config.model.decoder_layers:
        bert, tokenizer = load_for_selection(opened.folder, IN_ARTICLES), opened.encoder.tokenizer
        return writer_of(bert, tokenizer, config.model.decoder_layers, config.training.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.training.seed)  # of a new head
        if config.task == "summary":
            if config.training.copy_attention:
                raise UsageError(
                    "training.copy_attention teaches a decoder, and a summarizer that chooses has none. Leave it out, or "
                    "give the encoder one (model.decoder_layers)."
                )
            return load_for_selection(opened.folder, outputs(config.training))
        return load_for_classification(opened.folder, splits.labels, _labels_of(opened, config.task))


def origin(name: str, info: CheckpointInfo) -> str:
    """What a training that begins from a checkpoint of ours began from: a folder means nothing elsewhere.

    Args:
        name: As the config gives it.
        info: What its ``mujaz.json`` says, or what was assumed.
    """
    own = info.task == "pretraining" and info.base_model == FROM_NOTHING  # its folder is all that it can be called
    return info.base_model if info.base_model and not own else name


def _expanded(name: str) -> str | Path:
    return Path(os.path.expanduser(name)) if name.startswith("~") else name


def _from_nothing(config: TrainConfig, splits: Splits, resume: Path | None) -> Start:
    shape = _shape(config)
    encoder = _new_encoder(config, splits.train, _as_trained(resume) if resume else None)
    if config.task == "summary":
        model = new_seq2seq(shape, encoder.tokenizer, config.training.seed)
    else:
        model = new_classifier(shape, encoder.tokenizer, splits.labels, encoder.max_length, config.training.seed)
    return Start(model, encoder, FROM_NOTHING)


def _as_trained(checkpoint: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a Trainer's checkpoint, without settings that transformers makes of the last text it was to cut."""
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(checkpoint)
    for name in ("max_length", "stride", "truncation_side", "truncation_strategy"):
        tokenizer.init_kwargs.pop(name, None)
    return tokenizer


def _new_encoder(
    config: TrainConfig, examples: list[Example], tokenizer: PreTrainedTokenizerBase | None = None
) -> TextEncoder:
    recipe, pair = scratch_recipe(config.model, config.task), config.model.pair or PairConfig()
    if tokenizer is None:
        drawn = sample(examples, TOKENIZER_TEXTS, config.data.split_seed)
        texts = (text for e in drawn for text in (e.text, pair.words(e.target) if e.target else "", e.summary) if text)
        trainer = train_unigram if config.task == "summary" else train_wordpiece
        tokenizer = first_alone(lambda: trainer(map(recipe, texts), _shape(config).vocab_size))
    hand_over(tokenizer, recipe)
    length = config.model.max_length or SCRATCH_MAX_LENGTH
    return TextEncoder(tokenizer, recipe, length, config.model.clean_article, pair=pair)


def _shape(config: TrainConfig) -> ScratchConfig:
    if config.model.scratch is None:
        raise UsageError("a model from nothing needs the section model.scratch.")
    return config.model.scratch


def scratch_recipe(model: ModelConfig, task: str) -> Recipe:
    """The recipe of a model from nothing: letters folded to label, kept to write."""
    if model.recipe != "auto":
        return get_recipe(model.recipe)
    return get_recipe("news" if task == "summary" else "news-folded")
