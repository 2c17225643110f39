"""What goes wrong most often: each gives one clear message and its exit code, and never a traceback."""

from __future__ import annotations

import gzip
import json
import random
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from mujaz.cli import cli, main
from tests import fork_server
from tests.conftest import ROOT

TinyConfig = Callable[..., dict[str, Any]]


@pytest.fixture
def model(trained: Callable[[str], Path]) -> str:
    return str(trained("topic"))


_TOLD = r"rror:|warning: (--|\d)|^Mend|^  "  # what is said of an input


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def call(*arguments: str | Path) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as leaving:
            main([str(a) for a in arguments])
        errors = [line for line in capsys.readouterr().err.splitlines() if re.search(_TOLD, line)]
        return int(leaving.value.code or 0), "\n".join(errors)

    return call


Run = Callable[..., tuple[int, str]]


def _write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_missing_column(run: Run, model: str, tmp_path: Path) -> None:
    file = _write(tmp_path / "a.csv", "id,txet\n1,نص\n")
    code, message = run("classify", file, "--model", model, "--out", tmp_path / "o.jsonl")
    assert code == 2
    assert "a.csv" in message
    assert "'text'" in message
    assert "txet" in message


def test_an_empty_file(run: Run, model: str, tmp_path: Path) -> None:
    code, message = run("evaluate", model, _write(tmp_path / "a.jsonl", ""))
    assert code == 2
    assert "a.jsonl" in message
    assert "empty" in message or "none" in message


def test_a_binary_file(run: Run, model: str, tmp_path: Path) -> None:
    file = _write(tmp_path / "a.jsonl", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 50)
    code, message = run("classify", file, "--model", model, "--out", tmp_path / "o.jsonl")
    assert code == 2
    assert "a.jsonl" in message


@pytest.mark.parametrize(
    ("name", "content", "advice"),
    [
        ("news.xlsx", b"PK\x03\x04\x14\x00", "save it as CSV (UTF-8) or JSON Lines"),
        ("news.xls", b"\xd0\xcf\x11\xe0", "save it as CSV (UTF-8) or JSON Lines"),
        ("news.docx", b"PK\x03\x04\x14\x00", "save it as plain text (.txt, UTF-8)"),
        ("news.pdf", b"%PDF-1.7\n", "save it as plain text (.txt, UTF-8)"),
    ],
)
def test_a_table_or_text_of_an_office_program(
    name: str, content: bytes, advice: str, run: Run, model: str, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    file = _write(tmp_path / name, content)
    config = _write(tmp_path / "c.yaml", yaml.safe_dump(tiny_config("topic", file, tmp_path / "run")))
    commands = (("train", config), ("classify", file, "--model", model, "--out", tmp_path / "o.jsonl"))
    for code, message in (run(*command) for command in commands):
        assert code == 2
        assert f"{file}: " in message
        assert advice in message


def test_a_wrong_encoding(run: Run, model: str, tmp_path: Path) -> None:
    file = _write(tmp_path / "a.csv", "text,label\nنص عربي طويل,sport\n".encode("windows-1256"))
    code, message = run("evaluate", model, file)
    assert code == 2
    assert "UTF-8" in message
    assert "windows-1256" in message


def test_an_unknown_label(run: Run, model: str, tmp_path: Path) -> None:
    rows = [{"text": "نص", "label": "sport"}, {"text": "نص", "label": "sprot"}]
    file = _write(tmp_path / "a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    code, message = run("evaluate", model, file)
    assert code == 2
    assert "a.jsonl, row 2: unknown label 'sprot'" in message
    assert "money, sport" in message
    assert "evaluate --rename OLD=NEW" in message
    code, message = run("evaluate", model, file, "--rename", "sprot=sport", "--rename", "spotr=sport")
    assert code == 0
    assert "warning: --rename: no row has the label 'spotr'; the rows have sport, sprot" in message
    code, message = run("evaluate", model, file, "--rename", "sprot=")
    assert (code, message) == (0, "")
    code, message = run("evaluate", model, file, "--rename", "sprot=", "--rename", "sport=")
    assert (code, "--rename leaves out the labels of all rows" in message) == (2, True)
    code, message = run("evaluate", model, file, "--rename", "sprot")
    assert code == 2
    assert "--rename sprot: expected a label of the data, = and the model's" in message


def test_rows_without_a_text_or_a_label_can_be_left_out(run: Run, model: str, tmp_path: Path) -> None:
    rows = [{"text": "نص", "label": "sport"}, {"text": "", "label": "sport"}, {"text": "نص"}]
    file = _write(tmp_path / "a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    code, message = run("evaluate", model, file)
    assert code == 2
    assert "row 2" in message
    assert "evaluate --skip-unusable" in message
    code, message = run("evaluate", model, file, "--skip-unusable", "--out", tmp_path / "scores")
    assert code == 0
    assert f"warning: 2 rows that cannot be used are left out: {file}, row 2: column 'text' is empty" in message
    assert json.loads((tmp_path / "scores/metrics.json").read_text(encoding="utf-8"))["rows"] == 1


def test_an_unknown_key(run: Run, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig) -> None:
    config = tiny_config("topic", topic_file, tmp_path / "run", learning_rat=1)
    file = _write(tmp_path / "c.yaml", yaml.safe_dump(config))
    code, message = run("train", file)
    assert code == 2
    assert "unknown key 'training.learning_rat'; did you mean 'learning_rate'?" in message


def test_a_missing_model(run: Run, topic_file: Path, tmp_path: Path) -> None:
    code, message = run("classify", topic_file, "--model", "runs/nowhere/at/all", "--out", tmp_path / "o.jsonl")
    assert code == 2
    assert "no model 'runs/nowhere/at/all'" in message


def test_a_label_count_mismatch(run: Run, model: str, topic_file: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(model, tmp_path / "copy")
    info = json.loads((folder / "mujaz.json").read_text(encoding="utf-8"))
    info["labels"].append("weather")
    _write(folder / "mujaz.json", json.dumps(info))
    code, message = run("classify", topic_file, "--model", folder, "--out", tmp_path / "o.jsonl")
    assert code == 2
    assert "names 3 labels, config.json 2" in message


def test_an_unwritable_output(run: Run, model: str, topic_file: Path, tmp_path: Path) -> None:
    _write(tmp_path / "file", "")
    code, message = run("classify", topic_file, "--model", model, "--out", tmp_path / "file" / "o.jsonl")
    assert code in (1, 2)
    assert "o.jsonl" in message


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk(model: str, topic_file: Path) -> None:
    command = ["-m", "mujaz", "classify", str(topic_file), "--model", model]
    with Path("/dev/full").open("wb") as full:
        process = fork_server.start(*command, stdout=full.fileno())
    _, errors = process.communicate()
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert "No space left" in errors or "full" in errors


def test_a_corpus_of_which_nothing_can_be_read_fails(tmp_path: Path, run: Run) -> None:
    rows = [{"id": i, "text": "" if i else "خبر"} for i in range(3)]
    file = tmp_path / "x.jsonl"
    for count, code in ((rows, 0), (rows[1:], 1)):
        file.write_text("".join(json.dumps(row) + "\n" for row in count), encoding="utf-8")
        assert run("classify", file, "--out", tmp_path / f"{code}.jsonl")[0] == code


def test_a_corpus_that_breaks_off_fails_and_keeps_what_it_gave(tmp_path: Path, run: Run, model: str) -> None:
    chance = random.Random(0)
    rows = [json.dumps({"id": i, "text": f"خبر {chance.random()}"}) + "\n" for i in range(3000)]
    raw = gzip.compress("".join(rows).encode())
    (tmp_path / "x.jsonl.gz").write_bytes(raw[: len(raw) // 2])
    out = tmp_path / "out.jsonl"
    assert run("classify", tmp_path / "x.jsonl.gz", "--model", model, "--out", out)[0] == 1
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(lines) > 100
    assert "damaged or cut off from here on" in lines[-1]["error"]
    assert all(line["label"] for line in lines[:-1])


@pytest.mark.parametrize("device", ["mps", "meta", "cpu:5", "cuda:-1", "cuda:99", "gpu", ""])
def test_a_device_that_is_not_there(run: Run, model: str, tmp_path: Path, device: str) -> None:
    file = _write(tmp_path / "a.jsonl", '{"text": "نص"}\n')
    code, message = run("classify", file, "--model", model, "--device", device)
    assert code == 2
    assert f"device '{device}'" in message


@pytest.mark.parametrize("length", [1, 2, 4])
def test_a_model_that_has_no_room_for_a_word(
    run: Run, tiny_config: TinyConfig, topic_file: Path, tmp_path: Path, length: int
) -> None:
    config = tiny_config("topic", topic_file, tmp_path / "run")
    config["model"]["max_length"] = length
    code, message = run("train", _write(tmp_path / "c.yaml", yaml.safe_dump(config)))
    assert code == 2
    assert f"max_length {length}: expected at least 5 tokens" in message


@pytest.mark.parametrize("saved", ["[", "x", "a: 2024-13-45"])
def test_a_run_whose_config_is_damaged(
    run: Run, tiny_config: TinyConfig, topic_file: Path, tmp_path: Path, saved: str
) -> None:
    folder = tmp_path / "run"
    (folder / "checkpoints" / "checkpoint-2").mkdir(parents=True)
    _write(folder / "config.yaml", saved)
    code, message = run("train", _write(tmp_path / "c.yaml", yaml.safe_dump(tiny_config("topic", topic_file, folder))))
    assert code == 2
    assert "config.yaml is damaged" in message
    assert "--restart" in message


@pytest.mark.parametrize(
    ("metrics", "predictions"),
    [
        ("[]", ""),
        ('{"task": "foo"}', ""),
        ('{"task": "topic"}', ""),
        ('{"task": "topic"}', '{"text_id": "a", "reference": "x", "prediction": 3}\n'),
    ],
)
def test_runs_that_cannot_be_compared(run: Run, tmp_path: Path, metrics: str, predictions: str) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        _write(tmp_path / name / "metrics.json", metrics)
        _write(tmp_path / name / "predictions.jsonl", predictions)
    code, message = run("compare", tmp_path / "a", tmp_path / "b")
    assert code == 2
    assert str(tmp_path / "a") in message
    assert "cannot be read" in message


@pytest.mark.parametrize("command", ["evaluate", "check"])
@pytest.mark.parametrize("option", ["--label-separator", "--text-column"])
def test_an_empty_name(run: Run, model: str, topic_file: Path, command: str, option: str) -> None:
    what = [model, topic_file] if command == "evaluate" else [topic_file]
    code, message = run(command, *what, option, "")
    assert code == 2
    assert "expected something, found nothing" in message


@pytest.mark.parametrize("command", ["evaluate", "compare", "check"])
def test_a_place_that_cannot_be_written_is_seen_before_the_work(
    run: Run, topic_file: Path, tmp_path: Path, command: str
) -> None:
    """The model, the runs and the data are not there either: they would be missed first if they were looked for."""
    taken = _write(tmp_path / "taken", "")
    what = {
        "evaluate": ["no-such-model", topic_file, "--out", taken],
        "compare": ["no", "run", "--html", taken / "page.html"],
        "check": ["none.jsonl", "--html", taken / "page.html"],
    }[command]
    code, message = run(command, *what)
    assert "taken" in message
    if command == "evaluate":
        assert code == 2
        assert "expected the name of a folder, found a file" in message
    else:
        assert code == 1
        assert "cannot be written" in message


def test_a_column_that_an_evaluation_does_not_read(run: Run, model: str, topic_file: Path) -> None:
    code, message = run("evaluate", model, topic_file, "--target-column", "claim", "--summary-column", "s")
    assert code == 2
    assert "--target-column and --summary-column: a model of task 'topic' does not read that" in message


def test_a_run_names_a_format_that_is_not_known(run: Run, model: str, tmp_path: Path) -> None:
    config = {"inputs": ["a"], "out": str(tmp_path / "o.jsonl"), "models": {"topic": model}, "format": "foo"}
    code, message = run("run", _write(tmp_path / "run.yaml", json.dumps(config)))
    assert code == 2
    assert "'jsonl', 'json', 'csv'" in message


def test_one_broken_file_among_others_does_not_stop_them(run: Run, model: str, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "o.jsonl"
    folder.mkdir()
    _write(folder / "a.jsonl", '{"text": "فاز الفريق"}\n')
    _write(folder / "b.jsonl", "no json at all\n")
    code, message = run("classify", folder, "--model", model, "--out", out)
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["error"] is not None for row in rows] == [False, True]
    assert "b.jsonl" in str(rows[1])
    assert code == 0, message
    (folder / "a.jsonl").unlink()
    code, message = run("classify", folder, "--model", model, "--out", tmp_path / "p.jsonl")
    assert code == 2
    assert "b.jsonl" in message


def test_an_evaluation_does_not_replace_other_scores(
    run: Run, trained: Callable[[str], Path], topic_file: Path, tmp_path: Path
) -> None:
    model, scores = trained("topic"), tmp_path / "scores"
    before = (model / "metrics.json").read_bytes()
    code, message = run("evaluate", model, topic_file, "--out", model, "--force")
    assert (code, before) == (2, (model / "metrics.json").read_bytes())
    assert "holds a training and its own scores" in message
    assert run("evaluate", model, topic_file, "--out", scores)[0] == 0
    code, message = run("evaluate", model, topic_file, "--out", scores)
    assert code == 2
    assert "holds an evaluation already. Give --force" in message
    assert run("evaluate", model, topic_file, "--out", scores, "--force")[0] == 0


@pytest.mark.parametrize("text", ["خبر طويل / " + "كلمة " * 100, "خبر طويل " * 100, "خبر/" * 100 + ".txt"])
def test_a_text_in_place_of_a_file_is_no_file(run: Callable[..., tuple[int, str]], text: str, tmp_path: Path) -> None:
    for options in ([], ["--out", str(tmp_path / "o.jsonl"), "--report", str(tmp_path / "r.html")]):
        code, message = run("summarize", text, *options)
        assert code == 2
        assert "no such file or folder" in message


def test_a_training_that_is_interrupted_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, topic_file: Path) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mujaz.training.train.train", interrupted)
    file = topic_file.parent / "interrupted.yaml"
    config = {"task": "topic", "output": str(file.with_name("out")), "data": {"train": str(topic_file)}}
    file.write_text(yaml.safe_dump({**config, "model": {"name": "topic"}}), encoding="utf-8")
    found = CliRunner().invoke(cli, ["train", str(file)])
    assert found.exit_code == 130
    assert "The same command goes on from the last checkpoint" in found.stderr


def test_interrupted_before_it_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mujaz.configs.loading.load_config", interrupted)
    found = CliRunner().invoke(cli, ["train", "config.yaml"])
    assert (found.exit_code, found.stderr) == (130, "\nStopped.\n")


@pytest.mark.parametrize(
    ("work", "config"), [("pretrain.pretrain", "pretrain-5m.yaml"), ("search.search", "search-topic.yaml")]
)
def test_a_pretraining_and_a_search_that_are_interrupted_say_so_too(
    monkeypatch: pytest.MonkeyPatch, topic_file: Path, work: str, config: str
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"mujaz.training.{work}", interrupted)
    others = {"pretrain.pretrain": ["data.exclude=[]"], "search.search": ["data.dev=null", "data.test=null"]}
    data = [f"data.train={topic_file}", *others[work]]  # no file that the config names is there
    sets = [part for one in data for part in ("--set", one)]
    found = CliRunner().invoke(cli, [work.partition(".")[0], str(ROOT / "configs" / config), *sets])
    assert found.exit_code == 130, found.output
    assert "The same command goes on from the last checkpoint (training.save_every)" in found.stderr


@pytest.mark.parametrize(
    "command",
    [["models"], ["config-schema"], ["clean", "x"], ["rouge", "x", "x"], ["check", "x"], ["compare", "x", "y"]],
)
def test_what_only_prints_needs_standard_output(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(SystemExit) as leaving:
        main(command)
    assert leaving.value.code == 2
    assert "standard output, which is closed" in capsys.readouterr().err
