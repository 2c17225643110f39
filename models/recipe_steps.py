"""The steps that recipes are made of, as data: character tables, patterns, and the few functions that neither can say.

Every step is written once here and used twice: in Python (:mod:`mujaz.models.recipe_engine`) and inside a tokenizer
(:mod:`mujaz.models.tokenizer_recipe`). Patterns are in the common subset of Python's and Oniguruma's syntax and take
linear time: a repeated group starts only where a run starts (``(?<!…)``) and never gives back (``++``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mujaz.models import repair

Effect = Literal["repair", "drop", "rewrite"]

LETTERS = "\u0621-\u063a\u0641-\u064a"  # Arabic letters in AraBERT's rules: no tatweel, no Persian letters


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # compared and hashed by identity
class Step:
    """One rule. Exactly one of ``table``, ``pattern`` and ``call`` says what it does.

    Attributes:
        name: What it is called in the accounting and in a recipe's options.
        effect: ``repair`` loses nothing, ``drop`` removes what the model does not know, ``rewrite`` is all else.
        table: String (one character, or a letter and its mark) to its replacement.
        pattern: Regular expression, replaced by ``into``.
        into: Literal replacement of ``pattern``.
        call: A function, for what a pattern cannot say.
        inside: For a ``call``, what stands in for it in a tokenizer: patterns and literals, the closest there are.
        touches: Character class; a text without any of these is left alone. Only there to be fast. Empty: always run.
        hint: A string or pattern that is quick to look for and stands in every text the step can change. As above.
        local: Whether a space between two letters bounds what it looks at, tags excepted; see
            :func:`mujaz.models.beginnings.beginning`.
    """

    name: str
    effect: Effect = "rewrite"
    table: Mapping[str, str] | None = None
    pattern: str = ""
    into: str = ""
    call: Callable[[str], str] | None = None
    inside: tuple[tuple[str, str], ...] = ()
    touches: str = ""
    hint: str | re.Pattern[str] = ""
    local: bool = True


def escape_class(characters: str) -> str:
    """The inside of a character class that matches exactly ``characters``."""
    return "".join(f"\\{c}" if c in r"\]^-[&~|" else c for c in characters)


def _table(name: str, table: Mapping[str, str], effect: Effect = "rewrite") -> Step:
    return Step(name=name, effect=effect, table=table)


# ---- repair: loses nothing, comes before every model's own rules -----------------------------------------------------
PRESENTATION = _table("presentation_forms", repair.presentation_forms(), "repair")
INVISIBLE = _table("invisible_marks", dict.fromkeys(repair.INVISIBLE, ""), "repair")
JOINER = Step(name="stray_joiners", effect="repair", pattern=repair.STRAY_JOINER, touches="\u200d")
HAMZA = Step(name="combining_hamza", effect="repair", table=repair.HAMZA, touches="[\u0653-\u0655]")
KEYBOARD = _table("keyboard_letters", repair.KEYBOARD, "repair")
FOREIGN = _table("foreign_letters", repair.FOREIGN, "repair")

_NAMED = {"nbsp": " ", "quot": '"', "lt": "<", "gt": ">", "laquo": "«", "raquo": "»", "hellip": "…", "amp": "&"}
_NAMED |= {"ndash": "–", "mdash": "—", "ldquo": "“", "rdquo": "”", "lsquo": "‘", "rsquo": "’", "apos": "'", "#39": "'"}
UNESCAPE = Step(
    name="html_entities",
    effect="repair",
    call=repair.unescape,
    inside=(("&(?:rlm|lrm|zwnj|zwj|shy);", ""), *((f"&(?:amp;)*{name};", into) for name, into in _NAMED.items())),
    touches="&",
)

# ---- the models' own rules -------------------------------------------------------------------------------------------
TASHKEEL = _table("tashkeel", dict.fromkeys(repair.TASHKEEL, ""))
TATWEEL = _table("tatweel", {"\u0640": ""})
DIGITS = _table("digits", {chr(start + n): str(n) for start in (0x660, 0x6F0) for n in range(10)})
_FOLDED = {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه"}
FOLD = _table("letter_variants", _FOLDED | dict.fromkeys("\u0653\u0654\u0655", ""))

_HOST = "-a-zA-Z0-9@:%._+~#="
# AraBERT's patterns, in its order (arabert 1.0.1, URL_REGEXES), less one that can never match; {2,256} became {2,}.
# Each with what to look for first.
Hinted = tuple[str, str | re.Pattern[str]]
_DOMAIN = rf"(?<![{_HOST}])(?:https?://.)?[{_HOST}]{{2,}}\.[a-z]{{2,6}}\b[-a-zA-Z0-9@:%_+.~#?&/=]*"
URLS: tuple[Hinted, ...] = (
    (_DOMAIN, re.compile(r"\.[a-z]{2}")),
    (r"https?://[-a-zA-Z0-9_./~?=%&]+", "http"),
    (r"www[-a-zA-Z0-9_?=%&/.~]+", "www"),
    (r"(?<![a-zA-Z])[a-zA-Z]+\.com", ".com"),
    (r"http\S*", "http"),
    (r"www\S*", "www"),
    (r"://", "://"),
)
URLS_V1: tuple[Hinted, ...] = ((r"http\S*", "http"), (r"www\S*", "www"), URLS[0])
# An address as people write it comes before URLs: AraBERT looks for URLs first and so never finds one. What is left of
# its \S+@\S+ afterwards is kept to Latin characters, so that a word glued to a mention (قال@user) is not lost with it.
_LOCAL = "a-zA-Z0-9_.+-"
_MAIL = rf"(?<![{_LOCAL}])[{_LOCAL}]++@[a-zA-Z0-9_-]++(?:\.[a-zA-Z0-9_-]++)+"
_MAIL_WITHOUT_DOT = rf"(?<![{_LOCAL}])[{_LOCAL}]++@[a-zA-Z0-9_-]++"


def placeholders(urls: tuple[Hinted, ...], url: str, email: str, mention: str) -> tuple[Step, ...]:
    """The steps that put ``url``, ``email`` and ``mention`` in the place of what they name. Empty: leave those alone."""
    steps = [Step(name="emails", pattern=_MAIL, into=email, touches="@")] if email else []
    steps += [Step(name="urls", pattern=pattern, into=url, touches="[a-zA-Z/]", hint=hint) for pattern, hint in urls]
    steps += [Step(name="emails", pattern=_MAIL_WITHOUT_DOT, into=email, touches="@")] if email else []
    return (*steps, Step(name="mentions", pattern=r"@\w+", into=mention, touches="@"))


# A tag begins with a letter, or after a few spaces with a tag's name: AraBERT's </?[^>]+> also takes the text between
# "5 < 6" and the next ">". <URL> and <USER> are placeholders of AraT5.
_TAG_NAMES = "a|b|i|u|p|br|hr|em|strong|span|div|font|img|h[1-6]|table|tr|td|th|ul|ol|li|iframe|script|style"
TAGS = Step(
    name="html_tags",
    pattern=rf"<(?:/?(?!URL>|USER>)[a-zA-Z]|\s{{0,3}}/?\s{{0,3}}(?:{_TAG_NAMES})\b)[^<>]*>|<!--[^<>]*-->",
    into=" ",
    touches="<",
)

TAG = re.compile(TAGS.pattern)
_BLOCK = re.compile(
    r"<\s{0,3}/?\s{0,3}(?:p|br|div|h[1-6]|[uod]l|li|d[td]|t[rdh]|table|blockquote|article|section|header|footer|fig(?:ure|caption))"
    r"\b[^<>]*>",
    re.IGNORECASE,
)
_CODE = re.compile(r"<(?:script|style)\b[^<>]*>", re.IGNORECASE)
_CODE_END = re.compile(r"</(?:script|style)\s*>", re.IGNORECASE)


def without_markup(text: str) -> str:
    """HTML to text: a line for each block, no scripts, other tags to spaces, entities to characters."""
    if "<" in text:
        text = TAG.sub(" ", _BLOCK.sub("\n", _without_code(text)))
    return repair.unescape(text) if "&" in text else text


def _without_code(text: str) -> str:
    """Without scripts and styles; one that is never closed stays."""
    kept, at = [], 0
    for begins in _CODE.finditer(text):
        if begins.start() < at:
            continue
        ends = _CODE_END.search(text, begins.end())
        if ends is None:
            break
        kept += [text[at : begins.start()], " "]
        at = ends.end()
    return "".join([*kept, text[at:]])


_RUN = re.compile(r"(\D)\1{2,}", re.DOTALL)


def shorten_runs(text: str) -> str:
    """Cut a run of more than two equal characters to two, digits excepted.

    Same as AraBERT's ``(\\D)\\1{2,}`` to ``\\1\\1``. A back reference costs more than all other steps together, so
    numpy looks first whether there is such a run, and of which characters.
    """
    units = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    if len(units) < 3:
        return text
    tripled = (units[2:] == units[1:-1]) & (units[1:-1] == units[:-2])
    if not tripled.any():
        return text
    characters = {chr(unit) for unit in units[2:][tripled].tolist()}
    if len(characters) > 4:
        return _RUN.sub(r"\1\1", text)
    for character in characters:
        while not character.isdecimal() and character * 3 in text:
            text = text.replace(character * 3, character * 2)
    return text


ELONGATION = Step(name="elongation", call=shorten_runs, inside=((r"(\D)\1\K\1+", ""),))

_BETWEEN = f"(?<=[0-9])(?=[{LETTERS}])|(?<=[{LETTERS}])(?=[0-9])"
_BORDER = re.compile(_BETWEEN)
_LATIN = re.compile(r"[a-zA-Z\[\]]")  # all that can stand at the other edge of such a word by now, except a space
# The other edges as far as a tokenizer can say them: it cannot look back over more than four digits, nor over letters.
_EDGES = (
    f"(?<=[a-zA-Z])(?=[0-9]+[{LETTERS}]|[{LETTERS}]+[0-9]++(?![{LETTERS}]))",
    *(f"(?<=[{LETTERS}][0-9]{{{count}}})(?=[a-zA-Z])" for count in range(1, 5)),
)
_DIGITS = re.compile("[0-9]++")
_LETTER = frozenset(map(chr, [*range(0x621, 0x63B), *range(0x641, 0x64B)]))
_DIGITS_LETTERS = re.compile(f"(?<![0-9])([0-9]++)([{LETTERS}]++)")
_LETTERS_DIGITS = re.compile(f"(?<![{LETTERS}])([{LETTERS}]++)([0-9]++)")


def _apart(match: re.Match[str]) -> str:
    return f" {match[1]} {match[2]} "


def _space_all_borders(text: str) -> str:
    if _LATIN.search(text) is None:
        return _BORDER.sub(" ", text)
    return _LETTERS_DIGITS.sub(_apart, _DIGITS_LETTERS.sub(_apart, text))


def space_borders(text: str) -> str:
    """Put spaces around digits and Arabic letters that touch (``2020م`` to ``2020 م``).

    AraBERT's two patterns, but only on the words around such a place: they look at every letter, and words with digits
    are few. Where they are many, on the whole text.
    """
    parts, done = [], 0
    for match in _DIGITS.finditer(text):
        start, end = match.span()
        if start >= done and (text[start - 1 : start] in _LETTER or text[end : end + 1] in _LETTER):
            left = text.rfind(" ", done, start) + 1 or done
            right = text.find(" ", end)
            right = len(text) if right < 0 else right
            parts += [text[done:left], _space_all_borders(text[left:right])]
            done = right
            if len(parts) > 200:
                return _space_all_borders(text)
    return "".join((*parts, text[done:])) if parts else text


BORDERS = Step(
    name="digit_borders",
    call=space_borders,
    inside=(("|".join((_BETWEEN, *_EDGES)), " "),),
    touches="[0-9]",
)


def squeeze(text: str) -> str:
    """One space between words, none at the ends."""
    return " ".join(text.split())


SPACES = Step(name="spaces", call=squeeze, inside=((r"\A\s+|\s+\z", ""), (r"\s{2,}|[^\S ]", " ")))
