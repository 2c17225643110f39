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
    from mujaz.files import open_stdout

    open_stdout()
    click.echo(json.dumps(TrainConfig.model_json_schema(), ensure_ascii=False, indent=2))
