from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard, metadata_load

from mujaz import train
from mujaz.configs.data_schema import DataConfig
from mujaz.configs.loading import check_config
from mujaz.errors import OutputError
from mujaz.models.calibration import Calibration
from mujaz.models.checkpoint import CheckpointInfo, read_info, write_info
from mujaz.training import card
from mujaz.training.card import model_card, origin_of, push_to_hub, write_card
from mujaz.training.metrics.percent import in_percent


@pytest.mark.parametrize(("task", "pipeline"), [("topic", "text-classification"), ("summary", "summarization")])
def test_a_run_has_a_card_that_the_hub_can_read(trained: Callable[[str], Path], task: str, pipeline: str) -> None:
    folder = trained(task)
    metadata = metadata_load(folder / "README.md")
    assert metadata is not None
    assert (metadata["language"], metadata["pipeline_tag"], metadata["library_name"]) == (
        "ar",
        pipeline,
        "transformers",
    )
    assert "base_model" not in metadata  # from nothing
    data = ModelCard.load(folder / "README.md").data
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["metrics"]
    found = {result.metric_name: result.metric_value for result in data.eval_results or []}
    name, key = ("ROUGE-L", "rougeL") if task == "summary" else ("Macro-F1", "macro_f1")
    assert found[name] == pytest.approx(metrics[key], abs=1e-4)
    assert all(result.dataset_split == "test" for result in data.eval_results or [])
    low, high = metrics["intervals"][key]
    assert low <= metrics[key] <= high
    shown = " to ".join(in_percent(key, bound) for bound in (low, high))
    assert f"| {in_percent(key, metrics[key])} | {shown} |" in (folder / "README.md").read_text(encoding="utf-8")
    assert str(folder.parent) not in (folder / "README.md").read_text(encoding="utf-8")


def info(**fields: Any) -> CheckpointInfo:
    base = {"task": "topic", "labels": ["رياضة", "a: b"], "recipe": {"name": "news"}, "max_length": 128}
    return CheckpointInfo.model_validate({**base, "base_model": "arabert", **fields})


@pytest.mark.parametrize(
    ("stated", "licence", "name"),
    [
        (None, None, None),
        ("CC BY 4.0 (trained on SANAD)", "cc-by-4.0", None),
        ("Apache-2.0", "apache-2.0", None),
        ("AUB agreement", "other", "aub-agreement"),
    ],
)
def test_licences(stated: str | None, licence: str | None, name: str | None) -> None:
    data = ModelCard(model_card(info(licence=stated), None, split="", rows=0, name="m")).data.to_dict()
    assert (data.get("license"), data.get("license_name")) == (licence, name)
    assert data["base_model"] == "aubmindlab/bert-base-arabertv02"


def test_a_folder_is_no_base_model(tmp_path: Path) -> None:
    text = model_card(info(base_model=str(tmp_path)), None, split="", rows=0, name="m")
    assert "base_model" not in ModelCard(text).data.to_dict()
    assert str(tmp_path.parent) not in text


def test_an_upload_leaves_out_what_holds_texts(trained: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub.utils._paths import filter_repo_objects

    seen: dict[str, Any] = {}

    class Api:
        def __init__(self, token: str | None) -> None:
            seen["token"] = token

        def create_repo(self, repo_id: str, **options: Any) -> None:
            seen.update(options)

        def upload_folder(self, **options: Any) -> str:
            seen.update(options)
            return "https://example.org/commit"

    monkeypatch.setattr(card, "HfApi", Api)
    folder = trained("topic")
    assert push_to_hub(folder, "me/topic") == "https://example.org/commit"
    assert seen["private"] is True
    names = [path.name for path in folder.iterdir()]
    uploaded = set(filter_repo_objects(names, ignore_patterns=seen["ignore_patterns"]))
    assert {"README.md", "mujaz.json", "model.safetensors", "tokenizer.json"} <= uploaded
    assert uploaded.isdisjoint({"report.html", "predictions.jsonl"})
    assert {"report.html", "predictions.jsonl"} <= set(names)


def test_a_card_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="model card"):
        write_card(tmp_path / "file", model_card(info(), None, split="", rows=0, name="m"))


@pytest.mark.parametrize("own", [None, "Apache-2.0"])
def test_the_terms_of_what_a_training_began_with_go_on(
    own: str | None,
    trained: Callable[[str], Path],
    topic_file: Path,
    tmp_path: Path,
    tiny_config: Callable[..., dict[str, Any]],
) -> None:
    """A model tuned from one that is not for profit is not for profit, unless the config says otherwise."""
    base = tmp_path / "base"
    shutil.copytree(trained("topic"), base)
    known = read_info(base)
    assert known is not None
    write_info(base, known.model_copy(update={"licence": "CC BY-NC-SA 4.0 (some news)"}))
    settings = {**tiny_config("topic", topic_file, tmp_path / "run", max_steps=1), "licence": own}
    settings["model"] = {"name": str(base)}
    train(check_config(settings, "test"))
    found = read_info(tmp_path / "run")
    assert found is not None
    assert found.licence == (own or "CC BY-NC-SA 4.0 (some news)")
    assert ModelCard.load(tmp_path / "run" / "README.md").data.license == ("apache-2.0" if own else "cc-by-nc-sa-4.0")


def test_a_card_says_what_its_scores_are_worth() -> None:
    found = Calibration(
        temperature=2.0, rows=60, bins=15, ece_before=0.2, ece_after=0.01, nll_before=1.0, nll_after=0.9
    )
    metrics = {"accuracy": 0.9, "macro_f1": 0.9, "probabilities": {"ece": 0.3, "uncalibrated": {"ece": 0.1}}}
    metrics["intervals"] = {"accuracy": [0.8, 0.95], "macro_f1": [0.7, 0.9]}
    said = info(calibration=found)
    text = model_card(said, metrics, split="test", rows=9, name="m", problems=["rows that stand in train too: test 8"])
    assert "| Accuracy | 90.00 | 80.00 to 95.00 |" in text
    assert "**Wrong with the data: rows that stand in train too: test 8.**" in text
    assert "Calibration error on dev 20.00% before, 1.00% after; on test 10.00% without it, 30.00% with it." in text
    assert "on dev 10.00%" not in model_card(said, metrics, split="dev", rows=9, name="m")


def test_a_card_of_summaries_says_nothing_of_labels() -> None:
    assert origin_of(DataConfig(train="x"), "test", "summary").endswith("of the training data, at random")


@pytest.mark.parametrize(
    ("data", "split", "origin"),
    [
        ({"test": "t.jsonl"}, "test", "files of their own"),
        ({"test_fraction": 0.2}, "test", "20% of the training data, at random, labels in proportion"),
        ({"split": {"by": "group", "column": "source"}}, "dev", "10% of the training data, groups of source whole"),
        (
            {"test_fraction": 0.1, "split": {"by": "date", "column": "day"}},
            "test",
            "10% of the training data, the latest by day",
        ),
        ({"folds": 5, "fold": 2, "split": {"by": "target"}}, "test", "fold 2 of 5 of the training data, by target"),
        (
            {"split": {"by": "target", "held_out": ["لقاح", "سفر"]}},
            "test",
            "the rows of لقاح, سفر, which the training did without",
        ),
        ({"folds": 3, "fold": 1, "dev": "d.jsonl"}, "dev", "files of their own"),
    ],
)
def test_a_card_says_where_its_texts_come_from(data: dict[str, Any], split: str, origin: str) -> None:
    assert origin_of(DataConfig(train="x", **data), split, "topic") == origin
    text = model_card(info(), {"intervals": {}}, split=split, rows=9, name="m", origin=origin)
    assert f"On the {split} data ({origin}), 9 texts" in text
