"""Where the time of a run over a corpus goes, when the model is tiny: the embedded topic model over all of SANAD.

The run itself first: ``classify_corpus`` over the files, into JSON Lines. Then its parts by themselves, each alone on the
machine: reading, preparing (repair, recipe, tokenizer), the model on texts that are encoded already, writing. In the run the
parts overlap, so its seconds are fewer than theirs together; what all but the model costs is what the run takes longer than
the model alone.

Usage::

    python benchmarks/corpus.py DATA                  # DATA holds topic/sanad/*.parquet
    python benchmarks/corpus.py DATA --split dev      # a tenth of it
    python benchmarks/corpus.py DATA --long truncate  # the beginning of each article, not all of it
    python benchmarks/corpus.py DATA --split dev --turns 2  # what each of STEPS brings, in turns
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

# What is left out of mujaz in a row of --turns: the first is how it was, the last how it is.
STEPS: dict[str, tuple[str, ...]] = {
    "one batch on all threads, exact lengths, offsets of all tokens": ("lanes", "length_step", "sentences", "words"),
    "+ lengths in steps of 8": ("lanes", "sentences", "words"),
    "+ a batch a thread": ("sentences", "words"),
    "+ sentences tokenized apart": ("words",),
    "+ words looked up": (),
}
SPLITS = ("train", "dev", "test")


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What it gives, its seconds, and those of the processor."""
    began, processor = time.perf_counter(), time.process_time()
    found = work()
    return found, time.perf_counter() - began, time.process_time() - processor


@contextlib.contextmanager
def without(names: tuple[str, ...]) -> Iterator[None]:
    """Mujaz without some of the things that STEPS names."""
    from mujaz.models import encoding, sentence_tokens
    from mujaz.models.engines.torch_engine import TorchClassifier

    with contextlib.ExitStack() as stack:
        for name in names:
            if name == "sentences":
                stack.enter_context(mock.patch.object(sentence_tokens, "cuts_between_words", return_value=False))
            elif name == "words":
                stack.enter_context(mock.patch.object(encoding, "can_know_words", return_value=False))
            else:
                stack.enter_context(mock.patch.object(TorchClassifier, name, property(lambda self: 1)))
        yield


def in_turns(files: list[str], long: str | None, model: str | None, turns: int) -> None:
    """The run and its model alone, for each of STEPS in turn, so that what else the machine does falls on all of them."""
    from mujaz.inference.classify import CHUNK, ClassifyOptions, classify_corpus, load_classify_job
    from mujaz.inference.records import DEFAULT_COLUMNS, Record
    from mujaz.inference.sources import open_corpus

    records = [r for r in open_corpus(files, DEFAULT_COLUMNS) if isinstance(r, Record)]
    chunks = [records[start : start + CHUNK] for start in range(0, len(records), CHUNK)]
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in STEPS}
    for turn in range(turns + 1):
        for name, names in STEPS.items():
            with without(names), tempfile.TemporaryDirectory() as folder:
                job = load_classify_job(model, ClassifyOptions(long=long), DEFAULT_COLUMNS, nested=True)  # type: ignore[arg-type]
                if turn == 0:  # warms up on a chunk, and is not counted
                    job.compute(job.prepare(chunks[0]), lambda done: None)
                    continue
                run = timed(lambda: classify_corpus(files, f"{folder}/x.jsonl", model=job.classifier))[1:]  # noqa: B023
                prepared = [job.prepare(chunk) for chunk in chunks]
                alone = timed(lambda: [job.compute(one, lambda done: None) for one in prepared])[1:]  # noqa: B023
                found[name].append((*run, *alone))
    columns = (
        "run, s",
        "of the processor",
        "model alone, s",
        "of the processor",
        "all but the model",
        "of the processor",
    )
    print(f"| | {' | '.join(columns)} | times as fast |\n|---|---|---|---|---|---|---|---|")
    first = 0.0
    for name, rows in found.items():
        wall, busy, alone, computed = (statistics.median(column) for column in zip(*rows, strict=True))
        first = first or wall
        shares = f"{1 - alone / wall:.1%} | {1 - computed / busy:.1%}"
        print(f"| {name} | {wall:.1f} | {busy:.1f} | {alone:.1f} | {computed:.1f} | {shares} | {first / wall:.2f} |")


def main() -> None:
    """Run it all and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", help="a folder; the embedded topic model by default")
    parser.add_argument("--split", action="append", choices=SPLITS, help="all three by default")
    parser.add_argument("--long", choices=("windows", "truncate"), help="the model's own by default")
    parser.add_argument("--turns", type=int, help="what each of STEPS brings")
    parser.add_argument("--first", type=Path, help="with --turns: this file instead, for instance a part of one")
    asked = parser.parse_args()

    from mujaz.inference.classify import CHUNK, ClassifyOptions, classify_corpus, load_classify_job
    from mujaz.inference.records import DEFAULT_COLUMNS, Record
    from mujaz.inference.sinks import open_sink
    from mujaz.inference.sources import open_corpus
    from mujaz.models.sentences import sentence_starts

    files = [str(asked.data / "topic/sanad" / f"{split}.parquet") for split in asked.split or SPLITS]
    if asked.turns:
        in_turns([str(asked.first)] if asked.first else files, asked.long, asked.model, asked.turns)
        return
    options = ClassifyOptions(long=asked.long)
    job = load_classify_job(asked.model, options, DEFAULT_COLUMNS, nested=True)
    list(open_corpus(files[-1:], DEFAULT_COLUMNS))  # what reading imports is not counted
    print(job.description)
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/out.jsonl"
        summary, wall, processor = timed(lambda: classify_corpus(files, out, model=job.classifier))
        print(f"run: {summary.records:,} articles, {summary.errors} errors")
        print(f"run: {summary.tokens:,} tokens, {summary.dropped:,} of them not read (estimated where texts are cut)")
        print(f"run: {wall:.1f} s, {processor:.1f} of the processor; the model waited {summary.waited:.1f} s for texts")
        print(f"run: {summary.records / wall:,.0f} articles a second")

        records, *reading = timed(lambda: [r for r in open_corpus(files, DEFAULT_COLUMNS) if isinstance(r, Record)])
        chunks = [records[start : start + CHUNK] for start in range(0, len(records), CHUNK)]
        prepared, *preparing = timed(lambda: [job.prepare(chunk) for chunk in chunks])
        encoder = job.classifier.encoder
        texts, *recipe = timed(lambda: [encoder.recipe.prepare(record.text).text for record in records])
        _, *sentences = timed(lambda: [sentence_starts(text) for text in texts])
        answers, *computing = timed(lambda: [job.compute(documents, lambda done: None) for documents in prepared])
        lines = [[dict(zip(job.fields, a.values, strict=True)) for a in chunk] for chunk in answers]
        sink = open_sink(f"{folder}/alone.jsonl")
        sink.begin({})

        def write() -> None:
            for chunk in lines:
                sink.write(chunk, "", {})

        _, *writing = timed(write)
        sink.close()
    print("| alone | s | of the processor | microseconds of it an article |\n|---|---|---|---|")
    alone = {"reading": reading, "preparing": preparing, "- of it the recipe": recipe}
    alone |= {"- sentences, of all articles": sentences, "model": computing, "writing": writing}
    for name, (seconds, busy) in alone.items():
        print(f"| {name} | {seconds:.1f} | {busy:.1f} | {busy / len(records) * 1e6:,.0f} |")
    print(f"all but the model: {1 - computing[0] / wall:.1%} of the run")
    print(f"of the processor: {1 - computing[1] / sum(one[1] for one in (reading, preparing, computing, writing)):.1%}")


if __name__ == "__main__":
    main()
