from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from mujaz import TextClassifier
from mujaz.errors import CheckpointError, UsageError
from mujaz.models.auto import load_model
from mujaz.models.checkpoint import TRAINED_FILE
from mujaz.models.windows import LongText

TEXTS = [
    "فاز المنتخب في مباراة الكرة " * 6,
    "ارتفع سهم البنك",
    "",
    "سجل اللاعب هدفا في الدوري ثم ارتفع سعر النفط",
    "كلمة غريبة zebra 123 😂",
]


@pytest.fixture(scope="module")
def topic(trained: Callable[[str], Path]) -> TextClassifier:
    return TextClassifier.from_pretrained(trained("topic"), device="cpu", precision="float32")


@pytest.fixture(scope="module")
def stance(trained: Callable[[str], Path]) -> TextClassifier:
    return TextClassifier.from_pretrained(trained("stance"), device="cpu", precision="float32")


def test_it_learned_and_says_so(topic: TextClassifier) -> None:
    results = topic.predict(["فاز الفريق في البطولة", "ارتفع سعر سهم الشركة"])
    assert [r.label for r in results] == ["sport", "money"]
    for result in results:
        assert result.probability == result.probabilities[result.best] == max(result.probabilities.values())
        assert sum(result.probabilities.values()) == pytest.approx(1)


def test_logits_equal_those_of_plain_transformers(topic: TextClassifier, trained: Callable[[str], Path]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(trained("topic"))
    model = AutoModelForSequenceClassification.from_pretrained(trained("topic")).eval()
    plain = []
    for text in TEXTS:
        batch = tokenizer(text, truncation=True, return_tensors="pt")
        with torch.no_grad():
            plain.append(model(**batch).logits[0].numpy())
    np.testing.assert_allclose(topic.logits(TEXTS), np.array(plain), atol=1e-5)


def test_texts_need_no_list_and_types_allow_it(topic: TextClassifier, stance: TextClassifier) -> None:
    """Mypy reads this, too: it refused the generator."""
    assert topic.predict(text for text in TEXTS) == topic.predict(TEXTS)
    found = stance.predict((text for text in TEXTS), targets=(text for text in TEXTS[:1] * len(TEXTS)))
    assert found == stance.predict(TEXTS, targets=TEXTS[0])


@pytest.mark.parametrize("budget", [1, 30, 10_000])
def test_batches_change_nothing(topic: TextClassifier, budget: int) -> None:
    done: list[int] = []
    results = topic.predict(TEXTS, batch_tokens=budget, progress=done.append)
    alone = [topic.predict([text])[0] for text in TEXTS]
    assert sum(done) == len(TEXTS)
    for batched, single in zip(results, alone, strict=True):
        assert batched.label == single.label
        assert batched.probability == pytest.approx(single.probability, abs=1e-5)
        assert (batched.tokens, batched.truncated) == (single.tokens, single.truncated)


def test_long_texts_are_read_in_windows_or_cut_and_marked(topic: TextClassifier) -> None:
    texts = ["فاز المنتخب " * 200, "فاز المنتخب"]
    long, short = topic.predict(texts)
    assert (long.tokens, long.dropped, short.windows) == (400, 0, 1)
    assert long.windows >= 400 // 46
    topic.read_long(LongText(policy="truncate"))
    cut, whole = topic.predict(texts)
    topic.read_long(LongText())
    assert (cut.truncated, cut.dropped, cut.windows) == (True, cut.tokens - 46, 1)
    assert cut.tokens == pytest.approx(400, rel=0.05)  # estimated
    # Batches of another size round the last digits differently on some processors.
    assert whole.probabilities == pytest.approx(short.probabilities, abs=1e-6)
    assert replace(whole, probability=0, probabilities={}) == replace(short, probability=0, probabilities={})


def test_no_texts_no_labels(topic: TextClassifier) -> None:
    assert topic.predict([]) == []
    assert topic.predict_proba([]).shape == (0, 2)


def test_predict_proba_agrees_with_predict(topic: TextClassifier) -> None:
    table = topic.predict_proba(TEXTS)
    for row, result in zip(table, topic.predict(TEXTS), strict=True):
        assert dict(zip(topic.labels, row, strict=True)) == pytest.approx(result.probabilities)


def test_stance_reads_the_target(stance: TextClassifier) -> None:
    text = "أحب الكرة كثيرا"
    both = stance.predict([text, text], ["الكرة", "السوق"])
    assert both[0].probabilities != both[1].probabilities
    one = stance.predict([text, text], "الكرة")
    for same in (one[1], both[0]):  # in bfloat16 the last digits depend on what else is in the batch
        assert same.probabilities == pytest.approx(one[0].probabilities, abs=1e-3)


def test_swapping_text_and_target_changes_the_ids(stance: TextClassifier) -> None:
    here, there = stance.encode(["أحب الكرة"], ["السوق"])[0], stance.encode(["السوق"], ["أحب الكرة"])[0]
    assert here.input_ids != there.input_ids
    assert here.token_type_ids.count(1) != there.token_type_ids.count(1)


def test_the_target_survives_a_long_text(stance: TextClassifier) -> None:
    short, long = stance.encode(["الكرة"], ["السوق"])[0], stance.encode(["الكرة " * 300], ["السوق"])[0]
    assert long.token_type_ids.count(1) == short.token_type_ids.count(1)
    assert len(long.input_ids) == stance.max_length
    overlong = stance.encode(["الكرة"], ["السوق " * 300])[0]
    assert len(overlong.input_ids) <= stance.max_length
    assert overlong.token_type_ids.count(0) >= short.token_type_ids.count(0)


def test_misuse_is_explained(topic: TextClassifier, stance: TextClassifier) -> None:
    with pytest.raises(UsageError, match="list of texts"):
        topic.predict("نص")
    with pytest.raises(UsageError, match="takes no target"):
        topic.predict(["نص"], "هدف")
    with pytest.raises(UsageError, match="needs a target"):
        stance.predict(["نص"])
    with pytest.raises(UsageError, match="found 1 for 2"):
        stance.predict(["نص", "نص"], ["هدف"])


def test_a_task_that_the_model_was_not_trained_for(trained: Callable[[str], Path]) -> None:
    with pytest.raises(UsageError, match="was trained for task 'topic', not for 'stance'"):
        TextClassifier.from_pretrained(trained("topic"), task="stance", device="cpu")
    with pytest.raises(UsageError, match="was trained for task 'topic', not for 'stance'"):
        load_model(trained("topic"), task="stance", device="cpu")
    with pytest.raises(UsageError, match="was trained for task 'stance', not for 'topic'"):
        load_model(trained("stance"), task="topic", device="cpu")
    with pytest.raises(CheckpointError, match="'topic', not for 'summary'"):
        load_model(trained("topic"), task="summary", device="cpu")


@pytest.mark.parametrize("task", ["sentiment", "summary", 3, ""])
def test_a_task_that_there_is_not_is_answered_with_those_that_there_are(task: Any) -> None:
    for name in (None, "topic"):
        with pytest.raises(UsageError, match=f"task: expected topic or stance, found {task!r}"):
            TextClassifier.from_pretrained(name, task=task)
    if task != "summary":
        with pytest.raises(UsageError, match=f"task: expected topic, stance or summary, found {task!r}"):
            load_model("topic", task=task)


def test_a_saved_copy_is_the_same(topic: TextClassifier, trained: Callable[[str], Path], tmp_path: Path) -> None:
    topic.save_pretrained(tmp_path / "copy")
    seen = (trained("topic") / TRAINED_FILE).read_bytes()
    assert seen
    assert (tmp_path / "copy" / TRAINED_FILE).read_bytes() == seen  # evaluate finds its training rows again
    again = TextClassifier.from_pretrained(tmp_path / "copy", device="cpu", precision="float32")
    assert again.info == topic.info
    np.testing.assert_array_equal(again.logits(TEXTS), topic.logits(TEXTS))


def test_bfloat16_is_close(trained: Callable[[str], Path], topic: TextClassifier) -> None:
    half = TextClassifier.from_pretrained(trained("topic"), device="cpu", precision="bfloat16")
    assert "bfloat16" in half.description
    np.testing.assert_allclose(half.predict_proba(TEXTS), topic.predict_proba(TEXTS), atol=0.05)


def test_device_precision_and_length_are_checked(trained: Callable[[str], Path]) -> None:
    folder = trained("topic")
    with pytest.raises(UsageError, match="device 'tpuu'"):
        TextClassifier.from_pretrained(folder, device="tpuu")
    with pytest.raises(UsageError, match="precision 'int3'"):
        TextClassifier.from_pretrained(folder, precision="int3")
    with pytest.raises(UsageError, match="48 positions"):
        TextClassifier.from_pretrained(folder, max_length=49)
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="no CUDA GPU"):
            TextClassifier.from_pretrained(folder, device="cuda")


@pytest.mark.parametrize("device", [None, 3, ["cpu"], torch.device("meta")])
def test_what_is_no_device(trained: Callable[[str], Path], device: Any) -> None:
    with pytest.raises(UsageError, match="is not known: expected auto, cpu, cuda"):
        TextClassifier.from_pretrained(trained("topic"), device=device)


def test_devices_of_torch_and_numbers_of_numpy_are_taken(trained: Callable[[str], Path]) -> None:
    given: Any = {"max_length": np.int64(40), "device": torch.device("cpu")}
    classifier = TextClassifier.from_pretrained(trained("topic"), **given)
    assert type(classifier.max_length) is int
    options: Any = {"min_probability": np.float32(0), "batch_tokens": np.int32(64)}
    assert classifier.predict(TEXTS, **options) == classifier.predict(TEXTS, min_probability=0, batch_tokens=64)


def test_an_encoder_that_was_never_fine_tuned_is_refused(bert_folder: Path) -> None:
    with pytest.raises(CheckpointError, match="fine-tune it first"):
        TextClassifier.from_pretrained(bert_folder)
