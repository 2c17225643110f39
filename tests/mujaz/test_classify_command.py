from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from mujaz.cli import cli, main
from mujaz.commands import corpus
from mujaz.formats import FORMATS, read_rows

# Stands for mujaz.models.classifier: labels a text by its number of words. Without torch, so that a process of it starts
# at once. Where SLOW names a file, it takes a second for each call and writes a letter there when one begins.
FAKE = """
import os, time, types
from dataclasses import dataclass

@dataclass
class Classification:
    label: str
    probability: float
    probabilities: dict
    tokens: int
    dropped: int
    windows: int
    labels: tuple | None = None

@dataclass
class Document:
    text: str
    changes: object = None

class TextClassifier:
    labels = ["قصير", "طويل"]
    description, note, identity = "fake model, 2 labels", "", {"model": "fake"}
    engine, info = types.SimpleNamespace(waits=False), types.SimpleNamespace(calibration=None, expects_titles=False)
    def __init__(self, task):
        self.task, self.needs_target = task, task == "stance"
        self.multi_label = False
    @classmethod
    def from_pretrained(cls, name=None, *, task=None, **options):
        return cls(task or name or "topic")
    def documents(self, texts, targets=None):
        return [Document(text) for text in texts]
    def predict_documents(self, documents, *, min_probability=None, batch_tokens=None, progress=None):
        texts = [document.text for document in documents]
        if any("ذاكرة" in text for text in texts):
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB\\nmore")
        if "SLOW" in os.environ:
            with open(os.environ["SLOW"], "a") as calls:
                calls.write("x")
            time.sleep(1)
        if progress:
            progress(len(texts))
        probabilities = {"قصير": 0.25, "طويل": 0.75}
        return [Classification(self.labels[len(t.split()) > 1], 0.75, probabilities, 1, "…" in t, 1) for t in texts]
"""


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("mujaz.models.classifier")
    monkeypatch.setitem(sys.modules, "mujaz.models.classifier", module)
    exec(FAKE, module.__dict__)


@pytest.fixture
def news(tmp_path: Path) -> Path:
    path = tmp_path / "news.csv"
    pd.DataFrame({"id": [11, 12, 13], "text": ["خبر", "خبر طويل …", None], "date": ["a", "b", "c"]}).to_csv(
        path, index=False
    )
    return path


def call(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["classify", *map(str, arguments)], input=stdin, catch_exceptions=False)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_corpus_to_a_file(news: Path, tmp_path: Path) -> None:
    result = call(news, "--out", tmp_path / "labels.jsonl", "--keep", "date", "--keep", "text")
    assert result.exit_code == 0
    assert lines((tmp_path / "labels.jsonl").read_text(encoding="utf-8")) == [
        {"id": "11", "label": "قصير", "probability": 0.75, "windows": 1, "error": None, "date": "a", "text": "خبر"},
        {
            "id": "12",
            "label": "طويل",
            "probability": 0.75,
            "windows": 1,
            "error": None,
            "date": "b",
            "text": "خبر طويل …",
        },
        {
            "id": "13",
            "label": None,
            "probability": None,
            "windows": None,
            "error": "the text is empty",
            "date": "c",
            "text": "",
        },
    ]
    assert result.stdout == ""
    assert result.stderr.splitlines()[0] == "fake model, 2 labels"
    assert f": {tmp_path / 'labels.jsonl'}" in result.stderr
    assert "labels: قصير 1, طويل 1" in result.stderr
    assert "truncated: 1 " in result.stderr
    assert "errors: 1 " in result.stderr
    assert "it/s" not in result.stderr  # no progress bar where nobody looks


def test_standard_input_to_standard_output() -> None:
    rows = '{"id": "أ", "body": "خبر طويل"}\n{"id": "ب", "body": "خبر"}\n'
    result = call("-", "--text-column", "body", "--all-probabilities", stdin=rows)
    assert lines(result.stdout) == [
        {
            "id": key,
            "label": label,
            "probability": 0.75,
            "probabilities": {"قصير": 0.25, "طويل": 0.75},
            "windows": 1,
            "error": None,
        }
        for key, label in (("أ", "طويل"), ("ب", "قصير"))
    ]
    assert "2 records in" in result.stderr


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_ids_are_exact_or_counted(tmp_path: Path, suffix: str) -> None:
    huge = ["12345678901234567890123456789012", "12345678901234567890123456789013", "-9223372036854775809"]
    ids = [*huge, "18446744073709551615", "null", "[1]", "true", "1e300", '"a"']
    source = tmp_path / "x.jsonl"
    source.write_text("".join(f'{{"id": {one}, "text": "خبر"}}\n' for one in ids), encoding="utf-8")
    result = call(source, "--out", tmp_path / f"o{suffix}")
    found = [str(row.values["id"]) for row in read_rows(tmp_path / f"o{suffix}")]
    assert found == [*ids[:4], *(f"x.jsonl:{row}" for row in (5, 6, 7, 8)), "a"]
    assert "ids: no text and no exact number in the id column of 4 records; file and row" in result.stderr
    told = json.loads((tmp_path / f"o{suffix}.summary.json").read_text(encoding="utf-8"))
    assert told["ids_replaced"] == 4
    source.write_text('[{"id": 123456789012345678901, "text": "خبر"}]', encoding="utf-8")
    assert lines(call(source, "--format", "json").stdout)[0]["id"] == "123456789012345678901"


def test_no_id_is_no_id_replaced(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"text": "خبر"}\n', encoding="utf-8")
    assert "ids:" not in call(tmp_path / "x.jsonl").stderr


def test_one_article(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("خبر\n\nطويل\n", encoding="utf-8")
    result = call(tmp_path / "x.txt", "--format", "article")
    assert [line["label"] for line in lines(result.stdout)] == ["طويل"]


def test_several_inputs_and_columns_of_probabilities(news: Path, tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("خبر\nخبر طويل\n", encoding="utf-8")
    assert call(news, tmp_path / "more.txt", "--out", tmp_path / "o.parquet", "--all-probabilities").exit_code == 0
    found = pd.read_parquet(tmp_path / "o.parquet")
    assert list(found.columns) == ["id", "label", "probability", "p_قصير", "p_طويل", "windows", "error"]
    assert found["id"].tolist() == ["11", "12", "13", f"{tmp_path / 'more.txt'}:1", f"{tmp_path / 'more.txt'}:2"]


def test_stance_with_one_target_or_a_column(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"text": "أ", "claim": "ب"}\n', encoding="utf-8")
    for option in (("--target", "دعوى"), ("--target-column", "claim")):
        assert len(lines(call(tmp_path / "x.jsonl", "--model", "stance", *option).stdout)) == 1


# --- one clear line and the right exit code ------------------------------------------------------------------------------


@pytest.fixture
def fails(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(code: int, *arguments: str | Path) -> str:
        with pytest.raises(SystemExit) as caught:
            main(["classify", *map(str, arguments)])
        assert caught.value.code == code
        message = capsys.readouterr().err.splitlines()[-1]
        assert message.startswith("mujaz: error: ")
        return message

    return run


def test_bad_inputs_end_with_one_line(news: Path, tmp_path: Path, fails: Callable[..., str]) -> None:
    out = tmp_path / "o.jsonl"
    encoded = "text\nخبر من المدينة\n".encode("cp1256")
    for name, content in (("empty.csv", b""), ("binary.csv", b"\x7fELF\0\0"), ("old.csv", encoded)):
        (tmp_path / name).write_bytes(content)
    assert "no column 'body'; columns found: 'id', 'text', 'date'" in fails(
        2, news, "--out", out, "--text-column", "body"
    )
    assert "no column 'dat'; " in fails(2, news, "--out", out, "--keep", "dat")
    assert "--label-column" not in fails(2, news, "--out", out, "--keep", "label")  # classify has no such option
    assert "did you mean" in fails(2, tmp_path / "newz.csv", "--out", out)
    assert "empty.csv: is empty" in fails(2, tmp_path / "empty.csv", "--out", out)
    assert "binary.csv: in the header line: expected UTF-8 text" in fails(2, tmp_path / "binary.csv", "--out", out)
    assert "old.csv, row 1: expected UTF-8 text, but byte 5 (0xce)" in fails(2, tmp_path / "old.csv", "--out", out)
    assert "unknown suffix of an output" in fails(2, news, "--out", tmp_path / "o.xls")
    assert "found both" in fails(2, news, "--out", out, "--target-column", "date", "--target", "دعوى")
    out.touch()
    assert "exists already" in fails(2, news, "--out", out)
    assert "cannot be written" in fails(1, news, "--out", news / "below" / "o.csv")
    assert call(news, "--out", out, "--force").exit_code == 0


def test_too_little_memory_says_what_to_do_and_what_is_safe(tmp_path: Path, fails: Callable[..., str]) -> None:
    texts = ["خبر"] * 1024 + ["ذاكرة"]
    (tmp_path / "x.txt").write_text("\n".join(texts), encoding="utf-8")
    message = fails(1, tmp_path / "x.txt", "--out", tmp_path / "o.csv")
    assert (
        "memory does not suffice (CUDA out of memory. Tried to allocate 2 GiB). Give a smaller --batch-tokens"
        in message
    )
    assert f"1024 records are safe in {tmp_path / 'o.partial.csv'}." in message


def test_what_stops_a_run_says_what_is_safe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "x.jsonl", tmp_path / "o.csv"
    source.write_text('{"text": "خبر"}\n' * 512 + '{"text": null}\n', encoding="utf-8")
    for place, safe in ((str(out), f". 512 records are safe in {tmp_path / 'o.partial.csv'}."), ("-", "")):
        with pytest.raises(SystemExit) as leaving:
            main(["classify", str(source), "--strict", "--out", place])
        assert leaving.value.code == 2
        assert capsys.readouterr().err.endswith(f"x.jsonl, row 513: the text is missing; --strict stops here{safe}\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("buffered", ["", "1"])  # Python tries once more at its end, and would exit with 120
@pytest.mark.parametrize("command", ["classify", "models", "clean"])
def test_a_full_disk_behind_stdout(news: Path, command: str, buffered: str) -> None:
    arguments = ["models"] if command == "models" else [command, str(news)]
    start = f"from mujaz.cli import main; main({arguments!r})"
    program = [PROGRAM, str(news)] if command == "classify" else [start]
    environment = {**os.environ, "PYTHONUNBUFFERED": buffered}
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", *program], stdout=full, stderr=subprocess.PIPE, text=True, env=environment
        )
    assert done.returncode == 1
    assert "mujaz: error: stdout cannot be written: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_closed_streams(news: Path, tmp_path: Path) -> None:
    def closed(stream: str, *arguments: str | Path) -> tuple[int, str]:
        command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
        done = subprocess.run(["sh", "-c", f'exec "$@" {stream}', "sh", *command], stderr=subprocess.PIPE, text=True)
        return done.returncode, done.stderr

    code, said = closed("<&-", "-", "--out", tmp_path / "a.jsonl")
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith("mujaz: error: <stdin>: it is closed")
    code, said = closed(">&-", news)
    assert (code, said.count("\n")) == (2, 1)
    assert "the results go to standard output, which is closed" in said
    code, said = closed("<&- >&-", news, "--out", tmp_path / "b.jsonl")
    assert (code, "Traceback" in said) == (0, False)
    assert len(lines((tmp_path / "b.jsonl").read_text(encoding="utf-8"))) == 3
    assert closed("2>&-", news, "--out", tmp_path / "c.jsonl")[0] == 0


# --- Ctrl-C ----------------------------------------------------------------------------------------------------------------

PROGRAM = f"""
import sys, types
module = types.ModuleType("mujaz.models.classifier")
sys.modules["mujaz.models.classifier"] = module
exec({FAKE!r}, module.__dict__)
from mujaz.cli import main
main(["classify", *sys.argv[1:]])
"""


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run over five chunks, each a second long, in the middle of its second."""
    source, out, calls = tmp_path / "x.txt", tmp_path / "o.jsonl", tmp_path / "calls"
    source.write_text("خبر\n" * 512 * 5, encoding="utf-8")
    command = [sys.executable, "-c", PROGRAM, str(source), "--out", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "SLOW": str(calls)})
    written = tmp_path / "o.partial.jsonl"  # by a thread, maybe a moment after the second has begun
    while process.poll() is None and not (calls.exists() and calls.stat().st_size == 2 and _size(written)):
        time.sleep(0.01)
    yield process
    process.kill()
    process.communicate()


def test_ctrl_c_stops_after_the_chunk_in_hand(running: subprocess.Popen[str], tmp_path: Path) -> None:
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert len(lines((tmp_path / "o.partial.jsonl").read_text(encoding="utf-8"))) == 1024
    assert "Stopping when the texts in hand are done" in said
    assert "1,024 records in" in said
    assert str(tmp_path / "o.partial.jsonl") in said
    assert "Stopped before the end" in said
    assert "Traceback" not in said


def test_ctrl_c_twice_stops_at_once(running: subprocess.Popen[str], tmp_path: Path) -> None:
    running.send_signal(signal.SIGINT)
    time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert len(lines((tmp_path / "o.partial.jsonl").read_text(encoding="utf-8"))) == 512
    assert "Stopped before the end. The same command goes on from here." in said
    assert "Traceback" not in said


def test_sigterm_stops_like_ctrl_c(running: subprocess.Popen[str], tmp_path: Path) -> None:
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 143
    assert len(lines((tmp_path / "o.partial.jsonl").read_text(encoding="utf-8"))) == 1024
    assert "a second signal stops at once" in said
    assert "Stopped before the end. The same command goes on from here." in said


def test_a_second_sigterm_is_not_made_to_wait(running: subprocess.Popen[str], tmp_path: Path) -> None:
    running.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=60)
    assert running.returncode == -signal.SIGTERM
    assert len(lines((tmp_path / "o.partial.jsonl").read_text(encoding="utf-8"))) == 512
    assert "Traceback" not in said


def test_a_killed_run_leaves_whole_lines(running: subprocess.Popen[str], tmp_path: Path) -> None:
    running.kill()
    running.communicate(timeout=60)
    assert len(lines((tmp_path / "o.partial.jsonl").read_text(encoding="utf-8"))) == 512
    assert not (tmp_path / "o.jsonl").exists()


# --- help ------------------------------------------------------------------------------------------------------------------


def test_help_has_an_example_and_all_formats() -> None:
    text = call("--help").stdout
    assert "Example:\n    mujaz classify news.jsonl --out labels.jsonl" in text
    assert tuple(FORMATS) == corpus.FORMATS


def test_help_imports_nothing_heavy() -> None:
    program = "import sys; from mujaz.commands.classify import command; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "transformers", "datasets", "pandas", "pyarrow", "fsspec", "numpy"} & set(modules)


def test_the_progress_bar_is_for_terminals(news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with corpus.run_hooks([]) as hooks:
        hooks.started("fake model")
        hooks.progress(3)
    assert "3text [" in terminal.getvalue()
    assert "text/s]" in terminal.getvalue()
