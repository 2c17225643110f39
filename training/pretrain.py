"""Pretrain a model on plain text: a config in, a tokenizer and an encoder or an encoder-decoder out.

From nothing, or going on with an encoder that is there (``model.name``).
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from mujaz.configs.pretrain_schema import PretrainConfig
from mujaz.errors import DataError, OutputError, UsageError
from mujaz.models.checkpoint import CheckpointInfo, DataInfo
from mujaz.models.encoding import TextEncoder
from mujaz.models.opening import hand_over
from mujaz.models.saving import library_versions, save_checkpoint
from mujaz.training.arguments import trains_in_bfloat16
from mujaz.training.callbacks import Report
from mujaz.training.compiling import compiled_to_train
from mujaz.training.continuing import Origin, origin_of
from mujaz.training.cpu_speed import quick_on_cpu
from mujaz.training.objectives import Objective, objective_of
from mujaz.training.pretrain_shards import MANIFEST, ShardedRows, shards_are_there
from mujaz.training.pretrain_texts import Documents, draw, identity
from mujaz.training.pretrain_trainer import build_pretrainer
from mujaz.training.processes import launched
from mujaz.training.resume import (
    CHECKPOINTS,
    METRICS_FILE,
    OF_A_MODEL,
    alone,
    begin_run,
    claim,
    open_run,
    same_data,
)
from mujaz.training.run_folder import refuse_same_folder, remove
from mujaz.training.running import explained, loss_curve, run_trainer
from mujaz.training.trackers import check_trackers
from mujaz.whole_files import write_whole

SHARDS = "shards"
NEW_SHARDS = "shards.new"  # while those of the run before may still be needed


@dataclass(frozen=True)
class PretrainResult:
    """What a pretraining left behind.

    Attributes:
        folder: The checkpoint, to be named as ``model.name`` of a training config.
        steps: Updates made, over all sittings.
        seconds: Wall time of this sitting.
        tokens: Tokens read over all sittings, special tokens included.
        loss: On held-out text at the end, nats a token that was to be guessed; None without held-out text.
    """

    folder: Path
    steps: int
    seconds: float
    tokens: int
    loss: float | None


def pretrain(
    config: PretrainConfig, *, restart: bool = False, progress: bool = False, report: Report | None = None
) -> PretrainResult:
    """Train a tokenizer and a model, or go on with one. What was killed goes on from its last checkpoint when called again.

    Args:
        config: From :func:`mujaz.configs.loading.load_pretrain_config`, or built in Python.
        restart: Begin again, even where the output folder holds a run.
        progress: Show progress bars.
        report: Receives lines for people as the training goes.

    Raises:
        UsageError: data or settings are wrong, or the output holds another run.
        CheckpointError: the encoder to go on with cannot be had, or guesses no words.
        TrainingError: the training cannot go on (loss is NaN, out of memory).
        OutputError: the disk is full or the folder not writable; the last good checkpoint stays.
    """
    if launched() > 1:
        raise UsageError(
            "mujaz pretrain runs in one process. Start it without a launcher; mujaz train runs in several."
        )
    check_trackers(config.training.report_to)
    say = report or (lambda line: None)
    refuse_same_folder(config.output, {"model.name": [config.model.name or ""]})
    with alone(Path(config.output)):
        return _pretrained(config, restart=restart, progress=progress, say=say)


def _pretrained(config: PretrainConfig, *, restart: bool, progress: bool, say: Report) -> PretrainResult:
    began = time.monotonic()
    resume = open_run(config, restart=restart, writes=(SHARDS, *OF_A_MODEL))
    folder = Path(config.output)
    origin = origin_of(config)
    objective = objective_of(config, origin)
    given = objective.new_model(origin.tokenizer) if origin.tokenizer else None  # refused before hours of tokenizing
    tokenizer = _tokenized(config, objective, origin, resume, restart=restart, say=say)
    steps = pretraining_steps(config, objective.rows(folder / SHARDS, "train").rows)
    rows = steps * config.training.batch_size * config.training.gradient_accumulation
    train = objective.rows(folder / SHARDS, "train", rows, config.training.seed)
    held_out = objective.rows(folder / SHARDS, "held_out")
    model = given or objective.new_model(tokenizer)
    if not resume:
        objective.prime(model, train, tokenizer, say)
    for line in plan_lines(config, origin, objective, model, train, held_out, steps):
        say(line)
    if resume:
        say(f"resuming from {resume.name} (--restart begins again)")
    collate = objective.collator(tokenizer, train)
    trainer = build_pretrainer(config, model, train, held_out, collate, steps, progress=progress, report=say)
    with quick_on_cpu(model, config.training), compiled_to_train(model, config.training):
        run_trainer(trainer, resume, folder)
    loss = trainer.evaluate()["eval_loss"] if len(held_out) else None
    with explained(folder):
        _save(config, origin, objective, model, tokenizer)
    tokens = train.tokens(trainer.state.global_step * rows // steps)
    result = PretrainResult(folder, trainer.state.global_step, time.monotonic() - began, tokens, loss)
    _write_metrics(result, loss_curve(trainer.state.log_history))
    for rest in (CHECKPOINTS, SHARDS, NEW_SHARDS):
        shutil.rmtree(folder / rest, ignore_errors=True)
    return result


def pretraining_steps(config: PretrainConfig, rows: int) -> int:
    """Updates of the weights over the whole pretraining."""
    settings = config.training
    a_step = settings.batch_size * settings.gradient_accumulation
    return settings.max_steps or math.ceil(rows * settings.passes / a_step)


def plan_lines(
    config: PretrainConfig,
    origin: Origin,
    objective: Objective,
    model: PreTrainedModel,
    train: ShardedRows,
    held_out: ShardedRows,
    steps: int,
) -> list[str]:
    """The size of the job, for people."""
    pieces = model.config.vocab_size
    number_format = "bfloat16" if trains_in_bfloat16(config.training) else "float32"
    return [
        f"text: {train.tokens(train.rows) / 1e6:.1f} M tokens, {held_out.tokens(held_out.rows) / 1e6:.2f} M held out, "
        f"{objective.rows_are}",
        f"model: {model.num_parameters() / 1e6:.1f} M parameters, {pieces:,} pieces, recipe {origin.recipe.name}",
        f"training: {steps:,} steps, {train.tokens(len(train)) / 1e6:.1f} M tokens, {len(train) / train.rows:.2f} passes, "
        f"in {number_format}",
    ]


def _tokenized(
    config: PretrainConfig, objective: Objective, origin: Origin, resume: Path | None, *, restart: bool, say: Report
) -> PreTrainedTokenizerBase:
    """What :func:`prepare_text` makes, of the text that the run began with; a run that is begun again begins behind it."""
    folder, text = Path(config.output), identity(config.data)
    if resume:
        same_data(folder, text, resume)
        return prepare_text(config, objective, origin, text, folder / SHARDS, say)
    claim(config)
    place = folder / (NEW_SHARDS if restart else SHARDS)
    if restart:
        remove(folder, (NEW_SHARDS,))
    try:
        tokenizer = prepare_text(config, objective, origin, text, place, say)
    except (DataError, OutputError):  # what is on disk by now must not pass for a run that has begun
        shutil.rmtree(place, ignore_errors=True)
        raise
    begin_run(config)
    if restart:
        remove(folder, (SHARDS,))
        _on_disk(lambda: place.rename(folder / SHARDS), folder)
    same_data(folder, text, None)
    return tokenizer


def prepare_text(
    config: PretrainConfig, objective: Objective, origin: Origin, text: str, folder: Path, say: Report
) -> PreTrainedTokenizerBase:
    """The tokenizer, and the text tokenized into shards; both are taken from their folder where they are there.

    ``text`` tells the files from others (:func:`mujaz.training.pretrain_texts.identity`).
    """
    recipe = origin.recipe
    fingerprint = _fingerprint(config, objective, origin, text)
    if shards_are_there(folder, fingerprint):
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        hand_over(tokenizer, recipe)
        return tokenizer
    documents = Documents(config.data, recipe)
    tokenizer = origin.tokenizer
    if tokenizer is None:
        say("training the tokenizer")
        tokenizer = objective.train_tokenizer(draw(documents, config.tokenizer.texts, config.training.seed))
    hand_over(tokenizer, recipe)
    say("tokenizing the text")
    _on_disk(lambda: tokenizer.save_pretrained(folder), folder)
    _on_disk(lambda: objective.write(folder, documents, tokenizer, fingerprint), folder)
    say(str(documents.counts))
    return tokenizer


def _on_disk(write: Callable[[], Any], folder: Path) -> None:
    try:
        write()
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}") from error


def _fingerprint(config: PretrainConfig, objective: Objective, origin: Origin, text: str) -> str:
    """Of all that tokenizer and shards depend on."""
    parts = [
        origin.recipe.to_json(),
        config.data.model_dump(exclude={"train", "exclude"}),  # what they hold counts, and not where they lie
        text,
        config.tokenizer.model_dump(),
        config.model.vocab_size,
        config.model.sequence_length,
        config.training.seed,
        *objective.depends,
        *(sorted(origin.tokenizer.get_vocab()) if origin.tokenizer else []),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _save(
    config: PretrainConfig,
    origin: Origin,
    objective: Objective,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    """The checkpoint, as ``mujaz train`` and plain transformers load it."""
    folder = Path(config.output)
    manifest = json.loads((folder / SHARDS / MANIFEST).read_text(encoding="utf-8"))
    recipe = origin.recipe
    sources = [config.data.train] if isinstance(config.data.train, str) else config.data.train
    info = CheckpointInfo(
        task="pretraining",
        recipe=recipe.to_json(),
        max_length=objective.max_length,
        base_model=origin.base_model,
        versions=library_versions(),
        data=DataInfo(
            rows=sum(manifest["train"]),
            fingerprint=manifest["fingerprint"],
            files=["/".join(Path(name).parts[-3:]) for name in sources],
        ),
        licence=config.licence or origin.licence,
    )
    generation = objective.finish(model, tokenizer)
    save_checkpoint(folder, model, TextEncoder(tokenizer, recipe, objective.max_length), info, generation)


def _write_metrics(result: PretrainResult, log: list[dict[str, Any]]) -> None:
    metrics = {
        "steps": result.steps,
        "seconds": round(result.seconds, 1),
        "tokens": result.tokens,
        "held_out_loss": result.loss,
        "log": log,
    }
    path = result.folder / METRICS_FILE
    write_whole(path, orjson.dumps(metrics, option=orjson.OPT_INDENT_2) + b"\n")
