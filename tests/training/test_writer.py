"""A summarizer made of an encoder: what it starts with, what it learns, and that it is a plain BART."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, BertConfig, BertModel

from mujaz import Summarizer
from mujaz.configs.loading import check_config
from mujaz.configs.schema import LoraSettings
from mujaz.errors import ConfigError, UsageError
from mujaz.models.loading import load_for_selection, load_tokenizer
from mujaz.training.copy_attention import CopyAttention
from mujaz.training.encoded import IGNORED
from mujaz.training.lora import plain, with_lora
from mujaz.training.start import start_from
from mujaz.training.train import train
from mujaz.training.writer import begin_and_end, writer_of
from tests.conftest import TinyConfig


@pytest.fixture
def bert() -> Any:
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=40,
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=20,
        initializer_range=0.2,
    )
    return BertModel(config).eval()


@pytest.fixture
def tokenizer(bert_folder: Path) -> Any:
    return load_tokenizer(bert_folder, BertConfig.from_pretrained(bert_folder))


def test_its_encoder_computes_what_bert_computes(bert: Any, tokenizer: Any) -> None:
    writer: Any = writer_of(bert, tokenizer, 2, seed=0).eval()
    ids = torch.randint(5, 40, (3, 14))
    mask = torch.ones_like(ids)
    mask[1, 9:] = 0
    with torch.no_grad():
        expected = bert(input_ids=ids, attention_mask=mask).last_hidden_state
        found = writer.get_encoder()(input_ids=ids, attention_mask=mask).last_hidden_state
    torch.testing.assert_close(found[mask == 1], expected[mask == 1], atol=1e-3, rtol=1e-3)


def test_its_decoder_begins_as_the_first_and_the_last_layer(bert: Any, tokenizer: Any) -> None:
    before = {name: value.clone() for name, value in bert.state_dict().items()}
    writer: Any = writer_of(bert, tokenizer, 2, seed=0)
    for mine, its in ((0, 0), (1, 2)):
        layer, source = writer.get_decoder().layers[mine], bert.encoder.layer[its]
        assert torch.equal(layer.fc1.weight, source.intermediate.dense.weight)
        assert torch.equal(layer.self_attn.q_proj.bias, source.attention.self.query.bias)
    assert writer.get_output_embeddings().weight is writer.get_input_embeddings().weight
    assert torch.equal(writer.get_input_embeddings().weight, bert.embeddings.word_embeddings.weight)
    assert all(torch.equal(value, before[name]) for name, value in bert.state_dict().items())
    again: Any = writer_of(bert, tokenizer, 2, seed=0)
    assert all(torch.equal(a, b) for a, b in zip(writer.parameters(), again.parameters(), strict=True))


def test_what_cannot_be_made(bert: Any, tokenizer: Any, trained: Any) -> None:
    with pytest.raises(UsageError, match="expected at most 3"):
        writer_of(bert, tokenizer, 4, seed=0)
    t5: Any = AutoModelForSeq2SeqLM.from_pretrained(trained("summary"))
    with pytest.raises(UsageError, match="makes a summarizer of a BERT; this is t5"):
        writer_of(t5, tokenizer, 1, seed=0)
    with pytest.raises(UsageError, match="copy_attention is for BART and MBart"):
        CopyAttention(t5)


@pytest.mark.parametrize("adapters", [False, True])
def test_the_loss_is_minus_log_of_the_attention_on_the_next_word(bert: Any, tokenizer: Any, adapters: bool) -> None:
    """Beside what transformers itself says of the attention of its last decoder layer."""
    writer: Any = writer_of(bert, tokenizer, 2, seed=0).eval()
    writer.set_attn_implementation("eager")
    if adapters:
        pytest.importorskip("peft")
        writer = plain(with_lora(writer, LoraSettings(rank=2), 0, "a base").eval())
        for name, weight in writer.named_parameters():  # they begin at zero
            weight.data += torch.randn_like(weight) * (0.5 if "lora_B" in name else 0)
    articles, mask = torch.randint(5, 12, (2, 9)), torch.ones(2, 9, dtype=torch.long)
    mask[1, 6:] = 0
    labels = torch.tensor([[5, 6, 7, 3], [8, 30, IGNORED, IGNORED]])  # 30 and 3 stand in no article
    copying = CopyAttention(writer)
    with copying.watching(), torch.no_grad():
        out = writer(
            input_ids=articles,
            attention_mask=mask,
            decoder_input_ids=writer.prepare_decoder_input_ids_from_labels(labels),
            output_attentions=True,
        )
    found = copying.loss(articles, mask, labels)
    expected = 0.0
    for row, at in ((0, 0), (0, 1), (0, 2), (1, 0)):
        there = [j for j in range(9) if mask[row, j] and articles[row, j] == labels[row, at]]
        if there:
            expected -= float(out.cross_attentions[-1][row, 0, at, there].sum().log())
    assert expected > 0
    assert float(found.detach()) == pytest.approx(expected, rel=1e-4)


def _config(tiny_config: TinyConfig, bert_folder: Path, summary_file: Path, out: Path, **training: object) -> Any:
    config = tiny_config("summary", summary_file, out, **{"copy_attention": 1.5, **training})
    config["model"] = {"name": str(bert_folder), "decoder_layers": 1, "max_length": 24, "max_target_length": 12}
    return config


def test_it_trains_and_is_a_plain_bart(
    tiny_config: TinyConfig, bert_folder: Path, summary_file: Path, tmp_path: Path
) -> None:
    config = _config(tiny_config, bert_folder, summary_file, tmp_path / "run")
    train(check_config(config, "test"))
    model: Any = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "run")
    assert model.__class__.__name__ == "BartForConditionalGeneration"
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "run")
    assert (tokenizer.bos_token, tokenizer.eos_token) == ("[CLS]", "[SEP]")
    ours = Summarizer.from_pretrained(tmp_path / "run", device="cpu", precision="float32", engine="torch")
    article = "فاز الفريق في نهائي البطولة أمس وخسر سهم البنك في السوق"
    ids = model.generate(**tokenizer([article], return_tensors="pt"), num_beams=1, max_new_tokens=12)[0]
    expected = str(tokenizer.decode(ids, skip_special_tokens=True))
    assert ours.summarize([article], min_article_words=0, num_beams=1)[0].text.split() == expected.split() != []


def test_the_further_loss_is_there_while_training_and_not_on_dev(
    tiny_config: TinyConfig, bert_folder: Path, summary_file: Path, tmp_path: Path
) -> None:
    """It changes what is learnt; what dev is scored by at the same weights it does not."""
    losses: dict[float, list[Any]] = {}
    for weight in (0.0, 1.5):
        config = _config(
            tiny_config,
            bert_folder,
            summary_file,
            tmp_path / f"{weight}",
            copy_attention=weight,
            max_steps=1,
            learning_rate=1e-9,
        )
        losses[weight] = train(check_config(config, "test")).metrics["log"]
    first = {weight: next(row["loss"] for row in log if "loss" in row) for weight, log in losses.items()}
    dev = {weight: [row["eval_loss"] for row in log if "eval_loss" in row][-1] for weight, log in losses.items()}
    assert first[1.5] > first[0.0]
    assert dev[1.5] == pytest.approx(dev[0.0], abs=1e-4)


def test_a_new_model_has_its_own_decoder_layers(tiny_config: TinyConfig, summary_file: Path, tmp_path: Path) -> None:
    config = tiny_config("summary", summary_file, tmp_path / "run")
    config["model"]["decoder_layers"] = 1
    with pytest.raises(ConfigError, match=r"a new model has scratch\.decoder_layers"):
        check_config(config, "test")


def test_the_start_is_what_the_config_says(tiny_config: TinyConfig, bert_folder: Path, summary_file: Path) -> None:
    from mujaz.training.data import load_splits

    config = check_config(_config(tiny_config, bert_folder, summary_file, Path("run")), "test")
    model: Any = start_from(config, load_splits(config.data, "summary")).model
    assert model.config.is_encoder_decoder
    encoder: Any = load_for_selection(bert_folder, ("keep", "start", "end")).base_model
    assert torch.equal(model.get_input_embeddings().weight, encoder.embeddings.word_embeddings.weight)


def test_only_an_encoder_gets_a_decoder(
    tiny_config: TinyConfig, bert_folder: Path, mt5_folder: Path, summary_file: Path
) -> None:
    from mujaz.training.data import load_splits

    has_one = check_config(_config(tiny_config, mt5_folder, summary_file, Path("run")), "test")
    chooses = check_config(_config(tiny_config, bert_folder, summary_file, Path("run")), "test")
    chooses.model.decoder_layers = None
    splits = load_splits(chooses.data, "summary")
    with pytest.raises(
        UsageError, match=r"decoder_layers is for encoders \(BERT\): expected one, found mt5 in .*decoder"
    ):
        start_from(has_one, splits)
    with pytest.raises(UsageError, match="a summarizer that chooses has none"):
        start_from(chooses, splits)


def test_a_tokenizer_begins_and_ends_texts(tokenizer: Any) -> None:
    begin_and_end(tokenizer)
    assert tokenizer(text_target=["فاز الفريق"])["input_ids"][0][::3] == [
        tokenizer.bos_token_id,
        tokenizer.eos_token_id,
    ]
