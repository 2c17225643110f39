"""What configs may say, as a page: a table a section, out of the schemas that check them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mujaz.configs.pretrain_schema import PretrainConfig
from mujaz.configs.run_schema import RunConfig
from mujaz.configs.schema import TrainConfig
from mujaz.configs.sections import Section

CONFIGS: dict[str, type[Section]] = {"train": TrainConfig, "pretrain": PretrainConfig, "run": RunConfig}

_HEAD = """\
# What a config may say

All settings of all configs, as `mujaz config-schema --markdown` writes them. A config is a YAML file; `--set key=value`,
as in `--set training.epochs=5`, overrides any of it. `mujaz config-schema` prints a JSON schema, with which an editor
completes and checks what you type. Where no default stands it is null: nothing is asked for, or the setting is told from
what is there."""
_OF = {
    "train": "`mujaz train`, `search`, `distill`, `split`",
    "pretrain": "`mujaz pretrain`",
    "run": "`mujaz run`",
}
_NAMES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
_BOUNDS = {"exclusiveMinimum": "above", "minimum": "from", "exclusiveMaximum": "below", "maximum": "up to"}
_HUGE = 2**31  # a bound that only keeps a number inside what NumPy and torch take

Schema = Mapping[str, Any]


def page() -> str:
    """All settings of all configs, in Markdown."""
    parts = (f"## {_OF[name]}\n\n{tables(config, name)}" for name, config in CONFIGS.items())
    return "\n\n".join((_HEAD, *parts)) + "\n"


def tables(config: type[Section], name: str) -> str:
    """A table a section: key, what it takes, its default, what it means.

    A section that several others hold is told where it is met first.

    Args:
        config: A whole config.
        name: Stands before the names of its sections, which are headings of the page.
    """
    schema = config.model_json_schema()
    sections = schema.get("$defs", {})
    told: dict[str, str] = {}
    lines: list[str] = []
    waiting: list[tuple[str, Schema]] = [("", schema)]
    while waiting:
        path, section = waiting.pop(0)
        if path:
            lines += ["", f"### {name}: {path}", "", _as_in_yaml(section["description"]), ""]
        lines += ["| key | takes | default | what it means |", "|---|---|---|---|"]
        deeper = []
        for key, field in section["properties"].items():
            if field.get("type") == "null":  # a setting of other configs
                continue
            inside = _section_in(field)
            if inside and inside not in told:
                told[inside] = f"{path}.{key}" if path else key
                deeper.append((told[inside], sections[inside]))
            meaning = field.get("description") or (sections[inside]["description"] if inside else "")
            takes = _takes(field, {inside: _link(name, told[inside])} if inside else {})
            lines.append(_row(f"`{key}`", takes, _default(key, field, section), meaning))
        waiting = deeper + waiting
    return "\n".join(lines)


def _row(*cells: str) -> str:
    return "| " + " | ".join(_as_in_yaml(" ".join(cell.split())).replace("|", "\\|") for cell in cells) + " |"


def _as_in_yaml(text: str) -> str:
    """Docstrings speak Python."""
    return re.sub(r"\bNone\b", "null", text.replace("``", "`"))


def _link(name: str, path: str) -> str:
    """To the heading of a section, as GitHub makes anchors."""
    return f"[{path}](#{name}-{path.replace('.', '').lower()})"


def _default(key: str, field: Schema, section: Schema) -> str:
    if key in section.get("required", ()):
        return "**must be given**"
    value = field.get("default")
    if value in (None, [], {}) or (_section_in(field) and isinstance(value, dict)):
        return ""
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


def _kinds(field: Schema) -> Iterator[Schema]:
    yield from field.get("anyOf", (field,))


def _section_in(field: Schema) -> str:
    """The name of the section that a field holds, also a field of several; else nothing."""
    for kind in _kinds(field):
        inside = kind.get("additionalProperties")
        if "$ref" in kind:
            return str(kind["$ref"]).rsplit("/", 1)[1]
        if isinstance(inside, Mapping) and _section_in(inside):
            return _section_in(inside)
    return ""


def _takes(field: Schema, links: Mapping[str, str]) -> str:
    kinds = (_one(kind, links) for kind in _kinds(field) if kind.get("type") != "null")
    return " or ".join(dict.fromkeys(kinds))


def _one(kind: Schema, links: Mapping[str, str]) -> str:
    if "$ref" in kind:
        return links[_section_in(kind)]
    if "enum" in kind or "const" in kind:
        return " ".join(f"`{value}`" for value in kind.get("enum", [kind.get("const")]))
    if kind["type"] == "array":
        return f"list of {_takes(kind['items'], links)}" if kind.get("items") else "list"
    if kind["type"] == "object":
        inside = kind.get("additionalProperties")
        return f"names with {_takes(inside, links)}" if isinstance(inside, Mapping) else "names with values"
    bounds = (f"{word} {kind[key]}" for key, word in _BOUNDS.items() if key in kind and kind[key] < _HUGE)
    return " ".join((_NAMES[kind["type"]], *bounds))
