"""Several devices, here the CPU twice: what they say is what one says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mujaz import Summarizer, TextClassifier
from mujaz.errors import UsageError
from mujaz.inference.classify import classify_corpus
from mujaz.models import machine
from mujaz.models.encoding import Encoding
from mujaz.models.engines.replicas import side_by_side

TEXTS = ["فاز المنتخب في مباراة الكرة. " * (1 + n % 7) + "سهم " * (n % 3) for n in range(40)]


def test_as_many_tasks_as_engines_run_at_once_and_results_come_in_order() -> None:
    meeting = threading.Barrier(2, timeout=20)  # nobody passes it alone
    busy: set[str] = set()

    def work(engine: str, task: int) -> int:
        assert engine not in busy
        busy.add(engine)
        meeting.wait()
        busy.remove(engine)
        return task * task

    assert list(side_by_side(["a", "b"], work, range(10))) == [n * n for n in range(10)]


@pytest.mark.parametrize("engines", [["a"], ["a", "b"]])
def test_what_a_task_raises_is_raised(engines: list[str]) -> None:
    def work(engine: str, task: int) -> int:
        if task == 3:
            raise ValueError("the third")
        return task

    found = side_by_side(engines, work, range(6))
    assert [next(found) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="the third"):
        next(found)


def test_a_classifier_on_two_devices_gives_the_logits_of_one(
    trained: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = TextClassifier.from_pretrained(trained("topic"), device="cpu", precision="float32")
    two = TextClassifier.from_pretrained(trained("topic"), device="cpu,cpu", precision="float32")
    assert two.description == f"{one.description}, on 2 devices"
    assert two.identity == one.identity  # a run may be gone on with on more devices, or fewer
    asked: set[int] = set()

    def noted(number: int, inner: Callable[..., Any]) -> Callable[..., Any]:
        def logits(batch: Sequence[Encoding]) -> Any:
            asked.add(number)
            return inner(batch)

        return logits

    for number, engine in enumerate([two.engine, *two.others]):
        monkeypatch.setattr(engine, "logits", noted(number, engine.logits))
    ours = two.predict(TEXTS, batch_tokens=64)
    assert [found.label for found in ours] == [found.label for found in one.predict(TEXTS, batch_tokens=64)]
    assert asked == {0, 1}
    np.testing.assert_allclose(two.logits(TEXTS), one.logits(TEXTS), rtol=1e-5, atol=1e-6)


def test_a_corpus_is_written_as_by_one_device(trained: Callable[[str], Path], tmp_path: Path) -> None:
    """But for a last digit: without AVX-512, a product's hangs on where its numbers lie in memory."""
    source = tmp_path / "x.jsonl"
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in [*TEXTS, ""]), encoding="utf-8")
    found = []
    for device in ("cpu", "cpu,cpu"):
        out = tmp_path / f"{device}.jsonl"
        asked = {"model": trained("topic"), "device": device, "precision": "float32", "batch_tokens": 64}
        classify_corpus([str(source)], str(out), **asked)  # type: ignore[arg-type]
        lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        found.append(([line.pop("probability") or 0.0 for line in lines], lines))
    assert found[0][1] == found[1][1]
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)


@pytest.mark.parametrize("article_words", [False, True])
def test_a_summarizer_on_two_devices_writes_what_one_writes(
    trained: Callable[[str], Path], article_words: bool
) -> None:
    folder = trained("summary")
    one = Summarizer.from_pretrained(folder, device="cpu", precision="float32")
    two = Summarizer.from_pretrained(folder, device="cpu,cpu", precision="float32")
    assert two.description == f"{one.description}, on 2 devices"
    texts = [text * 2 for text in TEXTS[:12]]
    ours = two.summarize(texts, batch_tokens=64, max_new_tokens=8, article_words=article_words)
    assert ours == one.summarize(texts, batch_tokens=64, max_new_tokens=8, article_words=article_words)


def test_misuse(trained: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="several devices are torch's"):
        Summarizer.from_pretrained(trained("summary"), device="cpu,cpu", engine="ctranslate2")
    with pytest.raises(UsageError, match="several devices are torch's"):
        TextClassifier.from_pretrained(trained("topic"), device="cpu,cpu", engine="openvino")
    with pytest.raises(UsageError, match="device 'moon' is not known"):
        TextClassifier.from_pretrained(trained("topic"), device="cpu,moon")
    monkeypatch.setattr(machine, "choose_device", torch.device)  # as where there are such devices
    with pytest.raises(UsageError, match="devices of one kind"):
        TextClassifier.from_pretrained(trained("topic"), device="cpu,meta")
