"""What a report is made from, and what its sections share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mujaz.charts import interval_bar
from mujaz.models.classifier import TextClassifier
from mujaz.models.summarizer import Summarizer
from mujaz.pages import isolated
from mujaz.training.data import Example
from mujaz.training.evaluation import Evaluation
from mujaz.training.label_sets import all_labels
from mujaz.training.metrics.bootstrap import confidence_interval

GROUPS = 5  # of lengths
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ReportInput:
    """A scored model, and what is known of its training.

    Attributes:
        model: As it was scored.
        evaluation: Its scores.
        examples: What it was scored on, in the order of the predictions.
        split: How these are called: ``test``, ``dev`` or a file's name.
        title: Of the page.
        config: The resolved config as YAML; empty where the model was only scored.
        log: The Trainer's log, entry by entry.
        splits: Name -> examples, for the data section.
        problems: Why the scores are not to be trusted, as where test texts stand in train too.
        kept: Which step's weights it has; empty where it was only scored, or there was nothing to choose by.
    """

    model: TextClassifier | Summarizer
    evaluation: Evaluation
    examples: Sequence[Example]
    split: str
    title: str
    config: str = ""
    log: Sequence[dict[str, Any]] = ()
    splits: Mapping[str, Sequence[Example]] = field(default_factory=dict)
    problems: Sequence[str] = ()
    kept: str = ""


def word_counts(texts: Sequence[str]) -> Floats:
    """Words of each text, cut at white space."""
    return np.array([len(text.split()) for text in texts], dtype=np.float64)


def length_groups(words: Floats, values: Floats, groups: int = GROUPS) -> list[dict[str, Any]]:
    """Mean value by length, in groups of about as many texts each.

    Args:
        words: Length of each text.
        values: Its value, 0-1.
        groups: How many, where the lengths allow for it.

    Returns:
        For each group ``name`` (its lengths), ``texts``, ``value``, ``bounds`` (95 % interval) and ``bar``.
    """
    edges = np.unique(np.quantile(words, np.linspace(0, 1, groups + 1)[1:-1], method="lower"))
    which = np.searchsorted(edges, words, side="left")
    rows = []
    for number in range(len(edges) + 1):
        inside = which == number
        if not inside.any():
            continue
        low, high = words[inside].min(), words[inside].max()
        lower, upper = (float(bound[0]) for bound in confidence_interval(values[inside][:, None]))
        mean = float(values[inside].mean())
        rows.append(
            {
                "name": f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}",
                "texts": int(inside.sum()),
                "value": mean,
                "bounds": (lower, upper),
                "bar": interval_bar(mean, lower, upper),
            }
        )
    return rows


def data_view(splits: Mapping[str, Sequence[Example]], labels: Sequence[str]) -> dict[str, Any] | None:
    """Rows, lengths and the balance of labels, split by split; None where nothing is known of the data."""
    parts = {name: examples for name, examples in splits.items() if examples}
    if not parts:
        return None
    counts = {name: Counter(x for e in examples for x in all_labels(e)) for name, examples in parts.items()}
    order = sorted(labels, key=lambda label: -next(iter(counts.values()))[label])
    lengths = []
    for name, examples in parts.items():
        words = word_counts([e.text for e in examples])
        lengths.append(
            {
                "split": name,
                "rows": len(examples),
                "median": float(np.median(words)),
                "most": float(np.quantile(words, 0.95)),
                "longest": float(words.max()),
            }
        )
    files = sorted({e.file for examples in parts.values() for e in examples})
    return {
        "note": f"Read from {', '.join(files[:6])}{' …' if len(files) > 6 else ''}.",
        "splits": list(parts),
        "labels": [
            {"name": label, "counts": [(counts[s][label], counts[s][label] / len(parts[s])) for s in parts]}
            for label in order
        ],
        "lengths": lengths,
    }


def label_findings(per_class: Sequence[Mapping[str, Any]]) -> list[str]:
    """Labels that were never found, the hardest and the easiest, in sentences."""
    seen = [row for row in per_class if row["support"]]
    lines = []
    never = [isolated(row["name"]) for row in seen if not row["recall"]]
    if never:
        lines.append(f"Never found: {', '.join(never)}.")
    found = [row for row in seen if row["recall"]]
    if len(found) > 1:
        weakest, best = (choose(found, key=lambda row: row["f1"]) for choose in (min, max))
        if weakest["f1"] < best["f1"]:
            also = "of the others " if never else ""
            lines.append(
                f"{isolated(weakest['name'])} is {also}the hardest label (F1 {100 * weakest['f1']:.1f}, "
                f"{weakest['support']:,.0f} texts), {isolated(best['name'])} the easiest ({100 * best['f1']:.1f}, "
                f"{best['support']:,.0f} texts)."
            )
    return lines


def direction(words: Iterable[str]) -> str:
    """``rtl`` where at least half of the words hold an Arabic letter, else ``ltr``."""
    arabic = [any("\u0600" <= letter <= "\u06ff" for letter in word) for word in words]
    return "rtl" if 2 * sum(arabic) >= len(arabic) else "ltr"
