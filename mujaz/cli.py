"""The command line: ``mujaz COMMAND …``. Commands are imported only when they are called, so ``--help`` answers at once."""

from __future__ import annotations

import difflib
import errno
import importlib
import os
import signal
import sys
from typing import Any, ClassVar, NoReturn

import click

from mujaz.errors import FirstProcessError, MujazError, UsageError


class LazyGroup(click.Group):
    """A group that knows the names and first lines of its commands, and imports one only to run it."""

    # name -> (module in mujaz.commands, first line of its help)
    table: ClassVar[dict[str, tuple[str, str]]] = {
        "train": ("train", "Fine-tune a model on labelled data, from a YAML config."),
        "check": ("check", "Look at labelled data: balance, lengths, duplicates, conflicts, leaks, leftovers."),
        "split": ("split", "Write the parts that a training makes of its data as files."),
        "pretrain": ("pretrain", "Train a tokenizer and a model from nothing on plain text, to fine-tune from."),
        "distill": ("distill", "Train a small model on what a larger one says."),
        "search": ("search", "Search for better settings of a training."),
        "evaluate": ("evaluate", "Score a model on labelled data."),
        "compare": ("compare", "Set runs side by side, with paired bootstrap significance."),
        "classify": ("classify", "Label every text of a corpus."),
        "summarize": ("summarize", "Summarize an article, or every article of a corpus."),
        "run": ("run", "Have one or several models answer each record of a corpus, from a YAML config."),
        "overview": ("overview", "What a labelled corpus holds, by label, by outlet and over time."),
        "trim": ("trim", "Cut a multilingual vocabulary to the pieces that a corpus needs."),
        "export": ("export", "Write a classifier for ONNX Runtime, with its text preparation."),
        "models": ("models", "List the model presets and the embedded models."),
        "clean": ("clean", "Prepare text with a recipe, as a model would see it."),
        "rouge": ("rouge", "ROUGE of predictions against references, with a tokenizer that reads Arabic."),
        "config-schema": ("config_schema", "Print the JSON schema of the training configs, for editors."),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command's module and return its ``command``."""
        if cmd_name not in self.table:
            return None
        command = importlib.import_module(f"mujaz.commands.{self.table[cmd_name][0]}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"mujaz.commands.{self.table[cmd_name][0]}.command is not a click command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it; a mistyped name is answered with the nearest one."""
        near = difflib.get_close_matches(args[0], self.table, n=1)
        if near and args[0] not in self.table and args[0][:1].isalnum():
            ctx.fail(f"no command '{args[0]}'; did you mean '{near[0]}'?")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does it; Ctrl-C before a command has begun its work ends with 130, not with click's 1 of a failure."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("\nStopped.", err=True)
            sys.exit(128 + signal.SIGINT)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mujaz", prog_name="mujaz")
def cli() -> None:
    """Label and summarize Arabic text with transformers.

    Example: mujaz summarize article.txt
    """


def _speaks_of(error: MujazError) -> bool:
    """Whether this process, which may be one of several on this machine, tells of an error: what all of them meet, once."""
    first = os.environ.get("LOCAL_RANK", "0") in ("0", "-1")
    return first or not isinstance(error, UsageError | FirstProcessError)


def _told(error: MujazError) -> str:
    """Its message, and what was noted on the way up: what of a run is safe."""
    notes = " ".join(getattr(error, "__notes__", ()))
    return f"{str(error).rstrip('.')}. {notes}" if notes else str(error)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a :class:`~mujaz.errors.MujazError` becomes one message and its exit code."""
    _fill_closed()
    try:
        cli.main(args=arguments, prog_name="mujaz", standalone_mode=True)
    except SystemExit as done:
        _leave(done.code)
    except MujazError as error:
        if _speaks_of(error):
            click.echo(f"mujaz: error: {_told(error)}", err=True)
        _leave(error.exit_code)
    except BrokenPipeError:  # the reader of our output (head, say) has gone: nothing to tell anybody
        sys.stderr.close()
        _leave(1)
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:
            raise
        _say_full(error)
        _leave(1)


def _fill_closed() -> None:
    """Put the null device where a standard stream is closed (``<&-``, ``>&-``).

    The next file that is opened would get its number, and what a library prints would land in that.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # as long as the process


def _leave(code: str | int | None) -> NoReturn:
    """Exit, and say so if stdout cannot take what it still holds: Python would try again, and exit with 120."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not code:
            _say_full(error)
            code = 1
    reading = sys.modules.get("mujaz.inference.ahead")
    if reading is not None and reading.busy():
        # It waits for standard input, whose lock Python would want at its end, and aborts without.
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))
    sys.exit(code)


def _say_full(error: OSError) -> None:
    click.echo(f"mujaz: error: stdout cannot be written: {error.strerror}.", err=True)
