"""Lists in other markup than Markdown, brought to Markdown line by line.

Every line stays on its line, so that an entry's line is that of the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from medsafe_harvest.lists.sheets import as_table, separator

_ORG_HEADING = re.compile(r"(\*{1,6}) +(?:(?:TODO|DONE) +)?(?=\S)")
_ORG_SETTING = re.compile(r"\s*(?:#\+\w+:?.*|:[A-Z_]+:.*)$")
_ORG_TERM = re.compile(r"(\s*[-+*]\s+)(\S.*?)\s+::\s+")
_ORG_LINK = re.compile(r"\[\[([^\[\]\s]+)\](?:\[([^\[\]]+)\])?\]")
_RST_LINK = re.compile(r"`([^`<>]+?)\s*<([^`<>\s]+)>`__?")
_MARKDOWN_LINK = r"[\1](\2)"
_RST_NAMED = re.compile(r"`([^`<>]+)`__?(?!\w)")
_RST_TARGET = re.compile(r"\.\. _`?([^`:]+)`?:\s*(\S+)\s*$")
_RST_UNDERLINE = re.compile(r"([=\-~^\"'`*+#.:_])\1{2,}\s*$")
_RST_DIRECTIVE = re.compile(r"\.\. (?![_\[])\S.*$")
_RST_CITATION = re.compile(r"\.\. \[(?!\^)[^\[\]\s]{1,40}\]\s+")

_ADOC_HEADING = re.compile(r"(={1,6})\s+(?=\S)")
_ADOC_ITEM = re.compile(r"\s*(\*{1,5}|\.{1,5}|-)\s+(?:\[[ x*]\]\s+)?(?=\S)")
_ADOC_SETTING = re.compile(r"(?::[\w!-]+:.*|\[[^\[\]]*\]|\|===|-{4,}|={4,}|//.*|ifn?def::.*)\s*$")
_ADOC_BLOCK = re.compile(r"\.(?=[^\s.])")
_ADOC_LINK = re.compile(r"(?:link:)?(https?://[^\s\[\]<>\"]+)\[([^\[\]]*)\]")
_ADOC_BOLD = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]+?)(?<=\S)\*(?![\w*])")

_NOTE = re.compile(r"\[\^([^\]\s]{1,40})\](:)?")
_URL = re.compile(r"https?://[^\s<>\"'\])}|\\^`]+")
_REFERENCE = re.compile(r"( {0,3})\[([0-9]{1,4})\](?=\s+[^\s\[(:])")
#: Signs of lists that Markdown does not know.
_BULLET = re.compile(
    r"(\s*)(?:[\u2022\u2023\u25e6\u25cf\u25aa\u25ab\u2219\u25cb\u25a0\u25a1\u25ba\u27a2]\s*|"
    r"\(?[0-9]{1,3}(?:\u3001|\uff0e|\)\s)\s*|[0-9]{1,3}:\s+(?=[A-Z]))(?=\S)"
)
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
    if end in {"adoc", "asciidoc"}:
        return [_from_adoc(line) for line in lines]
    if sign := separator(lines, name):
        return as_table(lines, sign)
    return _as_items(_with_bullets(_with_references(_with_notes(lines))))


def _from_org(line: str) -> str:
    if heading := _ORG_HEADING.match(line):
        line = f"{'#' * len(heading[1])} {line[heading.end() :]}"
    elif _ORG_SETTING.match(line):
        return ""
    line = _ORG_TERM.sub(r"\1**\2**. ", line, count=1)
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
        elif cited := _RST_CITATION.match(line):
            made[number] = f"- {_RST_LINK.sub(_MARKDOWN_LINK, line[cited.end() :])}"
        elif _RST_TARGET.match(line) or _RST_DIRECTIVE.match(line):
            made[number] = ""
        else:
            made[number] = _RST_NAMED.sub(named, _RST_LINK.sub(_MARKDOWN_LINK, line))
    return made


def _from_adoc(line: str) -> str:
    if heading := _ADOC_HEADING.match(line):
        line = f"{'#' * len(heading[1])} {line[heading.end() :]}"
    elif _ADOC_SETTING.match(line):
        return ""
    elif item := _ADOC_ITEM.match(line):
        line = f"{'  ' * (len(item[1]) - 1)}- {line[item.end() :]}"
    elif block := _ADOC_BLOCK.match(line):
        line = f"**{line[block.end() :].strip()}**"
    line = _ADOC_LINK.sub(lambda link: f"[{link[2].rstrip('^') or link[1]}]({link[1]})", line)
    return _ADOC_BOLD.sub(r"**\1**", line)


def _with_bullets(lines: Sequence[str]) -> list[str]:
    """Lines that begin with a sign as typesetters set it are items, where there are several."""
    if sum(_BULLET.match(line) is not None for line in lines) < 2:
        return list(lines)
    return [_BULLET.sub(r"\1- ", line, count=1) for line in lines]


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
