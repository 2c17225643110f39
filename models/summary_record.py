"""What is said of one article: its summary, the candidates beside it, and what was found in each."""

from __future__ import annotations

from dataclasses import dataclass

from mujaz.models.summary_checks import SummaryChecks

# A word that the article does not have is no fault by itself: synonyms and broken plurals are such words too.
MILD = frozenset({"word", "cut", "as_is", "unsure"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a reader should know of a summary.

    Attributes:
        kind: Not in the article: ``number``, ``date``, ``quote``, ``name``, ``latin`` (a word in Latin letters), ``word``
            (any other content word). Of the summary itself: ``joined`` (two stretches of the article that do not stand
            together there), ``loop`` (a phrase over and over), ``sentinel`` (a special token left in it), ``empty``, ``cut``
            (it reached the longest length allowed), ``as_is`` (the article was too short to summarize and is returned as it
            is), ``unsure`` (the model expects little of all that it found, or each has a fault, so the article's beginning
            is given),
            ``denied`` (a word before or behind what was chosen denies it, doubts it, warns of it, takes it back or is
            its condition), ``fragment`` (it may have been cut out too short, or hang on what is around it).
        text: The words in question; of ``joined`` those around the boundary, which is a ``|``.
    """

    kind: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the texts that a model wrote for an article, or chose from it.

    Attributes:
        text: The text.
        score: Mean log-probability of its tokens under beam search (length penalty applied); None for greedy decoding. Of a
            stretch that was chosen: the F1 expected of its words, its boundaries counted in. Of a brief: what the sentence
            is worth that was taken first, which is of another scale.
        words: How many it has.
        findings: What was found in it.
        copied: Share of its words that stand in a run copied from the article, 0-1.
    """

    text: str
    score: float | None
    words: int
    findings: tuple[Finding, ...]
    copied: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary of one article.

    Attributes:
        text: The summary.
        score: As of a candidate; None also for an article returned as it is.
        tokens_read: Tokens that the model read, special tokens included; of all sections of a hierarchical summary.
        truncated: Whether the model did not read all of the article.
        words: How many the summary has.
        read: Share of the article's tokens that the model read, 0-1; of a brief, of its characters.
        long: What was done with an article longer than the model reads; None where it was not.
        findings: What was found in it, against the whole article.
        copied: Share of its words that stand in a run copied from the article, 0-1.
        candidates: The summary and its alternatives, best first, as many as were asked for and found.
    """

    text: str
    score: float | None
    tokens_read: int
    truncated: bool
    words: int = 0
    read: float = 1.0
    long: str | None = None
    findings: tuple[Finding, ...] = ()
    copied: float = 0.0
    candidates: tuple[Candidate, ...] = ()

    @property
    def as_is(self) -> bool:
        """Whether the article was too short to summarize and is returned as it is."""
        return any(finding.kind == "as_is" for finding in self.findings)

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The findings that speak against the summary."""
        return tuple(finding for finding in self.findings if finding.kind not in MILD)


KINDS = {
    "new_numbers": "number",
    "new_dates": "date",
    "new_quotes": "quote",
    "new_names": "name",
    "new_latin": "latin",
    "new_words": "word",
    "sentinels": "sentinel",
    "joins": "joined",
}


def findings_of(checks: SummaryChecks, *, cut: bool = False) -> tuple[Finding, ...]:
    """The findings of the checks, each word in one of them only.

    Args:
        checks: What was counted.
        cut: Whether the summary reached the longest length allowed.
    """
    found = [Finding("empty")] if checks.words == 0 else []
    said: set[str] = set()
    for attribute, kind in KINDS.items():
        for text in getattr(checks, attribute):
            if text not in said:
                found.append(Finding(kind, text))
                said.update((text, *text.split()))
    found += [Finding("loop", checks.loop)] if checks.loop else []
    found += [Finding("cut")] if cut else []
    return tuple(found)
