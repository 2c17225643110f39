"""The steps that only AraBERT's recipes have, with the character sets of arabert 1.0.1 (``preprocess.py``)."""

from __future__ import annotations

import re
from functools import lru_cache

from mujaz.models.recipe_steps import LETTERS, Step, escape_class

# Every character arabert 1.0.1 keeps (REJECTED_CHARS_REGEX) that is not a letter, a digit, a bracket or a space. All of
# them are set apart by spaces. "/" is not kept: the vocabulary has none, a dash takes its place.
_KEPT = "!\"#$%'()*+,-.:;<=>?@\\^_`{|}~«·»،؛؟ـ٪٫٬–—‘’“”…\u06da\u0b4d" + "".join(
    map(chr, [*range(0x64B, 0x660), *range(0x671, 0x675)])
)

# Every character that stands in an emoji of the package emoji 1.4.2 (Unicode 13.1), as ranges: what the vocabularies of
# the twitter models were made with. Not here: "#", "*", digits (above), the joiner and the variation selector (dropped).
_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u20e3\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u23cf\u23e9-\u23f3"
    "\u23f8-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2604\u260e\u2611\u2614\u2615\u2618\u261d\u2620"
    "\u2622\u2623\u2626\u262a\u262e\u262f\u2638-\u263a\u2640\u2642\u2648-\u2653\u265f\u2660\u2663\u2665\u2666\u2668"
    "\u267b\u267e\u267f\u2692-\u2697\u2699\u269b\u269c\u26a0\u26a1\u26a7\u26aa\u26ab\u26b0\u26b1\u26bd\u26be\u26c4"
    "\u26c5\u26c8\u26ce\u26cf\u26d1\u26d3\u26d4\u26e9\u26ea\u26f0-\u26f5\u26f7-\u26fa\u26fd\u2702\u2705\u2708-\u270d"
    "\u270f\u2712\u2714\u2716\u271d\u2721\u2728\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757\u2763\u2764"
    "\u2795-\u2797\u27a1\u27b0\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f004\U0001f0cf\U0001f170\U0001f171\U0001f17e\U0001f17f\U0001f18e\U0001f191-\U0001f19a\U0001f1e6-\U0001f1ff"
    "\U0001f201\U0001f202\U0001f21a\U0001f22f\U0001f232-\U0001f23a\U0001f250\U0001f251\U0001f300-\U0001f321"
    "\U0001f324-\U0001f393\U0001f396\U0001f397\U0001f399-\U0001f39b\U0001f39e-\U0001f3f0\U0001f3f3-\U0001f3f5"
    "\U0001f3f7-\U0001f4fd\U0001f4ff-\U0001f53d\U0001f549-\U0001f54e\U0001f550-\U0001f567\U0001f56f\U0001f570"
    "\U0001f573-\U0001f57a\U0001f587\U0001f58a-\U0001f58d\U0001f590\U0001f595\U0001f596\U0001f5a4\U0001f5a5\U0001f5a8"
    "\U0001f5b1\U0001f5b2\U0001f5bc\U0001f5c2-\U0001f5c4\U0001f5d1-\U0001f5d3\U0001f5dc-\U0001f5de\U0001f5e1\U0001f5e3"
    "\U0001f5e8\U0001f5ef\U0001f5f3\U0001f5fa-\U0001f64f\U0001f680-\U0001f6c5\U0001f6cb-\U0001f6d2\U0001f6d5-\U0001f6d7"
    "\U0001f6e0-\U0001f6e5\U0001f6e9\U0001f6eb\U0001f6ec\U0001f6f0\U0001f6f3-\U0001f6fc\U0001f7e0-\U0001f7eb"
    "\U0001f90c-\U0001f93a\U0001f93c-\U0001f945\U0001f947-\U0001f978\U0001f97a-\U0001f9cb\U0001f9cd-\U0001f9ff"
    "\U0001fa70-\U0001fa74\U0001fa78-\U0001fa7a\U0001fa80-\U0001fa86\U0001fa90-\U0001faa8\U0001fab0-\U0001fab6"
    "\U0001fac0-\U0001fac2\U0001fad0-\U0001fad6"
    "\U000e0062\U000e0063\U000e0065\U000e0067\U000e006c\U000e006e\U000e0073\U000e0074\U000e0077\U000e007f"
)


def _expand(ranges: str) -> list[str]:
    """The characters of a class body like ``a-cx``."""
    return [chr(n) for a, b in re.findall(r"(?s)(.)(?:-(.))?", ranges) for n in range(ord(a), ord(b or a) + 1)]


# All of them, also those inside emoji: AraBERT sets every part of an emoji apart, and BERT's normalizer deletes joiners.
JOINERS = Step(name="stray_joiners", effect="repair", table={"\u200d": ""})
SPACED = Step(name="punctuation", table={c: f" {c} " for c in _KEPT} | {"/": " - "})
SPACED_EMOJI = Step(name="emoji", table={c: f" {c} " for c in _expand(_EMOJI)})


def rejected(also_kept: str = "") -> Step:
    """The step that puts a space in the place of every character AraBERT's vocabulary has not."""
    pattern = rf"[^0-9{LETTERS}\u0660-\u0669a-zA-Z/\[\]\s{escape_class(_KEPT)}{also_kept}]"
    return Step(name="not_in_vocabulary", effect="drop", pattern=pattern, into=" ", touches=pattern)


REJECTED = rejected()
REJECTED_BUT_EMOJI = rejected(_EMOJI)

# ---- version 0.1 and 1 (_preprocess_v1) ------------------------------------------------------------------------------
DATES = Step(name="wiki_dates", effect="drop", pattern=r"(?<![0-9])[0-9]++/[ء-ي]++/[0-9]++\]", touches="[]]", hint="]")
QUOTES = Step(name="quotes", table={"«": ' " ', "»": ' " '})
# The reference replaces "…" by a backslash and a dot (re.sub with "\." as replacement), and was trained so.
ELLIPSIS = Step(name="ellipsis", table={"…": "\\."})

_MARKS = r"!\"#$%'()*+,.:;\-<=·>?@\[\\\]^_ـ`{|}~—٪’،؟`୍“؛”ۚ【»«–…‘"
_RUN = re.compile(rf"[\s{_MARKS}]{{2,}}")


def unique_punctuation(text: str) -> str:
    """A run of punctuation and spaces to each of its characters once, in order of appearance, spaces around it.

    Unlike the reference, spaces inside the run stay where they are, so that a second time changes nothing; after the
    next steps this shows only in the spaces between square brackets, which give the same pieces.
    """
    return " ".join(_RUN.sub(lambda match: _once_each(match[0]), text).split())


@lru_cache(maxsize=4096)  # the runs of real text are few: ", " and '". ' above all
def _once_each(run: str) -> str:
    seen: set[str] = set()
    kept = [" "]
    for character in run:
        if character.isspace() or character not in seen:
            kept.append(character)
            seen.add(character)
    return "".join((*kept, " "))


# In a tokenizer: equal neighbours first, then twice a character that stands earlier in the run.
_AGAIN = (rf"([{_MARKS}])[\s{_MARKS}]+?\K\1", "")
UNIQUE = Step(
    name="repeated_punctuation",
    call=unique_punctuation,
    inside=((r"\s+", " "), (rf"([{_MARKS}])\K\1+", ""), _AGAIN, _AGAIN),
)
# The step before puts spaces into some placeholders and around some brackets; this makes all of them alike.
_WORDS = ("رابط", "بريد", "مستخدم")
BRACKETS = (
    *(Step(name="placeholders", pattern=rf"\[ ?{word} ?\]", into=f" [{word}] ", hint="[") for word in _WORDS),
    Step(name="brackets", pattern=rf"\[(?!(?:{'|'.join(_WORDS)})\])", into=" [ ", hint="["),
    Step(name="brackets", pattern="".join(rf"(?<!\[{word})" for word in _WORDS) + r"\]", into=" ] ", hint="]"),
)
# Version 1 spaces everything that is not a Latin or Arabic letter, a harakah, a digit or a bracket, and drops nothing.
_APART = r"[^0-9\u0621-\u063A\u0641-\u0669\u0671-\u0673a-zA-Z\[\]\s]"


def space_apart(text: str) -> str:
    """Put spaces around every character that version 1 sets apart."""
    return _APART_PATTERN.sub(lambda match: f" {match[0]} ", text)  # a template is expanded more slowly


_APART_PATTERN = re.compile(_APART)
APART = Step(
    name="punctuation", call=space_apart, inside=((f"(?<={_APART})(?=\\S)|(?<=\\S)(?={_APART})", " "),), touches=_APART
)
