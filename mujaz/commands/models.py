"""``mujaz models``."""

from __future__ import annotations

import click


@click.command("models")
def command() -> None:
    """List the embedded models and the presets: hub id, recipe, size, licence and what to know.

    Example: mujaz models
    """
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from mujaz.files import open_stdout
    from mujaz.models.checkpoint import EMBEDDED, embedded_models, read_info
    from mujaz.models.presets import PRESETS

    open_stdout()
    console = Console()
    embedded = Table(
        "name", "task", "labels", "recipe", "licence", title="Embedded: work offline", title_justify="left"
    )
    for name in embedded_models():
        info = read_info(EMBEDDED / name)
        if info:
            embedded.add_row(name, info.task, ", ".join(info.labels), info.recipe["name"], info.licence or "")
    console.print(embedded)
    console.print("Presets", style="italic")
    tasks = {"encoder": "topic, stance, extractive summary", "seq2seq": "summary"}
    for p in PRESETS.values():
        reads = f"{tasks[p.kind]}, {p.parameters} M parameters, {p.max_length:,} tokens, recipe {p.recipe}"
        console.print(f"{p.name}: {reads}", markup=False, highlight=False, soft_wrap=True)
        known = "; ".join(part for part in (p.hub_id, p.licence, p.quirk) if part)
        console.print(Padding(Text(known), (0, 0, 0, 4)))
