"""Do checkpoints that mujaz saves compute the same under transformers 4.57 and 5?

Tiny random checkpoints are laid out as the hub has them (mT5, AraT5: both with a head of their own; AraBART), then saved by
mujaz, then trimmed by ``mujaz trim``. A reader that knows nothing of mujaz loads each with plain transformers, here and
under a second interpreter, whose transformers is 4.57: token ids, teacher-forced logits, and what ``generate`` writes
with the saved settings, greedily and with beams. For mT5 and AraT5 the checkpoint as the hub has it is read too, under
4.57, which reads those rightly: what mujaz saved must give the logits of that. ``--plain`` shows the failure that mujaz
guards against: the same models, saved by transformers 5 alone.

The second interpreter needs ``transformers==4.57.*``, ``torch``, ``sentencepiece`` and ``protobuf``::

    python -m venv OTHER && OTHER/bin/pip install "transformers==4.57.*" torch sentencepiece protobuf
    python benchmarks/transformers4_round_trip.py --python OTHER/bin/python

Exit status: 0 where all is the same, 1 where a logit differs by more than 1e-4, or a token differs at all.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

TOLERANCE = 1e-4
ROWS = 460
TEXTS = 3
SHAPE = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}


# --- the reader: plain transformers of either version, nothing else --------------------------------------------------------


def read(folder: str, texts: list[str]) -> dict[str, Any]:
    """What a checkpoint computes of some texts, each by itself."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    found: dict[str, Any] = {"version": transformers.__version__, "ids": [], "logits": [], "greedy": [], "beams": []}
    for text in texts:
        batch = tokenizer(text, return_tensors="pt", truncation=True, max_length=48)
        inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            logits = model(**inputs, decoder_input_ids=inputs["input_ids"][:, :16]).logits[0]
            greedy = model.generate(**inputs, num_beams=1, length_penalty=None, early_stopping=False)
            beams = model.generate(**inputs)  # as the checkpoint says
        found["ids"].append(inputs["input_ids"][0].tolist())
        found["logits"].append(logits.tolist())
        found["greedy"].append([greedy[0].tolist(), tokenizer.decode(greedy[0], skip_special_tokens=True)])
        found["beams"].append([beams[0].tolist(), tokenizer.decode(beams[0], skip_special_tokens=True)])
    return found


def read_elsewhere(python: str, folder: Path, texts: list[str]) -> dict[str, Any]:
    """The same under another interpreter."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [python, __file__, "--read", str(folder)],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        raise SystemExit(f"{folder.name} cannot be read under {python}:\n{done.stderr.strip()[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


# --- the checkpoints ------------------------------------------------------------------------------------------------------


def sharpen(model: Any) -> None:
    """Random weights whose favourites stand out, so that rounding cannot decide between two tokens."""
    import torch

    torch.manual_seed(1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 2:
                weight.copy_(torch.randn_like(weight) * (1.0 if "lm_head" in name or "shared" in name else 0.2))


def t5(folder: Path, kind: str, lines: list[str]) -> None:
    """``mt5``, or AraT5: T5 v1.1, whose file says that the head is apart."""
    import torch
    import transformers
    from mt5_stand_in import make_tokenizer

    make_tokenizer(folder, lines, 200, pieces=ROWS - 110)  # 100 sentinels come after them, and rows without a piece
    names = {"mt5": ("MT5Config", "MT5ForConditionalGeneration"), "t5": ("T5Config", "T5ForConditionalGeneration")}[
        kind
    ]
    config = getattr(transformers, names[0])(vocab_size=ROWS, feed_forward_proj="gated-gelu", **SHAPE)
    config.decoder_start_token_id = 0
    if kind == "t5":
        config.scale_decoder_outputs = False
    model = getattr(transformers, names[1])(config)
    model.lm_head.weight = torch.nn.Parameter(torch.zeros(ROWS, SHAPE["d_model"]))
    sharpen(model)
    model.save_pretrained(folder)
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8")) | {"tie_word_embeddings": False}
    settings.pop("scale_decoder_outputs", None)  # the hub's files are older than this key
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")


def mbart(folder: Path, lines: list[str]) -> None:
    """AraBART: MBart's layers, Barthez's tokenizer, tied."""
    from mt5_stand_in import counted_pieces
    from transformers import BarthezTokenizer, MBartConfig, MBartForConditionalGeneration

    special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -20.0)]
    tokenizer = BarthezTokenizer(vocab=[*special, *counted_pieces(lines, 200), ("<mask>", 0.0)])
    sides: dict[str, Any] = {f"{side}_{name}": value for side in ("encoder", "decoder")
             for name, value in (("layers", 2), ("attention_heads", 4), ("ffn_dim", 64))}  # fmt: skip
    model = MBartForConditionalGeneration(
        MBartConfig(
            vocab_size=len(tokenizer), d_model=32, max_position_embeddings=128, scale_embedding=True,
            decoder_start_token_id=2, forced_eos_token_id=2, **sides,
        )
    )  # fmt: skip
    sharpen(model)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


# --- the comparison -------------------------------------------------------------------------------------------------------


def compare(name: str, here: dict[str, Any], there: dict[str, Any], *, logits_only: bool = False) -> bool:
    """Print one row, and whether it passes."""
    import numpy as np

    pairs = [(np.array(a), np.array(b)) for a, b in zip(here["logits"], there["logits"], strict=True)]
    same_ids = here["ids"] == there["ids"] and all(a.shape == b.shape for a, b in pairs)
    largest = max(float(np.abs(a).max()) for a, _ in pairs)
    difference = max(float(np.abs(a - b).max()) for a, b in pairs) if same_ids else float("nan")
    marks = [same_ids, *(here[key] == there[key] for key in ("greedy", "beams"))]
    words = ["yes" if mark else "NO" for mark in marks]
    if logits_only:
        marks, words = marks[:1], [words[0], "", ""]
    passed = difference <= TOLERANCE and all(marks)
    longest = max(len(ids) for ids, _ in here["beams"])
    print(
        f"| {name} | {there['version']} | {difference:.1e} of {largest:.1f} | {' | '.join(words)} | {longest} "
        f"| {'same' if passed else 'DIFFERENT'} |",
        flush=True,
    )
    return passed


def saved_plainly(hub: Path, out: Path) -> None:
    """The model loaded and saved by transformers 5 alone; the tokenizer copied, for 4.57 cannot load one that 5 saved."""
    from transformers import AutoModelForSeq2SeqLM

    shutil.copytree(hub, out)
    AutoModelForSeq2SeqLM.from_pretrained(hub).save_pretrained(out)


def saved_by_mujaz(hub: Path, out: Path) -> None:
    """Loaded and saved by mujaz, with generation settings of its own."""
    from mujaz import Summarizer

    summarizer = Summarizer.from_pretrained(hub, device="cpu", engine="torch", precision="float32", allow_raw=True)
    summarizer.generation.max_new_tokens = 24
    summarizer.save_pretrained(out)


def round_trip(python: str, place: Path, *, plain: bool) -> bool:
    """Build, save, trim and compare everything."""
    import transformers

    from mujaz.models.engines.ctranslate2_check import PROBES
    from mujaz.models.trimming import trim

    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    probes = list(PROBES)[:TEXTS]
    lines = probes * 4  # a piece counts from the third time on
    makers: dict[str, Callable[[Path], None]] = {
        "mT5": lambda folder: t5(folder, "mt5", lines),
        "AraT5 (T5 v1.1)": lambda folder: t5(folder, "t5", lines),
        "AraBART (MBart)": lambda folder: mbart(folder, lines),
    }
    print("| checkpoint | beside | logits differ by at most | same input | greedy | beams | longest | |")
    print("|---|---|---|---|---|---|---|---|")
    passed = []
    for number, (name, make) in enumerate(makers.items()):
        hub, out, small = (place / f"{number}-{step}" for step in ("hub", "saved", "trimmed"))
        make(hub)
        (saved_plainly if plain else saved_by_mujaz)(hub, out)
        here = read(str(out), probes)
        passed.append(compare(f"{name}, saved", here, read_elsewhere(python, out, probes)))
        if number < 2:
            origin = read_elsewhere(python, hub, probes)
            origin["version"] += ", hub's"
            passed.append(compare(f"{name}, saved", here, origin, logits_only=True))
        if not plain:
            trim(out, probes, small, keep=1.0)
            passed.append(compare(f"{name}, trimmed", read(str(small), probes), read_elsewhere(python, small, probes)))
    return all(passed)


def main() -> None:
    """Compare, or read for the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--python", help="interpreter that has transformers 4.57")
    what.add_argument(
        "--read", metavar="FOLDER", help="read this checkpoint, the texts on standard input; used by itself"
    )
    parser.add_argument("--plain", action="store_true", help="save with transformers alone, to see the failure")
    options = parser.parse_args()
    if options.read:
        print(json.dumps(read(options.read, json.load(sys.stdin))))
        return
    with tempfile.TemporaryDirectory() as place:
        sys.exit(0 if round_trip(options.python, Path(place), plain=options.plain) else 1)


if __name__ == "__main__":
    main()
