"""Open a checkpoint for use: its files, what ``mujaz.json`` says of it, or what has to be assumed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import PretrainedConfig, PreTrainedTokenizerBase

from mujaz.configs.schema import PairConfig
from mujaz.errors import CheckpointError, UsageError
from mujaz.models.checkpoint import EMBEDDED, CheckpointInfo, Task, locate, read_info
from mujaz.models.encoding import TextEncoder
from mujaz.models.languages import told_arabic
from mujaz.models.loading import UNNAMED, checked_max_length, load_config, load_tokenizer, longest_input
from mujaz.models.multi_label import PROBLEM_TYPE, untuned
from mujaz.models.presets import Preset, find_preset
from mujaz.models.recipes import Recipe, get_recipe, recipe_from_json
from mujaz.models.tokenizer_recipe import attach_recipe, detach_recipe
from mujaz.models.windows import LongText

_TASKS_BY_KIND = {"encoder": ("topic", "stance", "summary"), "seq2seq": ("summary",)}


@dataclass(frozen=True)
class OpenCheckpoint:
    """A checkpoint that was found and read, its weights not yet loaded.

    Attributes:
        name: As the user gave it; an embedded model's own.
        folder: Where its files lie.
        config: The model's configuration.
        info: What ``mujaz.json`` says, or what was assumed where there is none.
        encoder: Turns its text into token ids.
        note: One line that says what was assumed; empty for a mujaz checkpoint.
    """

    name: str
    folder: Path
    config: PretrainedConfig
    info: CheckpointInfo
    encoder: TextEncoder
    note: str


def open_checkpoint(
    name: str | Path,
    *,
    task: Task,
    max_length: int | None = None,
    long: LongText | None = None,
    prefix: str | None = None,
    ignore_recipe_mismatch: bool = False,
    to_train: bool = False,
) -> OpenCheckpoint:
    """Find a checkpoint and read all but its weights.

    Args:
        name: Folder, embedded model, preset or hub id.
        task: What it is wanted for; a checkpoint without ``mujaz.json`` is taken to be of that task.
        max_length: Longest input in tokens; None takes the checkpoint's own.
        long: What is done with longer texts; None takes the checkpoint's own.
        prefix: What stands before each article, of a sequence-to-sequence model; None takes the checkpoint's own.
        ignore_recipe_mismatch: Go on with this version's recipe where it differs from the checkpoint's.
        to_train: It is to be trained for the task: an encoder may have been trained for another one before.

    Raises:
        CheckpointError: it is not there, cannot be read, or is of another task.
        RecipeMismatchError: its recipe is not the one this version has.
        UsageError: the length is more than it can read, or a prefix is given for an encoder.
    """
    folder = locate(name)
    config = load_config(folder)
    preset = _preset_of(name, config)
    tokenizer = load_tokenizer(folder, config, preset)
    _check_vocabulary(name, tokenizer, config)
    info, note = read_info(folder), ""
    if to_train and info is None:
        told_arabic(tokenizer, folder)
    if info is None:
        info = assumed_info(str(name), task, config, preset)
        recipe = get_recipe(info.recipe["name"])
        note = (
            f"{name} has no mujaz.json. Assumed: task {info.task}, recipe {recipe.name}, maximum length "
            f"{info.max_length}"
            + (f", labels {', '.join(info.labels)}" if info.labels else "")
            + (f", prefix {info.prefix!r}" if info.prefix else "")
            + f".{_other_prefix(config) if prefix is None and not info.prefix else ''}"
        )
    else:
        recipe = recipe_from_json(info.recipe, allow_mismatch=ignore_recipe_mismatch)
    hand_over(tokenizer, recipe)
    _check_task(name, info, config, task, to_train=to_train and not config.is_encoder_decoder)
    length = checked_max_length(max_length or info.max_length, config, preset)
    tokenizer.model_max_length = length
    before = _checked_prefix(name, config, info.prefix or "" if prefix is None else prefix)
    how = (long or info.long_text, info.pair or PairConfig(), before)
    encoder = TextEncoder(tokenizer, recipe, length, info.clean_article, *how)
    shown = folder.name if folder.parent == EMBEDDED else str(name)
    return OpenCheckpoint(shown, folder, config, info, encoder, note)


def _check_vocabulary(name: str | Path, tokenizer: PreTrainedTokenizerBase, config: PretrainedConfig) -> None:
    """Refuse a tokenizer that gives ids for which the model has no embedding: it would fail at the first such word."""
    size = getattr(config, "vocab_size", None)
    if size is None or len(tokenizer) <= size:
        return
    special = {place for place, token in tokenizer.added_tokens_decoder.items() if token.special}  # no text has those
    if any(place >= size and place not in special for place in tokenizer.get_vocab().values()):
        raise CheckpointError(
            f"{name}: the tokenizer has {len(tokenizer):,} pieces, the model embeddings for {size:,}. The files are not of "
            "one model: bring the tokenizer that it was trained with."
        )


def hand_over(tokenizer: PreTrainedTokenizerBase, recipe: Recipe) -> None:
    """Let Python prepare the text from now on, and the tokenizer know what the recipe writes; in place.

    Python does it faster and completely. Saving puts the recipe back into the tokenizer.
    """
    attach_recipe(tokenizer, recipe)  # registers [رابط], [بريد], [مستخدم] as whole pieces
    detach_recipe(tokenizer)


def assumed_info(name: str, task: Task, config: PretrainedConfig, preset: Preset | None) -> CheckpointInfo:
    """What to take a checkpoint for that says nothing of itself."""
    names: dict[Any, Any] = dict(config.id2label or {})
    labels = [str(names[i]) for i in sorted(names)] if task != "summary" else []
    return CheckpointInfo(
        task=task,
        labels=labels,
        recipe=get_recipe(preset.recipe if preset else "none").to_json(),
        max_length=longest_input(config, preset),
        prefix=getattr(config, "prefix", None) if task == "summary" and config.is_encoder_decoder else None,
        base_model=name,
        multi_label=untuned(len(labels)) if config.problem_type == PROBLEM_TYPE and task == "topic" else None,
    )


def _checked_prefix(name: str | Path, config: PretrainedConfig, prefix: str) -> str:
    if prefix and not config.is_encoder_decoder:
        raise UsageError(
            f"a prefix is for sequence-to-sequence models (mT5, AraT5): {name} is an encoder, which was never told its task "
            "in words. Leave it out."
        )
    return prefix


def named_prefix(config: PretrainedConfig) -> str:
    """The prefix of the T5 that a checkpoint began as; empty where there is none.

    Whether it was fine-tuned with it, nothing tells. Pipelines of transformers 4 put it there where they were called
    "summarization", not "text2text-generation".
    """
    settings = getattr(config, "task_specific_params", None) or {}
    return str((settings.get("summarization") or {}).get("prefix") or "")


def _other_prefix(config: PretrainedConfig) -> str:
    named = named_prefix(config)
    return (
        f" Its config.json has the prefix {named!r}, which is not used unless it is asked for (prefix)."
        if named
        else ""
    )


def _preset_of(name: str | Path, config: PretrainedConfig) -> Preset | None:
    """By the name given, or by the name the configuration was saved under."""
    return find_preset(str(name)) or find_preset(str(getattr(config, "_name_or_path", "") or ""))


def _check_task(
    name: str | Path, info: CheckpointInfo, config: PretrainedConfig, wanted: Task, *, to_train: bool
) -> None:
    kind = "seq2seq" if config.is_encoder_decoder else "encoder"
    if wanted not in _TASKS_BY_KIND[kind]:
        raise CheckpointError(
            f"{name} is {'a sequence-to-sequence model' if kind == 'seq2seq' else 'an encoder'} ({config.model_type}), "
            f"which cannot do task '{wanted}'. Give a model for {wanted}; 'mujaz models' lists some."
        )
    if info.task == "pretraining" or to_train:
        return  # no task of its own yet: what is missing is said where the weights are loaded
    if (info.task == "summary") != (wanted == "summary"):
        other = "summarize" if info.task == "summary" else "classify"
        raise CheckpointError(f"{name} was trained for task '{info.task}', not for '{wanted}': use 'mujaz {other}'.")
    labels_texts = [one for one in config.architectures or () if "ForSequenceClassification" in one]
    if info.task == "summary" and labels_texts:
        raise CheckpointError(f"{name} labels texts ({labels_texts[0]}), and writes nothing: it cannot summarize.")
    ids: dict[Any, Any] = dict(config.id2label or {})
    if info.task != "summary" and len(info.labels) != len(ids):
        raise CheckpointError(
            f"{name}: mujaz.json names {len(info.labels)} labels, config.json {len(ids)}. The files are not of one model."
        )
    if info.task != "summary":
        _check_names(name, info, [str(ids[i]) for i in sorted(ids)])


def _check_names(name: str | Path, info: CheckpointInfo, in_config: list[str]) -> None:
    if len(set(info.labels)) < len(info.labels) or not all(label.strip() for label in info.labels):
        raise CheckpointError(
            f"{name}: expected names of labels that differ, found {', '.join(map(repr, info.labels))}."
        )
    if len(info.labels) == 1 and not info.multi_label:
        raise CheckpointError(f"{name} has one label, '{info.labels[0]}': expected a classifier with two or more.")
    if in_config != info.labels and not all(UNNAMED.fullmatch(one) for one in in_config):
        raise CheckpointError(
            f"{name}: mujaz.json has the labels {', '.join(info.labels)}, config.json {', '.join(in_config)}. The files are "
            "not of one model, or one of them was edited: bring them to the same names in the same order."
        )
