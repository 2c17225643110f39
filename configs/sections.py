"""What the parts of all configs have in common."""

from __future__ import annotations

import itertools
import types
import typing
from collections.abc import Iterator, Sequence
from os.path import expanduser, expandvars
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Positive = Annotated[int, Field(gt=0, lt=2**31)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # what NumPy takes
Fraction = Annotated[float, Field(ge=0, lt=1)]
Output = Annotated[str, AfterValidator(lambda folder: expandvars(expanduser(folder)))]

# What other tools call a key or a value -> what it is called here.
OTHER_KEYS = {
    "batch": "batch_size",
    "per_device_train_batch_size": "batch_size",
    "gradient_accumulation_steps": "gradient_accumulation",
    "gradient_checkpointing": "activation_checkpointing",
    "lr": "learning_rate",
    "num_train_epochs": "epochs",
    "warmup_ratio": "warmup",
    "scheduler": "schedule",
    "lr_scheduler_type": "schedule",
    "optim": "optimizer",
    "dtype": "precision",
    "early_stopping": "patience",
    "early_stopping_patience": "patience",
    "save_steps": "save_every",
    "output_dir": "output",
    "max_seq_length": "max_length",
    "validation": "dev",
    "test_size": "test_fraction",
    "validation_fraction": "dev_fraction",
}
OTHER_VALUES = {"balanced": "inverse", "bf16": "bfloat16", "fp32": "float32", "adamw": "adamw_torch_fused"}


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


def section_at(schema: type[BaseModel], key: Sequence[str | int]) -> type[BaseModel] | None:
    """The section at a key, if there is one."""
    here: Any = schema
    for part in key:
        section = _section_in(here)
        if section is None:
            here = next(reversed(typing.get_args(here)), None)  # the values of a dictionary
        elif str(part) in section.model_fields:
            here = section.model_fields[str(part)].annotation
        else:
            return None
    return _section_in(here)


def nearest_place(schema: type[BaseModel], key: Sequence[str | int]) -> str | None:
    """The key of the same name, as we or other tools call it, in another section; the nearest of several."""
    wanted = {str(key[-1]), OTHER_KEYS.get(str(key[-1]), "")}
    places = [place for place in _places(schema) if place[-1] in wanted]

    def common(place: Sequence[str]) -> int:
        return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(place, key, strict=False)))

    best = max(places, key=lambda place: (common(place), -len(place)), default=None)
    return ".".join(best) if best else None


def _places(schema: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """All keys of a config, but for those that only say that they are none of it."""
    for name, field in schema.model_fields.items():
        if field.annotation is type(None):
            continue
        yield (*above, name)
        section = _section_in(field.annotation)
        if section:
            yield from _places(section, (*above, name))


def _section_in(annotation: Any) -> type[BaseModel] | None:
    union = typing.get_origin(annotation) in (types.UnionType, typing.Union)
    options = typing.get_args(annotation) if union else (annotation,)
    return next((one for one in options if isinstance(one, type) and issubclass(one, BaseModel)), None)
