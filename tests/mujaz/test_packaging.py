from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import mujaz

ROOT = Path(__file__).resolve().parents[2]


def test_the_package_list_is_complete() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = set(settings["tool"]["setuptools"]["packages"])
    found = {"mujaz"}
    for top in ("models", "training", "inference", "configs"):
        for init in (ROOT / top).rglob("__init__.py"):
            found.add(".".join(["mujaz", *init.parent.relative_to(ROOT).parts]))
    found |= {f"mujaz.{init.parent.name}" for init in (ROOT / "mujaz").glob("*/__init__.py")}
    assert listed == found


def test_the_four_folders_are_linked_into_the_package() -> None:
    for name in ("models", "training", "inference", "configs"):
        assert (ROOT / "mujaz" / name).resolve() == ROOT / name


def test_every_dependency_has_both_bounds() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = {name: needs for name, needs in settings["project"]["optional-dependencies"].items() if name != "dev"}
    needed = [*settings["project"]["dependencies"], *(need for needs in extras.values() for need in needs)]
    unbounded = [d for d in needed if not (">=" in d and "<" in d)]
    assert unbounded == []


def test_what_a_service_catches_is_a_public_name() -> None:
    with pytest.raises(mujaz.MujazError) as wrong:
        mujaz.load_config("no such config.yaml")
    assert isinstance(wrong.value, mujaz.UsageError)


def test_public_names_are_there() -> None:
    for name in mujaz.__all__:
        assert getattr(mujaz, name).__name__ == name
