"""``mujaz train``."""

from __future__ import annotations

import sys

import click


@click.command("train")
@click.argument("config", metavar="CONFIG")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a value of the config; repeatable."
)
@click.option("--dry-run", is_flag=True, help="Print the resolved config and the size of the job, and stop.")
@click.option("--restart", is_flag=True, help="Begin again, even where the output folder holds a run.")
def command(config: str, overrides: tuple[str, ...], dry_run: bool, restart: bool) -> None:
    """Fine-tune a model on labelled data.

    CONFIG is a YAML file; shipped ones lie in configs/. Called again after a kill, the training goes on where it stopped.

    Example: mujaz train configs/topic-small.yaml --set training.epochs=1 --set output=runs/try
    """
    from mujaz.configs.loading import load_config, resolved_yaml

    checked = load_config(config, overrides)
    if dry_run:
        from mujaz.training.job import prepare

        click.echo(resolved_yaml(checked), nl=False)
        for line in prepare(checked).plan().lines():
            click.echo(f"# {line}")
        return
    from mujaz.commands.tables import metrics_table
    from mujaz.training.train import train

    result = train(
        checked, restart=restart, progress=sys.stderr.isatty(), report=lambda line: click.echo(line, err=True)
    )
    if result.evaluation:
        metrics_table(result.evaluation, f"{result.split} set, {result.evaluation.rows:,} rows")
    click.echo(f"saved to {result.folder} ({result.steps:,} steps, {result.seconds:.0f} s)")
