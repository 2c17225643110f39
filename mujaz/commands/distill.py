"""``mujaz distill``."""

from __future__ import annotations

import json
from collections.abc import Sequence

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

    files = [f"distill.unlabelled={_quoted(unlabelled)}"] if unlabelled else []
    teacher = _quoted(teachers[0] if len(teachers) == 1 else teachers)
    run_training(load_config(config, [*overrides, f"distill.teacher={teacher}", *files]), restart)


def _quoted(names: str | Sequence[str]) -> str:
    """As a value that YAML reads as these very names, whatever stands in them."""
    return json.dumps(names, ensure_ascii=False)
