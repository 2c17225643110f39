"""Cross-validation: one training a fold, and the mean and deviation of their scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from mujaz.configs.schema import TrainConfig
from mujaz.errors import UsageError
from mujaz.training.callbacks import Report
from mujaz.training.compare import pooled
from mujaz.training.intermediate import drop_old_step
from mujaz.training.job import done_before
from mujaz.training.processes import first_alone, is_first, join
from mujaz.training.report.folds import write_folds_report
from mujaz.training.resume import (
    CONFIG_FILE,
    FOLDS_FILE,
    FOLDS_PAGE,
    REMOVED,
    alone,
    fold_folder,
    fold_runs,
    goes_on,
    is_run,
)
from mujaz.training.run_folder import refuse_others, remove
from mujaz.training.train import WRITES, train, train_intermediate
from mujaz.whole_files import write_whole


@dataclass(frozen=True)
class FoldScore:
    """One score over all folds.

    Attributes:
        mean: Of the folds, each counting alike.
        deviation: Standard deviation of the folds, with n - 1.
        values: Fold by fold.
    """

    mean: float
    deviation: float
    values: tuple[float, ...]


@dataclass(frozen=True)
class FoldsResult:
    """What a cross-validation left behind.

    Attributes:
        folder: One run a fold, ``folds.json`` and the page of both, ``folds.html``.
        rows: Test rows of each fold.
        targets: Where the split is by target: those that each fold left out.
        scores: By the name of the score.
        pooled: Of all rows together: by metric the score and its 95 % interval; see :func:`mujaz.training.compare.pooled`.
    """

    folder: Path
    rows: tuple[int, ...]
    scores: dict[str, FoldScore]
    targets: tuple[tuple[str, ...], ...] = ()
    pooled: dict[str, tuple[float, float, float]] = field(default_factory=dict)


def train_folds(
    config: TrainConfig, *, restart: bool = False, progress: bool = False, report: Report | None = None
) -> FoldsResult:
    """Train once a fold, each tested on the rows that it did not see.

    A fold that is done already is not trained again, so a cross-validation that was killed goes on where it stopped.

    Args:
        config: With ``data.folds``, without ``data.fold``.
        restart: Begin again with the first fold.
        progress: Show progress bars.
        report: Receives lines for people as the training goes.

    Raises:
        UsageError, TrainingError, OutputError: as :func:`mujaz.training.train.train`.
    """
    if not config.data.folds or config.data.fold:
        raise UsageError("cross-validation needs data.folds, and no data.fold.")
    join(config.training.device)
    say = report if report and is_first() else (lambda line: None)
    with alone(Path(config.output)):  # each fold has a folder of its own, which its training keeps for itself
        return _trained(config, config.data.folds, restart=restart, progress=progress, say=say)


def _trained(config: TrainConfig, folds: int, *, restart: bool, progress: bool, say: Report) -> FoldsResult:
    first_alone(lambda: _refuse_others(config, folds, restart=restart))
    if config.intermediate:  # once for all folds
        config = train_intermediate(config, restart=restart, progress=progress, report=say)
    runs = []
    for number in range(1, folds + 1):
        say(f"fold {number} of {folds}")
        one = fold_config(config, number)
        done = None if restart else first_alone(partial(done_before, one))
        if done:
            say("done before, and not trained again (--restart does)")
        else:
            done = train(one, restart=restart, progress=progress, report=say).metrics
            if restart:
                first_alone(partial(_drop_old, config, folds))
        runs.append(done)
    by_target = config.task == "stance" and config.data.split.by == "target"
    result = FoldsResult(
        folder=Path(config.output),
        rows=tuple(run["rows"] for run in runs),
        scores=_scores([run["metrics"] for run in runs]),
        targets=tuple(tuple(run["metrics"]["stance"]["targets"]) for run in runs) if by_target else (),
        pooled=first_alone(lambda: pooled(_parts(config, folds), config.task)),
    )
    first_alone(lambda: _save(result, config.task))
    return result


def _refuse_others(config: TrainConfig, folds: int, *, restart: bool) -> None:
    """Refuse what no fold left and would be written over or stand beside them, before the first is trained."""
    if not restart and is_run(Path(config.output), TrainConfig):
        raise UsageError(
            f"{config.output} holds a run. Give --restart to cross-validate there in its place, or another output."
        )
    if not any(folder.exists() for folder in _parts(config, folds)):
        refuse_others(Path(config.output), (FOLDS_FILE, FOLDS_PAGE))
    for number in range(1, folds + 1):
        goes_on(fold_config(config, number), restart=True, writes=WRITES)


def _drop_old(config: TrainConfig, folds: int) -> None:
    """Remove what was here before this cross-validation: a run; another one's scores, and folds that this one lacks."""
    folder = Path(config.output)
    remove(folder, (FOLDS_FILE, FOLDS_PAGE))
    drop_old_step(config)
    remove(folder, [one.name for one in {*fold_runs(folder)}.difference(_parts(config, folds))])
    if is_run(folder, TrainConfig):
        remove(folder, (*REMOVED, *WRITES, CONFIG_FILE))


def _parts(config: TrainConfig, folds: int) -> list[Path]:
    return [fold_folder(Path(config.output), number) for number in range(1, folds + 1)]


def fold_config(config: TrainConfig, number: int) -> TrainConfig:
    """The config of one fold, counted from 1: a run of its own in ``output/fold-N``."""
    return config.model_copy(
        update={
            "output": str(fold_folder(Path(config.output), number)),
            "data": config.data.model_copy(update={"fold": number}),
        }
    )


def _scores(metrics: list[dict[str, Any]]) -> dict[str, FoldScore]:
    names = [name for name, value in metrics[0].items() if isinstance(value, float)]
    found = {}
    for name in names:
        values = [run[name] for run in metrics if isinstance(run.get(name), float)]
        if len(values) == len(metrics):
            found[name] = FoldScore(float(np.mean(values)), float(np.std(values, ddof=1)), tuple(values))
    return found


def _save(result: FoldsResult, task: str) -> None:
    scores = {name: {"mean": s.mean, "deviation": s.deviation, "folds": s.values} for name, s in result.scores.items()}
    summary = {"rows": result.rows, "targets": result.targets, "scores": scores, "pooled": result.pooled}
    write_whole(result.folder / FOLDS_FILE, orjson.dumps(summary, option=orjson.OPT_INDENT_2) + b"\n")
    write_folds_report(result, task)
