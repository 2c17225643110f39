"""What makes a training faster or smaller must not change what it learns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForSeq2SeqLM

from mujaz import TextClassifier, train
from mujaz.configs.loading import check_config
from mujaz.configs.optimization_schema import TrainingConfig
from mujaz.configs.schema import ScratchConfig
from mujaz.training import train as train_module
from mujaz.training.compiling import compiled_to_train
from mujaz.training.job import Job, prepare
from mujaz.training.sampling import GroupedSampler
from mujaz.training.scratch import new_seq2seq, train_unigram

TinyConfig = Callable[..., dict[str, Any]]


@pytest.fixture
def logits(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> Callable[..., Any]:
    """``logits(name, **training)``: those of a trained model."""

    def get(name: str, **settings: object) -> Any:
        config = check_config(tiny_config("topic", topic_file, tmp_path / name, **{"epochs": 2, **settings}), "test")
        model = TextClassifier.from_pretrained(train(config).folder, device="cpu", precision="float32")
        return model.logits(["فاز الفريق", "سهم البنك في السوق"])

    return get


def test_activation_checkpointing_and_accumulation_change_nothing(logits: Callable[..., Any]) -> None:
    plain = logits("plain")
    np.testing.assert_allclose(logits("again", activation_checkpointing=True), plain, atol=1e-5)
    np.testing.assert_allclose(logits("parts", batch_size=4, gradient_accumulation=2), plain, atol=1e-3)


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch.compile traces, but writes no C++: that takes a minute to build."""
    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda forward, **options: real(forward, backend="eager", **options))


@pytest.mark.usefixtures("traced")
def test_a_compiled_classifier_learns_the_same(logits: Callable[..., Any]) -> None:
    np.testing.assert_allclose(logits("compiled", compile=True), logits("plain"), atol=1e-4)


@pytest.mark.usefixtures("traced")
def test_a_compiled_summarizer_learns_the_same(summary_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    losses = []
    for name, compile_it in (("plain", False), ("compiled", True)):
        job = _job(summary_file, tmp_path / name, tiny_config, "summary", compile=compile_it, max_steps=6)
        trainer = train_module.build_trainer(job, progress=False, report=lambda line: None)
        with compiled_to_train(job.start.model, job.config.training):
            losses.append(trainer.train().training_loss)
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Which stacks were compiled, and how often what came of it was called. Nothing is built: that takes a minute."""
    seen: Counter[str] = Counter()

    def compile_(forward: Callable[..., Any], *, dynamic: bool) -> Callable[..., Any]:
        assert dynamic
        name = type(forward.__self__).__name__  # type: ignore[attr-defined]
        seen[name] = 0

        def call(*args: Any, **kwargs: Any) -> Any:
            seen[name] += 1
            return forward(*args, **kwargs)

        return call

    monkeypatch.setattr(torch, "compile", compile_)
    return seen


def test_the_encoder_of_a_classifier_is_compiled_while_it_trains(
    topic_file: Path, tmp_path: Path, tiny_config: TinyConfig, compiled: Counter[str]
) -> None:
    train(check_config(tiny_config("topic", topic_file, tmp_path / "plain"), "test"))
    assert not compiled
    result = train(check_config(tiny_config("topic", topic_file, tmp_path / "run", compile=True), "test"))
    assert compiled == {"BertModel": result.steps}


def test_both_stacks_of_a_summarizer_are_compiled_while_they_train(
    summary_file: Path, tmp_path: Path, tiny_config: TinyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[Any] = []

    def compile_(forward: Any, *, dynamic: bool) -> Any:
        names.append(forward.__self__)
        return forward

    monkeypatch.setattr(torch, "compile", compile_)
    model = _job(summary_file, tmp_path / "run", tiny_config, "summary").start.model
    with compiled_to_train(model, TrainingConfig(compile=True)):
        assert names == [model.get_encoder(), model.get_decoder()]
        assert all("forward" in vars(stack) for stack in names)
    assert not any("forward" in vars(stack) for stack in names)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_padding_of_summaries_is_not_scored(
    summary_file: Path, tmp_path: Path, tiny_config: TinyConfig, smoothing: float
) -> None:
    job = _job(summary_file, tmp_path / "run", tiny_config, "summary", label_smoothing=smoothing)
    trainer = train_module.build_trainer(job, progress=False, report=lambda line: None)
    model = job.start.model.eval()
    batch = next(iter(trainer.get_train_dataloader()))
    batch["labels"][0, 3:] = -100  # as if the first summary were shorter
    scored: list[torch.Size] = []
    hook = model.get_output_embeddings().register_forward_hook(lambda head, given, made: scored.append(made.shape))
    loss = trainer.compute_loss(model, dict(batch))
    hook.remove()
    labels = batch["labels"]
    assert [shape[:-1] for shape in scored] == [((labels != -100).sum(),)]
    assert scored[0][0] < labels.numel()
    logits = model(**{**batch, "labels": None}).logits
    whole = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), label_smoothing=smoothing)
    torch.testing.assert_close(loss, whole)


def test_a_decoder_may_have_fewer_layers() -> None:
    tokenizer = train_unigram(["نص قصير جدا عن الأخبار"] * 4, 60)
    shape = ScratchConfig(hidden_size=32, heads=2, layers=3, intermediate_size=32)
    assert new_seq2seq(shape, tokenizer, 0).config.num_decoder_layers == 3
    config = new_seq2seq(shape.model_copy(update={"decoder_layers": 2}), tokenizer, 0).config
    assert (config.num_layers, config.num_decoder_layers) == (3, 2)


def _job(file: Path, folder: Path, tiny_config: TinyConfig, task: str = "topic", **settings: object) -> Job:
    return prepare(check_config(tiny_config(task, file, folder, **settings), "test"))


def test_batches_are_as_wide_as_their_longest_row(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    job = _job(topic_file, tmp_path / "run", tiny_config)
    trainer = train_module.build_trainer(job, progress=False, report=lambda line: None)
    widths, longest = [], []
    for batch in trainer.get_train_dataloader():
        widths.append(batch["input_ids"].shape[1])
        longest.append(int(batch["attention_mask"].sum(1).max()))
    assert widths == longest
    assert max(widths) < 48  # max_length
    assert len(set(widths)) > 1


def test_rows_of_a_length_go_together_unless_told_not_to() -> None:
    lengths = [int(n) for n in np.random.default_rng(0).integers(5, 200, 640)]

    def padding(group: bool) -> float:
        order = list(GroupedSampler(lengths, 16, 3, group=group))
        assert sorted(order) == list(range(640))
        widths = [max(lengths[row] for row in order[i : i + 16]) for i in range(0, 640, 16)]
        return 1 - sum(lengths) / (16 * sum(widths))

    assert padding(True) < 0.1 < 0.4 < padding(False)


def test_group_by_length_is_a_config_line(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    for group in (True, False):
        job = _job(topic_file, tmp_path / "run", tiny_config, group_by_length=group)
        trainer = train_module.build_trainer(job, progress=False, report=lambda line: None)
        sampler = trainer._get_train_sampler()
        assert isinstance(sampler, GroupedSampler)
        assert sampler.group is group


def test_the_optimizer_is_fused_or_adafactor(
    topic_file: Path, summary_file: Path, mt5_folder: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    job = _job(topic_file, tmp_path / "run", tiny_config)
    trainer = train_module.build_trainer(job, progress=False, report=lambda line: None)
    assert trainer.create_optimizer().param_groups[0]["fused"] is True
    data = tiny_config("summary", summary_file, tmp_path / "mt5", max_steps=3, optimizer="adafactor")
    data["model"] = {"name": str(mt5_folder), "max_length": 48}
    config = check_config(data, "test")
    before: Any = AutoModelForSeq2SeqLM.from_pretrained(mt5_folder)
    job = prepare(config)
    optimizer = train_module.build_trainer(job, progress=False, report=lambda line: None).create_optimizer()
    assert type(optimizer).__name__ == "Adafactor"
    after: Any = AutoModelForSeq2SeqLM.from_pretrained(train(config).folder)
    assert not torch.equal(before.lm_head.weight, after.lm_head.weight)


def test_bfloat16_is_autocast_and_weights_stay_float32(
    topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    job = _job(topic_file, tmp_path / "run", tiny_config, precision="bfloat16", max_steps=2)
    trainer = train_module.build_trainer(job, progress=False, report=lambda line: None)
    seen: set[torch.dtype] = set()
    layer: Any = job.start.model.get_submodule("bert.encoder.layer.0.intermediate.dense")
    layer.register_forward_hook(lambda module, inputs, output: seen.add(output.dtype))
    trainer.train()
    assert seen == {torch.bfloat16}
    assert {p.dtype for p in job.start.model.parameters()} == {torch.float32}
