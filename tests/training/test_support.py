"""Summaries that say what their articles do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mujaz.configs.data_schema import DataConfig
from mujaz.configs.loading import check_config
from mujaz.errors import ConfigError, DataError
from mujaz.training.checks import check_data
from mujaz.training.checks_rows import rows_of_config
from mujaz.training.data import load_splits
from mujaz.training.support import support
from tests.conftest import TinyConfig

ARTICLE = (
    "أعلن وزير الزراعة أمس أن أسعار القمح ارتفعت في الأسواق المحلية بعد استقبال الشحنات الجديدة، وطالب التجار بالهدوء."
)


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        (ARTICLE, 1.0),
        ("وزير الزراعة يعلن ارتفاع أسعار القمح", 1.0),  # another tense, a noun for its verb
        ("وزير الزراعة يطالب تجارا بالهدوء", 4 / 5),  # a broken plural is not found
        ("الوزير: الأسعار ارتفعت والأسواق استقبلت شحنات", 1.0),  # clitics, numbers, feminine forms
        ("استقالة رئيس الحكومة إثر فضيحة فساد", 0.0),
        ("وزير الصحة يعلن انخفاض أسعار الدواء", 3 / 6),
        ("في من على 2024", 1.0),  # nothing that could be missing
    ],
)
def test_words_are_looked_up_in_any_form(summary: str, expected: float) -> None:
    assert support(summary, ARTICLE) == pytest.approx(expected)


def _file(path: Path, rows: list[tuple[str, str]]) -> str:
    lines = (json.dumps({"text": text, "summary": summary}, ensure_ascii=False) + "\n" for text, summary in rows)
    path.write_text("".join(lines), encoding="utf-8")
    return str(path)


def test_training_rows_alone_are_left_out(tmp_path: Path) -> None:
    late = " ".join(["وقال"] * 130) + " " + ARTICLE  # what comes behind the words that a model reads
    told, invented = "وزير الزراعة يعلن ارتفاع أسعار القمح", "استقالة رئيس الحكومة إثر فضيحة فساد"
    rows = [(ARTICLE, told), (ARTICLE, invented), (late, told)]
    file = _file(tmp_path / "a.jsonl", rows)
    given = {"train": file, "additional": file, "dev": file, "test": file}
    splits = load_splits(DataConfig.model_validate({**given, "support": {}}), "summary")
    assert [e.row for e in splits.train] == [1, 1]
    assert [e.row for e in splits.dev] == [e.row for e in splits.test] == [1, 2, 3]
    assert splits.warnings == ["4 of 6 training rows are left out by data.support"]
    assert splits.left_out == {"unusable": 0, "repeated": 0, "unsupported": 4}
    far = load_splits(DataConfig.model_validate({**given, "support": {"first_words": 500}}), "summary")
    assert [e.row for e in far.train] == [1, 3, 1, 3]
    assert len(load_splits(DataConfig.model_validate(given), "summary").train) == 6


def test_a_check_asks_what_the_config_asks(tmp_path: Path, tiny_config: TinyConfig) -> None:
    file = _file(
        tmp_path / "train.jsonl", [(f"{ARTICLE} {i}", "وزير الصحة يعلن انخفاض أسعار الدواء") for i in range(4)]
    )
    config = tiny_config("summary", Path(file), tmp_path / "run")
    found = {}
    for least in (None, 0.5, 1):
        config["data"]["support"] = least and {"least": least}
        report = check_data(rows_of_config(check_config(config, "test")), near=False)
        found[least] = {one.kind: one.count for one in report.findings}.get("summary not in text", 0)
    assert found == {None: 4, 0.5: 0, 1: 4}


def test_all_words_can_be_asked_for(tmp_path: Path) -> None:
    file = _file(tmp_path / "a.jsonl", [(ARTICLE, "وزير الزراعة يعلن"), (ARTICLE, "وزير الزراعة يعلن استقالة")])
    config = DataConfig.model_validate({"train": file, "dev": file, "support": {"least": 1}})
    assert [e.row for e in load_splits(config, "summary").train] == [1]
    with pytest.raises(ValueError, match="greater than 0"):  # which would leave nothing out
        DataConfig.model_validate({"train": file, "support": {"least": 0}})


def test_nothing_left_is_an_error(tmp_path: Path) -> None:
    file = _file(tmp_path / "a.jsonl", [(ARTICLE, "استقالة رئيس الحكومة إثر فضيحة فساد")])
    config = DataConfig.model_validate({"train": file, "dev": file, "support": {"least": 0.5}})
    with pytest.raises(DataError, match=r"data\.support left none of 1 training rows"):
        load_splits(config, "summary")


def test_it_is_for_summaries(tiny_config: TinyConfig, topic_file: Path, tmp_path: Path) -> None:
    config = tiny_config("topic", topic_file, tmp_path / "run")
    config["data"]["support"] = {"least": 0.5}
    with pytest.raises(ConfigError, match=r"task topic has no use for data\.support \(for summary\)"):
        check_config(config, "test")
