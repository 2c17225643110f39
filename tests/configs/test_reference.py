"""docs/config.md says what the schemas say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from mujaz.cli import cli
from mujaz.configs.reference import CONFIGS, page, tables

PAGE = Path(__file__).resolve().parents[2] / "docs" / "config.md"


def test_the_page_is_what_the_command_writes() -> None:
    result = CliRunner().invoke(cli, ["config-schema", "--markdown"])
    assert result.output == page()
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: mujaz config-schema --markdown > docs/config.md"


@pytest.mark.parametrize("name", CONFIGS)
def test_every_setting_has_a_row_that_says_what_it_means(name: str) -> None:
    """All of them but those that only another config has a use for."""
    text = tables(CONFIGS[name], name)
    schema = CONFIGS[name].model_json_schema()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    sections = (schema, *schema.get("$defs", {}).values())
    settings = [
        key for section in sections for key, field in section["properties"].items() if field.get("type") != "null"
    ]
    assert sorted(row.split("`")[1] for row in rows) == sorted(settings)
    for row in rows:
        cells = re.split(r"(?<!\\)\|", row)[1:-1]
        assert len(cells) == 4, row
        assert all(cells[place].strip() for place in (0, 1, 3)), row


def test_rows_say_type_bounds_and_default() -> None:
    text = page()
    assert "| `task` | `topic` `stance` `summary` | **must be given** | What the model learns. |" in text
    assert "| `label_smoothing` | number from 0 below 1 | `0.0` | Label smoothing. |" in text
    assert "| `batch_size` | whole number above 0 or `auto` | `16` |" in text
    assert "| `clean_article` | true or false | `false` |" in text
    assert "| `columns` | [data.columns](#train-datacolumns) |" in text
    assert "None" not in text  # which YAML does not know
    assert "effective_batch_size" not in text.split("## `mujaz pretrain`")[1]  # where batch_size cannot be auto
    assert "'sport\\|money'" in text  # a bar inside a cell


@pytest.mark.parametrize("kind", CONFIGS)
def test_the_schema_of_each_command(kind: str) -> None:
    result = CliRunner().invoke(cli, ["config-schema", kind])
    assert result.exit_code == 0
    assert f'"title": "{CONFIGS[kind].__name__}"' in result.output
