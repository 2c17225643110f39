"""Arabic text as words that can be compared: the declared, versioned tokenization behind ROUGE and the summary checks.

``words("السَّلامُ عليكم، 2020م")`` is ``["السلام", "عليكم", "2020", "م"]``. In this order:

1. Arabic presentation forms and other compatibility characters become plain ones (NFKC), Latin letters lower-case.
2. The :data:`RULES`, character by character:

   * ``marks``: tashkeel and all other combining marks, tatweel, zero-width and direction marks are dropped;
   * ``letters``: ``أ إ آ ٱ`` become ``ا``, ``ى`` and Persian ``ی`` ``ي``, ``ة`` ``ه``, Persian ``ک`` ``ك``;
   * ``digits``: decimal digits of any script become 0-9.

3. A word is a longest run of letters, or a longest run of digits. All else (punctuation, symbols, emoji, ``_``) is dropped.

Step 3 cuts ``3.14`` and ``2020م`` in two on purpose: model recipes set spaces there, so the words of a text are the same
before and after a recipe.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

# To be raised whenever the words of any text change: scores of different versions cannot be compared.
WORDS_VERSION = 1

# Less of its letters Arabic, and a text is called not Arabic. Tweets with Latin names in them stay above it.
ARABIC_SHARE = 0.5
_LETTERS = re.compile(r"[^\W\d_]+")
_ARABIC = re.compile("[\u0620-\u064a\u066e-\u06d3\u06fa-\u06ff\u0750-\u077f\u08a0-\u08c9\ufb50-\ufdff\ufe70-\ufefc]+")

Rule = Callable[[str], str | None]  # what becomes of a character; None drops it

TATWEEL = "\u0640"
LETTERS = dict(zip("أإآٱىیةک", "ااااييهك", strict=True))
WORD = re.compile(r"[^\W\d_]+|\d+")
# Isolated forms of tashkeel: NFKC would make a space of each and cut its word in two.
SPACED_MARKS = re.compile("[\ufc5e-\ufc63\ufe70\ufe72\ufe74\ufe76\ufe78\ufe7a\ufe7c\ufe7e]")


class CharTable(dict[int, str | None]):
    """A table for ``str.translate`` that applies rules to a character when it first meets it."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Make an empty table.

        Args:
            rules: Applied one after the other.
        """
        super().__init__()
        self.rules = tuple(rules)

    def __missing__(self, code: int) -> str | None:
        """Ask the rules, and remember what they said."""
        char: str | None = chr(code)
        for rule in self.rules:
            if char is not None:
                char = rule(char)
        self[code] = char
        return char


def _mark(char: str) -> str | None:
    return None if char == TATWEEL or unicodedata.category(char) in ("Mn", "Me", "Cf") else char


def _letter(char: str) -> str:
    return LETTERS.get(char, char)


def _digit(char: str) -> str:
    return str(unicodedata.decimal(char)) if char.isdecimal() else char


RULES: dict[str, Rule] = {"marks": _mark, "letters": _letter, "digits": _digit}
TABLE = CharTable(RULES.values())


def normalize(text: str, table: CharTable = TABLE) -> str:
    """The same letters for the same word (steps 1 and 2); punctuation and spaces are kept.

    Args:
        text: Any text.
        table: Other rules than :data:`RULES`, to measure what one of them does.
    """
    return unicodedata.normalize("NFKC", SPACED_MARKS.sub("", text)).casefold().translate(table)


def words(text: str, table: CharTable = TABLE) -> list[str]:
    """The words of a text, in order.

    Args:
        text: Any text.
        table: As in :func:`normalize`.
    """
    return WORD.findall(normalize(text, table))


def table(text: str) -> frozenset[str]:
    """The words of a text, as a set: how tables of words are written down."""
    return frozenset(text.split())


def arabic_share(text: str) -> float:
    """Share of the letters of a text that are Arabic, 0-1; 0 without letters."""
    letters = sum(map(len, _LETTERS.findall(text)))
    return sum(map(len, _ARABIC.findall(text))) / letters if letters else 0.0


def is_foreign(text: str) -> bool:
    """Whether a text has letters, and most of them are not Arabic."""
    return arabic_share(text) < ARABIC_SHARE and bool(_LETTERS.search(text))
