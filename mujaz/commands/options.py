"""Types of options that several commands have."""

from __future__ import annotations

from typing import Any

import click


class _Given(click.ParamType[str]):
    """Text that is not empty: an empty name of a column comes of a shell variable that was never set."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value == "":
            self.fail("expected something, found nothing", param, ctx)
        return str(value)


GIVEN = _Given()


def given(name: str) -> bool:
    """Whether the option of this parameter was given, and is not only what it is when left out."""
    source = click.get_current_context().get_parameter_source(name)
    return source not in (None, click.core.ParameterSource.DEFAULT)
