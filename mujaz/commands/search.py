"""``mujaz search``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mujaz.commands.train import goes_on_later

if TYPE_CHECKING:
    from mujaz.training.search import SearchResult


@click.command("search")
@click.argument("config", metavar="CONFIG")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a value of the config; repeatable."
)
@click.option("--trials", type=click.IntRange(1), metavar="N", help="Trainings in all (search.trials).")
@click.option("--restart", is_flag=True, help="Forget what was tried in the output folder.")
def command(config: str, overrides: tuple[str, ...], trials: int | None, restart: bool) -> None:
    """Search for better settings of a training, scored on dev data.

    CONFIG is a training config with a section 'search': what is tried, and how often. Called again after a kill, or with
    more trials, the search goes on. The best settings are written to best.yaml in the output folder.

    Example: mujaz search configs/search-topic.yaml --trials 10
    """
    from mujaz.configs.loading import load_config
    from mujaz.training.search import search

    given = [*overrides, f"search.trials={trials}"] if trials else overrides
    checked = load_config(config, given)
    with goes_on_later():
        result = search(checked, restart=restart, report=lambda line: click.echo(line, err=True))
    _table(result)
    click.echo(f"best settings: {result.best}\nmujaz train {result.best}")


def _table(result: SearchResult) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from mujaz.training.metrics.percent import in_percent

    keys = list(result.trials[0].values)
    title = f"{len(result.trials)} trials, best first; scores in percent"
    last = [key.rpartition(".")[2] for key in keys]  # whole keys are wider than a terminal
    names = last if len({*last}) == len(last) else keys
    table = Table("trial", f"dev {result.metric}", *names, "state", title=title, title_justify="left")
    for trial in result.trials:
        values = (trial.values.get(key, "") for key in keys)
        shown = [f"{value:.4g}" if isinstance(value, float) else escape(str(value)) for value in values]
        score = "" if trial.score is None else in_percent(result.metric, trial.score)
        table.add_row(str(trial.number), score, *shown, trial.state)
    Console().print(table)
