"""``mujaz check``: look at labelled data before training on it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mujaz.commands.options import GIVEN, given

if TYPE_CHECKING:
    from mujaz.models.encoding import TextEncoder
    from mujaz.training.checks import DataReport
    from mujaz.training.checks_rows import CheckInput


@click.command("check")
@click.argument("what", nargs=-1, required=True, metavar="CONFIG|DATA...")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write a page with examples, too.")
@click.option("--model", metavar="M", help="Count tokens as this model does: folder, embedded model, preset or hub id.")
@click.option("--task", type=click.Choice(["topic", "stance", "summary"]), help="Left out: told by the columns.")
@click.option("--text-column", type=GIVEN, default="text", show_default=True)
@click.option("--label-column", type=GIVEN, default="label", show_default=True)
@click.option("--label-separator", type=GIVEN, metavar="S", help="Between several labels in a string; lists need none.")
@click.option("--target-column", type=GIVEN, default="target", show_default=True)
@click.option("--summary-column", type=GIVEN, default="summary", show_default=True)
@click.option("--title-column", type=GIVEN, default="title", show_default=True)
@click.option("--no-near", is_flag=True, help="Leave near-duplicates out: the slowest part.")
@click.option("--strict", is_flag=True, help="Exit with 1 where a problem is found.")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a value of the config; repeatable."
)
def command(
    what: tuple[str, ...],
    html: Path | None,
    model: str | None,
    task: str | None,
    text_column: str,
    label_column: str,
    label_separator: str | None,
    target_column: str,
    summary_column: str,
    title_column: str,
    no_near: bool,
    strict: bool,
    overrides: tuple[str, ...],
) -> None:
    """Look at labelled data: balance, lengths, duplicates, conflicts, leaks between parts, leftovers.

    Give a training config (.yaml), or data: files or folders, whose names say what is train, dev and test.

    Example: mujaz check data/topic --model arabert --html check.html
    """
    from mujaz.commands.tables import check_tables
    from mujaz.configs.data_schema import ColumnsConfig
    from mujaz.errors import UsageError
    from mujaz.files import open_stdout
    from mujaz.pages import check_page
    from mujaz.training.checks import check_data
    from mujaz.training.checks_rows import rows_of_files

    if html:
        check_page(html, "--html", what)
    else:
        open_stdout()
    encoder: TextEncoder | None = None
    longest: int | None = None
    if len(what) == 1 and what[0].endswith((".yaml", ".yml")):
        data, encoder, longest = _from_config(what[0], overrides)
    else:
        if overrides:
            raise UsageError("--set changes a config: give one (CONFIG.yaml), or leave --set out.")
        columns = ColumnsConfig(
            text=text_column,
            label=label_column,
            label_separator=label_separator,
            target=target_column,
            summary=summary_column,
            title=title_column,
        )
        data = rows_of_files(what, task, columns)  # type: ignore[arg-type]  # click checked it
    if model:
        encoder = _encoder(model, data.task)
    report = check_data(data, encoder=encoder, max_target_length=longest, near=not no_near, progress=_progress)
    check_tables(report)
    if html:
        _write(html, report)
    if strict and report.problems:
        sys.exit(1)


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"… {text}", err=True)


# Parameters of the command -> the keys that say the same in a config.
_IN_CONFIG = {
    "task": "task",
    **{f"{key}_column": f"data.columns.{key}" for key in ("text", "label", "target", "summary", "title")},
    "label_separator": "data.columns.label_separator",
}


def _refuse_of_data(config: str) -> None:
    """Refuse what a config says by itself, rather than pass over it."""
    from mujaz.errors import UsageError

    idle = {f"--{name.replace('_', '-')}": key for name, key in _IN_CONFIG.items() if given(name)}
    if idle:
        keys = " ".join(f"--set {key}=…" for key in idle.values())
        raise UsageError(
            f"expected no {' or '.join(idle)} with a config, which says that itself; {config} is one. There: {keys}"
        )


def _from_config(path: str, overrides: tuple[str, ...]) -> tuple[CheckInput, TextEncoder | None, int | None]:
    from mujaz.configs.loading import load_config
    from mujaz.errors import UsageError
    from mujaz.training.checks_rows import rows_of_config
    from mujaz.training.data import Example
    from mujaz.training.start import encoder_of

    _refuse_of_data(path)
    config = load_config(path, overrides)
    data = rows_of_config(config)
    train = [
        Example(r.text, None, r.target, r.summary, r.file, r.row) for r in data.rows if r.split == "train" and r.text
    ]
    try:
        encoder = encoder_of(config, train)
    except UsageError as error:
        click.echo(f"tokens are not counted: {error}", err=True)
        encoder = None
    writes = config.task == "summary" and (encoder is None or config.model.scratch or _is_seq2seq(config.model.name))
    return data, encoder, config.model.max_target_length if writes else None


def _is_seq2seq(name: str | None) -> bool:
    from mujaz.models.checkpoint import locate
    from mujaz.models.loading import load_config

    return bool(load_config(locate(name or "")).is_encoder_decoder)


def _encoder(model: str, task: str | None) -> TextEncoder:
    from mujaz.models.opening import open_checkpoint

    return open_checkpoint(model, task=task or "topic", to_train=True).encoder  # type: ignore[arg-type]  # one of the three


def _write(path: Path, report: DataReport) -> None:
    from mujaz.pages import write_page
    from mujaz.training.checks_page import page

    write_page(path, page(report))
    click.echo(f"page: {path}")
