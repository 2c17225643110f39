"""``mujaz train``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from mujaz.commands.stopping import exit_code, terminable

if TYPE_CHECKING:
    from mujaz.configs.schema import TrainConfig


@click.command("train")
@click.argument("config", metavar="CONFIG")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a value of the config; repeatable."
)
@click.option("--dry-run", is_flag=True, help="Print the resolved config and the size of the job, and stop.")
@click.option("--restart", is_flag=True, help="Begin again, even where the output folder holds a run.")
@click.option("--folds", type=click.IntRange(2), metavar="K", help="Cross-validate: one training a fold (data.folds).")
def command(config: str, overrides: tuple[str, ...], dry_run: bool, restart: bool, folds: int | None) -> None:
    """Fine-tune a model on labelled data.

    CONFIG is a YAML file; shipped ones lie in configs/. Called again after a kill, the training goes on where it stopped.
    torchrun starts it in several processes.

    \b
    Example:
      mujaz train configs/topic-small.yaml --set training.epochs=1 --set output=runs/try
      torchrun --nproc-per-node 2 -m mujaz train configs/topic-small.yaml
    """
    from mujaz.configs.loading import load_config, resolved_yaml

    checked = _with_folds(config, [*overrides, f"data.folds={folds}"]) if folds else load_config(config, overrides)
    all_folds = checked.data.folds is not None and checked.data.fold is None
    if dry_run:
        from mujaz.training.distillation import untaught_lines
        from mujaz.training.folds import fold_config
        from mujaz.training.intermediate import check_step, intermediate_steps
        from mujaz.training.job import opening_lines, prepare

        click.echo(resolved_yaml(checked), nl=False)
        if checked.intermediate:
            click.echo("# the intermediate step:")
            first, second = intermediate_steps(checked)
            check_step(first, second)
        else:
            first = fold_config(checked, 1) if all_folds else checked
            if all_folds:
                click.echo("# the first of the folds:")
        job = prepare(first)
        for line in [*opening_lines(job, None), *(untaught_lines(job, first.distill) if first.distill else [])]:
            click.echo(f"# {line}")
        return
    if all_folds:
        with goes_on_later():
            _train_folds(checked, restart)
        return
    run_training(checked, restart)


def _with_folds(config: str, overrides: list[str]) -> TrainConfig:
    """A cross-validation of a config that may be one of a single training, with a test part."""
    from mujaz.configs.loading import load_config
    from mujaz.errors import ConfigError

    try:
        return load_config(config, overrides)
    except ConfigError:
        checked = load_config(config, [*overrides, "data.test_fraction=0"])  # raises what else is wrong
    if os.environ.get("RANK", "0") == "0":  # of several processes, which have not joined yet
        _say("data.test_fraction does not count here: each fold is the test data of its training")
    return checked


def run_training(config: TrainConfig, restart: bool) -> None:
    """One training, with its scores on the terminal."""
    from mujaz.commands.tables import metrics_table
    from mujaz.training.processes import is_first
    from mujaz.training.train import train

    with goes_on_later():
        result = train(config, restart=restart, progress=sys.stderr.isatty(), report=_say)
    if not is_first():
        return
    if result.evaluation:
        metrics_table(result.evaluation, f"{result.split} set, {result.evaluation.rows:,} rows")
    click.echo(f"saved to {result.folder} ({result.steps:,} steps, {result.seconds:.0f} s)")


@contextmanager
def goes_on_later() -> Iterator[None]:
    """What Ctrl-C and SIGTERM say, and the exit code."""
    try:
        with terminable():
            yield
    except KeyboardInterrupt as stopped:
        _say(
            "\nStopped. The same command goes on from the last checkpoint (training.save_every), --restart begins again."
        )
        sys.exit(exit_code(stopped))


def _say(line: str) -> None:
    click.echo(line, err=True)


def _train_folds(config: TrainConfig, restart: bool) -> None:
    from mujaz.commands.tables import folds_table
    from mujaz.training.folds import train_folds
    from mujaz.training.processes import is_first
    from mujaz.training.resume import FOLDS_PAGE

    result = train_folds(config, restart=restart, progress=sys.stderr.isatty(), report=_say)
    if not is_first():
        return
    folds_table(result)
    click.echo(f"saved to {result.folder}, its page is {result.folder / FOLDS_PAGE}")
