"""What a reader said of summaries, kept without a word of the data: written to be filled in, and scored against the checks.

A line of the file is one summary: where its article stands, a sum over the summary, and the reader's verdict. A verdict
holds for the very text that was read, so a label is refused once the model writes another one.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

SPLIT = "test"


@dataclass(frozen=True)
class Label:
    """A verdict.

    Attributes:
        set: Of the data.
        split: Of it.
        index: Row of the article in it.
        output: Sum over the summary that was read; see :func:`sum_of`.
        false: Whether it says something that its article does not say; None where nobody has read it yet.
        finding: The kind of finding that names what is wrong; None where no kind does, or nothing is wrong.
        why: A few words in English.
    """

    set: str
    split: str
    index: int
    output: str
    false: bool | None = None
    finding: str | None = None
    why: str = ""

    @property
    def place(self) -> str:
        """``ant test 17``."""
        return f"{self.set} {self.split} {self.index}"


def sum_of(summary: str) -> str:
    """16 hexadecimal digits that are another text's only by chance."""
    return hashlib.sha256(summary.encode()).hexdigest()[:16]


def read_labels(file: Path) -> list[Label]:
    """The labels of a file, refused whole where a line is not one."""
    labels = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            labels.append(Label(**json.loads(line)))
        except (ValueError, TypeError) as error:
            raise SystemExit(f"{file}:{number}: not a label: {error}") from error
    return labels


def write_labels(file: Path, labels: Iterable[Label]) -> None:
    """One line a label; a file that is there is somebody's reading, and stays."""
    with file.open("x", encoding="utf-8") as out:
        out.writelines(json.dumps(asdict(label)) + "\n" for label in labels)


@dataclass(frozen=True)
class Written:
    """A summary as the model writes it now.

    Attributes:
        text: The summary.
        kinds: Of the findings that speak against it.
    """

    text: str
    kinds: frozenset[str]


def holding(labels: Sequence[Label], written: Mapping[str, Written]) -> tuple[list[Label], list[str]]:
    """Labels that can be used, and a line on each kind of those that cannot.

    Args:
        labels: All of them.
        written: By :attr:`Label.place`.
    """
    reasons: list[tuple[str, Callable[[Label], bool]]] = [
        ("whose summary is another text now", lambda one: sum_of(written[one.place].text) != one.output),
        ("that nobody has judged", lambda one: one.false is None),
    ]
    held, lines = list(labels), []
    for said, applies in reasons:
        refused = [one for one in held if applies(one)]
        held = [one for one in held if not applies(one)]
        if refused:
            places = ", ".join(one.place for one in refused[:5]) + (", …" if len(refused) > 5 else "")
            lines.append(
                f"refused: {len(refused)} of {len(labels)} labels {said} ({places}): read them again (--blind)"
            )
    return held, lines


def scores(labels: Sequence[Label], written: Mapping[str, Written]) -> list[str]:
    """Flagged, precision and recall, over all and for each set, and what was wrong or missed."""
    lines = [f"{len(labels)} labels hold"]
    names = list(dict.fromkeys(one.set for one in labels))
    for name in [None, *(names if len(names) > 1 else [])]:
        chosen = [one for one in labels if name in (None, one.set)]
        flagged = [one for one in chosen if written[one.place].kinds]
        false = [one for one in chosen if one.false]
        both = sum(bool(one.false) for one in flagged)
        lines.append(
            f"{name or 'all'}: {len(false)} of {len(chosen)} say what their article does not say, {len(flagged)} are "
            f"flagged, {both} rightly: precision {_share(both, len(flagged))}, recall {_share(both, len(false))}"
        )
    kinds = Counter(kind for one in labels for kind in written[one.place].kinds)
    rightly = Counter(kind for one in labels if one.false for kind in written[one.place].kinds)
    lines += [f"flagged as {kind}: {number}, rightly {rightly[kind]}" for kind, number in kinds.most_common()]
    for one in labels:
        if bool(one.false) != bool(written[one.place].kinds):
            kinds_said = ", ".join(sorted(written[one.place].kinds))
            lines.append(f"{one.place}: {'missed' if one.false else f'false alarm ({kinds_said})'}: {one.why}")
    return lines


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})" if whole else "of none"
