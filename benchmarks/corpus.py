"""Where the time of a run over a corpus goes, when the model is tiny: the embedded topic model over all of SANAD.

The run itself first: ``classify_corpus`` over the files, into JSON Lines. Then its parts by themselves, each alone on the
machine: reading, preparing (repair, recipe, tokenizer), the model on texts that are encoded already, writing. In the run the
parts overlap, so its seconds are fewer than theirs together; what all but the model costs is what the run takes longer than
the model alone.

Usage::

    python benchmarks/corpus.py DATA [MODEL]      # DATA holds topic/sanad/*.parquet; the embedded topic model by default
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What it gives, its seconds, and those of the processor."""
    began, processor = time.perf_counter(), time.process_time()
    found = work()
    return found, time.perf_counter() - began, time.process_time() - processor


def main() -> None:
    """Run it all and print the table."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    from mujaz.inference.classify import CHUNK, ClassifyOptions, classify_corpus, load_classify_job
    from mujaz.inference.records import DEFAULT_COLUMNS, Record
    from mujaz.inference.sinks import open_sink
    from mujaz.inference.sources import open_corpus

    files = [str(Path(sys.argv[1], "topic/sanad", f"{split}.parquet")) for split in ("train", "dev", "test")]
    job = load_classify_job(sys.argv[2] if len(sys.argv) > 2 else None, ClassifyOptions(), DEFAULT_COLUMNS, nested=True)
    print(job.description)
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/out.jsonl"
        summary, wall, processor = timed(lambda: classify_corpus(files, out, model=job.classifier))
        print(f"run: {summary.records:,} articles, {summary.errors} errors")
        print(f"run: {summary.tokens:,} tokens, {summary.dropped:,} of them past the model's length")
        print(f"run: {wall:.1f} s, {processor:.1f} of the processor; the model waited {summary.waited:.1f} s for texts")
        print(f"run: {summary.records / wall:,.0f} articles a second")

        records, *reading = timed(lambda: [r for r in open_corpus(files, DEFAULT_COLUMNS) if isinstance(r, Record)])
        chunks = [records[start : start + CHUNK] for start in range(0, len(records), CHUNK)]
        prepared, *preparing = timed(lambda: [job.prepare(chunk) for chunk in chunks])
        answers, *computing = timed(lambda: [job.compute(documents, lambda done: None) for documents in prepared])
        lines = [[dict(zip(job.fields, a.values, strict=True)) for a in chunk] for chunk in answers]
        sink = open_sink(f"{folder}/alone.jsonl")
        sink.begin({})
        _, *writing = timed(lambda: [sink.write(chunk, "", {}) for chunk in lines])
        sink.close()
    print("| alone | s | of the processor |\n|---|---|---|")
    for name, (seconds, busy) in zip(
        ("reading", "preparing", "model", "writing"), (reading, preparing, computing, writing), strict=True
    ):
        print(f"| {name} | {seconds:.1f} | {busy:.1f} |")
    print(f"all but the model: {1 - computing[0] / wall:.1%} of the run")


if __name__ == "__main__":
    main()
