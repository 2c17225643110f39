from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub.errors import OfflineModeIsEnabled, RepositoryNotFoundError

from mujaz.errors import CheckpointError
from mujaz.models.checkpoint import EMBEDDED, FROM_NOTHING, CheckpointInfo, called, locate, read_info, write_info
from mujaz.models.opening import open_checkpoint
from mujaz.models.presets import PRESETS, find_preset
from mujaz.models.recipes import RECIPES

INFO = CheckpointInfo(
    task="topic", labels=["اقتصاد", "رياضة"], recipe={"name": "none"}, max_length=128, base_model="arabert"
)


def test_info_round_trip(tmp_path: Path) -> None:
    write_info(tmp_path, INFO)
    assert read_info(tmp_path) == INFO
    assert "اقتصاد" in (tmp_path / "mujaz.json").read_text(encoding="utf-8")


def test_no_info_is_no_error(tmp_path: Path) -> None:
    assert read_info(tmp_path) is None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", "cannot be read"),
        (json.dumps({"format_version": 99}), "format version 99.*Upgrade mujaz"),
        (json.dumps({"task": "topic", "recipe": {}, "max_length": 0, "base_model": "x"}), "max_length"),
        (json.dumps({"task": "poem", "recipe": {}, "max_length": 9, "base_model": "x"}), "task"),
    ],
)
def test_a_broken_info_is_named(tmp_path: Path, content: str, expected: str) -> None:
    (tmp_path / "mujaz.json").write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointError, match=expected):
        read_info(tmp_path)


def test_names_that_lead_nowhere(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="Did you mean 'arabert'"):
        locate("araberts")
    with pytest.raises(CheckpointError, match="no config.json"):
        locate(tmp_path)
    with pytest.raises(CheckpointError, match="no model"):
        locate("./no/such/folder")


def test_a_hub_model_that_cannot_be_fetched_says_so() -> None:
    with pytest.raises(CheckpointError, match="aubmindlab/bert-base-arabertv02.*local copy"):
        locate("arabert")


def test_a_file_is_no_checkpoint_and_the_folder_around_it_is_named(bert_folder: Path, tmp_path: Path) -> None:
    weights = bert_folder / "model.safetensors"
    with pytest.raises(CheckpointError, match=f"^{weights} is a file: expected the folder .* lies in: {bert_folder}$"):
        locate(weights)
    (tmp_path / "news.jsonl").touch()
    with pytest.raises(CheckpointError, match=r"news\.jsonl is a file: expected the folder of a checkpoint\.$"):
        locate(tmp_path / "news.jsonl")


def test_a_folder_of_checkpoints_names_them(bert_folder: Path) -> None:
    with pytest.raises(CheckpointError, match="bert"):
        locate(bert_folder.parent)


def test_every_preset_has_a_recipe_and_is_found_by_both_names() -> None:
    for preset in PRESETS.values():
        assert preset.recipe in RECIPES
        assert find_preset(preset.name) is preset
        assert find_preset(preset.hub_id) is preset


def test_a_checkpoint_without_info_says_what_was_assumed(trained: Callable[[str], Path], tmp_path: Path) -> None:
    folder = shutil.copytree(trained("topic"), tmp_path / "copy", ignore=shutil.ignore_patterns("mujaz.json"))
    opened = open_checkpoint(folder, task="topic")
    assert opened.info.labels == ["money", "sport"]
    assert opened.info.max_length == 48
    for part in ("no mujaz.json", "task topic", "recipe none", "48", "money, sport"):
        assert part in opened.note


def test_a_checkpoint_of_another_task_is_refused(trained: Callable[[str], Path]) -> None:
    with pytest.raises(CheckpointError, match="was trained for task 'topic', not for 'summary': use 'mujaz classify'"):
        open_checkpoint(trained("topic"), task="summary")
    assert open_checkpoint(trained("topic"), task="summary", to_train=True).info.task == "topic"
    with pytest.raises(CheckpointError, match="sequence-to-sequence.*cannot do task 'topic'"):
        open_checkpoint(trained("summary"), task="topic")


def test_labels_of_two_models_are_not_mixed(trained: Callable[[str], Path], tmp_path: Path) -> None:
    folder = shutil.copytree(trained("topic"), tmp_path / "copy")
    info = read_info(folder)
    assert info is not None
    write_info(folder, info.model_copy(update={"labels": ["a", "b", "c"]}))
    with pytest.raises(CheckpointError, match="names 3 labels, config.json 2"):
        open_checkpoint(folder, task="topic")


def test_a_slip_of_the_pen_in_a_folder_is_not_looked_for_on_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs" / "topic-small").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match=r"no model folder 'runs/topic-smal'; did you mean 'runs/topic-small'\?"):
        locate("runs/topic-smal")


@pytest.mark.parametrize("name", ["~nobody-of-this-name/model", "خبر طويل " * 100, "خبر / خبر / " + "طويل " * 100])
def test_what_can_be_no_path_is_no_model(name: str) -> None:
    with pytest.raises(CheckpointError, match="expected a folder that exists, a hub id"):
        locate(name)


def test_a_connection_that_fails_in_any_way_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class UnpluggedError(Exception):
        pass

    def fail(*arguments: object, **options: object) -> None:
        raise UnpluggedError("Name or service not known")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", fail)
    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    with pytest.raises(
        CheckpointError, match="could not be fetched from the Hugging Face hub .Name or service not known"
    ):
        locate("owner/name")


def test_a_model_that_was_fetched_once_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*arguments: object, **options: object) -> None:
        raise OfflineModeIsEnabled("Name or service not known")

    snapshot = tmp_path / "models--owner--name" / "snapshots" / "0123abcd"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "models--owner--name" / "refs").mkdir()
    (tmp_path / "models--owner--name" / "refs" / "main").write_text("0123abcd", encoding="utf-8")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", no_network)
    monkeypatch.setattr("huggingface_hub.HfApi.repo_info", no_network)
    assert locate("owner/name") == snapshot


def test_what_the_hub_says_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class GoneError(RepositoryNotFoundError):
        def __init__(self) -> None:  # without a response
            Exception.__init__(self, "404 Client Error: Repository Not Found")

    def gone(*arguments: object, **options: object) -> None:
        raise GoneError

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", gone)
    with pytest.raises(CheckpointError, match="404 Client Error"):
        locate("owner/name")


@pytest.mark.parametrize(
    ("folder", "origin", "expected"),
    [
        ("runs/mine", FROM_NOTHING, "mine, trained from nothing"),
        ("runs/mine", "mujaz topic, trained from nothing", "mine, from mujaz topic"),
        ("runs/mine", "aubmindlab/bert-base-arabertv02", "mine, from aubmindlab/bert-base-arabertv02"),
        ("copies/bert-base-arabertv02", "aubmindlab/bert-base-arabertv02", "aubmindlab/bert-base-arabertv02"),
        ("hub/models--owner--name/snapshots/0123abcd", "owner/name", "owner/name"),
        (EMBEDDED / "topic", "mujaz topic, trained from nothing", "mujaz topic, trained from nothing"),
        (None, "owner/name", "owner/name"),
    ],
)
def test_what_a_model_is_called(folder: str | Path | None, origin: str, expected: str) -> None:
    """One's own by its folder: a run that began with the embedded model is not that model."""
    found = called(INFO.model_copy(update={"base_model": origin}), Path(folder) if folder else None)
    assert found == expected


def test_a_slip_of_the_pen_anywhere_in_a_path_is_named(
    bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(bert_folder, tmp_path / "runs" / "s13")
    with pytest.raises(
        CheckpointError, match=r"^no folder 'run/s13' here; did you mean 'runs/s13'\? As a hub id: .*hub"
    ):
        locate("run/s13")
    for name in ("run/s13/", "./run/s13", str(tmp_path / "run" / "s13"), "../" + tmp_path.name + "/run/s14"):
        with pytest.raises(CheckpointError, match=r"^no model folder '.*'; did you mean '.*runs/s13'\?$"):
            locate(name)
    with pytest.raises(CheckpointError, match=r"^no model folder 'runs/other'\. Checkpoints in runs: s13\.$"):
        locate("runs/other")
    with pytest.raises(CheckpointError, match=r"^model 'owner/name' is not in the local cache"):
        locate("owner/name")
