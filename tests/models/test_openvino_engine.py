from __future__ import annotations

import dataclasses
import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from mujaz import TextClassifier
from mujaz.errors import MissingExtraError, UsageError
from mujaz.models.conversion_cache import build_once
from mujaz.models.encoding import Encoding, padded_batch
from mujaz.models.engines import openvino_engine as ov
from mujaz.models.engines.choice import Choice, Machine, choose_engine
from mujaz.models.multi_label import MultiLabel
from tests import fork_server

needs_openvino = pytest.mark.skipif(
    not ov.is_installed("openvino", "nncf"), reason="the extra openvino is not installed"
)
TEXTS = ["فاز الفريق في البطولة أمس", "ارتفع سعر سهم الشركة", "سجل اللاعب هدفا", ""]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJAZ_CACHE", str(tmp_path / "cache"))


def load(
    trained: Callable[[str], Path], precision: str, engine: str = "openvino", task: str = "topic"
) -> TextClassifier:
    return TextClassifier.from_pretrained(trained(task), device="cpu", precision=precision, engine=engine)


BFLOAT16, BOTH = frozenset({"bfloat16"}), frozenset({"bfloat16", "int8"})
BARE = Machine("cpu", bfloat16=False, packs=False)
NATIVE = Machine("cpu", bfloat16=True, packs=False, quantizes=True)
CONVERTED = Machine("cpu", bfloat16=True, packs=False, converted=BFLOAT16)
QUANTIZED = Machine("cpu", bfloat16=True, packs=True, converted=BOTH)
PACKS = Machine("cpu", bfloat16=True, packs=True, converted=BFLOAT16)
TILES = Machine("cpu", bfloat16=True, packs=True, tiles=True, converted=BOTH)
GPU = Machine("cuda", bfloat16=True, packs=False, converted=BOTH)


@pytest.mark.parametrize(
    ("engine", "precision", "machine", "expected"),
    [
        ("auto", "auto", BARE, ("torch", "float32")),
        ("auto", "auto", NATIVE, ("torch", "bfloat16")),
        ("auto", "auto", CONVERTED, ("openvino", "bfloat16")),
        ("auto", "float32", CONVERTED, ("torch", "float32")),
        ("auto", "auto", PACKS, ("openvino", "bfloat16")),
        ("auto", "auto", QUANTIZED, ("openvino", "int8")),
        ("auto", "bfloat16", QUANTIZED, ("openvino", "bfloat16")),
        ("auto", "float32", QUANTIZED, ("torch", "float32")),
        ("torch", "auto", QUANTIZED, ("torch", "bfloat16")),
        ("auto", "auto", TILES, ("torch", "bfloat16")),
        ("auto", "auto", GPU, ("torch", "bfloat16")),
        ("auto", "int8", PACKS, ("openvino", "int8")),
        ("auto", "float16", GPU, ("torch", "float16")),
        ("torch", "auto", CONVERTED, ("torch", "bfloat16")),
        ("openvino", "auto", BARE, ("openvino", "float32")),
        ("openvino", "auto", PACKS, ("openvino", "bfloat16")),
        ("openvino", "float32", PACKS, ("openvino", "float32")),
    ],
)
def test_the_engine_is_chosen_from_the_machine(
    engine: str, precision: str, machine: Machine, expected: tuple[str, str]
) -> None:
    choice: Choice = choose_engine(engine, precision, machine)
    assert (choice.engine, choice.precision) == expected


def test_int8_is_recommended_where_it_would_be_taken_by_auto_once_made() -> None:
    assert "--precision int8" in choose_engine("auto", "auto", NATIVE).hint
    assert "does without int8" in choose_engine("auto", "auto", QUANTIZED).hint
    tiles = dataclasses.replace(NATIVE, tiles=True)
    assert not any(choose_engine(*asked, NATIVE).hint for asked in (("torch", "auto"), ("auto", "bfloat16")))
    assert not choose_engine("auto", "auto", tiles).hint


def test_few_texts_are_split_for_calibration_and_check() -> None:
    texts = [Encoding([n], [0], False) for n in range(1000)]
    for count, calibrated in ((300, 100), (512, 170), (650, 250)):
        calibration, check = ov.split_sample(texts[:count])
        assert len(calibration) == calibrated
        assert len(calibration) + len(check) == min(count, 700)


@pytest.mark.parametrize(
    ("engine", "precision", "machine", "words"),
    [
        ("torch", "int8", NATIVE, "OpenVINO's"),
        ("openvino", "auto", GPU, "--device cpu"),
        ("auto", "int8", GPU, "--device cpu"),
        ("openvino", "float16", NATIVE, "bfloat16"),
        ("tensorrt", "auto", NATIVE, "expected auto, torch, openvino"),
        ("auto", "int4", NATIVE, "expected auto, float32"),
    ],
)
def test_what_does_not_go_together_is_refused(engine: str, precision: str, machine: Machine, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        choose_engine(engine, precision, machine)


def test_a_missing_extra_is_named(trained: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "openvino" else find(name))
    with pytest.raises(MissingExtraError, match=r"pip install 'mujaz\[openvino\]'"):
        load(trained, "auto")
    assert load(trained, "auto", "auto").predict(TEXTS)


@needs_openvino
@pytest.mark.parametrize("task", ["topic", "stance"])
def test_openvino_scores_as_torch_does(trained: Callable[[str], Path], task: str) -> None:
    targets = "الكرة" if task == "stance" else None
    exact = load(trained, "float32", "torch", task).logits(TEXTS, targets)
    converted = load(trained, "float32", task=task)
    assert "openvino, float32" in converted.description
    np.testing.assert_allclose(converted.logits(TEXTS, targets), exact, atol=1e-4)


@pytest.fixture
def _two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@needs_openvino
@pytest.mark.usefixtures("_two_threads")
def test_streams_give_what_one_stream_gives_in_order(
    trained: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [("فاز المنتخب. " if n * n % 7 < 3 else "ارتفع سهم البنك. ") * (1 + n % 11) for n in range(60)]
    exact = load(trained, "float32", "torch").logits(many)
    found = {}
    for most in (1, 2):
        monkeypatch.setattr(ov, "MOST_STREAMS", most)
        classifier = load(trained, "float32")
        engine = classifier.engine
        assert isinstance(engine, ov.OpenVinoClassifier)
        assert engine.lanes == most
        assert "openvino, float32, 2 threads" in engine.description
        few = classifier.logits(many[:3])
        streams = lambda engine=engine: engine._in_lanes  # noqa: E731
        assert streams() is None, "few batches are computed one by one, each on all threads"
        progress: list[int] = []
        answers = classifier.predict(many, batch_tokens=64, progress=progress.append)
        assert sum(progress) == len(many)
        assert (streams() is not None) == (most > 1)
        if most > 1:
            assert streams()._requests().qsize() == most, "one a stream, and all are back"
        found[most] = np.array([list(one.probabilities.values()) for one in answers])
        np.testing.assert_allclose(few, exact[:3], atol=1e-4)
        np.testing.assert_allclose(classifier.logits(many), exact, atol=1e-4)
    np.testing.assert_allclose(found[1], found[2], atol=1e-5)
    assert 10 < exact.argmax(axis=1).sum() < 50, "an order that changed would show"


@needs_openvino
@pytest.mark.usefixtures("_two_threads")
def test_a_stream_that_fails_gives_its_place_back(
    trained: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = load(trained, "float32").engine.in_lanes()
    assert isinstance(engine, ov.OpenVinoClassifier)
    monkeypatch.setattr(ov, "padded_batch", lambda *batch, **how: {"of no model": torch.zeros(1)})
    for _ in range(3):
        with pytest.raises(RuntimeError, match="of no model"):
            engine.logits([Encoding([2], [0], False)])
    assert engine._requests().qsize() == 2


@needs_openvino
def test_lengths_are_rounded_up_but_not_beyond_what_the_model_takes(
    trained: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = load(trained, "float32")
    longest = classifier.model.config.max_position_embeddings
    widths: list[int] = []

    def noted(*batch: object, **how: object) -> dict[str, torch.Tensor]:
        tensors = padded_batch(*batch, **how)  # type: ignore[arg-type]
        widths.append(tensors["input_ids"].shape[1])
        return tensors

    monkeypatch.setattr(ov, "padded_batch", noted)
    for length in (5, 8, longest - 1, longest):
        classifier.engine.logits([Encoding([2] * length, [0] * length, False)])
    assert widths == [8, 8, longest, longest]


@needs_openvino
def test_a_conversion_is_made_once_and_again_where_damaged(trained: Callable[[str], Path], tmp_path: Path) -> None:
    first = load(trained, "float32").logits(TEXTS)
    (file,) = (tmp_path / "cache" / "conversions" / "openvino").glob("*/model.xml")
    made = file.stat().st_ino
    load(trained, "float32")
    assert file.stat().st_ino == made
    file.write_bytes(file.read_bytes()[:500])
    np.testing.assert_array_equal(load(trained, "float32").logits(TEXTS), first)
    assert file.stat().st_size > 500


@needs_openvino
def test_two_processes_convert_at_once(trained: Callable[[str], Path], tmp_path: Path) -> None:
    code = (
        "import sys; from mujaz import TextClassifier; "
        "c = TextClassifier.from_pretrained(sys.argv[1], device='cpu', precision='float32', engine='openvino'); "
        "print(c.predict(['فاز الفريق في البطولة'])[0].label)"
    )
    both = [fork_server.start("-c", code, str(trained("topic"))) for _ in range(2)]
    assert [process.communicate(timeout=120)[0].strip().splitlines()[-1] for process in both] == ["sport", "sport"]
    assert len(list((tmp_path / "cache" / "conversions" / "openvino").glob("*/model.xml"))) == 1


@needs_openvino
def test_int8_is_calibrated_on_the_first_texts_and_kept(
    trained: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ov, "LEAST_TEXTS", 24)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    texts = [
        f"{text} رقم {i}"
        for i in range(6)
        for text in (
            "فاز المنتخب في مباراة الكرة",
            "ارتفع سهم البنك في البورصة",
            "خسر الفريق نهائي البطولة",
            "زاد الدين العام والتضخم",
        )
    ]
    exact = load(trained, "float32", "torch").predict(texts)
    small = load(trained, "int8")
    with pytest.raises(UsageError, match="24 of them at least, found 4"):
        small.predict(TEXTS)
    assert "calibrated on the first texts" in small.description
    assert [one.label for one in small.predict(texts)] == [one.label for one in exact]
    again = load(trained, "int8")
    assert "openvino, int8, " in again.description
    assert again.predict(TEXTS)  # kept: no sample is needed any more
    assert "openvino, int8, " in load(trained, "auto", "auto").description


@needs_openvino
def test_int8_that_cannot_be_read_is_calibrated_anew(trained: Callable[[str], Path]) -> None:
    """Though it is as it was written; what needs no texts would be float32 under its name."""

    def damaged(part: Path) -> None:
        (part / ov.MODEL_FILE).write_text("<net", encoding="utf-8")

    folder = build_once(ov.cached(trained("topic"), "int8"), damaged)
    assert ov.is_cached(trained("topic"), "int8")
    assert "calibrated on the first texts" in load(trained, "int8").description
    assert not folder.exists()


@needs_openvino
def test_int8_that_changes_labels_is_refused(
    trained: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "as it was")
    classifier = load(trained, "float32", "torch")
    texts = [Encoding(e.input_ids, e.token_type_ids, e.truncated) for e in classifier.encode(TEXTS * 200)]

    def contrary(batch):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return -classifier.engine.logits(batch)

    with pytest.raises(ov.ConversionRefusedError, match=r"int8 changes 400 of 400 labels.*--precision bfloat16"):
        ov.quantize(classifier.model, classifier.encoder.tokenizer, texts[:700], contrary, tmp_path)
    # Of several labels a text gets all whose probability reaches a threshold, and here none does, whatever the first is.
    nothing = MultiLabel(thresholds=[1.0] * len(classifier.labels))
    ov.quantize(classifier.model, classifier.encoder.tokenizer, texts[:700], contrary, tmp_path, nothing.has)
    assert capsys.readouterr().out == ""  # where the results may go
    assert os.environ["CI"] == "as it was"


def test_the_allowed_share_of_changed_labels() -> None:
    before = np.zeros(400, dtype=np.int64)
    after = before.copy()
    after[:2] = 1
    ov.refuse_if_changed(before, after)
    after[2] = 1
    with pytest.raises(ov.ConversionRefusedError, match=r"3 of 400 labels.*\(0\.8%\)"):
        ov.refuse_if_changed(before, after)
    several = np.zeros((400, 3), dtype=bool)
    other = several.copy()
    other[:2] = True
    ov.refuse_if_changed(several, other)  # two texts, of three labels each
    other[2, 1] = True
    with pytest.raises(ov.ConversionRefusedError, match=r"3 of 400 labels"):
        ov.refuse_if_changed(several, other)


def test_several_labels_are_those_that_reach_their_thresholds() -> None:
    settings = MultiLabel(thresholds=[0.5, 0.9])
    assert settings.has(np.array([[0.0, 2.0], [-0.1, 2.3]])).tolist() == [[True, False], [False, True]]


def test_texts_are_calibrated_or_checked_on_and_never_both() -> None:
    texts = [Encoding([i], [0], False) for i in range(900)]
    calibration, check = ov.split_sample(texts)
    assert (len(calibration), len(check)) == (300, 400)
    assert not {e.input_ids[0] for e in calibration} & {e.input_ids[0] for e in check}
    assert torch.tensor([e.input_ids[0] for e in calibration]).diff().max() <= 3
