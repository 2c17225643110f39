"""Peak resident memory of ``mujaz classify`` over a short and a long corpus: it must not grow with the corpus.

Texts are made up: words of random Arabic letters, four a text, three of them out of 50,000 and one drawn anew every time, so
that whatever is kept of words fills up. Every run is a process of its own.

Usage::

    python benchmarks/memory.py                        # 10,000 and 1,000,000 records
    python benchmarks/memory.py --records 10000 200000
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
VOCABULARY = 50_000
WORDS = 4


def word(draw: random.Random) -> str:
    """Some letters."""
    return "".join(draw.choices(LETTERS, k=draw.randint(2, 4)))


def write_corpus(path: Path, records: int) -> None:
    """A corpus of so many records."""
    draw = random.Random(0)
    known = [word(draw) for _ in range(VOCABULARY)]
    with path.open("w", encoding="utf-8") as file:
        for number in range(records):
            text = " ".join([*draw.choices(known, k=WORDS - 1), word(draw)])
            file.write(json.dumps({"id": number, "text": text}, ensure_ascii=False) + "\n")


def peak(source: Path, out: Path) -> tuple[float, float]:
    """Peak resident memory in MB, and seconds, of a run over a corpus."""
    began = time.perf_counter()
    child = os.spawnv(
        os.P_NOWAIT,
        sys.executable,
        [sys.executable, "-m", "mujaz", "classify", str(source), "--out", str(out), "--force", "--device", "cpu"],
    )
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"mujaz classify failed: {status}")
    return usage.ru_maxrss / 1024, time.perf_counter() - began


def main() -> None:
    """Print a row a size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, nargs="+", default=[10_000, 1_000_000])
    sizes = parser.parse_args().records
    print("| records | peak resident memory | of the first | records a second |\n|---|---|---|---|")
    first = 0.0
    with tempfile.TemporaryDirectory() as name:
        for records in sizes:
            source, out = Path(name) / "corpus.jsonl", Path(name) / "out.jsonl"
            write_corpus(source, records)
            memory, seconds = peak(source, out)
            first = first or memory
            print(f"| {records:,} | {memory:.1f} MB | {memory / first:.1%} | {records / seconds:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
