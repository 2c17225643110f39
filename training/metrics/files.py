"""ROUGE of two files: one text a line, or a column of JSON Lines, JSON, CSV, TSV or Parquet."""

from __future__ import annotations

from pathlib import Path

from mujaz.errors import DataError
from mujaz.files import data_files, lines, not_utf8, open_file, suffix_format
from mujaz.formats import read_rows
from mujaz.training.metrics.scoring import RougeScores, score_rouge


def score_files(
    predictions: str | Path,
    references: str | Path,
    *,
    prediction_column: str = "prediction",
    reference_column: str = "reference",
    mode: str = "arabic",
    stem: bool = False,
    confidence: bool = False,
) -> RougeScores:
    """ROUGE of the texts of one file against those of another, in order.

    Args:
        predictions: A file. A text file has one text a line, and an empty line is an empty text.
        references: A file with as many texts; it may be the same one, with another column.
        prediction_column: Column of the predictions, where the file has columns.
        reference_column: Column of the references, where the file has columns.
        mode: As in `score_rouge`.
        stem: As in `score_rouge`.
        confidence: As in `score_rouge`.

    Raises:
        DataError: A file cannot be read, has no such column, or the numbers of texts differ.
        UsageError: As in `score_rouge`.
    """
    predicted, expected = read_texts(predictions, prediction_column), read_texts(references, reference_column)
    if len(predicted) != len(expected):
        raise DataError(
            f"expected as many predictions as references, found {len(predicted)} in {predictions} and {len(expected)} in "
            f"{references}: they are compared line by line, so none may be missing or cut in two"
        )
    return score_rouge(predicted, expected, mode=mode, stem=stem, confidence=confidence)


def read_texts(path: str | Path, column: str) -> list[str]:
    """The texts of a file, in order.

    Args:
        path: A file; one with an unknown suffix is taken for text.
        column: The column to read, where the file has columns.

    Raises:
        DataError: The file cannot be read, is empty, has no such column, or a text is not a string.
    """
    [file, *more] = data_files(path, None if suffix_format(str(path)) else "txt")
    if more or file.format == "article":
        raise DataError("expected a file, found a folder", file=str(path))
    if file.format == "txt":
        texts = _lines(file.path)
        if not texts:
            raise DataError("is empty: it holds no lines", file=str(path))
        return texts
    return [_text(row.values[column], row.file, row.row, column) for row in read_rows(path, columns=[column])]


def _text(value: object, file: str, row: int, column: str) -> str:
    if not isinstance(value, str):
        raise DataError(f"expected a text in column '{column}', found {value!r}", file=file, row=row)
    return value


def _lines(path: str) -> list[str]:
    """Lines of a text file, the empty ones too: each stands for a text."""
    texts = []
    with open_file(path) as stream:
        for number, offset, raw in lines(stream):
            problem = not_utf8(raw, offset)
            if problem:
                raise DataError(problem, file=path, row=number)
            texts.append(raw.decode("utf-8").rstrip("\r\n"))
    return texts
