"""``python -m mujaz`` is the command ``mujaz``."""

from mujaz.cli import main

main()
