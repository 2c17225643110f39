"""Cut examples in parts as a config says: into folds, or a part off the training data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from mujaz.configs.data_schema import DataConfig
from mujaz.dates import read_date
from mujaz.errors import DataError
from mujaz.plain_names import plain_name
from mujaz.training.label_sets import strata
from mujaz.training.near_duplicates import PLACE, NearDuplicates
from mujaz.training.splits import (
    Parts,
    check_folds,
    cut_groups,
    cut_latest,
    cut_stratified,
    group_folds,
    joined_strata,
    stratified_folds,
)

if TYPE_CHECKING:
    from mujaz.training.data import Example


def fold_parts(examples: list[Example], config: DataConfig, warnings: list[str]) -> list[Parts]:
    """The folds that a config asks for: row numbers that stay, and row numbers that are left out, fold by fold.

    Args:
        examples: All of them.
        config: With ``folds``.
        warnings: Receives a line for people where near-duplicates may stand in two folds.

    Raises:
        DataError: there are too few rows or groups.
    """
    labels, folds = _strata(examples), config.folds or 0
    if config.split.by == "stratified" and examples[0].labels is not None:
        # A stratum is of the rarest label of its rows: a frequent one may seldom be that.
        check_folds(Counter(label for e in examples for label in e.labels or ()), folds)
        labels = [*joined_strata(strata(examples), folds)]
    elif config.split.by == "stratified" and config.outliers:  # a fold may have none of them, but of each label
        others = {*map(plain_name, config.outliers)}
        check_folds(Counter(label for label in labels if label not in others), folds)
        labels = [*joined_strata([label or "" for label in labels], folds)]
    if config.split.by == "stratified":
        return stratified_folds(labels, folds, config.split_seed)
    return group_folds(labels, _groups(examples, config, warnings), folds, config.split_seed)


def cut(examples: list[Example], config: DataConfig, fraction: float, warnings: list[str]) -> Parts:
    """Cut a part off the training data, as ``data.split`` says.

    Args:
        examples: The training data.
        config: Says how.
        fraction: Share of the part that is cut off.
        warnings: Receives a line for people where near-duplicates may stand on both sides.

    Raises:
        DataError: there are too few rows or groups, or a date cannot be read.
    """
    by, labels = config.split.by, _strata(examples)
    if by == "date":
        return cut_latest([_date(e, config.split.column) for e in examples], fraction)
    if by in ("stratified", "target"):  # dev is of the targets that are trained on: test alone is of others
        return cut_stratified(labels, fraction, config.split_seed)
    return cut_groups(labels, _groups(examples, config, warnings), fraction, config.split_seed)


def _date(example: Example, column: str | None) -> datetime:
    try:
        return read_date(example.key)
    except DataError as error:
        raise DataError(f"column '{column}': {error}", file=example.file, row=example.row) from None


def _strata(examples: list[Example]) -> Sequence[str | None]:
    several = bool(examples) and examples[0].labels is not None
    return strata(examples) if several else [e.label for e in examples]


def _groups(examples: list[Example], config: DataConfig, warnings: list[str]) -> list[str]:
    if config.split.by == "target":
        return [e.target or "" for e in examples]
    if config.split.by == "near_duplicates":
        near = NearDuplicates([e.body for e in examples])
        if near.crowded:
            warnings.append(
                f"data.split: {near.crowded:,} of {len(examples):,} texts are copies of templates, too different to be "
                f"near-duplicates of all the others, and compared with {PLACE} of them at a time: about one pair of "
                "near-duplicates in a hundred may stand on both sides"
            )
        return [str(cluster) for cluster in near.cluster]
    return [str(e.key) for e in examples]
