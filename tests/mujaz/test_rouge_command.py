from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mujaz.cli import cli, main
from mujaz.training.metrics.scoring import score_rouge

PREDICTIONS = ["فاز الفريق أمس", "", "ارتفع سعر الذهب"]
REFERENCES = ["فاز الفريق بالكأس أمس", "طقس مشمس", "هبط سعر الذهب"]


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    paths = tmp_path / "predictions.txt", tmp_path / "references.txt"
    for path, texts in zip(paths, (PREDICTIONS, REFERENCES), strict=True):
        path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return str(paths[0]), str(paths[1])


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["rouge", *arguments], catch_exceptions=False)


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as stop:
        main(["rouge", *arguments])
    assert stop.value.code == 2
    return capsys.readouterr().err


def test_table(files: tuple[str, str]) -> None:
    result = run(*files)
    assert result.exit_code == 0
    expected = score_rouge(PREDICTIONS, REFERENCES)
    assert f"rouge1    {expected.f1['rouge1']:6.2f}\n" in result.output
    assert result.output.endswith(f"3 pairs  {expected.signature}\n")


def test_table_with_confidence(files: tuple[str, str]) -> None:
    low, high = (score_rouge(PREDICTIONS, REFERENCES, confidence=True).confidence or {})["rouge1"]
    assert f"[{low:.2f}, {high:.2f}]" in run(*files, "--confidence").output


def test_json(files: tuple[str, str]) -> None:
    found = json.loads(run(*files, "--json", "--stem", "--mode", "arabic").output)
    expected = score_rouge(PREDICTIONS, REFERENCES, stem=True)
    assert found == {"pairs": 3, "f1": expected.f1, "confidence": None, "signature": expected.signature}


def test_columns_of_one_file(tmp_path: Path, files: tuple[str, str]) -> None:
    path = tmp_path / "both.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as out:
        for prediction, reference in zip(PREDICTIONS, REFERENCES, strict=True):
            out.write(json.dumps({"prediction": prediction, "summary": reference}) + "\n")
    assert run(str(path), str(path), "--reference-column", "summary").output == run(*files).output
    assert run(files[0], str(path), "--reference-column", "summary").output == run(*files).output


def test_a_file_with_another_suffix_is_text(tmp_path: Path, files: tuple[str, str]) -> None:
    copy = tmp_path / "predictions.hyp"
    copy.write_bytes(Path(files[0]).read_bytes())
    assert run(str(copy), files[1]).output == run(*files).output


def test_unequal_numbers_of_lines(tmp_path: Path, files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    short = tmp_path / "short.txt"
    short.write_text("سطر واحد\n", encoding="utf-8")
    message = fails(capsys, files[0], str(short))
    assert f"found 3 in {files[0]} and 1 in {short}" in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        ("مرحبا\n".encode("cp1256"), "row 1: expected UTF-8 text"),
    ],
)
def test_files_that_cannot_be_used(
    tmp_path: Path, files: tuple[str, str], capsys: pytest.CaptureFixture[str], content: bytes, message: str
) -> None:
    path = tmp_path / "wrong.txt"
    path.write_bytes(content)
    assert message in fails(capsys, str(path), files[1])


def test_columns_that_cannot_be_used(
    tmp_path: Path, files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wrong.jsonl"
    path.write_text('{"summary": "نص"}\n{"summary": null}\n', encoding="utf-8")
    told = "no column 'prediction'; columns found: 'summary'; if it is called otherwise: --prediction-column NAME\n"
    assert told in fails(capsys, str(path), files[1])
    assert "otherwise: --reference-column NAME" in fails(capsys, files[0], str(path))
    message = fails(capsys, str(path), files[1], "--prediction-column", "summary")
    assert "row 2: expected a text in column 'summary', found None" in message


def test_a_column_of_a_text_file_is_refused(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    message = fails(capsys, *files, "--reference-column", "summary")
    assert f"--reference-column: {files[1]} is text, and has no columns" in message


def test_unknown_mode_folder_and_missing_file(
    tmp_path: Path, files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "did you mean 'xlsum'" in fails(capsys, *files, "--mode", "xlsm")
    assert "expected a file, found a folder" in fails(capsys, str(tmp_path), files[1])
    assert "no such file" in fails(capsys, str(tmp_path / "none.txt"), files[1])


def test_help_has_an_example() -> None:
    assert "Example:\n    mujaz rouge predictions.txt" in run("--help").output


def test_scoring_needs_none_of_the_heavy_packages(files: tuple[str, str]) -> None:
    code = (
        "import sys; from mujaz.cli import cli; cli.main(['rouge', *sys.argv[1:]], standalone_mode=False); "
        "print(sorted({'torch', 'transformers', 'datasets', 'evaluate', 'sklearn', 'pandas', 'nltk'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, *files], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\n[]\n")
