"""Raw article to summary: ``model.generate`` as one would write it, against the engines of mujaz.

The first articles of DATA/summary/ant/test.parquet, cut to what the model reads, 4 beams, the model's own generation
settings. ``model.generate`` gets batches of 8 in the order of the file; its articles are encoded by mujaz, so that all rows
read the same tokens. Each row is a process of its own, so that its peak memory is its own; loading, and converting before
it, are not timed. A row warms up on eight articles, then takes the better of two rounds. Processor time tells more than the
clock where other work shares the machine, with ``OMP_NUM_THREADS=1``, for threads that wait count too. Summaries are
compared, word for word, with those of ``model.generate``.

Usage::

    python benchmarks/summarize.py DATA [--model MODEL] [--articles 100]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BARE = "model.generate, float32, batch 8"
BATCH = 8
BEAMS = 4
# Name -> how it is loaded.
ROWS: dict[str, dict[str, Any]] = {
    BARE: {"engine": "torch", "precision": "float32"},
    "mujaz, torch float32": {"engine": "torch", "precision": "float32"},
    "mujaz, CTranslate2 float32": {"engine": "ctranslate2", "precision": "float32"},
    "mujaz, CTranslate2 int8": {"engine": "ctranslate2", "precision": "auto"},
}


def articles(data: Path, number: int) -> tuple[list[str], list[str]]:
    """Articles and their reference summaries, in the order of the file."""
    import pyarrow.parquet as pq

    table = pq.read_table(data / "summary" / "ant" / "test.parquet", columns=["text", "summary"]).slice(0, number)
    return table["text"].to_pylist(), table["summary"].to_pylist()


def bare(summarizer: Any) -> Callable[[list[str]], list[str]]:
    """Batches of 8 in file order, padded, through ``model.generate``."""
    import torch
    from transformers import GenerationConfig

    from mujaz.models.encoding import padded_batch

    encoder, model = summarizer.encoder, summarizer.model
    settings = GenerationConfig.from_dict({**summarizer.generation.to_dict(), "num_beams": BEAMS})

    @torch.inference_mode()
    def summarize(texts: list[str]) -> list[str]:
        found: list[str] = []
        for start in range(0, len(texts), BATCH):
            encodings = encoder(texts[start : start + BATCH])
            inputs = padded_batch(encodings, encoder.tokenizer.pad_token_id, token_types=False)
            ids = model.generate(**inputs, generation_config=settings)
            found += encoder.tokenizer.batch_decode(ids, skip_special_tokens=True)
        return found

    return summarize


def ours(summarizer: Any) -> Callable[[list[str]], list[str]]:
    """Through mujaz, with its checks of each summary."""

    def summarize(texts: list[str]) -> list[str]:
        found = summarizer.summarize(texts, num_beams=BEAMS, long="cut", min_article_words=0)
        return [summary.text for summary in found]

    return summarize


def measure(name: str, data: Path, model: str | None, number: int) -> dict[str, Any]:
    """One row, in this process."""
    from mujaz import Summarizer

    texts, _ = articles(data, number)
    summarizer = Summarizer.from_pretrained(model, device="cpu", **ROWS[name])
    summarize = bare(summarizer) if name == BARE else ours(summarizer)
    summarize(texts[-BATCH:])
    seconds, busy, found = float("inf"), float("inf"), []
    for _ in range(2):
        began, began_busy = time.perf_counter(), time.process_time()
        found = summarize(texts)
        seconds = min(seconds, time.perf_counter() - began)
        busy = min(busy, time.process_time() - began_busy)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    tokens = sum(len(ids) for ids in summarizer.encoder.tokenizer(found)["input_ids"])
    texts_found = [" ".join(text.split()) for text in found]
    return {
        "seconds": seconds,
        "busy": busy,
        "summaries": texts_found,
        "memory": memory,
        "tokens": tokens,
        "engine": summarizer.engine.description,
    }


def table(data: Path, model: str | None, number: int) -> None:
    """Run the rows and print them."""
    from mujaz import Summarizer
    from mujaz.training.metrics.scoring import TYPES, pair_scores
    from mujaz.training.metrics.tokenization import tokenizer

    for how in ROWS.values():  # conversions are made and kept here
        print(Summarizer.from_pretrained(model, device="cpu", **how).description)
    references = articles(data, number)[1]
    print(
        "\n| runner | s an article | times as fast | processor s an article | times less "
        "| tokens/s | ROUGE-L | same summary | peak memory |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    rows: dict[str, dict[str, Any]] = {}
    for name in ROWS:
        command = [sys.executable, __file__, str(data), "--row", name, "--articles", str(number)]
        command += ["--model", model] if model else []
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{name} failed: {done.stderr.strip()}")
        rows[name] = row = json.loads(done.stdout.strip().splitlines()[-1])
        base, count = rows[BARE], len(row["summaries"])
        same = sum(a == b for a, b in zip(row["summaries"], base["summaries"], strict=True)) / count
        score = pair_scores(row["summaries"], references, tokenizer("arabic"))[:, TYPES.index("rougeL")].mean()
        print(
            f"| {name} | {row['seconds'] / count:.4f} | {base['seconds'] / row['seconds']:.1f} "
            f"| {row['busy'] / count:.4f} | {base['busy'] / row['busy']:.1f} "
            f"| {row['tokens'] / row['seconds']:,.0f} | {score:.2f} | {same:.0%} | {row['memory']:.2f} GB |",
            flush=True,
        )


def main() -> None:
    """The table, or one row for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the labelled data")
    parser.add_argument("--model", help="left out: the embedded summarizer")
    parser.add_argument("--articles", type=int, default=100)
    parser.add_argument("--row", choices=ROWS, help="measure this one only, and print it as JSON")
    options = parser.parse_args()
    if options.row:
        print(json.dumps(measure(options.row, options.data, options.model, options.articles)))
    else:
        table(options.data, options.model, options.articles)


if __name__ == "__main__":
    main()
