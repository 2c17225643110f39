"""``mujaz pretrain``."""

from __future__ import annotations

import sys

import click

from mujaz.commands.train import goes_on_later


@click.command("pretrain")
@click.argument("config", metavar="CONFIG")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a value of the config; repeatable."
)
@click.option("--dry-run", is_flag=True, help="Print the resolved config and the size of the job, and stop.")
@click.option("--restart", is_flag=True, help="Begin again, even where the output folder holds a run.")
def command(config: str, overrides: tuple[str, ...], dry_run: bool, restart: bool) -> None:
    """Train a tokenizer and a model from nothing on plain text, to fine-tune from.

    CONFIG is a YAML file; shipped ones are configs/pretrain-*.yaml: encoders, and an encoder-decoder (pretrain-summary).
    Called again after a kill, it goes on where it stopped. The result is a folder to name as model.name in a config of
    'mujaz train'.

    Example: mujaz pretrain configs/pretrain-5m.yaml --set data.train=corpus.jsonl --set output=runs/mine
    """
    from mujaz.configs.loading import load_pretrain_config, resolved_yaml

    checked = load_pretrain_config(config, overrides)
    if dry_run:
        from mujaz.training.pretrain_size import size_lines

        click.echo(resolved_yaml(checked), nl=False)
        for line in size_lines(checked):
            click.echo(f"# {line}")
        return
    from mujaz.training.pretrain import pretrain

    with goes_on_later():
        result = pretrain(
            checked, restart=restart, progress=sys.stderr.isatty(), report=lambda line: click.echo(line, err=True)
        )
    loss = "" if result.loss is None else f", held-out loss {result.loss:.3f}"
    size = f"{result.steps:,} steps, {result.tokens / 1e6:.1f} M tokens, {result.seconds:.0f} s"
    click.echo(f"saved to {result.folder} ({size}{loss})")
