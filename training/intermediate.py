"""A step before the training proper: on other data of the same kind first, like entailment before stance.

Phang, Févry & Bowman 2018 ("Sentence Encoders on STILTs") found that such a step helps where labelled data is scarce.
"""

from __future__ import annotations

from pathlib import Path

from mujaz.configs.schema import TrainConfig
from mujaz.errors import UsageError
from mujaz.models.loading import same_names
from mujaz.training.averaging import check_start
from mujaz.training.data import load_splits
from mujaz.training.remembering import check_kind, known_outputs
from mujaz.training.resume import INTERMEDIATE, is_run
from mujaz.training.run_folder import remove
from mujaz.training.trained_texts import sources


def intermediate_steps(config: TrainConfig) -> tuple[TrainConfig, TrainConfig]:
    """The two trainings of a config with an ``intermediate`` section, each a config of its own.

    The second starts from the checkpoint of the first, with its tokenizer and recipe. Of the layer that gives the labels,
    the rows of those that the first did not have are new; see :func:`mujaz.models.loading.load_for_classification`.

    Args:
        config: What was asked for.

    Returns:
        The config of the first, which runs in ``output/intermediate``, and that of the second.

    Raises:
        UsageError: there is no such section.
    """
    step = config.intermediate
    if step is None:
        raise UsageError("this config has no section 'intermediate'.")
    folder = str(Path(config.output) / INTERMEDIATE)
    own = {"intermediate": None}
    first = config.model_copy(
        update={**own, "output": folder, "data": step.data, "training": step.training, "distill": None}
    )
    start = config.model.model_copy(update={"name": folder, "scratch": None, "recipe": "auto"})
    return first, config.model_copy(update={**own, "model": start})


def check_step(first: TrainConfig, second: TrainConfig) -> None:
    """Refuse a training that wants a start which knows its labels, where the step before teaches others, before that step.

    Args:
        first: The step before.
        second: What goes on from it.

    Raises:
        UsageError: it teaches none of them, or for ``training.keep_of_start`` not all; or answers of another kind.
    """
    settings, data = second.training, second.data
    if not (settings.without_forgetting or settings.keep_of_start):
        return
    data = data.model_copy(update={"fold": data.fold or 1}) if data.folds else data  # all have the same labels
    before, behind = load_splits(first.data, first.task), load_splits(data, second.task)
    had, wanted = before.labels, behind.labels
    new = [place for place in range(len(wanted)) if place not in same_names(had, wanted)]
    check_start(settings.keep_of_start, "the intermediate step", had, [wanted[place] for place in new])
    if settings.without_forgetting:
        known_outputs("the intermediate step", wanted, new)
        check_kind("the intermediate step", before.multi_label, behind.multi_label)


def drop_old_step(config: TrainConfig) -> None:
    """Remove the step before a run that was in this folder, unless the run which begins there now learns from it.

    Args:
        config: Of the run that begins, without the section ``intermediate``.

    Raises:
        OutputError: it cannot be removed.
    """
    folder = Path(config.output) / INTERMEDIATE
    needed = any(Path(name).expanduser().resolve().is_relative_to(folder.resolve()) for name in sources(config))
    if is_run(folder, TrainConfig) and not needed:
        remove(folder.parent, (INTERMEDIATE,))
