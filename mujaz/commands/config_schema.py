"""``mujaz config-schema``."""

from __future__ import annotations

import json

import click


@click.command("config-schema")
@click.argument(
    "kind", type=click.Choice(["train", "pretrain", "run"]), default="train", metavar="[train|pretrain|run]"
)
@click.option("--markdown", is_flag=True, help="A page of all settings of all configs instead, to read.")
def command(kind: str, markdown: bool) -> None:
    """Print the JSON schema of the configs of a command, for editors.

    Example: mujaz config-schema > train.schema.json
    """
    from mujaz.configs.reference import CONFIGS, page
    from mujaz.files import open_stdout

    open_stdout()
    if markdown:
        click.echo(page(), nl=False)
        return
    click.echo(json.dumps(CONFIGS[kind].model_json_schema(), ensure_ascii=False, indent=2))
