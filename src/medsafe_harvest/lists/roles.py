"""What a page's own markup says that a piece of text is."""

from __future__ import annotations

import re
from typing import Literal

from lxml import etree

Role = Literal["title", "abstract", "authors", "venue", "date", "aside"]

_WORDS: tuple[tuple[Role, re.Pattern[str]], ...] = (
    (
        "abstract",
        re.compile(
            r"abstract|snippet|summary|tldr|description|full-?text|bib-?(?:ref|tex)", re.IGNORECASE
        ),
    ),
    ("authors", re.compile(r"author|creator|contributor|byline", re.IGNORECASE)),
    (
        "venue",
        re.compile(r"venue|journal|publisher|publication-?(?:title|name)|ispartof", re.IGNORECASE),
    ),
    ("date", re.compile(r"date|year|published|submitted", re.IGNORECASE)),
    ("title", re.compile(r"title|headline|gsc_a_at|gs_rt|paper-?name", re.IGNORECASE)),
    ("aside", re.compile(r"cited-?by|citation|badge|button|share|vote|comment", re.IGNORECASE)),
)
_LEAVES = frozenset({"p", "span", "div", "a", "h1", "h2", "h3", "h4", "h5", "h6", "dd", "li", "td",
                     "cite", "strong", "b", "em", "section", "blockquote", "time"})  # fmt: skip


def role_of(element: etree._Element, tag: str) -> Role | None:
    """What the class, id or ``itemprop`` of an element says that it holds."""
    if tag == "time":
        return "date"
    if tag not in _LEAVES:
        return None
    said = " ".join(element.get(name) or "" for name in ("itemprop", "class", "data-testid"))
    if not said.strip():
        return None
    for role, pattern in _WORDS:
        if pattern.search(said):
            return role
    return "title" if element.get("itemprop") == "name" else None
