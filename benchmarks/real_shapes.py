"""AraBERT-base and mT5-small at their real shapes, with random weights, through train, classify and summarize.

The folders are laid out like the hub's (vocab.txt and config.json; spiece.model and config.json). Prints the peak resident
memory and the time of each command. It shows that the sizes fit, not that the predictions mean anything.

Usage::

    python benchmarks/real_shapes.py [FOLDER]      # about 6 GB of disk, 8 GB of memory
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ARTICLE = (ROOT / "examples" / "article.txt").read_text(encoding="utf-8")
CORPUS = [json.loads(line) for line in (ROOT / "examples" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]


def make_arabert(folder: Path) -> None:
    """BERT with AraBERT v0.2's shape: 12 layers, 768 wide, 64,000 pieces; the pieces are letters and made-up words."""
    from transformers import BertConfig, BertForMaskedLM

    letters = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[رابط]", "[بريد]", "[مستخدم]"]
    single = [*letters, *"ءأإآؤئةى0123456789.،:«»", *(f"##{c}" for c in letters + "ءأإآؤئةى0123456789")]
    words = (
        f"{prefix}{''.join(w)}"
        for n in (2, 3, 4)
        for prefix in ("", "##")
        for w in itertools.product(letters, repeat=n)
    )
    vocab = [*special, *single, *itertools.islice(words, 64000 - len(special) - len(single))]
    BertForMaskedLM(BertConfig(vocab_size=64000)).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8")


def make_mt5(folder: Path) -> None:
    """MT5-small's shape: 8 and 8 layers, 512 wide, 250,112 rows, a head of its own; few pieces are in use."""
    import sentencepiece
    import torch
    from transformers import MT5Config, MT5ForConditionalGeneration

    buffer = io.BytesIO()
    lines = [ARTICLE, *(row["text"] for row in CORPUS)]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter("\n".join(lines).splitlines()),
        model_writer=buffer,
        vocab_size=800,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    config = MT5Config(
        vocab_size=250112, d_model=512, d_kv=64, d_ff=1024, num_layers=8, num_heads=6, feed_forward_proj="gated-gelu"
    )
    config.decoder_start_token_id = 0
    model = MT5ForConditionalGeneration(config)
    model.lm_head.weight = torch.nn.Parameter(torch.randn(250112, 512) * 0.05)
    model.save_pretrained(folder)
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8")) | {"tie_word_embeddings": False}
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "spiece.model").write_bytes(buffer.getvalue())


def measure(name: str, *arguments: str) -> None:
    """Run one command; print its wall time and peak memory."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "mujaz", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT
    )
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{name} failed:\n{output.decode()}")
    print(f"{name:28} {time.monotonic() - began:7.1f} s  {usage.ru_maxrss / 1e6:6.2f} GB peak", flush=True)


def main() -> None:
    """Make the folders, write the data, run the commands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("runs/real-shapes"))
    folder = parser.parse_args().folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"text": r["text"], "label": "ab"[i % 2], "summary": r["text"][:60]} for i, r in enumerate(CORPUS * 4)]
    data = folder / "data.jsonl"
    data.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    make_arabert(folder / "arabert")
    make_mt5(folder / "mt5")
    print(f"{'command':28} {'wall':>9}  {'memory':>9}")
    short = [f"data.{split}={data}" for split in ("train", "dev", "test")]
    short += ["training.max_steps=3", "training.batch_size=4", "training.gradient_accumulation=1"]
    short += ["training.evaluations=1", "data.max_dev_rows=4"]
    for model, config, task in (("arabert", "topic-arabert", "topic"), ("mt5", "summary-mt5", "summary")):
        settings = [*short, f"model.name={folder / model}", f"output={folder / task}"]
        settings += ["generation.max_new_tokens=16"] if task == "summary" else []
        options = [part for setting in settings for part in ("--set", setting)]
        measure(f"{model}: train, 3 steps of 4", "train", f"configs/{config}.yaml", "--restart", *options)
    out = ["--force", "--out"]
    measure(
        "arabert: classify 40 texts",
        "classify",
        str(data),
        "--model",
        str(folder / "topic"),
        *out,
        str(folder / "l.jsonl"),
    )
    measure(
        "mt5: summarize 40 texts",
        "summarize",
        str(data),
        "--model",
        str(folder / "summary"),
        *out,
        str(folder / "s.jsonl"),
    )


if __name__ == "__main__":
    main()
