"""The trials of a search as optuna keeps them, gone on with after a kill as if there had been none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mujaz.configs.search_schema import SearchConfig
from mujaz.errors import OutputError
from mujaz.training.run_folder import remove

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import TPESampler
    from optuna.trial import FrozenTrial

JOURNAL = "search.journal"  # optuna's own record
ENDED = "ended"  # said of a trial that failed, and so went to its end; one that was killed fails too
REFUSED = "refused"  # of one whose settings or data ended the search
_SCORED = ("COMPLETE", "PRUNED")


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Keep optuna from saying what a search says."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def open_study(folder: Path, settings: SearchConfig) -> Study:
    """The trials in the folder of a search, of which no other process is at work there.

    Raises:
        OutputError: their record cannot be read or written.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    _mend(folder / JOURNAL)
    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(folder / JOURNAL))),
        study_name="search",
        direction="maximize",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5) if settings.prune else optuna.pruners.NopPruner(),
    )


def _mend(journal: Path) -> None:
    """Take away what a kill or a full disk leaves: a lock, which optuna waits for, and half a line, which it cannot read."""
    remove(journal.parent, (f"{JOURNAL}.lock*",))
    try:
        kept = journal.read_bytes()
        whole = kept.rfind(b"\n") + 1
        if whole < len(kept):
            os.truncate(journal, whole)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise OutputError(f"{journal} cannot be read or written: {error.strerror or error}") from error


def next_sampler(study: Study, settings: SearchConfig) -> TPESampler:
    """What draws for the next trial alone: one for all would not know, after a kill, how far its generator had got."""
    from optuna.samplers import TPESampler

    drawn = np.random.SeedSequence([settings.seed, sum(map(_is_behind, study.trials))])
    return TPESampler(seed=int(drawn.generate_state(1)[0]))


def take_up(study: Study, settings: SearchConfig) -> int:
    """Queue what a kill, Ctrl-C or a full disk left unfinished once more; how many trials went to their end."""
    from optuna.trial import TrialState

    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    trials = study.get_trials()
    for trial in trials:
        later = trials[trial.number + 1 :]
        again = any(trial.params in (one.params, one.system_attrs.get("fixed_params")) for one in later)
        drawn = trial.params.keys() == settings.space.keys()  # else the same will be drawn once more
        if drawn and not again and not _is_behind(trial):
            study.enqueue_trial(trial.params)
    return len(ended(study))


def ended(study: Study) -> list[FrozenTrial]:
    """The trials that went to their end, in order."""
    return [trial for trial in study.trials if trial.state.name in _SCORED or trial.user_attrs.get(ENDED)]


def _is_behind(trial: FrozenTrial) -> bool:
    """Whether nothing is left to do of it."""
    return trial.state.name in _SCORED or not {ENDED, REFUSED}.isdisjoint(trial.user_attrs)
