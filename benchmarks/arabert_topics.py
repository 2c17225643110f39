"""A topic model of AraBERT-base's shape (12 layers, 768 wide, 64,000 pieces), trained from nothing on SANAD.

Speed can be measured on random weights; whether two engines give the same labels cannot, since the scores of random
weights lie together. This trains real ones, through the same code as ``mujaz train``, in bfloat16. Most articles are cut
to between 8 and 60 words, so that the model reads short texts and a step takes seconds; one in twenty keeps up to 160.

DATA is the folder that holds topic/sanad/*.parquet (columns text and label). FOLDER lies outside the project and takes
5 GB; the checkpoint is FOLDER/model. After a kill the same command goes on where it stopped.

Usage::

    python benchmarks/arabert_topics.py FOLDER DATA [STEPS]      # 400 steps by default; 4 GB of memory
"""

from __future__ import annotations

import argparse
import json
import math
import random
from pathlib import Path
from typing import Any

VOCABULARY = 64000
TOKENIZER_TEXTS = 12000
SHORT, LONG, LONG_SHARE = (8, 60), 160, 0.05  # words
TEST_ROWS = 400
STEPS = 400


def cut_rows(parquet: Path, out: Path, seed: int, rows: int | None) -> None:
    """Write a split as JSON Lines in random order, texts cut to words drawn log-uniformly from SHORT, or to LONG."""
    import pyarrow.parquet as pq

    draw = random.Random(seed)
    with out.open("w", encoding="utf-8") as file:
        found = pq.read_table(parquet, columns=["text", "label"]).to_pylist()
        draw.shuffle(found)  # they come label by label
        for row in found[:rows]:
            limit = round(math.exp(draw.uniform(*map(math.log, SHORT))))
            text = " ".join(row["text"].split()[: LONG if draw.random() < LONG_SHARE else limit])
            file.write(json.dumps({"text": text, "label": row["label"]}, ensure_ascii=False) + "\n")


def random_encoder(folder: Path, parquet: Path) -> None:
    """An encoder with random weights and a tokenizer of its own, laid out as if it came from the hub."""
    import pyarrow.parquet as pq
    import torch
    from transformers import BertConfig, BertModel

    from mujaz.models.recipes import get_recipe
    from mujaz.training.scratch import train_wordpiece

    texts = pq.read_table(parquet, columns=["text"])["text"].to_pylist()
    random.Random(0).shuffle(texts)
    tokenizer = train_wordpiece(map(get_recipe("arabert"), texts[:TOKENIZER_TEXTS]), VOCABULARY)
    torch.manual_seed(0)
    print(f"{len(tokenizer):,} pieces learnt of {VOCABULARY:,}", flush=True)
    model = BertModel(BertConfig(vocab_size=VOCABULARY, pad_token_id=tokenizer.pad_token_id))
    layers: Any = model.encoder.layer
    for layer in layers:  # as GPT-2 does, so that twelve layers learn something in a few hundred steps
        for dense in (layer.attention.output.dense, layer.output.dense):
            dense.weight.data /= math.sqrt(2 * len(layers))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def main() -> None:
    """Make what is missing, then train."""
    from mujaz.configs.loading import check_config
    from mujaz.training.train import train

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("steps", type=int, nargs="?", default=STEPS)
    given = parser.parse_args()
    folder, sanad = given.folder, given.data / "topic" / "sanad"
    folder.mkdir(parents=True, exist_ok=True)
    for seed, split in enumerate(("train", "dev", "test")):
        if not (folder / f"{split}.jsonl").is_file():
            cut_rows(
                sanad / f"{split}.parquet", folder / f"{split}.jsonl", seed, None if split == "train" else TEST_ROWS
            )
    if not (folder / "start" / "config.json").is_file():
        random_encoder(folder / "start", sanad / "train.parquet")
    config = {
        "task": "topic",
        "output": str(folder / "model"),
        "model": {"name": str(folder / "start"), "recipe": "arabert", "max_length": 512},
        "data": {split: str(folder / f"{split}.jsonl") for split in ("train", "dev", "test")} | {"max_dev_rows": 200},
        "training": {
            "max_steps": given.steps,
            "batch_size": 8,
            "gradient_accumulation": 2,
            "learning_rate": 1e-4,
            "evaluations": 4,
            "patience": None,
            "precision": "bfloat16",
            "device": "cpu",
        },
    }
    print(train(check_config(config, "benchmark"), report=lambda line: print(line, flush=True)).metrics)


if __name__ == "__main__":
    main()
