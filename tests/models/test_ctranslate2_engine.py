from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    BarthezTokenizer,
    GenerationConfig,
    MBartConfig,
    MBartForConditionalGeneration,
    T5Config,
    T5ForConditionalGeneration,
)

from mujaz import Summarizer
from mujaz.errors import CheckpointError, UsageError
from mujaz.inference.summarize import summarize_article
from mujaz.models import loading
from mujaz.models.auto import load_model
from mujaz.models.engines import ctranslate2_check, generation
from mujaz.models.engines.ctranslate2_conversion import require_ctranslate2
from mujaz.models.engines.ctranslate2_engine import CTranslate2Generator, search_options
from mujaz.models.trimming import trim

pytest.importorskip("ctranslate2")

ARTICLES = [
    "فاز المنتخب في مباراة الكرة وسجل اللاعب هدفا في الدوري.",
    "ارتفع سهم البنك في البورصة. زاد الدين العام. " * 3,
    "باعت الشركة حصتها في السوق.",
]
SETTINGS = {
    "num_beams": 3,
    "max_new_tokens": 9,
    "no_repeat_ngram_size": 0,
    "length_penalty": 0.7,
    "suppress_tokens": [],
}


def _sharpen(model: Any) -> None:
    """Random weights whose favourites stand out, so that two ways to compute them choose alike."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 2:
                weight.copy_(torch.randn_like(weight) * (1.0 if "lm_head" in name or "shared" in name else 0.3))


@pytest.fixture(scope="module", params=["mt5", "t5 v1.1", "mbart"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, mt5_folder: Path) -> Path:
    """A checkpoint laid out like the hub's: mT5, AraT5 (untied T5 with a sentencepiece model), AraBART."""
    made = tmp_path_factory.mktemp("hub") / request.param.replace(" ", "-")
    if request.param == "mt5":
        shutil.copytree(mt5_folder, made)
        return made
    if request.param == "t5 v1.1":
        config: Any = T5Config(
            vocab_size=200, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, feed_forward_proj="gated-gelu",
        )  # fmt: skip
        config.decoder_start_token_id = 0
        config.scale_decoder_outputs = False
        model: Any = T5ForConditionalGeneration(config)
        _sharpen(model)
        model.lm_head.weight = torch.nn.Parameter(torch.randn(200, 16))
        model.save_pretrained(made)
        settings = json.loads((made / "config.json").read_text(encoding="utf-8")) | {"tie_word_embeddings": False}
        (made / "config.json").write_text(json.dumps(settings), encoding="utf-8")
        shutil.copy(mt5_folder / "spiece.model", made)
        return made
    letters = [(letter, -3.0) for letter in "▁ابتثجحخدذرزسشصضطظعغفقكلمنهويةىأ."]
    tokenizer = BarthezTokenizer(
        vocab=[("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), *letters, ("<mask>", 0.0)]
    )
    config = MBartConfig(
        vocab_size=len(tokenizer), d_model=16, encoder_layers=1, decoder_layers=2, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=128,
        scale_embedding=True, decoder_start_token_id=2, forced_eos_token_id=2,
    )  # fmt: skip
    model = MBartForConditionalGeneration(config)
    _sharpen(model)
    model.save_pretrained(made)
    tokenizer.save_pretrained(made)
    return made


def _both(folder: Path) -> tuple[Summarizer, Summarizer]:
    load = Summarizer.from_pretrained
    return (
        load(folder, device="cpu", precision="float32", engine="torch"),
        load(folder, device="cpu", precision="float32", engine="ctranslate2"),
    )


def _ids(found: Sequence[Sequence[Any]], model: Any) -> list[list[list[int]]]:
    outside = {model.config.pad_token_id, model.config.decoder_start_token_id, model.config.eos_token_id}
    return [[[i for i in one.ids if i not in outside] for one in each] for each in found]


def test_it_generates_what_torch_generates(folder: Path) -> None:
    plain, fast = _both(folder)
    batch = plain.encoder(ARTICLES)
    assert isinstance(fast.engine, CTranslate2Generator)
    changes: list[dict[str, Any]] = [
        {"num_beams": 1, "length_penalty": None}, {}, {"length_penalty": 2.0}, {"num_return_sequences": 3},
        {"max_new_tokens": 5},
        {"num_beams": 1, "length_penalty": None, "suppress_tokens": list(range(5, 20))},
        {"num_beams": 1, "length_penalty": None, "repetition_penalty": 1.5},
        {"num_beams": 1, "length_penalty": None, "no_repeat_ngram_size": 2, "min_new_tokens": 8},
    ]  # fmt: skip
    for change in changes:
        settings = GenerationConfig.from_dict({**plain.generation.to_dict(), **SETTINGS, **change})
        expected, found = plain.engine.generate(batch, settings), fast.engine.generate(batch, settings)
        assert _ids(found, plain.model) == _ids(expected, plain.model), change
        if settings.num_beams != 1:
            scores = [one.score for each in found for one in each]
            assert scores == pytest.approx([one.score for each in expected for one in each], abs=1e-4), change


def test_a_trimmed_model_converts_and_generates_what_torch_generates(folder: Path, tmp_path: Path) -> None:
    report = trim(folder, ARTICLES, tmp_path / "small", keep=1.0)
    assert report.pieces < report.pieces_before or folder.name == "mbart"  # whose letters are all basic ones
    load, small = Summarizer.from_pretrained, tmp_path / "small"
    plain, fast, int8 = (
        load(small, device="cpu", engine=engine, precision=precision, allow_raw=True)
        for engine, precision in (("torch", "float32"), ("ctranslate2", "float32"), ("ctranslate2", "auto"))
    )
    assert "int8" in int8.description  # its check against torch has passed, or loading would have raised
    settings = GenerationConfig.from_dict({**plain.generation.to_dict(), **SETTINGS})
    batch = plain.encoder(ARTICLES)
    expected, found = plain.engine.generate(batch, settings), fast.engine.generate(batch, settings)
    assert _ids(found, plain.model) == _ids(expected, plain.model)


def test_torch_keeps_its_threads(mt5_folder: Path) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert _both(mt5_folder)[1].engine.description.endswith("2 threads")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_scores_are_those_of_torch(folder: Path) -> None:
    plain, fast = _both(folder)
    batch = plain.encoder(ARTICLES)
    ids = [[7, 9, 11, 8], [12], [6, 6, 10]]
    end = int(plain.model.config.eos_token_id)
    expected = ctranslate2_check._log_probabilities(plain.model, batch, [[*row, end] for row in ids])
    assert isinstance(fast.engine, CTranslate2Generator)
    found = fast.engine.log_probabilities(batch, ids)
    for a, b in zip(found, expected, strict=True):
        assert a == pytest.approx(b, abs=1e-3)


def test_suppressed_tokens_never_come_even_where_all_logits_are_negative(mt5_folder: Path) -> None:
    _, fast = _both(mt5_folder)
    batch = fast.encoder(ARTICLES)
    settings = GenerationConfig.from_dict({**fast.generation.to_dict(), **SETTINGS})
    settings.suppress_tokens = list(range(2, 150))
    for each in fast.engine.generate(batch, settings):
        assert not set(each[0].ids) & set(range(2, 150))


@pytest.mark.parametrize(
    ("capability", "given", "expected"), [("AVX2", None, "1"), ("AVX2", "0", "0"), ("AVX512", None, None)]
)
def test_a_processor_that_adds_in_16_bits_gets_exact_products(
    capability: str, given: str | None, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.setenv("CT2_USE_MKL", given or "")
    if given is None:
        monkeypatch.delenv("CT2_USE_MKL")
    require_ctranslate2()
    assert os.environ.get("CT2_USE_MKL") == expected


def test_int8_passes_its_check_and_is_kept(trained: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    first = Summarizer.from_pretrained(trained("summary"), device="cpu")
    assert "ctranslate2 int8" in first.description
    assert f"{first.model.num_parameters() / 1e6:.1f} M parameters" in first.description

    def never(*_: object) -> None:
        raise RuntimeError("converted again")

    monkeypatch.setattr(generation, "convert", never)
    again = Summarizer.from_pretrained(trained("summary"), device="cpu")
    assert [s.text for s in again.summarize(ARTICLES)] == [s.text for s in first.summarize(ARTICLES)]


def test_a_wrong_conversion_is_refused(mt5_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CTranslate2's own reading of the configuration, which scales mT5's logits."""
    monkeypatch.setenv("MUJAZ_CACHE", str(tmp_path))
    monkeypatch.setattr(
        "mujaz.models.engines.ctranslate2_conversion._as_the_converter_reads_it",
        lambda model: object.__setattr__(model.config, "tie_word_embeddings", True),
    )
    with pytest.raises(CheckpointError, match="does not compute what torch computes"):
        Summarizer.from_pretrained(mt5_folder, device="cpu", engine="ctranslate2")
    fallback = Summarizer.from_pretrained(mt5_folder, device="cpu")
    assert "Torch is used, not ctranslate2" in fallback.note
    assert "ctranslate2" not in fallback.engine.description
    assert list(tmp_path.rglob("model.bin")) == []


def test_auto_keeps_to_torch_where_that_was_asked_for(
    trained: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUJAZ_CACHE", str(tmp_path))
    for precision, engine in (("float32", "auto"), ("auto", "torch")):
        summarizer = Summarizer.from_pretrained(trained("summary"), device="cpu", precision=precision, engine=engine)
        assert "ctranslate2" not in summarizer.description


def test_int8_asks_for_ctranslate2(trained: Callable[[str], Path]) -> None:
    assert (
        "ctranslate2 int8" in Summarizer.from_pretrained(trained("summary"), device="cpu", precision="int8").description
    )
    one = summarize_article(ARTICLES[0], model=trained("summary"), device="cpu", precision="int8")
    assert one.text == Summarizer.from_pretrained(trained("summary"), device="cpu").summarize(ARTICLES[:1])[0].text


def test_what_it_cannot_do_is_said(trained: Callable[[str], Path]) -> None:
    with pytest.raises(UsageError, match="expected auto, torch, ctranslate2"):
        Summarizer.from_pretrained(trained("summary"), engine="onnx")
    with pytest.raises(UsageError, match="precision bfloat16"):
        Summarizer.from_pretrained(trained("summary"), device="cpu", engine="ctranslate2", precision="bfloat16")
    with pytest.raises(UsageError, match="precision int8 is ctranslate2's"):
        Summarizer.from_pretrained(trained("summary"), device="cpu", engine="torch", precision="int8")
    with pytest.raises(UsageError, match="precision int8 is for models that write; summary chooses"):
        Summarizer.from_pretrained("summary", device="cpu", precision="int8")
    with pytest.raises(UsageError, match="has no do_sample"):
        search_options(GenerationConfig(do_sample=True, max_new_tokens=3), 10)
    assert search_options(GenerationConfig(suppress_tokens=[3, 12], max_new_tokens=3), 10)["suppress_sequences"] == [
        ["3"]
    ]


def test_settings_in_the_old_place_are_found(mt5_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(mt5_folder, tmp_path / "old")
    (folder / "generation_config.json").unlink()
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    settings |= {"num_beams": 5, "max_length": 84, "length_penalty": 0.6, "no_repeat_ngram_size": 2}
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    expected: Any = loading.load_seq2seq(folder).generation_config
    found = generation.saved_generation(folder)
    for name in ("num_beams", "max_length", "length_penalty", "no_repeat_ngram_size", "decoder_start_token_id"):
        assert getattr(found, name) == getattr(expected, name) is not None


def test_an_unfinished_run_knows_its_model_whether_a_conversion_was_at_hand_or_not(
    trained: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUJAZ_CACHE", str(tmp_path))
    folder = trained("summary")
    first = Summarizer.from_pretrained(folder, device="cpu")
    assert list(tmp_path.rglob("model.bin"))
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(threads + 1)
        again = Summarizer.from_pretrained(folder, device="cpu")
    finally:
        torch.set_num_threads(threads)
    assert first.description != again.description
    assert first.identity == again.identity
    assert first.identity["engine"] == "cpu, ctranslate2 int8"
    assert first.identity != Summarizer.from_pretrained(folder, device="cpu", engine="torch").identity


def test_scores_are_measured_in_torch(trained: Callable[[str], Path]) -> None:
    assert "ctranslate2" not in load_model(trained("summary"), device="cpu").description


def test_a_cached_conversion_is_used_without_the_models_of_transformers(trained: Callable[[str], Path]) -> None:
    folder = trained("summary")
    Summarizer.from_pretrained(folder, device="cpu", engine="ctranslate2")
    code = f"""
import sys
from mujaz import Summarizer
summarizer = Summarizer.from_pretrained({str(folder)!r}, device="cpu", engine="ctranslate2")
summarizer.summarize([{ARTICLES[0]!r}], min_article_words=0)
print([name for name in ("transformers.modeling_utils", "sympy", "scipy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
