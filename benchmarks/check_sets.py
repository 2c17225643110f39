"""``mujaz check`` on every labelled set as one table: a row a set, and how many rows each kind of finding has.

Needs $MUJAZ_DATA (topic/, stance/, summary/, a folder a set). Tokens are those of the embedded models. With ``--pages``
also the page of each set.

Call:  python benchmarks/check_sets.py --pages checks
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path

from mujaz.models.encoding import TextEncoder
from mujaz.models.opening import open_checkpoint
from mujaz.pages import write_page
from mujaz.training.checks import DataReport, check_data
from mujaz.training.checks_page import page
from mujaz.training.checks_rows import rows_of_files

TASKS = ("topic", "stance", "summary")
# Title of a column -> the kinds of findings whose rows it counts.
COLUMNS = {
    "repeated / nearly": ("duplicate", "near duplicate"),
    "across parts, same / nearly": ("leak", "near leak"),
    "other label, same / nearly": ("conflict", "near conflict"),
    "not Arabic": ("not Arabic",),
    "wrongly decoded": ("broken encoding",),
    "HTML / URL": ("HTML", "URL"),
    "dateline / other leftovers": ("dateline", "share bar+page leftover"),
    "title in text": ("title in text",),
    "summary: beginning / elsewhere in text / no shorter": (
        "summary is beginning",
        "summary in text",
        "summary not shorter",
    ),
    "missing or unreadable": ("empty text+no label+no target+no summary+unreadable+unknown label",),
}


def row(report: DataReport) -> list[str]:
    """The cells of one set."""
    counts: Counter[str] = Counter()
    for finding in report.findings:
        counts[finding.kind] += finding.count
    sizes = " / ".join(f"{count:,}" for count in report.rows.values())
    labels = max((len([name for name in found if name]) for found in report.labels.values()), default=0)
    balance = f"{labels}, {counts['imbalance'] or '< 10'} : 1" if labels else ""
    words = report.words[next(iter(report.rows))]
    rows = sum(report.rows.values())
    cut = sum(report.rows[part] * (report.tokens[part].cut or 0) for part in report.rows) / rows
    cells = [" / ".join(f"{sum(counts[k] for k in kind.split('+')):,}" for kind in kinds) for kinds in COLUMNS.values()]
    return [
        sizes,
        balance,
        f"{words.median:,.0f}, {words.most:,}",
        f"{cut:.1%}",
        *("" if set(c) <= set("0 /") else c for c in cells),
    ]


def main() -> None:
    """Check all sets, a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, metavar="FOLDER", help="write the page of each set there")
    parser.add_argument("--sets", nargs="+", help="only these, as stance/ans")
    parser.add_argument("--max-length", type=int, default=256, help="tokens, for the share of texts that is cut")
    options = parser.parse_args()
    data = Path(os.environ["MUJAZ_DATA"])
    names = options.sets or [f"{task}/{folder.name}" for task in TASKS for folder in sorted((data / task).iterdir())]
    titles = [
        "set",
        "rows",
        "labels, balance",
        "words: median, most",
        f"over {options.max_length} tokens",
        *COLUMNS,
        "s",
    ]
    print("| " + " | ".join(titles) + " |\n|" + "---|" * len(titles), flush=True)
    encoders: dict[str, TextEncoder] = {}
    for name in names:
        task = name.split("/", maxsplit=1)[0]
        if task not in encoders:
            encoders[task] = open_checkpoint(task, task=task, max_length=options.max_length).encoder
        began = time.process_time()
        report = check_data(rows_of_files([str(data / name)]), encoder=encoders[task])
        print(f"| {name} | " + " | ".join([*row(report), f"{time.process_time() - began:.0f}"]) + " |", flush=True)
        if options.pages:
            options.pages.mkdir(parents=True, exist_ok=True)
            write_page(options.pages / f"{name.replace('/', '-')}.html", page(report))
            for finding in report.findings:
                print(f"{name}: {finding.level}: {finding.line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
