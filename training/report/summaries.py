"""The sections of a report on a summarizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mujaz.charts import histogram, interval_bar
from mujaz.models.summary_checks import SummaryChecks, check_summary
from mujaz.training.metrics.scoring import TYPES, pair_scores, signature
from mujaz.training.metrics.tokenization import tokenizer
from mujaz.training.report.inputs import ReportInput, direction, length_groups, word_counts

SHOWN = 4  # summaries of each kind
LONGEST_TEXT = 4000  # characters of an article on the page

_QUALITY = {
    "words": ("words a summary", "{:.1f}"),
    "length_ratio": ("length beside the text's", "%"),
    "coverage": ("words copied from the text", "%"),
    "longest_copy": ("words of the longest copied stretch", "{:.1f}"),
    "novel_1": ("words that the text does not have", "%"),
    "novel_2": ("pairs of words that the text does not have", "%"),
    "repeated": ("runs of three words that repeat an earlier one", "%"),
}
_FAULTS = {
    "empty_share": "empty",
    "loop_share": "a phrase three times in a row",
    "new_numbers_share": "a number that is not in the text",
    "new_latin_share": "a Latin word that is not in the text",
    "new_words_share": "an Arabic word that is not in the text in any form",
    "sentinels_share": "special tokens left in",
}


def summary_sections(given: ReportInput) -> dict[str, Any]:
    """What ``summaries.html.j2`` shows."""
    metrics, rows = given.evaluation.metrics, given.evaluation.predictions
    scores = pair_scores([r["prediction"] for r in rows], [r["reference"] for r in rows], tokenizer("arabic"))
    rouge_l = scores[:, TYPES.index("rougeL")]
    lengths = length_groups(word_counts([e.text for e in given.examples]), rouge_l / 100)
    checks = [check_summary(r["prediction"], e.text) for r, e in zip(rows, given.examples, strict=True)]
    quality = metrics["quality"]
    return {
        "signature": signature(),
        "rouge": [
            {
                "name": name.replace("rouge", "ROUGE-"),
                "value": metrics[name],
                "bounds": metrics["intervals"][name],
                "bar": interval_bar(metrics[name] / 100, *(bound / 100 for bound in metrics["intervals"][name])),
            }
            for name in TYPES
        ],
        "spread": histogram("ROUGE-L of single summaries", rouge_l.tolist(), high=100, x_label="ROUGE-L"),
        "quality": [{"name": name, "value": _shown(quality[key], form)} for key, (name, form) in _QUALITY.items()],
        "faults": [{"name": name, "value": quality[key]} for key, name in _FAULTS.items()],
        "lengths": lengths,
        "examples": _examples(given, rouge_l.tolist(), checks),
        "findings": _findings(metrics, rouge_l.tolist()),
    }


def _shown(value: float, form: str) -> str:
    return f"{100 * value:.1f} %" if form == "%" else form.format(value)


def _examples(given: ReportInput, scores: list[float], checks: Sequence[SummaryChecks]) -> list[dict[str, Any]]:
    """Summaries beside their references: from the middle, with faults, the worst and the best."""
    order = sorted(range(len(scores)), key=lambda i: (scores[i], i))
    middle = max(len(order) // 2 - SHOWN // 2, 0)
    faulty = [i for i in order if checks[i].problems]
    kinds = {
        "Summaries from the middle": order[middle : middle + SHOWN],
        "Summaries with a fault": faulty[:: max(len(faulty) // SHOWN, 1)][:SHOWN],
        "The lowest scores": order[:SHOWN],
        "The highest scores": order[::-1][:SHOWN],
    }
    taken: set[int] = set()
    groups = []
    for title, members in kinds.items():
        fresh = [i for i in members if i not in taken]
        taken.update(fresh)
        if fresh:
            groups.append({"title": title, "rows": [_example(given, i, scores[i], checks[i]) for i in fresh]})
    return groups


def _example(given: ReportInput, number: int, score: float, found: SummaryChecks) -> dict[str, Any]:
    row, text = given.evaluation.predictions[number], given.examples[number].text
    names = {
        "a phrase repeats": found.loop,
        "numbers not in the text": "، ".join(found.new_numbers),
        "Latin words not in the text": "، ".join(found.new_latin),
        "words not in the text": "، ".join(found.new_words),
        "special tokens": " ".join(found.sentinels),
    }
    findings = [{"name": name, "words": words} for name, words in names.items() if words]
    if not found.words:
        findings.insert(0, {"name": "empty", "words": ""})
    cut = text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + " …"
    way = direction(f"{row['prediction']} {row['reference']}".split())
    return {**row, "score": score, "text": cut, "findings": findings, "direction": way}


def _findings(metrics: dict[str, Any], scores: list[float]) -> list[str]:
    quality = metrics["quality"]
    lines = [
        f"{100 * quality[key]:.1f} % of the summaries: {name}."
        for key, name in _FAULTS.items()
        if quality[key] >= 0.01 and key != "new_words_share"
    ]
    nothing = float(np.mean(np.array(scores) == 0))
    if nothing >= 0.05:
        lines.append(f"{100 * nothing:.1f} % of the summaries share no word with their reference.")
    if quality["coverage"] >= 0.95:
        lines.append(f"{100 * quality['coverage']:.1f} % of all words are copied from the text: the model extracts.")
    return lines
