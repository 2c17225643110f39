"""What pydantic finds wrong with a config, in words of the config: its keys, and what may stand there."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel

from mujaz.configs.sections import OTHER_KEYS, OTHER_VALUES, nearest_place, section_at

Key = tuple[str | int, ...]
# By the type of pydantic's error, what it expects; names in braces are those of the error's context.
_EXPECTED: Mapping[str, str] = {
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "{le:g} or less",
    "finite_number": "a finite number",
    "literal_error": "{expected}",
    "too_short": "a list of {min_length} or more",
    **dict.fromkeys(["int_parsing", "int_type", "int_from_float"], "a whole number"),
    **dict.fromkeys(["float_parsing", "float_type"], "a number"),
    **dict.fromkeys(["bool_parsing", "bool_type"], "true or false"),
    "list_type": "a list",
    "dict_type": "keys with values",
    "string_type": "text",
}


def explained(schema: type[BaseModel], data: dict[str, Any], errors: Sequence[Any]) -> Iterator[tuple[Key, str]]:
    """The key of each problem, and what it is.

    Where a value may be of several kinds, pydantic complains once for each, below a name of its own for the kind: those of
    which the value is not are passed over where it is of another, and what is left is told as one.

    Args:
        schema: Of the config.
        data: The config, as read from YAML.
        errors: What :meth:`pydantic.ValidationError.errors` says of it.
    """
    alike: dict[Key, list[Any]] = {}  # key with the kind left out -> what the kinds say of its value itself
    rest: list[tuple[Key, Any]] = []
    chosen: set[Key] = set()  # values that are of a kind, but wrong within
    for error in errors:
        key, kinds = _in_data(tuple(error["loc"]), data, error["type"])
        if key in kinds:
            alike.setdefault(key, []).append(error)
        else:
            rest.append((key, error))
        whole = error["type"].endswith("_type") or error["type"] == "literal_error"
        chosen |= kinds - {key} if whole else kinds
    for key, error in rest:
        yield key, _explain(schema, key, error)
    for key, several in alike.items():
        left = [error for error in several if not (key in chosen and _of_another_kind(error))]
        if left:
            said = _either(dict.fromkeys(_message(error) for error in left))
            kind = "one of several" if left[1:] else left[0]["type"]
            yield key, _explain(schema, key, {**left[-1], "msg": said, "type": kind})


def _of_another_kind(error: Any) -> bool:
    """Whether a value is not of the kind that complains of it: no list is one of a few names."""
    named = error["type"] == "literal_error" and isinstance(error["input"], list | dict)
    return bool(named or error["type"].endswith("_type"))


def _in_data(loc: Key, data: Any, problem: str) -> tuple[Key, set[Key]]:
    """The place of an error without pydantic's names of kinds, and the values of which these are."""
    key: Key = ()
    kinds: set[Key] = set()
    for place, part in enumerate(loc):
        inside = part in data if isinstance(data, dict) else isinstance(data, list) and isinstance(part, int)
        if inside:
            data = data[part]
        elif problem != "missing" or place < len(loc) - 1:
            kinds.add(key)
            continue
        key = (*key, part)
    return key, kinds


def _message(error: Any) -> str:
    if expected := _EXPECTED.get(error["type"]):
        return "expected " + expected.format_map(error.get("ctx", {}))
    message: str = error["msg"].removeprefix("Value error, ")
    return message[0].lower() + message[1:]


def _either(messages: Iterable[str]) -> str:
    """Several kinds that a value may be of, as one list where each is told as what is expected."""
    number, whole = (f"expected {_EXPECTED[one]}" for one in ("float_type", "int_type"))
    said = list(messages)
    first, *others = [one for one in said if one != whole or number not in said]
    if all(one.startswith("expected ") for one in (first, *others)):
        return " or ".join([first, *(one.removeprefix("expected ") for one in others)])
    return "; or ".join([first, *others])


def _explain(schema: type[BaseModel], key: Key, error: Any) -> str:
    name = ".".join(map(str, key))
    if error["type"] == "extra_forbidden":
        section = section_at(schema, key[:-1])
        known = list(section.model_fields) if section else []
        usual = [ours for ours in known if ours == OTHER_KEYS.get(str(key[-1]))]
        elsewhere = [] if usual else [place for place in [nearest_place(schema, key)] if place]
        close = usual or elsewhere or difflib.get_close_matches(str(key[-1]), known, n=1)
        return f"unknown key '{name}'" + (f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(known)}")
    if error["type"] == "missing":
        return f"'{name}' is missing"
    message = _message(error)
    found = error.get("input")
    if error["type"] == "model_type":
        return f"{name}: expected a section, with keys and values, found {found!r}{_key_for(schema, key, found)}"
    if error["type"] == "string_type" and isinstance(found, bool | int | float | dict | date | None):
        if found is None:
            return f'{name}: expected text, found nothing; a name that is null goes into quotes: "null"'
        given = found if isinstance(found, date) else repr(found)
        return f'{name}: expected text, found {given}; what YAML takes for something else goes into quotes: "…"'
    shown = "" if isinstance(found, dict) else f", found {found!r}"
    if isinstance(found, str) and f"'{(ours := OTHER_VALUES.get(found))}'" in message:
        shown += f"; did you mean '{ours}'?"
    return f"{name}: {message}{shown}" if name else message


def _key_for(schema: type[BaseModel], key: Key, value: Any) -> str:
    """Where in a section a value belongs that was given for the whole of it."""
    section = section_at(schema, key)
    fields = section.model_fields.items() if section else ()
    names = [name for name, field in fields if value in typing.get_args(field.annotation)]
    return f"; write {'.'.join(map(str, key))}.{names[0]}={value}" if names else ""
