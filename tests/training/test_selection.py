from __future__ import annotations

import itertools
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from mujaz import Summarizer, train
from mujaz.cli import cli
from mujaz.configs.data_schema import ColumnsConfig
from mujaz.configs.loading import check_config
from mujaz.configs.schema import StretchConfig
from mujaz.errors import CheckpointError, UsageError
from mujaz.models.articles import clean_article
from mujaz.models.auto import load_model
from mujaz.models.loading import load_for_selection
from mujaz.models.selecting import SelectingSummarizer
from mujaz.models.summary_checks import check_summary
from mujaz.models.word_reading import WordReader
from mujaz.training.data import Example, read_examples
from mujaz.training.encoded import IGNORED
from mujaz.training.job import checkpoint_info, prepare
from mujaz.training.selection import (
    LEAST_SHARED,
    LONGEST,
    SHORTEST,
    encode_selection,
    find_least,
    least_line,
    selection_info,
    word_labels,
)
from tests.conftest import MONEY, SPORT

ARTICLE = "أعلنت الوزارة أمس أنها افتتحت مدرسة جديدة في مدينة الساحل. وقال المتحدث إن العمل مستمر."


def test_labels_of_words() -> None:
    words = ARTICLE.split()
    labels = word_labels(words, "افتتاح مدرسة جديدة في مدينه الساحل")
    kept = [word for word, (keep, _, _) in zip(words, labels, strict=True) if keep == 1]
    assert kept == ["مدرسة", "جديدة", "في", "مدينة", "الساحل."]  # letters and punctuation aside
    assert [word for word, label in zip(words, labels, strict=True) if label[1] == 1] == ["مدرسة"]
    assert [word for word, label in zip(words, labels, strict=True) if label[2] == 1] == ["الساحل."]


def test_where_nothing_is_alike_boundaries_are_not_learnt() -> None:
    labels = word_labels(ARTICLE.split(), "خسر المنتخب المباراة")
    assert (labels[:, 0] == 0).all()
    assert (labels[:, 1:] == IGNORED).all()
    assert word_labels([], "خبر").shape == (0, 3)
    assert (word_labels(ARTICLE.split(), "")[:, 1:] == IGNORED).all()


words = st.sampled_from(["فاز", "الفريق", "في", "السوق", "أمس،", "سهم", "أن", "خسر"])


@given(st.lists(words, min_size=1, max_size=30), st.lists(words, min_size=1, max_size=6))
def test_the_stretch_is_the_one_that_shares_most(article: list[str], summary: list[str]) -> None:
    """Against a plain count over all stretches."""
    keys, wanted = (
        [word.strip("،").replace("أ", "ا") for word in article],
        [w.strip("،").replace("أ", "ا") for w in summary],
    )

    def f1(start: int, end: int) -> float:
        part = keys[start:end]
        common = (Counter(part) & Counter(wanted)).total()
        pairs = sum(pair in set(pairwise(wanted)) for pair in pairwise(part))
        return 2 * (common + pairs / 2) / (len(part) + len(wanted))

    labels = word_labels(article, " ".join(summary))
    lengths = range(SHORTEST, min(LONGEST, len(article)) + 1)
    every = [f1(a, a + n) for n, a in itertools.product(lengths, range(len(article))) if a + n <= len(article)]
    best = max(every, default=0.0)
    if best <= LEAST_SHARED:
        assert (labels[:, 1:] == IGNORED).all()
        return
    (start,), (last,) = np.flatnonzero(labels[:, 1] == 1), np.flatnonzero(labels[:, 2] == 1)
    assert f1(int(start), int(last) + 1) == pytest.approx(best)


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path, summary_file: Path, tiny_config: Any) -> Path:
    """A selector trained on articles whose summary is their first sentence."""
    folder = tmp_path_factory.mktemp("selection") / "run"
    config = tiny_config("summary", summary_file, folder, learning_rate=1e-2, epochs=20, whole_texts=0.2)
    config["model"] = {"name": str(bert_folder), "recipe": "news", "max_length": 24}
    train(check_config(config, "test"))
    return folder


def test_an_encoder_learns_to_choose(chosen: Path) -> None:
    metrics = json.loads((chosen / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["best_dev_metric"] == "selection_mean"
    assert metrics["best_dev"] > 0.8
    assert metrics["metrics"]["rougeL"] > 80
    info = json.loads((chosen / "mujaz.json").read_text(encoding="utf-8"))
    assert info["selection"]["shortest"] <= info["selection"]["words"] <= info["selection"]["longest"]
    from transformers import AutoModelForTokenClassification

    plain = AutoModelForTokenClassification.from_pretrained(chosen)
    assert plain.config.id2label == {0: "keep", 1: "start", 2: "end", 3: "whole"}


def test_what_a_model_knows_of_choosing_is_kept(chosen: Path, bert_folder: Path) -> None:
    knows: Any = load_for_selection(chosen, ("keep", "start", "end", "whole"))
    fewer: Any = load_for_selection(chosen, ("keep", "start", "end"))
    assert torch.equal(fewer.classifier.weight, knows.classifier.weight[:3])
    assert torch.equal(fewer.classifier.bias, knows.classifier.bias[:3])
    other: Any = load_for_selection(chosen, ("end", "else"))
    assert torch.equal(other.classifier.weight[0], knows.classifier.weight[2])
    assert not torch.isin(other.classifier.weight[1], knows.classifier.weight).any()
    assert load_for_selection(bert_folder, ("keep", "start", "end")).config.num_labels == 3


def test_a_decoder_is_not_taught_where_to_end(
    bert_folder: Path, summary_file: Path, tmp_path: Path, tiny_config: Any
) -> None:
    for model in ({"name": str(bert_folder), "decoder_layers": 1}, {"scratch": {"vocab_size": 200}}):
        config = tiny_config("summary", summary_file, tmp_path / "run", whole_texts=0.2) | {"model": model}
        with pytest.raises(UsageError, match="teaches an encoder that chooses"):
            prepare(check_config(config, "test"))


def test_articles_alone_are_learnt_from_where_nothing_else_is_asked_for(chosen: Path) -> None:
    encoder = Summarizer.from_pretrained(chosen, device="cpu").encoder
    examples = [Example(" ".join(SPORT), None, None, " ".join(SPORT[:6]), "f", 1)]
    assert np.array(encode_selection(examples, encoder)[0]["label"]).shape[1] == 3
    rows = encode_selection(examples, encoder, whole_texts=True)
    article, *alone = (np.array(row["label"]) for row in rows)
    assert (article[:, 3] == IGNORED).all()
    assert alone
    for one in alone:
        assert (one[:, :3] == IGNORED).all()
        assert (one[:, 3] != IGNORED).sum() == 1


def test_it_says_nothing_that_the_article_does_not_say(chosen: Path) -> None:
    summarizer = Summarizer.from_pretrained(chosen, device="cpu", precision="float32")
    article = "قال المتحدث «إن الأمر مهم (جدا» في 4.25 من السوق. فاز الفريق في نهائي البطولة أمس، وخسر سهم البنك."
    for length in (None, "2-4", "5-9"):
        for found in summarizer.summarize([article], length=length, candidates=4, article_words=True)[0].candidates:
            assert found.text
            assert found.copied == 1.0
            assert check_summary(found.text, article).problems == ()
            if length:
                low, high = map(int, length.split("-"))
                assert low <= len(found.text.split()) <= high


def test_what_it_is_unsure_of_begins_with_the_article_and_says_so(chosen: Path) -> None:
    summarizer = Summarizer.from_pretrained(chosen, device="cpu", precision="float32")
    assert isinstance(summarizer, SelectingSummarizer)
    article = f"وقال المتحدث إن الأمر مهم ومعقد جدا اليوم. {' '.join(SPORT)} {' '.join(MONEY)}"
    sure = summarizer.summarize([article])[0]
    summarizer.know_least(2.0)  # more than anything can be worth
    unsure = summarizer.summarize([article], candidates=3)[0]
    assert [finding.kind for finding in unsure.findings] == ["unsure"]
    assert article.removeprefix("و").startswith(unsure.text)  # nothing stands before it to which "and" could join it
    assert unsure.faults == ()
    assert sure.findings == ()


def test_whatever_loads_a_model_loads_it(
    chosen: Path, trained: Callable[[str], Path], summary_file: Path, tmp_path: Path
) -> None:
    assert isinstance(load_model(chosen, device="cpu"), SelectingSummarizer)
    scores = CliRunner().invoke(cli, ["evaluate", str(chosen), str(summary_file), "--device", "cpu"])
    assert scores.exit_code == 0, scores.output
    models = [part for name in (trained("topic"), chosen) for part in ("--model", str(name))]
    out = tmp_path / "o.jsonl"
    result = CliRunner().invoke(cli, ["classify", str(summary_file), *models, "--out", str(out), "--device", "cpu"])
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert all(row["topic"] and row[chosen.name] for row in rows), rows[0]


def test_training_strips_what_summarizing_strips(chosen: Path) -> None:
    encoder = Summarizer.from_pretrained(chosen, device="cpu").encoder
    article = f"الرياض - واس: {ARTICLE} {' '.join(SPORT)}\nطباعة"
    rows = encode_selection([Example(article, None, None, "خبر", "f", 1)], replace(encoder, clean_article=True))
    (read,) = WordReader(encoder)([clean_article(article)])
    assert rows["input_ids"][0] == read.encoding.input_ids
    assert read.words()[0] == "أعلنت"


def test_when_it_is_unsure_is_learnt_from_enough_dev_rows(chosen: Path, summary_file: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(chosen, tmp_path / "run")
    summarizer = Summarizer.from_pretrained(folder, device="cpu", precision="float32")
    assert isinstance(summarizer, SelectingSummarizer)
    assert summarizer.info.selection is not None
    assert summarizer.info.selection.least is None  # of 12 dev rows
    rows = read_examples(str(summary_file), "summary", ColumnsConfig())
    assert find_least(summarizer, folder, rows) is None
    assert "12 dev rows are too few" in least_line(None, 12)
    least = find_least(summarizer, folder, rows * 2)
    assert least is not None
    loaded = Summarizer.from_pretrained(folder, device="cpu", precision="float32")
    found = loaded.summarize([e.text for e in rows])
    assert 0 <= sum(bool(one.findings) for one in found) <= 0.05 * len(found)
    assert loaded.info.selection is not None
    assert loaded.info.selection.least == least


def test_what_is_not_arabic_or_denied_says_so(chosen: Path) -> None:
    summarizer = Summarizer.from_pretrained(chosen, device="cpu", precision="float32")
    english = "The port received its first container ship on Monday after two years of work on its new quay"
    (found,) = summarizer.summarize([english])
    assert [finding.kind for finding in found.findings] == ["unsure"]
    assert english.startswith(found.text)
    denied = "نفى المتحدث أمس أن الفريق خسر المباراة وقال إن الأمر مهم جدا اليوم في السوق"
    for one in summarizer.summarize([denied], candidates=9)[0].candidates:
        left_out = not one.text.startswith("نفى")
        assert [finding.kind for finding in one.findings] == ["denied"] * left_out


def test_summaries_do_not_depend_on_their_neighbours(chosen: Path, summary_file: Path) -> None:
    texts = [json.loads(line)["text"] for line in summary_file.read_text(encoding="utf-8").splitlines()]
    summarizer = Summarizer.from_pretrained(chosen, device="cpu", precision="float32")
    together = [one.text for one in summarizer.summarize([*texts, ""])]
    assert together[:-1] == [summarizer.summarize([text])[0].text for text in texts]
    assert together[-1] == ""


def test_what_only_a_writer_can_do_is_refused(chosen: Path, bert_folder: Path) -> None:
    summarizer = Summarizer.from_pretrained(chosen, device="cpu")
    for options in ({"max_new_tokens": 9}, {"num_beams": 9}, {"long": "select"}, {"faithful": True}):
        with pytest.raises(UsageError, match="chooses words of the article"):
            summarizer.summarize([ARTICLE], **options)
    with pytest.raises(UsageError, match="for models that write"):
        Summarizer.from_pretrained(chosen, device="cpu", engine="ctranslate2")
    with pytest.raises(CheckpointError):
        Summarizer.from_pretrained(bert_folder, device="cpu")


def test_it_is_trained_on_from_where_it_is(chosen: Path, summary_file: Path, tiny_config: Any, tmp_path: Path) -> None:
    config = tiny_config("summary", summary_file, tmp_path / "run", max_steps=1, learning_rate=1e-9)
    config["model"] = {"name": str(chosen)}
    train(check_config(config, "test"))

    def said(folder: Path) -> str:
        return Summarizer.from_pretrained(folder, device="cpu", precision="float32").summarize([ARTICLE])[0].text

    assert said(chosen) == said(tmp_path / "run")


def test_adapters_a_teacher_and_the_largest_batch(
    chosen: Path, bert_folder: Path, summary_file: Path, tiny_config: Any, tmp_path: Path
) -> None:
    """What else trains a summarizer trains this one."""
    ways: dict[str, dict[str, Any]] = {
        "lora": {"model": {"name": str(bert_folder), "lora": {"rank": 2}}},
        "taught": {"model": {"name": str(bert_folder)}, "distill": {"teacher": str(chosen)}},
        "batch": {"model": {"name": str(bert_folder)}, "training": {"batch_size": "auto", "effective_batch_size": 8}},
    }
    for name, more in ways.items():
        config = tiny_config("summary", summary_file, tmp_path / name, max_steps=2)
        config["training"] |= more.pop("training", {})
        train(check_config({**config, **more}, "test"))
        assert Summarizer.from_pretrained(tmp_path / name, device="cpu").summarize([ARTICLE])[0].text


def test_chosen_before_it_is_trained(bert_folder: Path, summary_file: Path, tiny_config: Any, tmp_path: Path) -> None:
    """A search is scored by what decides which weights are kept."""
    pytest.importorskip("optuna")
    from mujaz.training.search import search

    config = tiny_config("summary", summary_file, tmp_path / "search", max_steps=2)
    config |= {
        "model": {"name": str(bert_folder)},
        "search": {"trials": 2, "space": {"training.learning_rate": [1e-3, 1e-2]}},
    }
    result = search(check_config(config, "test"))
    assert result.metric == "selection_f1"
    assert all(trial.score is not None for trial in result.trials)


def test_a_config_says_how_long_a_stretch_is(
    bert_folder: Path, summary_file: Path, mt5_folder: Path, tiny_config: Any, tmp_path: Path
) -> None:
    config = tiny_config("summary", summary_file, tmp_path / "run") | {"model": {"name": str(bert_folder)}}
    told = config["model"] | {"stretch": {"words": 6, "shortest": 2, "longest": 9, "boundary": 0.07, "likely": 0.4}}
    info = checkpoint_info(prepare(check_config(config | {"model": told}, source="x"))).selection
    assert info is not None
    assert info.model_dump(include=set(told["stretch"])) == told["stretch"]
    rows = [Example("نص", None, None, "واحد اثنان ثلاثة", "f", n) for n in range(3)]
    assert selection_info(rows, StretchConfig(likely=0.5)).likely == 0.5
    with pytest.raises(UsageError, match=r"at least 7 and at most 4 words.* Give both"):
        selection_info(rows, StretchConfig(shortest=7))
    with pytest.raises(UsageError, match=r"stretch is for encoders that choose: .* found mt5"):
        prepare(check_config(config | {"model": told | {"name": str(mt5_folder)}}, source="x"))
    with pytest.raises(UsageError, match=r"shortest \(9\) is more than longest \(4\)"):
        check_config(config | {"model": told | {"stretch": {"shortest": 9, "longest": 4}}}, source="x")
    with pytest.raises(UsageError, match=r"no use for model\.stretch \(for summary\)"):
        check_config(tiny_config("topic", summary_file, tmp_path / "run") | {"model": told}, source="x")
