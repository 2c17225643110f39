"""Raw article to summary: ``model.generate`` as one would write it, against the engines of mujaz.

The first articles of DATA/summary/ant/test.parquet, cut to what the model reads, 4 beams, the model's own generation
settings. ``model.generate`` gets batches of 8 in the order of the file; its articles are encoded by mujaz, so that all rows
read the same tokens. Each row is a process of its own, so that its peak memory is its own; loading, and converting before
it, are not timed. A row warms up on eight articles, then takes the better of two rounds. Processor time tells more than the
clock where other work shares the machine, with ``OMP_NUM_THREADS=1``, for threads that wait count too. What is the same is
the best beam's tokens beside those of ``model.generate``: mujaz takes half a word off the end of a text that was cut.

``--tokens 48`` makes every text that long, so that all rows do the same work; random weights hardly ever end a text.
``--trimmed`` measures the same model as ``mujaz trim`` left it, too, beside its own ``model.generate``. Where CTranslate2 in
int8 writes with Arabic pieces alone, a row of its own has it with all of them. ``--device cuda`` compares ``model.generate``
in float32 and bfloat16 with mujaz; memory is what torch took of the GPU then.

Usage::

    python benchmarks/summarize.py DATA --model MODEL [--articles 100]
    python benchmarks/summarize.py DATA --model WHOLE --trimmed SMALL --articles 16 --tokens 48
    python benchmarks/summarize.py DATA --model MODEL --articles 256 --device cuda
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BARE = "model.generate, float32, batch 8"
WHOLE = "mujaz, CTranslate2 int8, all pieces"
BATCH = 8
BEAMS = 4
# Name -> how it is loaded.
ROWS: dict[str, dict[str, Any]] = {
    BARE: {"engine": "torch", "precision": "float32"},
    "mujaz, torch float32": {"engine": "torch", "precision": "float32"},
    "mujaz, CTranslate2 float32": {"engine": "ctranslate2", "precision": "float32"},
    WHOLE: {"engine": "ctranslate2", "precision": "auto"},
    "mujaz, CTranslate2 int8": {"engine": "ctranslate2", "precision": "auto"},
}
GPU_ROWS: dict[str, dict[str, Any]] = {
    BARE: {"engine": "torch", "precision": "float32"},
    "model.generate, bfloat16, batch 8": {"engine": "torch", "precision": "bfloat16"},
    "mujaz, torch bfloat16": {"engine": "torch", "precision": "bfloat16"},
}
TITLES = ("runner", "parameters", "s an article", "times as fast", "processor s an article", "times less", "tokens/s",
          "ROUGE-L", "same tokens", "peak memory")  # fmt: skip

Written = tuple[list[str], list[list[int]]]  # texts, and the tokens of each, without start, end and padding


def articles(data: Path, number: int) -> tuple[list[str], list[str]]:
    """Articles and their reference summaries, in the order of the file."""
    import pyarrow.parquet as pq

    table = pq.read_table(data / "summary" / "ant" / "test.parquet", columns=["text", "summary"]).slice(0, number)
    return table["text"].to_pylist(), table["summary"].to_pylist()


def rows_of(device: str) -> dict[str, dict[str, Any]]:
    """Name to how it is loaded, on this device."""
    return GPU_ROWS if device.startswith("cuda") else ROWS


def load(name: str, model: str | None, device: str) -> Any:
    """The summarizer of a row; one that was never trained will do."""
    from mujaz import Summarizer

    summarizer: Any = Summarizer.from_pretrained(model, device=device, allow_raw=True, **rows_of(device)[name])
    if name == WHOLE:
        summarizer.engine.arabic = None
    return summarizer


def bare(summarizer: Any, tokens: int | None) -> Callable[[list[str]], Written]:
    """Batches of 8 in file order, padded, through ``model.generate``."""
    import torch
    from transformers import GenerationConfig

    from mujaz.models.encoding import padded_batch

    encoder, model = summarizer.encoder, summarizer.model
    changes = {"num_beams": BEAMS} | ({"max_new_tokens": tokens, "min_new_tokens": tokens} if tokens else {})
    settings = GenerationConfig.from_dict({**summarizer.generation.to_dict(), **changes})

    @torch.inference_mode()
    def summarize(texts: list[str]) -> Written:
        found: list[list[int]] = []
        for start in range(0, len(texts), BATCH):
            encodings = encoder(texts[start : start + BATCH])
            inputs = padded_batch(encodings, encoder.tokenizer.pad_token_id, token_types=False)
            inputs = {key: tensor.to(model.device) for key, tensor in inputs.items()}
            found += model.generate(**inputs, generation_config=settings).tolist()
        return encoder.tokenizer.batch_decode(found, skip_special_tokens=True), [
            inner(summarizer, ids) for ids in found
        ]

    return summarize


def ours(summarizer: Any, tokens: int | None) -> Callable[[list[str]], Written]:
    """Through mujaz, with its checks of each summary; the tokens are those that its engine hands on."""
    generate = summarizer.engine.generate
    made: dict[tuple[int, ...], list[int]] = {}

    def noted(batch: Any, settings: Any) -> Any:
        found = generate(batch, settings)
        made.update((tuple(e.input_ids), inner(summarizer, each[0].ids)) for e, each in zip(batch, found, strict=True))
        return found

    summarizer.engine.generate = noted
    forced = {"max_new_tokens": tokens, "min_new_tokens": tokens}

    def summarize(texts: list[str]) -> Written:
        found = summarizer.summarize(texts, num_beams=BEAMS, long="cut", min_article_words=0, **forced)
        return [summary.text for summary in found], [made[tuple(e.input_ids)] for e in summarizer.encoder(texts)]

    return summarize


def inner(summarizer: Any, ids: list[int]) -> list[int]:
    """The tokens without start, end and padding."""
    settings = summarizer.generation
    outside = {summarizer.encoder.tokenizer.pad_token_id, summarizer.encoder.tokenizer.eos_token_id}
    return [number for number in ids if number not in outside | {settings.decoder_start_token_id}]


def measure(name: str, data: Path, model: str | None, number: int, forced: int | None, device: str) -> dict[str, Any]:
    """One row, in this process."""
    texts, _ = articles(data, number)
    summarizer = load(name, model, device)
    summarize = (bare if name.startswith("model.generate") else ours)(summarizer, forced)
    summarize(texts[-BATCH:])
    seconds, busy, found, tokens = float("inf"), float("inf"), list[str](), list[list[int]]()
    for _ in range(2):
        began, began_busy = time.perf_counter(), time.process_time()
        found, tokens = summarize(texts)
        seconds = min(seconds, time.perf_counter() - began)
        busy = min(busy, time.process_time() - began_busy)
    return {
        "seconds": seconds,
        "busy": busy,
        "summaries": found,
        "tokens": tokens,
        "memory": peak_memory(device),
        "parameters": summarizer._model.num_parameters(),  # without loading it in torch
    }


def peak_memory(device: str) -> float:
    """Of this process, in GB of 10^9 bytes; ``ru_maxrss`` starts from what the parent process had. Of a GPU, torch's own."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.max_memory_allocated(device) / 1e9
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 / 1e9 for line in lines if line.startswith("VmHWM"))


def table(options: argparse.Namespace) -> None:
    """Run the rows and print them."""
    models = [options.model, *([options.trimmed] if options.trimmed else [])]
    rows = {}
    for model in models:  # conversions are made and kept here
        described = {name: load(name, model, options.device).description for name in rows_of(options.device)}
        print("\n".join(described.values()))
        last = list(described)[-1]
        rows[model] = [name for name in described if name != WHOLE or described[name] != described[last]]
    references = articles(options.data, options.articles)[1]
    print(f"\n| {' | '.join(TITLES)} |\n|{'---|' * len(TITLES)}")
    first: dict[str, Any] = {}
    for model in models:
        base: dict[str, Any] = {}
        for name in rows[model]:
            row = measured(name, model, options)
            first, base = first or row, base or row
            print_row(f"{name}{', trimmed' if model is not models[0] else ''}", row, first, base, references)


def measured(name: str, model: str | None, options: argparse.Namespace) -> dict[str, Any]:
    """One row, in a process of its own."""
    command = [sys.executable, __file__, str(options.data), "--row", name, "--articles", str(options.articles)]
    command += ["--device", options.device]
    command += ["--model", model] if model else []
    command += ["--tokens", str(options.tokens)] if options.tokens else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} failed: {done.stderr.strip()}")
    row: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return row


def print_row(
    name: str, row: dict[str, Any], first: dict[str, Any], base: dict[str, Any], references: list[str]
) -> None:
    """One line of the table: times beside the first row, tokens beside those of the same model's ``generate``."""
    from mujaz.training.metrics.scoring import TYPES, pair_scores
    from mujaz.training.metrics.tokenization import tokenizer

    count = len(row["summaries"])
    same = sum(a == b for a, b in zip(row["tokens"], base["tokens"], strict=True)) / count
    score = pair_scores(row["summaries"], references, tokenizer("arabic"))[:, TYPES.index("rougeL")].mean()
    print(
        f"| {name} | {row['parameters'] / 1e6:.1f} M | {row['seconds'] / count:.4f} "
        f"| {first['seconds'] / row['seconds']:.1f} | {row['busy'] / count:.4f} | {first['busy'] / row['busy']:.1f} "
        f"| {sum(map(len, row['tokens'])) / row['seconds']:,.0f} | {score:.2f} | {same:.0%} | {row['memory']:.2f} GB |",
        flush=True,
    )


def main() -> None:
    """The table, or one row for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the labelled data")
    parser.add_argument("--model", required=True, help="a summarizer that writes, such as runs/summary-spans")
    parser.add_argument("--trimmed", help="the model as 'mujaz trim' left it")
    parser.add_argument("--articles", type=int, default=100)
    parser.add_argument("--tokens", type=int, help="force every summary to this length")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--row", help="measure this one only, and print it as JSON")
    options = parser.parse_args()
    if options.row:
        row = measure(options.row, options.data, options.model, options.articles, options.tokens, options.device)
        print(json.dumps(row))
    else:
        table(options)


if __name__ == "__main__":
    main()
