"""Texts as people give them from Python."""

from __future__ import annotations

import pandas as pd
import pytest

from mujaz import Summarizer, TextClassifier
from mujaz.errors import UsageError
from mujaz.models.texts import as_texts


def test_lists_columns_and_generators_are_lists() -> None:
    texts = ["أ", "ب"]
    for given in (texts, tuple(texts), pd.Series(texts), iter(texts), {"أ": 1, "ب": 2}.keys()):
        assert as_texts(given, "predict") == texts


@pytest.mark.parametrize("given", ["نص", b"x"])
def test_one_text_is_no_list(given: str) -> None:
    with pytest.raises(UsageError, match=r"Write predict\(\[text\]\)"):
        as_texts(given, "predict")


@pytest.mark.parametrize("wrong", [None, 1.5, float("nan"), b"x", ["نص"]])
def test_what_is_no_text_is_named(wrong: object) -> None:
    found = f"found {type(wrong).__name__} at position 1"
    with pytest.raises(UsageError, match=f"predict expects texts, {found}"):
        TextClassifier.from_pretrained("topic", device="cpu").predict(["نص", wrong])  # type: ignore[list-item]
    with pytest.raises(UsageError, match=f"summarize expects articles, {found}"):
        Summarizer.from_pretrained(device="cpu").summarize(["نص", wrong])  # type: ignore[list-item]
