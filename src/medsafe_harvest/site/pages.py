"""Pages from templates: every value escaped, links to http and https only."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from medsafe_harvest.outgoing import link_label, topic_label, web
from medsafe_harvest.site.tree import Tree
from medsafe_harvest.site.words import short_address, source_label

#: Scripts and styles from the site alone, nothing inline, no connection to anybody.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'"
)
# What no HTML page may hold.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
#: Hebrew, Arabic and their like, and the signs that change direction.
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]"
)


@dataclass(frozen=True, slots=True)
class Look:
    """What all pages have in common."""

    title: str
    tagline: str
    #: Where the site will be found, with a slash at its end; None where that is not known.
    base_url: str | None
    papers: int
    as_of: str
    #: Versions of the static files and of the index, which browsers keep copies of.
    assets: str
    index: str
    version: str
    main_feed: str = "relevant.atom"
    policy: str = POLICY


class Pages:
    """Writes pages into a tree."""

    def __init__(self, tree: Tree, look: Look) -> None:
        self._tree = tree
        self._environment = _environment(look)
        #: Paths of the pages written that a search engine should know.
        self.listed: list[str] = []

    def write(self, template: str, path: str, *, listed: bool = True, **values: Any) -> None:
        """Render a template into a file.

        Args:
            template: name of the template without ending.
            path: of the file, relative to the site.
            listed: whether it goes into the sitemap.
            values: what the template shows; ``root`` may be given where pages are served elsewhere.
        """
        own = {"path": path, "listed": listed, "here": None}
        given = {"root": "../" * path.count("/"), **own, **values}
        text = self._environment.get_template(f"{template}.html").render(given)
        self._tree.put(path, _CONTROL.sub("", text))
        if listed:
            self.listed.append(path)


class _Environment(Environment):
    """One whose dictionaries are asked for their keys first: most values here are rows."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """``obj.attribute`` of a template."""
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


def _environment(look: Look) -> Environment:
    environment = _Environment(
        loader=PackageLoader("medsafe_harvest.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: Mapping[str, Any] = {
        "address": address,
        "bidi": bidi,
        "date": _date,
        "label": topic_label,
        "link": link,
        "link_kind": link_label,
        "papers": _papers,
        "short": short_address,
        "source": source_label,
        "web": web,
    }
    environment.filters.update(filters)
    environment.globals["site"] = look
    return environment


def link(url: str | None, text: str) -> Markup:
    """A link to another site, or the text alone where the address is none of the web's."""
    safe = web(url)
    if safe is None:
        return Markup("{}").format(text)
    return Markup('<a href="{}">{}</a>').format(safe, text)


def bidi(text: str) -> Markup:
    """Text within a line that must not turn what stands around it: where it runs right to left."""
    form = Markup("<bdi>{}</bdi>") if _RIGHT_TO_LEFT.search(text) else Markup("{}")
    return form.format(text)


def address(path: str) -> str:
    """The path of a page as its address has it: the front page is the folder."""
    return quote("" if path == "index.html" else path)


def _papers(count: int) -> str:
    return f"{count:,} paper{'' if count == 1 else 's'}"


def _date(day: dt.date) -> str:
    return f"{day.day} {day:%B %Y}"
