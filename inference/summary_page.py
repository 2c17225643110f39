"""Summaries beside their articles, as one self-contained page that a person can read."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from mujaz.errors import OutputError, UsageError
from mujaz.files import is_local
from mujaz.formats import read_rows
from mujaz.inference.corpus import CorpusOptions, article_cleaner
from mujaz.inference.records import BadRecord
from mujaz.inference.sinks import NOTHING, STDOUT
from mujaz.inference.sources import STDIN, open_corpus
from mujaz.inference.summary import RunSummary
from mujaz.models.articles import read_article
from mujaz.models.marking import as_written, marked
from mujaz.models.summary_record import MILD, Finding
from mujaz.pages import check_page, render, write_page

TEMPLATES = Path(__file__).parent / "templates"
SHOWN = 200  # articles: more make a page that no one reads and browsers are slow with
FOOTER = "Made by mujaz. This page holds the articles it was made from: share it as you would share them."


@dataclass(frozen=True, slots=True)
class Shown:
    """An article and its summary.

    Attributes:
        id: Of the article.
        article: As the model got it.
        summary: What was written.
        findings: What was found in the summary.
        read: Share of the article that the model read, 0-1.
        copied: Share of the summary's words that stand in a run copied from the article, 0-1.
        extra: Columns that were carried along.
        error: Why there is no summary.
    """

    id: str
    article: str
    summary: str = ""
    findings: tuple[Finding, ...] = ()
    read: float = 1.0
    copied: float = 0.0
    extra: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


def check_report(report: str, inputs: Sequence[str], out: str | None) -> None:
    """See that a report can be made when a corpus is done, for which it is read again.

    Raises:
        UsageError: It cannot, or would replace an input or the output.
        OutputError: The page cannot be written.
    """
    if out is None or out == STDOUT or not is_local(out):
        raise UsageError(f"--report of a corpus needs its output in a local file: give --out, found {out or 'none'}.")
    if STDIN in inputs:
        raise UsageError("--report reads the corpus again when it is done: give a file in place of standard input.")
    for name in inputs:
        if os.path.exists(name) and Path(name).is_fifo():
            raise UsageError(f"--report reads the corpus again when it is done, and {name} is a pipe: give a file.")
    check_page(report, "--report", (out, *inputs))


def write_corpus_report(
    report: str | Path,
    inputs: Sequence[str],
    out: str | Path,
    options: CorpusOptions,
    names: Mapping[str, str],
    done: RunSummary,
) -> None:
    """Write the page of a corpus that is done.

    Args:
        report: The file.
        inputs: Those of the run.
        out: What the run wrote.
        options: How the run read its inputs.
        names: Column that was kept -> what the run calls it in its output.
        done: What the run did; its first records are shown.

    Raises:
        OutputError: It cannot be written.
    """
    clean = article_cleaner() if options.clean_article else None
    corpus = open_corpus(inputs, options.columns, format=options.format, plain="article", clean=clean)
    records = corpus.part(corpus, done.span) if done.span else corpus
    pairs = islice(zip(records, read_rows(out), strict=False), SHOWN)
    shown = [
        shown_line(str(record.id), "" if isinstance(record, BadRecord) else record.text, line.values, names)
        for record, line in pairs
    ]
    try:
        write_page(Path(report), summary_page(shown, done.ran.partition("\n")[0], done.records))
    except OutputError as error:
        raise OutputError(
            f"{str(error).rstrip('.')}. The results are whole in {out}; the same command with --retry-errors writes the "
            "page, and computes nothing again but errors."
        ) from error


def shown_line(name: str, article: str, line: Mapping[str, Any], names: Mapping[str, str] = NOTHING) -> Shown:
    """An article and its line of the output, in any format; ``names`` are those of kept columns there."""
    found = line.get("findings")
    found = orjson.loads(found) if isinstance(found, str) and found else found or []
    return Shown(
        id=name,
        article=article,
        summary=str(line.get("summary") or ""),
        findings=tuple(Finding(one["kind"], one["text"]) for one in found),
        read=float(line.get("read") or 0),
        copied=float(line.get("copied") or 0),
        extra={column: line[name] for column, name in names.items() if line.get(name) not in (None, "")},
        error=str(line["error"]) if line.get("error") else None,
    )


def summary_page(shown: Sequence[Shown], engine: str, total: int | None = None) -> str:
    """The page, as HTML.

    Args:
        shown: The articles on it.
        engine: What ran where.
        total: How many there are in all, where not all are shown.
    """
    total = len(shown) if total is None else total
    kinds = Counter(kind for one in shown for kind in {finding.kind for finding in one.findings} - MILD)
    flagged = sum(any(finding.kind not in MILD for finding in one.findings) for one in shown)
    made = [one for one in shown if not one.error]
    tiles = [
        {"name": "articles", "value": f"{total:,}", "note": "" if total == len(shown) else f"{len(shown)} shown"},
        {"name": "summaries to check", "value": f"{flagged:,}", "note": _listed(kinds)},
        {"name": "of an article read", "value": _mean([one.read for one in made]), "note": "mean"},
        {"name": "words copied", "value": _mean([one.copied for one in made]), "note": "mean"},
    ]
    return render(
        TEMPLATES,
        "summaries_page.html.j2",
        title="Summaries beside their articles",
        subtitle=engine,
        tiles=tiles,
        left_out=total - len(shown),
        cards=[_card(one) for one in shown],
        footer=FOOTER,
    )


def _listed(kinds: Counter[str]) -> str:
    return ", ".join(f"{kind} {count:,}" for kind, count in kinds.most_common())


def _mean(shares: Sequence[float]) -> str:
    return f"{sum(shares) / len(shares):.0%}" if shares else "–"


def _card(one: Shown) -> dict[str, Any]:
    parts = read_article(one.article)
    summary, article = marked(one.summary, one.article, one.findings)
    return {
        "id": one.id,
        "title": str(one.extra.get("title") or parts.title or ""),
        "extra": {key: value for key, value in one.extra.items() if key != "title"},
        "summary": summary,
        "article": article,
        "findings": [
            {"kind": f.kind, "text": as_written(one.summary, f.text), "mild": f.kind in MILD} for f in one.findings
        ],
        "read": f"{one.read:.0%}",
        "copied": f"{one.copied:.0%}",
        "error": one.error,
    }
