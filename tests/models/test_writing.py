"""What stands between articles and an engine, with an engine that says what the test wants."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    GenerationConfig,
    LEDConfig,
    MBartConfig,
    MT5Config,
    PretrainedConfig,
    T5Config,
    UMT5Config,
)

from mujaz import Summarizer
from mujaz.cli import cli
from mujaz.errors import CheckpointError, UsageError
from mujaz.models import loading
from mujaz.models.arabic_words import words
from mujaz.models.article_words import FREE_WORDS
from mujaz.models.encoding import Encoding
from mujaz.models.engines.base import Hypothesis
from mujaz.models.light_stem import light_stem
from mujaz.models.loading import load_config, longest_output
from mujaz.models.machine import choose_dtype, half_precision_note
from mujaz.models.opening import open_checkpoint
from mujaz.models.word_bases import bases

ARTICLE = (
    "فاز المنتخب في مباراة الكرة. وقال المتحدث إن الأمر مهم. وأضاف في يوم 4 أن الخبر صحيح. "
    "ارتفع سهم البنك في البورصة. وباعت الشركة حصتها في السوق. وقال المتحدث إن الأمر مهم."
)


class SaysEngine:
    """Gives every article the same texts, best first."""

    batch_tokens, description = 64, "says"

    def __init__(self, summarizer: Summarizer, *texts: str) -> None:
        tokenizer = summarizer.encoder.tokenizer
        self.ids = [[*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id] for text in texts]
        self.settings: list[GenerationConfig] = []
        self.batches: list[list[Encoding]] = []

    def generate(self, batch: Sequence[Encoding], settings: GenerationConfig) -> list[list[Hypothesis]]:
        self.settings.append(settings)
        self.batches.append(list(batch))
        return [[Hypothesis(ids, -float(i)) for i, ids in enumerate(self.ids)] for _ in batch]


@pytest.fixture
def summarizer(trained: Callable[[str], Path]) -> Summarizer:
    return Summarizer.from_pretrained(trained("summary"), device="cpu", precision="float32")


def says(summarizer: Summarizer, *texts: str) -> SaysEngine:
    engine = SaysEngine(summarizer, *texts)
    summarizer.engine = engine
    return engine


def test_a_loop_is_passed_over_and_marked_where_there_is_nothing_else(summarizer: Summarizer) -> None:
    says(summarizer, "الكرة الكرة الكرة الكرة", "فاز المنتخب")
    assert summarizer.summarize([ARTICLE])[0].text == "فاز المنتخب"
    says(summarizer, "الكرة الكرة الكرة الكرة")
    (only,) = summarizer.summarize([ARTICLE])
    assert ("loop", "الكره") in {(finding.kind, finding.text) for finding in only.faults}


def test_faithful_prefers_what_the_article_supports(summarizer: Summarizer) -> None:
    says(summarizer, "وأضاف في يوم 3", "وأضاف في يوم 4")
    plain, faithful = (summarizer.summarize([ARTICLE], faithful=choice)[0] for choice in (False, True))
    assert [(finding.kind, finding.text) for finding in plain.findings] == [("number", "3")]
    assert faithful.text == "وأضاف في يوم 4"
    assert faithful.findings == ()
    assert faithful.score == -1


def test_faithful_passes_over_what_is_joined_of_stretches(summarizer: Summarizer) -> None:
    says(summarizer, "فاز المنتخب في البورصة", "فاز المنتخب في مباراة الكرة")
    plain, faithful = (summarizer.summarize([ARTICLE], faithful=choice)[0] for choice in (False, True))
    assert [(finding.kind, finding.text) for finding in plain.faults] == [("joined", "المنتخب في | البورصه")]
    assert (faithful.text, faithful.faults) == ("فاز المنتخب في مباراة الكرة", ())


def test_python_and_the_command_line_strip_the_same_off_an_article(
    summarizer: Summarizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = f"دبي - «الخليج»: {ARTICLE}\nاقرأ أيضا: فوز المنتخب\nجميع الحقوق محفوظة 2024"
    engine = says(summarizer, "فاز المنتخب")
    (tmp_path / "a.txt").write_text(article, encoding="utf-8")
    monkeypatch.setattr(Summarizer, "from_pretrained", lambda *given, **options: summarizer)
    command = ["summarize", str(tmp_path / "a.txt"), "--clean-article"]
    assert CliRunner().invoke(cli, command).exit_code == 0
    summarizer.summarize([article], clean_article=True)
    summarizer.summarize([ARTICLE])
    summarizer.summarize([article])
    told, python, bare, left = (batch[0].input_ids for batch in engine.batches)
    assert told == python == bare != left


def test_no_summary_is_longer_than_the_decoder_has_positions(summarizer: Summarizer) -> None:
    torch.manual_seed(0)
    sizes: dict[str, Any] = dict.fromkeys(("d_model", "encoder_ffn_dim", "decoder_ffn_dim"), 16)
    sizes |= dict.fromkeys(("encoder_layers", "decoder_layers"), 1)
    sizes |= dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 2)
    tokenizer = summarizer.encoder.tokenizer
    ids = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "decoder_start_token_id": 0}
    config = BartConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **ids, **sizes)
    bart = Summarizer(BartForConditionalGeneration(config), summarizer.encoder, summarizer.info)
    (found,) = bart.summarize([ARTICLE], length=(100, 200), num_beams=1, min_article_words=0)
    assert "cut" in {finding.kind for finding in found.findings}
    assert bart.summarize([ARTICLE], max_new_tokens=63, num_beams=1)
    for least, name in ((None, "max_new_tokens"), (64, "min_new_tokens")):
        with pytest.raises(UsageError, match=f"{name}: expected up to 63 tokens, .* found 64"):
            bart.summarize([ARTICLE], num_beams=1, max_new_tokens=64, min_new_tokens=least)
    assert longest_output(T5Config()) is None
    assert longest_output(LEDConfig()) == 1023


def test_candidates_come_best_first_without_doubles(summarizer: Summarizer) -> None:
    engine = says(summarizer, "فاز المنتخب", "فاز المنتخب", "الخبر صحيح")
    (found,) = summarizer.summarize([ARTICLE], candidates=3)
    assert [one.text for one in found.candidates] == ["فاز المنتخب", "الخبر صحيح"]
    assert engine.settings[0].num_beams == engine.settings[0].num_return_sequences == 3


def test_a_length_in_words_picks_what_has_it_and_says_how_many_came_out(summarizer: Summarizer) -> None:
    engine = says(summarizer, "فاز", "فاز المنتخب في مباراة", "الخبر صحيح")
    (found,) = summarizer.summarize([ARTICLE], length="4-6", num_beams=3)
    assert (found.text, found.words) == ("فاز المنتخب في مباراة", 4)
    fertility = len(summarizer.encoder.tokenizer(ARTICLE)["input_ids"]) / len(words(ARTICLE))
    assert 4 <= (engine.settings[0].min_new_tokens or 0) <= 6 * (fertility + 1)
    (short,) = summarizer.summarize([ARTICLE], length="5-6", num_beams=3)
    assert short.words == 4  # nothing has the length: the nearest, honestly counted


@pytest.mark.parametrize("kept", ["", "خبر قصير", "فاز المنتخب في مباراة الكرة مساء أمس وقال المتحدث إن الأمر مهم"])
def test_an_article_too_short_is_returned_as_it_is(summarizer: Summarizer, kept: str) -> None:
    engine = says(summarizer, "اختراع")
    done: list[int] = []
    (found,) = summarizer.summarize([kept], progress=done.append)
    assert (found.text, found.as_is, found.score, found.copied) == (kept, True, None, 1.0)
    assert (engine.batches, sum(done)) == ([], 1)
    assert summarizer.summarize(["خبر قصير"], min_article_words=0)[0].text == "اختراع"


def test_an_article_returned_as_it_is_has_no_html(summarizer: Summarizer) -> None:
    (found,) = summarizer.summarize(["<p>أسعار &quot;الخبز&quot;<br/>ترتفع &amp; الوزارة: 3 < 5</p>"])
    assert (found.text, found.as_is) == ('أسعار "الخبز" ترتفع & الوزارة: 3 < 5', True)


def test_foreign_ids_never_reach_the_tokenizer(summarizer: Summarizer) -> None:
    tokenizer = summarizer.encoder.tokenizer
    with pytest.raises(OverflowError):
        tokenizer.decode([-100])  # the trap
    engine = says(summarizer, "فاز المنتخب")
    engine.ids = [[-100, *engine.ids[0], -100, len(tokenizer) + 5]]
    assert summarizer.summarize([ARTICLE])[0].text == "فاز المنتخب"


LONG = " ".join(ARTICLE.replace("4", str(n)) for n in range(6))


def test_lead_ends_with_a_sentence_and_says_how_much_was_read(summarizer: Summarizer) -> None:
    engine = says(summarizer, "فاز المنتخب")
    (found,) = summarizer.summarize([LONG], long="lead")
    read = str(summarizer.encoder.tokenizer.decode(engine.batches[0][0].input_ids, skip_special_tokens=True))
    assert read.rstrip().endswith(".")
    assert LONG.startswith(read.split(".")[0])
    assert (found.long, found.truncated) == ("lead", True)
    whole = len(summarizer.encoder.tokenizer(LONG, add_special_tokens=False)["input_ids"])
    assert found.read == pytest.approx(len(engine.batches[0][0].input_ids) / whole, abs=0.05)


def test_select_reads_sentences_of_the_whole_article(summarizer: Summarizer) -> None:
    says(summarizer, "فاز المنتخب")
    (found,) = summarizer.summarize([LONG], long="select")
    assert (found.long, found.truncated) == ("select", True)
    assert 0 < found.tokens_read <= summarizer.max_length


def test_hierarchical_reads_everything_in_levels(summarizer: Summarizer) -> None:
    engine = says(summarizer, "فاز المنتخب")
    (found,) = summarizer.summarize([LONG], long="hierarchical")
    assert (found.long, found.read, found.truncated) == ("hierarchical", 1.0, False)
    assert sum(map(len, engine.batches)) > len(summarizer.encoder.tokenizer(LONG)["input_ids"]) / summarizer.max_length
    last = str(summarizer.encoder.tokenizer.decode(engine.batches[-1][0].input_ids, skip_special_tokens=True))
    assert set(words(last)) == set(words("فاز المنتخب"))


def test_what_no_section_holds_of_a_word_is_not_read(summarizer: Summarizer) -> None:
    says(summarizer, "فاز المنتخب")
    (found,) = summarizer.summarize([f"{LONG} {'س12' * summarizer.max_length}."], long="hierarchical")
    assert found.truncated
    assert found.tokens_read * (1 / found.read - 1) > summarizer.max_length  # the word is longer than two windows


def test_the_checkpoint_says_what_becomes_of_long_articles(summarizer: Summarizer, tmp_path: Path) -> None:
    summarizer.info.long = "select"
    summarizer.save_pretrained(tmp_path / "copy")
    again = Summarizer.from_pretrained(tmp_path / "copy", device="cpu", precision="float32")
    assert again.summarize([LONG])[0].long == "select"
    assert again.summarize([LONG], long="lead")[0].long == "lead"


def test_only_words_of_the_article_can_be_generated(summarizer: Summarizer) -> None:
    """An untrained model writes anything; held to the article, it writes nothing but its words."""
    torch.manual_seed(3)
    for parameter in summarizer.model.parameters():
        torch.nn.init.normal_(parameter, std=1.0)
    article = "باعت الشركة حصتها في السوق وقال المتحدث إن الخبر صحيح وأضاف أن سهم البنك ارتفع أمس"
    options: dict[str, Any] = {"num_beams": 2, "max_new_tokens": 30, "min_new_tokens": 20}
    (free,) = summarizer.summarize([article], **options)
    assert any(finding.kind in ("word", "number", "name") for finding in free.findings)  # the trap
    assert summarizer.constrains
    (held,) = summarizer.summarize([article], article_words=True, **options)
    allowed = {light_stem(word) for word in (*words(article), *words(" ".join(FREE_WORDS)))}
    allowed |= {base for word in words(article) for base in bases(word)}
    assert held.words > 3
    whole = words(held.text)[:-1]  # the last may be cut by the longest length
    assert [word for word in whole if light_stem(word) not in allowed and allowed.isdisjoint(bases(word))] == []


def test_an_engine_that_cannot_be_held_ranks_by_the_words(summarizer: Summarizer) -> None:
    says(summarizer, "النفط والذهب", "فاز المنتخب")
    assert not summarizer.constrains
    assert summarizer.summarize([ARTICLE], article_words=True)[0].text == "فاز المنتخب"


def test_a_local_copy_of_a_raw_model_is_refused_unless_forced(mt5_folder: Path, tmp_path: Path) -> None:
    for place in ("mt5-small", "models--google--mt5-small/snapshots/0a1b"):  # a clone, and the hub's cache
        folder = shutil.copytree(mt5_folder, tmp_path / place)
        with pytest.raises(CheckpointError, match="never fine-tuned.*--force-raw, or allow_raw=True"):
            Summarizer.from_pretrained(folder)
        assert Summarizer.from_pretrained(folder, device="cpu", allow_raw=True).note
    own = shutil.copytree(mt5_folder, tmp_path / "news-mt5")
    settings = json.loads((own / "config.json").read_text(encoding="utf-8"))
    (own / "config.json").write_text(json.dumps({**settings, "_name_or_path": "google/mt5-small"}), encoding="utf-8")
    assert "if it was never fine-tuned after that" in Summarizer.from_pretrained(own, device="cpu").note


def test_a_t5_that_answers_with_a_sentinel_is_raw(
    mt5_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = loading.load_seq2seq

    def pretrained(*arguments: Any) -> Any:
        """Its head answers with the sentinel whatever it is asked, as span corruption teaches."""
        model: Any = load(*arguments)
        tokenizer = open_checkpoint(mt5_folder, task="summary").encoder.tokenizer
        hidden: dict[str, torch.Tensor] = {}
        model.decoder.register_forward_hook(lambda m, i, o: hidden.update(last=o[0][0, -1].detach()))
        model(input_ids=torch.tensor([[5, 1]]), decoder_input_ids=torch.tensor([[0]]))
        with torch.no_grad():
            model.lm_head.weight.zero_()
            model.lm_head.weight[tokenizer.convert_tokens_to_ids("<extra_id_0>")] = hidden["last"]
        return model

    Summarizer.from_pretrained(
        mt5_folder, device="cpu", precision="float32"
    )  # no sentinel: fine-tuned, for all we know
    monkeypatch.setenv("MUJAZ_CACHE", str(tmp_path))  # where nothing is known of it yet
    monkeypatch.setattr("mujaz.models.raw_checkpoints.load_seq2seq", pretrained)
    with pytest.raises(CheckpointError, match="<extra_id_0>, was pretrained but never fine-tuned"):
        Summarizer.from_pretrained(mt5_folder, device="cpu", precision="float32")
    assert Summarizer.from_pretrained(mt5_folder, device="cpu", precision="float32", allow_raw=True)


def test_an_mt5_stored_in_float16_runs_in_another_format_and_says_so(mt5_folder: Path) -> None:
    config = load_config(mt5_folder)
    assert half_precision_note(config, torch.float32) == ""
    config.dtype = torch.float16
    assert half_precision_note(config, torch.float32) == (
        "mt5 is stored in float16, in which it overflows to NaN: it runs in float32."
    )


@pytest.mark.parametrize("config", [T5Config(), MT5Config(), UMT5Config()], ids=["t5", "mt5", "umt5"])
def test_no_t5_runs_in_float16(config: PretrainedConfig) -> None:
    with pytest.raises(UsageError, match=f"{config.model_type} overflows to NaN in float16"):
        choose_dtype("float16", torch.device("cpu"), config)
    assert choose_dtype("bfloat16", torch.device("cpu"), config) == torch.bfloat16
    assert choose_dtype("float16", torch.device("cpu"), MBartConfig()) == torch.float16
