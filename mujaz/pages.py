"""Render and write a page: frame and style are files beside this one, and all of the page is one file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mujaz.errors import OutputError, UsageError
from mujaz.whole_files import followed

TEMPLATES = Path(__file__).parent / "templates"
PAGES = (".html", ".htm")


@cache
def _environment(folder: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader([folder, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def isolated(name: str) -> str:
    """A name inside a sentence, between U+2068 and U+2069: an Arabic one does not draw figures beside it into itself."""
    return f"\u2068{name}\u2069"


def render(folder: Path, template: str, **values: Any) -> str:
    """A page: ``template``, a file in ``folder``, with ``values``, all text in them escaped."""
    style = Markup((TEMPLATES / "style.css").read_text(encoding="utf-8"))
    return _environment(folder).get_template(template).render(style=style, **values)


def check_page(path: str | Path, option: str, others: Iterable[str | Path] = ()) -> None:
    """See that a page can be written under a name, before what goes into it is computed.

    Args:
        path: The name.
        option: What it was given with, for the messages.
        others: Files that it must not replace: those that are read, and those that are written besides.

    Raises:
        UsageError: It is no name of a page, or that of another file.
        OutputError: It cannot be written.
    """
    path = followed(Path(path))
    if path.resolve() in {Path(other).resolve() for other in others}:
        raise UsageError(f"{option} would replace {path}, which is an input or the output. Give another name.")
    if path.suffix.lower() not in PAGES:
        raise UsageError(f"{option} writes a page: expected a name that ends in .html, found {path}.")
    check_place(path)


def check_place(path: Path) -> None:
    """See that a page can be written, before what goes into it is computed.

    Raises:
        OutputError: it cannot.
    """
    path = followed(path)
    draft = _draft(path)
    if path.is_dir():
        raise OutputError(f"{path} cannot be written: it is a folder")
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.touch()
        draft.unlink()


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.draft")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error


def write_page(path: Path, page: str) -> None:
    """Write a page; what bears its name is whole.

    Raises:
        OutputError: it cannot be written.
    """
    path = followed(path)
    draft = _draft(path)
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(page, encoding="utf-8")
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
