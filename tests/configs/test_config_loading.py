from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from mujaz.configs.loading import check_config, load_config, load_pretrain_config, resolved_yaml
from mujaz.configs.schema import TrainConfig
from mujaz.configs.search_schema import RangeConfig
from mujaz.errors import ConfigError
from mujaz.hub import is_hub_dataset

GOOD = """\
task: topic
output: runs/x
model:
  name: arabert
data:
  train: {train}
training:
  epochs: 2
"""


@pytest.fixture
def good(tmp_path: Path, topic_file: Path) -> Path:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD.format(train=topic_file), encoding="utf-8")
    return path


def _with(path: Path, old: str, new: str) -> Path:
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return path


def test_a_config_and_its_overrides(good: Path) -> None:
    config = load_config(good, ["training.epochs=7", "model.clean_article=true", "training.patience=null"])
    assert config.training.epochs == 7
    assert config.model.clean_article is True
    assert config.training.patience is None
    assert config.training.batch_size == 16  # a default


def test_a_config_as_a_dictionary(good: Path) -> None:
    data = yaml.safe_load(good.read_text(encoding="utf-8"))
    assert load_config(data, ["training.epochs=7"]) == load_config(good, ["training.epochs=7"])
    assert data["training"] == {"epochs": 2}
    with pytest.raises(ConfigError, match="unknown key 'tusk'; did you mean 'task'"):
        load_config({**data, "tusk": "topic"})


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ("lr=1", "training.learning_rate"),
        ("max_length=64", "model.max_length"),
        ("data.epochs=1", "training.epochs"),
        ("intermediate.epochs=1", "intermediate.training.epochs"),
        ("model.layers=2", "model.scratch.layers"),
        ("columns.txt=a", "data.columns"),
    ],
)
def test_a_key_of_another_section(good: Path, given: str, place: str) -> None:
    """No two sections hold it in the same way: the one that has most in common with what was given."""
    with pytest.raises(ConfigError) as error:
        load_config(good, [given])
    assert f"unknown key '{given.partition('=')[0].removesuffix('.txt')}'; did you mean '{place}'?" in str(error.value)


@pytest.mark.parametrize("given", [None, 5, ["configs/topic-small.yaml"]])
def test_what_is_no_config(given: Any) -> None:
    with pytest.raises(ConfigError, match=f"a YAML file or a dictionary, found {type(given).__name__}"):
        load_config(given)


def test_the_resolved_config_says_everything_and_reads_back(good: Path, tmp_path: Path) -> None:
    config = load_config(good)
    saved = tmp_path / "resolved.yaml"
    saved.write_text(resolved_yaml(config), encoding="utf-8")
    assert load_config(saved) == config
    assert set(yaml.safe_load(resolved_yaml(config))) == set(TrainConfig.model_fields)


def test_all_that_is_wrong_is_said_at_once_with_its_line(good: Path) -> None:
    _with(good, "epochs: 2", "epochs: two\n  learning_rat: 1")
    _with(good, "train: ", "dev: nowhere.jsonl\n  train: ")
    with pytest.raises(ConfigError) as error:
        load_config(good, ["data.additional=[none.jsonl]"])
    message = str(error.value)
    assert "4 problems" in message
    assert f"data.additional: no file or folder 'none.jsonl' (working directory: {Path.cwd()})" in message
    assert "good.yaml:6: data.dev: no file or folder 'nowhere.jsonl'" in message
    assert "data.dev=null cuts it off the training rows" in message
    assert "good.yaml:9: training.epochs" in message
    assert "'two'" in message
    assert "good.yaml:10: unknown key 'training.learning_rat'; did you mean 'learning_rate'?" in message


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("task: topic", "tsk: topic", "unknown key 'tsk'; did you mean 'task'?"),
        ("task: topic\n", "", "'task' is missing"),
        ("task: topic", "task: topics", "task: "),
        ("  name: arabert", "  name: arabert\n  scratch: {layers: 1}", "either name"),
        ("  name: arabert", "  scratch: {heads: 3}", "not a multiple of heads"),
        ("  name: arabert", "  scratch: {head: 3}", "unknown key 'model.scratch.head'; did you mean 'heads'?"),
        ("epochs: 2", "epochs: -1", "a number above 0"),
        ("train: ", "train: $MUJAZ_NO_SUCH_VARIABLE/", "environment variable that is not set"),
    ],
)
def test_one_thing_wrong(good: Path, old: str, new: str, expected: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(_with(good, old, new))
    assert expected in str(error.value)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("training.epochs", "key=value"),
        ("training.early_stopping=3", "unknown key 'training.early_stopping'; did you mean 'patience'?"),
        ("training.lr=3", "did you mean 'learning_rate'?"),
        ("training.batch=3", "did you mean 'batch_size'?"),
        ("data.nothing=3", "unknown key 'data.nothing'; known: train, "),
        ("training.class_weights=balanced", "found 'balanced'; did you mean 'inverse'?"),
        (
            "data.split=group",
            "data.split: expected a section, with keys and values, found 'group'; write data.split.by=group",
        ),
        ("data.columns=text", "data.columns: expected a section, with keys and values, found 'text'"),
        ("training.epoch=3", "--set: unknown key 'training.epoch'; did you mean 'epochs'?"),
        ("task.x=3", "'task' is a value, not a section"),
        ("training.epochs={", "not valid YAML"),
        ("output=2024-13-45", "not valid YAML: month must be in 1..12"),
        ("training.epochs=.inf", "training.epochs: "),
        ("training.learning_rate=.inf", "training.learning_rate: "),
        ("training.batch_size=99999999999999999999", "training.batch_size"),
        ("training.seed=-1", "training.seed: "),
        ("data.split_seed=4294967296", "data.split_seed: "),
        ("generation.length_penalty=.nan", "generation.length_penalty: "),
        ("generation.min_new_tokens=100", "min_new_tokens 100 is more than max_new_tokens 84"),
        ("data.labels=[sport,money,sport]", "expected two or more, each once"),
        ("data.labels=[]", "expected two or more, each once"),
        ("data.train=[]", "a list of 1 or more"),
        (
            "data.labels=[sport, no]",
            "data.labels.1: expected text, found False; what YAML takes for something else goes into",
        ),
        ("data.labels=[null, a]", "data.labels.0: expected text, found nothing; a name that is null goes into"),
        ("data.labels=[2024-01-01, a]", "data.labels.0: expected text, found 2024-01-01; what YAML takes"),
        ("data.labels=[1.5, a]", "data.labels.0: expected text, found 1.5; what YAML takes"),
        ("data.rename={010: money}", 'line 1: 010 is 8 to YAML. Write "010" in quotes where it is a name'),
        ("data.labels=[12:30, 13:00]", "12:30 is 750 to YAML"),
        ("data.labels=[-1, 0, +1]", "+1 is 1 to YAML"),
        ("model.prefix=summarize: ", "model.prefix: expected text, found {'summarize': None}; what YAML takes"),
    ],
)
def test_a_wrong_override(good: Path, override: str, expected: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(good, [override])
    assert expected in str(error.value)


def test_labels_may_be_numbers(good: Path) -> None:
    data = load_config(good, ["data.labels=[0, 1]", "data.rename={2: 1, 3: null}", "data.outliers=[4]"]).data
    assert (data.labels, data.rename, data.outliers) == (["0", "1"], {"2": "1", "3": None}, ["4"])
    data = load_config(
        good, ["data.labels=[1.0, -2.0]", 'data.rename={"010": 1_000}', "data.max_train_rows=1_000"]
    ).data
    assert (data.labels, data.rename, data.max_train_rows) == (["1", "-2"], {"010": "1000"}, 1000)


@pytest.mark.parametrize(
    ("task", "override", "expected"),
    [
        ("topic", "generation.num_beams=2", "task topic has no use for generation (for summary)"),
        ("topic", "training.copy_attention=1.5", "training.copy_attention (for summary)"),
        ("stance", "training.whole_texts=0.2", "training.whole_texts (for summary)"),
        ("stance", "model.decoder_layers=2", "model.decoder_layers (for summary)"),
        ("topic", "data.split={by: target, held_out: [x]}", "data.split.by: target (for stance)"),
        ("summary", "calibration.min_precision=0.9", "calibration (for topic and stance)"),
        ("summary", "data.labels=[a, b]", "data.labels (for topic and stance)"),
        ("summary", "data.rename={a: b}", "data.rename (for topic and stance)"),
        ("summary", "distill={teacher: summary, weight: 0.7}", "distill.weight (for topic and stance)"),
        ("summary", "distill={teacher: summary, min_confidence: 0.7}", "distill.min_confidence (for topic and stance)"),
    ],
)
def test_what_means_nothing_to_a_task_is_refused(good: Path, task: str, override: str, expected: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(good, [f"task={task}", override])
    assert expected in str(error.value)


def test_settings_as_they_are_anyway_belong_to_all_tasks(good: Path) -> None:
    """A resolved config names them all."""
    for task in ("topic", "stance", "summary"):
        config = load_config(good, [f"task={task}", "distill={teacher: summary}"])
        assert check_config(config.model_dump(), "resolved") == config


@pytest.mark.parametrize("sign", ["|", ">", "-", ",", "#", "&", "*", "%", "@", "!", "`"])
def test_a_sign_is_itself_and_no_block_of_yaml(good: Path, sign: str) -> None:
    assert load_config(good, [f"data.columns.label_separator={sign}"]).data.columns.label_separator == sign


def test_files_that_are_no_configs(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no config"):
        load_config(tmp_path / "none.yaml")
    (tmp_path / "list.yaml").write_text("- a\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="expected keys and values"):
        load_config(tmp_path / "list.yaml")
    (tmp_path / "broken.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_config(tmp_path / "broken.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_config(tmp_path / "binary.yaml")


@pytest.mark.parametrize(
    "text", ["a: &x {b: *x}", "task: " + "[" * 4000 + "]" * 4000, "output: 2024-13-45", "a: [1, &y [*y]]"]
)
def test_yaml_that_ends_in_no_value(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"c\.yaml is not valid YAML"):
        load_config(tmp_path / "c.yaml")


def test_a_key_that_comes_twice_is_refused(good: Path) -> None:
    """YAML takes the last of them without a word."""
    again = _with(good, "  epochs: 2\n", "  epochs: 2\n  batch_size: 4\n  epochs: 9\n")
    with pytest.raises(ConfigError, match=r"good\.yaml:10: training\.epochs stands in line 8 already"):
        load_config(again)


def test_hub_ids_are_told_from_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    assert is_hub_dataset("owner/name")
    assert is_hub_dataset("owner/name:config")
    assert not is_hub_dataset("data/name")  # a folder of that name is here
    assert not is_hub_dataset("owner/name.jsonl")
    assert not is_hub_dataset("./owner/name")
    assert not is_hub_dataset("خبر أو / قصة")  # a text
    assert is_hub_dataset(f"owner/{'n' * 300}")  # which no file may be called


def test_the_schema_is_printed_for_editors() -> None:
    from mujaz.cli import cli

    result = CliRunner().invoke(cli, ["config-schema"])
    schema = json.loads(result.output)
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["TrainingConfig"]["properties"]["epochs"]["description"].startswith("Passes over")


def test_a_missing_config_says_where_the_shipped_ones_lie(tmp_path: Path) -> None:
    """Who installed the package has no folder configs/ to look into."""
    with pytest.raises(ConfigError, match="A shipped one: ") as found:
        load_config(tmp_path / "topic-small.yaml")
    shipped = Path(str(found.value).split("A shipped one: ")[1])
    assert load_config(shipped, ["data.train=.", "data.dev=null", "data.test=null"]).task == "topic"
    with pytest.raises(ConfigError, match="Shipped ones lie in .*configs"):
        load_config(tmp_path / "none.yaml")


def test_one_string_of_overrides(good: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected a list of overrides, .* found one string: 'training.epochs=2'"):
        load_config(good, "training.epochs=2")


def test_an_output_may_stand_in_a_variable_or_at_home(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNS", str(tmp_path))
    monkeypatch.setenv("HOME", "/home/reader")
    assert load_config(good, ["output=$RUNS/x"]).output == f"{tmp_path}/x"
    assert load_config(good, ["output=~/x"]).output == "/home/reader/x"


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("training.epochs=0", "expected a number above 0, found 0"),
        ("training.epochs=many", "expected a number, found 'many'"),
        ("training.seed=1.5", "expected a whole number, found 1.5"),
        ("training.warmup=5", "expected a number below 1, found 5"),
        ("data.augmentation.title=3", "expected 1 or less, found 3"),
        ("data.folds=1", "expected 2 or more, found 1"),
        ("data.drop_duplicates=most", "expected 'exact' or 'near', found 'most'"),
        ("training.compile=perhaps", "expected true or false, found 'perhaps'"),
        ("data.train=[]", "expected a list of 1 or more, found []"),
        ("data.rename=[a]", "expected keys with values, found ['a']"),
    ],
)
def test_a_value_that_is_not_allowed(good: Path, override: str, said: str) -> None:
    key, _, _ = override.partition("=")
    with pytest.raises(ConfigError, match=f"has 1 problem:\n  --set: {re.escape(f'{key}: {said}')}$"):
        load_config(good, [override])


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (
            "training.batch_size=eight",
            "training.batch_size: expected a whole number or 'auto', found 'eight'",
        ),
        ("data.train=3", "data.train: expected text or a list, found 3"),
        ("model.lora={targets: [1]}", "model.lora.targets.0: expected text, found 1; .* goes into quotes"),
        ("search.space={a: {low: 2, high: 1}}", "search.space.a: low 2 is not less than high 1"),
        ("search.space={a: {low: q, high: 1}}", "search.space.a.low: expected a number, found 'q'"),
        ("search.space={a: {low: 1, hihg: 2, high: 2}}", "unknown key 'search.space.a.hihg'; did you mean 'high'"),
        ("search.space={a: {low: 1}}", "'search.space.a.high' is missing"),
    ],
)
def test_a_value_that_may_be_of_several_kinds_is_one_problem(good: Path, override: str, said: str) -> None:
    """pydantic's names of kinds (``constrained-int``) are no keys of a config, and each of them was a problem."""
    with pytest.raises(ConfigError, match=f"has 1 problem:\n  --set: {said}") as error:
        load_config(good, [override])
    assert "[" not in str(error.value)


def test_a_setting_of_a_search_has_dots_of_its_own(good: Path) -> None:
    overrides = [
        "search.space.training.learning_rate=[1.0e-4, 1.0e-3]",
        "search.space.training.epochs={low: 1, high: 3}",
        "search.space.training.epochs.high=5",
    ]
    search = load_config(good, overrides).search
    assert search is not None
    assert search.space == {"training.learning_rate": [1e-4, 1e-3], "training.epochs": RangeConfig(low=1, high=5)}
    with pytest.raises(
        ConfigError, match=r"has 1 problem:\n  --set: search\.space\.training\.epochs: low 9 is not less"
    ):
        load_config(good, [*overrides, "search.space.training.epochs.low=9"])
    with pytest.raises(ConfigError, match="'training.learning_rate' is a value, not a section"):
        load_config(good, [*overrides, "search.space.training.learning_rate.low=9"])


def test_what_only_trainings_have_is_not_for_a_pretraining() -> None:
    file = "configs/pretrain-5m.yaml"
    with pytest.raises(ConfigError, match="effective_batch_size: a pretraining has no such setting"):
        load_pretrain_config(file, ["training.effective_batch_size=32", "data.train=.", "data.exclude=null"])
