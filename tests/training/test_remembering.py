"""What a start answers is learnt beside the labels: it forgets less."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from scipy.special import expit
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot

from mujaz import Summarizer
from mujaz.cli import cli
from mujaz.configs.loading import check_config
from mujaz.configs.schema import TrainConfig
from mujaz.errors import ConfigError, UsageError
from mujaz.models.classifier import TextClassifier, softmax
from mujaz.models.selector import SelectionEngine
from mujaz.models.standing import BESIDES, OUTPUTS
from mujaz.training.encoded import IGNORED, UNSURE
from mujaz.training.job import prepare
from mujaz.training.job_loss import remembering
from mujaz.training.judging import STANDS, JudgedLoss
from mujaz.training.losses import LabelLoss, MultiLabelLoss
from mujaz.training.remembering import RememberingLoss
from mujaz.training.search import search
from mujaz.training.train import train
from tests.conftest import MONEY, SPORT, TinyConfig, write_jsonl

Trained = Callable[[str], Path]
SHARE = 0.3


def remembered(
    plain: LabelLoss | MultiLabelLoss | JudgedLoss, known: list[int], answers: torch.Tensor
) -> RememberingLoss:
    loss = RememberingLoss(plain, SHARE, known)
    loss.answers = answers
    return loss


def test_one_label_becomes_a_mixture_with_the_answer() -> None:
    torch.manual_seed(0)
    logits, answers = torch.randn(6, 3, requires_grad=True), torch.randn(6, 3)
    labels = torch.tensor([0, 2, 1, 1, 0, IGNORED])
    loss = remembered(LabelLoss(), [0, 1, 2], answers)({"logits": logits}, labels)
    mixed = (1 - SHARE) * one_hot(labels[:5], 3) + SHARE * answers[:5].softmax(-1)
    (gradient,) = torch.autograd.grad(loss, logits)
    (expected,) = torch.autograd.grad(cross_entropy(logits[:5], mixed), logits)
    assert gradient.numpy() == pytest.approx(expected.numpy(), abs=1e-7)


def test_of_what_is_new_there_is_no_answer() -> None:
    torch.manual_seed(0)
    logits, answers = torch.randn(4, 3), torch.randn(4, 3)
    labels, plain = torch.tensor([2, UNSURE, 2, 2]), LabelLoss(weights=[1.0, 1.0, 2.0], gamma=2.0)
    expected = plain({"logits": logits}, labels)
    assert torch.equal(remembered(plain, [0, 1], answers)({"logits": logits}, labels), expected)


def test_several_labels_become_mixtures_with_the_answers() -> None:
    torch.manual_seed(0)
    logits, answers = torch.randn(5, 3, requires_grad=True), torch.randn(5, 3)
    labels = (torch.rand(5, 3) > 0.5).float()
    filled = torch.cat([labels, torch.full((1, 3), float(IGNORED))])
    more = torch.cat([logits, torch.randn(1, 3)])
    loss = remembered(MultiLabelLoss(), [0, 2], torch.cat([answers, answers[:1]]))({"logits": more}, filled)
    mixed = labels.clone()
    mixed[:, [0, 2]] = (1 - SHARE) * labels[:, [0, 2]] + SHARE * answers[:, [0, 2]].sigmoid()
    (gradient,) = torch.autograd.grad(loss, logits)
    (expected,) = torch.autograd.grad(binary_cross_entropy_with_logits(logits, mixed), logits)
    assert gradient.numpy() == pytest.approx(expected.numpy(), abs=1e-7)


def test_what_was_judged_is_learnt_in_full() -> None:
    torch.manual_seed(0)
    logits, answers = torch.randn(1, 4, BESIDES + len(OUTPUTS)), torch.randn(1, 4, BESIDES + len(OUTPUTS))
    words = torch.tensor([[IGNORED] * 3, [1, 0, 0], [0, 1, IGNORED], [IGNORED] * 3, [1, 2, STANDS]]).float()[None]
    plain = JudgedLoss(0.5)
    both = plain({"logits": logits}, words)
    of_words = MultiLabelLoss()({"logits": logits[..., :3]}, words[:, :4])
    loss = remembered(plain, [0, 1, 2], answers)({"logits": logits}, words)
    wanted = answers[0, 1:3, :3].sigmoid()
    told = binary_cross_entropy_with_logits(logits[0, 1:3, :3], wanted, reduction="sum")
    least = binary_cross_entropy_with_logits(answers[0, 1:3, :3], wanted, reduction="sum")
    assert float(loss) == pytest.approx(float(both - SHARE * of_words + SHARE * (told - least) / 5), rel=1e-5)
    assert float(RememberingLoss(plain, SHARE, [0, 1, 2])({"logits": logits}, words)) == float(both)  # of dev rows


def test_a_model_that_goes_on_forgets_less(trained: Trained, tiny_config: TinyConfig, tmp_path: Path) -> None:
    texts, start = [*SPORT, *MONEY], trained("topic")
    before = TextClassifier.from_pretrained(start, device="cpu", precision="float32")
    labels = before.labels
    data = write_jsonl(  # other news, and one label for all of it
        tmp_path / "rows.jsonl",
        [{"text": f"{texts[i % 8]} {i}", "label": labels[0 if i else 1]} for i in range(48)],
    )
    moved = {}
    for share in (0.0, 0.9):
        settings = {"max_steps": 40, "learning_rate": 1e-2, "without_forgetting": share}
        config = tiny_config("topic", data, tmp_path / str(share), **settings)
        config["model"], config["data"] = {"name": str(start)}, {"train": str(data), "labels": labels}
        after = train(check_config(config, "test")).folder
        classifier = TextClassifier.from_pretrained(after, device="cpu", precision="float32")
        moved[share] = float(abs(softmax(classifier.logits(texts)) - softmax(before.logits(texts))).mean())
    assert moved[0.9] < 0.5 * moved[0.0]


def test_a_summarizer_keeps_its_choice_and_learns_what_stands(
    bert_folder: Path, tiny_config: TinyConfig, tmp_path: Path
) -> None:
    rows: list[dict[str, object]] = [
        {"text": f"{one}\n{other}", "summary": other, "judged": [[one, True], [f"{one} {other}", False]]}
        for one, other in zip(SPORT * 6, MONEY * 6, strict=True)
    ]
    data = write_jsonl(tmp_path / "rows.jsonl", rows)

    def learnt(name: str, start: Path, **training: object) -> NDArray[np.float32]:
        """What a training leaves says of each token of each article."""
        config = tiny_config("summary", data, tmp_path / name, max_steps=20, learning_rate=1e-2, **training)
        config["model"] = {"name": str(start), "recipe": "news", "max_length": 24}
        if "judged" in training:
            config["data"]["columns"] = {"judged": "judged"}
        train(check_config(config, "test"))
        left = Summarizer.from_pretrained(tmp_path / name, device="cpu", precision="float32")
        assert isinstance(left.engine, SelectionEngine)
        return np.concatenate(left.engine.token_logits(left.encoder([str(row["text"]) for row in rows[:4]])))

    before = learnt("before", bert_folder)
    apart = {}
    for share in (0.0, 1.0):
        after = learnt(str(share), tmp_path / "before", judged=1.0, without_forgetting=share)
        apart[share] = float(abs(expit(after[:, :3]) - expit(before)).mean())
    assert after.shape[1] == BESIDES + len(OUTPUTS)
    assert apart[1.0] < 0.5 * apart[0.0]


@pytest.mark.parametrize(
    ("task", "settings", "message"),
    [
        ("topic", {"without_forgetting": 0.5}, "leave it, or scratch, fsdp and distill, out"),
        ("topic", {"without_forgetting": 1.0, "start": True}, "give less than 1"),
        ("summary", {"without_forgetting": 1.0, "start": True}, "give less than 1"),
    ],
)
def test_what_cannot_be_is_refused(
    task: str, settings: dict[str, Any], message: str, tiny_config: TinyConfig, topic_file: Path, tmp_path: Path
) -> None:
    start = settings.pop("start", False)
    config = tiny_config(task, topic_file, tmp_path / "run", **settings)
    if start:
        config["model"] = {"name": "topic"}
    with pytest.raises(ConfigError, match=message):
        check_config(config, "test")


def test_a_start_that_knew_nothing_is_refused(
    bert_folder: Path, trained: Trained, tiny_config: TinyConfig, topic_file: Path, summary_file: Path, tmp_path: Path
) -> None:
    for task, data, start, message in (
        ("topic", topic_file, bert_folder, r"trained for some of these labels \(.*was for none"),
        ("summary", summary_file, bert_folder, r"trained for some of these labels \(keep, start, end\)"),
        ("summary", summary_file, trained("summary"), "without_forgetting is for encoders"),
    ):
        config = tiny_config(task, data, tmp_path / task, max_steps=1, without_forgetting=0.5)
        config["model"] = {"name": str(start)}
        with pytest.raises(UsageError, match=message):
            train(check_config(config, "test"))


@pytest.mark.parametrize("way", ["all weights", "lora"])
def test_a_training_that_was_killed_remembers_the_same_start(
    way: str, trained: Trained, tiny_config: TinyConfig, topic_file: Path, tmp_path: Path
) -> None:
    def config(name: str) -> TrainConfig:
        given = tiny_config("topic", topic_file, tmp_path / name, max_steps=6, save_every=2, without_forgetting=0.5)
        given["training"] |= {"gradient_accumulation": 2}
        given["model"] = {"name": str(trained("topic")), **({"lora": {"rank": 2}} if way == "lora" else {})}
        return check_config(given, "test")

    def kill(line: str) -> None:
        if line.startswith("step 4/6"):
            raise KeyboardInterrupt

    if way == "lora":
        pytest.importorskip("peft")
    whole = train(config("whole"))
    with pytest.raises(KeyboardInterrupt):
        train(config("killed"), report=kill)
    lines: list[str] = []
    train(config("killed"), report=lines.append)
    assert any(line.startswith("resuming from checkpoint-") for line in lines)
    both = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "killed")]
    assert both[0] == both[1]
    assert whole.steps == 6


def test_the_plan_says_what_is_remembered(
    trained: Trained, bert_folder: Path, tiny_config: TinyConfig, topic_file: Path, tmp_path: Path
) -> None:
    config = tiny_config("topic", topic_file, tmp_path / "run", without_forgetting=0.25)
    file = tmp_path / "config.yaml"

    def dry_run(start: Path) -> Result:
        file.write_text(json.dumps({**config, "model": {"name": str(start)}}), encoding="utf-8")
        return CliRunner().invoke(cli, ["train", str(file), "--dry-run"])

    assert (
        "# start: its own answers are 25% of what is learnt of the labels that it knew"
        in dry_run(trained("topic")).output
    )
    refused = dry_run(bert_folder).exception
    assert isinstance(refused, UsageError)
    assert "was for none" in str(refused)


def test_labels_are_known_by_the_names_that_they_are_given(
    trained: Trained, tiny_config: TinyConfig, stance_file: Path, tmp_path: Path
) -> None:
    """What the data calls otherwise is remembered of the label that it is renamed to; a third is learnt anew."""
    names = {"favor": "pro", "against": "contra"}
    rows = [json.loads(line) for line in stance_file.read_text(encoding="utf-8").splitlines()]
    rows = [row | {"label": names[row["label"]] if i % 4 else "none"} for i, row in enumerate(rows)]
    config = tiny_config("stance", write_jsonl(tmp_path / "rows.jsonl", rows), tmp_path / "run", max_steps=2)
    config["data"]["rename"] = {new: old for old, new in names.items()}
    config["training"]["without_forgetting"] = 0.9
    config["model"] = {"name": str(trained("stance"))}
    job = prepare(check_config(config, "test"))
    found = remembering(job)
    assert found is not None
    assert [job.splits.labels[place] for place in found.known] == ["against", "favor"]
    assert train(check_config(config, "test")).steps == 2


def test_several_labels_are_remembered(tiny_config: TinyConfig, tmp_path: Path) -> None:
    texts: list[dict[str, object]] = [
        {"text": f"{one} {i}", "labels": labels}
        for i in range(8)
        for one, labels in [*((text, ["sport"]) for text in SPORT), *((text, ["money", "news"]) for text in MONEY)]
    ]
    first = tiny_config("topic", write_jsonl(tmp_path / "rows.jsonl", texts), tmp_path / "first", learning_rate=1e-2)
    first["data"]["columns"] = {"label": "labels"}
    train(check_config(first, "test"))
    before = TextClassifier.from_pretrained(tmp_path / "first", device="cpu", precision="float32")
    empty: list[dict[str, object]] = [{**row, "labels": [], "text": f"{row['text']} أمس"} for row in texts]
    empty[0]["labels"], empty[1]["labels"] = ["money", "news"], ["sport"]
    data = write_jsonl(tmp_path / "empty.jsonl", empty)
    moved = {}
    for share in (0.0, 0.9):
        config = {**first, "output": str(tmp_path / str(share)), "model": {"name": str(tmp_path / "first")}}
        config["data"] = {**first["data"], "train": str(data), "dev_fraction": 0.0, "test_fraction": 0.0}
        config["training"] = {**first["training"], "learning_rate": 5e-4, "without_forgetting": share}
        train(check_config(config, "test"))
        after = TextClassifier.from_pretrained(tmp_path / str(share), device="cpu", precision="float32")
        asked = [*SPORT, *MONEY]
        moved[share] = float(abs(expit(after.logits(asked)) - expit(before.logits(asked))).mean())
    assert moved[0.9] < 0.5 * moved[0.0]
    one: list[dict[str, object]] = [{**row, "labels": ["sport", "money"][i % 2]} for i, row in enumerate(texts)]
    config["data"]["train"] = str(write_jsonl(tmp_path / "one.jsonl", one))
    with pytest.raises(UsageError, match=r"with one label a text; .* gives several labels"):
        train(check_config(config, "test"), restart=True)


def test_a_search_tries_it(trained: Trained, tiny_config: TinyConfig, topic_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    config = tiny_config("topic", topic_file, tmp_path / "run", max_steps=2)
    config["model"] = {"name": str(trained("topic"))}
    config["search"] = {"trials": 3, "space": {"training.without_forgetting": {"low": 0.0, "high": 0.9}}}
    assert {trial.state for trial in search(check_config(config, "test")).trials} == {"complete"}
    config["search"]["space"]["training.without_forgetting"]["high"] = 1.0
    with pytest.raises(ConfigError, match="give less than 1"):
        search(check_config(config, "test"), restart=True)
