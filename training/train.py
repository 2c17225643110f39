"""Fine-tune a model on labelled data: a config in, a checkpoint out."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import torch
from transformers import (
    EarlyStoppingCallback,
    EvalPrediction,
    PreTrainedModel,
    PrinterCallback,
    Trainer,
    TrainerCallback,
)

from mujaz.configs.loading import resolved_yaml
from mujaz.configs.schema import TrainConfig
from mujaz.errors import UsageError
from mujaz.models.checkpoint import TRAINED_FILE
from mujaz.models.classifier import TextClassifier
from mujaz.models.machine import DTYPES
from mujaz.models.saving import save_checkpoint
from mujaz.models.spelling import SPELLINGS_FILE, Spelling, folds
from mujaz.models.summarizer import Summarizer
from mujaz.training.arguments import best_by, generation_config, selects, training_arguments
from mujaz.training.averaging import averaged_with_start
from mujaz.training.calibration import calibrate_checkpoint, calibration_line
from mujaz.training.callbacks import LogLines, QuietProgress, Report, SaveEvery
from mujaz.training.card import CARD_FILE, SCORED_ON_DEV, model_card, origin_of, write_card
from mujaz.training.checks import quick_check
from mujaz.training.compiling import compiled_to_train
from mujaz.training.cpu_speed import quick_on_cpu
from mujaz.training.data import load_splits, targets_again
from mujaz.training.distillation import DistillingTrainer, besides, taught
from mujaz.training.encoded import Collator, with_filler
from mujaz.training.evaluation import PREDICTIONS_FILE, Evaluation, evaluate
from mujaz.training.intermediate import check_step, drop_old_step, intermediate_steps
from mujaz.training.job import Job, checkpoint_info, done_before, opening_lines, prepare
from mujaz.training.job_loss import loss_of, remembering
from mujaz.training.layers import decay_by_layer
from mujaz.training.long_text import choose_long_text, long_text_line
from mujaz.training.lora import ADAPTER, merged, plain, save_adapter
from mujaz.training.metrics import ClassificationMetric
from mujaz.training.multi_label import honest_scores, thresholds_line, tune_checkpoint
from mujaz.training.noise import noisy
from mujaz.training.processes import count, first_alone, is_first, join
from mujaz.training.provenance import data_info
from mujaz.training.remembering import RememberingTrainer
from mujaz.training.report.inputs import ReportInput
from mujaz.training.report.report import REPORT_FILE, write_report
from mujaz.training.resume import (
    CHECKPOINTS,
    METRICS_FILE,
    OF_A_MODEL,
    alone,
    begin_run,
    claim,
    goes_on,
    open_run,
    same_data,
)
from mujaz.training.run_folder import refuse_same_folder, remove
from mujaz.training.running import explained, kept_scores, kept_step, loss_curve, run_trainer, whole_model
from mujaz.training.sampling import GroupedSampler, sample_with
from mujaz.training.selection import (
    find_least,
    least_line,
    selection_info,
    selection_metrics,
)
from mujaz.training.summary_trainer import SummaryTrainer, summary_metrics
from mujaz.training.teaching import TEACHER
from mujaz.training.trackers import check_trackers, tracker_callbacks
from mujaz.training.trained_texts import keep, learnt_before, sources
from mujaz.whole_files import write_whole

_LEAVES = (*OF_A_MODEL, CARD_FILE, REPORT_FILE, PREDICTIONS_FILE, ADAPTER, SPELLINGS_FILE, TRAINED_FILE)
WRITES = (*_LEAVES, TEACHER)


@dataclass(frozen=True)
class TrainResult:
    """What a training left behind.

    Attributes:
        folder: The checkpoint.
        steps: Updates made, over all sittings.
        seconds: Wall time of this sitting.
        evaluation: On the test data, else on the dev data; None without either.
        split: ``test``, ``dev`` or empty.
        metrics: What ``metrics.json`` says.
    """

    folder: Path
    steps: int
    seconds: float
    evaluation: Evaluation | None
    split: str
    metrics: dict[str, Any]


def train(
    config: TrainConfig, *, restart: bool = False, progress: bool = False, report: Report | None = None
) -> TrainResult:
    """Fine-tune a model. A training that was killed goes on from its last checkpoint when called again.

    Args:
        config: From :func:`mujaz.configs.loading.load_config`, or built in Python.
        restart: Begin again, even where the output folder holds a run.
        progress: Show progress bars.
        report: Receives lines for people as the training goes.

    Raises:
        UsageError: data, model or settings are wrong, or the output holds another run, or one that is at work.
        TrainingError: the training cannot go on (loss is NaN, out of memory).
        OutputError: the disk is full or the folder not writable; the last good checkpoint stays.
    """
    if not isinstance(config, TrainConfig):
        raise UsageError(f"train expects a TrainConfig, found {type(config).__name__}. Write train(load_config(…)).")
    check_trackers(config.training.report_to)
    join(config.training.device)
    if config.distill and count() > 1:
        raise UsageError("a distillation runs in one process: start it without a launcher, or leave distill out.")
    say = report if report and is_first() else (lambda line: None)
    progress = progress and is_first()
    began = time.monotonic()
    _check_output(config)
    with alone(Path(config.output)):
        if config.intermediate:  # what is wrong is known before hours of the step before
            load_splits(config.data, config.task)
            second = intermediate_steps(config)[1]
            first_alone(lambda: goes_on(second, restart=restart, writes=WRITES))
            config = train_intermediate(config, restart=restart, progress=progress, report=say)
        resume = first_alone(lambda: open_run(config, restart=restart, writes=WRITES))
        job, trainer = fit(config, resume, restart=restart, progress=progress, report=say)
        kept_scores(trainer, config, say)
        model = whole_model(trainer, job.start.model)
        return first_alone(lambda: _leave(job, model, trainer, began, say))


def _check_output(config: TrainConfig) -> None:
    teachers = config.distill.teachers if config.distill else []
    refuse_same_folder(config.output, {"model.name": [config.model.name or ""], "distill.teacher": teachers})


def fit(
    config: TrainConfig,
    resume: Path | None,
    *,
    restart: bool = False,
    progress: bool,
    report: Report,
    callbacks: Sequence[TrainerCallback] = (),
) -> tuple[Job, Trainer]:
    """The training alone: nothing is saved but the Trainer's checkpoints, nothing scored but dev.

    Args:
        config: What was asked for.
        resume: The checkpoint to go on from.
        restart: A step before an earlier run in this folder may go, where this one does not learn from it.
        progress: Show progress bars.
        report: Receives lines for people.
        callbacks: More of the Trainer's.
    """
    job = prepare(config, resume)
    parts = (job.splits.train, job.splits.dev, job.splits.test)  # no row may have gone from one to another
    learnt = f"{data_info(job.splits.rows(), '').fingerprint} {'/'.join(str(len(part)) for part in parts)}"
    if config.distill:
        learnt = f"{learnt} {besides(config.distill)}"
    if resume:  # before a teacher is asked
        first_alone(lambda: same_data(Path(config.output), learnt, resume))
    if config.distill:
        claim(config)
        job = taught(job, config.distill, report)
    if is_first():
        for line in opening_lines(job, resume):
            report(line)
    trainer = build_trainer(job, progress=progress, report=report)
    for callback in callbacks:
        trainer.add_callback(callback)
    model, settings = plain(job.start.model), config.training
    noise = noisy(model, job.start.encoder.tokenizer, settings)
    averaged = averaged_with_start(model, settings.keep_of_start, job.start.new_outputs)
    with averaged, noise, quick_on_cpu(model, settings), compiled_to_train(model, settings):
        if not resume:  # nothing is refused any more: a run that is there may go
            first_alone(lambda: _begin(config, learnt, restart=restart))
        run_trainer(trainer, resume, Path(config.output))
    done, whole = trainer.state.global_step, trainer.state.max_steps
    if done < whole and is_first():
        report(f"stopped at step {done:,} of {whole:,}: dev did not become better any more (training.patience)")
    return job, trainer


def _begin(config: TrainConfig, learnt: str, *, restart: bool) -> None:
    begin_run(config)
    if restart:
        drop_old_step(config)
    same_data(Path(config.output), learnt, None)


def _leave(job: Job, model: PreTrainedModel, trainer: Trainer, began: float, say: Report) -> TrainResult:
    """Save, score and describe what was trained, and clear up."""
    config, folder = job.config, Path(job.config.output)
    generation = model.generation_config if model.config.is_encoder_decoder else None
    with explained(folder):
        remove(folder, _LEAVES)  # of a run before this one, which may have left more
        if config.model.lora:
            save_adapter(model, folder)
            model = merged(model)
        model.to(dtype=DTYPES[config.training.save_precision])  # type: ignore[call-arg]  # see classifier.py
        save_checkpoint(folder, model, job.start.encoder, checkpoint_info(job), generation)
        if generation and folds(job.start.encoder.recipe):
            Spelling.learnt(text for e in job.splits.train for text in (e.text, e.summary or "")).save(folder)
        keep(folder, job.learnt(), sources(config))
        result = _finish(job, trainer, folder, time.monotonic() - began, say)
    for rest in (CHECKPOINTS, TEACHER):
        shutil.rmtree(folder / rest, ignore_errors=True)
    return result


def train_intermediate(config: TrainConfig, *, restart: bool, progress: bool, report: Report) -> TrainConfig:
    """The step before a training: trained, or gone on with, unless it is done already.

    Args:
        config: With a section ``intermediate``.
        restart: Train it again.
        progress: Show progress bars.
        report: Receives lines for people.

    Returns:
        The config of the training that goes on from it.

    Raises:
        UsageError: as :func:`mujaz.training.intermediate.check_step`, and as :func:`train`.
    """
    first, second = intermediate_steps(config)
    if restart or first_alone(lambda: done_before(first)) is None:
        check_step(first, second)
        report(f"intermediate step, in {first.output}")
        train(first, restart=restart, progress=progress, report=report)
    report(f"going on from {first.output}")
    return second


def build_trainer(job: Job, *, progress: bool, report: Report) -> Trainer:
    """transformers' Trainer for a job."""
    config, model = job.config, job.start.model
    folder = Path(config.output) / CHECKPOINTS
    dev_rows = len(job.splits.dev)
    common: dict[str, Any] = {
        "model": model,
        "args": training_arguments(config, folder, len(job.train), dev_rows, plain(model)),
        "data_collator": Collator(job.start.encoder, model),
        "train_dataset": with_filler(job.train) if count() > 1 else job.train,
        "eval_dataset": job.dev,
        "processing_class": job.start.encoder.tokenizer,
        "callbacks": [
            LogLines(report),
            SaveEvery(config.training.save_every),
            *tracker_callbacks(config.training.report_to, folder.parent),
        ],
    }
    if config.training.patience and dev_rows:
        common["callbacks"].append(EarlyStoppingCallback(early_stopping_patience=config.training.patience))
    trainer: Trainer
    if selects(config, plain(model)):
        common["compute_metrics"] = selection_metrics(selection_info(job.splits.train, config.model.stretch))
        trainer = _plain_trainer(job, common)
    elif config.task == "summary":
        whole = plain(model)
        whole.generation_config = generation_config(config.generation, whole.generation_config)
        common["compute_metrics"] = summary_metrics(job.start.encoder.tokenizer)
        trainer = SummaryTrainer(config.training.copy_attention, compute_loss_func=loss_of(job), **common)
    else:
        common["compute_metrics"] = _label_metrics(job)
        trainer = _plain_trainer(job, common)
    if config.training.layer_decay < 1:
        decay_by_layer(trainer, config.training.layer_decay)
    sample_with(trainer, _sampler(job, trainer.args.world_size))
    trainer.remove_callback(PrinterCallback)  # prints dictionaries; LogLines says the same for people
    if progress:
        trainer.add_callback(QuietProgress())
    return trainer


def _plain_trainer(job: Job, common: dict[str, Any]) -> Trainer:
    if remembered := remembering(job):
        return RememberingTrainer(remembered, **common)
    if job.config.distill and job.config.task != "summary":  # a summarizer learns its teacher's texts
        return DistillingTrainer(job.config.distill, compute_loss_func=loss_of(job), **common)
    return Trainer(compute_loss_func=loss_of(job), **common)


def _sampler(job: Job, processes: int) -> GroupedSampler:
    settings = job.config.training
    step = settings.rows_at_once * processes
    return GroupedSampler(
        job.train["length"],
        step * settings.gradient_accumulation,
        settings.seed,
        job.train["label"] if settings.balanced_sampling else None,
        group=settings.group_by_length,
        multiple=step if processes > 1 else 1,
    )


def _label_metrics(job: Job) -> Callable[[EvalPrediction], dict[str, float]]:
    multi_label = job.splits.multi_label
    labels, metric, loss = job.splits.labels, ClassificationMetric(), loss_of(job)

    def compute(output: EvalPrediction) -> dict[str, float]:
        logits = output.predictions[0] if isinstance(output.predictions, tuple) else output.predictions
        if multi_label:
            scores = honest_scores(logits, np.asarray(output.label_ids) > 0, labels)
        else:
            scores = metric.compute(predictions=logits.argmax(-1), references=output.label_ids, labels=labels) or {}
        # The Trainer's own mean over batches counts rows twice that fill up the last batch of several processes.
        mean = loss({"logits": torch.from_numpy(logits)}, torch.from_numpy(output.label_ids))
        return {"loss": float(mean), **{name: scores[name] for name in ("accuracy", "macro_f1")}}

    return compute


def _as_users_load_it(config: TrainConfig, folder: Path) -> TextClassifier | Summarizer:
    if config.task == "summary":
        return Summarizer.from_pretrained(folder, device=config.training.device, engine="torch")  # as evaluate does
    return TextClassifier.from_pretrained(folder, task=config.task, device=config.training.device, engine="torch")


def _finish(job: Job, trainer: Trainer, folder: Path, seconds: float, report: Report) -> TrainResult:
    """Calibrate and score the saved checkpoint, loaded as a user would load it, and write ``metrics.json``."""
    config, splits = job.config, job.splits
    split, examples = ("test", splits.test) if splits.test else ("dev", splits.dev)
    outliers = splits.test_outliers if splits.test else splits.dev_outliers
    evaluation: Evaluation | None = None
    problems = [one.line for one in quick_check(splits) if one.level == "problem"]
    problems += [*learnt_before(config, {split: examples}), *targets_again(config.data, splits)]
    if examples:
        model = _as_users_load_it(config, folder)
        if isinstance(model, Summarizer) and (model.info.selection or model.info.faithful) and splits.dev:
            report(least_line(find_least(model, folder, splits.dev), len(splits.dev)))
        if isinstance(model, TextClassifier) and splits.dev:
            scores = choose_long_text(model, folder, splits.dev)
            if scores:
                report(long_text_line(scores, model.info.long_text))
            if splits.multi_label:
                tuned = tune_checkpoint(model, folder, splits.dev)
                report(thresholds_line(tuned, model.labels, len(splits.dev)))
            else:
                found = calibrate_checkpoint(model, folder, splits.dev, config.calibration, splits.dev_outliers)
                report(calibration_line(found, len(splits.dev), asked=config.calibration.temperature))
        evaluation = evaluate(model, [*examples, *outliers])
        evaluation.save_predictions(folder)
        named = {"train": splits.train, "dev": splits.dev, "test": splits.test}
        log, written = trainer.state.log_history, resolved_yaml(config)
        on_dev = (
            [f"{SCORED_ON_DEV}: for an honest score give data.test or data.test_fraction"] if split == "dev" else []
        )
        doubts = [*problems, *on_dev, *splits.warnings]
        kept = kept_step(trainer.state, best_by(config, plain(job.start.model)))
        given = ReportInput(model, evaluation, examples, split, folder.name, written, log, named, doubts, kept)
        write_report(folder / REPORT_FILE, given)
        for line in (*([f"kept: {kept}"] if kept else []), *on_dev, f"report: {folder / REPORT_FILE}"):
            report(line)
        origin = origin_of(config.data, split, config.task)
        of: dict[str, Any] = {"split": split, "rows": len(examples), "origin": origin, "left_out": splits.left_out}
        write_card(folder, model_card(model.info, evaluation.metrics, name=folder.name, problems=problems, **of))
    metrics = {
        "task": config.task,
        "steps": trainer.state.global_step,
        "seconds": round(seconds, 1),
        "best_dev": trainer.state.best_metric,
        "best_dev_metric": best_by(config, plain(job.start.model)),
        "split": split if evaluation else None,
        "rows": len(examples),
        "left_out": splits.left_out,
        "problems": problems,
        "metrics": evaluation.metrics if evaluation else None,
        "log": loss_curve(trainer.state.log_history),
    }
    write_whole(folder / METRICS_FILE, orjson.dumps(metrics, option=orjson.OPT_INDENT_2) + b"\n")
    return TrainResult(folder, trainer.state.global_step, seconds, evaluation, split if evaluation else "", metrics)
