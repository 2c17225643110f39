from __future__ import annotations

import json
import random
import re
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score
from sklearn.model_selection import LeaveOneGroupOut

from mujaz.cli import cli
from mujaz.configs.data_schema import DataConfig, SplitConfig
from mujaz.configs.loading import check_config
from mujaz.errors import ConfigError, DataError, UsageError
from mujaz.training.data import load_splits
from mujaz.training.folds import fold_config, train_folds
from mujaz.training.near_duplicates import jaccards, word_pairs
from mujaz.training.splits import (
    cut_groups,
    cut_latest,
    cut_stratified,
    cut_target,
    group_folds,
    stratified_folds,
)
from mujaz.training.train import train
from tests.conftest import TinyConfig, write_jsonl
from tests.page_reading import read


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("ABCDEFGH")), min_size=12, max_size=80),
    st.floats(0.05, 0.95),
    st.integers(0, 9),
)
def test_no_group_stands_on_both_sides(rows: list[tuple[str, str]], fraction: float, seed: int) -> None:
    labels, groups = [label for label, _ in rows], [group for _, group in rows]
    try:
        kept, taken = cut_groups(labels, groups, fraction, seed)
    except DataError:
        assert len(set(groups)) < max(round(1 / min(fraction, 1 - fraction)), 2)
        return
    assert sorted(kept + taken) == list(range(len(rows)))
    assert kept
    assert taken
    assert not {groups[i] for i in kept} & {groups[i] for i in taken}


def test_groups_keep_the_share_of_labels_and_rows() -> None:
    drawn = random.Random(0)
    groups = [str(i // 5) for i in range(1000)]
    labels: list[str | None] = ["a" if drawn.random() < 0.2 else "b" for _ in groups]
    kept, taken = cut_groups(labels, groups, 0.1, 3)
    assert 80 <= len(taken) <= 120
    assert abs(Counter(labels[i] for i in taken)["a"] / len(taken) - Counter(labels)["a"] / 1000) < 0.02
    assert cut_groups(labels, groups, 0.1, 3) == (kept, taken)
    assert cut_groups(labels, groups, 0.1, 4) != (kept, taken)


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.15, 0.2, 0.3, 0.35, 0.4, 0.45, 0.6, 0.7, 0.85])
def test_a_cut_by_groups_is_as_large_as_asked(fraction: float) -> None:
    drawn = random.Random(0)
    groups = [str(i // 5) for i in range(1000)]
    labels: list[str | None] = ["a" if drawn.random() < 0.2 else "b" for _ in groups]
    kept, taken = cut_groups(labels, groups, fraction, 3)
    assert len(taken) == pytest.approx(1000 * fraction, abs=12)
    assert sorted(kept + taken) == list(range(1000))
    few_kept, few = cut_groups(labels, [str(i // 334) for i in range(1000)], 0.4, 3)  # three groups: one of them
    assert (len(few), len(few_kept)) in {(334, 666), (332, 668)}


def test_a_fold_a_group_is_leave_one_group_out() -> None:
    groups = list("aabbbcab")
    mine = {tuple(taken) for _, taken in group_folds(["x", "y"] * 4, groups, 3, 0)}
    theirs = {tuple(map(int, taken)) for _, taken in LeaveOneGroupOut().split(groups, groups=groups)}
    assert mine == theirs


@given(st.lists(st.sampled_from("ab"), min_size=20, max_size=60), st.integers(2, 5))
def test_folds_cover_every_row_once(labels: list[str], folds: int) -> None:
    if min(Counter(labels).values()) < folds or len(set(labels)) < 2:
        return
    parts = stratified_folds(labels, folds, 0)
    assert sorted(row for _, taken in parts for row in taken) == list(range(len(labels)))
    for kept, taken in parts:
        assert not set(kept) & set(taken)
        share = Counter(labels)["a"] / folds
        assert abs(Counter(labels[i] for i in taken)["a"] - share) < 1 + 1e-9


def test_data_without_labels_is_cut_too() -> None:
    assert sorted(row for _, taken in stratified_folds([None] * 10, 3, 0) for row in taken) == list(range(10))
    kept, taken = cut_groups([None] * 10, list("aabbccddee"), 0.2, 0)
    assert len(taken) == 2
    assert len(kept) == 8


def test_too_few_groups_or_rows_are_named() -> None:
    with pytest.raises(DataError, match="at least 10 groups to cut off 10% without parting one, found 2"):
        cut_groups(["x"] * 4, list("aabb"), 0.1, 0)
    with pytest.raises(DataError, match="3 folds need 3 rows of each label; 'b' has 1"):
        stratified_folds(["a", "a", "a", "b"], 3, 0)


def test_the_latest_rows_are_cut_off_and_no_date_is_split() -> None:
    dates = ["2015-03-01", datetime(2015, 7, 1, 12), date(2015, 1, 1), "2015-06-30T10:00:00+03:00", "2015-07-01 12:00"]
    assert cut_latest(dates, 0.2) == ([0, 2, 3], [1, 4])
    assert cut_latest(["2019-03-31T20:00", "2019-03-30", "2019-03-31T08:00"], 0.3) == ([1], [0, 2])
    with pytest.raises(DataError, match="ISO 8601.*found '31/13/2015'"):
        cut_latest(["2015-03-01", "31/13/2015"], 0.5)
    with pytest.raises(DataError, match="would leave no row"):
        cut_latest(["2015-03-01", "2015-03-01"], 0.5)


def test_held_out_targets() -> None:
    assert cut_target(["x", "y", "x"], ["x"]) == ([1], [0, 2])
    with pytest.raises(DataError, match="no row has the target 'z'; targets found: x, y"):
        cut_target(["x", "y"], ["z"])
    with pytest.raises(DataError, match="all targets"):
        cut_target(["x", "y"], ["x", "y"])


@pytest.fixture
def stance(tmp_path: Path) -> Path:
    """120 rows of three targets, four sources and several days; every fourth text nearly repeats the one before."""
    drawn = random.Random(1)
    names = [f"كلمة{a}{b}" for a in "ابتثجحخد" for b in "سشصضطظعغ"]
    rows: list[dict[str, object]] = []
    for i in range(120):
        words = rows[-1]["text"].split() if i % 4 == 3 else drawn.sample(names, 20)  # type: ignore[attr-defined]
        words = [*words[:-1], "آخر"]
        day = f"2020-01-{1 + i // 10:02}"
        row = {"text": " ".join(words), "target": "سعج"[i % 3], "label": "ab"[i // 2 % 2], "source": f"s{i % 24}"}
        rows.append({**row, "day": day})
    return write_jsonl(tmp_path / "stance.jsonl", rows)


def _load(file: Path, **split: object) -> tuple[list[list[str]], DataConfig]:
    fractions = {} if "held_out" in split else {"test_fraction": 0.2}
    config = DataConfig(train=str(file), dev_fraction=0.2, split=SplitConfig.model_validate(split), **fractions)  # type: ignore[arg-type]
    splits = load_splits(config, "stance")
    assert sum(map(len, (splits.train, splits.dev, splits.test))) == 120
    assert min(map(len, (splits.train, splits.dev, splits.test))) >= 10
    return [[f"{e.row}|{e.key}|{e.target}" for e in part] for part in (splits.train, splits.dev, splits.test)], config


def _column(parts: list[list[str]], index: int) -> list[set[str]]:
    return [{row.split("|")[index] for row in part} for part in parts]


def test_a_config_splits_by_group(stance: Path) -> None:
    train_, dev, test = _column(_load(stance, by="group", column="source")[0], 1)
    assert not train_ & dev
    assert not (train_ | dev) & test


def test_a_config_splits_by_date(stance: Path) -> None:
    train_, dev, test = _column(_load(stance, by="date", column="day")[0], 1)
    assert max(train_) < min(dev)
    assert max(dev) < min(test)


def test_a_config_leaves_a_target_out(stance: Path) -> None:
    train_, dev, test = _column(_load(stance, by="target", held_out=["ع "])[0], 2)  # read as targets are
    assert (train_, dev, test) == ({"س", "ج"}, {"س", "ج"}, {"ع"})


def test_a_config_keeps_near_duplicates_together(stance: Path) -> None:
    config = DataConfig(train=str(stance), dev_fraction=0.2, test_fraction=0.2, split=SplitConfig(by="near_duplicates"))
    splits = load_splits(config, "stance")
    parts = [[e.text for e in part] for part in (splits.train, splits.dev, splits.test)]
    sets = [word_pairs([*parts[0], *parts[1], *parts[2]])][0]
    sides = [side for side, part in enumerate(parts) for _ in part]
    across = [float(jaccards(sets[a], [sets[b]])[0]) for a in range(120) for b in range(a) if sides[a] != sides[b]]
    within = [float(jaccards(sets[a], [sets[b]])[0]) for a in range(120) for b in range(a) if sides[a] == sides[b]]
    assert max(across) < 0.7 <= max(within)
    plain = load_splits(config.model_copy(update={"split": SplitConfig()}), "stance")
    assert {e.row for e in plain.test} != {e.row for e in splits.test}


def test_a_row_without_the_key_is_named(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": "نص", "label": "ab"[i % 2], "source": "x" if i else ""} for i in range(9)]
    file = write_jsonl(tmp_path / "a.jsonl", rows)
    config = DataConfig(train=str(file), split=SplitConfig(by="group", column="source"))
    with pytest.raises(DataError, match=r"row 1: column 'source', to split by, is empty"):
        load_splits(config, "topic")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"split": {"by": "group"}}, "by: group needs a column"),
        ({"split": {"by": "date"}}, "by: date needs a column"),
        ({"split": {"column": "x"}}, "by: stratified takes no column"),
        ({"split": {"held_out": ["x"]}}, "held_out goes with by: target"),
        ({"split": {"by": "target"}}, "needs split.held_out, or folds"),
        ({"split": {"by": "target", "held_out": ["x"]}, "test_fraction": 0.1}, "held_out are the test data"),
        ({"folds": 3, "test_fraction": 0.1}, "leave folds out, or test_fraction"),
        ({"folds": 3, "test": "test.jsonl"}, r"leave folds out, or the test file \(data.test=null\)"),
        ({"folds": 3, "split": {"by": "date", "column": "day"}}, "folds cannot be cut by date"),
        ({"folds": 3, "fold": 4}, "fold 4 of 3"),
        ({"fold": 1}, "fold 1 of none"),
    ],
)
def test_a_wrong_split_is_refused(data: dict[str, object], expected: str, topic_file: Path) -> None:
    settings = {
        "task": "topic",
        "output": "x",
        "model": {"name": "arabert"},
        "data": {"train": str(topic_file), **data},
    }
    with pytest.raises(ConfigError, match=expected):
        check_config(settings, "test")


def test_folds_are_trained_scored_and_not_trained_twice(
    topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    settings = tiny_config("topic", topic_file, tmp_path / "run", epochs=2)
    settings["data"] |= {"folds": 3, "test_fraction": 0}
    config = check_config(settings, "test")
    lines: list[str] = []
    result = train_folds(config, report=lines.append)
    assert result.rows == (22, 21, 21)
    accuracies = [
        json.loads((tmp_path / "run" / f"fold-{i}" / "metrics.json").read_text(encoding="utf-8"))["metrics"]["accuracy"]
        for i in (1, 2, 3)
    ]
    assert result.scores["accuracy"].mean == pytest.approx(np.mean(accuracies))
    assert result.scores["accuracy"].deviation == pytest.approx(np.std(accuracies, ddof=1))
    saved = json.loads((tmp_path / "run" / "folds.json").read_text(encoding="utf-8"))
    files = [tmp_path / "run" / f"fold-{i}" / "predictions.jsonl" for i in (1, 2, 3)]
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    pairs = [[row[name] for row in rows] for name in ("reference", "prediction")]
    assert result.pooled["accuracy"][0] == pytest.approx(accuracy_score(*pairs))
    assert result.pooled["macro_f1"][0] == pytest.approx(f1_score(*pairs, average="macro"))
    assert all(low <= score <= high for score, low, high in result.pooled.values())
    assert {name: tuple(found) for name, found in saved["pooled"].items()} == result.pooled
    assert saved["scores"]["accuracy"]["folds"] == accuracies
    _check_page(result.folder / "folds.html", *pairs)
    count = len(lines)
    again = train_folds(config, report=lines.append)
    assert again == result
    assert len(lines) == count + 6  # two lines a fold, nothing of any training
    assert lines[-1] == "done before, and not trained again (--restart does)"
    with pytest.raises(UsageError, match="give data.fold"):
        train(config.model_copy(update={"output": str(result.folder / "one")}))
    with pytest.raises(UsageError, match="no data.fold"):
        train_folds(fold_config(config, 1))


def _check_page(path: Path, references: list[str], predictions: list[str]) -> None:
    """The page of a cross-validation: self-contained but for the reports of its folds, and of all rows."""
    page = path.read_text(encoding="utf-8")
    assert read(page).loads == [f"href=fold-{i}/report.html" for i in (1, 2, 3)]
    assert all((path.parent / f"fold-{i}" / "report.html").is_file() for i in (1, 2, 3))
    names = sorted({*references, *predictions})
    table = page.split('<table class="confusion')[1].split("</table>")[0]
    shown = [int(count.replace(",", "") or 0) for count in re.findall(r"<td[^>]*>(.*?)</td>", table)]
    assert shown == confusion_matrix(references, predictions, labels=names).ravel().tolist()
    f1 = f1_score(references, predictions, average=None, labels=names)
    assert all(f"<b>{100 * value:.1f}</b>" in page for value in f1)
    assert f"{100 * accuracy_score(references, predictions):.2f}" in page


def test_the_command_cross_validates(topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    settings = tiny_config("topic", topic_file, tmp_path / "run", max_steps=1)
    settings["data"]["test_fraction"] = 0.0
    (tmp_path / "c.yaml").write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    dry = CliRunner().invoke(cli, ["train", str(tmp_path / "c.yaml"), "--folds", "2", "--dry-run"])
    assert "# the first of the folds:" in dry.output
    assert "32 test" in dry.output
    result = CliRunner().invoke(cli, ["train", str(tmp_path / "c.yaml"), "--folds", "2"])
    assert result.exit_code == 0, result.output
    assert "2 folds, 64 rows, in percent" in result.output
    assert "macro_f1" in result.output
    assert f"its page is {tmp_path / 'run' / 'folds.html'}" in result.output.replace("\n", "")


def test_summaries_have_a_page_of_their_folds(
    bert_folder: Path, summary_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    settings = tiny_config("summary", summary_file, tmp_path / "run", max_steps=1)
    settings["model"] = {"name": str(bert_folder), "max_length": 24}
    settings["data"] |= {"folds": 2, "test_fraction": 0, "dev_fraction": 0.2}
    result = train_folds(check_config(settings, "test"))
    page = (tmp_path / "run" / "folds.html").read_text(encoding="utf-8")
    assert f"{result.pooled['rougeL'][0]:.2f}" in page
    assert f"{result.scores['rougeL'].mean:.2f}" in page
    assert "confusion" not in page.split("</style>")[1]


def test_one_target_left_out_at_a_time(stance: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    """From the command line: each fold is tested on a target that its training never saw."""
    settings = tiny_config("stance", stance, tmp_path / "run", epochs=1)
    settings["data"] |= {"test_fraction": 0.0, "split": {"by": "target"}}
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(settings), encoding="utf-8")
    result = CliRunner().invoke(cli, ["train", str(path), "--folds", "3"], env={"COLUMNS": "160"})
    assert result.exit_code == 0, result.output
    saved = json.loads((tmp_path / "run" / "folds.json").read_text(encoding="utf-8"))
    assert sum(saved["rows"]) == 120
    assert [len(targets) for targets in saved["targets"]] == [1, 1, 1]
    assert len({target for targets in saved["targets"] for target in targets}) == 3
    for number, (target,) in enumerate(saved["targets"], 1):
        metrics = json.loads((tmp_path / "run" / f"fold-{number}" / "metrics.json").read_text(encoding="utf-8"))
        unseen = metrics["metrics"]["stance"]["unseen"]
        assert (unseen["rows"], unseen["targets"]) == (metrics["rows"], 1)
        assert unseen["macro_f1"] == pytest.approx(metrics["metrics"]["macro_f1"])
        assert f"fold {number}, trained without: {target}" in result.output
        assert f"<bdi>{target}</bdi>" in (tmp_path / "run" / "folds.html").read_text(encoding="utf-8")
    values = saved["scores"]["target_macro_f1"]
    assert values["mean"] == pytest.approx(np.mean(values["folds"]))
    assert values["deviation"] == pytest.approx(np.std(values["folds"], ddof=1))


@pytest.mark.parametrize(
    ("days", "fraction", "latest"),
    [
        ([1, 2, 3, 4], 0.01, [3]),  # one row at least
        ([1, 2, 3, 4], 0.5, [2, 3]),
        ([1, 3, 3, 3], 0.25, [1, 2, 3]),  # a date is taken whole
        ([4, 1, 2, 3], 0.25, [0]),
    ],
)
def test_how_many_of_the_latest_are_cut_off(days: list[int], fraction: float, latest: list[int]) -> None:
    kept, cut = cut_latest([f"2024-01-{day:02}" for day in days], fraction)
    assert cut == latest
    assert sorted([*kept, *cut]) == list(range(len(days)))


def test_folds_of_other_data_are_not_counted(tmp_path: Path, tiny_config: TinyConfig) -> None:
    rows: list[dict[str, object]] = [
        {"text": f"{word} رقم {i}", "label": label} for i in range(12) for word, label in (("كرة", "a"), ("سوق", "b"))
    ]
    settings = tiny_config("topic", write_jsonl(tmp_path / "d.jsonl", rows), tmp_path / "run", max_steps=1)
    settings["data"] |= {"folds": 2, "test_fraction": 0}
    train_folds(check_config(settings, "test"))
    write_jsonl(tmp_path / "d.jsonl", [{**row, "text": f"{row['text']}0"} for row in rows])
    with pytest.raises(UsageError, match=r"fold-1 was trained on other data"):
        train_folds(check_config(settings, "test"))


def test_a_rare_label_leaves_the_others_in_proportion() -> None:
    labels = ["a"] * 60 + ["b"] * 30 + ["c"] * 10 + ["d"]
    for seed in range(20):
        kept, taken = cut_stratified(labels, 0.2, seed)
        found = Counter(labels[row] for row in taken)
        assert (found["b"], found["c"]) == (6, 2)
        assert found["a"] in (11, 12)
        assert sorted([*kept, *taken]) == list(range(101))
    # of a label with two rows a part of 10 % has none, or one in the place of another's
    labels = ["a"] * 45 + ["b"] * 45 + ["c"] * 2 + ["d"] * 8
    counts = [Counter(labels[row] for row in cut_stratified(labels, 0.1, seed)[1]) for seed in range(20)]
    assert all(one["c"] + one["d"] == 1 for one in counts)


def test_where_no_proportion_can_be_kept() -> None:
    kept, taken = cut_stratified(["a", "b", "c", "d"], 0.25, 0)
    assert (len(kept), len(taken)) == (3, 1)
    kept, taken = cut_stratified([None] * 8, 0.25, 0)
    assert (len(kept), len(taken)) == (6, 2)
    kept, taken = cut_stratified(["a"] * 9 + ["b"], 0.2, 0)
    assert (len(kept), len(taken)) == (8, 2)


def test_a_date_that_cannot_be_read_is_named_with_its_row(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"text": f"نص {i}", "label": "ab"[i % 2], "day": f"2024-01-{i + 1:02}"} for i in range(9)
    ]
    rows[4]["day"] = "05/22/2023"
    data = write_jsonl(tmp_path / "d.jsonl", rows)
    config = DataConfig(train=str(data), split=SplitConfig(by="date", column="day"))
    with pytest.raises(DataError, match=r"d\.jsonl, row 5: column 'day': .*day first .*found '05/22/2023'"):
        load_splits(config, "topic")
    write_jsonl(data, [{**row, "day": "2024-01-01"} for row in rows])
    with pytest.raises(DataError, match="none is before 2024-01-01, .* all rows are of that date"):
        load_splits(config, "topic")
