from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from mujaz.cli import cli
from mujaz.configs.loading import check_config
from mujaz.errors import DataError, OutputError, UsageError
from mujaz.training.checks import check_data
from mujaz.training.checks_rows import rows_of_config
from tests.conftest import TinyConfig, write_jsonl


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    rows: list[dict[str, object]] = [{"text": f"خبر رقم {i} عن السوق", "label": "ab"[i % 2]} for i in range(30)]
    write_jsonl(tmp_path / "train.jsonl", rows)
    write_jsonl(tmp_path / "test.jsonl", rows[:3])
    return tmp_path


def test_data_is_checked(leaky: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["check", str(leaky), "--html", str(tmp_path / "page.html")])
    assert result.exit_code == 0, result.output
    assert "3 (100.0%)" in result.output
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_labels_are_those_that_a_training_learns(tmp_path: Path, tiny_config: TinyConfig) -> None:
    def rows(labels: list[str], what: str) -> list[dict[str, object]]:
        return [{"text": f"{what} رقم {i}", "label": labels[i % len(labels)]} for i in range(60)]

    config = tiny_config(
        "topic", write_jsonl(tmp_path / "train.jsonl", rows(["رياضة", "مال"], "خبر")), tmp_path / "run"
    )
    more = write_jsonl(tmp_path / "more.jsonl", rows(["sport", "زلة", "منوع"], "نبأ"))
    test = write_jsonl(tmp_path / "test.jsonl", rows(["sport", "منوع"], "حدث"))
    config["data"] = {"train": config["data"]["train"], "additional": str(more), "test": str(test)}
    config["data"] |= {"rename": {"sport": "رياضة", "زلة": None}, "outliers": ["منوع"]}
    report = check_data(rows_of_config(check_config(config, "test")))
    assert report.labels == {"train": {"رياضة": 50, "مال": 30, "منوع": 20}, "test": {"رياضة": 30, "منوع": 30}}
    assert not report.problems
    config["data"]["additional"] = None
    config["data"]["rename"] = {"sport": "رياضة"}
    report = check_data(rows_of_config(check_config(config, "test")))
    assert report.labels == {"train": {"رياضة": 30, "مال": 30}, "test": {"رياضة": 30}}
    assert not report.problems


def test_targets_are_listed_those_with_most_rows_first(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"text": f"خبر {i}", "target": f"قضية {i % 40 if i < 80 else 7}", "label": "favor"} for i in range(100)
    ]
    write_jsonl(tmp_path / "posts.jsonl", rows)
    shown = CliRunner().invoke(cli, ["check", str(tmp_path), "--no-near"], env={"COLUMNS": "120"}).output
    assert "rows a target: posts, 40 targets" in shown
    table = shown[shown.index("rows a target") :].splitlines()
    assert "│ 22   │ 22 (100.0%)" in next(line for line in table if "قضية" in line)
    assert "the 30 with most rows" in shown


def test_names_are_printed_as_they_are(tmp_path: Path) -> None:
    """``[/x]`` used to end in a traceback, ``[neutral]`` in an empty column."""
    rows: list[dict[str, object]] = [
        {"text": f"خبر {i}", "target": ["[b]", "قضية"][i % 2], "label": ["[neutral]", "[/x]"][i % 3 % 2]}
        for i in range(30)
    ]
    file = write_jsonl(tmp_path / "po[sts].jsonl", rows)
    result = CliRunner().invoke(cli, ["check", str(file), "--no-near"])
    assert result.exit_code == 0
    printed = " ".join(result.output.split())  # without what fills a column
    assert "po[sts].jsonl: stance" in printed
    assert "┃ label ┃ po[sts] ┃" in printed
    assert "┃ target ┃ rows ┃ [neutral] ┃ [/x] ┃" in printed
    assert "│ [b] │" in printed


def test_a_table_of_windows_is_told_from_one_without_the_column(tmp_path: Path) -> None:
    """Its header reads as UTF-8, its rows do not: with a column named, none used to be found at all."""
    table = tmp_path / "table.csv"
    table.write_bytes(b"body,category\n" + "فاز الفريق,رياضة\nهبط السهم,مال\n".encode("windows-1256"))
    with pytest.raises(DataError, match=r"no row can be read\. The first: .*WINDOWS-1256 -t UTF-8"):
        CliRunner().invoke(cli, ["check", str(table), "--text-column", "body"], catch_exceptions=False)


def test_strict_fails_where_there_is_a_problem(leaky: Path) -> None:
    assert CliRunner().invoke(cli, ["check", str(leaky), "--strict"]).exit_code == 1
    assert CliRunner().invoke(cli, ["check", str(leaky / "train.jsonl"), "--strict", "--no-near"]).exit_code == 0


def test_a_config_is_checked_with_its_models_tokens(leaky: Path, tiny_config: TinyConfig) -> None:
    settings = tiny_config("topic", leaky / "train.jsonl", leaky / "run")
    (leaky / "c.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    result = CliRunner().invoke(
        cli, ["check", str(leaky / "c.yaml"), "--set", "model.max_length=6"], env={"COLUMNS": "200"}
    )
    assert result.exit_code == 0, result.output
    assert "tokens" in result.output
    assert "longer than the model reads" in result.output
    assert not (leaky / "run").exists()


def test_a_model_that_is_not_at_hand_leaves_the_tokens_out(leaky: Path, tiny_config: TinyConfig) -> None:
    settings = tiny_config("topic", leaky / "train.jsonl", leaky / "run")
    settings["model"] = {"name": "nobody/nothing"}
    (leaky / "c.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    result = CliRunner().invoke(cli, ["check", str(leaky / "c.yaml")])
    assert result.exit_code == 0, result.output
    assert "tokens are not counted: model 'nobody/nothing'" in result.output


def test_what_cannot_be_checked_is_misuse(leaky: Path) -> None:
    def run(*arguments: str) -> None:
        CliRunner().invoke(cli, ["check", *arguments], catch_exceptions=False)

    with pytest.raises(DataError, match="no such file"):
        run(str(leaky / "nothing.jsonl"))
    with pytest.raises(DataError, match="no column 'body'"):
        run(str(leaky), "--text-column", "body")
    with pytest.raises(DataError, match=r"no column 'lable'; columns found: 'text', 'label'; did you mean 'label'\?"):
        run(str(leaky), "--label-column", "lable")
    with pytest.raises(DataError, match="no column 'claim'"):
        run(str(leaky), "--target-column", "claim")
    with pytest.raises(UsageError, match="--set changes a config"):
        run(str(leaky), "--set", "a=b")
    with pytest.raises(OutputError, match="cannot be written"):
        run(str(leaky), "--html", str(leaky / "train.jsonl" / "page.html"))


def test_a_config_says_its_columns_itself(leaky: Path, tiny_config: TinyConfig) -> None:
    settings = tiny_config("topic", leaky / "train.jsonl", leaky / "run")
    (leaky / "c.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    given = ["--task", "topic", "--text-column", "text", "--label-separator", "|"]
    message = (
        r"no --task or --text-column or --label-separator with a config.*"
        r": --set task=… --set data\.columns\.text=… --set data\.columns\.label_separator=…$"
    )
    with pytest.raises(UsageError, match=message):
        CliRunner().invoke(cli, ["check", str(leaky / "c.yaml"), *given], catch_exceptions=False)


def test_a_page_never_replaces_the_data(leaky: Path) -> None:
    data, link = leaky / "train.jsonl", leaky / "link.html"
    before = data.read_bytes()
    link.symlink_to(data)
    for page, message in ((data, "--html would replace"), (link, "would replace"), (leaky / "a.csv", "ends in .html")):
        with pytest.raises(UsageError, match=message):
            CliRunner().invoke(cli, ["check", str(data), "--html", str(page)], catch_exceptions=False)
    assert data.read_bytes() == before
    assert not (leaky / "a.csv").exists()


def test_strict_passes_over_rows_that_the_config_leaves_out_and_says_them(
    topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    rows = topic_file.read_text(encoding="utf-8")
    file = tmp_path / "train.jsonl"
    file.write_text(rows + '{"text": "نص", "label": null}\n{"text": "", "label": "x"}\nno JSON\n', encoding="utf-8")
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps(tiny_config("topic", file, tmp_path / "run")), encoding="utf-8")
    command = ["check", str(config), "--strict", "--no-near"]
    assert CliRunner().invoke(cli, command).exit_code == 1
    result = CliRunner().invoke(cli, [*command, "--set", "data.skip_unusable=true"])
    assert result.exit_code == 0, result.output
    assert result.stdout.count("data.skip_unusable") == 3


def test_what_a_config_says_is_read_of_a_row_is_checked(tmp_path: Path, tiny_config: TinyConfig) -> None:
    """A summary that says what the title says is supported, where titles are read."""
    text = "قال إن المحادثات تناولت ملفات عدة بينها التجارة والنقل وإنها ستستمر أياما أخرى في العاصمة"
    row: dict[str, object] = {
        "title": "وزير الخارجية يستقبل نظيره الفرنسي اليوم",
        "text": text,
        "summary": "وزير الخارجية يستقبل نظيره",
    }
    file = write_jsonl(tmp_path / "train.jsonl", [row])
    config = tiny_config("summary", file, tmp_path / "run")
    apart = check_data(rows_of_config(check_config(config, "test")))
    config["data"]["columns"] = {"title": "title"}
    read = check_data(rows_of_config(check_config(config, "test")))
    assert [finding.kind for finding in apart.findings] == ["summary not in text"]
    assert [finding.kind for finding in read.findings] == ["summary is beginning"]
    assert read.words["train"].most == len(f"{row['title']} {text}".split())


def test_a_column_of_ids_is_found_and_the_table_is_short(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": f"خبر رقم {i} عن السوق", "label": f"id{i}"} for i in range(60)]
    found = CliRunner().invoke(cli, ["check", str(write_jsonl(tmp_path / "a.jsonl", rows)), "--strict", "--no-near"])
    assert found.exit_code == 1
    assert "nearly one of its own" in found.output
    assert "id19" in found.output
    assert "id20" not in found.output
    assert "and 40 more" in found.output
    lists = [{**row, "label": [row["label"]]} for row in rows]
    found = CliRunner().invoke(cli, ["check", str(write_jsonl(tmp_path / "b.jsonl", lists)), "--no-near"])
    assert "nearly one of its own" not in found.output
