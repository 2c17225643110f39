from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mujaz import TextClassifier
from mujaz.training.report.attribution import full_precision, word_scores

TEXT = "فاز المنتخب في مباراة الكرة ثم ارتفع سعر النفط"


@pytest.fixture(scope="module")
def topic(trained: Callable[[str], Path]) -> TextClassifier:
    return TextClassifier.from_pretrained(trained("topic"), device="cpu", precision="float32")


def test_the_scores_sum_to_what_the_words_change(topic: TextClassifier) -> None:
    """Completeness, the property that defines integrated gradients: against a model that is given no words."""
    words = word_scores(topic, TEXT, None, label="sport", against="money", steps=300)
    assert [w.text for w in words] == topic.encoder.prepare(TEXT).split()
    model: Any = topic.model
    tokenizer: Any = topic.encoder.tokenizer
    ids = torch.tensor([topic.encode([TEXT])[0].input_ids])
    keep = torch.isin(ids, torch.tensor([tokenizer.cls_token_id, tokenizer.sep_token_id]))[..., None]
    with torch.no_grad():
        embeddings = model.get_input_embeddings()(ids)
        whole, nothing = (model(inputs_embeds=e).logits[0] for e in (embeddings, embeddings * keep))
    sport, money = (topic.labels.index(name) for name in ("sport", "money"))
    expected = (whole[sport] - whole[money]) - (nothing[sport] - nothing[money])
    assert sum(w.score for w in words) == pytest.approx(float(expected), rel=0.02)


def test_what_speaks_for_one_label_speaks_against_the_other(topic: TextClassifier) -> None:
    one, other = (
        {w.text: w.score for w in word_scores(topic, TEXT, None, label=label, against=against)}
        for label, against in (("sport", "money"), ("money", "sport"))
    )
    np.testing.assert_allclose(list(one.values()), [-other[word] for word in one], atol=1e-6)
    assert np.abs(list(one.values())).max() > 0


def test_a_target_has_words_too(trained: Callable[[str], Path]) -> None:
    model = TextClassifier.from_pretrained(trained("stance"), device="cpu", precision="float32")
    words = word_scores(model, "أحب السوق كثيرا", "الكرة", label="favor", against="against")
    assert [w.text for w in words if w.target] == model.encoder.recipe("الكرة").split()
    assert [w.text for w in words if not w.target] == model.encoder.recipe("أحب السوق كثيرا").split()


def test_only_words_that_were_read(topic: TextClassifier) -> None:
    words = word_scores(topic, "فاز المنتخب " * 200, None, label="sport", against="money")
    assert 10 < len(words) < topic.max_length
    assert word_scores(topic, "", None, label="sport", against="money") == []


def test_full_precision_leaves_the_weights_as_they_were(trained: Callable[[str], Path]) -> None:
    model = TextClassifier.from_pretrained(trained("topic"), device="cpu", precision="bfloat16")
    before = {name: weights.clone() for name, weights in model.model.state_dict().items()}
    with full_precision(model.model):
        assert model.model.dtype == torch.float32
    after = model.model.state_dict()
    assert all(
        torch.equal(after[name], weights) and after[name].dtype == weights.dtype for name, weights in before.items()
    )
