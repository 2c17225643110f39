"""``mujaz config-schema``."""

from __future__ import annotations

import json

import click


@click.command("config-schema")
def command() -> None:
    """Print the JSON schema of the training configs, for editors.

    Example: mujaz config-schema > train.schema.json
    """
    from mujaz.configs.schema import TrainConfig

    click.echo(json.dumps(TrainConfig.model_json_schema(), ensure_ascii=False, indent=2))
