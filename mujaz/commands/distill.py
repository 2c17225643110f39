"""``mujaz distill``."""

from __future__ import annotations

import click


@click.command("distill")
@click.argument("teachers", metavar="TEACHER…", nargs=-1, required=True)
@click.argument("config", metavar="CONFIG")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a value of the config; repeatable."
)
@click.option("--unlabelled", multiple=True, metavar="FILE", help="Further texts, without labels; repeatable.")
@click.option("--restart", is_flag=True, help="Begin again, even where the output folder holds a run.")
def command(
    teachers: tuple[str, ...], config: str, overrides: tuple[str, ...], unlabelled: tuple[str, ...], restart: bool
) -> None:
    """Train a small model on what a larger one says.

    TEACHER is a trained model: a folder, an embedded model or a hub id; of several, the mean counts. CONFIG is a config
    of 'mujaz train' for the student; its section 'distill' says how much the teacher counts. A classifier learns the
    teacher's probabilities, a summarizer the summaries that the teacher writes. Called again after a kill, it goes on
    where it stopped.

    Example: mujaz distill runs/topic-large configs/topic-small.yaml --unlabelled articles.jsonl
    """
    from mujaz.commands.train import run_training
    from mujaz.configs.loading import load_config

    given: dict[str, tuple[str, object]] = {
        "distill.teacher": ("TEACHER", teachers[0] if len(teachers) == 1 else list(teachers))
    }
    if unlabelled:
        given["distill.unlabelled"] = ("--unlabelled", list(unlabelled))
    run_training(load_config(config, overrides, given), restart)
