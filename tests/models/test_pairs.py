"""Text and target side by side: the same pair in training, evaluation, over a corpus and from Python."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mujaz import TextClassifier
from mujaz.cli import cli
from mujaz.configs.loading import check_config
from mujaz.configs.schema import PairConfig
from mujaz.errors import ConfigError
from mujaz.models.encoding import TextEncoder
from mujaz.training.job import prepare
from mujaz.training.report.attribution import word_scores
from mujaz.training.train import train

PROMPT = "الموقف من: {target}"
SENTENCE = "فاز المنتخب في مباراة الكرة. "
PAIRS = [PairConfig(order=order, template=t) for order in ("text_first", "target_first") for t in ("{target}", PROMPT)]


def _config(tiny_config: Callable[..., dict[str, Any]], data: Path, output: Path) -> dict[str, Any]:
    config = tiny_config("stance", data, output)
    config["model"]["pair"] = {"order": "target_first", "template": PROMPT}
    return config


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., dict[str, Any]], stance_file: Path
) -> Path:
    folder = tmp_path_factory.mktemp("pairs") / "run"
    train(check_config(_config(tiny_config, stance_file, folder), "test"))
    return folder


@pytest.fixture
def plain(trained: Callable[[str], Path]) -> TextEncoder:
    return TextClassifier.from_pretrained(trained("stance"), device="cpu").encoder


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.order}-{len(pair.template)}")
@pytest.mark.parametrize("text", ["فاز", SENTENCE * 40], ids=["short", "long"])
def test_ids_are_those_of_the_tokenizer_on_the_two_segments(plain: TextEncoder, pair: PairConfig, text: str) -> None:
    encoder = dataclasses.replace(plain, pair=pair)
    target = encoder.recipe(pair.template.replace("{target}", "السوق"))
    segments, cut = (encoder.recipe(text), target), "only_first"
    if pair.order == "target_first":
        segments, cut = (target, encoder.recipe(text)), "only_second"
    expected = plain.tokenizer(*segments, truncation=cut, max_length=plain.max_length)
    found = encoder([text], ["السوق"])[0]
    assert (found.input_ids, found.token_type_ids) == (expected["input_ids"], expected["token_type_ids"])
    truncated = dataclasses.replace(encoder, long=encoder.long.model_copy(update={"policy": "truncate"}))
    assert truncated.documents([text], ["السوق"])[0].windows == (found,)


def test_windows_repeat_a_target_that_comes_first(plain: TextEncoder) -> None:
    encoder = dataclasses.replace(plain, pair=PAIRS[-1])
    short = encoder(["فاز"], ["السوق"])[0]
    head = short.input_ids[: short.token_type_ids.index(1)]
    document = encoder.documents([SENTENCE * 40], ["السوق"])[0]
    assert len(document.windows) > 3
    assert document.dropped == 0
    for window in document.windows:
        assert len(window.input_ids) <= encoder.max_length
        assert window.input_ids[: len(head)] == head
        assert window.token_type_ids == [0] * len(head) + [1] * (len(window.input_ids) - len(head))


def test_training_and_a_loaded_model_read_the_same_pair(
    run: Path, tiny_config: Callable[..., dict[str, Any]], stance_file: Path, tmp_path: Path
) -> None:
    assert json.loads((run / "mujaz.json").read_text(encoding="utf-8"))["pair"] == PAIRS[-1].model_dump()
    job = prepare(check_config(_config(tiny_config, stance_file, tmp_path / "same"), "test"))
    model = TextClassifier.from_pretrained(run, device="cpu")
    texts, targets = [e.text for e in job.splits.train], [e.target or "" for e in job.splits.train]
    assert [e.input_ids for e in model.encode(texts, targets)] == job.train["input_ids"][:]
    ids = model.encode(["فاز"], ["السوق"])[0].input_ids
    assert model.encoder.tokenizer.decode(ids[1:3]) == " ".join(model.encoder.recipe("الموقف من").split())
    assert PROMPT in (run / "README.md").read_text(encoding="utf-8")


def test_the_command_and_python_give_the_same_labels(run: Path, stance_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ["--model", str(run), "--target-column", "target", "--out", str(out), "--device", "cpu"]
    result = CliRunner().invoke(cli, ["classify", str(stance_file), *arguments])
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in stance_file.read_text(encoding="utf-8").splitlines()]
    written = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    model = TextClassifier.from_pretrained(run, device="cpu")
    ours = model.predict([row["text"] for row in rows], [row["target"] for row in rows])
    assert [one["label"] for one in written] == [one.label for one in ours] == [row["label"] for row in rows]
    assert [one["probability"] for one in written] == pytest.approx([one.probability for one in ours], abs=1e-6)


def test_a_model_that_goes_on_from_another_keeps_its_pair(
    run: Path, tiny_config: Callable[..., dict[str, Any]], stance_file: Path, tmp_path: Path
) -> None:
    config = tiny_config("stance", stance_file, tmp_path / "next")
    config["model"] = {"name": str(run)}
    assert prepare(check_config(config, "test")).start.encoder.pair == PAIRS[-1]
    config["model"]["pair"] = {"template": "{target}"}
    assert prepare(check_config(config, "test")).start.encoder.pair == PAIRS[0]


def test_words_that_spoke_know_where_the_target_stands(run: Path) -> None:
    model = TextClassifier.from_pretrained(run, device="cpu", precision="float32")
    words = word_scores(model, "أحب السوق كثيرا", "الكرة", label="favor", against="against")
    assert [w.text for w in words if w.target] == model.encoder.recipe(PROMPT.replace("{target}", "الكرة")).split()
    assert [w.text for w in words if not w.target] == model.encoder.recipe("أحب السوق كثيرا").split()


@pytest.mark.parametrize("template", ["الموقف من", "{target} {target}", "{هدف}", ""])
def test_a_template_without_its_target_is_refused(
    tiny_config: Callable[..., dict[str, Any]], stance_file: Path, tmp_path: Path, template: str
) -> None:
    config = tiny_config("stance", stance_file, tmp_path)
    config["model"]["pair"] = {"template": template}
    with pytest.raises(ConfigError, match=r"model\.pair: template: expected \{target\} in it once"):
        check_config(config, "test")


def test_a_pair_is_for_stance_alone(
    tiny_config: Callable[..., dict[str, Any]], topic_file: Path, tmp_path: Path
) -> None:
    config = tiny_config("topic", topic_file, tmp_path)
    config["model"]["pair"] = {"order": "target_first"}
    with pytest.raises(ConfigError, match="model.pair is for stance: a topic model reads the text alone"):
        check_config(config, "test")
