"""How far a run over a corpus is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from mujaz.inference.summary import RunSummary

LINE_EVERY = 30.0  # seconds between lines where there is no terminal


class CorpusProgress:
    """Records done and a second, tokens a second, share of the input read, time left."""

    def __init__(self, stream: TextIO) -> None:
        """Show it on ``stream``."""
        self.stream = stream
        self.terminal = stream.isatty()
        self.began = self.told = time.monotonic()
        self.bar: Any = None

    def __enter__(self) -> CorpusProgress:
        """Begin."""
        if self.terminal:
            from tqdm import tqdm

            self.bar = tqdm(unit="text", file=self.stream)
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the bar as it is."""
        if self.bar is not None:
            self.bar.close()

    def advance(self, done: int) -> None:
        """So many records were done."""
        if self.bar is not None:
            self.bar.update(done)

    def chunk(self, summary: RunSummary) -> None:
        """A chunk was written."""
        now = time.monotonic()
        seconds = max(now - self.began, 1e-9)
        if self.bar is not None:
            self.bar.set_postfix_str(", ".join(_facts(summary, seconds)))
        elif now - self.told >= LINE_EVERY:
            self.told = now
            rate = (summary.records - summary.resumed) / seconds
            facts = [f"{summary.records:,} records", f"{rate:,.1f} a second", *_facts(summary, seconds)]
            click.echo(", ".join(facts), err=True)


def _facts(summary: RunSummary, seconds: float) -> list[str]:
    """What a bar does not know by itself."""
    facts = []
    if summary.tokens and not summary.resumed and not summary.kept:
        facts.append(f"{summary.tokens / seconds:,.0f} tokens/s")
    share = summary.share_read
    if share:
        facts.append(f"{share:.0%} read")
        if not summary.resumed and share < 1:  # when all is read, nobody knows how much is still to be computed
            facts.append(f"about {_clock(seconds / share - seconds)} left")
    return facts


def _clock(seconds: float) -> str:
    minutes = round(seconds / 60)
    return (
        f"{minutes // 60} h {minutes % 60:02} min"
        if minutes >= 60
        else f"{minutes} min"
        if minutes
        else f"{seconds:.0f} s"
    )
