"""A classifier for ONNX Runtime answers as the one that it was made of, without torch, transformers and mujaz."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from mujaz.cli import cli
from mujaz.errors import CheckpointError, MissingExtraError, UsageError
from mujaz.models import exporting
from mujaz.models.classifier import TextClassifier
from mujaz.models.exporting import LEAST_TEXTS, export_onnx
from mujaz.models.windows import LongText
from tests.conftest import MONEY, SPORT, write_jsonl

pytest.importorskip("onnxscript", reason="the extra onnx is not there")
pytest.importorskip("onnxruntime", reason="the extra onnx is not there")

from mujaz.models.onnx_predict import Classifier, answers  # it asks for onnxruntime

TEXTS = [
    *SPORT,
    "ارتفــــع سَهْمُ البنك في البورصة!!!! &amp; <b>زاد</b> الدين https://example.org/a?b=1",
    "خسر @someone نهائي البطولة ٢٠٢٤ 😀 وسجل هدفااااا",
    " ".join(MONEY * 12),  # longer than the model reads
    "سوق",
]
ALONE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from predict import Classifier
answers = Classifier().predict(json.loads(sys.argv[2]))
assert not {"torch", "transformers", "mujaz"} & set(sys.modules)
print(json.dumps(answers))
"""


def opened(folder: Path, **more: Any) -> TextClassifier:
    return TextClassifier.from_pretrained(folder, device="cpu", precision="float32", engine="torch", **more)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, trained: Callable[[str], Path]) -> Path:
    out = tmp_path_factory.mktemp("exported") / "topic"
    report = export_onnx(opened(trained("topic")), out, texts=TEXTS)
    assert report.difference < 1e-4 * max(1.0, report.largest)
    assert (report.texts, report.same) == (len(TEXTS), 1.0)
    assert [path.name for path in out.parent.iterdir()] == ["topic"]
    return out


def test_it_answers_alone(exported: Path, trained: Callable[[str], Path]) -> None:
    command = [sys.executable, "-c", ALONE, str(exported), json.dumps(TEXTS)]
    answers = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    expected = opened(trained("topic")).predict(TEXTS)
    assert [answer["label"] for answer in answers] == [one.label for one in expected]
    for answer, one in zip(answers, expected, strict=True):
        assert answer["probabilities"] == pytest.approx(one.probabilities, abs=1e-5)
    command = [sys.executable, str(exported / "predict.py")]
    given = "\n".join([*SPORT, "", "كرة\tسوق"]).encode("utf-8-sig") + "\nكرة".encode("cp1256")
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    lines = subprocess.run(command, input=given, check=True, capture_output=True, env=environment).stdout.decode()
    *told, _, last, damaged = map(json.loads, lines.splitlines())
    for answer, one in zip(told, opened(trained("topic")).predict(SPORT), strict=True):
        assert answer["probabilities"] == pytest.approx(one.probabilities, abs=1e-5)  # no BOM, no line end
    assert "label" in last
    assert damaged == {"error": "expected UTF-8"}
    assert Classifier(exported).predict([]) == []


def test_thresholds_and_temperature_are_those_of_the_model(
    exported: Path, trained: Callable[[str], Path], tmp_path: Path
) -> None:
    def both(**changed: object) -> tuple[list[dict[str, Any]], Any]:
        for source, copy in ((exported, "onnx"), (trained("topic"), "torch")):
            shutil.copytree(source, tmp_path / copy, dirs_exist_ok=True)
            info = json.loads((source / "mujaz.json").read_text(encoding="utf-8"))
            (tmp_path / copy / "mujaz.json").write_text(json.dumps({**info, **changed}), encoding="utf-8")
        return Classifier(tmp_path / "onnx").predict(TEXTS), opened(tmp_path / "torch").predict(TEXTS)

    for thresholds in ([0.5, 0.9], [0.01, 0.01]):
        found, expected = both(multi_label={"thresholds": thresholds, "rows": 60})
        assert [tuple(one["labels"]) for one in found] == [one.labels for one in expected]
        assert len({tuple(one["labels"]) for one in found}) > 1
    measured = dict.fromkeys(("ece_before", "ece_after", "nll_before", "nll_after"), 0.1)
    calibration: dict[str, float] = {"temperature": 3.0, "rows": 60, "bins": 15, **measured}
    found, _ = both(calibration=calibration)
    least = float(np.median([max(one["probabilities"].values()) for one in found]))
    found, expected = both(calibration={**calibration, "min_probability": least})
    assert [one["label"] for one in found] == [one.label for one in expected]
    assert {None} < {one["label"] for one in found}


def test_long_texts_are_read_as_the_checkpoint_reads_them(
    exported: Path, trained: Callable[[str], Path], tmp_path: Path
) -> None:
    shutil.copytree(exported, tmp_path / "onnx")
    classifier = opened(trained("topic"))
    sentences = [f"{text}{end} <b>{text}</b>" for end in (".", "!", "\n", "،؟") for text in TEXTS[:6]]
    long = [" ".join(2 * sentences), *TEXTS]
    assert len(classifier.documents(long)[0].windows) > 3
    found = {}
    for way in (
        LongText(),
        LongText(pooling="max", overlap=0.4),
        LongText(pooling="first+last"),
        LongText(max_windows=2),
        LongText(policy="truncate"),
    ):
        classifier.read_long(way)
        exporting._write_rest(classifier, tmp_path / "onnx")
        expected = classifier.logits(long)
        np.testing.assert_allclose(Classifier(tmp_path / "onnx").logits(long), expected, atol=1e-4)
        found[str(expected[0])] = way
    assert len(found) > 3


def test_sentences_are_looked_for_before_the_tokenizers_own_normalizer(
    trained: Callable[[str], Path], tmp_path: Path
) -> None:
    """That of BERT makes spaces of line ends, at which sentences end."""
    copy = shutil.copytree(trained("topic"), tmp_path / "none")
    info = json.loads((copy / "mujaz.json").read_text(encoding="utf-8"))
    info |= {"recipe": {**info["recipe"], "name": "none"}, "long_text": LongText().model_dump()}
    (copy / "mujaz.json").write_text(json.dumps(info), encoding="utf-8")
    state = json.loads((copy / "tokenizer.json").read_text(encoding="utf-8"))
    bert = {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": True,
        "strip_accents": None,
        "lowercase": False,
    }
    (copy / "tokenizer.json").write_text(json.dumps({**state, "normalizer": bert}), encoding="utf-8")
    classifier = TextClassifier.from_pretrained(
        str(copy), device="cpu", precision="float32", engine="torch", ignore_recipe_mismatch=True
    )
    export_onnx(classifier, tmp_path / "onnx")
    long = ["\n".join(f"{text} {text} {n}" for n in range(9) for text in SPORT[:3])]
    windows = classifier.documents(long)[0].windows
    assert len(windows) > 3
    alone = Classifier(tmp_path / "onnx")
    assert [ids for ids, _ in alone._windows(long[0], None)] == [list(one.input_ids) for one in windows]


def test_titles_are_set_before_their_texts(exported: Path, trained: Callable[[str], Path]) -> None:
    titles = ["سوق البنك", None, *[" "] * (len(TEXTS) - 2)]
    expected = opened(trained("topic")).predict([f"{titles[0]}\n{TEXTS[0]}", *TEXTS[1:]])
    found = Classifier(exported).predict(TEXTS, titles=titles)
    for answer, one in zip(found, expected, strict=True):
        assert answer["probabilities"] == pytest.approx(one.probabilities, abs=1e-5)
    lines = io.StringIO(f"{titles[0]}\t{TEXTS[0]}\n\t{TEXTS[1]}\n{TEXTS[2]}\n")
    told = [*answers(Classifier(exported), lines, titles=True)]
    for answer, one in zip(told, expected[:2], strict=False):
        assert answer["probabilities"] == pytest.approx(one.probabilities, abs=1e-5)
    assert told[2] == {"error": "expected a title, a tabulator and a text"}


def test_a_stance_has_its_target_in_its_place(trained: Callable[[str], Path], tmp_path: Path) -> None:
    export_onnx(opened(trained("stance")), tmp_path / "onnx")
    shutil.copytree(trained("stance"), tmp_path / "torch")
    targets = ["السوق", " ".join(SPORT * 6), *MONEY, "الدوري", "هدف"][: len(TEXTS)]
    for order in ("text_first", "target_first"):
        for folder in (tmp_path / "onnx", tmp_path / "torch"):
            info = json.loads((folder / "mujaz.json").read_text(encoding="utf-8"))
            info["pair"] = {"order": order, "template": "الموقف من: {target}"}
            (folder / "mujaz.json").write_text(json.dumps(info), encoding="utf-8")
        expected = opened(tmp_path / "torch").logits(TEXTS, targets)
        np.testing.assert_allclose(Classifier(tmp_path / "onnx").logits(TEXTS, targets), expected, atol=1e-4)
    lines = io.StringIO("فاز الفريق\tالدوري\nلا هدف هنا\nنص\tفيه\tهدف\n")
    told = [*answers(Classifier(tmp_path / "onnx"), lines)]
    assert [sorted(one) for one in told] == [["label", "probabilities"], ["error"], ["label", "probabilities"]]
    assert told[2] == Classifier(tmp_path / "onnx").predict(["نص\tفيه"], ["هدف"])[0]
    with pytest.raises(ValueError, match="a stance model wants a target for each text"):
        Classifier(tmp_path / "onnx").logits(TEXTS)


def test_int8_is_smaller_and_checked_on_texts(
    exported: Path, trained: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"{text} {i}" for i in range(LEAST_TEXTS // 8) for text in (*SPORT, *MONEY)]
    data = write_jsonl(tmp_path / "texts.jsonl", [{"text": text} for text in [*texts, "", " "]])
    # As the fixture wrote it, which takes torch ten seconds.
    monkeypatch.setattr(exporting, "_write_model", lambda _, path: shutil.copyfile(exported / "model.onnx", path))
    command = ["export", str(trained("topic")), "--out", str(tmp_path / "int8"), "--int8"]
    result = CliRunner().invoke(cli, [*command, "--texts", str(data)])
    assert result.exit_code == 0, result.output
    assert f"to 100.00% of {LEAST_TEXTS} texts" in result.output
    smaller, whole = ((folder / "model.onnx").stat().st_size for folder in (tmp_path / "int8", exported))
    assert smaller < whole - 50_000  # much of a tiny one are no weights
    monkeypatch.setattr(exporting, "_same", lambda *_: (200, 0.99))
    with pytest.raises(UsageError, match=r"int8 changes 1\.0% of the answers to 200 texts, and 0\.5% are allowed"):
        export_onnx(opened(trained("topic")), tmp_path / "other", int8=True, texts=texts)
    assert not list(tmp_path.glob("other*"))


def test_what_computes_otherwise_is_refused(
    exported: Path, trained: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = opened(trained("topic"))
    monkeypatch.setattr(exporting, "_write_model", lambda _, path: shutil.copyfile(exported / "model.onnx", path))
    for bias in (0.1, float("nan")):
        with torch.no_grad():
            classifier.model.classifier.bias += bias
        with pytest.raises(CheckpointError, match=r"computes otherwise than torch: a logit differs by (1.0e-01|nan)"):
            export_onnx(classifier, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_is_refused(
    exported: Path, trained: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = opened(trained("topic"))
    with pytest.raises(UsageError, match=r"expected 200 at least, none of them empty, found 1\. Give a file of them"):
        export_onnx(classifier, tmp_path / "out", int8=True, texts=["نص"])
    monkeypatch.setattr(exporting, "_write_model", lambda _, path: shutil.copyfile(exported / "model.onnx", path))
    with pytest.raises(UsageError, match="none of them empty, found 199"):
        export_onnx(classifier, tmp_path / "out", int8=True, texts=[*["نص"] * 199, " "])
    assert not (tmp_path / "out").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    with pytest.raises(UsageError, match="full holds something"):
        export_onnx(classifier, tmp_path / "full")
    result = CliRunner().invoke(cli, ["export", "summary", "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, CheckpointError)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"mujaz\[onnx\]"):
        export_onnx(classifier, tmp_path / "out")
    monkeypatch.undo()
    classifier.model.to(torch.bfloat16)
    with pytest.raises(UsageError, match=r"found cpu and torch\.bfloat16"):
        export_onnx(classifier, tmp_path / "out")
