"""Raw text to label with a model of AraBERT-base's shape: transformers' ``pipeline`` against every engine of mujaz.

Real articles and tweets of DATA (topic/sanad, stance/mawqif), half and half, in a fixed random order. Each row is a process
of its own, so that its peak memory is its own. A row warms up on eight documents, then all rows are timed on the same
--timed documents (64 by default), the better of two rounds. Few documents make few batches, of which the last ones leave
threads without work: the more are timed, the nearer is a row to a run over a corpus. Labels and probabilities of the rows of
mujaz are compared with its float32 on --labels documents (400 by default), none of which int8 was calibrated or checked on.
GFLOP/s counts the model's own products over real tokens, not over padding. With --device cuda the rows are those of a GPU,
and memory is what torch took of it. ONNX Runtime (packages onnxruntime, onnx, onnxscript) computes in int8 by its own
dynamic quantization, on mujaz's tokens and batches. Every row cuts texts at the model's length.

MODEL is a trained classifier, such as FOLDER/model of benchmarks/arabert_topics.py: on random weights, equal labels
mean nothing.

Usage::

    python benchmarks/classify.py MODEL DATA [--labels N] [--timed N] [ROW ...]
    python benchmarks/classify.py MODEL DATA --device cuda --timed 600
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

CALIBRATED = 700  # documents for int8, before the others
DOCUMENTS = 1300
REFERENCE = "mujaz, torch float32"
ROWS: dict[str, dict[str, Any]] = {
    "pipeline, as it comes (batch 1)": {"pipeline": 1},
    "pipeline, batch 8": {"pipeline": 8},
    "pipeline, batch 32": {"pipeline": 32},
    "pipeline, bfloat16, batch 1": {"pipeline": 1, "dtype": "bfloat16"},
    "pipeline, bfloat16, batch 8": {"pipeline": 8, "dtype": "bfloat16"},
    "ONNX Runtime int8": {"onnx": True},
    REFERENCE: {"engine": "torch", "precision": "float32"},
    "mujaz, torch bfloat16": {"engine": "torch", "precision": "bfloat16"},
    "mujaz, OpenVINO bfloat16": {"engine": "openvino", "precision": "bfloat16"},
    "mujaz, OpenVINO int8": {"engine": "openvino", "precision": "int8"},
    "mujaz, OpenVINO bfloat16, one batch at a time": {"engine": "openvino", "precision": "bfloat16", "streams": 1},
    "mujaz, OpenVINO int8, one batch at a time": {"engine": "openvino", "precision": "int8", "streams": 1},
}
GPU_ROWS: dict[str, dict[str, Any]] = {
    "pipeline, batch 8": {"pipeline": 8},
    "pipeline, batch 32": {"pipeline": 32},
    "pipeline, batch 128": {"pipeline": 128},
    "pipeline, bfloat16, batch 32": {"pipeline": 32, "dtype": "bfloat16"},
    "pipeline, bfloat16, batch 128": {"pipeline": 128, "dtype": "bfloat16"},
    REFERENCE: {"engine": "torch", "precision": "float32"},
    "mujaz, torch bfloat16": {"engine": "torch", "precision": "bfloat16"},
}
SHAPES = {  # of the products whose speed is the peak: rows, inputs, outputs
    "cpu": ((2048, 768, 3072), (2048, 768, 2304), (4096, 768, 768)),
    "cuda": ((8192, 8192, 8192), (16384, 4096, 4096)),
}


def rows_of(device: str) -> dict[str, dict[str, Any]]:
    """Name to how it computes, on this device."""
    return GPU_ROWS if device.startswith("cuda") else ROWS


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


def peak(dtype: str, device: str) -> float:
    """The most GFLOP/s that a plain matrix product reaches here, on a CPU of the model's shapes."""
    import torch

    best = 0.0
    for rows, inputs, outputs in SHAPES[device.partition(":")[0]]:
        a = torch.randn(rows, inputs, dtype=getattr(torch, dtype), device=device)
        b = torch.randn(inputs, outputs, dtype=getattr(torch, dtype), device=device)
        for _ in range(20):
            wait_for(device)
            began = time.perf_counter()
            torch.mm(a, b)
            wait_for(device)
            best = max(best, 2 * rows * inputs * outputs / (time.perf_counter() - began) / 1e9)
    return best


def wait_for(device: str) -> None:
    """Until a GPU has done what it was given."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def flops(lengths: list[int], config: Any) -> float:
    """Of the matrix products of the layers and of attention, two for a multiplication and its addition."""
    width, inner = config.hidden_size, config.intermediate_size
    return sum(
        config.num_hidden_layers * (n * (8 * width * width + 4 * width * inner) + 4 * n * n * width) for n in lengths
    )


Scores = Callable[[list[str]], list[dict[str, float]]]


def pipeline_scores(model: Path, device: str, batch: int, dtype: str = "float32") -> Scores:
    """``transformers.pipeline``, told to cut texts that are too long, without which it fails on them."""
    import torch
    from transformers import pipeline

    run = pipeline("text-classification", str(model), device=device, dtype=getattr(torch, dtype), top_k=None)

    def score(texts: list[str]) -> list[dict[str, float]]:
        found: Any = run(texts, batch_size=batch, truncation=True, max_length=512)
        return [{one["label"]: one["score"] for one in each} for each in found]

    return score


def loaded(model: Path, device: str, **how: Any) -> Any:
    """``TextClassifier`` that cuts long texts, as ``pipeline`` does, where its own default would read all in windows."""
    from mujaz import TextClassifier
    from mujaz.models.windows import LongText

    return TextClassifier.from_pretrained(model, device=device, long=LongText(policy="truncate"), **how)


def mujaz_scores(model: Path, texts: list[str], device: str, engine: str, precision: str, streams: int = 0) -> Scores:
    """``TextClassifier``; int8 is calibrated before the clock runs, as it is once for a checkpoint."""
    if streams:
        from mujaz.models.engines import openvino_engine

        openvino_engine.MOST_STREAMS = streams
    classifier = loaded(model, device, engine=engine, precision=precision)
    if precision == "int8":
        classifier.predict(texts[:CALIBRATED])
    return logits_as_scores(classifier)


class OnnxEngine:
    """ONNX Runtime, in int8 by its own dynamic quantization, in the place of an engine of mujaz."""

    batch_tokens, length_step, lanes = 2048, 1, 1
    description = "cpu, ONNX Runtime, int8"

    def __init__(self, classifier: Any, folder: Path) -> None:
        """Export and quantize."""
        import onnxruntime
        import torch
        from onnxruntime.quantization import quantize_dynamic

        from mujaz.models.encoding import Encoding, padded_batch

        self.pad = classifier.encoder.tokenizer.pad_token_id
        sample = padded_batch([Encoding([1] * 16, [0] * 16, False)] * 2, self.pad, token_types=True)
        self.names = list(sample)
        free = {name: {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC} for name in self.names}
        with torch.inference_mode():
            torch.onnx.export(
                classifier.model, (), folder / "f.onnx", kwargs=dict(sample), dynamic_shapes=free, dynamo=True
            )
        quantize_dynamic(folder / "f.onnx", folder / "q.onnx")
        self.session = onnxruntime.InferenceSession(str(folder / "q.onnx"), providers=["CPUExecutionProvider"])

    def logits(self, batch: Any) -> Any:
        """Scores of one batch, shape (batch, labels)."""
        from mujaz.models.encoding import padded_batch

        tensors = padded_batch(batch, self.pad, token_types=True)
        return self.session.run(None, {name: tensors[name].numpy() for name in self.names})[0]


def onnx_scores(model: Path) -> Scores:
    """Mujaz with ONNX Runtime as its engine."""
    classifier = loaded(model, "cpu", engine="torch", precision="float32")
    with tempfile.TemporaryDirectory() as folder:
        classifier.engine = OnnxEngine(classifier, Path(folder))
    return logits_as_scores(classifier)


def logits_as_scores(classifier: Any) -> Scores:
    """Probabilities without the temperature of a calibration, as ``pipeline`` gives them."""

    def score(some: list[str]) -> list[dict[str, float]]:
        logits = classifier.logits(some).astype(np.float64)
        shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        return [dict(zip(classifier.labels, map(float, row), strict=True)) for row in shares]

    return score


def measure(name: str, model: Path, data: Path, labels: int, timed: int, device: str) -> dict[str, Any]:
    """One row, in this process."""
    how, texts = rows_of(device)[name], documents(data)
    if "pipeline" in how:
        score = pipeline_scores(model, device, how["pipeline"], how.get("dtype", "float32"))
    elif "onnx" in how:
        score = onnx_scores(model)
    else:
        score = mujaz_scores(model, texts, device, **how)
    read = texts[CALIBRATED : CALIBRATED + max(labels, timed)]
    score(read[-8:])
    seconds, found = float("inf"), []
    for _ in range(2):
        began = time.perf_counter()
        found = score(read[:timed])
        seconds = min(seconds, time.perf_counter() - began)
    if "mujaz" in name and labels > timed:
        found = score(read)
    memory = peak_memory(device)
    exact = how.get("precision", how.get("dtype", "float32")) == "float32" and "onnx" not in how
    return {
        "seconds": seconds,
        "scores": found,
        "memory": memory,
        "peak": peak("float32" if exact else "bfloat16", device),
    }


def peak_memory(device: str) -> float:
    """Of this process, or of what it took of a GPU, in GB of 10^9 bytes."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.max_memory_allocated(device) / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def table(model: Path, data: Path, names: list[str], labels: int, timed: int, device: str) -> None:
    """Run the rows and print them."""
    from mujaz.models.loading import load_config
    from mujaz.models.opening import open_checkpoint

    texts = documents(data)
    opened = open_checkpoint(model, task="topic")
    lengths = [len(e.input_ids) for e in opened.encoder(texts[CALIBRATED : CALIBRATED + timed])]
    config, rows = load_config(model), dict[str, dict[str, Any]]()
    print(f"{timed} documents, {sum(lengths):,} tokens")
    print("| runner | docs/s | tokens/s | GFLOP/s | of peak | largest difference | equal labels | memory |")
    print("|---|---|---|---|---|---|---|---|")
    for name in names:
        how_many = ["--labels", str(labels), "--timed", str(timed), "--device", device]
        command = [sys.executable, __file__, str(model), str(data), *how_many, "--row", name]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
        if done.returncode:
            print(f"| {name} | failed: {done.stderr.strip().splitlines()[-1]} |", flush=True)
            continue
        rows[name] = row = json.loads(done.stdout.strip().splitlines()[-1])
        seconds = row["seconds"]
        rate = flops(lengths, config) / seconds / 1e9
        print(
            f"| {name} | {timed / seconds:.1f} | {sum(lengths) / seconds:,.0f} | {rate:,.0f} "
            f"| {rate / row['peak']:.0%} of {row['peak']:,.0f} | {compared(row, rows.get(REFERENCE))} "
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
    speed = {name: 1 / row["seconds"] for name, row in rows.items()}
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("rows", nargs="*", help="Names of those to measure; left out: all.")
    parser.add_argument("--labels", type=int, default=400)
    parser.add_argument("--timed", type=int, default=64)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--row", help=argparse.SUPPRESS)  # of a row's own process
    asked = parser.parse_intermixed_args()
    if asked.row:
        print(json.dumps(measure(asked.row, asked.model, asked.data, asked.labels, asked.timed, asked.device)))
    else:
        # float32 of mujaz first: the others are compared with it.
        names = sorted(asked.rows or rows_of(asked.device), key=lambda name: name != REFERENCE)
        table(asked.model, asked.data, names, asked.labels, asked.timed, asked.device)


if __name__ == "__main__":
    main()
