"""Cut Arabic text into sentences, with offsets.

    >>> [s.text for s in split_sentences("بلغ السعر 3.14 دينار.وقال د. سامي: «لا تعليق. انتهى». فما العمل؟ لا أحد يعرف!")]
    ['بلغ السعر 3.14 دينار.', 'وقال د. سامي: «لا تعليق. انتهى».', 'فما العمل؟', 'لا أحد يعرف!']

What counts as the end of a sentence:

* a line end, always;
* ``.`` ``؟`` ``?`` ``!`` and runs of them, also where the space after them is missing, as in scraped news. A full
  stop does not count in decimals, dates, domains, initials, titles (``د.``), dotted names (``د.ب.أ``), and list numbers;
* the weak marks ``؛`` ``..`` ``...`` ``…``, unless the next word leans on what stands before it (``؛ لأن``,
  ``... إلخ``) or fewer than three words stand before the mark (``لا.. قال``).

A stop inside a pair of quotes or brackets does not count, because direct speech belongs to the sentence that introduces
it. A pair longer than `MAX_QUOTE` characters, or one that a line end interrupts, is cut inside like plain text, so a
forgotten closing mark never swallows the article. Quotes and brackets that close after a stop stay with their sentence.

Every regular expression here is free of nested repetition and all look-around is bounded: time is linear in the text.

A copy of this file goes into an exported classifier (`mujaz.models.exporting`): beside `arabic_words` it imports what Python
has, and no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mujaz.models.arabic_words import table

# 95 % of the quotations in the news we looked at are shorter than 260 characters, 99 % shorter than 450.
MAX_QUOTE = 400
_LOOK_BACK = 24  # characters: longer than any abbreviation or dotted name below
_WEAK_MIN_WORDS = 3

_TASHKEEL = dict.fromkeys((*range(0x0610, 0x061B), 0x0640, *range(0x064B, 0x0660), 0x0670))  # and tatweel
_LINE_END = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"  # as str.splitlines
_MARKED = re.compile(f"[{''.join(map(chr, _TASHKEEL))}]")
# One class in front, which re looks for much faster than for either of two.
_STOP = re.compile(rf"[{_LINE_END}.!?؟…؛;۔](?:(?<![{_LINE_END}])[ \u00a0]?[.!?؟…؛۔])*")
_INVISIBLE = "\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
_CLOSERS = re.compile(rf"(?:[»›”’'\"“)\]}}﴾{_INVISIBLE}]|\[\d{{1,3}}\])*")  # [3]: a footnote
_GAP = re.compile(rf"[^\S{_LINE_END}]*")
_SOLID = re.compile(r"\S")
_NEXT_WORD = re.compile(r"(?:[^\W\d_][\u0610-\u061a\u0640\u064b-\u065f\u0670]*){1,24}")
_NO_START = frozenset("،,:؛;/\\@%&=_+~^|)]»”.!?؟…")  # none of these begins a sentence
_IN_ADDRESS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_-@=&%#~+")

_PAIRS = {"«": "»", "(": ")", "[": "]", "{": "}", "﴿": "﴾"}
_OPENING_OF = {closing: opening for opening, closing in _PAIRS.items()}
_QUOTE_MARK = re.compile(rf"[{_LINE_END}«»()\[\]{{}}﴾﴿\"“”„‟]")
_EITHER_WAY = '"“”„‟'  # Arabic pages use them in either direction, so the spaces around them decide
# Nothing but a quotation mark and stops, up to the end of the line: ` . "` and `? " .` of texts with spaces around marks.
_ONLY_CLOSES = re.compile(rf"[{_EITHER_WAY}][ \u00a0.!?؟…]*+(?=[{_LINE_END}]|\Z)")
_ASKING = frozenset("!?؟")
_QUOTES = "«" + _EITHER_WAY


# Names of Latin letters as Arabic news spells them: the parts of "سي.آي.إيه", "إتش . تي . سي".
_LETTER_NAMES = table(
    "إيه ايه أيه إي اي أي آي بي بى سي سى دي دى إف اف أف جي جى إتش اتش أتش جيه كيه كي كيو إل ال أل إم ام أم إن ان أن أو او "
    "آر ار أر إس اس أس تي تى يو في فى دبليو إكس اكس واي زد زي كاي"
)
_ALSO_PLAIN_WORDS = table("إن ان أن أو او في فى أي اي")
_LATIN_ABBREVIATIONS = table("dr mr mrs ms prof st inc ltd co corp vs no vol pp ed eds fig al op jr sr gen dept")
_TITLES_WITH_WAW = frozenset({"ود", "وم", "وأ", "لد"})  # "ود. علي": and Dr Ali
_LATIN_SMALL = re.compile(r"[a-z][a-z0-9-]*+(?![A-Z])")  # not iPhone
_DOMAIN = re.compile(r"(?i:www|com|net|org|info|tv)(?![A-Za-z0-9])")
_DOMAINS_IN_ARABIC = frozenset({"كوم", "نت", "أورغ", "أورج", "كو"})
_ERA = re.compile(r"(?:\d[ \u00a0]?|([قب])[.][ \u00a0]?)[مه]$")  # 1445 هـ, 2023 م, 300 ق.م
# A unit or a currency in letters, whose dot may end no sentence: 5 كم. من, 12 د.ك. في
_UNIT = re.compile(
    r"(?:\d[ \u00a0]?(?:كم|كلم|سم|مم|كغ|كغم|كجم|كلغ|غم|غ|ص)"
    r"|(?:\d|ألف|آلاف|مليونا?|ملايين|مليارا?|مليارات)[ \u00a0]?[^\W\d_][.] ?[^\W\d_])$"
)
_BEHIND_UNITS = table("من مربع مربعا مربعة مكعب مكعبا شمال جنوب شرق غرب فقط تقريبا")
_NOT_WORD = re.compile(r"\W")
_DOTTED = re.compile(r"[.][ \u00a0]?\w+$")

# After a weak mark these words carry the sentence on; so do most words with the prefixes ف and ل.
_LEANING = table(
    "إذ إذا أن أنه أنها حيث حيثما مما بما بحيث كي حتى بل أي أو أم ولا وذلك وأن وأنه وأنها وهو وهي وهم والذي والتي الذي التي "
    "الذين بسبب بدعوى بهدف بغية بعد بعدما قبل خلال عند عندما رغم سوى إلا نظرا وفق وفقا بأن بأنه بأنها بأنهم كأن كأنه كأنها "
    "مثل سواء بمعنى ومنها منها وخاصة خاصة خصوصا لاسيما إلخ الخ ألخ وهكذا في إلى عن على بين الموافق "
    "مبينا مبينة مشيرا مشيرة مؤكدا مؤكدة موضحا موضحة لافتا لافتة مضيفا مضيفة معتبرا معتبرة داعيا داعية"
)
_NOT_LEANING = table(
    "لقد لم لن لا ليس ليست لعل لعله لكن لكنه لكنها لكنهم لماذا لذا لذلك لدى لديه لديها لدينا لست لو لولا "
    "فهل فما فماذا فلماذا فكيف فمتى فأين"
)
# After a quoted question, or after a letter that may be an initial, only these words and those in و open a sentence.
_OPENING = table("كما أما إن إنه إنها لكن لكنه لكنها لقد هذا هذه ثم بدوره بدورها يذكر يشار هل لماذا كيف")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and where it stands: ``source[start:end] == text``, offsets in code points."""

    text: str
    start: int
    end: int


def split_sentences(text: str) -> list[Sentence]:
    """Cut a text into sentences.

    The sentences stand in order, do not overlap, are never empty, begin and end with a character that is not white space,
    and together hold every character of the text that is not white space.

    Args:
        text: Any string; nothing needs to be cleaned before.

    Returns:
        The sentences, with offsets into ``text``; an empty list for a text without anything but white space.
    """
    sentences = []
    start = 0
    for end in _ends(text):
        piece = text[start:end]
        body = piece.strip()
        if body:
            first = start + len(piece) - len(piece.lstrip())
            sentences.append(Sentence(body, first, first + len(body)))
        start = end
    return sentences


def sentence_starts(text: str) -> list[int]:
    """Where the sentences of a text start, as :func:`split_sentences` cuts it: offsets in code points, ascending."""
    starts = []
    start = 0
    for end in _ends(text):
        found = _SOLID.search(text, start, end)
        if found:
            starts.append(found.start())
        start = end
    return starts


def _ends(text: str) -> Iterator[int]:
    """Yield the offset behind each sentence, the end of the text last."""
    pairs = _quoted(text)
    openers = {opening for opening, _ in pairs}
    at = 0  # the first pair that does not end before the stop
    start = 0
    for stop in _STOP.finditer(text):
        end = stop.end()
        if text[stop.start()] in _LINE_END:
            yield end
            start = end
            continue
        while at < len(pairs) and pairs[at][1] < stop.start():
            at += 1
        closes = None  # the mark that opened what ends at this stop
        if at < len(pairs) and pairs[at][0] < stop.start():
            if _GAP.sub("", text[end : min(end + 2, pairs[at][1])]):
                continue
            closes = text[pairs[at][0]]
            end = pairs[at][1] + 1
        end = _with_closers(text, end, openers)
        if _cuts(text, start, stop, end, closes):
            yield end
            start = end
    yield len(text)


def _quoted(text: str) -> list[tuple[int, int]]:
    """Return the outermost pairs of quotes and brackets, as offsets of both marks, in order and without overlap."""
    found: list[tuple[int, int]] = []
    open_at: dict[str, list[int]] = {opening: [] for opening in _PAIRS}
    straight: int | None = None
    for match in _QUOTE_MARK.finditer(text):
        mark, at = match.group(), match.start()
        if mark in _LINE_END:
            straight = None
            for waiting in open_at.values():
                waiting.clear()
        elif mark in open_at:
            open_at[mark].append(at)
        elif mark in _OPENING_OF:
            if open_at[_OPENING_OF[mark]]:
                found.append((open_at[_OPENING_OF[mark]].pop(), at))
        elif straight is None:
            straight = None if looks_closing(text, at) else at
        elif looks_opening(text, at):
            straight = at  # the one before was never closed
        else:
            found.append((straight, at))
            straight = None
    outermost: list[tuple[int, int]] = []
    for opening, closing in sorted(found):
        if closing - opening <= MAX_QUOTE and (not outermost or opening > outermost[-1][1]):
            outermost.append((opening, closing))
    return outermost


def looks_opening(text: str, at: int) -> bool:
    """Whether a mark that stands on either side of a quotation begins one here, by the spaces around it."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    return (not before or before.isspace() or before in "(:") and bool(after) and not after.isspace()


def looks_closing(text: str, at: int) -> bool:
    """Whether such a mark ends one."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    return bool(before) and not before.isspace() and (not after or after.isspace() or after in ".،؛؟!,:)»")


def _with_closers(text: str, end: int, openers: set[int]) -> int:
    """Return where the quotes, brackets and footnote numbers that close right behind a stop come to an end."""
    if text.startswith(" ", end):
        return end
    match = _CLOSERS.match(text, end)
    limit = match.end() if match else end
    for at in range(end, limit):
        if text[at] in _EITHER_WAY and (at in openers or text[at + 1 : at + 2].isalnum()):
            return at
    return limit


def _cuts(text: str, start: int, stop: re.Match[str], end: int, closes: str | None) -> bool:
    """Decide whether a sentence ends at a stop.

    Args:
        text: The text.
        start: Where the sentence began.
        stop: The mark or run of marks.
        end: The offset behind the stop and what closes with it.
        closes: The quote or bracket that this stop is the last thing in, if any.
    """
    gap = _GAP.match(text, end)
    after = gap.end() if gap else end
    if after == len(text) or text[after] in _LINE_END:
        return False  # that cuts by itself
    if text[after] in _NO_START or _ONLY_CLOSES.match(text, after):
        return False
    found = _NEXT_WORD.match(text, after)
    word = _bare(found.group()) if found else ""
    asks = not _ASKING.isdisjoint(stop.group())
    if closes is not None and (asks or closes not in _QUOTES):
        return _opens(word)  # «أين المفر؟» للكاتب, (انظر ص 3.) goes on; «من أنت؟» وأضاف does not
    if asks:
        return not _in_address(text, stop.start(), stop.end())
    if stop.group() in ".۔":
        return _full_stop_cuts(text, start, stop.start(), after, word)
    if stop.group() == ";" and (after == end or text[stop.start() - 1 : stop.start()].isascii()):
        return False
    before = text[max(start, stop.start() - 60) : stop.start()]
    lists = stop.group() in "؛;" and len(word) > 2 and word[0] == "و"  # "؛ والمياه": a longer comma
    return len(before.split()) >= _WEAK_MIN_WORDS and not lists and not _leans(word)


def _full_stop_cuts(text: str, start: int, stop: int, after: int, word: str) -> bool:
    """Tell a full stop from the dot of a number, a date, an address, an abbreviation or an initial."""
    tail = _bare(text[max(start, stop - _LOOK_BACK) : stop].strip())
    token = tail.rpartition(" ")[2]
    if not token.isalnum():
        token = _NOT_WORD.split(token)[-1]
    following = text[after]
    spaced, glued = text[stop - 1 : stop].isspace(), after == stop + 1
    if token.isdecimal() and len(token) <= 2 and tail == token and stop - start < _LOOK_BACK:
        return False  # the number of a list item
    if token.isdecimal() and len(token) <= 2 and tail[: -len(token)].rstrip().endswith(":") and not _opens(word):
        return False  # of the first one
    if token.isdecimal() and following.isdecimal():
        return not (spaced or glued)  # 3.14, "3 .14", "25 . 07 . 2017"
    if _in_address(text, stop, stop + 1) or (spaced and glued and following.isascii() and following.isalnum()):
        return False  # example.com, "www .example .com", ".NET"
    latin = token.isascii() and any(map(str.isalpha, token))  # a year before "google" ends its sentence
    domain = token.isascii() and _DOMAIN.match(text, after)
    if spaced and not glued and (domain or (latin and _LATIN_SMALL.match(text, after))):
        return False  # "www . example . com", as recipes write it
    if token in _TITLES_WITH_WAW or (glued and word in _DOMAINS_IN_ARABIC):
        return False
    era = _ERA.search(tail) if tail.endswith(("م", "ه")) else None
    if era:
        return _opens(word) if era.group(1) else not (word in _LEANING or following.isdecimal())
    if _UNIT.search(tail):
        return not (word in _LEANING or word in _BEHIND_UNITS)
    if len(token) == 1 and token.isalpha() and (len(tail) == 1 or tail[-2] in ' .(«"“'):
        return token.isascii() and _opens(word)  # an initial, or a title such as د.
    if token.isascii() and token.lower() in _LATIN_ABBREVIATIONS:
        return not following.isascii() and _opens(word)  # "Apple Inc. عن" goes on
    if token in _LETTER_NAMES:
        named = word in _LETTER_NAMES and (glued or word not in _ALSO_PLAIN_WORDS)
        return not named and (not _DOTTED.search(tail) or _opens(word))
    return True


def _bare(text: str) -> str:
    """Letters without tashkeel and tatweel: few have any, and looking is quicker than translating."""
    return text.translate(_TASHKEEL) if _MARKED.search(text) else text


def _in_address(text: str, stop: int, after: int) -> bool:
    """Say whether a mark stands inside something like an address: Latin letters, digits or ``/_-@`` on both sides."""
    return stop > 0 and after < len(text) and text[stop - 1] in _IN_ADDRESS and text[after] in _IN_ADDRESS


def _opens(word: str) -> bool:
    """Say whether a word is a usual beginning of a sentence."""
    return word in _OPENING or (len(word) > 2 and word.startswith("و") and word not in _LEANING)


def _leans(word: str) -> bool:
    """Say whether a word carries on what stands before it."""
    if word in _NOT_LEANING:
        return False
    return word in _LEANING or (len(word) > 2 and word[0] in "فل")
