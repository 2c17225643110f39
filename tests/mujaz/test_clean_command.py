from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from mujaz.commands.clean import command
from mujaz.errors import DataError, UsageError

TEXT = "عام ١٩٩٥\nسطر كما هو\nﻣﺮﺣﺒﺎ بكم\n"


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "texts.txt"
    path.write_text(TEXT, encoding="utf-8")
    return str(path)


def run(*arguments: str, text: str | bytes = "") -> tuple[str, str]:
    result = CliRunner().invoke(command, arguments, input=text, catch_exceptions=False, standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.stdout, result.stderr


def test_lines_come_out_in_order(file: str) -> None:
    assert run(file) == ("عام 1995\nسطر كما هو\nمرحبا بكم\n", "")


def test_standard_input(file: str) -> None:
    assert run(text=TEXT) == run("-", text=TEXT) == run(file)


def test_recipe_and_left_out_step(file: str) -> None:
    assert run("--recipe", "arabert", text="2020م!")[0] == "2020 م !\n"
    assert run("--without", "digits", file)[0].startswith("عام ١٩٩٥\n")


def test_whole() -> None:
    assert run("--whole", text=TEXT)[0] == "عام 1995 سطر كما هو مرحبا بكم\n"


def test_diff_shows_only_what_changes(file: str) -> None:
    assert run("--diff", file)[0].splitlines() == ["1 - عام ١٩٩٥", "1 + عام 1995", "3 - ﻣﺮﺣﺒﺎ بكم", "3 + مرحبا بكم"]


def test_stats_go_to_the_standard_error(file: str) -> None:
    out, err = run("--stats", file)
    assert out == run(file)[0]
    assert "3 texts: 5 characters repaired, 0 dropped, 4 places rewritten" in err
    assert "presentation_forms" in err


def test_bytes_that_are_no_utf8_are_reported_not_raised() -> None:
    out, err = run(text="نص".encode("cp1256") + b"\n")
    assert out == "\ufffd\ufffd\n"
    assert "1 of 1 texts look wrongly decoded" in err


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "bom.txt"
    path.write_text("نص", encoding="utf-8-sig")
    assert run("--recipe", "none", str(path))[0] == "نص\n"


def test_list_names_every_recipe_with_its_source() -> None:
    out = run("--list")[0]
    assert "arabert-twitter" in out
    assert "CAMeLBERT README" in out


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.txt: cannot be read: No such file"):
        run(str(tmp_path / "none.txt"))
    with pytest.raises(UsageError, match="Did you mean 'arabert'"):
        run("--recipe", "arabret", text="نص")
