"""A run among the embedded models answers as it did, and takes nothing with it that holds texts of its data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mujaz.errors import CheckpointError
from mujaz.models.classifier import TextClassifier
from mujaz.training.shipping import ship
from tests.conftest import SPORT


def test_what_is_shipped(trained: Callable[[str], Path], tmp_path: Path) -> None:
    folder = ship(trained("topic"), "small", tmp_path)
    assert folder == tmp_path / "small"
    assert {file.name for file in folder.iterdir()} == {
        "config.json",
        "config.yaml",
        "model.safetensors",
        "mujaz.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    one, two = (TextClassifier.from_pretrained(name, precision="float32") for name in (trained("topic"), folder))
    np.testing.assert_array_equal(one.logits(SPORT), two.logits(SPORT))
    assert two.info.base_model == "mujaz small, trained from nothing"


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no finished run"):
        ship(tmp_path, "small", tmp_path)
