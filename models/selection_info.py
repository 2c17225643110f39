"""What a summarizer that chooses a stretch looks for; the part of ``mujaz.json`` that says so."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, Field

from mujaz.models.summary_options import WordRange

LIKELY = 0.17  # for headlines of editors; how much does not matter much (benchmarks/LOG.md)
BOUNDARY = 0.02  # what a factor of e in the probability of start or end is worth, in F1
STANDS = 0.1  # the same of the probability that it can stand by itself
FRAGMENT = 0.5  # what is sure to stand by less is called a fragment


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for.

    Attributes:
        words: Length of a summary that one would write, in words.
        shortest: Words of a stretch.
        longest: Words of a stretch.
        boundary: What a factor of e in the probability of start or end is worth, in F1.
        stands: The same of the probability that it can stand by itself, where a model says that.
    """

    words: float
    shortest: int
    longest: int
    boundary: float
    stands: float = STANDS


class SelectionInfo(BaseModel):
    """How long what a selector chooses is to be, and how much its boundaries count; see `mujaz.models.stretches`."""

    words: float = Field(gt=0, description="middle length of the summaries it was trained on, in words")
    shortest: int = Field(gt=0, description="words of what it chooses, at least")
    longest: int = Field(gt=0, description="words of what it chooses, at most")
    least: float | None = Field(
        default=None, description="what a stretch must be worth; else the article's beginning is given"
    )
    boundary: float = Field(
        default=BOUNDARY, ge=0, description="what a factor of e in a boundary's probability is worth"
    )
    stands: float = Field(
        default=STANDS, ge=0, description="what a factor of e in the probability that it can stand is worth"
    )
    clauses: float = Field(
        default=1.0, ge=0, description="how much counts what rules say of where a stretch may start and end"
    )
    fragment: float = Field(
        default=FRAGMENT,
        ge=0,
        le=1,
        description="a summary that can stand with less than this probability is one, and said as it stands",
    )
    likely: float = Field(
        default=LIKELY, ge=0, le=1, description="what can be left out stays where a summary has it as likely as this"
    )
    rephrase: bool = Field(default=True, description="whether it says what it chose as a headline says it")

    def wanted(self, length: WordRange | None = None) -> Wanted:
        """What is looked for, in a range of words where one is asked for."""
        if length is None:
            return Wanted(self.words, self.shortest, self.longest, self.boundary, self.stands)
        return Wanted((length.low + length.high) / 2, length.low, length.high, self.boundary, self.stands)
