"""What is done with a text that is longer than the model reads; how it is cut stands in `mujaz.models.window_places`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

Policy = Literal["windows", "truncate"]
Pooling = Literal["mean", "max", "first", "first+last"]


class LongText(BaseModel):
    """What is done with a text that is longer than the model reads; stands in ``mujaz.json``."""

    policy: Policy = Field(default="windows", description="cut into windows, or read the beginning alone")
    pooling: Pooling = Field(default="mean", description="what becomes of the logits of several windows")
    overlap: float = Field(default=0.125, ge=0, lt=0.5, description="share of a window that the next one may repeat")
    max_windows: int = Field(default=32, gt=0, description="what lies behind so many windows is not read")
