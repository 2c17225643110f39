"""Several models in one pass, from a config and from the command line; with the embedded models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mujaz.cli import cli, main
from mujaz.configs.run_schema import RunConfig
from mujaz.errors import UsageError
from mujaz.inference.classify import ClassifyOptions
from mujaz.inference.corpus import CorpusOptions
from mujaz.inference.records import Columns

ROOT = Path(__file__).resolve().parents[2]
READING = ("tokens", "dropped", "truncated", "windows", "long")
CORPUS = ROOT / "examples" / "corpus.jsonl"


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)], catch_exceptions=False)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with articles where the shipped config looks for them; one is long, one without text."""
    news = tmp_path / "data" / "news"
    news.mkdir(parents=True)
    rows = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    rows[0]["text"] = " ".join([rows[0]["text"]] * 20)
    with (news / "a.jsonl").open("w", encoding="utf-8") as file:
        for row in [*rows[:3], {"id": "empty", "text": " "}]:
            file.write(json.dumps({**row, "title": "عنوان"}, ensure_ascii=False) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_shipped_config_answers_as_the_commands_do_one_by_one(here: Path) -> None:
    result = call("run", ROOT / "configs" / "run-news.yaml", "--set", "precision=float32", "--set", "keep=[title]")
    assert result.exit_code == 0, result.output
    found = lines(here / "runs" / "news.jsonl")
    alone = {}
    for command, fields in (("classify", ("label", "probability")), ("summarize", ("summary", "score"))):
        out = here / f"{command}.jsonl"
        source = here / "data" / "news" / "a.jsonl"
        assert call(command, source, "--out", out, "--clean-article", "--precision", "float32").exit_code == 0
        said = json.loads((here / f"{command}.jsonl.summary.json").read_text(encoding="utf-8"))
        alone["topic" if command == "classify" else "summary"] = {name: said[name] for name in READING}
        names = ("topic", "topic_probability") if command == "classify" else ("summary", "summary_score")
        expected = [tuple(line[field] for field in fields) for line in lines(out)]
        for line, (text, number) in zip(found, expected, strict=True):
            assert line[names[0]] == text
            assert line[names[1]] == (pytest.approx(number, abs=1e-4) if number is not None else None)
    assert found[3]["error"] == "the text is empty"
    assert [line["title"] for line in found] == ["عنوان"] * 4
    summary = json.loads((here / "runs" / "news.jsonl.summary.json").read_text(encoding="utf-8"))
    assert (summary["records"], summary["errors"]) == (4, 1)
    assert sum(summary["labels"]["topic"].values()) == 3
    assert summary["prepared"]["texts"] == 3
    assert summary["models"] == alone
    assert {name: summary[name] for name in READING} == {
        name: alone["topic"][name] + alone["summary"][name] for name in READING
    }
    assert alone["summary"]["truncated"] > 0
    assert f"truncated (summary): {alone['summary']['truncated']} text" in result.stderr


def test_the_length_of_summaries_beside_labels(here: Path) -> None:
    source, config = here / "data" / "news" / "a.jsonl", ROOT / "configs" / "run-news.yaml"
    given = ["--clean-article", "--precision", "float32", "--length", "3-6"]
    models = ["--model", "topic", "--model", "summary"]
    assert call("classify", source, *models, *given, "--out", here / "both.jsonl").exit_code == 0
    assert call("summarize", source, *given, "--out", here / "alone.jsonl").exit_code == 0
    assert call("run", config, "--set", "length=3-6", "--set", "precision=float32").exit_code == 0
    expected = [line["summary"] for line in lines(here / "alone.jsonl")]
    assert any(expected)
    for out in ("both.jsonl", "runs/news.jsonl"):
        assert [line["summary"] for line in lines(here / out)] == expected


def test_models_named_on_the_command_line(here: Path) -> None:
    source = here / "data" / "news" / "a.jsonl"
    result = call("classify", source, "--model", "a=topic", "--model", "b=topic", "--out", here / "o.csv")
    assert result.exit_code == 0
    assert "a: " in result.stderr
    header = (here / "o.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "id,a,a_probability,a_windows,b,b_probability,b_windows,error"


def test_the_engine_that_is_asked_for_is_the_one_that_runs(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setenv("MUJAZ_CACHE", str(here / "cache"))
    source = here / "data" / "news" / "a.jsonl"
    asked = ["--model", "a=topic", "--model", "b=topic", "--engine", "openvino", "--precision", "float32"]
    result = call("classify", source, *asked, "--out", here / "o.csv")
    assert result.stderr.count("openvino, float32") == 2


def test_a_summary_beside_a_topic_is_written_by_the_engine_that_writes_it_alone(here: Path, trained: Any) -> None:
    pytest.importorskip("ctranslate2")
    source = here / "data" / "news" / "a.jsonl"
    asked: list[str | Path] = ["classify", source, "--model", "topic", "--model", trained("summary"), "--device", "cpu"]
    assert "ctranslate2 int8" in call(*asked, "--out", here / "auto.csv").stderr
    assert "ctranslate2" not in call(*asked, "--engine", "torch", "--out", here / "torch.csv").stderr
    ran = json.loads((here / "auto.csv.summary.json").read_text(encoding="utf-8"))["ran"]
    assert ran.startswith("topic model")
    assert "ctranslate2 int8" in ran


def test_an_encoder_that_does_not_say_its_task_is_refused_beside_a_target(here: Path, trained: Any) -> None:
    plain = shutil.copytree(trained("topic"), here / "plain")
    (plain / "mujaz.json").unlink()
    source = here / "data" / "news" / "a.jsonl"
    asked: list[str | Path] = ["classify", source, "--model", plain, "--model", "topic", "--out", here / "o.csv"]
    with pytest.raises(UsageError, match="whether it labels topics or the stance"):
        call(*asked, "--target", "السوق")
    said = call(*asked)
    assert "plain has no mujaz.json. Assumed: task topic" in said.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "topic", "--model", "topic"], "two models are called 'topic'"),
        (["--model", "topic", "--model", "summary", "--target", "السوق"], "none of these models takes a target"),
        (["--model", "a=summary", "--model", "b=summary", "--long", "windows"], "Leave long out, or add a classifier"),
        (["--length", "3-6"], "--length is for a summarizer among several --model"),
        (["--length", "3-6", "--model", "a=topic", "--model", "b=topic"], "none of these models summarizes"),
        (["--length", "tiny", "--model", "topic", "--model", "summary"], "length 'tiny' is not known"),
        (["--model", "x=", "--model", "topic"], "expected a model (a folder, an embedded model or a hub id) for 'x'"),
        (["--model", "x=topic"], "Of one give the model alone: --model topic."),
        (["--model", "stance"], "(--target TEXT) or the column that holds them (--target-column NAME)"),
        (["--model", "topic", "--target", "السوق"], "labels by topic and takes no target. Leave the target out"),
    ],
)
def test_misuse(here: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["classify", str(here / "data" / "news" / "a.jsonl"), "--out", "o.jsonl", *arguments])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_a_wrong_config_says_what_is_wrong(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "job.yaml").write_text("inputs: [x.jsonl]\nout: o.jsonl\nmodel: topic\nstrict: perhaps\n", encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        main(["run", "job.yaml"])
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert "job.yaml:3: unknown key 'model'; did you mean 'models'?" in said
    assert "job.yaml:4: strict: " in said
    assert "'models' is missing" in said


def test_a_config_says_what_the_command_line_can(here: Path) -> None:
    """All of how models are asked and a corpus is read, but for what goes with one call: --restart, --retry-errors."""
    fields = {*ClassifyOptions.__dataclass_fields__, *CorpusOptions.__dataclass_fields__, *Columns.__dataclass_fields__}
    named = {f"{field}_column" if field in ("text", "id", "title") else field for field in fields}
    by_models = {"target_optional"}
    assert named - set(RunConfig.model_fields) == {"columns", "restart", "retry_errors"} | by_models
    config = ROOT / "configs" / "run-news.yaml"
    call("run", config, "--set", "min_precision=0.99", "--set", "device=cpu", "--set", "out=sure.jsonl")
    call("run", config, "--set", "device=cpu", "--set", "out=all.jsonl")
    asked = [json.loads((here / f"{name}.jsonl.summary.json").read_text("utf-8"))["asked"] for name in ("sure", "all")]
    assert asked[0]["topic"]["options"]["min_probability"] > (asked[1]["topic"]["options"]["min_probability"] or 0)


def test_force_is_an_option_as_the_refusal_says(here: Path) -> None:
    setting = ("--set", "models={topic: topic}", "--set", "out=o.jsonl")
    config = ("run", ROOT / "configs" / "run-news.yaml", *setting)
    assert call(*config).exit_code == 0
    with pytest.raises(UsageError, match="give --force to replace it"):
        call(*config)
    assert call(*config, "--force").exit_code == 0
