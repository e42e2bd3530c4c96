"""From text to an HTML tree whose elements stand on the lines of the text.

Markdown is parsed by markdown-it and written as HTML padded with empty lines, so that an
element's line in the HTML is its line in the Markdown. Lists mix Markdown and HTML freely; behind
this module there is only HTML.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from lxml import etree
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from medsafe_harvest.errors import ListError
from medsafe_harvest.lists.dialects import in_markdown

_IS_PAGE = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head)\b")
_PAGE_NAME = re.compile(r"\.x?html?(?:[?#]|$)", re.IGNORECASE)
_LIST_NAME = re.compile(
    r"\.(?:md|markdown|txt|rst|org|adoc|asciidoc|csv|tsv)(?:[?#]|$)", re.IGNORECASE
)
_HEAD = 4096
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_CHARSET = re.compile(rb"charset=[\"']?([A-Za-z0-9_-]{2,30})")

_TIGHT_HEADING = re.compile(r"( {0,3}#{2,6})(?=[^\s#])")
_DELIMITERS = re.compile(r"\s*\|?(?:\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?\s*")
_PIPE = re.compile(r"(?<!\\)\|")
_FENCE = re.compile(r"\s{0,3}(?:[-*+]\s+|\d+[.)]\s+|>\s*)*(`{3,}|~{3,})")
#: What GitHub does not let through either: an open one would swallow the rest of the list.
_SWALLOWING = re.compile(
    r"<(?=/?(?:title|textarea|style|xmp|iframe|noembed|noframes|script|plaintext|select|svg|math)\b)",
    re.IGNORECASE,
)
#: A list in a list in a list is as deep as they go; each level costs the parser a pass.
_NESTING = 30


def decode(body: bytes) -> str:
    """The text of a file: UTF-8, what a byte-order mark or a page's head says, or Windows-1252.

    Raises:
        ListError: it is no text.
    """
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    if b"\x00" in body[:_HEAD] or body.startswith((b"%PDF", b"PK\x03\x04", b"\x1f\x8b")):
        raise ListError("this is no text; save the list as Markdown or HTML")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        named = _CHARSET.search(body[:_HEAD])
    try:
        return body.decode(named[1].decode("ascii") if named else "cp1252", "replace")
    except LookupError:
        return body.decode("cp1252", "replace")


def is_page(text: str, name: str) -> bool:
    """Whether the text is a page in HTML rather than a list in Markdown."""
    if _LIST_NAME.search(name):
        return False
    return bool(_PAGE_NAME.search(name) or _IS_PAGE.match(text[:_HEAD].lower()))


def page_tree(text: str) -> etree._Element:
    """The tree of a page in HTML; an empty one where the text holds no element."""
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True
    )
    # Control characters end the parsing early; a lone surrogate has no encoding.
    clean = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", " ", text)
    body = clean.encode("utf-8", "replace")
    try:
        tree = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        tree = None
    return etree.Element("html") if tree is None else tree


def list_tree(text: str, name: str = "") -> etree._Element:
    """The tree of a list, with ``sourceline`` the line in the text.

    Args:
        text: Markdown, org, reStructuredText, AsciiDoc, CSV or plain.
        name: of its file, the end of which tells which.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = _repaired(in_markdown(text.split("\n"), name))
    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": _NESTING})
    # A deeply indented line of a list is meant as text, never as code.
    parser.enable(["table", "strikethrough"]).disable("code")
    # Addresses stay as they are written.
    setattr(parser, "normalizeLink", _as_written)  # noqa: B010 - mypy allows no other way
    tokens = parser.parse("\n".join(lines))
    return page_tree(_Writer(parser).write(tokens))


def _as_written(url: str) -> str:
    return url


def _repaired(lines: list[str]) -> list[str]:
    """The lines with common slips mended, each on its own line.

    ``##Heading`` gets its space, a table's line of dashes as many columns as its head, and a
    block of settings at the top (``---``) is emptied.
    """
    fence = ""
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        if fence:
            continue
        if line.lstrip(" ").startswith("##"):
            lines[number] = _TIGHT_HEADING.sub(r"\1 ", line, count=1)
        elif number and "-" in line and "|" in lines[number - 1] and _is_delimiters(line):
            lines[number] = _as_wide(line, lines[number - 1])
    if lines[0].strip() == "---":
        end = next((n for n, line in enumerate(lines[1:80], 1) if line.strip() == "---"), 0)
        lines[: end + 1] = [""] * (end + 1)
    return lines


def _is_delimiters(line: str) -> bool:
    return set(line) <= set("|-: \t") and _DELIMITERS.fullmatch(line) is not None


def _as_wide(delimiters: str, head: str) -> str:
    def cells(row: str) -> int:
        return len(_PIPE.split(row.strip().strip("|")))

    wanted = cells(head)
    if wanted < 2 or cells(delimiters) == wanted:
        return delimiters
    return "|" + "---|" * wanted


class _Writer:
    """Writes tokens as HTML on the lines that they come from."""

    def __init__(self, parser: MarkdownIt) -> None:
        self._parser = parser
        self._renderer = RendererHTML(parser)
        self._parts: list[str] = []
        self._line = 0

    def write(self, tokens: Sequence[Token]) -> str:
        """The HTML of all tokens."""
        self._parts, self._line = ["<html><body>"], 0
        for token in tokens:
            if token.map and token.map[0] > self._line:
                self._add("\n" * (token.map[0] - self._line))
            self._add(self._html(token))
        self._add("</body></html>")
        return "".join(self._parts)

    def _add(self, html: str) -> None:
        self._parts.append(html)
        self._line += html.count("\n")

    def _html(self, token: Token) -> str:
        if token.type == "inline":
            children = token.children or []
            for child in children:
                if child.type == "html_inline":
                    child.content = _SWALLOWING.sub("&lt;", child.content)
            return self._renderer.renderInline(children, self._parser.options, {})
        if token.type in {"fence", "code_block"}:
            return f"<pre>{escape(token.content)}</pre>"
        if token.type == "html_block":
            return _SWALLOWING.sub("&lt;", token.content)
        if token.hidden or not token.tag:
            return ""
        return f"</{token.tag}>" if token.nesting < 0 else f"<{token.tag}>"
