"""What the parts of all configs have in common."""

from __future__ import annotations

from os.path import expanduser, expandvars
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Positive = Annotated[int, Field(gt=0, lt=2**31)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # what NumPy takes
Fraction = Annotated[float, Field(ge=0, lt=1)]
Output = Annotated[str, AfterValidator(lambda folder: expandvars(expanduser(folder)))]


def _number_as_text(value: Any) -> Any:
    """As data is read: 1.0 is the label 1."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


# Of a label: numbers are labels in many files, and read as text there.
Name = Annotated[str, BeforeValidator(_number_as_text)]


class Section(BaseModel):
    """A part of a config: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)
