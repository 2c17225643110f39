"""The beginning of a raw text, cut where no step of a recipe and no tokenizer looks over the edge."""

from __future__ import annotations

import re

# A space between two letters: marks, brackets, digits and emoji may belong to what stands behind a space, letters do not.
_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_]) (?=[^\W\d_])")
# Where a tag may be open, or an entity may turn into one, a recipe looks further than to the next space; and where a joiner
# goes, letters meet that a second round joins, which the rest of the text may call for.
_OPENS = "<&\u200d"


def beginning(text: str, characters: int) -> str:
    """A text up to the first space between two letters from ``characters`` on.

    What a recipe whose steps are all ``local`` makes of it is what it makes of the whole text, cut there: its steps look no
    further than to such a space. Only a tag reaches over it, so where one may stand in the beginning, it is the whole text.

    Args:
        text: Raw.
        characters: How long the beginning should be.

    Returns:
        Between once and twice as many characters, or the whole text.
    """
    if len(text) <= characters:
        return text
    edge = _BETWEEN_LETTERS.search(text, characters, 2 * characters)
    part = text[: edge.start()] if edge else text
    return text if any(sign in part for sign in _OPENS) else part
