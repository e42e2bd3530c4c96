"""One answer of arXiv's search: an Atom feed of papers, or an entry that tells of an error.

An unknown prefix becomes plain text, with hits and without an error; the feed's title echoes the
query as it was run, so the two are compared on every page.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from lxml import etree

from medsafe_harvest.errors import (
    EmptyPageError,
    MalformedPageError,
    RefusedError,
    ThrottledError,
)
from medsafe_harvest.sources.base import Page, PageContent, SourceAuthor, SourceRecord
from medsafe_harvest.sources.http import (
    fit_for_id,
    legible,
    quoted,
    raise_for_status,
    sounds_throttled,
)
from medsafe_harvest.sources.xml import read_xml

_NS = {
    "atom": "http://www.w3.org/2005/Atom",
    "arxiv": "http://arxiv.org/schemas/atom",
    "opensearch": "http://a9.com/-/spec/opensearch/1.1/",
}
_FEED = "{http://www.w3.org/2005/Atom}feed"
_EXECUTED = re.compile(r"(?i:arxiv) Query: search_query=(.*?)&id_list=", re.DOTALL)
_ABS = re.compile(r"https?://(?:[a-z]+\.)*arxiv\.org/abs/(?P<id>.+)", re.DOTALL)
_VERSION = re.compile(r"v[1-9]\d*\Z")


def read_page(page: Page) -> PageContent:
    """Read one Atom feed.

    Raises:
        RefusedError: an error entry, a 4xx, or the service ran another query than was sent.
        ThrottledError: 406, 429, or their text with another status.
        ForbiddenError: 401 or 403.
        MovedError: 3xx.
        UnavailableError: 5xx without an error entry.
        MalformedPageError: no feed, a cut feed, one without its counts, or one that begins
            elsewhere than asked for.
        EmptyPageError: no entries although the total announces some.
    """
    feed = _feed(page.body)
    message = None if feed is None else _error_message(feed)
    raise_for_status(page, message)
    if message is not None:
        raise RefusedError(message)
    if feed is None:
        said = quoted(page.body)
        if sounds_throttled(said):
            raise ThrottledError(said)
        raise MalformedPageError(f"not an Atom feed: {said!r}")
    asked = dict(parse_qsl(urlsplit(page.url).query))
    start = _count(feed, "opensearch:startIndex")
    if asked.get("start", str(start)) != str(start):
        raise MalformedPageError(f"a page from {start} on, asked for from {asked['start']} on")
    content = _content(feed, start)
    if "search_query" in asked:
        _refuse_other_query(asked["search_query"], content.executed)
    return content


def _refuse_other_query(sent: str, executed: str | None) -> None:
    """A part that the service took for plain text shows as one more ``all:``."""
    if executed is not None and executed.count("all:") > sent.count("all:"):
        raise RefusedError(f"arXiv ran another query than the one sent: {legible(executed)}")


def _feed(body: bytes) -> etree._Element | None:
    root = read_xml(body)
    return root if root is not None and root.tag == _FEED else None


def _error_message(feed: etree._Element) -> str | None:
    for entry in feed.iterfind("atom:entry", _NS):
        if "arxiv.org/api/errors" in (_text(entry, "atom:id") or ""):
            return legible(_text(entry, "atom:summary") or "an error without a message")
    return None


def _content(feed: etree._Element, start: int) -> PageContent:
    total = _count(feed, "opensearch:totalResults")
    records: list[SourceRecord] = []
    rejected: list[str] = []
    entries = feed.findall("atom:entry", _NS)
    for position, entry in enumerate(entries):
        record = _record(entry)
        if isinstance(record, str):
            rejected.append(f"entry {position}: {record}")
        else:
            records.append(record)
    if not entries and total > start:
        raise EmptyPageError(f"no entry at {start} of {total}")
    if total < len(entries):
        raise MalformedPageError(f"{len(entries)} entries, but a total of {total}")
    echo = _EXECUTED.match(_text(feed, "atom:title") or "")
    return PageContent(
        records=tuple(records),
        entries=len(entries),
        total=total,
        executed=echo[1] if echo else None,
        rejected=tuple(rejected),
    )


def _count(feed: etree._Element, path: str) -> int:
    text = _text(feed, path) or ""
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise MalformedPageError(f"a feed whose {path} is {text[:80]!r}")
    return int(text)


def _record(entry: etree._Element) -> SourceRecord | str:
    """The entry as a record, or what it lacks."""
    address = _text(entry, "atom:id")
    title = _text(entry, "atom:title")
    if address is None:
        return "no id"
    if not fit_for_id(address):
        return f"no id that can be printed ({legible(address, 80)})"
    if title is None:
        return f"no title ({address})"
    found = _ABS.fullmatch(address)
    arxiv_id = found["id"] if found else address
    primary = entry.find("arxiv:primary_category", _NS)
    dois = dict.fromkeys(_texts(entry, "arxiv:doi"))
    return SourceRecord(
        source="arxiv",
        source_id=_VERSION.sub("", arxiv_id),
        title=title,
        abstract=_text(entry, "atom:summary"),
        authors=tuple(SourceAuthor(name) for name in _texts(entry, "atom:author/atom:name")),
        identifiers=(("arxiv", arxiv_id), *(("doi", doi) for doi in dois)),
        published=_text(entry, "atom:published"),
        updated=_text(entry, "atom:updated"),
        journal_ref=_text(entry, "arxiv:journal_ref"),
        comment=_text(entry, "arxiv:comment"),
        primary_category=None if primary is None else primary.get("term"),
        categories=tuple(
            dict.fromkeys(
                term
                for category in entry.iterfind("atom:category", _NS)
                if (term := category.get("term"))
            )
        ),
        url=_link(entry, "rel", "alternate"),
        pdf_url=_link(entry, "title", "pdf"),
    )


def _link(entry: etree._Element, attribute: str, value: str) -> str | None:
    for link in entry.iterfind("atom:link", _NS):
        if link.get(attribute) == value:
            return link.get("href")
    return None


def _text(element: etree._Element, path: str) -> str | None:
    return next(iter(_texts(element, path)), None)


def _texts(element: etree._Element, path: str) -> list[str]:
    """Texts at the path without blanks at the ends; elements without text are left out."""
    found = (node.text for node in element.iterfind(path, _NS))
    return [text.strip() for text in found if text and text.strip()]
