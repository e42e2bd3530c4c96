"""The arXiv search API, as it answers since November 2025.

Rules taken from the service's published source and from recorded responses:

* Its parser knows no precedence and groups from the right: ``A ANDNOT B ANDNOT C`` lets papers in
  both B and C through. Different operators never stand side by side here without parentheses.
* An unknown prefix becomes plain text, with hits and without an error; the feed's title echoes the
  query as it was run, so the two are compared on every page.
* It hands out 10,000 results a query at most; a larger window has to be split by date.
* A valid page without entries is sometimes served although results exist.
* Results of equal submission time may swap across a page boundary, so papers are counted by id.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from urllib.parse import parse_qsl, quote_plus, urlsplit

from lxml import etree

from medsafe_harvest.errors import (
    EmptyPageError,
    MalformedPageError,
    RefusedError,
    ThrottledError,
    UnaskableError,
)
from medsafe_harvest.sources.base import (
    Completeness,
    Harvested,
    Page,
    PageContent,
    Request,
    SourceAuthor,
    SourceRecord,
    Window,
    refuse_unreadable,
    too_many_rejected,
)
from medsafe_harvest.sources.expression import And, Expression, Field, Not, Or, Term
from medsafe_harvest.sources.http import (
    fit_for_id,
    legible,
    quoted,
    raise_for_status,
    sounds_throttled,
)
from medsafe_harvest.sources.query import Query
from medsafe_harvest.sources.service import ServiceSettings
from medsafe_harvest.sources.xml import read_xml

#: Servers cut addresses at about 2,000 bytes; dates, paging and host need the rest.
_LONGEST = 1_750
_NS = {
    "atom": "http://www.w3.org/2005/Atom",
    "arxiv": "http://arxiv.org/schemas/atom",
    "opensearch": "http://a9.com/-/spec/opensearch/1.1/",
}
_FEED = "{http://www.w3.org/2005/Atom}feed"
_PREFIX = {Field.TITLE: "ti", Field.ABSTRACT: "abs"}
_OPERATOR_WORDS = frozenset(("AND", "OR", "NOT", "ANDNOT", "TO"))
#: Two names of one archive; a paper may carry only one of them.
_ALIASES = {
    alias: pair
    for pair in (
        ("cs.IT", "math.IT"),
        ("cs.NA", "math.NA"),
        ("math-ph", "math.MP"),
        ("stat.TH", "math.ST"),
        ("cs.SY", "eess.SY"),
        ("q-fin.EC", "econ.GN"),
    )
    for alias in pair
}
_EXECUTED = re.compile(r"(?i:arxiv) Query: search_query=(.*?)&id_list=", re.DOTALL)
_ABS = re.compile(r"https?://(?:[a-z]+\.)*arxiv\.org/abs/(?P<id>.+)", re.DOTALL)
_VERSION = re.compile(r"v[1-9]\d*\Z")


@dataclass(slots=True)
class _Pass:
    """One reading of all pages of a window."""

    received: set[str]
    #: Largest total announced on any page; the last one announced.
    largest: int = 0
    last: int = 0
    rejected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArxivSource:
    """arXiv search; the fields are the service's limits and how hard an answer is doubted."""

    page_size: int = 500
    #: Results that the service hands out for one query.
    cap: int = 10_000
    #: How often an empty first page is asked for again before it is believed.
    confirm_empty: int = 1

    name: ClassVar[str] = "arxiv"
    source: ClassVar[str] = "arxiv"
    gives: ClassVar[tuple[str, ...]] = ()
    service: ClassVar[ServiceSettings] = ServiceSettings(
        base_url="https://export.arxiv.org/api/query",
        pace="arxiv",
        # Terms of use: one request in three seconds over all doors of arXiv.
        min_interval=3.0,
        # Seen in October 2026: healthy again after eleven minutes of silence.
        wait_throttled=660.0,
    )

    def __post_init__(self) -> None:
        if not 1 <= self.page_size <= min(2000, self.cap):
            raise ValueError(f"page_size must be 1 to {min(2000, self.cap)}, not {self.page_size}")

    def compile(self, query: Query) -> str:
        """The query in arXiv's language, without dates.

        Raises:
            UnaskableError: it is longer than the address of a request may be.
        """
        text = query.raw.get(self.name) or self._compile(query)
        length = len(quote_plus(text))
        if length > _LONGEST:
            raise UnaskableError(
                f"query {query.id} takes {length:,} bytes in arXiv's language, and a request has "
                f"room for {_LONGEST:,}: make two queries of it, or use fewer words"
            )
        return text

    def _compile(self, query: Query) -> str:
        text = _compiled(query.expression)
        if not query.categories:
            return text
        names = dict.fromkeys(
            name
            for category in query.categories
            for name in (category, *_ALIASES.get(category, ()))
        )
        return f"({text} AND {_any_of([f'cat:{name}' for name in names])})"

    def widened(self, query: Query) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's signature
        """Nothing: arXiv's language expresses all of the neutral form."""
        return ()

    def slow_days(self, window: Window) -> Mapping[date, int]:  # noqa: ARG002 - the protocol's signature
        """None: all papers appear within days of their submission."""
        return {}

    def harvest(self, query: Query, window: Window) -> Generator[Request, PageContent, Harvested]:
        """Ask for everything that the query finds in the window, by first submission in UTC.

        Raises:
            UnaskableError: as :meth:`compile`.
            MalformedPageError: nothing of a page can be read.
        """
        days = f"[{window.since:%Y%m%d}0000 TO {window.until:%Y%m%d}2359]"
        sent = f"({self.compile(query)} AND submittedDate:{days})"
        first = yield from self._read(sent, self.page_size)
        if first.largest >= self.cap:
            return Harvested(Completeness.TOO_LARGE, first.last, len(first.received))
        if first.largest == 0:
            return Harvested(Completeness.EMPTY, 0, 0)
        last, notes = first, list(first.rejected)
        received = set(first.received)
        if _missing(received, first):
            # Other page borders, so that papers of one time stamp do not swap at the same place.
            last = yield from self._read(sent, self.page_size * 3 // 5 or 2)
            last.largest = max(first.largest, last.largest)
            received |= last.received
            notes = [*last.rejected, "read twice: the first reading was short"]
        if last.largest >= self.cap:
            state = Completeness.TOO_LARGE
        elif _missing(received, last):
            state = Completeness.SHORT
        else:
            state = Completeness.COMPLETE
        return Harvested(state, last.last, len(received), tuple(notes))

    def _read(self, sent: str, size: int) -> Generator[Request, PageContent, _Pass]:
        reading = _Pass(received=set())
        start = 0
        doubts = self.confirm_empty
        while True:
            asked = _allowed_size(start, size, self.cap)
            page = yield self._request(sent, start, asked)
            refuse_unreadable(page)
            # parse() lets no page without a total through.
            total = page.total or 0
            if start == 0 and page.entries == 0 and total == 0 and doubts > 0:
                doubts -= 1
                continue
            reading.last = total or reading.last
            known = len(reading.received)
            reading.received.update(record.source_id for record in page.records)
            reading.rejected += tuple(f"start {start}: {text}" for text in page.rejected)
            start += page.entries
            # Entries beyond a total that is too low count against the cap as well.
            reading.largest = max(reading.largest, total, start)
            # A total is not believed against a full page of news: what comes next is asked for.
            goes_on = page.entries >= asked and len(reading.received) > known
            ended = page.entries == 0 or (start >= total and not goes_on)
            if ended or reading.largest >= self.cap:
                return reading

    def _request(self, sent: str, start: int, size: int) -> Request:
        return Request(
            path="",
            params=(
                ("search_query", sent),
                ("start", str(start)),
                ("max_results", str(size)),
                ("sortBy", "submittedDate"),
                ("sortOrder", "ascending"),
            ),
        )

    def parse(self, page: Page) -> PageContent:
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


def _compiled(expression: Expression) -> str:
    match expression:
        case Term():
            return _any_of(_alternatives(expression))
        case Or():
            return _any_of(
                [
                    text
                    for item in expression.items
                    for text in (
                        _alternatives(item) if isinstance(item, Term) else [_compiled(item)]
                    )
                ]
            )
        case And():
            wanted = [item for item in expression.items if not isinstance(item, Not)]
            unwanted = [item.item for item in expression.items if isinstance(item, Not)]
            text = " AND ".join(_compiled(item) for item in wanted)
            if len(wanted) > 1:
                text = f"({text})"
            if unwanted:
                text = f"({text} ANDNOT {_compiled(Or(tuple(unwanted)))})"
            return text
        case Not():
            raise ValueError("arXiv cannot be asked for everything but something")


def _alternatives(term: Term) -> list[str]:
    words = term.words
    plain = words.isalnum() and words not in _OPERATOR_WORDS
    value = words if plain else f'"{words}"'
    return [f"{_PREFIX[field]}:{value}" for field in term.fields]


def _any_of(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"({' OR '.join(texts)})"


def _allowed_size(start: int, size: int, cap: int) -> int:
    """Largest page size that the service's own test of depth lets pass at this start."""
    return next(
        (fit for fit in range(size, 0, -1) if 1 + round(start / fit) <= cap // fit),
        1,
    )


def _missing(received: set[str], reading: _Pass) -> bool:
    # An entry that names no paper was received all the same; asking again would not mend it.
    return len(received) + len(reading.rejected) < reading.largest or too_many_rejected(
        len(reading.rejected), len(received)
    )


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
