"""mBART marks each text with a token of its language; its tokenizers say English unless told otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer, MBart50Tokenizer, MBartConfig, MBartForConditionalGeneration, MBartTokenizer

from mujaz import Summarizer
from mujaz.configs.loading import check_config
from mujaz.models.opening import open_checkpoint
from mujaz.training.train import train

Hub = Callable[..., Path]


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """``hub(MBartTokenizer)``: a tiny mBART laid out like the hub's, whose settings name no language unless given."""

    def make(kind: Any, **settings: Any) -> Path:
        folder = tmp_path / kind.__name__
        letters = [(letter, -3.0) for letter in "▁ابتثجحخدذرزسشصضطظعغفقكلمنهويةىأ."]
        tokenizer = kind(vocab=[("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *letters])
        torch.manual_seed(0)
        config = MBartConfig(
            vocab_size=len(tokenizer), d_model=16, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=16,
            decoder_ffn_dim=16, encoder_attention_heads=2, decoder_attention_heads=2, max_position_embeddings=64,
        )  # fmt: skip
        config.decoder_start_token_id = 2 if kind is MBart50Tokenizer else None
        MBartForConditionalGeneration(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        path = folder / "tokenizer_config.json"
        saved = {**json.loads(path.read_text(encoding="utf-8")), "src_lang": None, "tgt_lang": None, **settings}
        path.write_text(json.dumps(saved), encoding="utf-8")
        return folder

    return make


@pytest.mark.parametrize("kind", [MBart50Tokenizer, MBartTokenizer])
def test_it_is_trained_and_used_as_arabic(hub: Hub, kind: Any, tmp_path: Path, summary_file: Path) -> None:
    out = tmp_path / "out"
    config = {
        "task": "summary",
        "output": str(out),
        "model": {"name": str(hub(kind)), "max_length": 48, "max_target_length": 16},
        "data": {"train": str(summary_file), "dev_fraction": 0.25},
        "training": {"batch_size": 8, "max_steps": 1, "precision": "float32", "device": "cpu"},
        "generation": {"num_beams": 2, "max_new_tokens": 8},
    }
    train(check_config(config, "test"))
    summarizer = Summarizer.from_pretrained(out, device="cpu", engine="torch")
    plain = AutoTokenizer.from_pretrained(out)
    arabic, english = (plain.convert_tokens_to_ids(name) for name in ("ar_AR", "en_XX"))
    for tokenizer in (plain, summarizer.encoder.tokenizer):
        for ids in (tokenizer("فاز")["input_ids"], tokenizer(text_target="فاز")["input_ids"]):
            assert arabic in ids
            assert english not in ids
    # What it learns to write comes after what it begins with when it writes.
    labels = torch.tensor(summarizer.encoder.labels(["فاز"], 16))
    shifted = summarizer.model.prepare_decoder_input_ids_from_labels(labels=labels)[0].tolist()  # type: ignore[operator]
    settings = summarizer.generation
    assert settings.decoder_start_token_id == shifted[0]
    assert settings.forced_bos_token_id == (arabic if kind is MBart50Tokenizer else None)


def test_a_language_that_the_checkpoint_names_stays(hub: Hub) -> None:
    opened = open_checkpoint(hub(MBart50Tokenizer, src_lang="fr_XX", tgt_lang="fr_XX"), task="summary", to_train=True)
    tokenizer = opened.encoder.tokenizer
    assert tokenizer.convert_tokens_to_ids("fr_XX") in tokenizer("فاز")["input_ids"]


def test_a_published_summarizer_reads_as_it_was_trained(hub: Hub) -> None:
    tokenizer = open_checkpoint(hub(MBart50Tokenizer), task="summary").encoder.tokenizer
    assert tokenizer.convert_tokens_to_ids("en_XX") in tokenizer("فاز")["input_ids"]
