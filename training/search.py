"""Search for better settings with optuna: one training a trial, scored on dev; goes on after a kill."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from mujaz.configs.loading import resolved_yaml, with_values
from mujaz.configs.schema import TrainConfig
from mujaz.configs.search_schema import RangeConfig, SearchConfig
from mujaz.errors import ConfigError, MissingExtraError, TrainingError, UsageError
from mujaz.models.checkpoint import locate
from mujaz.models.loading import load_config
from mujaz.training.arguments import BEST_BY, SELECTION_F1, SELECTION_MEAN
from mujaz.training.callbacks import Report
from mujaz.training.data import load_splits
from mujaz.training.intermediate import check_step, intermediate_steps
from mujaz.training.job import prepare
from mujaz.training.processes import count
from mujaz.training.provenance import data_info
from mujaz.training.resume import (
    CHECKPOINTS,
    INTERMEDIATE,
    METRICS_FILE,
    alone,
    begin_run,
    finished_metrics,
    goes_on,
    open_run,
    same_data,
)
from mujaz.training.run_folder import remove
from mujaz.training.running import kept_scores
from mujaz.training.study import (
    ENDED,
    JOURNAL,
    REFUSED,
    ended,
    next_sampler,
    open_study,
    quiet_optuna,
    take_up,
)
from mujaz.training.train import build_trainer, fit, train_intermediate
from mujaz.whole_files import write_whole

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

TRIALS = "trials"  # a folder each
BEST_FILE = "best.yaml"
_OF_A_START = ("training.keep_of_start", "training.without_forgetting")  # above 0 they want one that knows the labels
_WRITES = (JOURNAL, TRIALS, INTERMEDIATE, BEST_FILE)
_AS_LEFT = "scored_as_left"  # of a study: its trials are scored by the weights that they leave
_KEEP = "training.keep_of_start"
# By the metric that decides which weights of a training are kept -> what may be asked for.
_METRICS = {
    "macro_f1": ("macro_f1", "accuracy"),
    "rougeL": ("rougeL", "rouge1", "rouge2"),
    SELECTION_F1: (SELECTION_F1,),
    SELECTION_MEAN: (SELECTION_MEAN, SELECTION_F1),
}


def _kept_by(config: TrainConfig) -> str:
    """The metric that decides which weights of a training are kept, before its model is there."""
    name = config.model.name
    writes = config.model.decoder_layers is not None  # an encoder that gets a decoder
    if config.task == "summary" and name and not writes and not load_config(locate(name)).is_encoder_decoder:
        return SELECTION_MEAN if config.training.whole_texts or config.training.judged else SELECTION_F1
    return BEST_BY[config.task]


@dataclass(frozen=True)
class TrialResult:
    """One trial.

    Attributes:
        number: Counted from 1.
        values: What was tried, by dotted key.
        score: On dev, at the checkpoint that is best; None where the training failed or was stopped early.
        state: ``complete``, ``pruned`` or ``failed``.
    """

    number: int
    values: dict[str, Any]
    score: float | None
    state: str


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        folder: Of the search.
        metric: What was maximized.
        trials: Best first.
        best: A config ready for ``mujaz train``.
    """

    folder: Path
    metric: str
    trials: tuple[TrialResult, ...]
    best: Path


def search(config: TrainConfig, *, restart: bool = False, report: Report | None = None) -> SearchResult:
    """Train with other settings again and again, and keep the best. Called again it goes on, also in a killed training.

    Args:
        config: With a section ``search`` and dev data; the test data is never looked at.
        restart: Forget what was tried in the output folder.
        report: Receives lines for people.

    Raises:
        MissingExtraError: optuna is not installed.
        ConfigError: a setting of the space is not known, or a value not allowed.
        UsageError: there is nothing to search, no dev data, or what is given is wrong; or the output holds another search,
            one of an earlier version that scored otherwise, or one that is at work.
        CheckpointError: a model to start from cannot be had.
        TrainingError: every trial failed.
    """
    if importlib.util.find_spec("optuna") is None:
        raise MissingExtraError("mujaz search", "optuna", "optuna")
    say = report or (lambda line: None)
    settings = _checked(config)
    with alone(Path(config.output)), quiet_optuna():
        folder = _open(config, settings, restart)
        study = open_study(folder, settings)
        _check_scores(study, config, settings)
        base = config.model_copy(update={"search": None})
        if base.intermediate:  # once for all trials
            base = train_intermediate(base, restart=False, progress=False, report=say)
        objective, done = _Objective(base, settings, say), take_up(study, settings)
        for _ in range(settings.trials - done):
            study.sampler = next_sampler(study, settings)
            study.optimize(objective, n_trials=1, catch=(ConfigError, TrainingError))
        return _leave(study, base, settings, folder)


def _checked(config: TrainConfig) -> SearchConfig:
    """The section, after every end of every range, and a value in it, was looked at, so that no trial stops at one."""
    settings = config.search
    if settings is None:
        raise UsageError("nothing to search: the config has no section 'search'. See configs/search-topic.yaml.")
    if config.data.folds or config.distill or count() > 1:
        raise UsageError("a search is of plain trainings in one process: leave data.folds and distill out.")
    known = _METRICS[_kept_by(config)]
    if settings.metric not in (None, *known):
        raise UsageError(f"search.metric: expected one of {', '.join(known)}, found '{settings.metric}'.")
    plain = config.model_copy(update={"search": None})
    for key, values in settings.space.items():
        for value in values if isinstance(values, list) else values.probes:
            with_values(plain, {key: value}, f"search.space, {key} = {value},")
    return settings


def _open(config: TrainConfig, settings: SearchConfig, restart: bool) -> Path:
    """The folder of the search; more trials of the same search are no other search, trials on other data are."""
    splits = load_splits(config.data, config.task)
    if not splits.dev:
        raise UsageError("a search needs dev data: give data.dev, or leave data.dev_fraction above 0.")
    learnt = data_info(splits.rows(), "").fingerprint
    folder = Path(config.output)
    if goes_on(config, restart=restart, writes=_WRITES):
        open_run(config, restart=False)
    else:
        _look_at_models(config, settings)
        if restart:
            remove(folder, (TRIALS, INTERMEDIATE, JOURNAL, BEST_FILE))
        begin_run(config)
    same_data(folder, learnt, folder / JOURNAL)
    return folder


def _look_at_models(config: TrainConfig, settings: SearchConfig) -> None:
    """Make trainings ready as trials do, one with each model that is tried, before an earlier search goes."""
    plain, names = config.model_copy(update={"search": None}), settings.space.get("model.name")
    tried = {key: values if isinstance(values, list) else values.probes for key, values in settings.space.items()}
    asked = {key: max(tried[key], key=float) for key in _OF_A_START if key in tried}
    for name in names if isinstance(names, list) else [config.model.name]:
        one = with_values(plain, {"model.name": name, **asked}, "the trial")
        if one.intermediate:
            one, second = intermediate_steps(one)
            check_step(one, second)
        build_trainer(prepare(one), progress=False, report=lambda line: None)


def _check_scores(study: Study, config: TrainConfig, settings: SearchConfig) -> None:
    """Refuse trials of an earlier version, which scored weights before their mean with the start's was taken."""
    keeps = config.training.keep_of_start or _KEEP in settings.space
    if keeps and study.trials and not study.user_attrs.get(_AS_LEFT):
        raise UsageError(
            f"{config.output} holds a search by an earlier version, which scored trials with {_KEEP} otherwise: "
            "the scores cannot be compared. Give --restart to begin again there, or another output (--set output=…)."
        )
    study.set_user_attr(_AS_LEFT, True)


class _Objective:
    """A trial: settings drawn, trained with, scored."""

    def __init__(self, base: TrainConfig, settings: SearchConfig, say: Report) -> None:
        self.base, self.settings, self.say = base, settings, say

    def __call__(self, trial: Trial) -> float:
        import optuna

        values = {key: _draw(trial, key, among) for key, among in self.settings.space.items()}
        shown = ", ".join(f"{key} {_short(value)}" for key, value in values.items())
        self.say(f"trial {len(ended(trial.study)) + 1} of {self.settings.trials}: {shown}")
        try:
            score = self._score(trial, values)
        except (ConfigError, TrainingError) as error:  # values may go together badly that each alone are allowed
            trial.set_user_attr(ENDED, True)
            self.say(f"failed: {error}")
            raise
        except UsageError:  # once more would end the search once more
            trial.set_user_attr(REFUSED, True)
            raise
        if score is None:
            self.say("stopped: half of the trials before it did better at this point")
            raise optuna.TrialPruned
        return score

    def _score(self, trial: Trial, values: dict[str, Any]) -> float | None:
        """What the training reached on dev; None where it was stopped early."""
        name = sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).hexdigest()[:10]
        folder = Path(self.base.output) / TRIALS / name  # the same settings find their folder again after a kill
        config = with_values(self.base, {**values, "output": str(folder)}, "the trial")
        done = finished_metrics(config, moved=True)  # that the data is the same was seen when the search was opened
        if done is not None:
            for point, value in done.get("points", {}).items():
                trial.report(value, int(point))
            return None if done["score"] is None else float(done["score"])
        watch = _Watch(trial, self._metric, config.training.evaluations)
        say = self.say if not ended(trial.study) else self._steps  # the data is the same in all
        _, trainer = fit(config, open_run(config, restart=False), progress=False, report=say, callbacks=[watch])
        watch.catch_up(trainer.state)  # of a training that ended before a kill
        score = None if watch.pruned else self._best(kept_scores(trainer, config, say))
        found = {"score": score, "values": values, "metric": self._metric, "points": watch.points}
        write_whole(folder / METRICS_FILE, orjson.dumps(found, option=orjson.OPT_NON_STR_KEYS))
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
        return score

    def _steps(self, line: str) -> None:
        if line.startswith(("step ", "resuming ")):
            self.say(line)

    @property
    def _metric(self) -> str:
        return self.settings.metric or _kept_by(self.base)

    def _best(self, scores: dict[str, float]) -> float:
        """The score of the weights that are kept, which are the best by the Trainer's own metric."""
        if not scores:
            raise TrainingError("the weights that were kept have no score on dev.")
        return scores[f"eval_{self._metric}"]


def _draw(trial: Trial, key: str, among: RangeConfig | list[Any]) -> Any:
    if isinstance(among, list):  # by its place, since optuna keeps numbers and texts only
        return among[trial.suggest_categorical(key, list(range(len(among))))]
    if among.whole:
        step = int(among.step or 1)
        return trial.suggest_int(key, int(among.low), int(among.high), step=step, log=among.log)
    return trial.suggest_float(key, among.low, among.high, step=among.step, log=among.log)


class _Watch(TrainerCallback):
    """Tells optuna of every evaluation, and ends a training that optuna gives up."""

    def __init__(self, trial: Trial, metric: str, evaluations: int) -> None:
        self.trial, self.metric, self.evaluations, self.pruned = trial, f"eval_{metric}", evaluations, False
        self.points: dict[int, float] = {}  # what it was told

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, *rest: Any, **more: Any) -> None:
        """What was evaluated before a kill decides with the rest."""
        self.catch_up(state)

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        """How far the training is, in evaluations: steps differ where batches do."""
        self._tell(state, state.global_step, kwargs["metrics"])
        if self.pruned:
            control.should_training_stop = True
        return control

    def catch_up(self, state: TrainerState) -> None:
        """Tell of what was evaluated and not told yet."""
        for entry in state.log_history:
            if self.metric in entry:
                self._tell(state, int(entry["step"]), entry)

    def _tell(self, state: TrainerState, step: int, metrics: dict[str, Any]) -> None:
        point = round(self.evaluations * step / max(state.max_steps, 1))
        if point in self.points:
            return
        self.points[point] = float(metrics[self.metric])
        self.trial.report(self.points[point], point)
        if point < self.evaluations and self.trial.should_prune():
            self.pruned = True


def _leave(study: Study, base: TrainConfig, settings: SearchConfig, folder: Path) -> SearchResult:
    """The table, best first, and the best config."""
    trials = sorted((_result(number, t, settings) for number, t in enumerate(ended(study), 1)), key=_rank)
    if not trials or trials[0].score is None:
        raise TrainingError("no trial went to its end: see the lines above for why, and narrow search.space.")
    best = folder / BEST_FILE
    config = with_values(base, {**trials[0].values, "output": str(folder / "best")}, "the best trial")
    head = f"# The best of {len(trials)} trials. Call: mujaz train {best}\n"
    write_whole(best, (head + resolved_yaml(config)).encode())
    return SearchResult(folder, settings.metric or _kept_by(base), tuple(trials), best)


def _result(number: int, trial: FrozenTrial, settings: SearchConfig) -> TrialResult:
    space = settings.space
    values = {}
    for key, value in trial.params.items():
        among = space[key]
        values[key] = among[value] if isinstance(among, list) else value
    state = {"COMPLETE": "complete", "PRUNED": "pruned"}.get(trial.state.name, "failed")
    return TrialResult(number, values, trial.value if state == "complete" else None, state)


def _rank(trial: TrialResult) -> tuple[bool, float, int]:
    return trial.score is None, -(trial.score or 0.0), trial.number


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
