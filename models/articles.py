"""Read a news article as it comes from a page: title, dateline, byline, body, and what the page left around them.

Nothing here is learnt: the tables (`mujaz.models.datelines`, `mujaz.models.article_patterns`) are what stands around
articles in Arabic news collections. Precision goes before recall, for a line that stays costs a few tokens and a line that
goes wrongly costs a fact. So a phrase is a leftover only

* where a **whole line** is nothing else (``طباعة``, a share bar, ``اقرأ أيضا: ...``, ``جميع الحقوق محفوظة ...``), or
* where it stands in the **last sentences** of the text, for pages that were flattened into one line;

and a dateline or byline only at the very beginning, with a place or a source of the tables in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from mujaz.models.arabic_words import TATWEEL, words
from mujaz.models.article_patterns import (
    AROUND,
    LEFTOVER_LINE,
    SHARE_ALONE,
    SHARE_SIGNS,
    SHARE_WORDS,
    TAIL_BEGINS,
    TAIL_HEADING,
    TEXT_ENDS,
)
from mujaz.models.datelines import (
    BEFORE_A_NAME,
    BEFORE_A_VERB,
    DASHES,
    HEAD_LINES,
    HEAD_PREFIXES,
    NAME,
    NO_GIVEN_NAME,
    PLACE_ALONE,
    PLACE_AND_NAME,
    SCORE_BEHIND,
)
from mujaz.models.news_verbs import NO_NAMES, OPENERS, SPEAKING, THAT, WRITE_TO
from mujaz.models.recipe_steps import without_markup
from mujaz.models.sentences import split_sentences
from mujaz.models.wrapping import unwrapped

_MAX_LINE = 220  # characters: no leftover, dateline or byline is longer, so a longer line is not even compared
_MAX_TITLE = 160
_MIN_BODY = 20  # characters behind a dateline; less is no article, so nothing is taken off
_HEAD_LINES_READ = 6
_LONGEST_NAME = 4  # words
_TAIL_READ = 1500  # characters at the end of a text in which a flattened page tail is looked for
_TAIL_STEPS = 12
_HEADINGS = ("related", "read also", "tags")
_STOPS = ".؟!"
_MAX_LISTED = 120  # characters of a headline in a list
_MOST_LISTED = 15
_DRAWN_APART = re.compile(r"(?<=[ء-ي])ـ+(?=[ء-ي])")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an article that is not its body.

    Attributes:
        kind: ``title``, ``dateline``, ``byline``, or the name of the kind of leftover: ``share bar``, ``rights``, ...
        text: What it says, without the marks that set it off.
        start: Offset of what is set apart, in code points.
        end: Offset behind it.
    """

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Article:
    """A news article, taken apart.

    Attributes:
        title: The first line, where it looks like a headline.
        dateline: Place, date or source in front of the body (``دبي - «الخليج»``).
        byline: Who wrote it (``كتب: سالم حسن``).
        body: The text that remains, its lines in order.
        leftovers: What the page left around the article, in order.
    """

    title: str | None
    dateline: str | None
    byline: str | None
    body: str
    leftovers: tuple[str, ...]


def read_article(text: str) -> Article:
    """Take an article apart.

    A dateline or byline is only taken from an article of which something remains, so ``body`` is empty only where the text
    is empty, or all of it is leftovers.

    Args:
        text: The article as it came from the page, its lines separated by line ends, or all in one line. HTML is made text
            of first, a line for each block, and of lines broken at a width paragraphs.

    Returns:
        The parts; nothing of the text is lost but the marks and white space between the parts.
    """
    text = unwrapped(without_markup(text))
    parts = find_parts(text)
    head: dict[str, str] = {}
    for part in parts:
        head.setdefault(part.kind, part.text)
    return Article(
        title=head.get("title"),
        dateline=head.get("dateline"),
        byline=head.get("byline"),
        body=_without(text, parts),
        leftovers=tuple(part.text for part in parts if part.kind not in ("title", "dateline", "byline")),
    )


def clean_article(text: str) -> str:
    """Return an article without its dateline, byline and leftovers; the title, if there is one, stays as the first line.

    The result is empty only where the text is empty or every line of it is a leftover. A text in which nothing is recognised
    comes back as it was, but for white space at its ends, HTML, of which text is made first, and lines that were broken at a
    width (`mujaz.models.wrapping`), of which paragraphs are made.
    """
    text = unwrapped(without_markup(text))
    return _without(text, [part for part in find_parts(text) if part.kind != "title"])


def find_parts(text: str) -> list[Part]:
    """Find all that is not body, in order and without overlap, with offsets into the text."""
    lines = list(_lines(text))
    leftovers = [part for start, end in lines if (part := _leftover_line(text, start, end))]
    leftovers += _listed(text, lines, leftovers)
    taken = {part.start for part in leftovers}
    lines = [line for line in lines if line[0] not in taken]
    tail = list(_tail(text, lines))
    if tail:
        cut = tail[-1].start
        lines = [(start, min(end, cut)) for start, end in lines if text[start : min(end, cut)].strip()]
    return sorted([*_head(text, lines), *leftovers, *tail], key=lambda part: part.start)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Yield the offsets of the lines that hold something."""
    start = 0
    for line in text.splitlines(keepends=True):
        if line.strip():
            yield start, start + len(line.rstrip())
        start += len(line)


def _leftover_line(text: str, start: int, end: int) -> Part | None:
    if end - start > _MAX_LINE:
        return None
    line = AROUND.sub("", text[start:end])
    words = re.findall(r"[^\W\d_]+", line.lower())
    shares = not SHARE_SIGNS.isdisjoint(words) and SHARE_WORDS.issuperset(words)
    if shares and (len(words) > 1 or words[0] in SHARE_ALONE):
        return Part("share bar", line, start, end)
    match = LEFTOVER_LINE.fullmatch(line)
    return Part(str(match.lastgroup).replace("_", " "), line, start, end) if match else None


def _listed(text: str, lines: Sequence[tuple[int, int]], leftovers: Sequence[Part]) -> Iterator[Part]:
    """Yield the headlines or keywords under a heading behind an article, where nothing but such lines follows it."""
    heading = next((part for part in leftovers if part.kind in _HEADINGS and ":" not in part.text), None)
    if heading is None:
        return
    taken = {part.start for part in leftovers}
    before = [text[start:end] for start, end in lines if end <= heading.start and start not in taken]
    behind = [(start, end) for start, end in lines if start > heading.start and start not in taken]
    is_list = all(end - start <= _MAX_LISTED and text[end - 1] not in _STOPS + "؛،" for start, end in behind)
    if is_list and len(behind) <= _MOST_LISTED and any(len(line) > _MAX_LISTED for line in before):
        yield from (Part(heading.kind, text[start:end].strip(), start, end) for start, end in behind)


def _tail(text: str, lines: list[tuple[int, int]]) -> Iterator[Part]:
    """Yield what a flattened page left behind the article, from the end of the text backward."""
    if not lines:
        return
    start, end = lines[-1]
    first = lines[0][0]
    for _ in range(_TAIL_STEPS):
        floor = max(start, end - _TAIL_READ)
        sentences = split_sentences(text[floor:end])
        if not sentences:
            return
        last = floor + sentences[-1].start
        begins = _tail_begins(text, last, end) if end - last <= 2 * _MAX_LINE else None
        found = begins or TEXT_ENDS.search(text, max(last, end - _MAX_LINE), end)
        if (
            not found
            or found.start() == first
            or _leads_to(text[max(0, found.start() - _MAX_LINE) : found.start()], tail=bool(begins))
        ):
            return
        cut = found.start()
        yield Part("page tail" if begins else "text end", text[cut:end].strip(), cut, end)
        end = cut


def _leads_to(before: str, *, tail: bool) -> bool:
    """Whether what stands before a tail needs it: "write to info@example.org", "she said that all rights are reserved"."""
    last = (words(before) or [""])[-1]
    return not before.rstrip().endswith((":", *_STOPS)) and last in (THAT if tail else WRITE_TO)


def _tail_begins(text: str, start: int, end: int) -> re.Match[str] | None:
    heading = TAIL_HEADING.match(text, start, end)
    if heading:
        return heading
    found = TAIL_BEGINS.search(text, start, end)
    if not found:
        return None
    # "وأكد أن جميع الحقوق محفوظة للورثة." is a sentence: a page tail has a year in it, or no full stop.
    said = text[found.start() : end].rstrip()
    return found if said[-1] not in ".؟!" or re.search(r"\d{4}", said) else None


def _head(text: str, lines: list[tuple[int, int]]) -> Iterator[Part]:
    """Yield title, dateline and byline, as far as they stand in front of a body."""
    seen: set[str] = set()
    for at, (start, end) in enumerate(lines[:_HEAD_LINES_READ]):
        rest = lines[at + 1 :]
        parts = _whole_line(text, start, end) if rest else []
        if not parts and rest and "title" not in seen and _looks_like_title(text, (start, end), rest):
            parts = [Part("title", text[start:end].strip(), start, end)]
        if not parts:
            yield from (part for part in _prefix(text, start, end) if part.kind not in seen)
            return
        if seen & {part.kind for part in parts}:
            return
        seen |= {part.kind for part in parts}
        yield from parts


def _whole_line(text: str, start: int, end: int) -> list[Part]:
    if end - start > _MAX_LINE:
        return []
    line, places = _without_tatweel(text, start, end)
    for pattern in HEAD_LINES:
        match = pattern.fullmatch(line)
        if match:
            return _named(match, places, start, end)
    match = PLACE_AND_NAME.fullmatch(line)
    if match and not match["byline"].startswith("ال") and _are_names(match["byline"].split()):
        return _named(match, places, start, end)
    return []


def _prefix(text: str, start: int, end: int) -> list[Part]:
    line, places = _without_tatweel(text, start, min(end, start + _MAX_LINE))
    for pattern in (*BEFORE_A_VERB, *HEAD_PREFIXES):
        match = pattern.match(line)
        behind = places[match.end()] if match and match.end() < len(line) else end
        if match and end - behind >= _MIN_BODY:
            if pattern in BEFORE_A_VERB and _first_word(text[behind:end]) not in OPENERS:
                continue
            parts = _named(match, places, start, behind)
            if pattern is PLACE_ALONE and _is_subject(text[behind:end]):
                return []
            if "byline" not in match.groupdict():
                return [*parts, *_byline_behind(text, behind, end)]
            return [] if _speaks(text[behind:end]) else parts
    match = BEFORE_A_NAME.match(line)
    return _before_a_name(match, text, places, end) if match else []


def _before_a_name(match: re.Match[str], text: str, places: Sequence[int], end: int) -> list[Part]:
    """A place and a name with nothing between them (دبي منى سعيد: أعلنت), or one who wrote it and no mark behind: no head
    unless a verb that opens a sentence follows."""
    start, behind = places[0], places[match.end()]
    names = _byline_behind(text, behind, end)
    if not names or _first_word(text[names[0].end : end]) not in OPENERS:
        return []
    byline = names[0]
    if match["byline"]:
        said = text[start : byline.start + len(byline.text)]
        return [Part("byline", said, start, byline.end)]
    if NO_GIVEN_NAME.fullmatch(byline.text.split()[0]):
        return []
    colon = text[byline.start + len(byline.text) : byline.end].strip().startswith(":")
    return [Part("dateline", match["dateline"], start, behind), byline] if colon else []


def _first_word(text: str) -> str:
    return (words(text[:_MAX_TITLE]) or [""])[0]


def _speaks(text: str) -> bool:
    """Whether somebody speaks here, who is named before: then it is no byline that stands there."""
    return _first_word(text) in SPEAKING or text.lstrip(' «"“').startswith("سأ")


def _is_subject(behind: str) -> bool:
    """Whether the place in front belongs to the text: it stands for who speaks, or plays against another one."""
    return _speaks(behind) or behind.startswith(("سن", "على ")) or bool(SCORE_BEHIND.match(behind))


def _without_tatweel(text: str, start: int, end: int) -> tuple[str, Sequence[int]]:
    """A line without white space at its ends and letters drawn apart, and where its characters stand in the text."""
    line = text[start:end]
    start += len(line) - len(line.lstrip())
    line = line.strip()
    if TATWEEL not in line:
        return line, range(start, start + len(line))
    drawn = {place for match in _DRAWN_APART.finditer(line) for place in range(*match.span())}
    places = [start + place for place in range(len(line)) if place not in drawn]
    return "".join(text[place] for place in places), places


def _byline_behind(text: str, start: int, end: int) -> list[Part]:
    """A name behind a dateline in one line with the text, told by the verb, colon or dash behind it: دبي: منى سعيد أعلنت"""
    names = list(islice(re.finditer(r"[^\s:]+(?:\s?:)?", text[start : min(end, start + _MAX_LINE)]), _LONGEST_NAME + 1))
    own = [words(name.group()) or [""] for name in names]
    if not own or own[0][0].startswith("ال"):
        return []
    for number in range(2, len(names)):
        before, last = names[:number], names[number - 1].group()
        if not _are_names([name.group().rstrip(": ") for name in before]):
            return []
        if not all(NAME.fullmatch(name.group().rstrip(": ")) for name in before):
            return []
        verb = not OPENERS.isdisjoint(own[number])
        dash = names[number].group() in DASHES
        if last.endswith(":") and _speaks(text[start + names[number].start() : end]):
            return []
        if (verb or dash or last.endswith(":")) and end - start - names[number].start() >= _MIN_BODY:
            said = text[start : start + names[number - 1].end()]
            behind = names[number].end() + 1 if dash else names[number].start()
            return [Part("byline", said.rstrip(": "), start, start + behind)]
    return []


def _are_names(said: Sequence[str]) -> bool:
    """Whether words can be those of somebody's name. Ali is one; "on" is often written like it, but does not end a name."""
    ali = {place for place, word in enumerate(said) if word == "علي" or (word == "على" and place + 1 == len(said))}
    return NO_NAMES.isdisjoint(own for place, word in enumerate(said) if place not in ali for own in words(word))


def _named(match: re.Match[str], places: Sequence[int], start: int, end: int) -> list[Part]:
    """Make a part of each named group; together they cover everything from ``start`` to ``end``.

    Args:
        match: In a line.
        places: Where the characters of the line stand in the text.
        start: Where the first part starts.
        end: Where the last ends.
    """
    found = sorted((match.start(kind), kind, said) for kind, said in match.groupdict().items() if said)
    starts = [start, *(places[at] for at, _, _ in found[1:]), end]
    return [Part(kind, said.strip(), starts[i], starts[i + 1]) for i, (_, kind, said) in enumerate(found)]


def _looks_like_title(text: str, line: tuple[int, int], rest: list[tuple[int, int]]) -> bool:
    """A headline is short, has no full stop, and stands before something clearly longer that has one."""
    said = text[slice(*line)].strip()
    if len(said) > _MAX_TITLE or len(said.split()) < 4 or said[-1] in ".،,؛;:…-":
        return False
    longest = max(end - start for start, end in rest[:4])
    return longest > 1.5 * len(said) and any(text[end - 1] in '.؟!»"”' for _, end in rest)


def _without(text: str, parts: list[Part]) -> str:
    kept: list[str] = []
    at = 0
    for part in parts:
        kept.append(text[at : part.start])
        at = part.end
        if part.start == 0 or text[part.start - 1] in "\n\r":
            while at < len(text) and text[at].isspace():
                at += 1  # the rest of an emptied line, and the blank lines behind it
    return "".join([*kept, text[at:]]).strip()
