"""Tokens per second, peak memory and loss curve of ``mujaz train`` beside a plain ``Trainer`` script with its defaults.

AraBERT-base's shape (12 layers, 768 wide, 64,000 pieces), random weights, a tokenizer of its own; real articles (SANAD, up
to 512 tokens) and social-media headlines (ASND, up to 128). The plain script pads to the maximum length and computes in
float32, which is what a Trainer does unless told otherwise. Every row is a process of its own and sees the same rows in
the same order, but for the one that says so. Tokens are those of the texts, without padding; GFLOP/s are of the model's own
matrix products over them, three times those of labelling, beside a plain product's. With ``--device cuda`` memory is what
torch took of the GPU.

DATA is the folder that holds topic/sanad and topic/asnd (default $MUJAZ_DATA). FOLDER takes 2 GB and is kept for the next
time. ``--dropout 0`` makes the curves of the same number format equal. Times by the clock are worth something on a quiet
machine only; those of the processor are shown beside them.

Usage::

    python benchmarks/train.py FOLDER [DATA] [--steps 30] [--data articles|tweets] [--all] [--dropout 0.1] [--device cpu]
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SEED = 13
RATE, DECAY = 5e-5, 0.01

# Set, maximum length, rows a step.
KINDS = {"articles": ("sanad", 512, 8), "tweets": ("asnd", 128, 32)}

# Name, settings of the config (None is the plain script), whether mujaz's quick dropout and attention are on.
LADDER: list[tuple[str, dict[str, Any] | None, bool]] = [
    ("Trainer, its defaults: float32, padded to the maximum length", None, False),
    ("mujaz: float32, padded to the longest of a batch; another order", {"group_by_length": False}, False),
    ("+ rows of a length together", {}, False),
    ("+ bfloat16", {"precision": "bfloat16"}, False),
    ("+ quick dropout and attention: mujaz train's defaults", {"precision": "bfloat16"}, True),
]
MORE: list[tuple[str, dict[str, Any] | None, bool]] = [
    ("the defaults, with Adafactor", {"precision": "bfloat16", "optimizer": "adafactor"}, True),
    ("the defaults, with activation checkpointing", {"precision": "bfloat16", "activation_checkpointing": True}, True),
    ("bfloat16, compiled", {"precision": "bfloat16", "compile": True}, False),
    ("the defaults, LoRA of rank 16", {"precision": "bfloat16", "lora": {}}, True),
]


def make_start(folder: Path, data: Path) -> None:
    """The random encoder of arabert_topics.py, once."""
    from arabert_topics import random_encoder

    if not (folder / "encoder" / "config.json").is_file():
        random_encoder(folder / "encoder", data / "topic" / "sanad" / "train.parquet")


def make_classifier(folder: Path, kind: str, rows: list[dict[str, str]], dropout: float) -> None:
    """The encoder with a head for these labels, so that all rows start from the same weights."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    names = dict(enumerate(sorted({row["label"] for row in rows})))
    torch.manual_seed(SEED)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder / "encoder",
        num_labels=len(names),
        id2label=names,
        label2id={name: i for i, name in names.items()},
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    model.save_pretrained(folder / kind)
    AutoTokenizer.from_pretrained(folder / "encoder").save_pretrained(folder / kind)


def make_rows(folder: Path, data: Path, kind: str, count: int) -> list[dict[str, str]]:
    """So many texts, prepared, so that the plain script and mujaz read the same."""
    import pyarrow.parquet as pq

    from mujaz.models.recipes import get_recipe

    found = pq.read_table(data / "topic" / KINDS[kind][0] / "train.parquet", columns=["text", "label"]).to_pylist()
    random.Random(SEED).shuffle(found)
    recipe = get_recipe("arabert")
    rows = [{"text": recipe(row["text"]), "label": row["label"]} for row in found[:count]]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / f"{kind}.jsonl").write_text(lines, encoding="utf-8")
    return rows


def plain_trainer(folder: Path, kind: str, steps: int, device: str) -> Any:
    """What people write: tokenized with padding to the maximum length, everything else as the Trainer has it."""
    import datasets
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments

    _, length, batch = KINDS[kind]
    tokenizer = AutoTokenizer.from_pretrained(folder / kind)
    model = AutoModelForSequenceClassification.from_pretrained(folder / kind)

    def prepare(row: dict[str, Any]) -> dict[str, Any]:
        ids = tokenizer(row["text"], padding="max_length", truncation=True, max_length=length)
        return {**ids, "labels": model.config.label2id[row["label"]]}

    lines = (folder / f"{kind}.jsonl").read_text(encoding="utf-8").splitlines()
    arguments = TrainingArguments(
        output_dir=str(folder / "out"),
        per_device_train_batch_size=batch,
        max_steps=steps,
        learning_rate=RATE,
        weight_decay=DECAY,
        warmup_steps=round(0.1 * steps),
        seed=SEED,
        use_cpu=device == "cpu",
        save_strategy="no",
        disable_tqdm=True,
    )
    rows = datasets.Dataset.from_list([prepare(json.loads(line)) for line in lines])
    return Trainer(model=model, args=arguments, train_dataset=rows)


def mujaz_job(folder: Path, kind: str, steps: int, settings: dict[str, Any], device: str) -> Any:
    """A job of mujaz on the same rows."""
    from mujaz.configs.loading import check_config
    from mujaz.training.job import prepare

    _, length, batch = KINDS[kind]
    settings = dict(settings)
    model = {"name": str(folder / kind), "recipe": "none", "max_length": length}
    if "lora" in settings:
        model["lora"] = settings.pop("lora")
    training = {"batch_size": batch, "max_steps": steps, "learning_rate": RATE, "weight_decay": DECAY, "seed": SEED}
    config = {
        "task": "topic",
        "output": str(folder / "out"),
        "model": model,
        "data": {"train": str(folder / f"{kind}.jsonl"), "dev_fraction": 0.0},
        "training": {**training, "device": device, "precision": "float32", **settings},
    }
    return prepare(check_config(config, "benchmark"))


def child(folder: Path, kind: str, steps: int, row: int, device: str) -> None:
    """Train one row of the ladder; print what was measured as JSON."""
    import contextlib

    import torch
    from classify import flops, peak, peak_memory, wait_for
    from transformers import PrinterCallback, TrainerCallback

    from mujaz.training.cpu_speed import quick_on_cpu
    from mujaz.training.sampling import sample_with
    from mujaz.training.train import build_trainer

    name, settings, quick = [*LADDER, *MORE][row]
    torch.manual_seed(SEED)
    job = mujaz_job(folder, kind, steps, settings or {}, device)
    mine = build_trainer(job, progress=False, report=lambda line: None)
    trainer = mine if settings is not None else plain_trainer(folder, kind, steps, device)
    if settings is None:
        sampler: Any = mine._get_train_sampler()
        sample_with(trainer, sampler)  # the same order, so that the curves can be compared
        del job, mine
    counts: dict[str, float] = {"texts": 0, "padded": 0, "flops": 0}
    collate = trainer.data_collator
    model: Any = trainer.model

    def counting(rows: Any) -> Any:
        batch = collate(rows)
        lengths = batch["attention_mask"].sum(dim=1).tolist()
        counts["texts"] += sum(lengths)
        counts["flops"] += 3 * flops(lengths, model.config)
        counts["padded"] += batch["attention_mask"].numel()
        return batch

    class Clock(TrainerCallback):
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            self.began = time.monotonic(), time.process_time()

        def on_train_end(self, *_: Any, **__: Any) -> None:
            wait_for(device)
            counts["wall"], counts["cpu"] = time.monotonic() - self.began[0], time.process_time() - self.began[1]

    trainer.data_collator = counting
    trainer.args.logging_steps = trainer.state.logging_steps = 1
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Clock())
    with quick_on_cpu(job.start.model, job.config.training) if quick else contextlib.nullcontext():
        trainer.train()
    counts["memory"] = peak_memory(device)
    in_bfloat16 = settings is not None and settings.get("precision") == "bfloat16"
    counts["peak"] = peak("bfloat16" if in_bfloat16 else "float32", device)
    losses = [float(line["loss"]) for line in trainer.state.log_history if "loss" in line]
    print("RESULT " + json.dumps({"name": name, "losses": losses, **counts}), flush=True)


def measure(folder: Path, kind: str, steps: int, row: int, device: str) -> dict[str, Any]:
    """One row, in a process of its own."""
    command = [sys.executable, __file__, str(folder), "--data", kind, "--steps", str(steps), "--row", str(row)]
    command += ["--device", device]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1"}
    )
    found = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode or not found:
        sys.exit(f"{command} failed:\n{done.stderr[-3000:]}")
    result: dict[str, Any] = json.loads(found[0].removeprefix("RESULT "))
    return result


def show(kind: str, results: list[dict[str, Any]]) -> None:
    """The table and the curves, as Markdown."""
    _, length, batch = KINDS[kind]
    first = results[0]
    steps = len(first["losses"])
    print(f"\n{kind}: {steps} steps of {batch} rows, up to {length} tokens, {first['texts']:,} tokens of texts\n")
    titles = "row | padding | tokens/s | times | by processor time | GFLOP/s | of a plain product's | peak memory"
    print(f"| {titles} |\n|{'---|' * 8}")
    for r in results:
        wall, cpu = (r["texts"] / r[clock] / (first["texts"] / first[clock]) for clock in ("wall", "cpu"))
        padding = 1 - r["texts"] / r["padded"]
        rate = r["flops"] / r["wall"] / 1e9
        print(
            f"| {r['name']} | {padding:.0%} | {r['texts'] / r['wall']:,.0f} | {wall:.2f} | {cpu:.2f} "
            f"| {rate:,.0f} | {rate / r['peak']:.0%} of {r['peak']:,.0f} | {r['memory']:.2f} GB |"
        )
    parts = min(6, steps)
    edges = [round(i * steps / parts) for i in range(parts + 1)]
    heads = " | ".join(f"{a + 1}-{b}" for a, b in itertools.pairwise(edges))
    print(f"\n| mean loss of steps | {heads} | largest difference from the first row |\n|---|{'---|' * (parts + 1)}")
    for r in results:
        means = [sum(r["losses"][a:b]) / max(b - a, 1) for a, b in itertools.pairwise(edges)]
        apart = max(abs(a - b) for a, b in zip(r["losses"], first["losses"], strict=True))
        print(f"| {r['name']} | {' | '.join(f'{m:.3f}' for m in means)} | {apart:.4f} |", flush=True)


def main() -> None:
    """Make what is missing, then measure row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "sets", type=Path, nargs="?", default=Path(os.environ.get("MUJAZ_DATA", ROOT.parent / "shared/data"))
    )
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--data", choices=list(KINDS))
    parser.add_argument("--all", action="store_true", help="also Adafactor, activation checkpointing, compiled, LoRA")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--row", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.row is not None:
        child(given.folder, given.data, given.steps, given.row, given.device)
        return
    given.folder.mkdir(parents=True, exist_ok=True)
    make_start(given.folder, given.sets)
    for kind in [given.data] if given.data else list(KINDS):
        rows = make_rows(given.folder, given.sets, kind, given.steps * KINDS[kind][2])
        make_classifier(given.folder, kind, rows, given.dropout)
        numbers = range(len(LADDER) + (len(MORE) if given.all else 0))
        results = []
        for number in numbers:
            results.append(measure(given.folder, kind, given.steps, number, given.device))
            print(f"{results[-1]['name']}: {results[-1]['wall']:.0f} s", file=sys.stderr, flush=True)
        show(kind, results)


if __name__ == "__main__":
    main()
