"""AraBERT's own preprocessor as the oracle; skipped where arabert 1.0.1 with emoji 1.4.2 is not installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mujaz.models import farasa
from mujaz.models.recipes import get_recipe

preprocess = pytest.importorskip("arabert.preprocess", reason="arabert 1.0.1 is not installed")

MODELS = {
    "arabert": "bert-base-arabertv02",
    "arabert-twitter": "bert-base-arabertv02-twitter",
    "arabert-v01": "bert-base-arabertv01",
}
WORDS = [
    "خبرٌ",
    "المدينة",
    "مرحبـــا",
    "رااائع",
    "2020م",
    "م5م6",
    "١٩٩٥",
    "3.14",
    "5/6",
    "#وسم_جديد",
    "«قول»",
    "“نص”",
    "!!!",
    "؟!",
    "…",
]
WORDS += [
    "@user",
    "http://a.com/b?c=d",
    "www.site.com",
    "t.co/x",
    "<b>",
    "</b>",
    "<br />",
    "&quot;",
    "ABC",
    "covid19",
    "(",
    ")",
]
WORDS += ["-", "—", "٪", "$5", "%", "نص.نص", "،", "؛", ":", "ء", "ئ", "\n", "\t", "😂", "❤", "中"]


@pytest.fixture(scope="module")
def oracles() -> dict[str, Any]:
    return {name: preprocess.ArabertPreprocessor(model) for name, model in MODELS.items()}


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=200, deadline=None)
@given(words=st.lists(st.sampled_from(WORDS), max_size=12))
def test_same_as_arabert_where_it_loses_nothing(oracles: dict[str, Any], name: str, words: list[str]) -> None:
    text = " ".join(words)
    if name == "arabert-v01":  # decodes no entities, which the repair does
        text = text.replace("&quot;", '"')
    assert get_recipe(name)(text) == oracles[name].preprocess(text)


@pytest.mark.parametrize("name", ["arabert", "arabert-twitter"])
def test_every_character_alone_is_kept_or_dropped_alike(oracles: dict[str, Any], name: str) -> None:
    recipe, reference = get_recipe(name), oracles[name].preprocess
    repaired = {step.name for step in recipe.steps if step.effect == "repair"} | {"tashkeel"}
    for code in [*range(0x20, 0x3000), *range(0x1F300, 0x1FB00)]:
        text = f"م {chr(code)} م"
        if recipe(text) != reference(text):
            assert repaired & recipe.prepare(text).changes.steps.keys(), hex(code)


@pytest.mark.parametrize("name", MODELS)
def test_share_of_identical_texts_on_real_data(oracles: dict[str, Any], name: str, shared_data: Path) -> None:
    import pyarrow.parquet as pq

    texts = []
    for folder in ("topic/ant", "stance/mawqif"):
        texts += pq.read_table(sorted((shared_data / folder).glob("*.parquet"))[0], columns=["text"])[0].to_pylist()[
            :150
        ]
    same = sum(get_recipe(name)(text) == oracles[name].preprocess(text) for text in texts)
    assert same >= 0.97 * len(texts)


class FakeFarasa:
    """Splits off a few letters at both ends, as Farasa might, and takes brackets apart."""

    def segment(self, text: str) -> str:
        words = text.replace("[", " [ ").replace("]", " ] ").split()
        return " ".join("+".join(self._parts(word)) for word in words)

    def _parts(self, word: str) -> list[str]:
        parts = [word]
        for prefix in ("و", "ك", "ال"):
            if parts[-1].startswith(prefix) and len(parts[-1]) > len(prefix) + 1:
                parts[-1:] = [prefix, parts[-1][len(prefix) :]]
        for suffix in ("ة", "ك", "هم", "ات"):
            if parts[-1].endswith(suffix) and len(parts[-1]) > len(suffix) + 1:
                parts[-1:] = [parts[-1][: -len(suffix)], suffix]
        return parts


@pytest.mark.parametrize(
    ("name", "model"), [("arabert-v1", "bert-base-arabert"), ("arabert-v2", "bert-base-arabertv2")]
)
def test_farasa_recipes(name: str, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeFarasa()
    monkeypatch.setattr(farasa, "segmenter", lambda: fake)
    reference = preprocess.ArabertPreprocessor(model, apply_farasa_segmentation=False)
    reference.apply_farasa_segmentation, reference.farasa_segmenter = True, fake
    for text in ["والكتاب كالمدرسة", "كتابك وكلماتهم", "انظر http://a.com/b يا @user", "مدرسة + كك ك", "لا شيء"]:
        assert get_recipe(name)(text) == reference.preprocess(text)
