"""Lists in other markup than Markdown, brought to Markdown line by line.

Every line stays on its line, so that an entry's line is that of the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ORG_HEADING = re.compile(r"(\*{1,6}) +(?:(?:TODO|DONE) +)?(?=\S)")
_ORG_SETTING = re.compile(r"\s*(?:#\+\w+:?.*|:[A-Z_]+:.*)$")
_ORG_LINK = re.compile(r"\[\[([^\[\]\s]+)\](?:\[([^\[\]]+)\])?\]")
_RST_LINK = re.compile(r"`([^`<>]+?)\s*<([^`<>\s]+)>`__?")
_RST_NAMED = re.compile(r"`([^`<>]+)`__?(?!\w)")
_RST_TARGET = re.compile(r"\.\. _`?([^`:]+)`?:\s*(\S+)\s*$")
_RST_UNDERLINE = re.compile(r"([=\-~^\"'`*+#.:_])\1{2,}\s*$")
_RST_DIRECTIVE = re.compile(r"\.\. (?![_\[])\S.*$")

_NOTE = re.compile(r"\[\^([^\]\s]{1,40})\](:)?")
_URL = re.compile(r"https?://[^\s<>\"'\])}|\\^`]+")
_REFERENCE = re.compile(r"( {0,3})\[([0-9]{1,4})\](?=\s+[^\s\[(:])")
_MARKUP = re.compile(r"\s*(?:[#>|<*+`~=-]|\[|!\[|[0-9]{1,4}[.)]\s|\t| {4})")
#: Words of a line that is a title or a reference, and nothing longer.
_FEWEST, _MOST = 3, 60


def in_markdown(lines: Sequence[str], name: str) -> list[str]:
    """The lines of a list as Markdown.

    Args:
        lines: without their ends.
        name: of the file; its end tells org and reStructuredText.
    """
    end = name.lower().partition("?")[0].rpartition(".")[2]
    if end == "org":
        return [_from_org(line) for line in lines]
    if end == "rst":
        return _from_rst(lines)
    return _as_items(_with_references(_with_notes(lines)))


def _from_org(line: str) -> str:
    if heading := _ORG_HEADING.match(line):
        line = f"{'#' * len(heading[1])} {line[heading.end() :]}"
    elif _ORG_SETTING.match(line):
        return ""
    return _ORG_LINK.sub(lambda link: f"[{link[2] or link[1]}]({link[1]})", line)


def _from_rst(lines: Sequence[str]) -> list[str]:
    """Headings get the level at which their underline first came; a title may have two lines."""
    targets = {found[1].lower(): found[2] for line in lines if (found := _RST_TARGET.match(line))}

    def named(found: re.Match[str]) -> str:
        url = targets.get(found[1].strip().lower())
        return f"[{found[1]}]({url})" if url else found[0]

    made = list(lines)
    levels: list[str] = []
    for number, line in enumerate(lines):
        above = lines[number - 1] if number else ""
        under = _RST_UNDERLINE.match(line)
        if under and not above.strip():
            made[number] = ""
        elif (
            under and not above.startswith((" ", "\t")) and len(line.strip()) >= len(above.strip())
        ):
            if under[1] not in levels:
                levels.append(under[1])
            made[number - 1] = f"{'#' * min(levels.index(under[1]) + 1, 6)} {made[number - 1]}"
            made[number] = ""
        elif _RST_TARGET.match(line) or _RST_DIRECTIVE.match(line):
            made[number] = ""
        else:
            made[number] = _RST_NAMED.sub(named, _RST_LINK.sub(r"[\1](\2)", line))
    return made


def _with_notes(lines: Sequence[str]) -> list[str]:
    """Footnotes whose text has an address become links where they are called; others go."""
    if not any("[^" in line for line in lines):
        return list(lines)
    links: dict[str, str] = {}
    made: list[str] = []
    for line in lines:
        note = _NOTE.match(line)
        if note and note[2]:
            url = _URL.search(line)
            links[note[1]] = f" [link]({url[0].rstrip('.,;:')})" if url else ""
            line = "" if url else line  # noqa: PLW2901 - the address stands at the call now
        made.append(line)
    return [_NOTE.sub(lambda note: links.get(note[1], note[0]), line) for line in made]


def _with_references(lines: Sequence[str]) -> list[str]:
    """``[1] Doe, J. ...`` and its like begin items, where there are several."""
    if sum(_REFERENCE.match(line) is not None for line in lines) < 2:
        return list(lines)
    return [_REFERENCE.sub(r"\1- ", line, count=1) for line in lines]


def _as_items(lines: Sequence[str]) -> list[str]:
    """Plain text with a paper a line becomes a list; wrapped prose stays as it is."""
    said = [line for line in lines if line.strip()]
    if len(said) < 2 or any(_MARKUP.match(line) for line in said):
        return list(lines)
    begun = [line for line in said if not line.lstrip()[0].islower()]
    fit = [line for line in said if _FEWEST <= len(line.split()) <= _MOST or not line.isascii()]
    if len(begun) < len(said) or len(fit) < 0.9 * len(said):
        return list(lines)
    return [f"- {line}" if line.strip() else line for line in lines]
