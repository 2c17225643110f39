"""Every command of the README is run as it stands there, and so is its Python."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from transformers import BertConfig, BertForMaskedLM

from mujaz.cli import LazyGroup, cli
from mujaz.models import checkpoint, opening

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (mujaz .*)$", README, re.MULTILINE)


@pytest.fixture(scope="module")
def here(
    tmp_path_factory: pytest.TempPathFactory, topic_file: Path, stance_file: Path, summary_file: Path, bert_folder: Path
) -> Path:
    """A working directory like a checkout with a user's data in it, and a stand-in for AraBERT."""
    folder = tmp_path_factory.mktemp("readme")
    for name in ("examples", "configs"):
        (folder / name).symlink_to(ROOT / name)
    for task, file in {"topic": topic_file, "stance": stance_file, "summary": summary_file}.items():
        (folder / "data" / task).mkdir(parents=True)
        rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
        for split, count in (("train", None), ("dev", 16), ("test", 16)):
            few = rows[: count if task == "summary" else None]  # to write a summary takes long
            (folder / "data" / task / f"{split}.jsonl").write_text("".join(few), encoding="utf-8")
    labelled = map(json.loads, topic_file.read_text(encoding="utf-8").splitlines())
    table = "".join(f"{row['text']},{row['label']}\n" for row in labelled)
    (folder / "labelled.csv").write_text(f"body,category\n{table}", encoding="utf-8-sig")
    for name in ("predictions", "references"):
        (folder / f"{name}.txt").write_text("فاز المنتخب في المباراة\nارتفع سهم البنك\n", encoding="utf-8")
    vocab = (bert_folder / "vocab.txt").read_text(encoding="utf-8")
    shape: dict[str, Any] = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
    }
    BertForMaskedLM(BertConfig(vocab_size=len(vocab.splitlines()), **shape)).save_pretrained(folder / "arabert")
    (folder / "arabert" / "vocab.txt").write_text(vocab, encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _there(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        opening, "locate", lambda name: here / "arabert" if name == "arabert" else checkpoint.locate(name)
    )
    monkeypatch.chdir(here)


def test_there_are_commands() -> None:
    assert {command.split()[1] for command in COMMANDS} == set(LazyGroup.table)


# In the order of the README: later commands use what earlier ones leave.
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs(command: str) -> None:
    result = CliRunner().invoke(cli, shlex.split(command)[1:])
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    written = re.search(r"--out (\S+)", command)
    if written:
        assert Path(written[1]).exists()


def test_the_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})
    label, summary = capsys.readouterr().out.strip().splitlines()
    assert label.split()[0] == "finance"  # the article is about a stock exchange
    assert len(summary.split()) > 2


def test_the_tree_names_every_module() -> None:
    tree = README.split("## The tree")[1]
    named = set(re.findall(r"[\w.-]+\.py", tree))
    names = {
        path.name
        for top in ("mujaz", "models", "training", "inference", "configs")
        for path in (ROOT / top).rglob("*.py")
        if top == "mujaz" or not path.is_relative_to(ROOT / "mujaz")
    }
    assert names - named <= {"__init__.py"}
    assert (
        named
        - names
        - {
            path.name
            for path in (*ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/*.py"), *ROOT.glob("examples/*.py"))
        }
        == set()
    )


def test_the_make_targets_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
