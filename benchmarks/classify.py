"""Raw text to label with a model of AraBERT-base's shape: transformers' ``pipeline`` against every engine of mujaz.

Real articles and tweets of DATA (topic/sanad, stance/mawqif), half and half, in a fixed random order. Each row is a process
of its own, so that its peak memory is its own; slow rows read the first few documents only, as the table says. A row warms
up on eight documents, then takes the better of two rounds. Labels and probabilities are compared with float32 of mujaz, on
the documents that both read. GFLOP/s counts the model's own products over real tokens, not over padding.

MODEL is a trained classifier, such as FOLDER/model of benchmarks/arabert_topics.py: on random weights, equal labels
mean nothing.

Usage::

    python benchmarks/classify.py MODEL DATA [ROW ...]
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

DOCUMENTS = 800  # int8 is calibrated and checked on the first 700
# Name -> documents read, and how it runs.
ROWS: dict[str, tuple[int, dict[str, Any]]] = {
    "pipeline, as it comes (batch 1)": (24, {"pipeline": 1}),
    "pipeline, batch 8": (24, {"pipeline": 8}),
    "pipeline, batch 32": (32, {"pipeline": 32}),
    "pipeline, bfloat16, batch 1": (96, {"pipeline": 1, "dtype": "bfloat16"}),
    "pipeline, bfloat16, batch 8": (96, {"pipeline": 8, "dtype": "bfloat16"}),
    "mujaz, torch float32": (96, {"engine": "torch", "precision": "float32"}),
    "mujaz, torch bfloat16": (256, {"engine": "torch", "precision": "bfloat16"}),
    "mujaz, OpenVINO bfloat16": (256, {"engine": "openvino", "precision": "bfloat16"}),
    "mujaz, OpenVINO int8": (256, {"engine": "openvino", "precision": "int8"}),
}


def documents(data: Path) -> list[str]:
    """Articles and tweets, half and half, in a fixed random order."""
    import pyarrow.parquet as pq

    draw = random.Random(0)
    texts: list[str] = []
    for name in ("topic/sanad/test", "stance/mawqif/train"):
        texts += draw.sample(
            pq.read_table(data / f"{name}.parquet", columns=["text"])["text"].to_pylist(), DOCUMENTS // 2
        )
    draw.shuffle(texts)
    return texts


def peak(dtype: str) -> float:
    """The most GFLOP/s that a plain matrix product of the model's shapes reaches here."""
    import torch

    best = 0.0
    for rows, inputs, outputs in ((2048, 768, 3072), (2048, 768, 2304), (4096, 768, 768)):
        a = torch.randn(rows, inputs, dtype=getattr(torch, dtype))
        b = torch.randn(inputs, outputs, dtype=getattr(torch, dtype))
        for _ in range(20):
            began = time.perf_counter()
            torch.mm(a, b)
            best = max(best, 2 * rows * inputs * outputs / (time.perf_counter() - began) / 1e9)
    return best


def flops(lengths: list[int], config: Any) -> float:
    """Of the matrix products of the layers and of attention, two for a multiplication and its addition."""
    width, inner = config.hidden_size, config.intermediate_size
    return sum(
        config.num_hidden_layers * (n * (8 * width * width + 4 * width * inner) + 4 * n * n * width) for n in lengths
    )


Scores = Callable[[list[str]], list[dict[str, float]]]


def pipeline_scores(model: Path, batch: int, dtype: str = "float32") -> Scores:
    """``transformers.pipeline``, told to cut texts that are too long, without which it fails on them."""
    import torch
    from transformers import pipeline

    run = pipeline("text-classification", str(model), device="cpu", dtype=getattr(torch, dtype), top_k=None)

    def score(texts: list[str]) -> list[dict[str, float]]:
        found = run(texts, batch_size=batch, truncation=True, max_length=512)
        return [{one["label"]: one["score"] for one in each} for each in found]

    return score


def mujaz_scores(model: Path, texts: list[str], engine: str, precision: str) -> Scores:
    """``TextClassifier``; int8 is calibrated before the clock runs, as it is once for a checkpoint."""
    from mujaz import TextClassifier

    classifier = TextClassifier.from_pretrained(model, device="cpu", engine=engine, precision=precision)
    if precision == "int8":
        classifier.predict(texts[:700])

    def score(some: list[str]) -> list[dict[str, float]]:
        logits = classifier.logits(some).astype(np.float64)
        shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        return [dict(zip(classifier.labels, map(float, row), strict=True)) for row in shares]

    return score


def measure(name: str, model: Path, data: Path) -> dict[str, Any]:
    """One row, in this process."""
    count, how = ROWS[name]
    texts = documents(data)
    if "pipeline" in how:
        score = pipeline_scores(model, how["pipeline"], how.get("dtype", "float32"))
    else:
        score = mujaz_scores(model, texts, **how)
    score(texts[-8:])
    seconds, found = float("inf"), []
    for _ in range(2):
        began = time.perf_counter()
        found = score(texts[:count])
        seconds = min(seconds, time.perf_counter() - began)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    dtype = (
        "float32"
        if "float32" in (how.get("dtype", "float32"), how.get("precision"))
        and how.get("precision") not in ("bfloat16", "int8")
        else "bfloat16"
    )
    return {"seconds": seconds, "scores": found, "memory": memory, "peak": peak(dtype)}


def table(model: Path, data: Path, names: list[str]) -> None:
    """Run the rows and print them."""
    from mujaz.models.loading import load_config
    from mujaz.models.opening import open_checkpoint

    texts = documents(data)
    opened = open_checkpoint(model, task="topic")
    lengths = [len(encoding.input_ids) for encoding in opened.encoder(texts[:256])]
    config, rows = load_config(model), dict[str, dict[str, Any]]()
    print("| runner | docs | docs/s | tokens/s | GFLOP/s | of peak | largest difference | equal labels | memory |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in names:
        command = [sys.executable, __file__, "--row", name, str(model), str(data)]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
        if done.returncode:
            print(f"| {name} | failed: {done.stderr.strip().splitlines()[-1]} |", flush=True)
            continue
        rows[name] = row = json.loads(done.stdout.strip().splitlines()[-1])
        count, seconds = ROWS[name][0], row["seconds"]
        rate = flops(lengths[:count], config) / seconds / 1e9
        print(
            f"| {name} | {count} | {count / seconds:.1f} | {sum(lengths[:count]) / seconds:,.0f} | {rate:,.0f} "
            f"| {rate / row['peak']:.0%} of {row['peak']:,.0f} | {compared(row, rows.get('mujaz, torch float32'))} "
            f"| {row['memory']:.2f} GB |",
            flush=True,
        )
    ratios(rows)


def compared(row: dict[str, Any], reference: dict[str, Any] | None) -> str:
    """Largest difference of a probability and share of equal labels, on the documents that both read."""
    if reference is None:
        return "– | –"
    pairs = list(zip(row["scores"], reference["scores"], strict=False))
    largest = max(abs(a[label] - b[label]) for a, b in pairs for label in b)
    equal = sum(max(a, key=a.__getitem__) == max(b, key=b.__getitem__) for a, b in pairs)
    return f"{largest:.4f} | {equal} of {len(pairs)}"


def ratios(rows: dict[str, dict[str, Any]]) -> None:
    """How many times as fast as the pipelines each row of mujaz is."""
    speed = {name: ROWS[name][0] / row["seconds"] for name, row in rows.items()}
    groups = {
        "pipeline at its best batch size": [n for n in speed if n.startswith("pipeline") and "bfloat16" not in n],
        "pipeline(batch_size=32)": [n for n in speed if n == "pipeline, batch 32"],
        "pipeline in bfloat16 at its best": [n for n in speed if n.startswith("pipeline, bfloat16")],
    }
    for title, members in groups.items():
        if members:
            best = max(speed[n] for n in members)
            each = ", ".join(f"{n.removeprefix('mujaz, ')} {v / best:.1f}" for n, v in speed.items() if "mujaz" in n)
            print(f"times {title}: {each}")


def main() -> None:
    """The table, or one row for it."""
    if len(sys.argv) > 1 and sys.argv[1] == "--row":
        print(json.dumps(measure(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))))
    elif len(sys.argv) < 3:
        sys.exit(__doc__)
    else:
        # float32 of mujaz first: the others are compared with it.
        names = sorted(sys.argv[3:] or ROWS, key=lambda name: name != "mujaz, torch float32")
        table(Path(sys.argv[1]), Path(sys.argv[2]), names)


if __name__ == "__main__":
    main()
