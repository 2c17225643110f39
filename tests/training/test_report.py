from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from mujaz import train
from mujaz.cli import cli
from mujaz.configs.loading import check_config
from mujaz.errors import OutputError
from mujaz.pages import write_page
from mujaz.training.report.inputs import direction, label_findings, length_groups
from mujaz.training.report.report import _curves
from tests.conftest import TinyConfig
from tests.page_reading import read

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


SECTIONS = {
    "topic": ["Labels", "Which label is taken for which", "Probabilities", "By length", "Training", "Data"],
    "stance": ["Labels", "By target", "Probabilities", "By length", "Training", "Data"],
    "summary": ["ROUGE", "What the summaries are like", "By length of the text", "Summaries from the middle", "Data"],
}


@pytest.mark.parametrize("task", SECTIONS)
def test_a_run_leaves_a_page_that_needs_nothing_else(trained: Callable[[str], Path], task: str) -> None:
    page = (trained(task) / "report.html").read_text(encoding="utf-8")
    checker = read(page)
    assert checker.loads == []
    assert not re.search(r"@import|url\(", page)
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert [name for name in SECTIONS[task] if name not in headings] == []
    assert "polyline" in page  # the curves
    assert "split_seed" in page  # the config


@pytest.mark.parametrize("task", SECTIONS)
@pytest.mark.parametrize("width", [1200, 420])
def test_a_browser_shows_it(trained: Callable[[str], Path], tmp_path: Path, task: str, width: int) -> None:
    """Headless Chromium draws the page, and nothing is wider than the window."""
    if BROWSER is None:
        pytest.skip("no Chromium on the path")
    # What is too wide scrolls inside its own box; the page itself must not. Chromium's window is 500 wide at the least, so
    # the page stands in a frame of the width that is asked for.
    page = trained(task) / "report.html"
    probe = (
        "<script>onload = () => { const root = document.documentElement;"
        "const sections = document.querySelectorAll('section').length;"
        "document.title = `${root.scrollWidth}/${root.clientWidth}/${sections}`; }</script>"
    )
    (tmp_path / "page.html").write_text(page.read_text(encoding="utf-8") + probe, encoding="utf-8")
    (tmp_path / "frame.html").write_text(
        f'<body style="margin:0"><iframe src="page.html" style="width:{width}px;height:900px;border:0"></iframe><script>'
        "onload = () => setTimeout(() => { document.title = frames[0].document.title; }, 200)</script>",
        encoding="utf-8",
    )
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--allow-file-access-from-files",
        "--virtual-time-budget=4000",
    ]
    options += [f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1300,900"]
    url = (tmp_path / "frame.html").as_uri()
    done = subprocess.run([BROWSER, *options, "--dump-dom", url], capture_output=True, timeout=120, check=True)
    found = re.search(rb"<title>(\d+)/(\d+)/(\d+)</title>", done.stdout)
    assert found is not None
    scroll, client, sections = map(int, found.groups())
    assert client <= width
    assert scroll <= client
    assert sections >= 5
    picture = tmp_path / "page.png"
    subprocess.run(
        [BROWSER, *options, f"--screenshot={picture}", page.as_uri()], capture_output=True, timeout=120, check=True
    )
    size = struct.unpack(">II", picture.read_bytes()[16:24])
    assert size == (1300, 900)


def test_texts_cannot_break_out_of_the_page(trained: Callable[[str], Path], tmp_path: Path) -> None:
    bad = '<script>alert("x")</script> & </section> فاز الفريق'
    data = tmp_path / "data.jsonl"
    rows = [{"text": bad, "label": label} for label in ("sport", "money")]  # one of them is a mistake
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    result = CliRunner().invoke(cli, ["evaluate", str(trained("topic")), str(data), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "The surest mistakes" in page
    read(page)


def test_arabic_names_keep_the_figures_beside_them_out_of_themselves() -> None:
    """Without isolation a browser would draw ``taken for B, 6`` with the 6 inside the right-to-left B."""
    names = {"اقتصاد": (0.9, 0.8), "رياضة": (0.4, 0.5), "منوعات": (0.0, 0.0), "لا أحد": (0.0, 0.0)}
    rows = [{"name": n, "f1": f1, "recall": recall, "support": 9} for n, (f1, recall) in names.items()]
    rows[-1]["support"] = 0
    assert label_findings(rows) == [
        "Never found: \u2068منوعات\u2069.",
        "\u2068رياضة\u2069 is of the others the hardest label (F1 40.0, 9 texts), "
        "\u2068اقتصاد\u2069 the easiest (90.0, 9 texts).",
    ]
    assert label_findings(rows[:1]) == []


def test_direction_is_that_of_most_words() -> None:
    assert direction(["فاز", "فريق", "Barcelona", "بالكأس"]) == "rtl"
    assert direction(["the", "club", "نادي", "won"]) == "ltr"


def test_length_groups_cover_all_texts_once() -> None:
    rng = np.random.default_rng(0)
    words = rng.integers(1, 200, 500).astype(float)
    right = rng.integers(0, 2, 500).astype(float)
    groups = length_groups(words, right)
    assert sum(g["texts"] for g in groups) == 500
    assert all(60 <= g["texts"] <= 140 for g in groups)
    assert sum(g["texts"] * g["value"] for g in groups) == pytest.approx(right.sum())
    same = length_groups(np.full(10, 7.0), np.ones(10))
    assert [(g["name"], g["texts"]) for g in same] == [("7", 10)]


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        write_page(tmp_path / "file" / "report.html", "")


@pytest.mark.parametrize(("fraction", "said"), [(0.0, True), (0.25, False)])
def test_scores_of_dev_are_said_to_be_of_what_chose_the_checkpoint(
    fraction: float, said: bool, topic_file: Path, tmp_path: Path, tiny_config: TinyConfig
) -> None:
    data = tiny_config("topic", topic_file, tmp_path / "run", max_steps=1)
    data["data"]["test_fraction"] = fraction
    lines: list[str] = []
    train(check_config(data, "test"), report=lines.append)
    assert any("dev rows" in line and "give data.test or data.test_fraction" in line for line in lines) == said
    for name in ("README.md", "report.html"):
        page = (tmp_path / "run" / name).read_text(encoding="utf-8")
        assert ("which also chose the checkpoint" in page) == said


@pytest.mark.parametrize("lost", [float("nan"), float("inf")])
def test_a_loss_that_overflowed_is_left_out_of_its_curve(lost: float) -> None:
    """It used to end a training that was done in a traceback, for want of a place on the axis."""
    log = [{"step": 1, "eval_loss": lost}, {"step": 2, "eval_loss": 0.5}, {"step": 3, "eval_loss": 0.4}]
    [chart] = _curves(log)
    assert str(chart["svg"]).count("<circle") == 2
    assert _curves(log[:1]) == []
