"""Read a YAML config, apply overrides, check it, and report all that is wrong at once, each with its place."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from mujaz.configs.data_schema import DataConfig
from mujaz.configs.pretrain_schema import PretrainConfig
from mujaz.configs.problems import Key, explained
from mujaz.configs.run_schema import RunConfig
from mujaz.configs.schema import TrainConfig
from mujaz.configs.search_schema import RangeConfig
from mujaz.errors import ConfigError
from mujaz.hub import is_hub_dataset

# What to do where there is no such file: of a table of labelled rows both are cut off.
_WITHOUT = {
    "dev": "; {0}.dev=null cuts it off the training rows",
    "test": "; {0}.test=null goes without, {0}.test_fraction=0.1 then cuts it off the training rows",
}
# Octal, minutes of an hour, a sign that is lost.
_NOT_AS_READ = re.compile(r"[-+]?0[0-7_]+|[-+]?[0-9_:]*:[0-9_:]*|\+.*")
Config = TypeVar("Config", bound=BaseModel)


def load_config(
    path: str | Path | Mapping[str, Any],
    overrides: Sequence[str] = (),
    options: Mapping[str, tuple[str, Any]] | None = None,
) -> TrainConfig:
    """Read and check a training config.

    Relative paths of data and models are taken from the working directory, as in a shell.

    Args:
        path: The YAML file; or what would stand in it, as a dictionary.
        overrides: ``key=value`` with dots for sections (``training.epochs=2``); values are read as YAML.
        options: Values that came otherwise, by their keys, and how to name that in messages:
            ``{"distill.unlabelled": ("--unlabelled", ["more.jsonl"])}``.

    Raises:
        ConfigError: the file is missing or no YAML, or anything in it is wrong; the message lists everything.
    """
    data, source, lines, overridden = _read(path, overrides)
    for name, (option, value) in (options or {}).items():
        overridden[_put(data, name, value, option)] = option
    return check_config(data, source, lines, overridden)


def load_data_config(path: str | Path) -> tuple[DataConfig, Literal["topic", "stance", "summary"]]:
    """The data section of a training config, and its task: its model and what else it names may not be there yet.

    Args:
        path: The YAML file.

    Raises:
        ConfigError: the file is missing or no YAML, has no such section or task, or anything in the section is wrong.
    """
    given, source, _, _ = _read(path, ())
    task, section = given.get("task"), given.get("data")
    if task not in ("topic", "stance", "summary") or not isinstance(section, dict):
        raise ConfigError(
            f"{source}: expected a config of mujaz train, with a task (topic, stance or summary) and a section data, found "
            f"{', '.join(map(str, given)) or 'nothing'}."
        )
    return _checked(DataConfig, section, f"{source}, data"), task


def load_pretrain_config(path: str | Path | Mapping[str, Any], overrides: Sequence[str] = ()) -> PretrainConfig:
    """Read and check a pretraining config; otherwise as :func:`load_config`."""
    return _checked(PretrainConfig, *_read(path, overrides))


def load_run_config(path: str | Path | Mapping[str, Any], overrides: Sequence[str] = ()) -> RunConfig:
    """Read and check the config of a run over a corpus; otherwise as :func:`load_config`."""
    return _checked(RunConfig, *_read(path, overrides))


def _read(
    path: str | Path | Mapping[str, Any], overrides: Sequence[str]
) -> tuple[dict[str, Any], str, dict[Key, int], dict[Key, str]]:
    """A YAML file with its overrides: the data, the name of the file, the line of each key, by what keys were overridden."""
    if isinstance(overrides, str):
        raise ConfigError(f"expected a list of overrides, as ['training.epochs=2'], found one string: '{overrides}'.")
    if isinstance(path, Mapping):
        given = copy.deepcopy(dict(path))
        return given, "the config", {}, {_set(given, override): "--set" for override in overrides}
    if not isinstance(path, str | Path):
        raise ConfigError(f"expected the path of a YAML file or a dictionary, found {type(path).__name__}.")
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"no config {file}: expected a YAML file. {_shipped(file.name)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read as UTF-8 text: {error}") from error
    data, lines = parsed_yaml(text, str(file)), _lines(yaml.compose(text, Loader=yaml.SafeLoader), str(file))
    if not isinstance(data, dict):
        raise ConfigError(f"{file}: expected keys and values (task, model, data …), found {type(data).__name__}.")
    from_command_line = {_set(data, override): "--set" for override in overrides}
    return data, str(file), lines, from_command_line


def parsed_yaml(text: str, source: str) -> Any:
    """What a YAML text says.

    Args:
        text: The text.
        source: How to name it in messages.

    Raises:
        ConfigError: it is no YAML, has a date that no calendar has or a number that YAML reads otherwise than people (010),
            is nested too deeply or holds itself.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        _look_through(node, source)
        return yaml.safe_load(text)
    except RecursionError:
        raise ConfigError(
            f"{source} is not valid YAML: it is nested too deeply, or a part of it holds itself."
        ) from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: 2024-13-45
        raise ConfigError(f"{source} is not valid YAML: {' '.join(str(error).split())}") from error


def _look_through(node: yaml.Node | None, source: str) -> None:
    """Walk through all of it: what holds itself never ends, which is a RecursionError.

    Raises:
        ConfigError: a number is none that a reader takes it for: 010 is 8 to YAML, and 12:30 is 750.
    """
    if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":int") and _NOT_AS_READ.fullmatch(node.value):
        raise ConfigError(
            f"{source}, line {node.start_mark.line + 1}: {node.value} is {yaml.safe_load(node.value)} to YAML. Write "
            f'"{node.value}" in quotes where it is a name, and a number without +, : or a 0 before it.'
        )
    for value in node.value if isinstance(node, yaml.CollectionNode) else ():
        for part in value if isinstance(value, tuple) else (value,):
            _look_through(part, source)


def _shipped(name: str) -> str:
    """Where the configs lie that came with the package: people who installed it have no folder configs/."""
    folder = Path(__file__).parent
    return f"A shipped one: {folder / name}" if (folder / name).is_file() else f"Shipped ones lie in {folder}"


def check_config(
    data: dict[str, Any], source: str, lines: dict[Key, int] | None = None, overridden: Mapping[Key, str] | None = None
) -> TrainConfig:
    """Check a config given as a dictionary.

    Args:
        data: As read from YAML.
        source: How to name it in messages.
        lines: Line of each key, where known.
        overridden: Keys that come from the command line, and the option of each.

    Raises:
        ConfigError: lists all that is wrong.
    """
    return _checked(TrainConfig, data, source, lines, overridden)


def _checked(
    schema: type[Config],
    data: dict[str, Any],
    source: str,
    lines: dict[Key, int] | None = None,
    overridden: Mapping[Key, str] | None = None,
) -> Config:
    problems: list[tuple[Key, str]] = []
    config: Config | None = None
    try:
        config = schema.model_validate(data)
    except ValidationError as error:
        problems += explained(schema, data, error.errors())
    problems += _missing_files(data)
    if config is not None and not problems:
        return config
    places = [_place(key, source, lines or {}, overridden or {}) for key, _ in problems]
    listed = "\n".join(f"  {place}: {text}" for place, (_, text) in zip(places, problems, strict=True))
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    raise ConfigError(f"{source} has {count}:\n{listed}")


def _missing_files(data: dict[str, Any]) -> Iterator[tuple[Key, str]]:
    """Data files that are named as files but are not there; a hub dataset id looks like owner/name."""
    yield from _missing_in(data.get("data"), ("data",))
    step = data.get("intermediate")
    if isinstance(step, dict):
        yield from _missing_in(step.get("data"), ("intermediate", "data"))
    yield from _missing_in(data.get("distill"), ("distill",))


def _missing_in(section: Any, place: Key) -> Iterator[tuple[Key, str]]:
    name = ".".join(map(str, place))
    for split in ("train", "additional", "dev", "test", "exclude", "unlabelled") if isinstance(section, dict) else ():
        value = section.get(split)
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, str) or is_hub_dataset(item):
                continue
            path = expand_path(item)
            if "$" in path:
                yield (*place, split), f"{name}.{split}: '{item}' names an environment variable that is not set"
            elif not Path(path).exists():
                where = f"{name}.{split}: no file or folder '{item}' (working directory: {Path.cwd()})"
                yield (*place, split), where + _WITHOUT.get(split, "").format(name)


def expand_path(path: str) -> str:
    """A path with ``~`` and environment variables filled in; a variable that is not set stays as it is."""
    return os.path.expandvars(os.path.expanduser(path))


def _place(key: Key, source: str, lines: dict[Key, int], overridden: Mapping[Key, str]) -> str:
    for given, option in overridden.items():
        if key[: len(given)] == given:
            return option
    while key and key not in lines:
        key = key[:-1]
    return f"{Path(source).name}:{lines[key]}" if key in lines else Path(source).name


def _lines(node: yaml.Node | None, source: str, prefix: Key = ()) -> dict[Key, int]:
    """The line of each key, counted from 1. A key that comes twice is refused: YAML would take the last without a word."""
    found: dict[Key, int] = {}
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            key, line = (*prefix, name.value), name.start_mark.line + 1
            if key in found:
                raise ConfigError(f"{source}:{line}: {'.'.join(map(str, key))} stands in line {found[key]} already.")
            found[key] = line
            found |= _lines(value, source, key)
    return found


_SIGNS = frozenset("|>-,#&*%@!`")  # of themselves; to YAML each begins something


def _set(data: dict[str, Any], override: str) -> Key:
    """Apply one ``key=value`` in place, and return its key."""
    name, equals, value = override.partition("=")
    if not equals or not name:
        raise ConfigError(f"--set expects key=value, for example training.epochs=2, found '{override}'.")
    source = f"--set {override}"
    return _put(data, name, value if value in _SIGNS else parsed_yaml(value, f"{source}: the value"), source)


def _put(data: dict[str, Any], name: str, value: Any, source: str) -> Key:
    """Set the value of a dotted key in place, and return the key."""
    *sections, last = _parts(name)
    place = data
    for section in sections:
        inner = place.get(section)
        if inner is None:
            inner = place[section] = {}
        if not isinstance(inner, dict):
            raise ConfigError(f"{source}: '{section}' is a value, not a section.")
        place = inner
    place[last] = value
    return (*sections, last)


def _parts(name: str) -> list[str]:
    """A dotted key, section by section; those of a search are settings, which have dots of their own."""
    parts = name.split(".")
    if parts[:2] != ["search", "space"]:
        return parts
    setting = parts[2:]
    end = [setting.pop()] if setting[1:] and setting[-1] in RangeConfig.model_fields else []
    return [*parts[:2], *([".".join(setting)] if setting else []), *end]


def with_values(config: TrainConfig, values: Mapping[str, Any], source: str) -> TrainConfig:
    """A config with other values at some dotted keys.

    Args:
        config: Checked.
        values: ``training.epochs`` -> 2.
        source: How to name them in messages.

    Raises:
        ConfigError: a key is not known, or a value is not allowed there.
    """
    data = config.model_dump()
    keys = {_put(data, name, value, source): "--set" for name, value in values.items()}
    return check_config(data, source, overridden=keys)


def resolved_yaml(config: BaseModel) -> str:
    """The config with every default filled in, as YAML."""
    return yaml.safe_dump(config.model_dump(), allow_unicode=True, sort_keys=False)
