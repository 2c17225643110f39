"""Lossless repair of Arabic text: what tokenizers read wrong and what can be set right without losing anything."""

from __future__ import annotations

import html
import html.entities
import re
import unicodedata
from collections.abc import Mapping

# Marks that show nothing: soft hyphen, Arabic letter mark, Mongolian vowel separator, zero-width space and non-joiner,
# direction marks, embeddings, overrides and isolates, word joiner and invisible operators, byte order mark,
# interlinear annotation. The zero-width joiner (U+200D) is not among them: emoji are built with it.
INVISIBLE = (
    "\u00ad\u061c\u180e\u200b\u200c\u200e\u200f"
    + "".join(map(chr, range(0x202A, 0x202F)))
    + "".join(map(chr, range(0x2060, 0x2070)))
    + "\ufeff\ufff9\ufffa\ufffb"
)
_PICTURES = "\u2190-\u2bff\U0001f000-\U0001faff"
STRAY_JOINER = f"\u200d(?![{_PICTURES}])|(?<![{_PICTURES}\ufe0f])\u200d"

# Harakat, the dagger alef, and the signs of the Quran that stand on letters. arabert 1.0.1 strips the first alone, and
# later breaks the word at the others (هٰذا to ه ذا). Not the pause sign U+06DA: AraBERT's vocabulary has it.
_SIGNS = (
    (0x610, 0x61A),
    (0x64B, 0x652),
    (0x670, 0x670),
    (0x6D6, 0x6D9),
    (0x6DB, 0x6DC),
    (0x6DF, 0x6E4),
    (0x6E7, 0x6E8),
)
TASHKEEL = "".join(chr(n) for first, last in (*_SIGNS, (0x6EA, 0x6ED)) for n in range(first, last + 1))

# Typed on a Persian or Urdu keyboard, read as the Arabic letter or digit: the same character with another code point.
KEYBOARD: Mapping[str, str] = {
    **{"ک": "ك", "ی": "ي", "ې": "ي", "ے": "ي", "ہ": "ه", "ھ": "ه", "ە": "ه", "ۀ": "ه", "ۃ": "ة"},
    **{chr(0x6F0 + n): chr(0x660 + n) for n in range(10)},
}
# Letters for sounds Arabic has not, to the letters Arabic writes them with: only where the vocabulary lacks them.
FOREIGN: Mapping[str, str] = {"گ": "ك", "چ": "ج", "پ": "ب", "ژ": "ز", "ڤ": "ف"}

# Letter and combining madda or hamza to one letter. Unicode composes all but the last.
HAMZA: Mapping[str, str] = {
    **{"ا\u0653": "آ", "ا\u0654": "أ", "ا\u0655": "إ", "و\u0654": "ؤ", "ي\u0654": "ئ"},
    "ى\u0654": "ئ",
}


def presentation_forms() -> dict[str, str]:
    """Arabic presentation forms A and B (U+FB50 to U+FDFF, U+FE70 to U+FEFC) to the letters they show, by NFKC.

    Three need thought: the rial sign decomposes to a word with a Persian yeh, the basmala does not decompose at all,
    and a mark shown alone decomposes to a space or tatweel and the mark, of which only the mark is text.
    """
    table = {}
    for form in map(chr, [*range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFD)]):
        letters = unicodedata.normalize("NFKC", form)
        if letters != form:
            table[form] = letters.lstrip(" \u0640") if unicodedata.combining(letters[-1]) else letters
    return table | {"\ufdfc": "ريال", "\ufdfd": "بسم الله الرحمن الرحيم"}


# Without its semicolon a name counts only where it cannot be part of a URL's query (?a=1&copy=2), as in HTML attributes.
_ENTITY = re.compile(r"&(?:amp;)*(#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[A-Za-z][A-Za-z0-9]{1,31}+(?:;|(?![=\w;])))")


def _decode(match: re.Match[str]) -> str:
    name = match[1]
    if name[0] == "#":
        return html.unescape(f"&{name.rstrip(';')};")
    return html.entities.html5.get(name, match[0])


def unescape(text: str) -> str:
    """HTML entities to characters, those escaped twice as well."""
    return _ENTITY.sub(_decode, text)


def join_surrogates(text: str) -> str:
    """Surrogate pairs to the character they stand for; a lone surrogate to U+FFFD, as a decoder would have it."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# The UTF-8 bytes of the letters alef and lam, read as Windows-1256 and as Windows-1252: no Arabic text is without one.
_READ_AS_1256 = re.compile("(?:[طظ][\u00a0-\u00bf‚ƒ„…†‡ˆ‰‹Œ‘’“”•–—™›œ€،؛؟ںھہپچژڈگڑٹک]){3}")
_SIGNS_OF_1252 = re.compile("[\u0080-\u009fÂÃØÙÚÛâï]")


def find_mojibake(text: str) -> str:
    """What is broken about the encoding of ``text``: empty, or one of three short descriptions.

    Nothing is changed: guessing an encoding back is not lossless. ``ftfy`` judges the Latin cases; it does not know
    Windows-1256, the one most common for Arabic, so that is looked for here.
    """
    if ("ط§" in text or "ظ„" in text) and _READ_AS_1256.search(text):
        return "UTF-8 read as Windows-1256"
    if not text.isascii() and _SIGNS_OF_1252.search(text):
        import ftfy.badness

        if ftfy.badness.is_bad(text):
            return "UTF-8 read as Windows-1252"
    return "undecodable bytes (U+FFFD)" if "\ufffd" in text else ""
