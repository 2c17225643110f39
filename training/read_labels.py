"""Labels that were given to articles by reading them, where the articles themselves are no part of the project.

A line of LABELS has ``article``, by which the text is found again (:func:`article_id`), and ``label``; where two labels fit
equally well, the other one as ``or``. The rows that are made have ``title`` (the headline), ``text`` and ``label``.

Usage::

    python -m mujaz.training.read_labels OUT.jsonl LABELS.jsonl ARTICLES...
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from mujaz.errors import DataError
from mujaz.formats import read_rows
from mujaz.training.spans import write_pairs

Row = dict[str, str]


def article_id(text: str) -> str:
    """Sixteen digits of the sha256 of a text, however its words are parted."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16]


def labelled_rows(files: Sequence[str]) -> Iterator[Row]:
    """The articles that have labels, in their order.

    Args:
        files: The labels, then files of articles with ``summary`` (the headline) and ``text``. Of a text that stands in them
            several times the first is taken.

    Raises:
        DataError: a label lacks its article or its name, or articles of labels are in none of the files.
    """
    labels = {}
    for row in read_rows(files[0]):
        article, label = row.values.get("article"), row.values.get("label")
        if not isinstance(article, str) or not isinstance(label, str):
            raise DataError("expected article and label", file=row.file, row=row.row)
        labels[article] = label
    expected = len(labels)
    for file in files[1:]:
        for row in read_rows(file):
            values: Any = row.values
            label = labels.pop(article_id(str(values.get("text") or "")), None)
            if label is not None:
                yield {"title": str(values.get("summary") or ""), "text": str(values["text"]), "label": label}
    if labels:
        raise DataError(
            f"{len(labels):,} of {expected:,} articles that have labels stand in none of the other files, as {min(labels)}",
            file=files[0],
        )


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    write_pairs(labelled_rows, (__doc__ or "").splitlines()[0], arguments)


if __name__ == "__main__":
    main()
