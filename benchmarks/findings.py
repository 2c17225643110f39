"""How often summaries of real articles are flagged, and the flagged and unflagged ones to read by hand.

Needs the labelled data (``$MUJAZ_DATA``, or ``../shared/data`` beside the checkout).

Example::

    python benchmarks/findings.py                    # counts, 150 test articles of each set
    python benchmarks/findings.py --read 100         # and 100 summaries beside the beginnings of their articles
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from mujaz import Summarizer

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
    parser.add_argument("--read", type=int, default=0, help="how many to print")
    options = parser.parse_args()
    summarizer = Summarizer.from_pretrained(options.model, device="cpu", precision="float32")
    pairs = []
    for name in SETS:
        texts = pq.read_table(options.data / "summary" / name / "test.parquet", columns=["text"])["text"].to_pylist()
        chosen = [texts[i] for i in np.linspace(0, len(texts) - 1, options.articles).astype(int)]
        found = summarizer.summarize(chosen)
        kinds = Counter(kind for one in found for kind in {finding.kind for finding in one.findings})
        flagged = sum(bool(one.faults) for one in found)
        print(f"{name}: {flagged} of {len(found)} flagged; summaries with a finding, by kind: {dict(kinds)}")
        pairs += list(zip(chosen, found, strict=True))
    for text, one in pairs[:: max(1, len(pairs) // options.read)] if options.read else []:
        print("\n".join(("", one.text, str([(f.kind, f.text) for f in one.findings]), " ".join(text.split()[:SHOWN]))))


if __name__ == "__main__":
    main()
