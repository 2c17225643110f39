"""How often summaries of real articles are flagged, and the flagged and unflagged ones to read by hand.

Needs the labelled data (``$MUJAZ_DATA``, or ``../shared/data`` beside the checkout).

Example::

    python benchmarks/findings.py                    # counts, 150 test articles of each set
    python benchmarks/findings.py --articles 50 --read 100             # 100 summaries beside their articles, to be judged
    python benchmarks/findings.py --articles 50 --read 100 --shift 7   # 100 others
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from mujaz import Summarizer
from mujaz.models.summary_checks import check_summary
from mujaz.models.summary_record import MILD, Finding, Summary, findings_of

ROOT = Path(__file__).resolve().parents[1]
SETS = ("saudinewsnet", "ant")
SHOWN = 60  # words of an article


def main() -> None:
    """Print counts a set, then texts to read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("MUJAZ_DATA", ROOT.parent / "shared" / "data"))
    )
    parser.add_argument("--model", help="left out: the embedded summarizer")
    parser.add_argument("--articles", type=int, default=150, help="of each set, drawn evenly")
    parser.add_argument("--shift", type=int, default=0, help="take the articles so many rows further on")
    parser.add_argument("--read", type=int, default=0, help="how many to print")
    options = parser.parse_args()
    summarizer = Summarizer.from_pretrained(options.model, device="cpu", precision="float32")
    pairs = []
    for name in SETS:
        table = pq.read_table(options.data / "summary" / name / "test.parquet", columns=["text", "summary"])
        texts, headlines = table["text"].to_pylist(), table["summary"].to_pylist()
        places = (np.linspace(0, len(texts) - 1, options.articles).astype(int) + options.shift) % len(texts)
        chosen = [texts[i] for i in places]
        found, faithful = (summarizer.summarize(chosen, faithful=choice) for choice in (False, True))
        for title, summaries in (("as they come", found), ("--faithful", faithful)):
            print(f"{name}, {title}: {_counted([one.findings for one in summaries])}")
        own = [findings_of(check_summary(*pair)) for pair in zip(headlines, texts, strict=True)]
        print(f"{name}, the outlet's own headlines, all of the test set: {_counted(own)}")
        pairs += list(zip(chosen, found, faithful, strict=True))
    for number, (text, one, other) in enumerate(pairs[:: max(1, len(pairs) // options.read)] if options.read else []):
        print("\n".join(("", f"{number}: {one.text}", _named(one), " ".join(text.split()[:SHOWN]))))
        if other.text != one.text:
            print(f"--faithful: {other.text}\n{_named(other)}")


def _counted(findings: Sequence[Sequence[Finding]]) -> str:
    kinds = Counter(kind for own in findings for kind in {finding.kind for finding in own})
    flagged = sum(any(finding.kind not in MILD for finding in own) for own in findings)
    return f"{flagged} of {len(findings)} flagged; with a finding, by kind: {dict(kinds)}"


def _named(summary: Summary) -> str:
    return ", ".join(f"{finding.kind} {finding.text}".strip() for finding in summary.findings) or "nothing found"


if __name__ == "__main__":
    main()
