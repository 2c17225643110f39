"""Pretraining: the loss falls, a resumed run is the same run, held-out and excluded text is never trained on."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file
from transformers import AutoModelForMaskedLM, AutoModelForSeq2SeqLM, AutoTokenizer, GenerationConfig

from mujaz import Summarizer, TextClassifier
from mujaz.configs.loading import check_config
from mujaz.configs.pretrain_schema import DenoisingConfig, PretrainConfig
from mujaz.errors import CheckpointError, DataError, UsageError
from mujaz.models.checkpoint import read_info
from mujaz.training import objectives
from mujaz.training.pretrain import pretrain
from mujaz.training.train import train
from tests.conftest import MONEY, SPORT, TinyConfig, write_jsonl

SHAPE = {
    "vocab_size": 200,
    "hidden_size": 32,
    "layers": 1,
    "heads": 2,
    "intermediate_size": 64,
    "sequence_length": 24,
    "max_positions": 48,
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 documents of sentences that a model can learn."""
    chance = random.Random(3)
    rows: list[dict[str, object]] = [
        {"title": f"عنوان {i}", "text": ". ".join(chance.choices((SPORT, MONEY)[i % 2], k=4)) + f" رقم {i}"}
        for i in range(120)
    ]
    return write_jsonl(tmp_path_factory.mktemp("plain") / "corpus.jsonl", rows)


def _config(
    corpus: Path,
    output: Path,
    objective: str = "masked-words",
    held_out: float = 0.15,
    sampled: int | None = None,
    **training: object,
) -> PretrainConfig:
    return PretrainConfig.model_validate(
        {
            "objective": objective,
            "output": str(output),
            "model": {**SHAPE, "prime_embeddings": False},  # else the loss begins near its end
            "data": {"train": str(corpus), "held_out": held_out},
            "masking": {"sampled_pieces": sampled},
            "training": {
                "max_steps": 60,
                "batch_size": 8,
                "learning_rate": 1e-2,
                "evaluations": 2,
                "precision": "float32",
                "device": "cpu",
                **training,
            },
        }
    )


@pytest.fixture(scope="module")
def pretrained(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "encoder"
    pretrain(_config(corpus, folder))
    return folder


@pytest.fixture(scope="module")
def denoised(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "encoder-decoder"
    pretrain(_config(corpus, folder, "denoising"))
    return folder


@pytest.fixture(scope="module")
def sampled(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "sampled"
    pretrain(_config(corpus, folder, sampled=200))
    return folder


@pytest.mark.parametrize("run", ["pretrained", "denoised", "sampled"])
def test_the_loss_falls(run: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(run)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    losses = [entry["loss"] for entry in metrics["log"] if "loss" in entry]
    assert losses[-1] < losses[0] - 1
    assert metrics["held_out_loss"] < np.log(SHAPE["vocab_size"])
    whole = 60 * 8 * 24
    assert metrics["tokens"] == whole if run != "denoised" else 60 * 8 * (8 + 2) <= metrics["tokens"] < whole
    assert not (folder / "checkpoints").exists()


def test_the_result_is_a_plain_checkpoint(pretrained: Path) -> None:
    model, report = AutoModelForMaskedLM.from_pretrained(pretrained, output_loading_info=True)
    assert not report["missing_keys"]
    assert model.config.architectures == ["BertForMaskedLM"]
    assert model.config.hidden_dropout_prob == 0.1
    tokenizer = AutoTokenizer.from_pretrained(pretrained)
    ids = tokenizer("فَازَ الفريقُ", return_tensors="pt")["input_ids"]
    assert ids.tolist() == tokenizer("فاز الفريق", return_tensors="pt")["input_ids"].tolist()  # the recipe is inside
    assert model(ids).logits.shape[-1] == len(tokenizer)


def test_an_encoder_decoder_is_a_plain_checkpoint_that_cannot_write_a_sentinel(denoised: Path, corpus: Path) -> None:
    model, report = AutoModelForSeq2SeqLM.from_pretrained(denoised, output_loading_info=True)
    assert not report["missing_keys"]
    assert (model.config.architectures, model.config.dropout_rate) == (["T5ForConditionalGeneration"], 0.1)
    assert (model.generation_config.max_new_tokens, model.generation_config.num_beams) == (84, 4)
    tokenizer = AutoTokenizer.from_pretrained(denoised)
    assert tokenizer("فَازَ الفريقُ")["input_ids"] == tokenizer("فاز الفريق")["input_ids"]  # the recipe is inside
    ids = tokenizer(f"{SPORT[0]} <extra_id_0> {SPORT[1]} <mask>", return_tensors="pt")["input_ids"]
    marks = {tokenizer.convert_tokens_to_ids(token) for token in ("<extra_id_0>", "<mask>")}
    assert len(marks & {*ids[0].tolist()}) == 2
    with torch.no_grad():
        model.get_input_embeddings().weight[list(marks)] *= 50  # what it would write most
    forced = model.generate(ids, suppress_tokens=None, num_beams=1, max_new_tokens=9)
    assert marks & {*forced[0].tolist()}
    assert not marks & {*model.generate(ids, max_new_tokens=9)[0].tolist()}


def test_an_encoder_decoder_is_refused_until_it_was_fine_tuned_and_then_summarizes(
    denoised: Path, summary_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    info = read_info(denoised)
    assert info is not None
    assert (info.task, info.recipe["name"], info.max_length) == ("pretraining", "news", 24)
    with pytest.raises(CheckpointError, match="never fine-tuned"):
        Summarizer.from_pretrained(denoised)
    config = tiny_config("summary", summary_file, tmp_path / "summary", epochs=8)
    config["model"] = {"name": str(denoised), "max_target_length": 16}
    train(check_config(config, "test"))
    summarizer = Summarizer.from_pretrained(tmp_path / "summary", engine="torch")
    text = summarizer.summarize([f"{SPORT[0]}. وقال المتحدث إن الأمر مهم."])[0].text
    assert set(text.split()) & set(SPORT[0].split())
    tokenizer = AutoTokenizer.from_pretrained(denoised)
    marks = {tokenizer.convert_tokens_to_ids(token) for token in ("<extra_id_0>", "<mask>")}
    plain = GenerationConfig.from_pretrained(tmp_path / "summary")
    assert marks <= {*(plain.suppress_tokens or [])} <= {*(summarizer.generation.suppress_tokens or [])}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"denoising": {"noise": 0.2}}, "denoising belongs to objective: denoising"),
        (
            {"model": {"sequence_length": 99, "max_positions": 50}},
            "sequence_length 99 is more than model.max_positions 50",
        ),
    ],
)
def test_settings_that_do_not_suit_an_encoder_are_refused(
    changed: dict[str, object], message: str, corpus: Path, tmp_path: Path
) -> None:
    given = {"objective": "masked-words", "output": str(tmp_path), "data": {"train": str(corpus)}, "model": {}}
    with pytest.raises(ValidationError, match=message):
        PretrainConfig.model_validate(given | changed)
    config = PretrainConfig.model_validate({**given, **changed, "objective": "denoising"})
    assert config.denoising == DenoisingConfig(noise=0.2 if "denoising" in changed else 0.15)
    assert (config.recipe, PretrainConfig.model_validate(given).recipe) == ("news", "news-folded")


def test_the_loss_is_that_of_plain_transformers(pretrained: Path) -> None:
    """Scoring the masked pieces alone gives the loss that scoring every piece gives."""
    model = AutoModelForMaskedLM.from_pretrained(pretrained)
    torch.manual_seed(0)
    ids = torch.randint(5, 100, (4, 24))
    labels = torch.where(torch.rand(4, 24) < 0.3, ids, -100)
    positions = torch.arange(24)[None] + torch.tensor([[0], [3], [20], [24]])
    inputs = {"input_ids": ids, "position_ids": positions, "labels": labels}
    with torch.no_grad():
        ours = _trainer(model, pretrained).compute_loss(model, inputs)
        plain = model(**inputs).loss
    torch.testing.assert_close(ours, plain)


def _trainer(model: Any, folder: Path) -> Any:
    from transformers import TrainingArguments

    from mujaz.training.pretrain_trainer import MaskedWordsTrainer

    arguments = TrainingArguments(output_dir=str(folder / "unused"), use_cpu=True, report_to="none")
    return MaskedWordsTrainer(model=model.eval(), args=arguments)


def test_it_is_not_mistaken_for_a_classifier(pretrained: Path) -> None:
    info = read_info(pretrained)
    assert info is not None
    assert info.task == "pretraining"
    with pytest.raises(CheckpointError, match="fine-tune it first"):
        TextClassifier.from_pretrained(pretrained)


def test_training_starts_from_it(pretrained: Path, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    config = tiny_config("topic", topic_file, tmp_path / "topic", epochs=12)
    config["model"] = {"name": str(pretrained)}
    result = train(check_config(config, "test"))
    assert result.evaluation is not None
    assert result.evaluation.metrics["accuracy"] > 0.9
    info = read_info(tmp_path / "topic")
    assert info is not None
    assert (info.recipe["name"], info.max_length) == ("news-folded", 48)


class _KilledError(RuntimeError):
    pass


def test_a_sample_gives_nearly_the_weights_that_all_pieces_give(pretrained: Path, sampled: Path) -> None:
    """And the loss on held-out text is that of all pieces."""
    losses = [
        json.loads((run / "metrics.json").read_text(encoding="utf-8"))["held_out_loss"] for run in (pretrained, sampled)
    ]
    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], abs=0.15)


def test_activations_computed_again_change_nothing(corpus: Path, tmp_path: Path) -> None:
    """Also not where the last layer is computed at some places alone."""
    runs = [
        _config(corpus, tmp_path / str(again), max_steps=3, activation_checkpointing=again) for again in (False, True)
    ]
    losses = [pretrain(config).loss for config in runs]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


@pytest.mark.parametrize(
    ("run", "objective"), [("pretrained", "masked-words"), ("denoised", "denoising"), ("sampled", "masked-words")]
)
def test_a_resumed_run_ends_where_an_undisturbed_one_ends(
    run: str,
    objective: str,
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    undisturbed = request.getfixturevalue(run)
    folder = tmp_path / "run"

    def killed(line: str) -> None:
        if line.startswith("step 30/60  dev"):  # the checkpoint of step 30 is not written yet: that of step 20 is
            raise _KilledError

    config = _config(corpus, folder, objective, sampled=200 if run == "sampled" else None, save_every=20)
    with pytest.raises(_KilledError):
        pretrain(config, report=killed)
    for name in ("train_wordpiece", "train_unigram"):
        monkeypatch.setattr(objectives, name, None)  # the tokenizer must not be trained again
    lines: list[str] = []
    pretrain(config, report=lines.append)
    assert any(line.startswith("resuming from checkpoint-20") for line in lines)
    ours, theirs = load_file(folder / "model.safetensors"), load_file(undisturbed / "model.safetensors")
    for name, weights in theirs.items():
        torch.testing.assert_close(ours[name], weights, rtol=0, atol=1e-6)
    for name in ("config.json", "mujaz.json", "tokenizer.json", "tokenizer_config.json"):
        assert (folder / name).read_bytes() == (undisturbed / name).read_bytes(), name


def test_a_restart_reads_the_files_again(corpus: Path, tmp_path: Path) -> None:
    own = tmp_path / corpus.name
    rows = corpus.read_text(encoding="utf-8").splitlines(keepends=True)
    read: list[int] = []

    def killed(line: str) -> None:
        if line.startswith("documents: "):
            read.append(int(line.split()[1].rstrip(",")))
        if line.startswith("training: "):
            raise _KilledError

    for number in (120, 100):
        own.write_text("".join(rows[:number]), encoding="utf-8")
        with pytest.raises(_KilledError):
            pretrain(_config(own, tmp_path / "run"), restart=True, report=killed)
    assert read[0] > read[1] > 0  # and not from the shards of the run before


def test_a_run_that_its_data_stopped_may_be_corrected(tmp_path: Path, corpus: Path) -> None:
    config = _config(corpus, tmp_path / "run", max_steps=2)
    wrong = config.model_copy(deep=True)
    wrong.data.columns = ["body"]
    with pytest.raises(DataError, match="expected one of the columns body"):
        pretrain(wrong)
    wrong = config.model_copy(deep=True)
    wrong.model.sequence_length = 10**6
    wrong.model.max_positions = 2 * 10**6
    with pytest.raises(DataError, match="the text is too short"):
        pretrain(wrong)
    assert pretrain(config).steps == 2


@pytest.mark.parametrize("changed", ["train", "exclude"])
def test_text_that_changed_is_not_gone_on_with(corpus: Path, tmp_path: Path, changed: str) -> None:
    files = {"train": tmp_path / corpus.name, "exclude": tmp_path / "test.jsonl"}
    files["train"].write_bytes(corpus.read_bytes())
    write_jsonl(files["exclude"], [{"text": SPORT[0]}])
    config = _config(files["train"], tmp_path / "run", save_every=20)
    config.data.exclude = str(files["exclude"])

    def killed(line: str) -> None:
        if line.startswith("step 30/60  dev"):
            raise _KilledError

    with pytest.raises(_KilledError):
        pretrain(config, report=killed)
    before = files[changed].read_bytes()
    files[changed].write_bytes(before + before)
    with pytest.raises(UsageError, match="began with other data: its files have changed since"):
        pretrain(config)
    files[changed].write_bytes(before)
    pretrain(config)


def test_a_finished_run_is_not_begun_again_by_mistake(corpus: Path, pretrained: Path) -> None:
    with pytest.raises(UsageError, match="finished run"):
        pretrain(_config(corpus, pretrained))


def test_too_little_text_is_refused(tmp_path: Path) -> None:
    corpus = write_jsonl(tmp_path / "a.jsonl", [{"text": "كلمة"}])
    with pytest.raises(DataError, match="too short"):
        pretrain(_config(corpus, tmp_path / "run"))


def test_a_file_without_text_columns_is_refused(tmp_path: Path) -> None:
    corpus = write_jsonl(tmp_path / "a.jsonl", [{"body": "كلمة"}])
    with pytest.raises(DataError, match="title, summary, text, found body"):
        pretrain(_config(corpus, tmp_path / "run"))
