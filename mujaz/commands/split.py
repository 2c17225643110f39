"""``mujaz split``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("split")
@click.argument("config", metavar="CONFIG")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="Where the files go.")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a value of the config; repeatable."
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
def command(config: str, out: Path, overrides: tuple[str, ...], force: bool) -> None:
    """Write the parts that a training makes of its data: train.jsonl, dev.jsonl, test.jsonl.

    CONFIG is a config of 'mujaz train', or the config.yaml of a run: the same config gives the same parts. So other models
    can be trained and scored on them. Each row has what the training reads of it, and the file and row that it comes from.

    \b
    Example:
      mujaz split runs/topic-small/config.yaml --out parts
      mujaz evaluate topic parts/test.jsonl --out scores
    """
    from mujaz.configs.loading import load_config
    from mujaz.training.parts import write_parts

    def warn(line: str) -> None:
        click.echo(f"mujaz: warning: {line}", err=True)

    for file, rows in write_parts(load_config(config, overrides), out, force=force, report=warn).items():
        click.echo(f"{file}: {rows:,} rows")
