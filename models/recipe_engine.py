"""Runs the steps of a recipe: fast when nobody counts, and with an account of what changed when somebody does.

Three things make it fast. Most steps can only change a text that has certain characters, so one numpy look-up says
which steps a text needs at all. Tables that follow one another become one table. And a table is applied by
``str.replace`` for each of its characters that the text has: a handful, where ``str.translate`` would visit them all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mujaz.models import repair
from mujaz.models.arabic_words import is_foreign
from mujaz.models.recipe_steps import Effect, Step, escape_class

_BEGINNING = 500  # characters, from which it is told what a text is written in
_BMP = "".join(map(chr, range(0x10000)))
_ROUNDS = 8
# What a first pass may leave behind for a second one: entities in entities, a URL that elongation made of htttp, …
_SIGNS = ("&", "@", "<", "http", "www", "://")
_DOMAIN = re.compile(r"\.[a-z]{2}")
_LEFTOVER = re.compile(r"&(?=[#a-zA-Z])")


@dataclass(frozen=True, slots=True)
class Changes:
    """What a recipe did to one text.

    Attributes:
        repaired: Characters set right without loss.
        dropped: Characters removed because the model does not know them.
        rewritten: Places where the model's own rules changed the text.
        became_empty: There was text, and nothing is left of it.
        mojibake: What is broken about the encoding (see :func:`mujaz.models.repair.find_mojibake`); empty: nothing.
        foreign: Most letters at its beginning are not Arabic: what a model of Arabic says of it means little.
        steps: The counts by name of the step.
    """

    repaired: int = 0
    dropped: int = 0
    rewritten: int = 0
    became_empty: bool = False
    mojibake: str = ""
    foreign: bool = False
    steps: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared text and what was done to it."""

    text: str
    changes: Changes


@dataclass(slots=True)
class Tally:
    """The changes of a whole run, added up."""

    texts: int = 0
    repaired: int = 0
    dropped: int = 0
    rewritten: int = 0
    became_empty: int = 0
    mojibake: int = 0
    foreign: int = 0
    steps: Counter[str] = field(default_factory=Counter)

    def add(self, changes: Changes) -> None:
        """Count one more text."""
        self.texts += 1
        self.repaired += changes.repaired
        self.dropped += changes.dropped
        self.rewritten += changes.rewritten
        self.became_empty += changes.became_empty
        self.mojibake += bool(changes.mojibake)
        self.foreign += changes.foreign
        self.steps.update(changes.steps)

    def line(self) -> str:
        """What was changed, leaving out what did not occur."""
        parts = {
            "characters repaired": self.repaired,
            "characters dropped": self.dropped,
            "places rewritten": self.rewritten,
            "texts became empty": self.became_empty,
            "look wrongly decoded": self.mojibake,
            "mostly not in Arabic letters": self.foreign,
        }
        return ", ".join(f"{count:,} {what}" for what, count in parts.items() if count) or "nothing to change"

    def __str__(self) -> str:
        """One line for the end of a run."""
        return (
            f"{self.texts:,} texts: {self.repaired:,} characters repaired, {self.dropped:,} dropped, "
            f"{self.rewritten:,} places rewritten, {self.became_empty:,} texts became empty, "
            f"{self.mojibake:,} look wrongly decoded, {self.foreign:,} are mostly not in Arabic letters"
        )


class _Table:
    """Tables that follow one another, as one."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.owner: dict[str, Step] = {}
        self.table: dict[str, str] = {}
        for step in steps:
            new = step.table or {}
            for key, value in self.table.items():
                self.table[key] = "".join(new.get(c, c) for c in value)
            for key in new.keys() - self.table.keys():
                self.table[key], self.owner[key] = new[key], step
        # A key in the replacement of another one (the dash that a slash becomes) must be replaced before that one.
        self.late = {key for key, value in self.table.items() if any(c in self.table and c != key for c in value)}
        self.ordinals = {ord(key): value for key, value in self.table.items()}
        self.touches = f"[{escape_class(''.join(self.table))}]"
        self.outputs = {key: value.replace(key, "") for key, value in self.table.items()}

    def __call__(self, text: str, present: set[str], counts: Counter[Step] | None) -> str:
        found = present & self.table.keys()
        if counts is not None:
            for key in found:
                counts[self.owner[key]] += text.count(key)
        if len(found) > 40:
            return text.translate(self.ordinals)
        for key in sorted(found, key=self.late.__contains__):
            text = text.replace(key, self.table[key])
        return text


class _Rule:
    """A pattern, a function, or a table of more than one character a key."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.touches = step.touches
        self.pattern = re.compile(step.pattern)
        self.outputs = {"": step.into + "".join((step.table or {}).values())}
        self.decodes = step.call is not None and step.effect == "repair"  # may bring in any character

    def __call__(self, text: str, present: set[str], counts: Counter[Step] | None) -> str:
        step = self.step
        if step.call is not None:
            new = step.call(text)
            if counts is not None and new != text:
                counts[step] += max(1, abs(len(text) - len(new)))
            return new
        if step.table is not None:
            for key, value in step.table.items():
                if counts is not None:
                    counts[step] += text.count(key)
                text = text.replace(key, value)
            return text
        if step.hint in text if isinstance(step.hint, str) else step.hint.search(text):
            return self._replace(text, counts)
        return text

    def _replace(self, text: str, counts: Counter[Step] | None) -> str:
        step = self.step
        if step.pattern == step.touches:
            return self._each(text, counts)
        text, count = self.pattern.subn(step.into, text)
        if counts is not None:
            counts[step] += count
        return text

    def _each(self, text: str, counts: Counter[Step] | None) -> str:
        """A pattern that is one character class: asking once for each different character is quicker than for all."""
        found = [character for character in set(text) if self.pattern.match(character)]
        if len(found) > 40 or counts is not None:
            text, count = self.pattern.subn(self.step.into, text)
            if counts is not None:
                counts[self.step] += count
            return text
        for character in found:
            text = text.replace(character, self.step.into)
        return text


def merge(steps: Sequence[Step]) -> list[list[Step]]:
    """Group steps: single-character tables that follow one another stand together, every other step alone."""
    groups: list[list[Step]] = []
    for step in steps:
        simple = step.table is not None and not step.touches
        if simple and groups and groups[-1][0].table is not None and not groups[-1][0].touches:
            groups[-1].append(step)
        else:
            groups.append([step])
    return groups


class Program:
    """The steps of one recipe, ready to run."""

    def __init__(self, steps: Sequence[Step]) -> None:
        """Build the look-up that says which steps a text needs: one bit a step for each of the 65,536 UTF-16 units."""
        self._flags = np.zeros(0x10000, dtype=np.uint32)
        self._rules: list[tuple[_Table | _Rule, int]] = []
        self._tables = 0
        for group in merge(steps):
            simple = group[0].table is not None and not group[0].touches
            rule = _Table(group) if simple else _Rule(group[0])
            bit = 1 << len(self._rules) if rule.touches else 0
            self._tables |= bit if simple else 0
            self._rules.append((rule, bit))
            if bit:
                self._mark(rule.touches, bit)
        # What else a text may need after each rule, by what the rule replaced: so the text is looked at only once.
        brings = [{key: self._scan(value) for key, value in rule.outputs.items()} for rule, _ in self._rules]
        self._brings = [{key: more for key, more in each.items() if more[0]} for each in brings]

    def _mark(self, touches: str, bit: int) -> None:
        self._flags[_units(touches)] |= bit
        if touches.startswith("[^") or any(c > "\uffff" for c in touches):
            self._flags[0xD800:0xE000] |= bit

    def _scan(self, text: str) -> tuple[int, set[str]]:
        """The bits of all steps that ``text`` may need, and the characters that tables may change."""
        units = np.frombuffer(text.encode("utf-16-le"), dtype=np.uint16)
        hits = self._flags[units]
        bits = int(np.bitwise_or.reduce(hits)) if len(hits) else 0
        if not bits & self._tables:
            return bits, set()
        marked = set(units[(hits & self._tables) != 0].tolist())
        if max(marked) >= 0xD800 and any(unit < 0xE000 for unit in marked if unit >= 0xD800):
            return bits, set(text)
        return bits, set(map(chr, marked))

    def _once(self, text: str, counts: Counter[Step] | None) -> str:
        bits, present = self._scan(text)
        for (rule, bit), brings in zip(self._rules, self._brings, strict=True):
            if bit and not bits & bit:
                continue
            new = rule(text, present, counts)
            if new == text:
                continue
            text = new
            if isinstance(rule, _Rule) and rule.decodes:
                bits, present = self._scan(text)
            for key in brings.keys() & present if isinstance(rule, _Table) else brings:
                bits |= brings[key][0]
                present = present | brings[key][1]
        return text

    def run(self, text: str, counts: Counter[Step] | None = None) -> str:
        """Apply all steps until nothing changes any more: almost always once.

        Lone surrogates, which no tokenizer takes, are set right first. What an attacker escaped more than eight times
        over loses its ampersands, so that the result is final.
        """
        try:
            first = self._once(text, counts)
        except UnicodeEncodeError:
            text = repair.join_surrogates(text)
            first = self._once(text, counts)
        for _ in range(_ROUNDS):
            unsettled = "&" in text or any(sign in first for sign in _SIGNS) or _DOMAIN.search(first)
            if first == text or not unsettled:
                return first
            text, first = first, self._once(first, counts)
        return self._once(_LEFTOVER.sub(" ", first), counts)

    def prepare(self, text: str) -> Prepared:
        """Apply all steps and count what they did."""
        counts: Counter[Step] = Counter()
        prepared = self.run(text, counts)
        by_effect: dict[Effect, int] = {"repair": 0, "drop": 0, "rewrite": 0}
        by_name: Counter[str] = Counter()
        for step, count in counts.items():
            if count and step.name != "spaces":
                by_effect[step.effect] += count
                by_name[step.name] += count
        changes = Changes(
            repaired=by_effect["repair"],
            dropped=by_effect["drop"],
            rewritten=by_effect["rewrite"],
            became_empty=not prepared and bool(text.strip()),
            mojibake=repair.find_mojibake(text),
            foreign=is_foreign(text[:_BEGINNING]),
            steps=dict(by_name),
        )
        return Prepared(prepared, changes)


@lru_cache(maxsize=256)
def _units(touches: str) -> NDArray[np.uint16]:
    """Those of all UTF-16 units that a pattern finds, looked for once: recipes share most of their steps."""
    return np.array([ord(match[0]) for match in re.finditer(touches, _BMP)], dtype=np.uint16)


@lru_cache(maxsize=64)
def program(steps: tuple[Step, ...]) -> Program:
    """The program of these steps, built once."""
    return Program(steps)
