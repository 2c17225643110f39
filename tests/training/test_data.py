from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mujaz import train as run_training
from mujaz.configs.data_schema import ColumnsConfig, DataConfig
from mujaz.configs.loading import check_config
from mujaz.errors import DataError, UsageError
from mujaz.training.checks_rows import rows_of_files
from mujaz.training.data import Example, check_labels, load_splits, read_examples, sample, targets_again
from mujaz.training.provenance import data_info
from mujaz.training.splits import cut_stratified
from tests.conftest import write_jsonl

COLUMNS = ColumnsConfig()


def _jsonl(path: Path, rows: list[Any]) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def _example(label: str | None, text: str = "نص") -> Example:
    return Example(text, label, None, None, "f", 1)


def test_rows_become_examples(tmp_path: Path) -> None:
    file = _jsonl(tmp_path / "a.jsonl", [{"text": "نص", "label": "x", "other": 1}, {"text": "آخر", "label": 3}])
    first, second = read_examples(file, "topic", COLUMNS)
    assert (first.text, first.label, first.row) == ("نص", "x", 1)
    assert second.label == "3"  # numbers are labels in many files


def test_columns_can_be_called_otherwise(tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["عنوان", "متن", "صنف"], ["خبر", "نص طويل", "رياضة"]])
    columns = ColumnsConfig(text="متن", label="صنف", title="عنوان")
    (example,) = read_examples(str(tmp_path / "a.csv"), "topic", columns)
    assert example.text == "خبر\nنص طويل"
    assert example.label == "رياضة"


def test_several_sources_a_folder_and_gz(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    _jsonl(tmp_path / "d" / "b.jsonl", [{"text": "ب", "label": "x"}])
    with gzip.open(tmp_path / "d" / "a.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.write(json.dumps({"text": "أ", "label": "y"}) + "\n")
    more = _jsonl(tmp_path / "c.jsonl", [{"text": "ج", "label": "x"}])
    assert [e.text for e in read_examples([str(tmp_path / "d"), more], "topic", COLUMNS)] == ["أ", "ب", "ج"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"text": "", "label": "x"}, r"row 2: column 'text' is empty"),
        ({"text": "  \n", "label": "x"}, r"row 2: column 'text' is empty"),
        ({"text": "<p>&nbsp;</p>", "label": "x"}, r"row 2: column 'text' is empty"),
        ({"text": None, "label": "x"}, r"row 2: expected text in column 'text', found nothing"),
        ({"text": ["a"], "label": "x"}, r"row 2: expected text in column 'text', found list"),
        ({"text": True, "label": "x"}, r"row 2: expected text in column 'text', found bool"),
        ({"text": "نص"}, r"row 2: .*label"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: dict[str, Any], expected: str) -> None:
    file = _jsonl(tmp_path / "a.jsonl", [{"text": "نص", "label": "x"}, row])
    with pytest.raises(DataError, match=expected):
        read_examples(file, "topic", COLUMNS)


@pytest.mark.parametrize("separator", [None, "|"])
def test_truth_values_are_labels_as_they_stand_in_a_csv(tmp_path: Path, separator: str | None) -> None:
    values = [True, False]
    json_file = _jsonl(tmp_path / "a.jsonl", [{"text": "نص", "label": value} for value in values])
    (tmp_path / "b.csv").write_text("text,label\nنص,true\nنص,false\n", encoding="utf-8")
    pd.DataFrame({"text": "نص", "label": values}).to_parquet(tmp_path / "c.parquet")
    columns = ColumnsConfig(label_separator=separator)
    for file in (json_file, str(tmp_path / "b.csv"), str(tmp_path / "c.parquet")):
        assert [e.label for e in read_examples(file, "topic", columns)] == ["true", "false"]
        assert [row.label for row in rows_of_files([file], "topic", columns).rows] == ["true", "false"]


def test_empty_rows_of_a_spreadsheet_are_left_out(tmp_path: Path) -> None:
    table = tmp_path / "excel.csv"
    table.write_text("رقم;text;label\r\n1;نص; x \r\n;;\r\n ; ;\r\n\r\n4;خبر;y\r\n;;\r\n", encoding="utf-8-sig")
    examples = read_examples(str(table), "topic", COLUMNS)
    assert [(e.text, e.label, e.row) for e in examples] == [("نص", "x", 1), ("خبر", "y", 4)]
    table.write_text("text;label\nنص;x\n;y\n", encoding="utf-8")
    with pytest.raises(DataError, match="row 2: column 'text' is empty"):
        read_examples(str(table), "topic", COLUMNS)


@pytest.mark.parametrize(("wrong", "more"), [(1, None), (5, None), (9, "… and 4 more rows; mujaz check")])
def test_the_first_rows_that_cannot_be_used_are_named_together(tmp_path: Path, wrong: int, more: str | None) -> None:
    file = _jsonl(tmp_path / "data.jsonl", [{"text": "نص", "label": "" if i < wrong else "x"} for i in range(12)])
    with pytest.raises(DataError) as raised:
        read_examples(file, "topic", COLUMNS)
    lines = str(raised.value).splitlines()
    named = [f"{tmp_path / 'data.jsonl'}, row {i}: column 'label' is empty" for i in range(1, min(wrong, 5) + 1)]
    assert lines[: len(named)] == named
    assert [line[: len(more or "")] for line in lines[len(named) : -1]] == ([more] if more else [])
    assert "data.skip_unusable=true" in lines[-1]
    assert raised.value.row == 1


def test_rows_that_cannot_be_used_are_left_out_where_that_is_wanted(tmp_path: Path) -> None:
    rows = [{"text": f"نص {i}", "label": "y" if i % 2 else "x"} for i in range(12)]
    bad = [{"text": "", "label": "x"}, {"text": "نص"}, *({"text": None, "label": "x"} for _ in range(5))]
    file = _jsonl(tmp_path / "a.jsonl", [*rows[:6], *bad, *rows[6:]])
    splits = load_splits(DataConfig(train=file, dev=file, skip_unusable=True), "topic")
    assert [e.text for e in splits.train] == [e.text for e in splits.dev] == [row["text"] for row in rows]
    assert [(e.file, e.row) for e in splits.train][5:7] == [(file, 6), (file, 14)]
    (line,) = splits.warnings
    assert line.startswith(
        f"14 rows that cannot be used are left out: {file}, row 7: column 'text' is empty; {file}, row 8: "
    )
    assert line.endswith("; and 9 more")
    with pytest.raises(DataError, match="row 7"):
        load_splits(DataConfig(train=file, dev=file), "topic")
    nothing = _jsonl(tmp_path / "b.jsonl", bad)
    with pytest.raises(DataError, match="row 1: column 'text' is empty"):  # all of them: that is another mistake
        load_splits(DataConfig(train=nothing, dev=file, skip_unusable=True), "topic")


def test_labels_can_be_called_otherwise_in_some_files(tmp_path: Path) -> None:
    rows = [{"text": "نص", "label": label} for label in ("agree", "favor", "against")]
    file = _jsonl(tmp_path / "train.jsonl", rows)
    config = DataConfig(train=file, dev=file, dev_fraction=0, rename={"agree": "favor"})
    splits = load_splits(config, "topic")
    assert splits.labels == ["against", "favor"]
    assert [e.label for e in splits.train] == [e.label for e in splits.dev] == ["favor", "favor", "against"]
    assert splits.warnings == []
    left_out = config.model_copy(update={"rename": {"agree": None}})
    assert [e.label for e in load_splits(left_out, "topic").train] == ["favor", "against"]
    with pytest.raises(DataError, match=r"data.rename and data.outliers leave no training row a label"):
        load_splits(config.model_copy(update={"rename": dict.fromkeys(("agree", "favor", "against"))}), "topic")
    mistyped = config.model_copy(update={"rename": {"agre": "favor"}})
    said = "data.rename: no row has the label 'agre'; the rows have against, agree, favor"
    assert load_splits(mistyped, "topic").warnings == [said]


def test_an_unknown_label_is_named(tmp_path: Path) -> None:
    train = _jsonl(tmp_path / "train.jsonl", [{"text": "نص", "label": "ab"[i % 2]} for i in range(8)])
    test = _jsonl(tmp_path / "test.jsonl", [{"text": "نص", "label": "a"}, {"text": "نص", "label": "c"}])
    with pytest.raises(DataError, match=r"test\.jsonl, row 2: unknown label 'c' \(in 1 row\): expected one of a, b"):
        load_splits(DataConfig(train=train, test=test), "topic")
    said = r"unknown label 'b' .*expected one of a, z, which data\.labels names; add what is missing there\."
    with pytest.raises(DataError, match=said):
        load_splits(DataConfig(train=train, labels=["a", "z"]), "topic")


def test_names_in_a_config_are_read_as_those_in_the_data(tmp_path: Path) -> None:
    """A name that is copied out of a table brings its marks of direction along, which nobody sees."""
    rows = [{"text": "نص", "label": "رياضة"}, {"text": "خبر", "label": "مال"}, {"text": "سوق", "label": "اقتصاد"}]
    train = _jsonl(tmp_path / "train.jsonl", rows)
    config = DataConfig(train=train, dev_fraction=0, labels=["\u200fمال", "رياضة "], rename={"اقتصاد": "مال\u200f"})
    splits = load_splits(config, "topic")
    assert splits.labels == ["مال", "رياضة"]
    assert [e.label for e in splits.train] == ["رياضة", "مال", "مال"]


def test_one_label_is_no_classification(tmp_path: Path) -> None:
    file = _jsonl(tmp_path / "a.jsonl", [{"text": "نص", "label": "x"}] * 4)
    with pytest.raises(DataError, match="at least two labels"):
        load_splits(DataConfig(train=file), "topic")


def test_an_unset_variable_is_named() -> None:
    with pytest.raises(DataError):
        read_examples("$MUJAZ_NO_SUCH_VARIABLE/a.jsonl", "topic", COLUMNS)


def test_splits_keep_the_share_of_labels_and_are_seeded() -> None:
    labels = ["a" if i % 4 else "b" for i in range(200)]
    train, dev = cut_stratified(labels, 0.1, seed=1)
    assert Counter(labels[i] for i in dev) == {"a": 15, "b": 5}
    assert cut_stratified(labels, 0.1, seed=1) == (train, dev)
    assert cut_stratified(labels, 0.1, seed=2) != (train, dev)


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=60), st.floats(0.01, 0.9), st.integers(0, 9))
def test_a_split_loses_nothing(labels: list[str], fraction: float, seed: int) -> None:
    kept, taken = cut_stratified(labels, fraction, seed)
    assert sorted((*kept, *taken)) == list(range(len(labels)))
    assert kept == sorted(kept)
    assert taken


def test_too_few_to_split() -> None:
    with pytest.raises(DataError, match="at least 2 rows"):
        cut_stratified(["a"], 0.5, 0)


def test_a_sample_is_drawn_from_everywhere() -> None:
    examples = [_example("a", str(i)) for i in range(100)]
    drawn = sample(examples, 20, seed=3)
    assert len(drawn) == 20
    assert drawn == sorted(drawn, key=lambda e: int(e.text))
    assert int(drawn[-1].text) > 50
    assert sample(examples, None, 0) is examples


def test_labels_are_checked_before_training() -> None:
    check_labels([_example("a")], ["a"])
    with pytest.raises(DataError, match="unknown label 'None'"):
        check_labels([_example(None)], ["a"])


def test_the_fingerprint_follows_the_data() -> None:
    one = data_info([_example("a"), _example("b")], "x/train.jsonl")
    assert one.rows == 2
    assert one.files == ["train.jsonl"]
    assert one.fingerprint == data_info([_example("a"), _example("b")], "elsewhere.jsonl").fingerprint
    assert one.fingerprint != data_info([_example("b"), _example("a")], "x").fingerprint


@pytest.mark.parametrize("written", ["سياسة ", "\u200fسياسة", " سياسة\u200e", "\ufeffسياسة", "سياسة\u00a0"])
def test_labels_and_targets_are_what_people_see(tmp_path: Path, written: str) -> None:
    rows = [{"text": " نص ", "label": written, "target": f"{written}  عامة"}]
    (found,) = read_examples(_jsonl(tmp_path / "x.jsonl", rows), "stance", ColumnsConfig())
    assert (found.text, found.label, found.target) == (" نص ", "سياسة", "سياسة عامة")
    several = [{"text": "نص", "label": [written, "رياضة"]}]
    (found,) = read_examples(_jsonl(tmp_path / "y.jsonl", several), "topic", ColumnsConfig())
    assert found.labels == ("رياضة", "سياسة")


def test_whole_numbers_are_labels_though_they_are_floats(tmp_path: Path) -> None:
    rows = [{"text": "نص", "label": 5.0}, {"text": "نص", "label": 5}]
    found = read_examples(_jsonl(tmp_path / "x.jsonl", rows), "topic", ColumnsConfig())
    assert [e.label for e in found] == ["5", "5"]
    with pytest.raises(DataError, match=r"found float 5\.5"):
        read_examples(_jsonl(tmp_path / "x.jsonl", [{"text": "نص", "label": 5.5}]), "topic", ColumnsConfig())


def test_all_unknown_labels_are_named_with_their_rows() -> None:
    rows = [Example("نص", label, None, None, "f", i) for i, label in enumerate(["a", "c", "d", "c"], 1)]
    with pytest.raises(
        DataError, match=r"f, row 2: unknown labels 'c' \(in 2 rows\), 'd' \(in 1 row\): expected one of a"
    ):
        check_labels(rows, ["a"])


def test_one_column_is_not_two_things(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "d.jsonl", [{"text": "نص", "label": "a"}])
    with pytest.raises(UsageError, match="text and target are both read from 'text'"):
        read_examples(str(file), "stance", ColumnsConfig(target="text"))
    assert read_examples(str(file), "topic", ColumnsConfig(target="label"))  # a target is not read there


def test_additional_rows_are_trained_on_and_no_part_is_cut_off_them(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": f"نص رقم {n}", "label": "ab"[n % 2]} for n in range(40)]
    more: list[dict[str, object]] = [{"text": f"مصنوع {n}", "label": "old"} for n in range(5)]
    train, made = write_jsonl(tmp_path / "train.jsonl", rows), write_jsonl(tmp_path / "made.jsonl", more)
    settings = {"train": str(train), "dev_fraction": 0.2, "test_fraction": 0.2, "rename": {"old": "a"}}
    alone = load_splits(DataConfig.model_validate(settings), "topic")
    found = load_splits(DataConfig.model_validate(settings | {"additional": str(made)}), "topic")
    assert (found.dev, found.test) == (alone.dev, alone.test)
    assert found.train[: len(alone.train)] == alone.train
    assert [(e.text, e.label) for e in found.train[len(alone.train) :]] == [(row["text"], "a") for row in more]


def test_additional_rows_have_the_labels_of_the_others(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": f"نص رقم {n}", "label": "ab"[n % 2]} for n in range(40)]
    train = write_jsonl(tmp_path / "train.jsonl", rows)
    made = write_jsonl(tmp_path / "made.jsonl", [{"text": "مصنوع", "label": "c"}])
    with pytest.raises(DataError, match="unknown label 'c'"):
        load_splits(DataConfig(train=str(train), additional=str(made)), "topic")


def test_held_out_targets_that_additional_rows_bring_back_are_named(
    stance_file: Path, tmp_path: Path, tiny_config: Callable[..., dict[str, Any]]
) -> None:
    made = write_jsonl(tmp_path / "made.jsonl", [{"text": "أحب السوق", "target": "السوق", "label": "favor"}])
    asked = tiny_config("stance", stance_file, tmp_path / "run", max_steps=1)
    asked["data"] |= {"split": {"by": "target", "held_out": ["السوق"]}, "additional": str(made), "test_fraction": 0}
    config = check_config(asked, "test")
    splits = load_splits(config.data, "stance")
    line = f"test: rows of data.additional have the targets of {len(splits.test)} rows: these targets are not unseen"
    assert targets_again(config.data, splits) == [line]
    assert targets_again(config.data.model_copy(update={"additional": None}), splits) == []
    lines: list[str] = []
    folder = run_training(config, report=lines.append).folder
    assert f"data: problem: {line}" in lines
    assert line in json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["problems"]


def test_so_many_additional_rows_and_no_more(tmp_path: Path) -> None:
    rows = [{"text": f"نص {i}", "label": "ab"[i % 2]} for i in range(100)]
    own, more = _jsonl(tmp_path / "own.jsonl", rows[:10]), _jsonl(tmp_path / "more.jsonl", rows[10:])
    data = DataConfig(train=own, additional=more, dev_fraction=0.2, max_additional_rows=30)
    train = load_splits(data, "topic").train
    assert Counter(Path(e.file).name for e in train) == {"own.jsonl": 8, "more.jsonl": 30}
    assert {e.row for e in train[8:]} != set(range(1, 31))  # files are often sorted
    assert len(load_splits(data.model_copy(update={"max_additional_rows": 99}), "topic").train) == 98


def test_some_files_may_lack_titles(tmp_path: Path) -> None:
    titled, plain = (tmp_path / f"{name}.parquet" for name in ("titled", "plain"))
    pq.write_table(pa.table({"text": ["نص"], "label": ["a"], "title": ["عنوان"]}), titled)
    pq.write_table(pa.table({"text": ["نص آخر"], "label": ["b"]}), plain)
    columns = ColumnsConfig(title="title")
    found = read_examples([str(titled), str(plain)], "topic", columns)
    assert [(e.text, e.title) for e in found] == [("عنوان\nنص", "عنوان"), ("نص آخر", None)]
    with pytest.raises(DataError, match=r"plain\.parquet: no column 'title'; columns found: 'text', 'label'"):
        read_examples(str(plain), "topic", columns)
    with pytest.raises(DataError, match=r"no column 'titel'; columns found: .* did you mean 'title'"):
        read_examples(str(titled), "topic", ColumnsConfig(title="titel"))
    data = DataConfig(train=str(titled), additional=str(plain), dev=str(plain), labels=["a", "b"], columns=columns)
    assert [e.title for e in load_splits(data, "topic").train] == ["عنوان", None]


@pytest.mark.parametrize(("labels", "refused"), [(43, False), (44, True)])
def test_a_column_of_ids_is_no_column_of_labels(tmp_path: Path, labels: int, refused: bool) -> None:
    names = [f"id{i % labels:02}" for i in range(54)]
    file = _jsonl(tmp_path / "a.jsonl", [{"text": f"نص {i}", "label": name} for i, name in enumerate(names)])
    lists = _jsonl(tmp_path / "b.jsonl", [{"text": f"نص {i}", "label": [name]} for i, name in enumerate(names)])
    assert len(load_splits(DataConfig(train=lists, dev_fraction=0), "topic").labels) == labels
    data = DataConfig(train=file, dev_fraction=0)
    if refused:
        said = r"found 44 in 54 training rows \(id00, id01, id02 and 41 more\).* Is 'label' the label column\?"
        with pytest.raises(DataError, match=said):
            load_splits(data, "topic")
        named = data.model_copy(update={"labels": sorted({*names})})
        assert len(load_splits(named, "topic").labels) == labels
    else:
        assert len(load_splits(data, "topic").labels) == labels


def test_of_many_labels_a_message_names_the_first(tmp_path: Path) -> None:
    names = [f"l{i:02}" for i in range(30)]
    file = _jsonl(tmp_path / "a.jsonl", [{"text": f"نص {i}", "label": names[i % 30]} for i in range(90)])
    test = _jsonl(tmp_path / "t.jsonl", [{"text": "نص", "label": "x"}])
    with pytest.raises(DataError, match=r"expected one of l00, l01, .*, l19 and 10 more"):
        load_splits(DataConfig(train=file, test=test, dev_fraction=0), "topic")
    assert load_splits(DataConfig(train=file, dev_fraction=0, outliers=["x"]), "topic").warnings[0].endswith("10 more")
