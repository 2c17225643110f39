from __future__ import annotations

import importlib.util
import json
import shutil
import signal
import subprocess
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
    MBartConfig,
    MBartForConditionalGeneration,
    ModernBertConfig,
    ModernBertForSequenceClassification,
    PreTrainedModel,
    RobertaConfig,
    RobertaForSequenceClassification,
    T5Config,
    T5ForConditionalGeneration,
)

from mujaz import Summarizer, TextClassifier, train
from mujaz.configs.loading import check_config
from mujaz.configs.schema import LoraSettings
from mujaz.errors import CheckpointError, ConfigError, MissingExtraError, UsageError
from mujaz.models.checkpoint import EMBEDDED
from mujaz.training import train as train_module
from mujaz.training.job import prepare
from mujaz.training.lora import merged, trained_parameters, with_lora
from mujaz.training.resume import last_checkpoint
from tests import fork_server

peft = pytest.importorskip("peft")

TinyConfig = Callable[..., dict[str, Any]]
LORA = {"rank": 4, "alpha": 8}

READING_WARNS = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"
)  # peft does


@pytest.fixture
def lora_config(bert_folder: Path, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> TinyConfig:
    """``lora_config("run", dora=True, epochs=2)``: settings of model.lora, the others of training."""

    def make(name: str, **settings: object) -> dict[str, Any]:
        own = {key: settings.pop(key) for key in LoraSettings.model_fields if key in settings}
        data = tiny_config("topic", topic_file, tmp_path / name, **settings)
        data["model"] = {"name": str(bert_folder), "recipe": "arabert", "lora": {**LORA, **own}}
        return data

    return make


def _small(kind: str) -> PreTrainedModel:
    shape: dict[str, Any] = {"vocab_size": 60, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    shape |= {"intermediate_size": 32, "pad_token_id": 0, "num_labels": 3}
    if kind == "bert":
        return BertForSequenceClassification(BertConfig(**shape))
    if kind == "roberta":
        return RobertaForSequenceClassification(RobertaConfig(**shape))
    if kind == "modernbert":
        shape |= {"bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2}
        return ModernBertForSequenceClassification(ModernBertConfig(**shape))
    if kind == "t5":
        config = T5Config(
            vocab_size=60, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2, feed_forward_proj="gated-gelu"
        )
        config.decoder_start_token_id = 0
        return T5ForConditionalGeneration(config)
    return MBartForConditionalGeneration(
        MBartConfig(
            vocab_size=60,
            d_model=16,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=32,
            decoder_ffn_dim=32,
        )
    )


@pytest.mark.filterwarnings("error::FutureWarning")
@pytest.mark.parametrize("dora", [False, True])
@pytest.mark.parametrize("kind", ["bert", "roberta", "modernbert", "t5", "mbart"])
def test_merging_changes_no_logit(kind: str, dora: bool) -> None:
    torch.manual_seed(0)
    plain: Any = _small(kind)
    before = {name: weight.clone() for name, weight in plain.state_dict().items()}
    model: Any = with_lora(plain, LoraSettings(rank=4, dora=dora, dropout=0.0), 0, "owner/name")
    batch = {"input_ids": torch.randint(3, 60, (2, 7)), "attention_mask": torch.ones(2, 7, dtype=torch.long)}
    batch["labels"] = torch.randint(3, 60, (2, 5)) if kind in ("t5", "mbart") else torch.tensor([0, 2])
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.05)
    for _ in range(3):
        model(**batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.eval()
    with torch.no_grad():
        apart = model(**batch).logits
        whole: Any = merged(model)
        assert type(whole) is type(plain)
        together = whole(**batch).logits
    torch.testing.assert_close(together, apart, atol=1e-5, rtol=1e-5)
    changed = {name for name, weight in whole.state_dict().items() if not torch.equal(weight, before[name])}
    heads = {"bert": {"classifier.weight", "bert.pooler.dense.weight"}, "roberta": {"classifier.dense.weight"}}
    assert {*heads.get(kind, set())} <= changed
    assert all("embed" not in name and "shared" not in name for name in changed)  # those stay as they were


def test_only_adapters_and_the_head_are_trained(lora_config: TinyConfig) -> None:
    job = prepare(check_config(lora_config("run"), "test"))
    trained = {n for n, p in job.start.model.named_parameters() if p.requires_grad}
    assert {n.split(".")[-1] for n in trained if "lora_" not in n} == {"weight", "bias"}
    assert all("lora_" in n or "modules_to_save" in n for n in trained)
    # By hand: adapters of rank 4 on query, key, value, output (32x32), and the two of the feed-forward block (32x64);
    # pooler 32x32+32; classifier 32x2+2.
    expected = 4 * 4 * (32 + 32) + 2 * 4 * (32 + 64) + (32 * 32 + 32) + (32 * 2 + 2)
    assert trained_parameters(job.start.model) == expected
    (line,) = [line for line in job.plan().lines() if line.startswith("trained:")]
    assert line.startswith(f"trained: {expected / 1e6:.2f} M of 0.0 M parameters (")
    assert "note:" not in "".join(job.plan().lines())
    slow = prepare(check_config(lora_config("run", learning_rate=3e-5), "test"))
    assert slow.plan().lines()[-1].startswith("note: a learning rate of 3e-05 is low for model.lora")


@READING_WARNS
@pytest.mark.parametrize("dora", [False, True])
def test_a_run_leaves_a_plain_checkpoint_and_the_adapter(
    lora_config: TinyConfig, bert_folder: Path, dora: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    logits: list[Any] = []

    def spy(model: Any) -> Any:
        model.eval()
        ids = torch.tensor([[2, 7, 9, 3]])
        with torch.no_grad():
            logits.append(model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits)
        return merged(model)

    monkeypatch.setattr(train_module, "merged", spy)
    result = train(check_config(lora_config("run", dora=dora, epochs=4), "test"))
    plain: Any = AutoModelForSequenceClassification.from_pretrained(result.folder)
    ids = torch.tensor([[2, 7, 9, 3]])
    with torch.no_grad():
        again = plain(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    torch.testing.assert_close(again, logits[0], atol=1e-5, rtol=1e-5)
    assert not any("lora" in name for name in plain.state_dict())
    own = TextClassifier.from_pretrained(result.folder, device="cpu", precision="float32", engine="torch")
    assert own.labels == ["money", "sport"]

    # The adapter alone, on the pretrained encoder: its head comes with it.
    base = AutoModelForSequenceClassification.from_pretrained(bert_folder, num_labels=2)
    shared = peft.PeftModel.from_pretrained(base, result.folder / "adapter").eval()
    with torch.no_grad():
        torch.testing.assert_close(
            shared(input_ids=ids, attention_mask=torch.ones_like(ids)).logits, logits[0], atol=1e-5, rtol=1e-5
        )
    assert json.loads((result.folder / "adapter" / "adapter_config.json").read_text())["use_dora"] is dora
    assert not (result.folder / "adapter" / "README.md").exists()
    with pytest.raises(CheckpointError, match="adapter without its model.*folder above"):
        TextClassifier.from_pretrained(result.folder / "adapter")


def test_mt5_with_lora_keeps_its_head_apart(
    mt5_folder: Path, summary_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    data = tiny_config("summary", summary_file, tmp_path / "run", max_steps=3)
    data["model"] = {"name": str(mt5_folder), "max_length": 48, "lora": LORA}
    result = train(check_config(data, "test"))
    start: Any = AutoModelForSeq2SeqLM.from_pretrained(mt5_folder)
    model: Any = AutoModelForSeq2SeqLM.from_pretrained(result.folder)
    torch.testing.assert_close(model.lm_head.weight, start.lm_head.weight)
    torch.testing.assert_close(model.shared.weight, start.shared.weight)
    query = "encoder.block.0.layer.0.SelfAttention.q.weight"
    assert not torch.equal(model.state_dict()[query], start.state_dict()[query])
    assert json.loads((result.folder / "config.json").read_text())["tie_word_embeddings"] is False
    saved = json.loads((result.folder / "generation_config.json").read_text())
    assert (saved["num_beams"], saved["max_new_tokens"]) == (2, 12)
    assert "max_length" not in saved
    with pytest.raises(UsageError, match="float16"):
        Summarizer.from_pretrained(result.folder, device="cpu", precision="float16")


def test_a_killed_run_resumes_and_ends_like_one_that_was_not(lora_config: TinyConfig, tmp_path: Path) -> None:
    data = lora_config("killed", epochs=12, save_every=5, patience=None)
    folder = Path(data["output"])
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    command = ["-m", "mujaz", "train", str(tmp_path / "run.yaml")]
    with fork_server.start(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while last_checkpoint(folder / "checkpoints") is None and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert last_checkpoint(folder / "checkpoints") is not None
    lines: list[str] = []
    resumed = train(check_config(data, "test"), report=lines.append)
    assert any("resuming from checkpoint-" in line for line in lines)
    whole = train(check_config({**data, "output": str(tmp_path / "whole")}, "test"))
    assert resumed.steps == whole.steps
    a, b = (TextClassifier.from_pretrained(r.folder, device="cpu", precision="float32") for r in (resumed, whole))
    np.testing.assert_allclose(a.logits(["فاز الفريق", "سهم"]), b.logits(["فاز الفريق", "سهم"]), atol=1e-4)
    shutil.rmtree(folder)


def test_targets_by_name(lora_config: TinyConfig) -> None:
    job = prepare(check_config(lora_config("run", targets=["query", "value"]), "test"))
    names = {n for n, p in job.start.model.named_parameters() if p.requires_grad and "lora_" in n}
    assert {n.split(".lora_")[0].rpartition(".")[2] for n in names} == {"query", "value"}
    with pytest.raises(
        UsageError, match=r"linear layers of this bert model \(dense, key, query, value\), found q_proj"
    ):
        prepare(check_config(lora_config("run", targets=["query", "q_proj"]), "test"))


def test_lora_needs_a_pretrained_model_and_peft(
    lora_config: TinyConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, topic_file: Path, tiny_config: TinyConfig
) -> None:
    data = tiny_config("topic", topic_file, tmp_path / "run")
    data["model"]["lora"] = {}
    with pytest.raises(ConfigError, match="lora is for pretrained models"):
        check_config(data, "test")
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "peft" else real(name))
    with pytest.raises(MissingExtraError, match=r"pip install 'mujaz\[peft\]'"):
        prepare(check_config(lora_config("run"), "test"))


@READING_WARNS
def test_an_adapter_of_an_embedded_model_finds_it_again(
    topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    data = tiny_config("topic", topic_file, tmp_path / "run", max_steps=1)
    data["model"] = {"name": "topic", "max_length": 24, "lora": {"rank": 2}}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(check_config(data, "test"))
    adapter = tmp_path / "run" / "adapter"
    assert json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))["base_model_name_or_path"] == str(
        EMBEDDED / "topic"
    )
    loaded = peft.AutoPeftModelForSequenceClassification.from_pretrained(
        adapter, num_labels=2, id2label={0: "a", 1: "b"}, label2id={"a": 0, "b": 1}, ignore_mismatched_sizes=True
    )
    assert loaded.config.num_labels == 2
