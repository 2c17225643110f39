"""What each choice of tokenization does to ROUGE on real Arabic text, and how fast the counting is.

The predictions are LEAD-1, the first sentence of each article. Needs the labelled data (``$MUJAZ_DATA``, or
``../shared/data`` beside the checkout) and the ``dev`` extra, for rouge_score.

Example::

    python benchmarks/rouge.py                      # all sets, half a minute
    python benchmarks/rouge.py --sets ant --pairs 200
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from rouge_score import rouge_scorer

from mujaz.errors import UsageError
from mujaz.models.arabic_words import RULES, CharTable, words
from mujaz.models.sentences import split_sentences
from mujaz.training.metrics.bootstrap import confidence_interval
from mujaz.training.metrics.scoring import TYPES, pair_scores
from mujaz.training.metrics.tokenization import Tokenizer, tokenizer

ROOT = Path(__file__).resolve().parents[1]
SETS = ("ant", "saudinewsnet", "wikilead")
SCORER_TYPES = ["rouge1", "rouge2", "rougeL"]
LONG = 300  # words
LONG_PAIRS = 50
STORY = "أعلنت البلدية افتتاح حديقة جديدة للأطفال قرب النهر"
UNRELATED = ("2022: أغلقت 3 مصارف فروعها", "شهد عام 2022 فوز 3 فرق")


class Tokens:
    """Hands a tokenizer to rouge_score."""

    def __init__(self, split: Tokenizer) -> None:
        """Keep the function."""
        self.tokenize = split


def without(rule: str) -> Tokenizer:
    """The tokenizer of mode arabic, less one of its rules."""
    table = CharTable(apply for name, apply in RULES.items() if name != rule)
    return lambda text: words(text, table)


# Name -> the tokenizer, made when it is its turn.
CHOICES: dict[str, Callable[[], Tokenizer]] = {
    "rouge_score's own": lambda: rouge_scorer.RougeScorer([])._tokenizer.tokenize,
    "whitespace": lambda: tokenizer("whitespace"),
    "xlsum": lambda: tokenizer("xlsum"),
    "xlsum, stem": lambda: tokenizer("xlsum", stem=True),
    **{f"arabic without {rule}": lambda rule=rule: without(rule) for rule in RULES},  # type: ignore[misc]
    "arabic": lambda: tokenizer("arabic"),
    "arabic, stem": lambda: tokenizer("arabic", stem=True),
}


def lead_one(data: Path, name: str, pairs: int | None) -> tuple[list[str], list[str]]:
    """First sentences of the articles of a test set, and their summaries."""
    table = pq.read_table(data / "summary" / name / "test.parquet", columns=["text", "summary"]).slice(0, pairs)
    first = [next((sentence.text for sentence in split_sentences(text)), "") for text in table["text"].to_pylist()]
    return first, table["summary"].to_pylist()


def long_pairs(data: Path) -> tuple[list[str], list[str]]:
    """The first words of long articles, and the words after them."""
    texts = pq.read_table(data / "summary" / "wikilead" / "test.parquet", columns=["text"])["text"].to_pylist()
    articles = [article for text in texts if len(article := text.split()) >= 2 * LONG][:LONG_PAIRS]
    return [" ".join(a[:LONG]) for a in articles], [" ".join(a[LONG : 2 * LONG]) for a in articles]


def story() -> None:
    """What rouge_score does with Arabic when nobody hands it a tokenizer."""
    scorer = rouge_scorer.RougeScorer(["rouge1"])
    ours = tokenizer("arabic")
    print("ROUGE-1 of two Arabic sentences, by rouge_score's own tokenizer and by mode arabic (0-100):\n")
    for what, one, other in (("identical", STORY, STORY), ("unrelated, both with 2022 and 3", *UNRELATED)):
        usual = 100 * scorer.score(one, other)["rouge1"].fmeasure
        print(f"  {what}: {usual:.1f} and {pair_scores([one], [other], ours)[0, 0]:.1f}")


def effects(name: str, predictions: list[str], references: list[str]) -> None:
    """Print a row a choice: ROUGE-1/2/L/Lsum, and the 95 % interval of ROUGE-1."""
    print(f"\nLEAD-1 on {name}, {len(predictions)} pairs\n")
    print("| words | ROUGE-1 | ROUGE-2 | ROUGE-L | ROUGE-Lsum | ROUGE-1, 95 % |\n|---|---|---|---|---|---|")
    for choice, make in CHOICES.items():
        try:
            scores = pair_scores(predictions, references, make())
        except UsageError as error:
            print(f"| {choice} | left out: {error} |")
            continue
        low, high = confidence_interval(scores)
        means = " | ".join(f"{mean:.2f}" for mean in scores.mean(axis=0))
        print(f"| {choice} | {means} | {low[0]:.2f} to {high[0]:.2f} |")


def against_rouge_score(name: str, predictions: list[str], references: list[str]) -> None:
    """Print the largest difference to rouge_score with the same tokenizer, and the ratio of speeds."""
    split = tokenizer("arabic")
    start = time.perf_counter()
    ours = pair_scores(predictions, references, split)
    middle = time.perf_counter()
    theirs = by_rouge_score(predictions, references, split)
    end = time.perf_counter()
    apart = np.abs(ours[:, : len(SCORER_TYPES)] - theirs).max()
    rates = [len(predictions) / seconds for seconds in (middle - start, end - middle)]
    print(
        f"{name}: largest difference {apart:.1e}; {rates[0]:,.0f} pairs/s for {len(TYPES)} types, rouge_score "
        f"{rates[1]:,.0f} pairs/s for {len(SCORER_TYPES)}: {rates[0] / rates[1]:.1f} times as fast"
    )


def by_rouge_score(predictions: list[str], references: list[str], split: Tokenizer) -> NDArray[np.float64]:
    """F1 of ROUGE-1/2/L by rouge_score, 0-100: (pairs, 3)."""
    scorer = rouge_scorer.RougeScorer(SCORER_TYPES, tokenizer=Tokens(split))
    scores = [
        scorer.score(reference, prediction) for prediction, reference in zip(predictions, references, strict=True)
    ]
    return np.array([[100 * row[name].fmeasure for name in SCORER_TYPES] for row in scores])


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("MUJAZ_DATA", ROOT.parent / "shared" / "data"))
    )
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--pairs", type=int, help="only the first so many")
    options = parser.parse_args()
    story()
    loaded = {name: lead_one(options.data, name, options.pairs) for name in options.sets}
    for name, pairs in loaded.items():
        effects(name, *pairs)
    print("\nAgainst rouge_score with the same tokenizer\n")
    for name, pairs in loaded.items():
        against_rouge_score(f"LEAD-1 on {name}", *pairs)
    against_rouge_score(f"{LONG} words against {LONG}", *long_pairs(options.data))


if __name__ == "__main__":
    main()
