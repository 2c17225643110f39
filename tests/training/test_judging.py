"""Stretches that somebody judged: found in their articles, learnt from, and what is learnt decides what is chosen."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from mujaz import Summarizer, train
from mujaz.configs.data_schema import ColumnsConfig
from mujaz.configs.loading import check_config
from mujaz.errors import DataError, UsageError
from mujaz.models.standing import BESIDES, OUTPUTS
from mujaz.training.data import read_examples
from mujaz.training.encoded import IGNORED
from mujaz.training.job import prepare
from mujaz.training.judging import STANDS, JudgedLoss, find_words, judged_labels, rightly_judged, without_judged
from mujaz.training.parts import write_parts
from mujaz.training.provenance import data_info
from mujaz.training.selection import encode_selection
from tests.conftest import MONEY, SPORT, write_jsonl

ROWS = [(SPORT[i % len(SPORT)], MONEY[i % len(MONEY)]) for i in range(24)]


@pytest.fixture(scope="module")
def judged_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Articles of two sentences; each by itself can stand; without its last word, or both together, cannot."""
    rows: list[dict[str, object]] = []
    for one, other in ROWS:
        stands = [[one, True], [other, True]]
        falls = [[" ".join(text.split()[:-1]), False] for text in (one, other)]
        falls.append([f"{one} {other}", False])
        rows.append({"text": f"{one}\n{other}", "summary": one, "judged": [*stands, *falls]})
    rows.append({"text": " ".join(SPORT[:2]), "summary": SPORT[0]})  # of some nothing is known
    return write_jsonl(tmp_path_factory.mktemp("judged") / "rows.jsonl", rows)


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path, judged_file: Path, tiny_config: Any) -> Path:
    folder = tmp_path_factory.mktemp("taught") / "run"
    config = tiny_config("summary", judged_file, folder, learning_rate=1e-2, epochs=20, judged=1.0)
    config["model"] = {"name": str(bert_folder), "recipe": "news", "max_length": 24, "stretch": {"stands": 1.0}}
    config["data"]["columns"] = {"judged": "judged"}
    train(check_config(config, "test"))
    return folder


def test_what_can_stand_is_learnt_and_used(taught: Path) -> None:
    metrics = json.loads((taught / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["best_dev_metric"] == "selection_mean"
    assert max(entry.get("eval_stands_accuracy", 0) for entry in metrics["log"]) > 0.9
    config = json.loads((taught / "config.json").read_text(encoding="utf-8"))
    assert [*config["id2label"].values()] == ["keep", "start", "end", *OUTPUTS]
    summarizer = Summarizer.from_pretrained(taught, device="cpu", precision="float32")
    for one, other in ROWS[:3]:
        said = summarizer.summarize([f"{one}\n{other}"], min_article_words=1)[0].text.split()
        assert said[-2:] == one.split()[-2:]  # and before it the subject may stand before its verb
        assert len(said) == len(one.split())


def test_what_may_not_be_whole_is_told(taught: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(taught, folder)
    info = json.loads((folder / "mujaz.json").read_text(encoding="utf-8"))
    assert info["selection"]["fragment"] == 0.5
    found = {}
    for fragment in (0.0, 0.5, 1.0):
        info["selection"]["fragment"] = fragment
        (folder / "mujaz.json").write_text(json.dumps(info), encoding="utf-8")
        summarizer = Summarizer.from_pretrained(folder, device="cpu", precision="float32")
        summaries = summarizer.summarize([f"{one}\n{other}" for one, other in ROWS], min_article_words=1)
        found[fragment] = [[finding.kind for finding in one.faults] for one in summaries]
    assert not any(found[0.0])
    assert all(kinds == ["fragment"] for kinds in found[1.0])
    assert sum(map(bool, found[0.5])) < len(ROWS) / 4  # it chose what it had learnt to be whole


def test_of_a_start_is_kept_what_it_had(bert_folder: Path, judged_file: Path, tmp_path: Path, tiny_config: Any) -> None:
    def trained(name: str, start: Path, **training: object) -> dict[str, torch.Tensor]:
        config = tiny_config("summary", judged_file, tmp_path / name, max_steps=3, learning_rate=1e-2, **training)
        config["model"] = {"name": str(start), "recipe": "news", "max_length": 24}
        if "judged" in training:
            config["data"]["columns"] = {"judged": "judged"}
        train(check_config(config, "test"))
        return load_file(tmp_path / name / "model.safetensors")

    before = trained("before", bert_folder)
    after, kept = (trained(str(share), tmp_path / "before", judged=1.0, keep_of_start=share) for share in (0.0, 0.25))
    assert len(before["classifier.bias"]) == BESIDES
    for name, weight in kept.items():
        of_start = len(before[name]) if name.startswith("classifier") else None
        mean = 0.75 * after[name][:of_start] + 0.25 * before[name]
        assert weight[:of_start].numpy() == pytest.approx(mean.numpy(), abs=1e-6)
        if of_start:
            assert torch.equal(weight[of_start:], after[name][of_start:])  # there is nothing to take the mean with
    with pytest.raises(UsageError, match=r"wants a model that was trained for these labels \(keep, start, end\)"):
        trained("from-nothing", bert_folder, judged=1.0, keep_of_start=0.25)


def test_words_are_found_where_they_stand_closest() -> None:
    article = ["ا", "ب", "ا", "ج", "ب", "د"]
    assert find_words(article, ["ا", "ب"]) == (0, 1)
    assert find_words(article, ["ا", "ج", "د"]) == (2, 5)
    assert find_words(article, ["ب", "ب"]) == (1, 4)  # no word counts twice
    assert find_words(article, ["د", "ا"]) is None
    assert find_words(article, []) is None


def test_stretches_stand_below_the_tokens(taught: Path, judged_file: Path) -> None:
    encoder = Summarizer.from_pretrained(taught, device="cpu").encoder
    first, *_, last = read_examples(str(judged_file), "summary", ColumnsConfig(judged="judged"))
    assert last.judged == ()
    row = encode_selection([first], encoder)[0]
    labels = np.array(row["label"])
    lines = labels[row["length"] :]
    assert lines[:, 2].tolist() == [STANDS, STANDS, *[STANDS - 1] * 3]
    assert lines[0, 0] == lines[2, 0]
    assert lines[0, 1] > lines[2, 1]
    assert (without_judged(labels)[row["length"] :] == IGNORED).all()
    assert (without_judged(labels)[: row["length"]] == labels[: row["length"]]).all()
    assert set(np.unique(labels[: row["length"]])) <= {IGNORED, 0, 1}


def test_what_is_not_in_the_article_is_passed_over(taught: Path) -> None:
    summarizer = Summarizer.from_pretrained(taught, device="cpu")
    from mujaz.models.word_reading import WordReader

    (article,) = WordReader(summarizer.encoder)([SPORT[0]])
    assert judged_labels(article, (("كلام آخر", True), (SPORT[0], False))).shape == (1, 3)
    assert judged_labels(article, ()).shape == (0, 3)


def test_the_loss_is_that_of_words_and_a_share_of_that_of_stretches() -> None:
    rng = np.random.default_rng(1)
    logits = torch.from_numpy(rng.normal(size=(2, 5, BESIDES + len(OUTPUTS)))).float()
    labels = torch.full((2, 7, 3), float(IGNORED))
    labels[:, 1:5] = torch.from_numpy(rng.integers(0, 2, size=(2, 4, 3))).float()
    plain = float(JudgedLoss(0.5)({"logits": logits}, labels))
    keep = torch.nn.functional.binary_cross_entropy_with_logits(logits[:, 1:5, :3], labels[:, 1:5])
    assert plain == pytest.approx(float(keep), rel=1e-6)
    labels[0, 5] = torch.tensor([1.0, 3.0, STANDS])
    labels[1, 6] = torch.tensor([2.0, 2.0, STANDS - 1])
    both = 0.0
    for row, first, last, right in ((0, 1, 3, 1.0), (1, 2, 2, 0.0)):
        a, b = logits[row, first].double(), logits[row, last].double()
        logit = float(a[3] + b[4] + (a[5:21] @ b[21:37]) / 4)
        both += np.logaddexp(0, -logit) if right else np.logaddexp(0, logit)
    assert float(JudgedLoss(0.5)({"logits": logits}, labels)) == pytest.approx(plain + 0.5 * both / 2, rel=1e-5)
    items = int((labels != IGNORED).sum())
    doubled = JudgedLoss(0.5)({"logits": logits}, labels, 2 * items)  # half of what is accumulated
    words = plain * int((labels[:, 1:5] != IGNORED).sum()) / (2 * items)
    assert float(doubled) == pytest.approx(words + 0.5 * both / 4, rel=1e-5)
    told = [rightly_judged(logits[i].numpy(), labels[i].numpy()) for i in range(2)]
    assert [len(one) for one in told] == [1, 1]


@pytest.mark.parametrize("judged", ["نص", [["نص"]], [["نص", "نعم"]], [[1, True]], [{"text": "نص"}], 3])
def test_what_is_no_judgement_is_said(judged: object, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": SPORT[0], "summary": "خبر", "judged": judged}]
    file = write_jsonl(tmp_path / "rows.jsonl", rows)
    with pytest.raises(DataError, match=r"rows\.jsonl, row 1: expected in column 'judged' a list of pairs"):
        read_examples(str(file), "summary", ColumnsConfig(judged="judged"))


@pytest.mark.parametrize(
    ("settings", "columns", "said"),
    [
        ({"judged": 0.3}, {}, "go together"),
        ({}, {"judged": "judged"}, "go together"),
        ({"judged": 0.3, "whole_texts": 0.2}, {"judged": "judged"}, "in place of"),
        ({"judged": 0.3, "gradient_accumulation": 2}, {"judged": "judged"}, "whole batches"),
        ({"judged": 0.3, "batch_size": "auto", "effective_batch_size": 8}, {"judged": "judged"}, "whole batches"),
    ],
)
def test_settings_that_contradict_are_refused(
    settings: dict[str, Any], columns: dict[str, str], said: str, judged_file: Path, tmp_path: Path, tiny_config: Any
) -> None:
    config = tiny_config("summary", judged_file, tmp_path / "run", **settings)
    config["data"]["columns"] = columns
    with pytest.raises(UsageError, match=said):
        check_config(config, "test")


def test_a_decoder_is_not_taught_what_can_stand(judged_file: Path, tmp_path: Path, tiny_config: Any) -> None:
    config = tiny_config("summary", judged_file, tmp_path / "run", judged=0.3) | {
        "model": {"scratch": {"vocab_size": 200}}
    }
    config["data"]["columns"] = {"judged": "judged"}
    with pytest.raises(UsageError, match="teaches an encoder that chooses"):
        prepare(check_config(config, "test"))


def test_judgements_that_are_not_there_are_asked_for(summary_file: Path, tmp_path: Path, tiny_config: Any) -> None:
    config = tiny_config("summary", summary_file, tmp_path / "run", judged=0.3)
    config["data"]["columns"] = {"judged": "judged"}
    with pytest.raises(UsageError, match="no training row has anything in column 'judged'"):
        prepare(check_config(config, "test"))


def test_what_was_judged_is_data_that_a_run_began_with(judged_file: Path, tmp_path: Path) -> None:
    rows = read_examples(str(judged_file), "summary", ColumnsConfig(judged="judged"))
    other = [replace(one, judged=tuple((text, not stands) for text, stands in one.judged)) for one in rows]
    without = read_examples(str(judged_file), "summary", ColumnsConfig())
    assert len({data_info(some, "").fingerprint for some in (rows, other, without)}) == 3
    assert data_info(rows, "").fingerprint == data_info([*rows], "").fingerprint


def test_parts_of_the_data_keep_it(judged_file: Path, tmp_path: Path, tiny_config: Any) -> None:
    config = tiny_config("summary", judged_file, tmp_path / "run", judged=0.3)
    config["data"] |= {"columns": {"judged": "judged"}, "dev": None, "dev_fraction": 0.25}
    write_parts(check_config(config, "test"), tmp_path / "parts")
    kept = read_examples(str(tmp_path / "parts" / "train.jsonl"), "summary", ColumnsConfig(judged="judged"))
    before = {e.text: e.judged for e in read_examples(str(judged_file), "summary", ColumnsConfig(judged="judged"))}
    assert kept
    assert all(e.judged == before[e.text] for e in kept)
