"""A summarizer on the shared test sets, beside what costs nothing: the first sentence, the first words, another's headline.

ROUGE F1 with 95 % bootstrap intervals over articles, and how many summaries are empty, repeat themselves or say a number
that the article lacks. An encyclopedia article is read bare, and with its title in front (``title: text``), which LEAD-1 is
given as well; the summarizer is asked for ``--length short`` there. Last come dev articles whose headlines were cut out of
them by reading (training/headline_labels_dev.jsonl). Needs the labelled data (``$MUJAZ_DATA``, or
``../shared/data`` beside the checkout).

Example::

    python benchmarks/summary_scores.py                                        # the embedded summarizer, all test articles
    python benchmarks/summary_scores.py --model runs/summary-mt5 --articles 200
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from mujaz import Summarizer
from mujaz.models.sentences import split_sentences
from mujaz.models.summary_record import Summary
from mujaz.training.metrics.scoring import score_rouge
from mujaz.training.metrics.summary import SummaryQuality
from mujaz.training.read_labels import labelled_rows

ROOT = Path(__file__).resolve().parents[1]
SETS = {  # name -> file, whether its titles are read, the length asked for (leads have 46 words on average)
    "SaudiNewsNet": ("saudinewsnet/test", False, None),
    "ANT": ("ant/test", False, None),
    "ArgEn (dev)": ("argen/dev", False, None),
    "WikiLead, with titles, --length short": ("wikilead/test", True, "short"),
    "WikiLead, bare, --length short": ("wikilead/test", False, "short"),
    "Headlines by reading (dev)": ("", False, None),
}
READ = {
    "ant": ROOT / "training" / "headline_labels_dev.jsonl",
    "saudinewsnet": Path(__file__).parent / "headlines_saudi.jsonl",
}
FIRST = (16, 32)  # words
PARTS = {"where it is sure": False, "where it is unsure": True}
LEAST = 10  # articles
SHARES = {"empty_share": "empty", "loop_share": "repeats", "new_numbers_share": "foreign number"}


def rows_of(data: Path, file: str) -> list[dict[str, Any]]:
    """Rows with text and summary; without a file those that were read."""
    if not file:
        files = [[str(labels), str(data / name / "dev.parquet")] for name, labels in READ.items()]
        return [row for pair in files for row in labelled_rows(pair)]
    return pq.read_table(data / f"{file}.parquet").to_pylist()


def articles(rows: list[dict[str, Any]], number: int | None, *, titled: bool) -> tuple[list[str], list[str], list[str]]:
    """Articles, drawn evenly; their first sentences; their summaries."""
    rows = rows[:: max(1, len(rows) // number)][:number] if number else rows
    fronts = [f"{row['title']}: " if titled else "" for row in rows]
    first = [next((sentence.text for sentence in split_sentences(row["text"])), "") for row in rows]
    texts = [front + row["text"] for front, row in zip(fronts, rows, strict=True)]
    return texts, [f + one for f, one in zip(fronts, first, strict=True)], [row["summary"] for row in rows]


def row(name: str, summaries: Sequence[str], references: Sequence[str], rest: str = "") -> str:
    """A line of the table."""
    found = score_rouge(summaries, references, confidence=True)
    bounds = found.confidence or {}
    cells = [f"{found.f1[k]:.1f} ({bounds[k][0]:.1f}-{bounds[k][1]:.1f})" for k in ("rouge1", "rouge2", "rougeL")]
    words = sum(len(summary.split()) for summary in summaries) / len(summaries)
    return f"| {name} | {' | '.join(cells)} | {words:.1f} | {rest} |"


def by_finding(found: Sequence[Summary]) -> dict[str, list[int]]:
    """Those that the summarizer is sure of and the others; nothing where one of the two is hardly there."""
    unsure = [any(finding.kind == "unsure" for finding in one.findings) for one in found]
    parts = {name: [i for i, one in enumerate(unsure) if one is value] for name, value in PARTS.items()}
    return parts if min(map(len, parts.values())) >= LEAST else {}


def main() -> None:
    """Print a table a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("MUJAZ_DATA", ROOT.parent / "shared" / "data"))
    )
    parser.add_argument("--model", help="left out: the embedded summarizer")
    parser.add_argument("--engine", default="torch")
    parser.add_argument("--articles", type=int, help="of each set; left out: all")
    options = parser.parse_args()
    summarizer = Summarizer.from_pretrained(options.model, device="cpu", engine=options.engine)
    print(summarizer.description)
    for name, (file, titled, length) in SETS.items():
        texts, first, references = articles(rows_of(options.data / "summary", file), options.articles, titled=titled)
        began = time.perf_counter()
        found = summarizer.summarize(texts, length=length)
        seconds = time.perf_counter() - began
        summaries = [one.text for one in found]
        quality = SummaryQuality().compute(predictions=summaries, sources=texts) or {}
        rest = ", ".join(f"{label} {quality[key]:.1%}" for key, label in SHARES.items())
        joined = sum(any(finding.kind == "joined" for finding in one.findings) for one in found) / len(found)
        print(f"\n{name}: {len(texts):,} articles, {len(texts) / seconds:.1f} a second\n")
        print("| | ROUGE-1 | ROUGE-2 | ROUGE-L | words | |\n|---|---|---|---|---|---|")
        print(row("summarizer", summaries, references, f"{rest}, joined {joined:.1%}"))
        for label, of in by_finding(found).items():
            own = [summaries[i] for i in of], [references[i] for i in of]
            print(row(label, *own, f"{len(of):,} articles"))
        print(row("LEAD-1", first, references))
        for words in FIRST:
            print(row(f"first {words} words", [" ".join(text.split()[:words]) for text in texts], references))
        print(row("summary of another article", [*summaries[1:], summaries[0]], references), flush=True)


if __name__ == "__main__":
    main()
