"""``mujaz evaluate``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from mujaz.commands.options import GIVEN, given
from mujaz.errors import DataError, UsageError

if TYPE_CHECKING:
    from mujaz.configs.data_schema import ColumnsConfig
    from mujaz.models.checkpoint import Task
    from mujaz.models.classifier import TextClassifier
    from mujaz.models.summarizer import Summarizer
    from mujaz.training.data import Example
    from mujaz.training.evaluation import Evaluation

    Rows = tuple[list[Example], list[str]]  # examples, and a line on rows left out


@click.command("evaluate")
@click.argument("model")
@click.argument("data", nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), help="Folder for metrics.json, predictions.jsonl, report.html.")
@click.option("--task", type=click.Choice(["topic", "stance", "summary"]), help="For a checkpoint without mujaz.json.")
@click.option("--text-column", type=GIVEN, default="text", show_default=True)
@click.option("--label-column", type=GIVEN, default="label", show_default=True)
@click.option("--label-separator", type=GIVEN, metavar="S", help="Between several labels in a string; lists need none.")
@click.option(
    "--rename",
    type=GIVEN,
    multiple=True,
    metavar="OLD=NEW",
    help="A label under the model's name for it; OLD= leaves its rows out; repeatable.",
)
@click.option(
    "--outlier", type=GIVEN, multiple=True, metavar="L", help="A label that stands for none of the model's; repeatable."
)
@click.option("--target-column", type=GIVEN, default="target", show_default=True)
@click.option("--summary-column", type=GIVEN, default="summary", show_default=True)
@click.option(
    "--title-column",
    type=GIVEN,
    metavar="C",
    help="A title to set before each text, as data.columns.title does in a training; some rows may lack it.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@click.option(
    "--precision", default="auto", show_default=True, type=click.Choice(["auto", "float32", "bfloat16", "float16"])
)
@click.option(
    "--ignore-recipe-mismatch", is_flag=True, help="Load a model whose text recipe differs from this version's."
)
@click.option("--skip-unusable", is_flag=True, help="Leave out rows without a text or an answer, and say which.")
@click.option("--force", is_flag=True, help="Replace an earlier evaluation in --out.")
def command(
    model: str,
    data: tuple[str, ...],
    out: Path | None,
    task: str | None,
    text_column: str,
    label_column: str,
    label_separator: str | None,
    rename: tuple[str, ...],
    outlier: tuple[str, ...],
    target_column: str,
    summary_column: str,
    title_column: str | None,
    device: str,
    precision: str,
    ignore_recipe_mismatch: bool,
    skip_unusable: bool,
    force: bool,
) -> None:
    """Score MODEL (a folder, an embedded model or a hub id) on labelled DATA.

    Example: mujaz evaluate topic data/test.jsonl --out scores
    """
    from mujaz.commands.tables import metrics_table, progress_bar
    from mujaz.configs.data_schema import ColumnsConfig
    from mujaz.models.auto import load_model
    from mujaz.training.evaluation import evaluate
    from mujaz.training.renaming import without_outliers

    names = _names(rename)
    _check_place(out, force=force)
    columns = ColumnsConfig(
        text=text_column,
        label=label_column,
        label_separator=label_separator,
        target=target_column,
        summary=summary_column,
        title=title_column,
    )
    skipped: list[DataError] = []
    read = partial(_read, data, columns, names, outlier, skipped if skip_unusable else None)
    found = _read_before(read, model, task)
    loaded = load_model(
        model, task=task, device=device, precision=precision, ignore_recipe_mismatch=ignore_recipe_mismatch
    )
    click.echo("\n".join(line for line in (loaded.description, loaded.note) if line), err=True)
    examples, left_out = found or read(loaded.info.task)
    with progress_bar(len(examples), enabled=sys.stderr.isatty()) as advance:
        evaluation = replace(evaluate(loaded, examples, outliers=outlier, progress=advance), left_out=len(skipped))
    problems = _problems(evaluation, untitled=loaded.info.expects_titles and title_column is None)
    try:
        if out:
            examples, _ = without_outliers(examples, outlier)
            _save(out, loaded, evaluation, examples, f"{model}: evaluation", [*problems, *left_out])
    finally:  # nobody may be reading what is printed, and the folder may be full: the one must not cost the other
        metrics_table(evaluation, f"{evaluation.rows:,} rows")
    _warn([*_few(evaluation), *problems])
    if out:
        click.echo(f"saved to {out}")


def _read_before(read: Callable[[str], Rows], model: str, task: str | None) -> Rows | None:
    """The data, if a model says what it is for: what is wrong with it is told before the model is loaded.

    What is only pretrained, or said to be for something else, is refused when it is loaded.
    """
    from mujaz.models.checkpoint import locate, read_info

    info = read_info(locate(model))
    return read(info.task) if info and info.task != "pretraining" and task in (None, info.task) else None


def _read(
    data: tuple[str, ...],
    columns: ColumnsConfig,
    names: dict[str, str | None],
    outliers: tuple[str, ...],
    skipped: list[DataError] | None,
    of: str,
) -> Rows:
    """The examples under the model's names for their labels, and a line on rows left out; UsageError where none stays."""
    from mujaz.training.data import read_examples
    from mujaz.training.renaming import idle_names, renamed
    from mujaz.training.unusable import left_out_line

    _check_columns(of)
    examples = read_examples(data, cast("Task", of), columns, skipped=skipped)
    left_out = [left_out_line(skipped)] if skipped else []
    _warn([*idle_names(examples, names, "--rename"), *left_out])
    found = renamed(examples, names)
    if not found:
        raise UsageError("--rename leaves out the labels of all rows: there is nothing to score.")
    _warn(idle_names(found, outliers, "--outlier"))
    return found, left_out


UNTITLED = (
    "the model learnt from texts with their titles on a line before them, and no column of titles is named "
    "(--title-column): these scores are of texts alone, not what it is made for"
)


def _problems(evaluation: Evaluation, *, untitled: bool) -> list[str]:
    """What makes scores other than they seem."""
    from mujaz.training.trained_texts import seen_line

    known = evaluation.trained_on
    return [*([UNTITLED] if untitled else []), *([seen_line(known, evaluation.rows, "the model")] if known else [])]


def _few(evaluation: Evaluation) -> list[str]:
    """A line where so few rows were scored that chance moves the scores of labels."""
    from mujaz.training.checks import few_scored
    from mujaz.training.checks_findings import FEW_SCORED

    few = evaluation.task != "summary" and evaluation.rows < FEW_SCORED
    return [few_scored(evaluation.rows).line] if few else []


def _warn(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(f"mujaz: warning: {line}", err=True)


def _save(
    out: Path,
    model: TextClassifier | Summarizer,
    evaluation: Evaluation,
    examples: list[Example],
    title: str,
    problems: list[str],
) -> None:
    """Write the scores and their page."""
    from mujaz.training.report.inputs import ReportInput
    from mujaz.training.report.report import REPORT_FILE, write_report

    evaluation.save(out)
    write_report(out / REPORT_FILE, ReportInput(model, evaluation, examples, "the data", title, problems=problems))


# Columns that are read for some tasks alone.
_READ_FOR = {
    "label_column": ("topic", "stance"),
    "label_separator": ("topic",),
    "rename": ("topic", "stance"),
    "outlier": ("topic", "stance"),
    "target_column": ("stance",),
    "summary_column": ("summary",),
}


def _check_place(out: Path | None, *, force: bool) -> None:
    """See that the scores can be written, before they are computed."""
    from mujaz.files import open_stdout
    from mujaz.pages import check_place
    from mujaz.training.evaluation import check_empty
    from mujaz.training.report.report import REPORT_FILE

    if out is None:
        open_stdout()
        return
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: expected the name of a folder, found a file. Give another name.")
    check_empty(out, force=force)
    check_place(out / REPORT_FILE)


def _names(given_names: tuple[str, ...]) -> dict[str, str | None]:
    """Old label -> new label; None where its rows are left out."""
    for one in given_names:
        if not all(one.partition("=")[:2]):
            raise UsageError(f"--rename {one}: expected a label of the data, = and the model's, like agree=favor.")
    return {old: new or None for old, _, new in (one.partition("=") for one in given_names)}


def _check_columns(task: str) -> None:
    """Refuse a column that a model of this task does not read, rather than pass over it."""
    idle = [f"--{name.replace('_', '-')}" for name, tasks in _READ_FOR.items() if task not in tasks and given(name)]
    if idle:
        raise UsageError(f"{' and '.join(idle)}: a model of task '{task}' does not read that. Leave it out.")
