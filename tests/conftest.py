"""Shared fixtures: real data where it is at hand, tiny models and tokenizers built on the spot. No test needs a network."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Before any test imports transformers: a test that reaches for the hub must fail at once, not wait for a time-out.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real labelled data: ``$MUJAZ_DATA``, or ``../shared/data`` beside the checkout."""
    folder = Path(os.environ.get("MUJAZ_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real data is not at hand: no folder {folder.name!r} (set MUJAZ_DATA)")
    return folder
