"""The demo: summarize an article, label it, ask three models about a small corpus; without a network and without a download.

Usage::

    make demo
    python examples/demo.py [OUT_FOLDER]
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # the embedded models need no network: prove it

import click

from mujaz.cli import main
from mujaz.commands.summaries import shown

EXAMPLES = Path(__file__).parent
CORPUS = EXAMPLES / "corpus.jsonl"


def show(*arguments: str) -> None:
    """Print a command and run it."""
    click.secho(f"\n$ mujaz {shlex.join(arguments)}", bold=True)
    try:
        main(list(arguments))
    except SystemExit as leaving:
        if leaving.code:
            raise


def show_answers(out: Path) -> None:
    """Print what the three models said of each article, beside the claim that the stance is toward."""
    claims = {row["id"]: row["target"] for row in map(json.loads, CORPUS.read_text(encoding="utf-8").splitlines())}
    terminal = sys.stdout.isatty()
    for answer in map(json.loads, out.read_text(encoding="utf-8").splitlines()):
        click.secho(f"\n{answer['id']}: {answer['topic']}", bold=True)
        click.echo(shown(answer["summary"], terminal=terminal))
        claim = shown(claims[answer["id"]], terminal=terminal)
        click.echo(f"{answer['stance']} ({answer['stance_probability']:.0%}) toward: {claim}")


def demo(folder: Path) -> None:
    """Run the three commands; the output of the last goes into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    article, out = EXAMPLES / "article.txt", folder / "answers.jsonl"
    show("summarize", str(article), "--clean-article")
    show("classify", str(article), "--format", "article", "--clean-article")
    models = [part for name in ("topic", "stance", "summary") for part in ("--model", name)]
    show("classify", str(CORPUS), *models, "--target-column", "target", "--clean-article", "--out", str(out), "--force")
    show_answers(out)
    click.echo(
        f"\nThe answers lie in {out.resolve()}. What each model can do, and cannot, stands on its card (mujaz models)"
    )


if __name__ == "__main__":
    demo(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("demo-out"))
