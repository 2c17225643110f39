"""Load models and tokenizers from a local folder, with an answer to each trap of transformers 5.

The traps: a checkpoint's own number format is taken unless told otherwise; ``model_max_length`` is 1e30 where nobody set
it; BERT tokenizers without a configuration lower-case and so strip hamza; the heads of mT5 and T5 v1.1 are re-tied to the
embeddings by any resize; a classification head that is missing is filled with random numbers; the error for a missing
sentencepiece speaks of tiktoken.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import AutoConfig, AutoTokenizer, PretrainedConfig, PreTrainedTokenizerBase
from transformers.utils import logging as hf_logging

from mujaz.errors import CheckpointError, UsageError
from mujaz.models.presets import Preset

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Where neither the configuration nor the preset knows a limit (relative positions): what mT5 and its kin were trained at.
DEFAULT_MAX_LENGTH = 512

# Positions start after the padding index in these, so that many of the position embeddings are never used.
_POSITIONS_AFTER_PAD = frozenset({"roberta", "xlm-roberta", "camembert", "longformer"})


UNNAMED = re.compile(r"LABEL_\d+")  # what transformers calls labels that nobody named

_TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Without the progress bars and load reports of transformers: mujaz checks and says what matters itself."""
    verbosity = hf_logging.get_verbosity()
    bars = hf_logging.is_progress_bar_enabled()
    hf_logging.set_verbosity_error()
    hf_logging.disable_progress_bar()
    try:
        yield
    finally:
        hf_logging.set_verbosity(verbosity)
        if bars:
            hf_logging.enable_progress_bar()


def load_config(folder: Path) -> PretrainedConfig:
    """The model's configuration.

    Raises:
        CheckpointError: ``config.json`` is broken, or of an architecture that transformers does not know.
    """
    try:
        return AutoConfig.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"{folder / 'config.json'} cannot be used: {_first_line(error)}") from error


def load_tokenizer(folder: Path, config: PretrainedConfig, preset: Preset | None = None) -> PreTrainedTokenizerBase:
    """The tokenizer of a checkpoint, cased unless the checkpoint or its preset says otherwise.

    Raises:
        CheckpointError: there is none, it cannot be read, or packages for it are missing.
    """
    if not any(path for pattern in _TOKENIZER_FILES for path in folder.glob(pattern)):
        # transformers 5 makes an empty one, to which all words are unknown, and says nothing
        raise CheckpointError(f"{folder}: it holds no tokenizer: expected one of {', '.join(_TOKENIZER_FILES)}.")
    options: dict[str, Any] = {}
    wordpiece = config.model_type == "bert" or (folder / "vocab.txt").is_file()  # ELECTRA's and DistilBERT's too
    if wordpiece and _stated_lowercase(folder) is None:
        options["do_lower_case"] = preset.lowercase if preset else False
    try:
        with quiet_transformers():
            tokenizer = AutoTokenizer.from_pretrained(folder, **options)
    except Exception as error:  # which class it is differs by tokenizer and version
        raise _tokenizer_error(folder, error) from error
    if not tokenizer.is_fast:
        raise CheckpointError(f"{folder}: {type(tokenizer).__name__} is not a fast tokenizer, which mujaz needs.")
    return tokenizer


def _stated_lowercase(folder: Path) -> bool | None:
    """What the saved tokenizer says of lower-casing, or None where it says nothing and transformers would guess True."""
    settings = _read_json(folder / "tokenizer_config.json")
    if isinstance(settings.get("do_lower_case"), bool):
        return bool(settings["do_lower_case"])
    normalizer = _read_json(folder / "tokenizer.json").get("normalizer") or {}
    for step in [normalizer, *normalizer.get("normalizers", [])]:
        if "lowercase" in step:
            return bool(step["lowercase"])
    return None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _tokenizer_error(folder: Path, error: Exception) -> CheckpointError:
    missing = [name for name in ("sentencepiece", "google.protobuf") if importlib.util.find_spec(name) is None]
    if missing and any(folder.glob("*.model")):
        packages = " ".join(name.removeprefix("google.") for name in missing)
        return CheckpointError(
            f"{folder}: its tokenizer is a sentencepiece model, and reading one needs packages that are not installed. "
            f"Install them: pip install {packages}."
        )
    return CheckpointError(f"{folder}: no tokenizer can be loaded from it: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def longest_input(config: PretrainedConfig, preset: Preset | None = None) -> int:
    """The longest input in tokens that a model can read, special tokens included.

    Taken from the position embeddings, since ``tokenizer.model_max_length`` is 1e30 for many Arabic models.
    """
    config = getattr(config, "encoder", config)  # of a pair like bert2bert
    positions = getattr(config, "max_position_embeddings", None)
    if positions is None:
        return preset.max_length if preset else DEFAULT_MAX_LENGTH
    if config.model_type in _POSITIONS_AFTER_PAD:
        positions -= (config.pad_token_id or 0) + 1
    return int(positions)


def longest_output(config: PretrainedConfig) -> int | None:
    """The longest text in tokens that a decoder can write; None where it has no table of positions, as T5's."""
    decoder = getattr(config, "decoder", config)
    positions = getattr(decoder, "max_decoder_position_embeddings", None)  # LED's encoder has more
    if positions is None and getattr(decoder, "max_position_embeddings", None) is None:
        return None
    return int(positions or longest_input(decoder)) - 1  # the token that it begins with has a position too


def checked_max_length(requested: int | None, config: PretrainedConfig, preset: Preset | None = None) -> int:
    """The maximum length to work with: what was asked for, or the longest input the model can read.

    Raises:
        UsageError: more was asked for than the model has positions.
    """
    limit = longest_input(config, preset)
    if requested is None:
        return limit
    if requested > limit and getattr(getattr(config, "encoder", config), "max_position_embeddings", None) is not None:
        raise UsageError(f"max_length {requested} is more than this model can read: it has {limit} positions.")
    return int(requested)  # of numpy's, JSON would refuse


def load_classifier(folder: Path, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """A trained classifier, in evaluation mode.

    Raises:
        CheckpointError: the checkpoint has no classification head, or cannot be read.
    """
    return _load_with_head("AutoModelForSequenceClassification", folder, dtype, "trained classification head")


def _load_with_head(auto: str, folder: Path, dtype: torch.dtype, head: str) -> PreTrainedModel:
    model, missing = _load(auto, folder, dtype)
    if missing:
        raise CheckpointError(
            f"{folder} has no {head} (missing: {', '.join(sorted(missing)[:3])}). It is a pretrained encoder, or was "
            "trained for another task: fine-tune it first with 'mujaz train'."
        )
    return model.eval()


def load_for_classification(folder: Path, labels: Sequence[str], had: Sequence[str] = ()) -> PreTrainedModel:
    """A pretrained encoder with a head for these labels.

    Args:
        folder: The checkpoint.
        labels: Names, in the order of the logits. Of the layer that gives them, the rows of those that the checkpoint has
            too are kept, the others are new, at random: a row that said "entailment" says nothing of "agree".
        had: The checkpoint's own labels, in the order of its logits; none where it has no head that gives labels.

    Raises:
        CheckpointError: the checkpoint is incomplete or cannot be read.
    """
    return _load_with_labels("AutoModelForSequenceClassification", folder, labels, had)


def same_names(had: Sequence[str], names: Sequence[str]) -> dict[int, int]:
    """Which outputs of a start are outputs of what goes on from it: place there -> place before.

    Args:
        had: Names of the start's outputs. LABEL_0 and the like name nothing, unless all are the same.
        names: Of what goes on from it.
    """
    if list(had) == list(names):
        return {place: place for place in range(len(names))}
    before = {name: place for place, name in enumerate(had) if not UNNAMED.fullmatch(name)}
    return {place: before[name] for place, name in enumerate(names) if name in before}


def _load_with_labels(auto: str, folder: Path, labels: Sequence[str], had: Sequence[str]) -> PreTrainedModel:
    names = dict(enumerate(labels))
    model, _ = _load(
        auto,
        folder,
        torch.float32,
        num_labels=len(names),
        id2label=names,
        label2id={name: index for index, name in names.items()},
        ignore_mismatched_sizes=True,
    )
    if list(had) == list(labels):
        return model
    layer = _output_layer(model)
    for part in (layer, *layer.parameters()):
        setattr(part, "_is_hf_initialized", False)  # noqa: B010  # else transformers leaves it as it was loaded
    model._init_weights(layer)
    kept = same_names(had, labels)
    if kept:
        old, missing = _load(auto, folder, torch.float32)
        before = _output_layer(old)
        if before.out_features != len(had):
            raise CheckpointError(
                f"{folder}: mujaz.json names {len(had)} labels, config.json {before.out_features}. The files are not of one "
                "model."
            )
        if not missing:
            _copy_rows(layer, before, kept)
    return model


def _output_layer(model: PreTrainedModel) -> torch.nn.Linear:
    """The layer of a classifier that gives the labels: the last of its head, however an architecture calls it."""
    heads = (child for name, child in model.named_children() if name != model.base_model_prefix)
    return [layer for head in heads for layer in head.modules() if isinstance(layer, torch.nn.Linear)][-1]


@torch.no_grad()
def _copy_rows(layer: torch.nn.Linear, old: torch.nn.Linear, places: Mapping[int, int]) -> None:
    for now, before in places.items():
        layer.weight[now] = old.weight[before]
        if layer.bias is not None:
            layer.bias[now] = old.bias[before]


def load_selector(folder: Path, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """A trained encoder that chooses words, in evaluation mode.

    Raises:
        CheckpointError: the checkpoint has no such head, or cannot be read.
    """
    return _load_with_head("AutoModelForTokenClassification", folder, dtype, "head that chooses words (task: summary)")


def load_for_selection(folder: Path, outputs: Sequence[str]) -> PreTrainedModel:
    """A pretrained encoder with a layer that gives each token these outputs: those that it has, the others at random.

    Raises:
        CheckpointError: the checkpoint cannot be read.
    """
    before: dict[Any, str] = load_config(folder).id2label or {}
    had = [before[place] for place in sorted(before)]
    return _load_with_labels("AutoModelForTokenClassification", folder, outputs, had)


def load_seq2seq(folder: Path, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """A sequence-to-sequence model in evaluation mode, its head safe from being re-tied.

    Raises:
        CheckpointError: the checkpoint is of another kind, incomplete or cannot be read.
    """
    model, missing = _load("AutoModelForSeq2SeqLM", folder, dtype)
    if missing:
        raise CheckpointError(f"{folder} is incomplete: weights are missing ({', '.join(sorted(missing)[:3])}).")
    protect_head(model)
    known: Any = model.generation_config
    if known.decoder_start_token_id is None:  # older checkpoints name it in config.json alone
        known.decoder_start_token_id = getattr(model.config, "decoder_start_token_id", None)
    return model.eval()


def load_masked_lm(folder: Path, dropout: float) -> PreTrainedModel:
    """A BERT with the head that guesses masked words.

    Args:
        folder: The checkpoint.
        dropout: Of the model while it is trained.

    Raises:
        CheckpointError: the checkpoint is of another architecture, has no such head, or cannot be read.
    """
    kind = load_config(folder).model_type
    if kind != "bert":
        raise CheckpointError(f"{folder} is a model of type {kind}: expected bert, whose head guesses masked words.")
    options = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    model, missing = _load("AutoModelForMaskedLM", folder, torch.float32, **options)
    if missing:
        raise CheckpointError(
            f"{folder} has no head that guesses masked words (missing: {', '.join(sorted(missing)[:3])}). "
            "Give a pretrained encoder, not one that was fine-tuned."
        )
    return model


def _load(auto: str, folder: Path, dtype: torch.dtype, **options: Any) -> tuple[PreTrainedModel, set[str]]:
    """A model by one of the classes that transformers names ``AutoModelFor…``, and the keys that were missing."""
    import transformers

    try:
        with quiet_transformers():
            model, report = getattr(transformers, auto).from_pretrained(
                folder, dtype=dtype, output_loading_info=True, **options
            )
    except (
        Exception
    ) as error:  # OSError, ValueError, SafetensorError, RuntimeError: whatever the reader underneath raises
        why = _first_line(error)
        if "ignore_mismatched_sizes" in why:
            why = "its weights have other sizes than config.json says. Does id2label there name all labels?"
        raise CheckpointError(f"{folder} cannot be loaded: {why}") from error
    return model, set(report["missing_keys"])


def protect_head(model: PreTrainedModel) -> None:
    """Keep the head of mT5 and T5 v1.1 apart from the embeddings, for good.

    Their published heads are trained apart and their outputs are not scaled. transformers 5 forces the configuration to
    "tied" all the same, so that any resize overwrites the head, and a saved copy gives other logits in transformers 4.
    Here the model is marked untied (and gets a head of its own where it shared one), which both versions read alike.
    """
    config = model.config
    unscaled = config.model_type in {"mt5", "umt5"} or not getattr(config, "scale_decoder_outputs", True)
    if config.model_type not in {"t5", "mt5", "umt5"} or not unscaled:
        return
    head: Any = model.get_output_embeddings()
    embeddings: Any = model.get_input_embeddings()
    if head.weight is embeddings.weight:
        head.weight = torch.nn.Parameter(head.weight.detach().clone())
    config.tie_word_embeddings = False
