"""Text for Markdown as GitHub shows it: escapes, links, and the anchors of headings."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from html import escape

from medsafe_harvest.outgoing import plain

#: Always a mark of Markdown; ``$`` begins a formula on GitHub.
_MARKS = re.compile(r"([\\`*\[\]<>~$|])")
#: Inside a word an underscore is a letter.
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_ENTITY = re.compile(r"&(?=#?\w{1,40};)")
#: What makes a heading, an item or a quotation at the beginning of a line.
_LINE_START = re.compile(r"^(\s*)(?:([#+=\-])|([0-9]{1,9})([.)]))(?=\W|[-+=#]|$)")
#: GitHub makes links of these by itself.
_BARE_LINK = re.compile(r"\b(https?|ftp)(?=://)|\b(www)(?=\.)", re.IGNORECASE)
_IN_TARGETS = {ord(sign): f"%{ord(sign):02X}" for sign in "()|\\*'"}
_SLUG_KEEPS = ("L", "M", "N", "Pc")


def inline(text: str | None) -> str:
    """The text as it stands in a paragraph, an item or a cell of a table, on one line."""
    line = _ENTITY.sub("&amp;", _MARKS.sub(r"\\\1", plain(text)))
    line = _UNDERSCORE.sub(r"\\_", line)
    line = _BARE_LINK.sub(lambda found: found[0] + "<!-- -->", line)
    return _LINE_START.sub(_start, line)


def _start(found: re.Match[str]) -> str:
    return f"{found[1]}\\{found[2]}" if found[2] else f"{found[1]}{found[3]}\\{found[4]}"


def in_html(text: str | None) -> str:
    """The text as it stands in an element of HTML."""
    return escape(plain(text))


def link(words: str, url: str | None) -> str:
    """A link, or the words alone where there is no address.

    Args:
        words: as :func:`inline` gives them.
        url: as :func:`~medsafe_harvest.outgoing.web` gives it.
    """
    return words if url is None else f"[{words}]({target(url)})"


def target(url: str) -> str:
    """The address as it may stand between parentheses, and in a cell of a table."""
    return url.translate(_IN_TARGETS)


class Anchors:
    """The names by which GitHub links to headings; one for all headings of a file, in order."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._taken: set[str] = set()

    def of(self, heading: str) -> str:
        """The anchor of the next heading, given as a reader sees it.

        Small letters, hyphens for spaces, nothing but letters, digits, marks, hyphens and
        underscores; a number behind it where an earlier heading has the same.
        """
        kept = (
            char
            for char in heading.strip().lower()
            if char in " -" or unicodedata.category(char).startswith(_SLUG_KEEPS)
        )
        slug = "".join(kept).replace(" ", "-")
        anchor = slug
        while anchor in self._taken:
            self._seen[slug] += 1
            anchor = f"{slug}-{self._seen[slug]}"
        self._taken.add(anchor)
        return anchor
