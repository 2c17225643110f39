"""Every command of README.md and docs/ is run as it stands there, and so is their Python; their links lead somewhere."""

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
# In an order in which later commands find what earlier ones leave.
PAGES = [
    "README.md",
    *(f"docs/{name}.md" for name in ("fine-tune", "summarize", "corpus", "python", "rouge", "config")),
]
TEXTS = {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}
README = TEXTS["README.md"]
COMMANDS = list(dict.fromkeys(re.findall(r"^\$ (mujaz .*)$", "\n".join(TEXTS.values()), re.MULTILINE)))


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


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs(command: str) -> None:
    result = CliRunner().invoke(cli, shlex.split(command)[1:])
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    written = re.search(r"--out (\S+)", command)
    if written:
        assert Path(written[1]).exists()


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_python_runs(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", TEXTS[page], re.DOTALL):
        exec(compile(block, page, "exec"), names)
    label, summary = capsys.readouterr().out.strip().splitlines()
    assert label.split()[0] == "finance"  # the article is about a stock exchange
    assert len(summary.split()) > 2
    if "table" in names:  # the corpus of the examples, one article of each kind
        assert names["table"]["topic"].nunique() > 4
        assert names["table"]["headline"].str.len().gt(10).all()


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


def _anchors(text: str) -> set[str]:
    """Of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_all_pages_are_looked_at() -> None:
    assert {page.relative_to(ROOT).as_posix() for page in ROOT.glob("docs/*.md")} == set(PAGES) - {"README.md"}


LINKS = [(page, link) for page, text in TEXTS.items() for link in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)", text)]


def test_links_lead_somewhere() -> None:
    assert len(LINKS) > 50
    for page, (written, pictured) in LINKS:
        link = written or pictured
        path, _, anchor = link.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), link
        assert not anchor or anchor in _anchors(file.read_text(encoding="utf-8")), link


def test_the_make_targets_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
