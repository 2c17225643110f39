"""Ways to cut text into the words that ROUGE counts. Scores made in different ways cannot be compared.

============  =========================================================================  ==========================
mode          words                                                                      ``stem``
============  =========================================================================  ==========================
``arabic``    `mujaz.models.arabic_words`: marks dropped, letters and digits unified     light10
``xlsum``     as XL-Sum's multilingual ROUGE: lower-cased, punctuation dropped, numbers  NLTK's Snowball stemmer,
              cut from letters; tashkeel and letter variants count as differences        stop words kept
``whitespace``  what stands between spaces, the usual ``tokenizer=str.split`` given to   none
              ``evaluate``: punctuation sticks to its word
============  =========================================================================  ==========================

XL-Sum's published numbers are made with stemming (``use_stemmer=True`` in its ``calculate_rouge``).
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

from mujaz.errors import MissingExtraError, UsageError
from mujaz.models.arabic_words import WORDS_VERSION, CharTable, words
from mujaz.models.light_stem import light_stem

Tokenizer = Callable[[str], list[str]]
Stemmer = Callable[[str], str]


def _xlsum_class(char: str) -> str:
    """The kind of a character: ``a`` letter, ``0`` number, ``m`` mark, ``s`` symbol, ``-`` dropped, or a space."""
    if char in "\t\n\r":
        return " "
    kind = unicodedata.category(char)
    if kind[0] == "C" or char == "\ufffd":
        return "-"
    if kind[0] in "PZ" or (char.isascii() and not char.isalnum()):
        return " "
    return {"L": "a", "N": "0", "M": "m"}.get(kind[0], "s")


XLSUM_CLASSES = CharTable([_xlsum_class])
XLSUM_WORD = re.compile(r"a[am]*|0[0m]*|sm*|m+")


def xlsum_words(text: str) -> list[str]:
    """The words of XL-Sum's multilingual ROUGE, before its stemmer.

    Source: ``multilingual_rouge_scoring`` of csebuetnlp/xl-sum: lower-cased, control characters and punctuation dropped,
    then the "aggressive" tokenizer of OpenNMT, which cuts between letters, numbers and symbols. Equal
    to it on Arabic and Latin text; Chinese is not cut into its characters here.
    """
    text = text.lower()
    kinds = text.translate(XLSUM_CLASSES)
    if "-" in kinds:
        text = "".join(char for char, kind in zip(text, kinds, strict=True) if kind != "-")
        kinds = kinds.replace("-", "")
    return [text[found.start() : found.end()] for found in XLSUM_WORD.finditer(kinds)]


@cache
def _snowball_stemmer() -> Stemmer:
    """NLTK's Arabic Snowball stemmer as XL-Sum calls it: stop words and words of up to three letters stay as they are.

    NLTK's class forgets to reset one flag between words: once it has cut a verb's suffix, every later word is treated as
    if the same had happened to it. In a run over a test set that is so after the first sentence; here it is so from the
    start, so that a word has one stem wherever it stands.
    """
    try:
        from nltk.stem.snowball import ArabicStemmer
    except ImportError as error:
        raise MissingExtraError("the stemmer of XL-Sum's ROUGE", "nltk", "xlsum") from error
    try:
        stemmer = ArabicStemmer(ignore_stopwords=True)
    except LookupError as error:
        raise UsageError(
            "the stemmer of XL-Sum's ROUGE needs NLTK's list of stop words, which is not on this machine. "
            "Download it once: python -m nltk.downloader stopwords"
        ) from error
    stemmer.suffixes_verb_step1_success = True
    return lru_cache(maxsize=1 << 16)(lambda word: stemmer.stem(word) if len(word) > 3 else word)


@dataclass(frozen=True)
class Mode:
    """A way to cut text into words.

    Attributes:
        split: Text to words.
        stem: Gives the stemmer that ``stem`` turns on, if there is one.
        names: What a signature says of words and of stems.
    """

    split: Tokenizer
    stem: Callable[[], Stemmer] | None
    names: tuple[str, str]


MODES = {
    "arabic": Mode(words, lambda: light_stem, (f"arabic.{WORDS_VERSION}", "light10")),
    "xlsum": Mode(xlsum_words, _snowball_stemmer, ("xlsum.1", "snowball")),
    "whitespace": Mode(str.split, None, ("whitespace.1", "")),
}


def find_mode(name: str) -> Mode:
    """A mode by its name.

    Raises:
        UsageError: There is no such mode.
    """
    if name not in MODES:
        near = difflib.get_close_matches(name, MODES, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise UsageError(f"no ROUGE mode '{name}'; expected one of {', '.join(MODES)}{hint}")
    return MODES[name]


def tokenizer(mode: str = "arabic", *, stem: bool = False) -> Tokenizer:
    """The function from a text to its words.

    Raises:
        UsageError: There is no such mode, or it has no stemmer.
        MissingExtraError: Its stemmer is not installed.
    """
    chosen = find_mode(mode)
    if not stem:
        return chosen.split
    if chosen.stem is None:
        raise UsageError(f"the ROUGE mode '{mode}' has no stemmer: leave stemming off, or take mode 'arabic'")
    stemmer = chosen.stem()
    return lambda text: [stemmed for word in chosen.split(text) if (stemmed := stemmer(word))]
