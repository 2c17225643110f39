"""What the commands that read a corpus have in common: options, progress, Ctrl-C, SIGTERM and the closing summary."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mujaz.commands.options import GIVEN
from mujaz.commands.stopping import exit_code, terminable
from mujaz.errors import MujazError

if TYPE_CHECKING:
    from mujaz.inference.runner import Hooks
    from mujaz.inference.summary import RunSummary

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

# What torch says of a GPU, and of the CPU, whose memory does not suffice.
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
# The keys of mujaz.formats.FORMATS, which is not imported for --help; a test compares them.
FORMATS = ("jsonl", "json", "csv", "tsv", "parquet", "txt", "article")

_OPTIONS = (
    click.option("--out", metavar="OUT", help="JSON Lines, CSV, TSV or Parquet by its suffix; left out or -: stdout."),
    click.option("--text-column", default="text", show_default=True, metavar="COL"),
    click.option(
        "--title-column",
        type=GIVEN,
        metavar="COL",
        help="A title to set before each text, as data.columns.title does in a training; some rows may lack it.",
    ),
    click.option(
        "--id-column",
        metavar="COL",
        help="Left out: 'id' where there is one, else row numbers. Where a cell is no text and no exact number: file:row.",
    ),
    click.option(
        "--keep",
        multiple=True,
        metavar="COL",
        help="Carry a column into the output; repeatable. Null in files without.",
    ),
    click.option("--format", type=click.Choice(FORMATS), help="Of the inputs, where their suffix does not tell."),
    click.option(
        "--clean-article", is_flag=True, help="Strip dateline, byline and page leftovers off each text first."
    ),
    click.option(
        "--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:N, or several: cuda:0,cuda:1."
    ),
    click.option(
        "--precision",
        default="auto",
        show_default=True,
        type=click.Choice(["auto", "float32", "bfloat16", "float16", "int8"]),
    ),
    click.option(
        "--batch-tokens", type=click.IntRange(1), metavar="N", help="Padded tokens a batch, if memory is short."
    ),
    click.option(
        "--ignore-recipe-mismatch", is_flag=True, help="Load a model whose text recipe differs from this version's."
    ),
    click.option("--force", is_flag=True, help="Replace an output that exists."),
    click.option(
        "--restart", is_flag=True, help="Drop an unfinished run on the same output instead of going on with it."
    ),
    click.option("--strict", is_flag=True, help="Stop at the first bad record."),
    click.option(
        "--retry-errors",
        is_flag=True,
        help="Do only the records that are errors in the output; with the model and options of its run.",
    ),
    click.option(
        "--shard",
        metavar="I/N",
        help="Do the I-th of N parts of the records, on one of N machines; the outputs, 1/N first, together are that of one "
        "run (JSON Lines: cat).",
    ),
    click.option(
        "--bom", is_flag=True, help="Begin CSV or TSV with a byte order mark; Excel on Windows needs it to read Arabic."
    ),
)


def corpus_options(command: Decorated) -> Decorated:
    """The options that every command over a corpus has."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def run_corpus(work: Callable[[Hooks], RunSummary]) -> None:
    """Run ``work`` with a progress bar, Ctrl-C and SIGTERM in hand, and say on stderr what was done.

    Either signal ends the run after the chunk in hand; a second one at once. Then the exit code is 130, or 143. It is 1
    where no record at all could be read, or a file not to its end; other bad records are lines of the output.
    """
    asked: list[int] = []
    with run_hooks(asked) as hooks, out_of_memory_explained():
        summary = work(hooks)
    click.echo(str(summary), err=True)
    if summary.stopped:
        resumable = summary.records and summary.output != "stdout"
        then = "The same command goes on from here." if resumable else "These are the results so far."
        click.echo(f"Stopped before the end. {then}", err=True)
        sys.exit(128 + (asked or [signal.SIGINT])[0])
    if summary.failed:
        sys.exit(1)


@contextmanager
def run_hooks(asked: list[int]) -> Iterator[Hooks]:
    """Hooks that print what runs, show how far it is, and stop on Ctrl-C and SIGTERM; ``asked`` takes its number."""
    from mujaz.commands.progress import CorpusProgress
    from mujaz.inference.runner import Hooks

    with ExitStack() as stack:
        shown: CorpusProgress | None = None

        def on_signal(number: int, frame: FrameType | None) -> None:
            if asked:
                raise KeyboardInterrupt
            asked.append(number)
            again = b"Ctrl-C again"
            if number == signal.SIGTERM:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)  # whatever is computed, a second one is not made to wait
                again = b"a second signal"
            # Not through Python's stream, which may be in the middle of a write.
            os.write(2, b"\nStopping when the texts in hand are done; " + again + b" stops at once.\n")

        def started(lines: str) -> None:
            nonlocal shown
            click.echo(lines, err=True)
            shown = stack.enter_context(CorpusProgress(sys.stderr))
            for number in (signal.SIGINT, signal.SIGTERM):
                before = signal.getsignal(number)
                if before not in (signal.SIG_DFL, signal.SIG_IGN):  # as under a launcher, or where it is not wanted
                    signal.signal(number, on_signal)
                    stack.callback(signal.signal, number, before)

        try:
            stack.enter_context(terminable())
            yield Hooks(
                started=started,
                progress=lambda done: shown.advance(done) if shown else None,
                chunk=lambda summary: shown.chunk(summary) if shown else None,
                stop=lambda: bool(asked),
            )
        except KeyboardInterrupt as stopped:
            stack.close()
            click.echo("Stopped at once.", err=True)
            sys.exit(exit_code(stopped))


@contextmanager
def out_of_memory_explained() -> Iterator[None]:
    """Turn what torch raises when memory does not suffice into a message that says what to do."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not any(words in str(error) for words in _OUT_OF_MEMORY):
            raise
        first = str(error).partition("\n")[0]
        notes = " ".join(getattr(error, "__notes__", ()))
        raise MujazError(
            f"memory does not suffice ({first}). Give a smaller --batch-tokens, say 512. {notes}"
        ) from error
