"""What a classifier that gives several labels knows of each: from which probability on a text gets it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

# What transformers calls it in config.json.
PROBLEM_TYPE: Literal["multi_label_classification"] = "multi_label_classification"
ONE_LABEL: Literal["single_label_classification"] = "single_label_classification"
UNTUNED = 0.5


class MultiLabel(BaseModel):
    """Part of ``mujaz.json`` where a text can have several labels, or none."""

    thresholds: list[float] = Field(description="least probability of each label, in the order of the labels")
    rows: int = Field(default=0, description="dev rows they were tuned on; 0: they are 0.5")

    def has(self, logits: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Whether each text has each label, by its scores; both of shape (texts, labels)."""
        return each_by_itself(logits) >= np.array(self.thresholds)


def each_by_itself(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Scores to probabilities that need not add up to 1, in float64."""
    return np.asarray(1 / (1 + np.exp(-logits.astype(np.float64))))


def untuned(labels: int) -> MultiLabel:
    """Thresholds that nobody tuned, for so many labels."""
    return MultiLabel(thresholds=[UNTUNED] * labels)
