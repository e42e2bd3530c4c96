"""The Atom feeds of the arXiv search API, element by element as recorded in 2026."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree

from medsafe_harvest.loopback.corpus import Paper
from medsafe_harvest.loopback.xml import child, document

_ATOM = "http://www.w3.org/2005/Atom"
_ARXIV = "http://arxiv.org/schemas/atom"
_OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"
# The key None is the default namespace; the stubs of lxml know only texts.
_NAMESPACES: dict[Any, str] = {"opensearch": _OPENSEARCH, "arxiv": _ARXIV, None: _ATOM}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request's parameters, checked; ``search_query`` as the service executes it."""

    search_query: str
    id_list: str
    #: Asked version by id without version; None asks for the current one.
    ids: dict[str, int | None]
    start: int
    max_results: int
    sort_by: str
    ascending: bool

    @property
    def title(self) -> str:
        """What the feed's title echoes."""
        return (
            f"search_query={self.search_query}&id_list={self.id_list}"
            f"&start={self.start}&max_results={self.max_results}"
        )

    @property
    def link(self) -> str:
        """The query as the feed's own link names it."""
        return (
            f"https://arxiv.org/api/query?search_query={self.search_query}&start={self.start}"
            f"&max_results={self.max_results}&id_list={self.id_list}"
        )


def result_feed(asked: Asked, total: int, page: list[tuple[Paper, int]], now: datetime) -> bytes:
    """A page of results.

    Args:
        asked: the request, which title, link and paging elements repeat.
        total: papers found, on this page or not.
        page: the papers of this page, each with the version to show.
        now: time of the request.
    """
    canonical = f"{asked.title}&sortBy={asked.sort_by}&ascending={asked.ascending}"
    digest = hashlib.sha1(canonical.encode(), usedforsecurity=False).digest()
    feed = etree.Element(f"{{{_ATOM}}}feed", nsmap=_NAMESPACES)
    _add(feed, "id", f"https://arxiv.org/api/{base64.b64encode(digest).decode().rstrip('=')}")
    _add(feed, "title", f"arXiv Query: {asked.title}")
    _add(feed, "updated", _stamp(now))
    _add(feed, "link", href=asked.link, type="application/atom+xml")
    _add_counts(feed, page=asked.max_results, total=total, start=asked.start)
    for paper, version in page:
        _add_entry(feed, paper, version)
    return _bytes(feed)


def error_feed(message: str, now: datetime) -> bytes:
    """The feed with one entry that says what was wrong."""
    # The fragment keeps what an id or a query may contain: the recorded one only joins its words.
    link = f"https://arxiv.org/api/errors#{message.replace(' ', '_')}"
    feed = etree.Element(f"{{{_ATOM}}}feed", nsmap=_NAMESPACES)
    _add(feed, "id", "https://arxiv.org/")
    _add(feed, "title", "arXiv Search Results")
    _add(feed, "updated", _stamp(now))
    _add_counts(feed, page=1, total=1, start=0)
    entry = _add(feed, "entry")
    _add(entry, "id", link)
    _add(entry, "title", "Error")
    _add(entry, "updated", _stamp(now))
    _add(entry, "link", href=link, rel="alternate", type="text/html")
    _add(entry, "summary", message)
    _add(_add(entry, "author"), "name", "arXiv api core")
    return _bytes(feed)


def _add_entry(feed: etree._Element, paper: Paper, version: int) -> None:
    """One paper; elements in the order in which the service was seen to write them."""
    name = f"{paper.arxiv_id}v{version}"
    published = _stamp(paper.published)
    updated = published if version == 1 else _stamp(paper.updated or paper.published)
    entry = _add(feed, "entry")
    _add(entry, "id", f"http://arxiv.org/abs/{name}")
    _add(entry, "title", paper.title)
    _add(entry, "updated", updated)
    _add(entry, "link", href=f"https://arxiv.org/abs/{name}", rel="alternate", type="text/html")
    pdf = f"https://arxiv.org/pdf/{name}"
    _add(entry, "link", href=pdf, rel="related", type="application/pdf", title="pdf")
    _add(entry, "summary", paper.abstract or "")
    for category in paper.categories:
        _add(entry, "category", term=category, scheme=_ARXIV)
    _add(entry, "published", published)
    if paper.comment is not None:
        _add(entry, "arxiv:comment", paper.comment)
    if paper.categories:
        _add(entry, "arxiv:primary_category", term=paper.categories[0])
    if paper.journal_ref is not None:
        _add(entry, "arxiv:journal_ref", paper.journal_ref)
    for position, author in enumerate(paper.authors):
        element = _add(entry, "author")
        _add(element, "name", author)
        for affiliation in paper.affiliations[position : position + 1]:
            if affiliation:
                _add(element, "arxiv:affiliation", affiliation)
    if paper.doi is not None:
        _add(entry, "arxiv:doi", paper.doi)
        _add(entry, "link", rel="related", href=f"https://doi.org/{paper.doi}", title="doi")


def _add_counts(feed: etree._Element, *, page: int, total: int, start: int) -> None:
    _add(feed, "opensearch:itemsPerPage", str(page))
    _add(feed, "opensearch:totalResults", str(total))
    _add(feed, "opensearch:startIndex", str(start))


def _add(
    parent: etree._Element, name: str, text: str | None = None, **attributes: str
) -> etree._Element:
    """Append an element; a name without prefix is of Atom."""
    prefix, _, local = name.rpartition(":")
    return child(parent, f"{{{_NAMESPACES[prefix or None]}}}{local}", text, **attributes)


def _stamp(moment: datetime | None) -> str:
    if moment is None:
        raise ValueError("a paper without a date has no place on the arXiv side")
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _bytes(feed: etree._Element) -> bytes:
    # indent() and not pretty_print, which leaves the last element without its line break.
    etree.indent(feed)
    return document(feed)
