"""Batches side by side on one processor: what they say is what one after the other says."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mujaz import Summarizer, TextClassifier
from mujaz.models.batching import token_budget_batches
from mujaz.models.engines.lanes import MOST_LANES, Lanes, lanes_of
from mujaz.models.engines.torch_engine import TorchClassifier, TorchGenerator

TEXTS = ["فاز المنتخب في مباراة الكرة. " * (1 + n % 7) + "سهم " * (n % 3) for n in range(60)]


@pytest.fixture
def _four_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("_four_threads")
def test_each_lane_has_its_share_of_the_threads_and_the_caller_keeps_its_own() -> None:
    lanes = Lanes(2)
    assert lanes.threads == [2, 2]
    assert torch.get_num_threads() == 4
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert later == [4]


def test_tasks_run_at_once_and_results_come_in_order() -> None:
    meeting = threading.Barrier(2, timeout=20)  # nobody passes it alone

    def work(task: int) -> int:
        meeting.wait()
        return task * task

    assert list(Lanes(2).map(work, range(10))) == [n * n for n in range(10)]


def test_what_a_task_raises_is_raised_and_the_lanes_go_on() -> None:
    lanes = Lanes(2)
    found = lanes.map(lambda task: 1 // task, [1, 0, 1])
    assert next(found) == 1
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert list(lanes.map(abs, [-1, -2])) == [1, 2]


@pytest.mark.usefixtures("_four_threads")
def test_lanes_that_start_at_once_leave_the_number_of_threads_as_it_was() -> None:
    started: list[Lanes] = []
    for _ in range(20):
        together = [threading.Thread(target=lambda: started.append(Lanes(4))) for _ in range(3)]
        for one in together:
            one.start()
        for one in together:
            one.join()
        found: list[int] = []
        asking = threading.Thread(target=lambda found=found: found.append(torch.get_num_threads()))
        asking.start()
        asking.join()
        assert found == [4]
    assert {count for lanes in started for count in lanes.threads} == {1}


def _succeeds_in_a_forked_process(work: Callable[[], bool]) -> bool:
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    done = False
    try:
        signal.alarm(60)  # for one that hangs
        done = work()
    finally:
        os._exit(0 if done else 1)


def _on_all_threads(work: Callable[..., object]) -> Callable[..., object]:
    """What a model does, behind something that is large enough to be shared out among threads, as real models are."""

    def compute(*args: object, **kwargs: object) -> object:
        torch.ones(1 << 20).exp()
        return work(*args, **kwargs)

    return compute


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
@pytest.mark.usefixtures("_four_threads")
@pytest.mark.parametrize("count", [2, len(TEXTS)])
def test_a_process_that_was_forked_after_a_prediction_predicts_too(
    trained: Callable[[str], Path], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In lanes, and where there are too few texts for them."""
    classifier = TextClassifier.from_pretrained(trained("topic"), device="cpu", precision="float32", engine="torch")
    monkeypatch.setattr(classifier.model, "forward", _on_all_threads(classifier.model.forward))
    expected = classifier.predict(TEXTS[:count], batch_tokens=64)
    assert (classifier._lanes is None) == (count == 2)
    assert _succeeds_in_a_forked_process(lambda: classifier.predict(TEXTS[:count], batch_tokens=64) == expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
@pytest.mark.usefixtures("_four_threads")
def test_a_process_that_was_forked_after_a_summary_summarizes_too(
    trained: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Summarizer.from_pretrained(trained("summary"), device="cpu", precision="float32", engine="torch")
    assert isinstance(writer.engine, TorchGenerator)
    model: Any = writer.engine.model
    monkeypatch.setattr(model, "generate", _on_all_threads(model.generate))
    expected = writer.summarize(TEXTS[:2], min_article_words=0)
    assert _succeeds_in_a_forked_process(lambda: writer.summarize(TEXTS[:2], min_article_words=0) == expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
@pytest.mark.usefixtures("_four_threads")
@pytest.mark.parametrize("used", [True, False])
def test_a_forked_process_summarizes_with_ctranslate2(trained: Callable[[str], Path], used: bool) -> None:
    """It has none of the threads that its model was opened with, whether that had summarized or not."""
    pytest.importorskip("ctranslate2")
    how: dict[str, Any] = {"device": "cpu", "precision": "float32", "engine": "ctranslate2"}
    writer = Summarizer.from_pretrained(trained("summary"), **how)
    expected = Summarizer.from_pretrained(trained("summary"), **how).summarize(TEXTS[:2], min_article_words=0)
    if used:
        torch.ones(1 << 20).exp()
        assert writer.summarize(TEXTS[:2], min_article_words=0) == expected
    assert _succeeds_in_a_forked_process(lambda: writer.summarize(TEXTS[:2], min_article_words=0) == expected)
    assert writer.summarize(TEXTS[:2], min_article_words=0) == expected


def test_few_threads_few_lanes() -> None:
    assert [lanes_of(threads) for threads in (1, 2, 4, 64)] == [1, 2, 4, MOST_LANES]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_classifier_gives_the_same_in_lanes(
    trained: Callable[[str], Path], precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = TextClassifier.from_pretrained(trained("topic"), device="cpu", precision=precision, engine="torch")
    found, asked = {}, set[str]()
    logits = classifier.engine.logits

    def noted(batch: object) -> object:
        asked.add(threading.current_thread().name.partition("_")[0])
        return logits(batch)  # type: ignore[arg-type]

    monkeypatch.setattr(classifier.engine, "logits", noted)
    for lanes in (1, 2):
        monkeypatch.setattr(TorchClassifier, "lanes", lanes)
        found[lanes] = classifier.predict(TEXTS, batch_tokens=64)
    assert asked == {"MainThread", "mujaz-lane"}
    assert found[1] == found[2]


def test_rounded_shapes_are_few_and_change_no_answer(
    trained: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = TextClassifier.from_pretrained(trained("topic"), device="cpu", precision="float32", engine="torch")
    expected = classifier.logits(TEXTS)
    shapes = set[tuple[int, ...]]()
    forward = classifier.model.forward

    def noted(**inputs: torch.Tensor) -> object:
        shapes.add(tuple(inputs["input_ids"].shape))
        return forward(**inputs)

    monkeypatch.setattr(classifier.model, "forward", noted)
    monkeypatch.setattr(TorchClassifier, "length_step", 8)
    documents = classifier.documents(TEXTS)
    done: list[int] = []
    classifier.predict_documents(documents, batch_tokens=128, progress=done.append)
    assert sum(done) == len(TEXTS)  # a row that was repeated is counted once
    assert all(length % 8 == 0 and rows * length <= 128 for rows, length in shapes)
    plain = [len(d.windows[0].input_ids) for d in documents]
    exact = {(len(b), max(plain[i] for i in b)) for b in token_budget_batches(plain, 128)}
    assert len(shapes) < len(exact)
    assert np.allclose(classifier.logits(TEXTS), expected, atol=1e-5)
