"""data.drop_duplicates: which rows go, that what is left has no finding any more, and that people are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from mujaz.configs.data_schema import DataConfig
from mujaz.configs.loading import check_config
from mujaz.errors import DataError
from mujaz.training.checks import check_data, quick_check
from mujaz.training.checks_rows import rows_of_config
from mujaz.training.data import Example, load_splits
from mujaz.training.repeats import Repeats, without_repeats
from tests.conftest import write_jsonl

LONG = "أعلنت وزارة النقل اليوم أنها ستفتح الطريق الساحلي الجديد أمام الحافلات والسيارات قبل نهاية الشهر بعد تأخير طويل"
NEAR = LONG + " جدا"  # one pair of words more, and another end
OTHER = "سجل المهاجم الشاب هدفين في مباراة الأمس فصعد فريقه إلى المركز الثالث في ترتيب البطولة المحلية هذا الموسم"


def _rows(*rows: tuple[str, str]) -> list[Example]:
    return [Example(text, label, None, None, "d.jsonl", number) for number, (text, label) in enumerate(rows, start=1)]


def _texts(rows: list[Example]) -> list[tuple[str, str | None]]:
    return [(row.text, row.label) for row in rows]


def test_what_repeats_another_goes_and_what_contradicts_it_stays() -> None:
    train = _rows(
        (LONG, "a"), ("  ".join(LONG.split()), "a"), (LONG, "b"), (NEAR, "a"), (LONG, "b"), ("!", "a"), ("?", "a")
    )
    kept, dev, line = without_repeats(train, [], [], "exact")
    assert _texts(kept) == [(LONG, "a"), (LONG, "b"), (NEAR, "a"), ("!", "a"), ("?", "a")]
    assert dev == []
    assert line.startswith("data.drop_duplicates leaves out 2 of 7 training rows (2 that repeat another, 0 that")
    kept, _, line = without_repeats(train, [], [], "near")
    assert _texts(kept) == [(LONG, "a"), (LONG, "b"), ("!", "a"), ("?", "a")], "texts without words are alike to none"
    assert " 3 of 7 " in line


@pytest.mark.parametrize(("kind", "left"), [("exact", [NEAR]), ("near", [])])
def test_what_is_tested_is_not_trained_on_whatever_its_label(kind: Repeats, left: list[str]) -> None:
    train = _rows((LONG, "a"), (OTHER, "a"), ("خبر", "b"), (NEAR, "b"))
    kept, dev, line = without_repeats(train, _rows((OTHER, "b"), (LONG, "b")), _rows((LONG, "a"), (LONG, "a")), kind)
    assert [row.text for row in kept] == ["خبر", *left]
    assert _texts(dev) == [(OTHER, "b")]
    assert line.endswith(f"{3 - len(left)} that stand in dev or test), and 1 of dev that stand in test")


def test_another_target_or_summary_is_another_row() -> None:
    targets = [Example(LONG, "a", target, None, "d", 1) for target in ("س", "ص", " س ")]
    assert [row.target for row in without_repeats(targets, [], [], "near")[0]] == ["س", "ص"]
    summaries = [Example(LONG, None, None, summary, "d", 1) for summary in ("فتح الطريق", "تأخر الطريق", "فتح  الطريق")]
    assert len(without_repeats(summaries, [], [], "exact")[0]) == 2
    tested = [Example(LONG, None, None, "غيره", "d", 1), Example(OTHER, None, None, "هدفان", "d", 2)]
    assert [row.text for row in without_repeats([*summaries, tested[1]], [], tested[:1], "exact")[0]] == [OTHER]


def test_nothing_left_is_an_error() -> None:
    with pytest.raises(DataError, match=r"drop_duplicates left none of 1 training rows"):
        without_repeats(_rows((LONG, "a")), [], _rows((LONG, "a")), "exact")


def _files(folder: Path) -> dict[str, str]:
    rows: list[dict[str, object]] = [
        {"text": f"نص فريد رقم {i} عن موضوع {i * 7}", "label": "ab"[i % 2]} for i in range(30)
    ]
    again: list[dict[str, object]] = [*rows, *rows[:3], {"text": LONG, "label": "a"}, {"text": NEAR, "label": "a"}]
    tested: list[dict[str, object]] = [*rows[10:14], {"text": OTHER, "label": "b"}]
    return {
        "train": str(write_jsonl(folder / "train.jsonl", again)),
        "test": str(write_jsonl(folder / "test.jsonl", tested)),
    }


@pytest.mark.parametrize(("kind", "gone"), [("exact", 3 + 4), ("near", 3 + 4 + 1)])
def test_a_training_has_no_such_rows_and_says_so(tmp_path: Path, kind: Repeats, gone: int) -> None:
    given = {**_files(tmp_path), "dev_fraction": 0.0}
    plain = load_splits(DataConfig.model_validate(given), "topic")
    assert {"leak", "duplicate"} <= {finding.kind for finding in quick_check(plain)}
    splits = load_splits(DataConfig.model_validate({**given, "drop_duplicates": kind}), "topic")
    assert not {"leak", "duplicate"} & {finding.kind for finding in quick_check(splits)}
    assert (len(splits.train), len(splits.test)) == (35 - gone, 5)
    assert splits.left_out["repeated"] == gone
    assert any(f"leaves out {gone} of 35 training rows" in line for line in splits.warnings)


def test_a_check_of_the_config_knows(tmp_path: Path) -> None:
    given = {"task": "topic", "output": str(tmp_path / "run"), "model": {"scratch": {}}, "data": _files(tmp_path)}

    def levels(**data: str) -> dict[str, str]:
        config = check_config({**given, "data": {**_files(tmp_path), **data}}, "test")
        return {finding.kind: finding.level for finding in check_data(rows_of_config(config)).findings}

    repeats = ("duplicate", "leak", "near duplicate")
    assert [levels()[kind] for kind in repeats] == ["warning", "problem", "warning"]
    assert [levels(drop_duplicates="exact")[kind] for kind in repeats] == ["note", "note", "warning"]
    assert [levels(drop_duplicates="near")[kind] for kind in repeats] == ["note", "note", "note"]
