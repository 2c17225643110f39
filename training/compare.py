"""Runs side by side on the same texts: is the one better than the other, or luckier?

Paired bootstrap resampling (Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation"): the same texts
are drawn again for all runs at once, and what counts is how often the difference turns round.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from mujaz.errors import DataError, UsageError
from mujaz.training.arguments import BEST_BY
from mujaz.training.evaluation import PREDICTIONS_FILE
from mujaz.training.label_sets import label_matrix
from mujaz.training.metrics.bootstrap import LEVEL, RESAMPLES, Floats, counted
from mujaz.training.metrics.resampling import Scorer, label_scorer, label_set_scorer, resampled
from mujaz.training.metrics.scoring import TYPES, pair_scores
from mujaz.training.metrics.tokenization import tokenizer
from mujaz.training.resume import FOLDS_FILE, METRICS_FILE, fold_folder

# How people call them.
METRIC_NAMES = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "micro_f1": "micro-F1",
    "weighted_f1": "weighted F1",
    "mcc": "Matthews correlation",
    "target_macro_f1": "macro-F1, mean of targets",
    "favor_against_f1": "F1 of favor and against",
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "rougeLsum": "ROUGE-Lsum",
}
_FIELDS = ("text_id", "reference", "prediction")
Row = dict[str, Any]


@dataclass(frozen=True)
class ComparedRun:
    """A run, or several of one setting, beside the first.

    Attributes:
        name: Its folder; of several runs what their folders' names begin with.
        scores: By metric: 0-1 for labels, 0-100 for ROUGE; of several runs the mean.
        difference: Of the metric that is compared, to the first; 0 for that one.
        bounds: 95 % interval of the difference.
        p: Two-sided: how likely so large a difference is if there is none; None for the first.
        holm: The same, corrected for how many runs are compared with the first (:func:`corrected`): what is shown.
        deviations: Of several runs the standard deviation (n - 1) by metric; else empty.
    """

    name: str
    scores: dict[str, float]
    difference: float
    bounds: tuple[float, float]
    p: float | None
    deviations: dict[str, float] = field(default_factory=dict)
    holm: float | None = None

    def shown(self, name: str, unit: float) -> str:
        """A score as people print it, with its deviation."""
        spread = f" ± {unit * self.deviations[name]:.2f}" if self.deviations else ""
        return f"{unit * self.scores[name]:.2f}{spread}"


@dataclass(frozen=True)
class Comparison:
    """Runs on the same texts; the first is what the others are compared with."""

    task: str
    metric: str
    rows: int
    resamples: int
    runs: list[ComparedRun]


def compare(
    folders: Sequence[Path | Sequence[Path]],
    *,
    metric: str | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Compare runs by the predictions that train or evaluate saved.

    Each has the scores of its own evaluation: a label that only one run gives, and no text has, counts 0 in its macro-F1.

    Args:
        folders: Two or more, of a run, an evaluation or a cross-validation, whose folds count as one; the others are
            compared with the first. Several in the place of one are runs of one setting with other seeds: their mean
            counts, and with the texts they are drawn again, too.
        metric: What difference is told; None takes macro-F1 of labels, ROUGE-L of summaries.
        resamples: How often the texts are drawn again.
        seed: The same seed gives the same numbers.

    Raises:
        UsageError: there are fewer than two, one is not there, they are of different tasks, were not scored on the same
            texts, or have no such metric.
        DataError: a folder holds no predictions, or they cannot be read.
    """
    settings = [[given] if isinstance(given, Path) else [*given] for given in folders]
    if len(settings) < 2:
        raise UsageError(f"expected two or more runs to compare, or settings of several runs, found {len(settings)}.")
    for setting in settings:
        if len({*setting}) < max(len(setting), 1):
            raise UsageError(f"expected different runs of a setting, found {','.join(map(str, setting)) or 'none'}.")
    flat = [folder for setting in settings for folder in setting]
    task = _one_task(flat)
    runs = _aligned(flat)
    names, scorers = _summary_scorers(runs) if task == "summary" else _label_scorers(runs)
    rows, metric = len(runs[0]), metric or BEST_BY[task]
    if metric not in names:
        raise UsageError(f"expected a metric of these runs, one of {', '.join(names)}, found '{metric}'.")
    primary, scoring = names.index(metric), iter(scorers)
    drawing = np.random.default_rng([seed, 1])  # of runs; the same rows are drawn for all
    found: list[ComparedRun] = []
    first = np.zeros(1 + resamples)
    for setting in settings:
        of_it = [next(scoring) for _ in setting]
        whole = np.stack([_of_all(scorer, rows) for scorer in of_it])  # (runs of it, metrics)
        samples = np.stack([resampled(scorer, rows, resamples, seed)[:, primary] for scorer in of_it], axis=1)
        drawn = drawing.integers(len(setting), size=samples.shape) if len(setting) > 1 else np.zeros_like(samples, int)
        means = np.append(whole[:, primary].mean(), np.take_along_axis(samples, drawn, axis=1).mean(axis=1))
        first = first if found else means
        found.append(_beside(_name(setting), names, whole, means - first, bool(found)))
    return Comparison(task, metric, rows, resamples, _corrected(found))


def _beside(name: str, names: Sequence[str], whole: Floats, differences: Floats, other: bool) -> ComparedRun:
    """What is told of a setting: its scores (runs, metrics), and differences to the first: of all rows, of each resample."""
    low, high = np.quantile(differences[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    scores = dict(zip(names, whole.mean(axis=0).tolist(), strict=True))
    spread = whole.std(axis=0, ddof=1).tolist() if len(whole) > 1 else []
    deviations = dict(zip(names, spread, strict=False))
    p = two_sided(differences[1:]) if other else None
    return ComparedRun(name, scores, float(differences[0]), (float(low), float(high)), p, deviations)


def _name(setting: Sequence[Path]) -> str:
    """Of several runs what their names begin with, in whole words, beyond the folder that they lie in."""
    names = [str(folder) for folder in setting]
    if len(names) == 1:
        return names[0]
    same = "".join(letters[0] for letters in takewhile(lambda each: len({*each}) == 1, zip(*names, strict=False)))
    begin = re.sub(r"[^-_./]*$", "", same).rstrip("-_.")
    return f"{','.join(names) if begin.endswith('/') or not begin else begin} ({len(names)} runs)"


def _one_task(folders: Sequence[Path]) -> str:
    tasks = {folder: _task(folder) for folder in folders}
    task = tasks[folders[0]]
    for folder, other in tasks.items():
        if other != task:
            raise UsageError(f"expected runs of one task: {folders[0]} is of '{task}', {folder} of '{other}'.")
    return task


def pooled(
    parts: Sequence[Path], task: str, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, tuple[float, float, float]]:
    """Scores of all folds of a cross-validation together, each row scored by the model that did not see it.

    Args:
        parts: The folders of the folds.
        task: Of the models.
        resamples: How often the rows are drawn again.
        seed: The same seed gives the same numbers.

    Returns:
        By metric: the score, and its 95 % interval.

    Raises:
        DataError: a folder holds no predictions, or they cannot be read.
    """
    rows = [row for part in parts for row in read_predictions(part)]
    names, (scorer,) = _summary_scorers([rows]) if task == "summary" else _label_scorers([rows])
    whole, samples = _of_all(scorer, len(rows)), resampled(scorer, len(rows), resamples, seed)
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return dict(zip(names, zip(whole.tolist(), low.tolist(), high.tolist(), strict=True), strict=True))


def _of_all(scorer: Scorer, rows: int) -> Floats:
    """The scores of the rows as they are, each drawn once."""
    return scorer(np.arange(rows)[None])[0]


def two_sided(differences: Floats) -> float:
    """Twice the share of resamples in which the difference is not on its own side, at least 2/(resamples + 1)."""
    smaller = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    return min(2 * (smaller + 1) / (len(differences) + 1), 1.0)


def corrected(chances: Sequence[float]) -> list[float]:
    """P-values of a family of comparisons, corrected so that one of them is wrongly below 0.05 in 5 % of cases at most.

    Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure": the smallest times their number, the next times
    one fewer and no smaller than the one before, and so on.
    """
    order = np.argsort(chances, kind="stable")
    scaled = np.asarray(chances, dtype=np.float64)[order] * np.arange(len(order), 0, -1)
    found = np.empty(len(order))
    found[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(value) for value in found]


def _corrected(runs: list[ComparedRun]) -> list[ComparedRun]:
    chances = iter(corrected([run.p for run in runs if run.p is not None]))
    return [run if run.p is None else replace(run, holm=next(chances)) for run in runs]


def _parts(folder: Path) -> list[Path]:
    """The folds of a cross-validation, whose rows together are all of its data; else the folder itself."""
    try:
        folds = len(orjson.loads((folder / FOLDS_FILE).read_bytes())["rows"])
    except FileNotFoundError:
        return [folder]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"its {FOLDS_FILE} cannot be read ({error})", file=str(folder)) from error
    return [fold_folder(folder, number) for number in range(1, folds + 1)]


def _task(folder: Path) -> str:
    if not folder.is_dir():
        raise UsageError(f"no folder {folder}: expected that of a run or of 'mujaz evaluate --out'.")
    folder = _parts(folder)[0]
    try:
        task = str(orjson.loads((folder / METRICS_FILE).read_bytes())["task"])
        if task not in BEST_BY:
            raise ValueError(f"task '{task}'")
        return task
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"expected the folder of a run or of 'mujaz evaluate --out', but its {METRICS_FILE} cannot be read ({error})",
            file=str(folder),
        ) from error


def read_predictions(folder: Path) -> list[Row]:
    """What a model said of each text that it was scored on.

    Args:
        folder: Of a run or an evaluation.

    Raises:
        DataError: it holds no predictions, or they cannot be read.
    """
    try:
        rows = [orjson.loads(line) for line in (folder / PREDICTIONS_FILE).read_bytes().splitlines()]
        if not rows or not all(isinstance(row[name], str | list) for row in rows for name in _FIELDS):
            raise ValueError("expected lines with " + ", ".join(_FIELDS))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"its {PREDICTIONS_FILE} cannot be read ({error}). Score the model again: mujaz evaluate RUN DATA --out FOLDER",
            file=str(folder),
        ) from error
    return rows


def _aligned(folders: Sequence[Path]) -> list[list[Row]]:
    """The rows of each run in the order of the first; the same text may stand in a set more than once."""
    found = [[row for part in _parts(folder) for row in read_predictions(part)] for folder in folders]
    runs = [{_key(row, seen): row for row in rows} for rows in found for seen in [Counter[tuple[str, str]]()]]
    first = runs[0]
    for folder, run in zip(folders, runs, strict=True):
        if run.keys() != first.keys():
            raise UsageError(
                f"expected runs that were scored on the same texts: {folders[0]} has {len(first):,}, {folder} {len(run):,}, "
                f"and {len(run.keys() & first.keys()):,} are the same. "
                "Score both on one file: mujaz evaluate RUN DATA --out FOLDER, then compare these folders."
            )
    return [[run[key] for key in first] for run in runs]


def _key(row: Row, seen: Counter[tuple[str, str]]) -> tuple[str, str, int]:
    text = (row["text_id"], str(row["reference"]))
    seen[text] += 1
    return (*text, seen[text])


def _label_set_scorers(runs: list[list[Row]]) -> tuple[list[str], list[Scorer]]:
    def scorer(run: list[Row]) -> Scorer:
        # A model's probabilities name all of its labels, and its evaluation counts them all.
        fields = ("reference", "prediction", "probabilities")
        labels = sorted({name for row in run for field in fields for name in row.get(field) or ()})
        references, found = (label_matrix([row[f] for row in run], labels) for f in ("reference", "prediction"))
        scores = label_set_scorer(references, found)
        return lambda drawn: scores(drawn)[:, :3]

    return ["accuracy", "macro_f1", "micro_f1"], [scorer(run) for run in runs]


def _label_scorers(runs: list[list[Row]]) -> tuple[list[str], list[Scorer]]:
    if isinstance(runs[0][0]["reference"], list):
        return _label_set_scorers(runs)
    labels = sorted({row[field] for run in runs for row in run for field in ("reference", "prediction")})
    index = {label: i for i, label in enumerate(labels)}

    def scorer(run: list[Row]) -> Scorer:
        references, predictions = (np.array([index[row[f]] for row in run]) for f in ("reference", "prediction"))
        scores = label_scorer(references, predictions, len(labels))
        return lambda drawn: scores(drawn)[:, :2]

    return ["accuracy", "macro_f1"], [scorer(run) for run in runs]


def _summary_scorers(runs: list[list[Row]]) -> tuple[list[str], list[Scorer]]:
    def scorer(run: list[Row]) -> Scorer:
        scores = pair_scores([r["prediction"] for r in run], [r["reference"] for r in run], tokenizer("arabic"))
        return lambda drawn: np.asarray(counted(drawn, len(scores)) @ scores / len(scores))

    return list(TYPES), [scorer(run) for run in runs]


def comparison_page(found: Comparison) -> str:
    """The comparison as one self-contained HTML page."""
    from mujaz.charts import interval_bar
    from mujaz.pages import render
    from mujaz.training.report.report import TEMPLATES

    unit = 1 if found.task == "summary" else 100
    metric = METRIC_NAMES[found.metric]
    best = max(found.runs, key=lambda run: run.scores[found.metric])
    rows = [
        {
            "name": run.name,
            "scores": [run.shown(name, unit) for name in run.scores],
            "bar": interval_bar(run.scores[found.metric] * unit / 100),
            "difference": "" if run.p is None else f"{unit * run.difference:+.2f}",
            "range": "" if run.p is None else f"{unit * run.bounds[0]:+.2f} to {unit * run.bounds[1]:+.2f}",
            "p": "" if run.holm is None else f"{run.holm:.3f}",
            "verdict": verdict(run),
        }
        for run in found.runs
    ]
    tiles = [
        {"name": f"best {metric}", "value": f"{unit * best.scores[found.metric]:.2f}", "note": best.name},
        {"name": "runs", "value": str(len(rows)), "note": ""},
        {"name": "texts, the same for all", "value": f"{found.rows:,}", "note": ""},
    ]
    return render(
        TEMPLATES,
        "compare.html.j2",
        title="Runs compared",
        subtitle=f"{found.task}; each beside {found.runs[0].name}",
        tiles=tiles,
        metrics=[METRIC_NAMES.get(name, name) for name in found.runs[0].scores],
        metric=metric,
        scale="0 to 100" if found.task == "summary" else "in percent",
        rows=rows,
        resamples=found.resamples,
        several=any(run.deviations for run in found.runs),
        footer="Made by mujaz.",
    )


def verdict(run: ComparedRun) -> str:
    """In a word: better, worse or undecided at p < 0.05, corrected; of the first run, that it is the first."""
    if run.holm is None:
        return "what the others are compared with"
    if run.holm >= 1 - LEVEL:
        return "undecided"
    return "better" if run.difference > 0 else "worse"
