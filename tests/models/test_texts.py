"""Texts as people give them from Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mujaz import Summarizer, TextClassifier
from mujaz.errors import UsageError
from mujaz.models.texts import as_targets, as_texts


def test_lists_columns_and_generators_are_lists() -> None:
    texts = ["أ", "ب"]
    columns = (pd.Series(texts), np.array(texts), pa.array(texts), pa.chunked_array([texts]))
    for given in (texts, tuple(texts), {"أ": 1, "ب": 2}.keys(), *columns):
        assert as_texts(given, "predict") == as_targets(given, 2, "predict") == texts
    assert as_texts(iter(texts), "predict") == as_targets(iter(texts), 2, "predict") == texts


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ("نص", r"one string. Write predict\(\[text\]\)"),
        (b"x", "bytes: decode them"),
        ({"text": ["نص"]}, "a dict: give one column"),
        (pd.DataFrame({"text": ["نص"]}), "a DataFrame: give one column"),
        ({"نص"}, "a set, which has no order"),
        (np.array("نص"), r"one value \(ndarray\)"),
        (5, r"one value \(int\)"),
    ],
)
def test_what_is_no_list_of_texts(given: Any, answer: str) -> None:
    with pytest.raises(UsageError, match=f"predict expects a list of texts, found {answer}"):
        as_texts(given, "predict")


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        (["هدف", None], "found NoneType at position 1"),
        ([float("nan"), "هدف"], "found float at position 0"),
        (b"x", "a list of targets, found bytes"),
        ({"a": 1, "b": 2}, "found a dict"),
        ({"a", "b"}, "found a set"),
        (["هدف"], "as many targets as texts, found 1 for 2"),
        ("", "the target is empty"),
        (["هدف", " "], "the target at position 1 is empty"),
        ("\ud83d", "the target has half a surrogate pair"),
    ],
)
def test_targets_are_checked_as_texts_are(given: Any, answer: str) -> None:
    with pytest.raises(UsageError, match=answer):
        TextClassifier.from_pretrained("stance", device="cpu").predict(["نص", "نص"], given)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the text is empty"),
        ("\u00a0\n\x00\u200f", "the text is empty"),
        ("<br>", "the text is empty"),
        ("نص \ud83d", "the text has half a surrogate pair at character 4"),
        ("ــ", "nothing of the text is left for the model to read"),
    ],
)
def test_what_is_empty_gets_no_label(text: str, problem: str) -> None:
    whole, found = TextClassifier.from_pretrained("topic", device="cpu").predict(["فاز الفريق", text])
    assert (whole.problem, whole.label) == (None, whole.best)
    assert (found.problem, found.label, found.labels, found.probability) == (problem, None, None, 0)


@pytest.mark.parametrize("wrong", [None, 1.5, float("nan"), b"x", ["نص"]])
def test_what_is_no_text_is_named(wrong: object) -> None:
    found = f"found {type(wrong).__name__} at position 1"
    with pytest.raises(UsageError, match=f"predict expects texts, {found}"):
        TextClassifier.from_pretrained("topic", device="cpu").predict(["نص", wrong])  # type: ignore[list-item]
    with pytest.raises(UsageError, match=f"summarize expects articles, {found}"):
        Summarizer.from_pretrained(device="cpu").summarize(["نص", wrong])  # type: ignore[list-item]
