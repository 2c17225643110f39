"""Runs of ``mujaz classify`` that are killed at random moments and gone on with, against one that was not.

Each of RUNS runs is killed with SIGKILL up to three times, after a random part of the time that a whole run takes (its
start included), then run to its end. Its output must be, byte for byte, that of the uninterrupted run, and beside it only
its summary may be left. Texts are the first words of articles of DATA (topic/sanad); JSON Lines, CSV and Parquet in turn.

Usage::

    python benchmarks/kills.py DATA             # 20 runs; exit code 1 where an output differs
    python benchmarks/kills.py DATA --runs 3
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROWS, WORDS = 4000, 15
SUFFIXES = (".jsonl", ".csv", ".parquet")
COMMAND = (sys.executable, "-m", "mujaz", "classify", "--device", "cpu")


def write_texts(data: Path, path: Path) -> None:
    """Records of a few words; one in fifty has no text."""
    import pyarrow.parquet as pq

    texts = pq.read_table(data / "topic/sanad/dev.parquet", columns=["text"])["text"].to_pylist()[:ROWS]
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(texts):
            row = {"id": number, "text": None if number % 50 == 7 else " ".join(text.split()[:WORDS])}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def finished(source: Path, out: Path) -> float:
    """Run to the end; its seconds."""
    began = time.perf_counter()
    subprocess.run([*COMMAND, str(source), "--out", str(out)], check=True, capture_output=True)
    return time.perf_counter() - began


def killed(source: Path, out: Path, seconds: float) -> bool:
    """Run for so many seconds, then SIGKILL; whether it was still running."""
    process = subprocess.Popen(
        [*COMMAND, str(source), "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def main() -> None:
    """All runs, a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds topic/sanad")
    parser.add_argument("--runs", type=int, default=20)
    given = parser.parse_args()
    chance, wrong, kills = random.Random(0), 0, 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "texts.jsonl"
        write_texts(given.data, source)
        whole = {suffix: folder / f"whole{suffix}" for suffix in SUFFIXES}
        lasts = {suffix: finished(source, path) for suffix, path in whole.items()}
        for run in range(given.runs):
            suffix = SUFFIXES[run % len(SUFFIXES)]
            place = folder / f"run{run}"
            place.mkdir()
            out, moments = place / f"out{suffix}", []
            for _ in range(chance.randint(1, 3)):
                moments.append(chance.uniform(0.2, 1) * lasts[suffix])
                if out.exists() or not killed(source, out, moments[-1]):
                    break
                kills += 1
            if not out.exists():
                finished(source, out)
            same = out.read_bytes() == whole[suffix].read_bytes() and sorted(os.listdir(place)) == sorted(
                [out.name, f"{out.name}.summary.json"]
            )
            wrong += not same
            spent = ", ".join(f"{moment:.1f}" for moment in moments)
            print(f"run {run + 1}: {suffix}, after {spent} s: {'the same bytes' if same else 'DIFFERS'}", flush=True)
    print(f"{given.runs} runs, {kills} kills, {wrong} outputs that differ")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
