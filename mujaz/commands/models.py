"""``mujaz models``."""

from __future__ import annotations

import click


@click.command("models")
def command() -> None:
    """List the embedded models and the presets: hub id, recipe, size, licence and what to know.

    Example: mujaz models
    """
    from rich.console import Console
    from rich.table import Column, Table

    from mujaz.models.checkpoint import EMBEDDED, embedded_models, read_info
    from mujaz.models.presets import PRESETS

    console = Console()
    embedded = Table(
        "name", "task", "labels", "recipe", "licence", title="Embedded: work offline", title_justify="left"
    )
    for name in embedded_models():
        info = read_info(EMBEDDED / name)
        if info:
            embedded.add_row(name, info.task, ", ".join(info.labels), info.recipe["name"], info.licence or "")
    presets = Table(
        Column("name", no_wrap=True),  # what one came to copy is never cut
        Column("hub id", overflow="fold"),
        "for",
        "recipe",
        "million",
        "tokens",
        "licence",
        "to know",
        title="Presets",
        title_justify="left",
    )
    tasks = {"encoder": "topic, stance", "seq2seq": "summary"}
    for p in PRESETS.values():
        size, length = str(p.parameters), str(p.max_length)
        presets.add_row(p.name, p.hub_id, tasks[p.kind], p.recipe, size, length, p.licence, p.quirk)
    console.print(embedded)
    console.print(presets)
