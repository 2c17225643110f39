"""A pretraining step on masked words: as transformers computes it, and ours with all pieces and with a sample of them.

The plain one is what a Trainer over ``BertForMaskedLM`` does (transformers' example ``run_mlm``): the vocabulary is scored
at every piece of a row, masked or not. Rows are drawn as often as pieces of a text come (Zipf's law), the model is that of a
config; all three are updated by AdamW, in turns, so that what else the machine does falls on all of them. Times are of the
processor.

Example::

    python benchmarks/pretraining.py                                           # the embedded models' encoder
    python benchmarks/pretraining.py configs/pretrain-15m.yaml --steps 4
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from transformers import BertConfig, BertForMaskedLM

from mujaz.configs.loading import load_pretrain_config
from mujaz.configs.pretrain_schema import PretrainConfig
from mujaz.training.last_layer import hidden_at
from mujaz.training.sampled_pieces import PieceSample

ROOT = Path(__file__).resolve().parents[1]
SPECIAL = 5
SAMPLED = 4000
Batch = dict[str, torch.Tensor]


def new_model(config: PretrainConfig, attention: str) -> BertForMaskedLM:
    """Of the config's shape, without dropout."""
    shape = config.model
    model = BertForMaskedLM(
        BertConfig(
            vocab_size=shape.vocab_size,
            hidden_size=shape.hidden_size,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            intermediate_size=shape.intermediate_size,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    )
    model.set_attn_implementation(attention)
    return model.train()


def plain(model: BertForMaskedLM, batch: Batch) -> torch.Tensor:
    """As transformers has it."""
    loss: Any = model(input_ids=batch["input_ids"], position_ids=batch["position_ids"], labels=batch["labels"]).loss
    return torch.as_tensor(loss)


def exact(model: BertForMaskedLM, batch: Batch) -> torch.Tensor:
    """The last layer and the scores of all pieces where something is to be guessed."""
    guessed = batch["labels"] >= 0
    return functional.cross_entropy(model.cls(hidden_at(model.bert, batch, guessed)), batch["labels"][guessed])


def sampled(sample: PieceSample) -> Callable[[BertForMaskedLM, Batch], torch.Tensor]:
    """The scores of some pieces."""

    def loss(model: BertForMaskedLM, batch: Batch) -> torch.Tensor:
        guessed = batch["labels"] >= 0
        hidden = hidden_at(model.bert, batch, guessed)
        return sample.nats(model.cls, hidden, batch["labels"][guessed], batch["drawn"]).mean()

    return loss


def batches(config: PretrainConfig, sample: PieceSample, counts: np.ndarray, steps: int) -> list[Batch]:
    """Rows of pieces as often as they come in a text; the config's share of them is to be guessed."""
    chance = np.random.default_rng(config.training.seed)
    shape = (config.training.rows_at_once, config.model.sequence_length)
    made = []
    for _ in range(steps):
        ids = torch.from_numpy(chance.choice(len(counts), size=shape, p=counts / counts.sum()))
        masked = torch.from_numpy(chance.random(shape) < config.masking.share)
        made.append(
            {
                "input_ids": ids.masked_fill(masked, 4),
                "position_ids": torch.arange(shape[1]).expand(shape),
                "labels": ids.masked_fill(~masked, -100),
                "drawn": sample.draw(chance),
            }
        )
    return made


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="?", default=str(ROOT / "configs" / "pretrain-embedded.yaml"))
    parser.add_argument("--steps", type=int, default=6, help="of each, a turn")
    parser.add_argument("--turns", type=int, default=3)
    asked = parser.parse_args()
    config = load_pretrain_config(asked.config, [])
    counts = np.ceil(1e7 / np.arange(1, config.model.vocab_size + 1)).astype(np.int64)
    counts[:SPECIAL] = 0
    sample = PieceSample(counts, config.masking.sampled_pieces or SAMPLED, range(SPECIAL))
    made = batches(config, sample, counts, asked.steps)
    ways: dict[str, tuple[Any, str]] = {
        "transformers (every piece scored)": (plain, "sdpa"),
        "ours, all pieces": (exact, "eager"),
        f"ours, {sample.number:,} drawn": (sampled(sample), "eager"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    trained = {}
    for name, (_, attention) in ways.items():
        model = new_model(config, attention)
        trained[name] = model, torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    for turn in range(asked.turns + 1):  # the first is not counted
        for name, (loss, _) in ways.items():
            model, optimizer = trained[name]
            began = time.process_time()
            for batch in made:
                loss(model, batch).backward()
                optimizer.step()
                optimizer.zero_grad()
            if turn:
                seconds[name].append((time.process_time() - began) / len(made))
    tokens = made[0]["labels"].numel()
    slowest = statistics.median(seconds[next(iter(ways))])
    print(f"{tokens:,} tokens a step, {torch.get_num_threads()} threads\n")
    print("| | seconds of the processor a step | tokens a second | times |\n|---|---|---|---|")
    for name, found in seconds.items():
        middle = statistics.median(found)
        spread = f"{min(found):.2f}-{max(found):.2f}"
        print(f"| {name} | {middle:.2f} ({spread}) | {tokens / middle:,.0f} | {slowest / middle:.1f} |")


if __name__ == "__main__":
    main()
