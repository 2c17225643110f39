"""Labels and headlines that articles got by being read, where the articles themselves are no part of the project.

A line of LABELS has ``article``, by which the text is found again (:func:`article_id`), and ``label``; where two labels fit
equally well, the other one as ``or``. The rows that are made have ``title``, ``text`` and ``label``. In place
of ``label`` stands ``words`` where a headline was cut out of the article: places of its words, stretch by stretch, each up
to and without the second number; words are what spaces divide. Those rows have ``text`` and ``summary``. Beside it or
in its place stand ``stands`` and ``falls``, lists of the like: stretches that can stand by themselves, and that cannot. Such
rows have ``judged`` besides, a list of text and true or false; where no headline was cut out, ``summary`` is the article's.

Usage::

    python -m mujaz.training.read_labels OUT.jsonl LABELS.jsonl ARTICLES...
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from mujaz.errors import DataError
from mujaz.formats import Row as FileRow
from mujaz.formats import read_rows
from mujaz.training.spans import write_pairs

Row = dict[str, Any]
_JUDGED = {"stands": True, "falls": False}


def article_id(text: str) -> str:
    """Sixteen digits of the sha256 of a text, however its words are parted."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16]


def labelled_rows(files: Sequence[str]) -> Iterator[Row]:
    """The articles that have labels, in their order.

    Args:
        files: The labels, then files of articles with ``text`` and, where they have one, ``title`` or ``summary`` (the
            headline). Of a text that stands in them several times the first is taken.

    Raises:
        DataError: a label lacks its article or its name, words are no places in their article, or articles of labels are in
            none of the files.
    """
    labels = {}
    for row in read_rows(files[0]):
        article = row.values.get("article")
        places = {"words", *_JUDGED} & set(row.values)
        if not isinstance(article, str) or not (places or isinstance(row.values.get("label"), str)):
            raise DataError("expected article and label, or article and words", file=row.file, row=row.row)
        labels[article] = row
    expected = len(labels)
    for file in files[1:]:
        for row in read_rows(file):
            values: Any = row.values
            found = labels.pop(article_id(str(values.get("text") or "")), None)
            if found is not None and "label" not in found.values:
                yield _with_headline(found, values)
            elif found is not None:
                title, label = str(values.get("title") or values.get("summary") or ""), str(found.values["label"])
                yield {"title": title, "text": str(values["text"]), "label": label}
    if labels:
        raise DataError(
            f"{len(labels):,} of {expected:,} articles that have labels stand in none of the other files, as {min(labels)}",
            file=files[0],
        )


def _with_headline(label: FileRow, article: Any) -> Row:
    words, values = str(article["text"]).split(), label.values
    headline = _said(label, values["words"], words) if "words" in values else str(article.get("summary") or "")
    made: Row = {"text": str(article["text"]), "summary": headline}
    judged = [[_said(label, one, words), stands] for name, stands in _JUDGED.items() for one in _list(values.get(name))]
    return made | ({"judged": judged} if judged else {})


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _said(label: FileRow, places: Any, words: list[str]) -> str:
    """The words of an article that a label names."""
    try:
        bounds = [0, *(place for first, end in places for place in (first, end))]
        well = len(bounds) > 1 and bounds[-1] <= len(words) and all(first < end for first, end in places)
        said = [word for first, end in places for word in words[first:end]] if well and bounds == sorted(bounds) else []
    except (TypeError, ValueError):
        said = []
    if not said:
        raise DataError(
            f"expected places of words in an article of {len(words)} words, one stretch after the other, as [[0, 9]], found "
            f"{places!r}",
            file=label.file,
            row=label.row,
        )
    return " ".join(said)


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    write_pairs(labelled_rows, (__doc__ or "").splitlines()[0], arguments)


if __name__ == "__main__":
    main()
