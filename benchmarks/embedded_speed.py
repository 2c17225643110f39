"""The embedded models beside a classifier of AraBERT-base's shape (random weights), on the same articles.

Every model goes through the corpus runner with its own settings, in turns, so that what else the machine does falls on all
of them; articles are cut at what each reads by itself. The article's first sentence is the target of the stance model.
Needs the labelled data (``$MUJAZ_DATA``, or ``../shared/data`` beside the checkout).

Example::

    python benchmarks/embedded_speed.py                      # 300 test articles of SANAD, 3 turns
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from real_shapes import make_arabert

from mujaz import Summarizer, TextClassifier
from mujaz.inference.classify import classify_corpus
from mujaz.inference.records import Columns
from mujaz.inference.summarize import summarize_corpus
from mujaz.models.checkpoint import EMBEDDED
from mujaz.models.sentences import split_sentences

ROOT = Path(__file__).resolve().parents[1]
LABELS = 7  # as the embedded topic model has


def made_up(folder: Path) -> TextClassifier:
    """A classifier of AraBERT-base's shape."""
    from transformers import BertConfig, BertForSequenceClassification

    make_arabert(folder)
    shape: dict[str, Any] = {"vocab_size": 64000, "num_labels": LABELS}
    BertForSequenceClassification(BertConfig(**shape)).save_pretrained(folder)
    return TextClassifier.from_pretrained(folder, task="topic")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("MUJAZ_DATA", ROOT.parent / "shared" / "data"))
    )
    parser.add_argument("--arabert", help="a folder; left out: of made-up pieces, of which an article takes too many")
    parser.add_argument("--articles", type=int, default=300)
    parser.add_argument("--turns", type=int, default=3)
    asked = parser.parse_args()
    texts = pq.read_table(asked.data / "topic/sanad/test.parquet", columns=["text"])["text"].to_pylist()
    texts = texts[:: len(texts) // asked.articles][: asked.articles]
    targets = [next((sentence.text for sentence in split_sentences(text)), text) for text in texts]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file, out = str(folder / "articles.parquet"), str(folder / "out.jsonl")
        pq.write_table(pa.table({"text": texts, "target": targets}), file)
        base = TextClassifier.from_pretrained(asked.arabert) if asked.arabert else made_up(folder / "arabert")
        topic, stance = TextClassifier.from_pretrained("topic"), TextClassifier.from_pretrained("stance")
        summary = Summarizer.from_pretrained("summary")
        pair = Columns(target="target")
        runs: dict[str, Callable[[], object]] = {
            "AraBERT-base's shape, beginnings": lambda: classify_corpus(
                [file], out, model=base, long="truncate", force=True
            ),
            "topic": lambda: classify_corpus([file], out, model=topic, force=True),
            "stance": lambda: classify_corpus([file], out, model=stance, columns=pair, force=True),
            "summary": lambda: summarize_corpus([file], out, model=summary, force=True),
        }
        seconds: dict[str, list[float]] = {name: [] for name in runs}
        for turn in range(asked.turns + 1):
            for name, run in runs.items():
                began = time.perf_counter()
                run()
                if turn:  # the first warms up
                    seconds[name].append(time.perf_counter() - began)
    for model in (base, topic, stance, summary):
        print(model.description)
    print(f"\n{len(texts)} articles of SANAD's test, median of {asked.turns} turns\n")
    print("| model | on disk, MB | articles a second | times as many |\n|---|---|---|---|")
    first = 0.0
    for name, found in seconds.items():
        rate = len(texts) / statistics.median(found)
        first = first or rate
        files = [*(EMBEDDED / name.split(",")[0]).glob("*")]
        size = f"{sum(one.stat().st_size for one in files) / 1e6:.1f}" if files else ""
        print(f"| {name} | {size} | {rate:,.1f} | {rate / first:.1f} |", flush=True)


if __name__ == "__main__":
    main()
