from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
from click.testing import CliRunner

from mujaz.cli import LazyGroup, cli, main
from mujaz.errors import DataError, MissingExtraError, MujazError, OutputError

HEAVY = ("torch", "transformers", "datasets", "numpy", "sklearn", "pydantic", "rich")


def test_help_imports_nothing_heavy() -> None:
    code = f"""
import sys
from mujaz.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr.strip() == "[]"
    assert all(name in result.stdout for name in LazyGroup.table)


@pytest.mark.parametrize("name", list(LazyGroup.table))
def test_every_commands_help_has_an_example_and_the_listed_line(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert f"mujaz {name}" in result.output.split("Example")[1]


def test_commands_import_nothing_heavy() -> None:
    code = f"""
import importlib, sys
from mujaz.cli import LazyGroup
for module, _ in LazyGroup.table.values():
    importlib.import_module(f"mujaz.commands.{{module}}")
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_importing_mujaz_imports_nothing_heavy() -> None:
    code = f"import sys, mujaz; print(mujaz.__version__, [name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split(maxsplit=1)[1].strip() == "[]"


@pytest.mark.parametrize(
    ("error", "code"), [(DataError("expected x", file="a.csv", row=3), 2), (OutputError("the disk is full"), 1)]
)
def test_an_error_is_one_line_and_its_exit_code(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "main", fail)
    with pytest.raises(SystemExit) as leaving:
        main([])
    assert leaving.value.code == code
    assert capsys.readouterr().err == f"mujaz: error: {error}\n"


def test_messages_carry_their_place() -> None:
    assert str(DataError("expected x", file="a.csv", row=3)) == "a.csv, row 3: expected x"
    assert str(DataError("expected x", file="a.csv")) == "a.csv: expected x"
    assert "pip install 'mujaz[farasa]'" in str(MissingExtraError("Segmentation", "farasapy", "farasa"))


@pytest.mark.parametrize(
    "error",
    [
        DataError("expected x", file="a.csv", row=3, id="7", last=True),
        MissingExtraError("Segmentation", "farasapy", "farasa", note="A licence."),
        OutputError("disk full"),
    ],
)
def test_errors_come_out_of_a_worker_process_as_they_were(error: MujazError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_an_unknown_command_is_misuse() -> None:
    result = CliRunner().invoke(cli, ["clasify"])
    assert result.exit_code == 2
    assert "no command 'clasify'; did you mean 'classify'?" in result.output
    result = CliRunner().invoke(cli, ["dance"])
    assert result.exit_code == 2
    assert "did you mean" not in result.output
