"""arXiv's daily announcements: RSS 2.0 and Atom feeds of the papers announced on one day."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from typing import Any

import numpy as np
from lxml import etree
from werkzeug import Request, Response

from medsafe_harvest.loopback.arxiv_oai_records import PREFIX, licence
from medsafe_harvest.loopback.arxiv_sets import ARCHIVES
from medsafe_harvest.loopback.corpus import Corpus, Paper
from medsafe_harvest.loopback.limits import Limits
from medsafe_harvest.loopback.timeline import Timeline
from medsafe_harvest.loopback.xml import child, document

#: Replacements from this version on are not announced.
_SILENT_VERSION = 6
_TYPES = ("new", "cross", "replace", "replace-cross")
_SITE = "https://rss.arxiv.org"
_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_SPACES = {"arxiv": _ARXIV[1:-1], "dc": _DC[1:-1]}


@dataclass(frozen=True, slots=True)
class _Item:
    paper: Paper
    kind: str


class RssApi:
    """Answers requests for the announcements of the current day.

    Args:
        corpus: what to serve.
        limits: how many items a feed holds.
        now: the clock; its day in UTC is the day announced.
        timeline: when each paper is announced.
    """

    def __init__(
        self, corpus: Corpus, limits: Limits, now: Callable[[], datetime], timeline: Timeline
    ) -> None:
        self._corpus = corpus
        self._limits = limits
        self._now = now
        self._timeline = timeline
        self._arxiv = np.zeros(len(corpus.papers), dtype=np.bool_)
        self._arxiv[corpus.arxiv] = True

    def respond(self, request: Request, kind: str, cats: str) -> Response:
        """The feed of ``kind`` (``rss`` or ``atom``), 304 where it is known, 400 for its error."""
        now = self._now().astimezone(UTC)
        write = _rss if kind == "rss" else _atom
        names = cats.split("+")
        unknown = [name for name in names if name.lower() not in _KNOWN]
        if unknown:
            title, reason = f"Feed error for query: {cats}", f"unknown: {', '.join(unknown)}"
            return _response(write(cats, title, reason, now.date(), []), kind, 400)
        asked = frozenset[str]().union(*(_KNOWN[name.lower()] for name in names))
        title = f"{cats} updates on arXiv.org"
        words = f"{cats} updates on the arXiv.org e-print archive."
        body = write(cats, title, words, now.date(), self._items(now, asked))
        response = _response(body, kind, 200)
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
        response.cache_control.max_age = int((midnight - now).total_seconds())
        response.set_etag(hashlib.sha256(body).hexdigest()[:32])
        return response.make_conditional(request)

    def _items(self, now: datetime, asked: frozenset[str]) -> list[_Item]:
        """What is announced today in the categories: new ones first, then by id."""
        timeline, today = self._timeline, np.datetime64(now.date())
        new, changed = timeline.announced == today, timeline.revised == today
        snapshot = timeline.at(now)
        items: list[_Item] = []
        for row in np.flatnonzero(self._arxiv & (new | changed)).tolist():
            paper = snapshot.paper(row)
            if asked.isdisjoint(paper.categories):
                continue
            if not new[row] and not 1 < paper.version < _SILENT_VERSION:
                continue
            own = paper.categories[0] in asked
            items.append(_Item(paper, _TYPES[(0 if new[row] else 2) + (not own)]))
        items.sort(key=lambda item: (_TYPES.index(item.kind), str(item.paper.arxiv_id)))
        return items[: self._limits.rss_items]


def _names() -> dict[str, frozenset[str]]:
    """Categories by what may be asked for, in lower case: a category, or an archive."""
    names: dict[str, set[str]] = {}
    for category, archive in ARCHIVES.items():
        names.setdefault(category.lower(), set()).add(category)
        names.setdefault(archive.lower(), set()).add(category)
    return {name: frozenset(categories) for name, categories in names.items()}


_KNOWN = _names()


def _rss(cats: str, title: str, words: str, day: date, items: list[_Item]) -> bytes:
    root = etree.Element("rss", nsmap={**_SPACES, "atom": _ATOM[1:-1]}, version="2.0")
    channel = child(root, "channel")
    written = format_datetime(_midnight(day))
    for name, text in (
        ("title", title),
        ("link", f"{_SITE}/rss/{cats}"),
        ("description", words),
        ("docs", "http://www.rssboard.org/rss-specification"),
        ("language", "en-us"),
        ("lastBuildDate", written),
        ("managingEditor", "rss-help@arxiv.org"),
        ("pubDate", written),
    ):
        child(channel, name, text)
    skipped = child(channel, "skipDays")
    child(skipped, "day", "Saturday")
    child(skipped, "day", "Sunday")
    for item in items:
        element = child(channel, "item")
        child(element, "title", item.paper.title)
        child(element, "link", f"https://arxiv.org/abs/{item.paper.arxiv_id}")
        child(element, "description", _summary(item))
        child(element, "guid", _name(item), isPermaLink="false")
        for category in item.paper.categories:
            child(element, "category", category)
        child(element, "pubDate", written)
        _add_rest(element, item)
    return document(root)


def _atom(cats: str, title: str, words: str, day: date, items: list[_Item]) -> bytes:
    # The key None is the default namespace; the stubs of lxml know only texts.
    spaces: dict[Any, str] = {**_SPACES, None: _ATOM[1:-1]}
    root = etree.Element(f"{_ATOM}feed", nsmap=spaces)
    written = _midnight(day).isoformat()
    child(root, f"{_ATOM}id", f"{_SITE}/atom/{cats}")
    child(root, f"{_ATOM}title", title)
    child(root, f"{_ATOM}updated", written)
    child(root, f"{_ATOM}subtitle", words)
    for item in items:
        element = child(root, f"{_ATOM}entry")
        child(element, f"{_ATOM}id", _name(item))
        child(element, f"{_ATOM}title", item.paper.title)
        child(element, f"{_ATOM}updated", written)
        link = f"https://arxiv.org/abs/{item.paper.arxiv_id}"
        child(element, f"{_ATOM}link", href=link, rel="alternate", type="text/html")
        child(element, f"{_ATOM}summary", _summary(item))
        for category in item.paper.categories:
            child(element, f"{_ATOM}category", term=category)
        child(element, f"{_ATOM}published", written)
        _add_rest(element, item)
    return document(root)


def _add_rest(element: etree._Element, item: _Item) -> None:
    paper = item.paper
    child(element, f"{_ARXIV}announce_type", item.kind)
    child(element, f"{_DC}rights", licence(paper))
    if paper.doi is not None:
        child(element, f"{_ARXIV}DOI", paper.doi)
    if paper.journal_ref is not None:
        child(element, f"{_ARXIV}journal_reference", paper.journal_ref)
    child(element, f"{_DC}creator", ", ".join(_creators(paper)))


def _creators(paper: Paper) -> list[str]:
    """The names, with their affiliations in parentheses."""
    places = dict(enumerate(paper.affiliations))
    return [
        f"{name} ({places[n]})" if places.get(n) else name for n, name in enumerate(paper.authors)
    ]


def _name(item: _Item) -> str:
    return f"{PREFIX}{item.paper.arxiv_id}v{item.paper.version}"


def _summary(item: _Item) -> str:
    paper = item.paper
    name = f"arXiv:{paper.arxiv_id}v{paper.version}"
    return f"{name} Announce Type: {item.kind} \nAbstract: {paper.abstract or ''}"


def _midnight(day: date) -> datetime:
    """The beginning of the day of the announcement, as the service writes it in winter."""
    return datetime.fromisoformat(f"{day}T00:00:00-05:00")


def _response(body: bytes, kind: str, status: int) -> Response:
    return Response(body, status, content_type=f"application/{kind}+xml; charset=utf-8")
