from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    BartConfig,
    BartForConditionalGeneration,
    GenerationConfig,
    T5Config,
    T5ForConditionalGeneration,
)

from mujaz.configs.loading import check_config
from mujaz.errors import CheckpointError, UsageError
from mujaz.models import trimming
from mujaz.models.checkpoint import TRAINED_FILE
from mujaz.models.summarizer import Summarizer
from mujaz.models.trimmed_weights import cut_rows, renumbered_generation
from mujaz.models.trimming import trim
from mujaz.training.scratch import train_unigram, train_wordpiece
from mujaz.training.train import train
from tests.conftest import MONEY, SPORT, TinyConfig

TEXTS = SPORT * 5  # the pieces of MONEY's words are not needed
PROBE = "فاز المنتخب في البطولة"


def both(folder: Path) -> tuple[Any, Any]:
    """Tokenizer and model as a program loads them that knows nothing of mujaz."""
    return AutoTokenizer.from_pretrained(folder), AutoModelForSeq2SeqLM.from_pretrained(folder).eval()


@pytest.fixture(scope="module")
def trimmed(mt5_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, trimming.TrimReport]:
    folder = tmp_path_factory.mktemp("trimmed") / "mt5"
    return folder, trim(mt5_folder, TEXTS, folder, keep=1.0)


@torch.inference_mode()
def same_logits(old: Path, new: Path, text: str) -> float:
    """The largest difference over the kept pieces, matched by their names; special tokens of the text included."""
    (old_tokenizer, old_model), (new_tokenizer, new_model) = both(old), both(new)
    names = new_tokenizer.convert_ids_to_tokens(list(range(new_model.config.vocab_size)))
    rows = torch.tensor(old_tokenizer.convert_tokens_to_ids(names))
    ids = new_tokenizer(text)["input_ids"]
    start = new_model.config.decoder_start_token_id
    after = new_model(input_ids=torch.tensor([ids]), decoder_input_ids=torch.tensor([[start, *ids]])).logits
    ids = rows[ids].tolist()
    start = old_model.config.decoder_start_token_id
    before = old_model(input_ids=torch.tensor([ids]), decoder_input_ids=torch.tensor([[start, *ids]])).logits
    return float((before[..., rows] - after).abs().max())


def test_logits_of_kept_pieces_are_equal_in_plain_transformers(
    mt5_folder: Path, trimmed: tuple[Path, trimming.TrimReport]
) -> None:
    assert same_logits(mt5_folder, trimmed[0], PROBE) < 1e-4


def test_the_report_counts_what_is_there(mt5_folder: Path, trimmed: tuple[Path, trimming.TrimReport]) -> None:
    folder, report = trimmed
    (old_tokenizer, old), (new_tokenizer, new) = both(mt5_folder), both(folder)
    assert (report.pieces_before, report.pieces) == (200, new.get_input_embeddings().weight.shape[0])
    assert report.pieces == len(new_tokenizer) < len(old_tokenizer)
    assert report.parameters_before == sum(p.numel() for p in old.parameters())
    assert report.parameters == sum(p.numel() for p in new.parameters())
    assert report.parameters_before - report.parameters == 2 * 16 * (200 - report.pieces)  # two matrices, 16 wide
    assert report.held_out_texts == 2
    assert report.same_texts == report.same_tokens == 1.0
    assert report.largest_difference < 1e-4 < report.largest_logit
    assert json.loads((folder / "trim.json").read_text(encoding="utf-8"))["pieces"] == report.pieces


def test_texts_of_the_corpus_are_cut_as_before(mt5_folder: Path, trimmed: tuple[Path, trimming.TrimReport]) -> None:
    old, new = AutoTokenizer.from_pretrained(mt5_folder), AutoTokenizer.from_pretrained(trimmed[0])
    for text in SPORT:
        assert new.tokenize(text) == old.tokenize(text)
        assert new.decode(new(text)["input_ids"], skip_special_tokens=True) == text


def test_special_tokens_and_sentinels_stay(mt5_folder: Path, trimmed: tuple[Path, trimming.TrimReport]) -> None:
    old, new = AutoTokenizer.from_pretrained(mt5_folder), AutoTokenizer.from_pretrained(trimmed[0])
    assert new.special_tokens_map == {key: v for key, v in old.special_tokens_map.items() if isinstance(v, str)}
    ids = new(f"<extra_id_0> {PROBE}")["input_ids"]
    assert ids[0] == new.convert_tokens_to_ids("<extra_id_0>") != new.unk_token_id
    assert ids[-1] == new.eos_token_id
    assert sum(f"<extra_id_{i}>" in new.get_vocab() for i in range(100)) == 100
    config = AutoModelForSeq2SeqLM.from_pretrained(trimmed[0]).config
    assert (config.pad_token_id, config.eos_token_id) == (new.pad_token_id, new.eos_token_id)


def test_the_head_stays_apart(mt5_folder: Path, trimmed: tuple[Path, trimming.TrimReport]) -> None:
    _, model = both(trimmed[0])
    head, embeddings = model.get_output_embeddings().weight, model.get_input_embeddings().weight
    assert not torch.equal(head, embeddings)
    assert json.loads((trimmed[0] / "config.json").read_text(encoding="utf-8"))["tie_word_embeddings"] is False


def test_a_share_leaves_rare_pieces_out(mt5_folder: Path, tmp_path: Path) -> None:
    whole = trim(mt5_folder, [*MONEY, *SPORT * 9], tmp_path / "whole", keep=1.0)
    most = trim(mt5_folder, [*MONEY, *SPORT * 9], tmp_path / "most", keep=0.6)
    assert most.pieces < whole.pieces
    assert most.same_tokens < whole.same_tokens == 1.0
    assert same_logits(mt5_folder, tmp_path / "most", PROBE) < 1e-4


def test_it_is_trained_like_any_other(
    trimmed: tuple[Path, trimming.TrimReport], tiny_config: TinyConfig, summary_file: Path, tmp_path: Path
) -> None:
    config = tiny_config("summary", summary_file, tmp_path / "run", epochs=1)
    config["model"] = {"name": str(trimmed[0]), "max_length": 48, "max_target_length": 16}
    train(check_config(config, "test"))
    tuned, start = both(tmp_path / "run")[1], both(trimmed[0])[1]
    assert tuned.config.vocab_size == trimmed[1].pieces
    assert not torch.equal(tuned.get_output_embeddings().weight, start.get_output_embeddings().weight)
    assert not torch.equal(tuned.get_output_embeddings().weight, tuned.get_input_embeddings().weight)


def test_a_trained_summarizer_writes_the_same(
    trained: Callable[[str], Path], summary_file: Path, tmp_path: Path
) -> None:
    folder = trained("summary")
    rows = [json.loads(line) for line in summary_file.read_text(encoding="utf-8").splitlines()]
    articles = [row["text"] for row in rows]
    trim(folder, [text for row in rows for text in (row["text"], row["summary"])], tmp_path / "out", keep=1.0)
    before, after = Summarizer.from_pretrained(folder), Summarizer.from_pretrained(tmp_path / "out")
    assert (tmp_path / "out" / TRAINED_FILE).read_bytes() == (folder / TRAINED_FILE).read_bytes()
    assert after.info == before.info
    found = [summary.text for summary in after.summarize(articles[:6])]
    assert found == [summary.text for summary in before.summarize(articles[:6])]
    assert any(found)


def small_t5(folder: Path, tokenizer: Any) -> Any:
    config = T5Config(vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    config.decoder_start_token_id = 0
    T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def test_tied_weights_stay_tied_and_a_bias_is_cut(tmp_path: Path) -> None:
    tokenizer = train_unigram([*SPORT, *MONEY], 120)
    settings: dict[str, Any] = {"vocab_size": len(tokenizer), "d_model": 16, "max_position_embeddings": 64}
    settings |= {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 3, "decoder_start_token_id": 1}
    for side in ("encoder", "decoder"):
        settings |= {f"{side}_layers": 1, f"{side}_attention_heads": 2, f"{side}_ffn_dim": 32}
    model = BartForConditionalGeneration(BartConfig(forced_eos_token_id=1, **settings))
    bias: Any = model.final_logits_bias
    bias.copy_(torch.randn_like(bias))
    model.save_pretrained(tmp_path / "bart")
    tokenizer.save_pretrained(tmp_path / "bart")
    report = trim(tmp_path / "bart", TEXTS, tmp_path / "out", keep=1.0)
    assert report.pieces < report.pieces_before
    _, smaller = both(tmp_path / "out")
    assert smaller.get_output_embeddings().weight is smaller.get_input_embeddings().weight
    assert same_logits(tmp_path / "bart", tmp_path / "out", PROBE) < 1e-4


def test_a_raw_model_is_still_refused_as_a_summarizer(mt5_folder: Path, tmp_path: Path) -> None:
    raw = tmp_path / "mt5-small"  # the name of a raw preset's folder
    shutil.copytree(mt5_folder, raw)
    trim(raw, TEXTS, tmp_path / "out")
    with pytest.raises(CheckpointError, match="never fine-tuned"):
        Summarizer.from_pretrained(tmp_path / "out")
    assert Summarizer.from_pretrained(tmp_path / "out", allow_raw=True).summarize([PROBE])


def test_a_model_that_answers_with_a_sentinel_is_raw(
    mt5_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trimming, "answers_with_sentinel", lambda *_: True)
    trim(mt5_folder, TEXTS, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "mujaz.json").read_text(encoding="utf-8"))["task"] == "pretraining"


def test_generation_settings_are_renumbered() -> None:
    settings = GenerationConfig(
        eos_token_id=[2, 6], suppress_tokens=[3, 4], begin_suppress_tokens=[3], bad_words_ids=[[4, 6], [3]], num_beams=3
    )
    found = renumbered_generation(settings, [2, 4, 6])
    assert found.eos_token_id == [0, 2]
    assert found.suppress_tokens == [1]
    assert not found.begin_suppress_tokens
    assert found.bad_words_ids == [[1, 2]]
    assert found.num_beams == 3
    with pytest.raises(CheckpointError, match="token 2 as eos_token_id"):
        renumbered_generation(settings, [4, 6])


def test_a_wordpiece_tokenizer_is_refused(tmp_path: Path) -> None:
    small_t5(tmp_path / "t5", train_wordpiece([*SPORT, *MONEY], 100))
    with pytest.raises(CheckpointError, match=r"only a Unigram .* found WordPiece"):
        trim(tmp_path / "t5", TEXTS, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_encoder_is_refused(bert_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="only sequence-to-sequence models"):
        trim(bert_folder, TEXTS, tmp_path / "out")


def test_other_logits_are_an_error(mt5_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shifted(model: Any, kept: Any) -> None:
        cut_rows(model, [*kept[:-2], kept[-1], kept[-2]])  # two rows of the last sentinels exchanged

    monkeypatch.setattr(trimming, "cut_rows", shifted)
    with pytest.raises(CheckpointError, match="logits of the trimmed model differ"):
        trim(mt5_folder, TEXTS, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_asked_for(mt5_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no text"):
        trim(mt5_folder, ["", " "], tmp_path / "out")
    with pytest.raises(UsageError, match="keep must be a share"):
        trim(mt5_folder, TEXTS, tmp_path / "out", keep=99.99)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(UsageError, match="is there already"):
        trim(mt5_folder, TEXTS, tmp_path / "full")
