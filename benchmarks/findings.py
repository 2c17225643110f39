"""How often summaries of real articles are flagged, and how often rightly, by labels of a reader.

Needs the labelled data (``$MUJAZ_DATA``, or ``../shared/data`` beside the checkout).

Example::

    python benchmarks/findings.py --model RUN                                      # counts, 150 test articles of each set
    python benchmarks/findings.py --model OLD --labels benchmarks/findings_labels.jsonl    # by the labels that are kept
    python benchmarks/findings.py --model RUN --articles 50 --blind new.jsonl      # 100 others to read: see below
    python benchmarks/findings.py --model RUN --articles 50 --read 100             # with what was found in them

The labels that are kept are of the summarizer that was embedded until a selecting one took its place; it is still in the
history: ``git archive b24961a models/embedded/summary``.

Labels are made without knowing what the checks say: ``--blind`` prints each article with its summary, and writes a file
with a line for each; the reader sets ``false`` in it to true or false, and says in ``finding`` and ``why`` what is wrong.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from findings_reading import SPLIT, Label, Written, holding, read_labels, scores, sum_of, write_labels
from numpy.typing import NDArray

from mujaz import Summarizer, UsageError
from mujaz.models.summary_checks import check_summary
from mujaz.models.summary_record import MILD, Finding, Summary, findings_of

ROOT = Path(__file__).resolve().parents[1]
SETS = ("saudinewsnet", "ant")
SHOWN = 60  # words of an article
BLIND = 150  # of one that is to be judged: more than what the model reads


def main() -> None:
    """Print counts a set and texts to read, or do what a flag says with labels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("MUJAZ_DATA", ROOT.parent / "shared" / "data"))
    )
    parser.add_argument("--model", required=True, help="a summarizer that writes, such as runs/summary-spans")
    parser.add_argument("--articles", type=int, default=150, help="of each set, drawn evenly")
    parser.add_argument("--shift", type=int, default=0, help="take the articles so many rows further on")
    parser.add_argument("--read", type=int, default=0, help="how many to print")
    parser.add_argument("--blind", type=Path, metavar="FILE", help="print without findings, and write FILE to fill in")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="flagged, precision and recall by these labels")
    options = parser.parse_args()
    summarizer = Summarizer.from_pretrained(options.model, device="cpu", precision="float32", engine="torch")
    work = judged if options.labels else to_judge if options.blind else counted
    try:
        work(summarizer, options)
    except UsageError as error:  # one that selects is asked for what only those do that write
        parser.error(str(error))


def counted(summarizer: Summarizer, options: argparse.Namespace) -> None:
    """Counts a set, and texts to read."""
    pairs = []
    for name in SETS:
        texts, headlines = _rows(options.data, name)
        chosen = [texts[i] for i in _places(len(texts), options)]
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


def to_judge(summarizer: Summarizer, options: argparse.Namespace) -> None:
    """Articles with their summaries, and the file of their labels, nothing said yet."""
    labels = []
    for name in SETS:
        texts, _ = _rows(options.data, name)
        places = [int(i) for i in _places(len(texts), options)]
        for index, summary in zip(places, summarizer.summarize([texts[i] for i in places]), strict=True):
            labels.append(Label(name, SPLIT, index, sum_of(summary.text)))
            print(f"\n{labels[-1].place}: {summary.text}\n{' '.join(texts[index].split()[:BLIND])}")
    write_labels(options.blind, labels)
    print(f"\n{len(labels)} labels to fill in: {options.blind}")


def judged(summarizer: Summarizer, options: argparse.Namespace) -> None:
    """What the checks find, beside what a reader said."""
    labels = read_labels(options.labels)
    written = {}
    for part in dict.fromkeys((label.set, label.split) for label in labels):
        own, texts = [label for label in labels if (label.set, label.split) == part], _rows(options.data, *part)[0]
        for label, summary in zip(own, summarizer.summarize([texts[label.index] for label in own]), strict=True):
            written[label.place] = Written(summary.text, frozenset(finding.kind for finding in summary.faults))
    held, refused = holding(labels, written)
    print("\n".join([*refused, *scores(held, written)]))


def _rows(data: Path, name: str, split: str = SPLIT) -> tuple[list[str], list[str]]:
    table = pq.read_table(data / "summary" / name / f"{split}.parquet", columns=["text", "summary"])
    return table["text"].to_pylist(), table["summary"].to_pylist()


def _places(rows: int, options: argparse.Namespace) -> NDArray[np.int64]:
    places: NDArray[np.int64] = np.linspace(0, rows - 1, options.articles).astype(int) + options.shift
    return places % rows


def _counted(findings: Sequence[Sequence[Finding]]) -> str:
    kinds = Counter(kind for own in findings for kind in {finding.kind for finding in own})
    flagged = sum(any(finding.kind not in MILD for finding in own) for own in findings)
    return f"{flagged} of {len(findings)} flagged; with a finding, by kind: {dict(kinds)}"


def _named(summary: Summary) -> str:
    return ", ".join(f"{finding.kind} {finding.text}".strip() for finding in summary.findings) or "nothing found"


if __name__ == "__main__":
    main()
