"""What a training config may say of a search for better settings."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from mujaz.configs.sections import Positive, Section, Seed

# What decides where results go and on what they are compared.
_ROWS = (
    "train",
    "dev",
    "test",
    "dev_fraction",
    "test_fraction",
    "max_dev_rows",
    "split",
    "split_seed",
    "folds",
    "fold",
)
FIXED = (
    *("task", "output", "search", "intermediate"),
    *(f"data.{name}" for name in (*_ROWS, "columns", "labels", "rename", "outliers")),
)


class RangeConfig(Section):
    """Numbers between two, both included; whole numbers where both are."""

    low: int | float
    """The least."""
    high: int | float
    """The most."""
    log: bool = False
    """Even over orders of magnitude, as learning rates want it."""
    step: Annotated[float, Field(gt=0)] | None = None
    """Only multiples of it, from low on."""

    @model_validator(mode="after")
    def _in_order(self) -> RangeConfig:
        if self.low >= self.high:
            raise ValueError(f"low {self.low} is not less than high {self.high}")
        if self.step and self.step > (self.high - self.low) * (1 + 1e-9):  # 0.3 - 0.1 is a little less than 0.2
            raise ValueError(
                f"a step of {self.step} from {self.low} on leads beyond {self.high}, so {self.low} alone is left"
            )
        if self.log and (self.low <= 0 or self.step):
            raise ValueError("log needs a low above 0, and takes no step")
        return self

    @property
    def probes(self) -> list[int | float]:
        """Ends, and where not only whole numbers are meant one between that is none: whether all values are allowed."""
        between = [] if self.whole else [self.low + (self.step or 0.37 * (self.high - self.low))]
        return [self.low, *between, self.high]

    @property
    def whole(self) -> bool:
        """Whether whole numbers are meant."""
        return all(isinstance(one, int) for one in (self.low, self.high)) and float(self.step or 1).is_integer()


class SearchConfig(Section):
    """A search for better settings, by mujaz search; mujaz train passes over it."""

    trials: Positive = 20
    """Trainings; raise it to go on."""
    metric: str | None = None
    """What is to be as high as possible on dev: macro_f1 (labels) or rougeL (summaries), unless another is named."""
    space: Annotated[dict[str, RangeConfig | list[Any]], Field(min_length=1)]
    """Setting -> {low, high} or a list of choices; settings with dots, as training.learning_rate."""
    prune: bool = True
    """Stop a training that does worse than half of those before it did at the same point (needs five of those). There,
    training.keep_of_start does not count yet."""
    seed: Seed = 13
    """Of the draws."""

    @model_validator(mode="after")
    def _leaves_the_comparison_alone(self) -> SearchConfig:
        for key, values in self.space.items():
            if any(key == fixed or key.startswith(f"{fixed}.") for fixed in FIXED):
                raise ValueError(f"space: {key} is the same for all trials")
            if isinstance(values, list) and len(values) < 2:
                raise ValueError(f"space: {key} needs at least two choices")
        return self
