"""A checkpoint with mT5-small's shape and a vocabulary of its size, for measurements where the real one is not at hand.

The network has mT5-small's shape (8 and 8 layers, 512 wide, 250,112 rows, a head of its own) and random weights. The
vocabulary is made up: a unigram model, normalizing as mT5, whose first pieces are stretches of words counted in the texts
given, filled up with pieces of other scripts, which no Arabic text uses, to mT5's 250,100. How many pieces Arabic needs is
therefore our choice, not a finding about mT5; that the others can go is what it stands for.

Random weights give a piece of any script as much as another. ``--arabic`` moves the head so that it gives those of other
scripts next to nothing, as a model does that was fine-tuned on Arabic for long: all embeddings get a direction in common, so
that the last states have most of their mean in common, and those rows are moved against it. That a real one does so is
assumed, too; mujaz checks it where it makes use of it.

Usage::

    python benchmarks/mt5_stand_in.py FOLDER --texts ../shared/data/plain/arwiki/train.parquet --pieces 24000 --arabic
"""

from __future__ import annotations

import argparse
import io
import json
import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

PIECES = 250_100  # of mT5's spiece.model; its embeddings have 250,112 rows
ROWS = 250_112
LESS = 13.0  # by about how much a logit of a piece of another script is lowered: by a factor of e ** 13
COMMON = 0.7  # of the direction that all embeddings have in common, beside a standard deviation of 1
SHAPE = {"d_model": 512, "d_kv": 64, "d_ff": 1024, "num_layers": 8, "num_heads": 6}
# CJK, Hangul, Cyrillic, Devanagari, Thai: what most of mT5's pieces are made of.
SCRIPTS = ((0x4E00, 0x9FA5), (0xAC00, 0xD7A3), (0x0430, 0x044F), (0x0905, 0x0939), (0x0E01, 0x0E2E))


def sentences(files: Iterable[Path], rows: int) -> Iterator[str]:
    """Lines of the texts of Parquet files."""
    import pyarrow.parquet as pq

    for file in files:
        for text in pq.read_table(file, columns=["text"])["text"].to_pylist()[:rows]:
            yield from (line for line in text.splitlines() if line.strip())


def foreign_pieces(count: int, known: set[str]) -> list[str]:
    """Made-up pieces of other scripts, the same every time."""
    draw = random.Random(0)
    found: dict[str, None] = {}
    while len(found) < count:
        low, high = draw.choice(SCRIPTS)
        letters = "".join(chr(draw.randint(low, high)) for _ in range(draw.randint(2, 4)))
        piece = ("▁" if draw.random() < 0.3 else "") + letters
        if piece not in known:
            found[piece] = None
    return list(found)


def counted_pieces(lines: Iterable[str], count: int) -> list[tuple[str, float]]:
    """The stretches of words that cover most letters, with the logarithm of their share: counted, not trained."""
    words: Counter[str] = Counter()
    for line in lines:
        words.update(line.split())
    stretches: Counter[str] = Counter()
    letters: Counter[str] = Counter()
    for word, times in words.items():
        marked = f"▁{word}"
        for letter in marked:
            letters[letter] += times
        if times < 3 or len(word) > 20:
            continue
        for start in range(len(marked)):
            for end in range(start + 2, min(len(marked), start + 9) + 1):
                stretches[marked[start:end]] += times
    best = sorted(stretches, key=lambda piece: (-stretches[piece] * len(piece) ** 2, piece))[: count - len(letters)]
    total = letters.total()
    return [
        *((piece, math.log(stretches[piece] / total)) for piece in best),
        *((letter, math.log(times / total) - 4.0) for letter, times in letters.most_common()),
    ]


def make_tokenizer(folder: Path, lines: Iterable[str], counted: int, pieces: int = PIECES) -> None:
    """Write ``spiece.model``: ``counted`` pieces that the texts need, then others up to ``pieces``."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    buffer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(  # for its normalization and special pieces; its own pieces are replaced
        sentence_iterator=iter(["ا ب"] * 20),
        model_writer=buffer,
        vocab_size=8,
        normalization_rule_name="nmt_nfkc",
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    model_proto: Any = vars(sentencepiece_model_pb2)["ModelProto"]  # made when it is imported
    proto = model_proto.FromString(buffer.getvalue())
    del proto.pieces[3:]
    known = counted_pieces(lines, counted)
    lowest = min(score for _, score in known)
    for piece, score in known:
        proto.pieces.add(piece=piece, score=score)
    for number, piece in enumerate(foreign_pieces(pieces - len(proto.pieces), {piece for piece, _ in known})):
        proto.pieces.add(piece=piece, score=lowest - 1e-5 * (number + 1))
    proto.trainer_spec.vocab_size = len(proto.pieces)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spiece.model").write_bytes(proto.SerializeToString())


def make_model(folder: Path, rows: int = ROWS, shape: dict[str, Any] = SHAPE, *, arabic: bool = False) -> None:
    """Random weights, written as the hub has them: a head of its own, and a configuration that says so.

    Args:
        folder: Where the tokenizer is.
        rows: Of embeddings and head.
        shape: Of the network.
        arabic: Lower the logits of pieces of other scripts.
    """
    import torch
    from transformers import MT5Config, MT5ForConditionalGeneration

    torch.manual_seed(0)
    config = MT5Config(vocab_size=rows, feed_forward_proj="gated-gelu", **shape)
    config.decoder_start_token_id = 0
    model = MT5ForConditionalGeneration(config)
    model.lm_head.weight = torch.nn.Parameter(torch.randn(rows, shape["d_model"]) * 0.05)
    if arabic:
        lower_foreign(model, folder)
    model.save_pretrained(folder)
    path = folder / "config.json"
    settings = json.loads(path.read_text(encoding="utf-8")) | {"tie_word_embeddings": False}
    path.write_text(json.dumps(settings), encoding="utf-8")


def lower_foreign(model: Any, folder: Path) -> None:
    """Move the head's rows of foreign pieces against the mean of the last states, which all states have much of."""
    import torch

    from mujaz.models.engines.ctranslate2_vocabulary import arabic_pieces
    from mujaz.models.loading import load_tokenizer

    model.config.save_pretrained(folder)  # it says of which class the tokenizer is
    pieces = arabic_pieces(load_tokenizer(folder, model.config), model)
    if pieces is None:
        raise SystemExit("most of the pieces are Arabic: take fewer with --pieces")
    foreign = torch.ones(model.config.vocab_size, dtype=torch.bool)
    foreign[sorted(pieces)] = False
    with torch.no_grad():
        model.shared.weight += COMMON * (torch.randint(0, 2, (model.config.d_model,)) * 2 - 1)
    texts = torch.tensor(sorted(pieces))[torch.randint(len(pieces), (8, 64))]
    with torch.inference_mode():
        read = model.eval().encoder(input_ids=texts).last_hidden_state
        states = model.decoder(input_ids=texts.flip(1), encoder_hidden_states=read).last_hidden_state
    mean = states.flatten(0, 1).mean(0)
    shares = states @ mean / (mean @ mean)
    print(f"the states have {shares.min():.2f} to {shares.max():.2f} of their mean")
    with torch.no_grad():
        model.lm_head.weight[foreign] -= LESS * mean / (mean @ mean)


def main() -> None:
    """Parse the command line and write the folder."""
    parser = argparse.ArgumentParser(description="A checkpoint with mT5-small's shape.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--texts", type=Path, nargs="+", required=True, help="Parquet files with a column text")
    parser.add_argument("--pieces", type=int, default=24_000, help="pieces to count in them")
    parser.add_argument("--rows", type=int, default=20_000, help="texts to take of each file")
    parser.add_argument("--arabic", action="store_true", help="pieces of other scripts are next to never written")
    arguments = parser.parse_args()
    make_tokenizer(arguments.folder, sentences(arguments.texts, arguments.rows), arguments.pieces)
    make_model(arguments.folder, arabic=arguments.arabic)
    print(f"{arguments.folder}: {arguments.pieces:,} pieces counted, {PIECES - arguments.pieces:,} made up")


if __name__ == "__main__":
    main()
