from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scipy.stats import binom
from sklearn.dummy import DummyClassifier
from sklearn.preprocessing import OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier

from mujaz.configs.data_schema import ColumnsConfig, SupportConfig
from mujaz.configs.loading import check_config
from mujaz.errors import DataError
from mujaz.models.opening import open_checkpoint
from mujaz.training.checks import DataReport, check_data, quick_check
from mujaz.training.checks_duplicates import near_texts
from mujaz.training.checks_page import page
from mujaz.training.checks_rows import CheckRow, rows_of_config, rows_of_files
from mujaz.training.checks_text import row_faults
from mujaz.training.data import load_splits, read_examples
from mujaz.training.train import train
from tests.conftest import write_jsonl
from tests.page_reading import read

ARTICLE = (
    "أعلنت البلدية أمس بدء العمل في ترميم السوق القديم الذي بني قبل مئة عام. وقال المهندس المسؤول إن العمل يستمر ستة أشهر، "
    "وإن المحال تبقى مفتوحة طوال هذه المدة."
)


def _found(report: DataReport) -> dict[tuple[str, str], int]:
    return {(finding.kind, finding.split): finding.count for finding in report.findings}


def _row(text: str = ARTICLE, **values: Any) -> CheckRow:
    return CheckRow("train", "f", 1, text, **values)


@pytest.mark.parametrize(
    ("row", "task", "expected"),
    [
        (_row(label="x"), "topic", []),
        (_row("  ", label="x"), "topic", ["empty text"]),
        (_row(label=" "), "topic", ["no label"]),
        (_row(label="x"), "stance", ["no target"]),
        (_row("The mayor opened the old market yesterday, in بلدة.", label="x"), "topic", ["not Arabic"]),
        (_row("123 456", label="x"), "topic", ["not Arabic"]),
        (_row("أعلن @mayor_of_town افتتاح السوق", label="x"), "topic", []),
        (_row("ط§ظ„ط³ظˆظ‚ ط§ظ„ظ‚ط¯ظٹظ…", label="x"), "topic", ["broken encoding"]),
        (_row(f"<p>{ARTICLE}</p>", label="x"), "topic", ["HTML"]),
        (_row(f"{ARTICLE} قال&nbsp;أحدهم", label="x"), "topic", ["HTML"]),
        (_row(f"{ARTICLE} وكانت النتيجة 3 < 5 و 7 > 6.", label="x"), "topic", []),
        (_row(f"{ARTICLE} https://example.org/a", label="x"), "topic", ["URL"]),
        (_row(f"{ARTICLE}\nشارك الخبر على فيسبوك", label="x"), "topic", ["share bar"]),
        (_row(f"الرياض - واس: {ARTICLE}", label="x"), "topic", ["dateline"]),
        (_row(f"{ARTICLE}\nجميع الحقوق محفوظة 2020", label="x"), "topic", ["page leftover"]),
        (_row(label="x", title="ترميم السوق القديم الذي بني"), "topic", ["title in text"]),
        (_row(label="x", title="السوق القديم"), "topic", []),  # two words stand in many a text
        (_row(summary="بدء ترميم السوق القديم"), "summary", []),
        (_row(summary=""), "summary", ["no summary"]),
        (_row(summary=f"{ARTICLE} وكفى"), "summary", ["summary not shorter"]),
        (_row(summary="أعلنت البلديّة أمس بدء العمل"), "summary", ["summary is beginning"]),
        (_row(summary="المحالّ تبقى مفتوحة طوال هذه"), "summary", ["summary in text"]),
        (_row(summary="استقالة رئيس الحكومة إثر فضيحة"), "summary", ["summary not in text"]),
    ],
)
def test_one_row(row: CheckRow, task: str, expected: list[str]) -> None:
    assert list(row_faults(row, task, SupportConfig())) == expected


@pytest.fixture
def spoiled(tmp_path: Path) -> Path:
    """A data set with one of each: repeated, leaked, conflicting, nearly the same, unreadable, rare."""
    train: list[dict[str, object]] = [
        {"text": f"خبر رقم {i} عن {'الرياضة' if i % 2 else 'الاقتصاد'} في المدينة اليوم", "label": "ab"[i % 2]}
        for i in range(40)
    ]
    long = "افتتح الوزير صباح اليوم معرض الكتاب السنوي في العاصمة بحضور عدد كبير من الناشرين والكتاب"
    train += [
        {"text": long, "label": "a"},
        {"text": f"{long}  ", "label": "a"},  # repeated
        {"text": "نص له وسمان مختلفان كل الاختلاف", "label": "a"},
        {"text": "نص له وسمان مختلفان كل الاختلاف", "label": "b"},
        {"text": "", "label": "a"},
        {"text": "نادر", "label": "c"},
    ]
    test: list[dict[str, object]] = [
        {"text": long, "label": "a"},
        {"text": f"{long} العرب", "label": "b"},
        {"text": "نص جديد تماما لم يره أحد", "label": "d"},
    ]
    write_jsonl(tmp_path / "train.jsonl", train)
    write_jsonl(tmp_path / "my_test.jsonl", test)
    with (tmp_path / "train.jsonl").open("a", encoding="utf-8") as stream:
        stream.write("{broken\n")
    return tmp_path


def test_each_fault_is_found_once(spoiled: Path) -> None:
    report = check_data(rows_of_files([str(spoiled)]))
    assert (report.task, report.rows) == ("topic", {"train": 46, "test": 3})
    found = _found(report)
    expected = {
        ("unreadable", ""): 1,
        ("empty text", "train"): 1,
        ("duplicate", "train"): 2,
        ("leak", "test"): 1,
        ("near leak", "test"): 1,
        ("conflict", ""): 2,
        ("unknown label", "test"): 1,
        ("few", ""): 1,
        ("few scored", "test"): 3,
    }
    assert {key: count for key, count in found.items() if key in expected} == expected
    assert [f.level for f in report.findings] == sorted(
        (f.level for f in report.findings), key=["problem", "warning", "note"].index
    )
    assert any(
        "لم يره" in e.text or "(1)" in e.text for f in report.findings if f.kind == "unknown label" for e in f.examples
    )


def test_empty_rows_of_a_spreadsheet_are_no_finding(tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text("text;label\nنص;x\n;\nخبر;y\n;z\n", encoding="utf-8")
    report = check_data(rows_of_files([str(tmp_path / "all.csv")]))
    assert report.rows == {"all": 3}
    assert _found(report)["empty text", "all"] == 1


@pytest.mark.parametrize("nothing", ["NaN", " null ", "<p></p>", "\u200f\u200b", "&nbsp;"])
def test_what_a_training_takes_for_no_text_the_check_does_too(nothing: str, tmp_path: Path) -> None:
    texts = [*(f"{ARTICLE} {n}" for n in range(4)), nothing, nothing]
    data = write_jsonl(tmp_path / "train.jsonl", [{"text": t, "label": f"label {n % 2}"} for n, t in enumerate(texts)])
    report = check_data(rows_of_files([str(data)]), near=False)
    found = _found(report)
    assert found["empty text", "train"] == 2
    assert not {"not Arabic", "HTML", "conflict", "duplicate"} & {kind for kind, _ in found}
    with pytest.raises(DataError, match="row 5") as refused:
        read_examples(str(data), "topic", ColumnsConfig())
    assert "row 6" in str(refused.value)


def test_a_title_that_is_missing_is_set_before_no_text(tmp_path: Path, tiny_config: Any) -> None:
    data = write_jsonl(tmp_path / "train.jsonl", [{"text": ARTICLE, "label": "x", "head": t} for t in ("nan", "سوق")])
    config = tiny_config("topic", data, tmp_path / "run")
    config["data"]["columns"] = {"title": "head"}
    expected = [ARTICLE, f"سوق\n{ARTICLE}"]
    assert [row.text for row in rows_of_config(check_config(config, "test")).rows] == expected
    assert [example.text for example in read_examples(str(data), "topic", ColumnsConfig(title="head"))] == expected


def test_clean_data_gives_no_finding(topic_file: Path) -> None:
    report = check_data(rows_of_files([str(topic_file)]), near=False)
    assert report.findings == []
    assert report.labels == {"topic": {"sport": 32, "money": 32}}


@pytest.mark.parametrize(("rows", "points"), [(50, 11), (199, 6), (200, None)])
def test_few_rows_to_score_on_say_what_chance_does(tmp_path: Path, rows: int, points: int | None) -> None:
    """Half of the 95 % interval of 80 %, as SciPy's binomial has it, within a point."""
    write_jsonl(tmp_path / "test.jsonl", [{"text": f"خبر {i}", "label": "ab"[i % 2]} for i in range(rows)])
    found = [f for f in check_data(rows_of_files([str(tmp_path)]), near=False).findings if f.kind == "few scored"]
    if points is None:
        assert found == []
        return
    low, high = binom.interval(0.95, rows, 0.8)
    assert (high - low) / 2 / rows * 100 == pytest.approx(points, abs=1)
    assert [f.title for f in found] == [f"few rows to score on, so chance moves an accuracy by {points} points; rows"]


def test_without_near_nothing_near_is_looked_for(spoiled: Path) -> None:
    report = check_data(rows_of_files([str(spoiled)]), near=False)
    assert not any(finding.kind.startswith("near") for finding in report.findings)


def test_a_text_with_another_target_is_no_repetition(tmp_path: Path) -> None:
    write_jsonl(
        tmp_path / "train.jsonl", [{"text": ARTICLE, "target": t, "label": "favor"} for t in ("السوق", "البلدية")]
    )
    write_jsonl(tmp_path / "test.jsonl", [{"text": ARTICLE, "target": "العمل", "label": "against"}])
    report = check_data(rows_of_files([str(tmp_path)]))
    assert report.targets == {
        "train": {"السوق": {"favor": 1}, "البلدية": {"favor": 1}},
        "test": {"العمل": {"against": 1}},
    }
    assert ("text leak", "test") in _found(report)
    assert not {"duplicate", "leak", "conflict", "near leak"} & {finding.kind for finding in report.findings}


@pytest.mark.parametrize(("share", "told"), [(18, True), (11, False)])
def test_targets_that_give_their_label_away(tmp_path: Path, share: int, told: bool) -> None:
    """scikit-learn's rule of the most frequent label, asked of the target alone, beside the same without the target."""
    rows: list[dict[str, object]] = [
        {"text": f"{ARTICLE} {i}", "target": t, "label": label if i < share else other}
        for t, label, other in (("السوق", "favor", "against"), ("البلدية", "against", "favor"))
        for i in range(20)
    ]
    write_jsonl(tmp_path / "data.jsonl", rows)
    report = check_data(rows_of_files([str(tmp_path / "data.jsonl")]), near=False)
    found = [finding for finding in report.findings if finding.kind == "target tells"]
    target, label = [[row["target"]] for row in rows], [row["label"] for row in rows]
    blind = DummyClassifier().fit(target, label).score(target, label)
    tree = DecisionTreeClassifier().fit(OrdinalEncoder().fit_transform(target), label)
    by_target = tree.score(OrdinalEncoder().fit_transform(target), label)
    assert bool(found) == told == (by_target - blind >= 0.1)
    if told:
        assert found[0].count / found[0].of == by_target
        assert f"{blind:.1%}" in found[0].title
        assert "السوق: favor (18 of 20)" in {example.text for example in found[0].examples}
    assert {"السوق", "البلدية", "Targets in data: 2"} <= set(read(page(report)).text)


def test_lengths_are_those_of_pandas_and_of_the_tokenizer(topic_file: Path, trained: Callable[[str], Path]) -> None:
    encoder = open_checkpoint(trained("topic"), task="topic", max_length=8).encoder
    data = rows_of_files([str(topic_file)])
    report = check_data(data, encoder=encoder, near=False)
    words = pd.Series([len(row.text.split()) for row in data.rows])
    lengths = report.words["topic"]
    assert (lengths.least, lengths.median, lengths.most) == (words.min(), words.median(), words.max())
    assert lengths.p95 == pytest.approx(words.quantile(0.95))
    tokens = [len(encoder.tokenizer(encoder.prepare(row.text))["input_ids"]) for row in data.rows]
    cut = [encoding.truncated for encoding in encoder([row.text for row in data.rows])]
    assert report.tokens["topic"].most == max(tokens) > 8
    assert report.tokens["topic"].cut == pytest.approx(sum(cut) / len(cut))
    assert _found(report)["cut", "topic"] == sum(cut)


def test_a_config_is_checked_with_its_own_columns(spoiled: Path, tmp_path: Path, tiny_config: Any) -> None:
    settings = tiny_config("topic", spoiled / "train.jsonl", tmp_path / "run")
    settings["data"]["test"] = str(spoiled / "my_test.jsonl")
    report = check_data(rows_of_config(check_config(settings, "test")), near=False)
    assert report.rows == {"train": 46, "test": 3}
    assert _found(report)["leak", "test"] == 1
    settings["data"]["additional"] = [str(spoiled / "my_test.jsonl")]
    report = check_data(rows_of_config(check_config(settings, "test")), near=False)
    assert report.rows == {"train": 49, "test": 3}
    assert _found(report)["leak", "test"] == 3


def test_labels_that_the_config_does_not_name(tmp_path: Path, tiny_config: Any) -> None:
    rows: list[dict[str, object]] = [
        {"text": f"خبر رقم {i} عن {name}", "label": name} for i in range(30) for name in ("sport", "money", "other")
    ]
    file = write_jsonl(tmp_path / "train.jsonl", rows)
    settings = tiny_config("topic", file, tmp_path / "out")

    def unknown(**data: Any) -> list[tuple[str, int, str]]:
        config = check_config({**settings, "data": {"train": str(file), **data}}, "test")
        findings = check_data(rows_of_config(config), near=False).findings
        return [(f.split, f.count, f.advice) for f in findings if f.kind in ("unknown label", "unnamed label")]

    assert unknown() == []
    advice = "Training refuses them: name it there, or see data.rename and data.outliers."
    assert unknown(labels=["sport", "money"]) == [("train", 30, advice)]
    assert unknown(labels=["sport", "money"], outliers=["other"]) == []


def test_training_says_what_it_found(tmp_path: Path, topic_file: Path, tiny_config: Any) -> None:
    settings = tiny_config("topic", topic_file, tmp_path / "run", max_steps=1)
    settings["data"] |= {"test": str(topic_file), "dev": str(topic_file)}
    config = check_config(settings, "test")
    kinds = Counter(finding.kind for finding in quick_check(load_splits(config.data, "topic")))
    assert kinds == {"leak": 3, "few scored": 2}  # dev in train, test in train, test in dev
    lines: list[str] = []
    train(config, report=lines.append)
    assert "data: problem: rows that stand in train too: test 64 (100.0%); see mujaz check" in lines


def test_the_page_is_whole_and_self_contained(spoiled: Path) -> None:
    write_jsonl(spoiled / "dev.jsonl", [{"text": "<script>alert(1)</script> نص", "label": "<b>"}])
    report = check_data(rows_of_files([str(spoiled)]))
    html = page(report)
    parsed = read(html)
    assert parsed.loads == []
    text = " ".join(parsed.text)
    assert "<script>alert(1)</script>" in text  # shown, not run
    assert "rows that stand in train too" in text
    assert 'dir="auto"' in html
    assert '<th class="n">cut</th>' not in html  # no model, no tokens, nothing to cut
    assert "<bdi>" in html  # a label stands under its heading, whichever way it is written


def test_the_leaks_of_asnd_are_found(shared_data: Path) -> None:
    data = rows_of_files([str(shared_data / "topic" / "asnd")])
    report = check_data(data, near=False)
    frame = pd.read_parquet(shared_data / "topic" / "asnd" / "test.parquet")
    leaks = [f for f in report.findings if f.kind == "leak" and f.split == "test" and "train" in f.title]
    assert [finding.count for finding in leaks] == [int(frame["in_train"].sum())] == [354]


def test_the_near_duplicates_of_arcovidvac_are_found(shared_data: Path) -> None:
    data = rows_of_files([str(shared_data / "stance" / "arcovidvac")])
    found = _found(check_data(data))
    assert found["near duplicate", "train"] > 100


def test_labels_that_differ_in_spelling_alone_are_a_problem(tmp_path: Path) -> None:
    names = ["رياضة", "رياضه", "اقتصاد", "إقتصاد", "فن", "فن "]
    rows: list[dict[str, object]] = [{"text": f"خبر {i}", "label": names[i % 6]} for i in range(60)]
    report = check_data(rows_of_files([str(write_jsonl(tmp_path / "x.jsonl", rows))]), near=False)
    found = [f for f in report.problems if f.kind == "alike labels"]
    assert [example.text for f in found for example in f.examples] == ["إقتصاد / اقتصاد", "رياضة / رياضه"]
    assert found[1].line == "labels that differ in spelling alone (رياضة / رياضه): 2"


def test_labels_that_differ_in_marks_alone_are_alike(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": f"نص رقم {i}", "label": "سِياسة" if i % 3 else "سياسة"} for i in range(12)]
    report = check_data(rows_of_files([str(write_jsonl(tmp_path / "d.jsonl", rows))]))
    (found,) = [f for f in report.findings if f.kind == "alike labels"]
    assert found.examples[0].text == "سياسة / سِياسة"


@pytest.mark.parametrize(
    ("labels", "sign"),
    [
        (["sport|economy", "economy|sport", "sport", "economy"], "|"),
        (["رياضة، اقتصاد", "سياسة، اقتصاد", "رياضة، سياسة"], "،"),
        (["أخبار، محلية", "رياضة", "اقتصاد"], None),  # one name with a comma in it
        (["a", "b"], None),
    ],
)
def test_labels_that_look_like_several(tmp_path: Path, labels: list[str], sign: str | None) -> None:
    rows: list[dict[str, object]] = [{"text": f"نص رقم {i}", "label": labels[i % len(labels)]} for i in range(24)]
    report = check_data(rows_of_files([str(write_jsonl(tmp_path / "d.jsonl", rows))]))
    found = [f for f in report.findings if f.kind == "joined labels"]
    assert len(found) == (sign is not None)
    if sign:
        assert f"joined by {sign}" in found[0].title
        assert "--label-separator" in found[0].advice


@pytest.mark.parametrize(("rows", "said"), [(150, False), (400, True)])
def test_copies_of_a_template_beyond_those_compared_are_said(rows: int, said: bool) -> None:
    one = "نشرة الطقس لمدينة {} والرياح شمالية غربية خفيفة إلى معتدلة السرعة مع فرصة لهطول الأمطار مساء في ضواحيها القريبة"
    copies = [CheckRow("train", "a.csv", i, one.format(f"بلدة{i}"), label="xy"[i % 2]) for i in range(rows)]
    found = {finding.kind: finding for finding in near_texts(copies)}
    assert found["near duplicate"].count == rows - 1
    assert found["near conflict"].count == rows
    assert ("each was compared with 200 of them" in found["near duplicate"].advice) == said
