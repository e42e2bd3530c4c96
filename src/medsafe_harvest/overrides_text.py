"""Put entries into the text of ``overrides.yaml`` and cut them out, touching nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from medsafe_harvest.dedupe.overrides import Link

#: Places do not depend on the loader; the one in C is many times faster, where there is one.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def added(text: str, key: str, links: Sequence[Link]) -> str:
    """The text with entries at the end of a list, ``must_link`` or ``cannot_link``."""
    found = _list(text, key)
    newline = "\r\n" if "\r\n" in text else "\n"
    if found is None:
        separator = "" if not text or text.endswith("\n") else newline
        return f"{text}{separator}{key}:{newline}" + _block(links, "  ", newline)
    name, value = found
    if not isinstance(value, yaml.SequenceNode) or not value.value:
        # "[]" gives way to entries on the lines below.
        colon = text.index(":", name.end_mark.index) + 1
        text = text[:colon] + text[value.end_mark.index :]
        return _below(text, colon, _block(links, "  ", newline), newline)
    end = _end(text, value.value[-1])
    if value.flow_style:
        return text[:end] + "".join(f", {_flow(link)}" for link in links) + text[end:]
    indent = " " * value.start_mark.column
    return _below(text, end, _block(links, indent, newline), newline)


def without(text: str, key: str, place: int) -> str:
    """The text without one entry of a list that has it."""
    found = _list(text, key)
    if found is None:
        return text
    name, value = found
    if not isinstance(value, yaml.SequenceNode):
        return text
    items = value.value
    ends = [_end(text, item) for item in items]
    if value.flow_style:
        if place + 1 < len(items):
            return text[: items[place].start_mark.index] + text[items[place + 1].start_mark.index :]
        start = ends[place - 1] if place else items[place].start_mark.index
        return text[:start] + text[ends[place] :]
    dash = text.rindex("-", 0, items[place].start_mark.index)
    start = text.rfind("\n", 0, dash) + 1
    text = text[:start] + text[_line_end(text, ends[place]) :]
    if len(items) > 1:
        return text
    colon = text.index(":", name.end_mark.index) + 1
    return f"{text[:colon]} []{text[colon:]}"


def _list(text: str, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    """Nodes of a key and of its value, with places in the text."""
    node = yaml.compose(text, _LOADER)
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key:
                return name, value
    return None


def _end(text: str, node: yaml.Node) -> int:
    """Where an entry really ends; block collections claim the comments below them as well."""
    while not getattr(node, "flow_style", True):
        children = node.value
        if not children:
            break
        node = children[-1][1] if isinstance(node, yaml.MappingNode) else children[-1]
    start, end = node.start_mark.index, node.end_mark.index
    return start + len(text[start:end].rstrip())


def _line_end(text: str, place: int) -> int:
    """Behind the line break that follows, or the end of the text."""
    found = text.find("\n", place)
    return len(text) if found < 0 else found + 1


def _below(text: str, place: int, lines: str, newline: str) -> str:
    """The text with lines under the one that a place is in."""
    end = _line_end(text, place)
    separator = "" if text[:end].endswith("\n") else newline
    return text[:end] + separator + lines + text[end:]


class _Dumper(yaml.SafeDumper):
    """Writes a day that two entries share twice, rather than as ``&id001`` and ``*id001``."""

    def ignore_aliases(self, data: Any) -> bool:
        """No value is named."""
        del data
        return True


def _dumped(what: object, *, flow: bool) -> str:
    text: str = yaml.dump(
        what,
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        width=float("inf"),
        default_flow_style=flow,
    )
    return text


def _block(links: Sequence[Link], indent: str, newline: str) -> str:
    dumped = _dumped([link.model_dump() for link in links], flow=False)
    return "".join(f"{indent}{line}{newline}" for line in dumped.rstrip("\n").split("\n"))


def _flow(link: Link) -> str:
    return _dumped(link.model_dump(), flow=True).strip()
