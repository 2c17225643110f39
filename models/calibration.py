"""What a checkpoint knows of its own probabilities: a temperature, and how right it is above which probability."""

from __future__ import annotations

from pydantic import BaseModel, Field

from mujaz.errors import UsageError


class Threshold(BaseModel):
    """One choice of a threshold, as it came out on the dev data."""

    min_probability: float = Field(ge=0, le=1, description="texts below it get no label")
    precision: float = Field(ge=0, le=1, description="share of the labelled texts whose label was right")
    coverage: float = Field(ge=0, le=1, description="share of all texts that got a label")


class Calibration(BaseModel):
    """Measured on the dev data after training; part of ``mujaz.json``."""

    temperature: float = Field(gt=0, description="the logits are divided by it before the softmax")
    rows: int = Field(description="dev rows it was measured on")
    outliers: int = Field(default=0, description="dev rows without any of the labels, which count for the thresholds")
    bins: int = Field(description="equal-width bins of the expected calibration error (ECE)")
    ece_before: float = Field(description="ECE of the top label at temperature 1, 0-1")
    ece_after: float = Field(description="the same at this temperature")
    nll_before: float = Field(description="mean negative log-likelihood at temperature 1, in nats")
    nll_after: float = Field(description="the same at this temperature")
    thresholds: list[Threshold] = Field(
        default_factory=list, description="the lowest threshold for each precision that can be had, rising"
    )
    min_precision: float | None = Field(default=None, description="the precision that the training was asked for")
    min_probability: float | None = Field(default=None, description="its threshold: below it the label is null")

    def basis(self, threshold: Threshold) -> str:
        """What a threshold stands on: the dev rows above it, and the 95 % interval of their precision (Wilson 1927).

        A threshold is chosen where the dev data looks best, so what it gives elsewhere is rather less.
        """
        from scipy.stats import binomtest

        above = max(1, round(threshold.coverage * (self.rows + self.outliers)))
        found = binomtest(round(threshold.precision * above), above).proportion_ci(method="wilson")
        interval = f"95 % interval {found.low:.0%} to {found.high:.0%}"
        return f"{threshold.precision:.1%} of {above:,} dev rows above it were right, {interval}"

    def threshold_for(self, precision: float) -> Threshold:
        """The threshold that labels the most texts at a precision.

        Args:
            precision: Share of right labels among the labelled texts, 0 to 1.

        Raises:
            UsageError: no threshold reached it on the dev data.
        """
        for threshold in self.thresholds:
            if threshold.precision >= precision:
                return threshold
        best = max(self.thresholds, key=lambda one: one.precision, default=None)
        reached = (
            f"the highest is {best.precision:.3f}, for {best.coverage:.0%} of the texts"
            if best
            else f"the dev data, {self.rows} rows, was too small to measure any"
        )
        raise UsageError(
            f"expected a precision that this model reached on its dev data, found {precision}: {reached}. "
            "Ask for less, or give a probability (--min-probability)."
        )
