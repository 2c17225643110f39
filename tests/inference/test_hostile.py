"""A corpus that is out to break the run loses none of its good records."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from mujaz.inference.classify import classify_corpus

GOOD = "فاز المنتخب في مباراة الكرة أمس"


def hostile_lines(count: int, seed: int) -> list[bytes]:
    """Lines of JSON Lines, none of which holds a text that a model can read."""
    chance = random.Random(seed)
    wrong = [None, True, 7, -1.5e308, [], ["نص"], {}, {"text": "نص"}, "", " \n\t ", "\u200f", 10**30]
    lines: list[bytes] = []
    for number in range(count):
        kind = number % 10
        if kind < 5:
            lines.append(json.dumps({"id": f"x{number}", "text": chance.choice(wrong[:-2])}).encode())
        elif kind == 5:
            lines.append(b'{"id": "x", "text": "\\ud800 ' + str(number).encode() + b'"}')
        elif kind == 6:
            lines.append(b'{"id": "x", "text": "zero \0 byte"}')
        elif kind == 7:
            lines.append(bytes(chance.randrange(1, 256) for _ in range(40)).replace(b"\n", b"?").replace(b"\r", b"?"))
        elif kind == 8:
            lines.append(json.dumps(chance.choice([[1], 3, "نص", None])).encode())
        else:
            lines.append(json.dumps({"text": GOOD}, ensure_ascii=False).encode()[:-3])
    return lines


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_a_thousand_hostile_records(tmp_path: Path, suffix: str) -> None:
    chance = random.Random(0)
    lines = [(line, False) for line in hostile_lines(1000, seed=1)]
    lines += [
        (json.dumps({"id": f"good{n}", "text": f"{GOOD} {n}"}, ensure_ascii=False).encode(), True) for n in range(200)
    ]
    huge = GOOD + " " + "ب" * 3_000_000 + " كلمة" * 200_000
    lines.append((json.dumps({"id": "good-huge", "text": huge}, ensure_ascii=False).encode(), True))
    chance.shuffle(lines)
    # The first rows must show what the file is: an input of which nothing can be read is refused as a whole.
    lines.sort(key=lambda line: not line[0].startswith(b'{"id": "good1'))
    source, out = tmp_path / "x.jsonl", tmp_path / f"o{suffix}"
    source.write_bytes(b"\n".join(line for line, _ in lines) + b"\n")
    summary = classify_corpus([str(source)], str(out), device="cpu", precision="float32")
    assert summary.records == len(lines)
    assert summary.records - summary.errors == sum(good for _, good in lines) == 201
    assert summary.labels["label"].total() == 201
