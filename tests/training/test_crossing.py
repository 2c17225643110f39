"""Texts beside targets of other rows, without labels."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mujaz.configs.data_schema import DataConfig
from mujaz.training.crossing import crossed, main
from mujaz.training.data import Example, load_splits
from tests.conftest import write_jsonl


def example(text: str, target: str, file: str = "f") -> Example:
    return Example(text, "favor", target, None, file, 1)


def test_each_text_stands_beside_other_targets_of_its_file() -> None:
    rows = [example(f"نص {i}", f"هدف {i % 5}") for i in range(40)] + [example("آخر", "وحيد", "g")] * 2
    found = list(crossed(rows, 2))
    assert len(found) == 80  # the last file has no other target
    for i, row in enumerate(rows[:40]):
        two = found[2 * i : 2 * i + 2]
        assert [one["text"] for one in two] == [row.text] * 2
        targets = {one["target"] for one in two}
        assert len(targets) == 2
        assert row.target not in targets
        assert all(target.startswith("هدف") for target in targets)
    assert list(crossed(rows, 2)) == found
    assert list(crossed(rows, 2, seed=1)) != found


def test_two_texts_come_the_other_way_round_too() -> None:
    rows = [example(f"عنوان {i}", f"عنوان آخر {i}") for i in range(6)]
    found = list(crossed(rows, 1))
    assert len(found) == 12
    assert found[1::2] == [{"text": row.target, "target": row.text} for row in rows]


def test_the_command_leaves_out_dev_test_and_additional_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows: list[dict[str, object]] = [
        {"text": f"نص رقم {i}", "target": f"هدف {i % 4}", "label": ("favor", "against")[i % 2]} for i in range(60)
    ]
    data = write_jsonl(tmp_path / "train.jsonl", rows)
    pairs: list[dict[str, object]] = [{"text": f"خبر {i}", "target": f"عنوان {i}", "label": "favor"} for i in range(9)]
    made = write_jsonl(tmp_path / "pairs.jsonl", pairs)
    parts = {"dev_fraction": 0.1, "test_fraction": 0.2, "additional": str(made), "rename": {"fovar": "favor"}}
    config: dict[str, Any] = {"task": "stance", "data": {"train": str(data), **parts}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    out = tmp_path / "made" / "out.jsonl"
    main([str(tmp_path / "c.yaml"), str(out), "--targets", "1"])
    found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [sorted(one) for one in found] == [["target", "text"]] * len(found)
    splits = load_splits(DataConfig.model_validate(config["data"]), "stance")
    assert [one["text"] for one in found] == [e.text for e in splits.train if e.text.startswith("نص")]
    said = capsys.readouterr()
    assert f"{len(found)} pairs" in said.out
    assert "warning: data.rename: no row has the label 'fovar'" in said.err
    data.unlink()
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path / "c.yaml"), str(out)])
    assert re.search(r"^error: .*train\.jsonl", capsys.readouterr().err)
