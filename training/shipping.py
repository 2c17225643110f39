"""Put a finished run among the embedded models: the files that are shipped, and no texts of its data.

Usage::

    python -m mujaz.training.shipping RUN NAME     # RUN/ becomes models/embedded/NAME
"""

from __future__ import annotations

import shutil
import sys
from argparse import ArgumentParser
from pathlib import Path

from mujaz.errors import CheckpointError
from mujaz.models.checkpoint import EMBEDDED, read_info, write_info
from mujaz.models.spelling import SPELLINGS_FILE
from mujaz.training.resume import CONFIG_FILE

_FILES = ("config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def ship(run: Path, name: str, place: Path = EMBEDDED) -> Path:
    """Copy a run's checkpoint; its card is written by hand, from what the benchmarks measured.

    Args:
        run: A finished run.
        name: Of the embedded model.
        place: Where embedded models lie.

    Returns:
        The folder.

    Raises:
        CheckpointError: this is no run of ours.
    """
    info = read_info(run)
    if info is None:
        raise CheckpointError(f"{run} holds no finished run: expected mujaz.json in it.")
    folder = place / name
    folder.mkdir(parents=True, exist_ok=True)
    for file in (*_FILES, SPELLINGS_FILE, CONFIG_FILE):
        if (run / file).is_file():
            shutil.copyfile(run / file, folder / file)
    write_info(folder, info.model_copy(update={"base_model": f"mujaz {name}, trained from nothing"}))
    return folder


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    options = parser.parse_args(arguments)
    folder = ship(options.run, options.name)
    size = sum(file.stat().st_size for file in folder.iterdir())
    sys.stdout.write(f"{folder.name}: {size / 1e6:.1f} MB\n")


if __name__ == "__main__":
    main()
