"""``mujaz run``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mujaz.commands.corpus import run_corpus

if TYPE_CHECKING:
    from mujaz.inference.runner import Hooks
    from mujaz.inference.summary import RunSummary


@click.command("run")
@click.argument("config", metavar="CONFIG")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a value of the config; repeatable."
)
@click.option("--force", is_flag=True, help="Replace an output that exists, as force in the config does.")
@click.option("--restart", is_flag=True, help="Drop an unfinished run on the same output instead of going on with it.")
@click.option("--retry-errors", is_flag=True, help="Do only the records that are errors in the output.")
def command(config: str, overrides: tuple[str, ...], force: bool, restart: bool, retry_errors: bool) -> None:
    """Have one or several models answer each record of a corpus, as a YAML file says.

    Called again after a kill or Ctrl-C, it goes on where it stopped.

    Example: mujaz run configs/run-news.yaml --set out=news.parquet
    """
    from mujaz.configs.loading import load_run_config

    checked = load_run_config(config, (*overrides, "force=true") if force else overrides)

    def work(hooks: Hooks) -> RunSummary:
        from mujaz.inference.classify import ClassifyOptions
        from mujaz.inference.corpus import CorpusOptions
        from mujaz.inference.records import Columns
        from mujaz.inference.several import answer_several
        from mujaz.models.summary_options import Generation

        columns = Columns(
            checked.text_column, checked.id_column, checked.target_column, tuple(checked.keep), checked.title_column
        )
        same = ("format", "clean_article", "force", "strict", "shard", "bom")
        given = {name: getattr(checked, name) for name in same}
        reading = CorpusOptions(columns, restart=restart, retry_errors=retry_errors, **given)
        own = (
            "target",
            "all_probabilities",
            "min_probability",
            "min_precision",
            "long",
            "pooling",
            "device",
            "precision",
            "engine",
            "batch_tokens",
            "ignore_recipe_mismatch",
        )
        asking = ClassifyOptions(**{name: getattr(checked, name) for name in own})
        writing = None if checked.length is None else Generation(length=checked.length)
        return answer_several(
            checked.inputs, checked.out, checked.models, reading, asking, generation=writing, hooks=hooks
        )

    run_corpus(work)
