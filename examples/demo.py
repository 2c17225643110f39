"""The demo: summarize an article, label it, classify a small corpus; without a network and without a download.

Usage::

    make demo
    python examples/demo.py [OUT_FOLDER]
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # the embedded models need no network: prove it

import click

from mujaz.cli import main

EXAMPLES = Path(__file__).parent


def show(*arguments: str) -> None:
    """Print a command and run it."""
    click.secho(f"\n$ mujaz {shlex.join(arguments)}", bold=True)
    try:
        main(list(arguments))
    except SystemExit as leaving:
        if leaving.code:
            raise


def demo(folder: Path) -> None:
    """Run the three commands; the output of the last goes into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    article, corpus, out = EXAMPLES / "article.txt", EXAMPLES / "corpus.jsonl", folder / "labels.jsonl"
    show("summarize", str(article), "--clean-article")
    show("classify", str(article), "--format", "article", "--clean-article")
    show("classify", str(corpus), "--out", str(out), "--force")
    click.echo(f"\nThe labels of {corpus.name} lie in {out.resolve()}")


if __name__ == "__main__":
    demo(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("demo-out"))
