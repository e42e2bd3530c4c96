"""Read one YAML file into one frozen pydantic model, and say where a mistake stands.

Everything that a person may edit comes through :func:`load`, so every mistake is told the same
way: file, line, what is wrong, what would be right.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from yaml.composer import Composer

from medsafe_harvest.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]


#: By first letter, what plain words may stand for. Dates stay text: the models read them, and name
#: the place of a wrong one.
_RESOLVERS: dict[str, list[tuple[str, re.Pattern[str]]]] = {
    letter: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _PlainLoader(yaml.SafeLoader):
    """Safe YAML in Python: slow, and the one whose words say what is wrong."""

    yaml_implicit_resolvers = _RESOLVERS


#: Signs that libyaml lets stand where PyYAML's own scanner does not, such as a tab between words.
_DISPUTED = ("\t", "\ufeff", "?", "!")
#: Reads through libyaml where PyYAML was built with it.
_Events: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _FastLoader(Composer, _Events):  # type: ignore[misc]
    """Safe YAML with libyaml's scanner, several times as fast.

    Nodes are made in Python: libyaml's own way crashes on nesting that Python refuses.
    """

    yaml_implicit_resolvers = _RESOLVERS

    def __init__(self, text: str) -> None:
        _Events.__init__(self, text)
        Composer.__init__(self)


def load(path: Path, model: type[Model]) -> Model:
    """The file as a model.

    Raises:
        ConfigError: the file is missing, is not YAML, or says something that the model does not
            allow. The first mistake of the file is the one reported; its message counts the rest.
    """
    data, lines = _read(path)
    try:
        return model.model_validate(data if data is not None else {})
    except ValidationError as error:
        mistakes = sorted(
            (_line_of(mistake["loc"], lines), _explain(mistake, model))
            for mistake in error.errors(include_url=False)
        )
        line, message = mistakes[0]
        if len(mistakes) > 1:
            others = ", ".join(sorted({str(line) for line, _ in mistakes[1:]}, key=int))
            message += f" (and {len(mistakes) - 1} more, on line {others})"
        raise ConfigError(message, file=str(path), line=line) from error


def _read(path: Path) -> tuple[Any, dict[Location, int]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError("there is no such file", file=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", file=str(path)) from error
    try:
        loader, node = _composed(text)
        if node is None:
            return None, {(): 1}
        lines = dict(_lines(node, ()))
        _refuse_repeated_keys(node, path)
        # Last: it unfolds the document's merge keys in place.
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise ConfigError(f"not YAML: {error.problem}", file=str(path), line=line) from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise ConfigError(f"not YAML as it is used here: {error}", file=str(path)) from error


def _composed(text: str) -> tuple[Any, yaml.Node | None]:
    """The loader that has read the document, and the document.

    Raises:
        yaml.YAMLError: it is no YAML, in PyYAML's words, which say more than libyaml's.
    """
    if not any(sign in text for sign in _DISPUTED):
        with suppress(yaml.YAMLError):
            fast = _FastLoader(text)
            return fast, fast.get_single_node()
    plain = _PlainLoader(text)
    return plain, plain.get_single_node()


def _lines(node: yaml.Node, location: Location) -> Iterator[tuple[Location, int]]:
    """Every place of the document with its line, counted from 1."""
    yield location, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value, (*location, key.value))
            # A mistake in "key: value" is looked for where the key stands.
            yield (*location, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*location, index))


def _refuse_repeated_keys(node: yaml.Node, path: Path) -> None:
    """YAML lets the last of two equal keys win without a word; here it is a mistake."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen and key.value != "<<":
                message = f"{key.value!r} stands twice, first on line {seen[key.value]}"
                raise ConfigError(message, file=str(path), line=line)
            seen[key.value] = line
            _refuse_repeated_keys(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_repeated_keys(value, path)


def _line_of(location: Location, lines: dict[Location, int]) -> int:
    """Line of the innermost part of the location that stands in the file.

    pydantic mixes names of union members into the location, which the file does not know.
    """
    known: Location = ()
    for part in location:
        candidate = (*known, part)
        if candidate in lines:
            known = candidate
        elif (*known, str(part)) in lines:
            known = (*known, str(part))
    return lines.get(known, 1)


def _explain(mistake: ErrorDetails, model: type[BaseModel]) -> str:
    """One mistake in plain words, with the nearest allowed key for a misspelt one."""
    where = ".".join(str(part) for part in mistake["loc"])
    if mistake["type"] == "extra_forbidden":
        key = str(mistake["loc"][-1])
        near = difflib.get_close_matches(key, sorted(_all_keys(model)), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"unknown key {key!r}{hint}"
    if mistake["type"] in {"settings", "query"}:
        return mistake["msg"]
    if mistake["type"] == "missing":
        return f"{where}: this key is required"
    message = mistake["msg"].removeprefix("Value error, ")
    value = mistake["input"]
    shown = isinstance(value, str | int | float | bool | date | datetime)
    said = f"{message}, not {value!r}" if shown else message
    return f"{where}: {said}" if where else said


def _all_keys(model: type[BaseModel]) -> set[str]:
    """Names of all fields of a model and of the models inside it."""
    keys: set[str] = set()
    stack: list[Any] = [model]
    seen: set[Any] = set()
    while stack:
        kind = stack.pop()
        if kind in seen:
            continue
        seen.add(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            keys |= set(kind.model_fields)
            stack.extend(field.annotation for field in kind.model_fields.values())
        else:
            stack.extend(getattr(kind, "__args__", ()))
    return keys
