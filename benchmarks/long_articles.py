"""Articles longer than the summarizer reads: what each way of making them fit does to ROUGE, and what it costs.

Ways: ``lead`` (the beginning, to the end of a sentence), ``cut`` (to the last token), ``select`` (the central sentences,
by TextRank over TF-IDF), ``select-encoder`` (the same over the mean states of the summarizer's own encoder),
``hierarchical``. The difference to ``lead`` has a 95 % bootstrap interval over articles. Needs the labelled data
(``$MUJAZ_DATA``, or ``../shared/data`` beside the checkout).

Example::

    python benchmarks/long_articles.py --model RUN           # 120 long articles of each set
    python benchmarks/long_articles.py --model RUN --sets saudinewsnet --articles 40 --ways lead hierarchical
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from mujaz import Summarizer, UsageError
from mujaz.models import writing
from mujaz.models.encoding import padded_batch
from mujaz.models.long_articles import page_rank
from mujaz.training.metrics.scoring import TYPES, pair_scores, signature
from mujaz.training.metrics.tokenization import tokenizer

ROOT = Path(__file__).resolve().parents[1]
WORDS = {"saudinewsnet": (350, 2000), "wikilead": (350, 2000)}  # the longest quarter of the first; most of the second
WAYS = ("lead", "cut", "select", "select-encoder", "hierarchical")
RESAMPLES = 2000


def long_articles(data: Path, name: str, number: int) -> tuple[list[str], list[str]]:
    """Articles of a test set whose length is in range, drawn evenly, and their summaries."""
    table = pq.read_table(data / "summary" / name / "test.parquet", columns=["text", "summary"])
    low, high = WORDS[name]
    rows = [row for row in table.to_pylist() if low <= len(row["text"].split()) <= high]
    chosen = [rows[i] for i in np.linspace(0, len(rows) - 1, min(number, len(rows))).astype(int)]
    return [row["text"] for row in chosen], [row["summary"] for row in chosen]


def by_encoder(summarizer: Summarizer, texts: Sequence[str]) -> NDArray[np.float64]:
    """Centrality of sentences by the cosine of the mean states of the summarizer's encoder."""
    encodings = summarizer.encoder(texts)
    batch = padded_batch(encodings, summarizer.encoder.tokenizer.pad_token_id, token_types=False)
    with torch.inference_mode():
        states = summarizer.model.get_encoder()(**batch).last_hidden_state.float()  # (texts, tokens, hidden)
    mask = batch["attention_mask"].unsqueeze(-1)
    means = (states * mask).sum(1) / mask.sum(1)
    means = torch.nn.functional.normalize(means - means.mean(0), dim=-1)  # what all sentences share tells none apart
    similarity = (means @ means.T).clamp(min=0).fill_diagonal_(0).numpy().astype(np.float64)
    return page_rank(similarity.dot, len(texts))


def main() -> None:
    """Print a table a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("MUJAZ_DATA", ROOT.parent / "shared" / "data"))
    )
    parser.add_argument("--model", required=True, help="a summarizer that writes, such as runs/summary-spans")
    parser.add_argument("--sets", nargs="+", choices=WORDS, default=list(WORDS))
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--articles", type=int, default=120)
    parser.add_argument("--length", help="headline, short, long or a range in words; left out: the model's own")
    options = parser.parse_args()
    summarizer = Summarizer.from_pretrained(options.model, device="cpu", precision="float32")
    print(summarizer.description, signature(), sep="\n")
    try:
        tables(summarizer, options)
    except UsageError as error:  # one that selects is asked for what only those do that write
        parser.error(str(error))


def tables(summarizer: Summarizer, options: argparse.Namespace) -> None:
    """A table a set."""
    by_words = writing.centrality  # type: ignore[attr-defined]  # writing only uses it
    for name in options.sets:
        texts, references = long_articles(options.data, name, options.articles)
        print(f"\n{name}: {len(texts)} articles of {WORDS[name][0]} to {WORDS[name][1]} words\n")
        print("| way | ROUGE-1 | ROUGE-2 | ROUGE-L | ROUGE-L less that of lead, 95 % | read | words | seconds |")
        print("|---|---|---|---|---|---|---|---|")
        base: NDArray[np.float64] | None = None
        for way in options.ways:
            by_states = lambda sentences: by_encoder(summarizer, sentences)  # noqa: E731
            writing.centrality = by_states if way == "select-encoder" else by_words  # type: ignore[attr-defined]
            start = time.perf_counter()
            found = summarizer.summarize(texts, long=way.removesuffix("-encoder"), length=options.length)
            seconds = (time.perf_counter() - start) / len(texts)
            scores = pair_scores([one.text for one in found], references, tokenizer("arabic"))
            base = scores if base is None else base
            print(row(way, scores, base, seconds, [one.read for one in found], [one.words for one in found]))


def row(
    way: str,
    scores: NDArray[np.float64],
    base: NDArray[np.float64],
    seconds: float,
    read: Sequence[float],
    words: Sequence[int],
) -> str:
    """A line of the table; scores have the shape (articles, types)."""
    means = scores.mean(axis=0)
    apart = (scores - base)[:, TYPES.index("rougeL")]
    drawn = np.random.default_rng(0).integers(0, len(apart), (RESAMPLES, len(apart)))
    low, high = np.percentile(apart[drawn].mean(axis=1), [2.5, 97.5])
    values = [f"{means[TYPES.index(name)]:.2f}" for name in ("rouge1", "rouge2", "rougeL")]
    values += [f"{apart.mean():+.2f} ({low:+.2f} to {high:+.2f})", f"{np.mean(read):.0%}", f"{np.mean(words):.1f}"]
    return " | ".join([f"| {way}", *values, f"{seconds:.2f} |"])


if __name__ == "__main__":
    main()
