"""Sentence boundaries: mujaz against naive splitting and whatever other splitter is installed, on texts marked by hand.

    python benchmarks/sentences.py                          # scores on tests/models/data/sentences
    python benchmarks/sentences.py --texts news.parquet     # and speed, and what the article reader finds, on your own texts

Scores count boundaries within lines, because line ends are given away by the text. Files named ``held_*`` were marked
together with the others, but no disagreement on them was looked at while the rules were written. For the comparison:
``pip install pysbd sentencex yasbd-lib nltk`` (any of them may be missing; nltk's punkt runs without a trained model).
"""

from __future__ import annotations

import argparse
import importlib
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from mujaz.models.articles import find_parts
from mujaz.models.sentences import split_sentences

MARK = "‖"
MARKED = Path(__file__).resolve().parents[1] / "tests" / "models" / "data" / "sentences"
Splitter = Callable[[str], list[int]]  # text -> offsets behind each sentence


def ours(text: str) -> list[int]:
    """Split with mujaz."""
    return [sentence.end for sentence in split_sentences(text)]


def naive(text: str) -> list[int]:
    """Split behind each of ``.!?؟`` that white space follows, and at line ends."""
    return [match.end() for match in re.finditer(r"[.!?؟](?=\s)|\n", text)]


def by_lines(split: Callable[[str], Iterable[object]]) -> Splitter:
    """Turn a function that returns the sentences of one line into a splitter, by finding them in the text again."""

    def splitter(text: str) -> list[int]:
        ends, at = [], 0
        for line in text.split("\n"):
            for piece in filter(None, (str(piece).strip() for piece in split(line))):
                found = text.find(piece, at)
                if found >= 0:
                    at = found + len(piece)
                    ends.append(at)
        return ends

    return splitter


def punkt() -> Splitter:
    """Untrained punkt that was told of the Arabic question mark."""
    module = importlib.import_module("nltk.tokenize.punkt")
    marks = type("Marks", (module.PunktLanguageVars,), {"sent_end_chars": (".", "?", "!", "؟")})
    return by_lines(module.PunktSentenceTokenizer(module.PunktParameters(), lang_vars=marks()).tokenize)


def others() -> dict[str, Splitter]:
    """Return the other splitters that are installed."""
    makers: dict[str, Callable[[], Splitter]] = {
        "nltk punkt, untrained, with ؟": punkt,
        "pysbd (ar)": lambda: by_lines(importlib.import_module("pysbd").Segmenter(language="ar", clean=False).segment),
        "sentencex (ar)": lambda: by_lines(lambda line: importlib.import_module("sentencex").segment("ar", line)),
        "yasbd-lib (ar)": lambda: by_lines(importlib.import_module("yasbd").BoundaryDetector(lang="ar").segment),
    }
    found = {}
    for name, make in makers.items():
        try:
            found[name] = make()
            found[name]("نص.")
        except ImportError:
            found.pop(name, None)
    return found


def read_marked(path: Path) -> tuple[str, set[int]]:
    """Return a text without its marks, and where each sentence but the first begins."""
    raw = path.read_text(encoding="utf-8").strip()
    ends, at = [], 0
    for piece in raw.split(MARK)[:-1]:
        at += len(piece)
        ends.append(at)
    text = raw.replace(MARK, "")
    return text, begins(text, ends)


def begins(text: str, ends: list[int]) -> set[int]:
    """Turn the ends of sentences into the beginnings of the next ones, without those at the beginning of a line."""
    starts = {end + len(text[end:]) - len(text[end:].lstrip()) for end in ends}
    return {at for at in starts if 0 < at < len(text) and "\n" not in text[len(text[:at].rstrip()) : at]}


def score(splitter: Splitter, prefix: str) -> tuple[int, int, int]:
    """Count right, wrong and missed boundaries in the marked texts whose names begin with ``prefix``."""
    right = wrong = missed = 0
    for path in sorted(MARKED.glob(f"{prefix}*.txt")):
        text, gold = read_marked(path)
        found = begins(text, splitter(text))
        right, wrong, missed = right + len(gold & found), wrong + len(found - gold), missed + len(gold - found)
    return right, wrong, missed


def read_texts(path: Path, column: str, rows: int) -> list[str]:
    """Read texts from a Parquet or JSON Lines file."""
    from datasets import load_dataset

    kind = "parquet" if path.suffix == ".parquet" else "json"
    return [str(row[column]) for row in load_dataset(kind, data_files=str(path), split=f"train[:{rows}]")]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, help="Parquet or JSON Lines file for speed and article parts")
    parser.add_argument("--column", default="text")
    parser.add_argument("--rows", type=int, default=2000)
    options = parser.parse_args()
    splitters = {"mujaz": ours, "naive [.!?؟] + space": naive, **others()}

    print(f"{'splitter':32} {'texts':6} {'right':>6} {'wrong':>6} {'missed':>6} {'P':>7} {'R':>7} {'F1':>7}")
    for name, splitter in splitters.items():
        for prefix in ("dev", "held", ""):
            right, wrong, missed = score(splitter, prefix)
            f1 = 2 * right / (2 * right + wrong + missed)
            rates = f"{right / (right + wrong):7.1%} {right / (right + missed):7.1%} {f1:7.1%}"
            print(f"{name:32} {prefix or 'all':6} {right:6} {wrong:6} {missed:6} {rates}")

    if options.texts is None:
        return
    texts = read_texts(options.texts, options.column, options.rows)
    for name, splitter in splitters.items():
        begun = time.perf_counter()
        sentences = sum(len(splitter(text)) for text in texts)
        taken = time.perf_counter() - begun
        print(f"{name:32} {sentences / taken:10,.0f} sentences/s {len(texts) / taken:8,.0f} texts/s")
    begun = time.perf_counter()
    kinds = Counter(part.kind for text in texts for part in find_parts(text))
    print(
        f"article reader: {len(texts) / (time.perf_counter() - begun):,.0f} texts/s; parts found in {len(texts)} texts:"
    )
    for kind, count in kinds.most_common():
        print(f"  {kind:12} {count}")


if __name__ == "__main__":
    main()
